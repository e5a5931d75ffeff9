"""The numbers that a network computes with: float32 as it is, or autocast to 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def computing(*, device: str, half: str) -> Iterator[None]:
    """No gradients, no TF32, and autocast where `half` is 'fp16' or 'bf16'.

    TF32 keeps 10 bits of a float32's mantissa; PyTorch lets cuDNN's convolutions use it by default,
    and a score would then depend on the card's generation. cuDNN's other settings stay as they
    are, and all are as before on leaving. Autocast leaves weights in float32 and keeps sums,
    softmax and norms in float32 where PyTorch deems it necessary.
    """
    import torch

    kind = device.partition(":")[0]
    switches = _tf32_switches()
    before = [getattr(place, name) for place, name, _ in switches]
    for place, name, off in switches:
        setattr(place, name, off)
    try:
        with (
            torch.inference_mode(),
            torch.autocast(
                kind,
                dtype=torch.float16 if half == "fp16" else torch.bfloat16,
                enabled=bool(half),
            ),
        ):
            yield
    finally:
        for (place, name, _), value in zip(switches, before, strict=True):
            setattr(place, name, value)


def _tf32_switches() -> list[tuple[Any, str, object]]:
    """(module, its attribute, the value that means off), in the one of PyTorch's two forms that is
    in use: reading the older one is an error once the newer was written to."""
    from torch import backends

    cuda: Any = backends.cuda.matmul
    cudnn: Any = backends.cudnn
    older: list[tuple[Any, str, object]] = [
        (cuda, "allow_tf32", False),
        (cudnn, "allow_tf32", False),
    ]
    try:
        for place, name, _ in older:
            getattr(place, name)
    except RuntimeError:
        return [(place, "fp32_precision", "ieee") for place in (cuda, cudnn.conv, cudnn.rnn)]
    return older
