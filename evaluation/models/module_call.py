"""A torch module as a network's call: to its device and back, in its precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evaluation.models.memory import peak_bytes
from evaluation.models.precision import computing

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def module_call(
    module: Module,
    *,
    device: str,
    half: str,
    call: Callable[[Any, Tensor], Any] = lambda module, picture: module(picture),
) -> Callable[[Tensor], Tensor]:
    """A function float32 [1,C,h,w] -> float32 [1,C',h',w'], both on the CPU.

    module: on `device`, in eval. call: how it is called. Inputs go in the type of its weights, so
    that a module saved in fp16 runs. Raises ValueError where the result is not one tensor.
    """
    import torch

    kinds = (p.dtype for p in module.parameters() if p.is_floating_point())
    kind = next(kinds, torch.float32)

    def run(picture: Tensor) -> Tensor:
        with computing(device=device, half=half):
            output = call(module, picture.to(device, kind))
            if not isinstance(output, torch.Tensor):
                raise ValueError(
                    f"the model gave a {type(output).__name__}, not one tensor [1,C,H,W]; wrap it "
                    "in a function that picks the picture: module:function"
                )
            return output.to("cpu", torch.float32)

    return run


def module_measure(call: Callable[[Tensor], Tensor], *, device: str) -> Callable[[Tensor], int]:
    """The `measure` of a network with this call."""

    def measure(picture: Tensor) -> int:
        return peak_bytes(lambda: call(picture), device=device)

    return measure
