"""A torch module as a network's call: to its device and back, in its precision."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from degrade.option_error import OptionError
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
    call: Callable[..., Any] = lambda module, picture: module(picture),
    compiled: bool = False,
) -> Callable[..., Tensor]:
    """A function float32 [B,C,h,w] -> float32 [B,C',h',w'], both on the CPU.

    module: on `device`, in eval. call: (module, picture, what the function is told besides) -> its
    output. Inputs go in the type of its weights, so that a module saved in fp16 runs. compiled: by
    torch.compile, at the first call; a second size makes it compile once more, for any size.
    Raises ValueError where the result is not one tensor, OptionError where nothing can compile.
    """
    import torch

    kinds = (p.dtype for p in module.parameters() if p.is_floating_point())
    kind = next(kinds, torch.float32)
    if compiled:
        _check_compiler(device)
        call = torch.compile(call)

    def run(picture: Tensor, *told: float) -> Tensor:
        with computing(device=device, half=half):
            output = call(module, picture.to(device, kind), *told)
            if not isinstance(output, torch.Tensor):
                raise ValueError(
                    f"the model gave a {type(output).__name__}, not one tensor [1,C,H,W]; wrap it "
                    "in a function that picks the picture: module:function"
                )
            return output.to("cpu", torch.float32)

    return run


def _check_compiler(device: str) -> None:
    """For a processor PyTorch writes C++, which needs a compiler; for CUDA it brings its own."""
    wanted = os.environ.get("CXX", "")
    names = (wanted,) if wanted else ("g++", "clang++", "c++")
    if device == "cpu" and sys.platform != "win32" and not any(map(shutil.which, names)):
        raise OptionError(
            f"--compile: needs a C++ compiler for this processor, and {' or '.join(names)} is not "
            "on the path: install g++, or leave it out"
        )


def module_measure(call: Callable[..., Tensor], *, device: str) -> Callable[..., int]:
    """The `measure` of a network with this call."""

    def measure(picture: Tensor, *told: float) -> int:
        return peak_bytes(lambda: call(picture, *told), device=device)

    return measure
