"""'module:function': anything written in Python that maps pictures, or makes a network."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from builders.atomic import sha256_file
from degrade.option_error import OptionError, nearest
from evaluation.models.cost import count_macs, count_parameters
from evaluation.models.module_call import module_call, module_measure
from evaluation.models.network import Network
from evaluation.models.options import ModelOptions, find_device, refuse
from evaluation.models.probing import probe
from evaluation.models.tensors import to_picture, to_tensor

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

# What a function of the user's may raise that is its fault, and no reason to stop a run.
_FAULTS = (
    TypeError, ArithmeticError, LookupError, AttributeError, NameError, AssertionError, cv2.error,
    StopIteration, BufferError, EOFError,
)  # fmt: skip
PATTERN = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(\(\))?")


def open_function(text: str, *, options: ModelOptions) -> Network:
    """The function that `text` names, as a network.

    text: 'module:function', called with a picture float32 [H,W,C] in [0,1] and giving one
    [H*s,W*s,C'] for the set's scale s; or 'module:factory()', called once without arguments and
    giving such a function, or a torch.nn.Module on tensors [1,C,H,W], of which scale, channels and
    multiple are found by trying. The current folder is put first on the path and stays there, as
    `python -m` does. Raises ValueError naming what is not there; the module's own errors pass.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise OptionError(f"--model {text}: a function is written module:function")
    refuse(options, ("network",), why=f"{text} makes its own network")
    module_name, name, made = match.groups()
    found = _find(module_name, name)
    if inspect.isclass(found) and not made:
        raise ValueError(f"{text}: a class; write {text}() to make one")
    if not callable(found) and not _is_module(found):
        raise ValueError(f"{text}: a {type(found).__name__}, which cannot be called")
    model: Any = found() if made else found
    if _is_module(model):
        return _network_of_module(text, model, options=options)
    if not callable(model):
        raise ValueError(
            f"{text} gave a {type(model).__name__}; wanted is a torch.nn.Module or a function of "
            "pictures"
        )
    refuse(options, ("half", "compile"), why=f"{text} is no torch module")
    return Network(
        call=_picture_call(text, model),
        scale=0,
        facts={
            "kind": "function",
            "call": text,
            **_file_facts(found),
            "parameters": None,
            "macs": None,
        },
    )


def _find(module_name: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise ValueError(
                f"{module_name}:{name}: no module {missing!r} in {here} or on Python's path"
            ) from error
        raise ValueError(
            f"{module_name}:{name}: the module needs {missing!r}, which is not installed"
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            public = [one for one in dir(found) if not one.startswith("_")]
            raise ValueError(
                f"{module_name}:{name}: {module_name} has no {part!r}{nearest(part, public)}"
            )
        found = getattr(found, part)
    return found


def _is_module(model: Any) -> bool:
    # an instance's class: torch is loaded where one exists
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _file_facts(found: Any) -> dict[str, str | None]:
    """The source file that it comes from, where there is one."""
    module = inspect.getmodule(found)
    path = getattr(module, "__file__", None)
    if path is None or not Path(path).is_file():
        return {"file": None, "sha256": None}
    return {"file": Path(path).name, "sha256": sha256_file(Path(path))}


def _weights_digest(module: Module) -> str:
    """sha256 of the module's tensors, of which its source file says nothing."""
    total = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _picture_call(text: str, function: Callable[[Any], Any]) -> Callable[[Tensor], Tensor]:
    def call(tensor: Tensor) -> Tensor:
        picture = to_picture(tensor)
        given = picture.shape
        try:
            made = function(picture)
        except _FAULTS as error:
            hint = f"; what makes a model is written {text}()" if _takes_nothing(function) else ""
            raise ValueError(f"{type(error).__name__}: {error}{hint}") from error
        if _is_module(made):
            raise ValueError(f"{text} gave a torch module: it makes one, so write {text}()")
        if not isinstance(made, np.ndarray) or made.ndim != 3:
            shown = f"shape {list(made.shape)}" if isinstance(made, np.ndarray) else ""
            raise ValueError(
                f"{text} gave a {type(made).__name__} {shown}".rstrip()
                + f" for a picture {list(given)}; wanted is a numpy array [H,W,C]"
            )
        if not np.issubdtype(made.dtype, np.floating):
            raise ValueError(
                f"{text} gave {made.dtype} samples; wanted is float in [0,1], as it was given"
            )
        return to_tensor(made)

    return call


def _takes_nothing(function: Callable[..., Any]) -> bool:
    return not inspect.signature(function).parameters


def _network_of_module(text: str, module: Module, *, options: ModelOptions) -> Network:
    device = find_device(options)
    module = module.to(device).eval()
    call = plain = module_call(module, device=device, half=options.half)
    try:
        channels, scale, sizes = probe(call)
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from error
    if options.compile:
        call = module_call(module, device=device, half=options.half, compiled=True)

    def forward(module: Any, picture: Tensor) -> Any:
        return module(picture)

    return Network(
        call=call,
        scale=scale,
        channels=(channels,),
        sizes=sizes,
        device=device,
        measure=module_measure(plain, device=device),
        facts={
            "kind": "module",
            "call": text,
            **_file_facts(type(module)),
            "weights": _weights_digest(module),
            "parameters": count_parameters(module),
            "macs": count_macs(module, call=forward, channels=channels, sizes=sizes),
        },
    )
