"""Checkpoints that spandrel reads: some forty published architectures, told by their keys."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.atomic import sha256_file
from evaluation.models.cost import count_macs, count_parameters
from evaluation.models.module_call import module_call, module_measure
from evaluation.models.network import DEFAULT_SIGMA, Network
from evaluation.models.options import ModelOptions, find_device, refuse
from evaluation.models.pickles import load_weights
from evaluation.models.sizes import SizeRule

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor, ModelDescriptor
    from torch import Tensor

_TILINGS = {"SUPPORTED": "supported", "DISCOURAGED": "discouraged", "INTERNAL": "never"}
# What reading a state dict of another shape raises, from within spandrel's architectures.
_MISREAD = (RuntimeError, KeyError, ValueError, TypeError, IndexError, AssertionError)


def open_spandrel(path: Path, *, options: ModelOptions) -> Network:
    """A file of weights (.pth, .pt, .ckpt, .safetensors) as spandrel understands it.

    Of spandrel's size requirements the numbers are used and the padding is ours, which repeats the
    reflection where spandrel's repeats the last pixel. Its clip to [0,1] is left out: a
    self-ensemble and blended tiles take the means of outputs as they are.
    Raises ValueError for files that it does not know, and for models that need a mask.
    """
    refuse(options, ("network",), why=f"{path.name} is opened by spandrel, which tells by itself")
    device = find_device(options)
    weights = load_weights(path)
    descriptor = _describe(path, weights)
    from spandrel import ImageModelDescriptor

    architecture = descriptor.architecture.name
    if not isinstance(descriptor, ImageModelDescriptor):
        raise ValueError(
            f"{path}: {architecture} fills in what a mask leaves out; it maps no picture alone"
        )
    return _network(path, descriptor, options=options, device=device)


def _network(
    path: Path, descriptor: ImageModelDescriptor, *, options: ModelOptions, device: str
) -> Network:
    architecture = descriptor.architecture.name
    module = descriptor.model.to(device).eval()
    told = _told_noise(descriptor)
    forward = _with_map if told else _beneath(descriptor)
    plain = module_call(module, device=device, half=options.half, call=forward)
    call = plain
    if options.compile:
        call = module_call(module, device=device, half=options.half, call=forward, compiled=True)
    needs = descriptor.size_requirements
    sizes = SizeRule(multiple=needs.multiple_of, minimum=max(1, needs.minimum), square=needs.square)
    vouched = {"fp16": descriptor.supports_half, "bf16": descriptor.supports_bfloat16}
    notes = []
    if not vouched.get(options.half, True):
        notes.append(f"spandrel does not vouch for {options.half} of {architecture}")
    macs = count_macs(module, call=forward, channels=descriptor.input_channels, sizes=sizes)
    facts = {
        "kind": "spandrel",
        "architecture": architecture,
        "file": path.name,
        "sha256": sha256_file(path),
        "parameters": count_parameters(module),
        "macs": macs,
    }
    return Network(
        call=call,
        scale=descriptor.scale,
        told="sigma" if told else "",
        channels=(descriptor.input_channels,),
        sizes=sizes,
        tiling=_TILINGS[descriptor.tiling.name],
        device=device,
        batches=True,
        measure=module_measure(plain, device=device),
        facts=facts,
        notes=tuple(notes),
    )


def _told_noise(descriptor: ImageModelDescriptor) -> bool:
    """Whether the network takes a noise map as a last channel (DRUNet, FDnCNN), for which spandrel
    gives sigma 15 whatever the picture."""
    if descriptor.architecture.name not in ("DRUNet", "DnCNN"):
        return False
    first = next(iter(descriptor.model.parameters()))
    return first.shape[1] == descriptor.input_channels + 1


def _with_map(module: Any, picture: Tensor, sigma: float = DEFAULT_SIGMA) -> Any:
    """(module, picture, noise of 0 ... 255) -> its output."""
    import torch

    level = torch.full_like(picture[:, :1], sigma / 255.0)
    return module(torch.cat([picture, level], dim=1))


def _beneath(descriptor: ImageModelDescriptor) -> Callable[[Any, Tensor], Any]:
    """(module, picture) -> its output. spandrel's own call clips: what is beneath it is taken,
    where this version has that."""
    beneath = getattr(descriptor, "_call_fn", None)
    if beneath is None:
        return lambda _module, picture: descriptor(picture)
    return beneath


def _describe(path: Path, weights: Mapping[str, Any]) -> ModelDescriptor:
    """spandrel's description of the weights, on the CPU, without what it prints and warns."""
    from spandrel import MAIN_REGISTRY, ModelLoader, UnsupportedModelError, canonicalize_state_dict

    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        state = canonicalize_state_dict(dict(weights))
        try:
            return ModelLoader("cpu").load_from_state_dict(state)
        except UnsupportedModelError as error:
            keys = ", ".join(map(str, list(state)[:5])) or "nothing"
            raise ValueError(
                f"{path}: holds {keys}{' ...' if len(state) > 5 else ''}, which is no network of "
                "this project and none that spandrel knows; export it to ONNX or TorchScript, or "
                "give module:factory() that makes the network and loads the file"
            ) from error
        except _MISREAD as error:
            looks = next(
                (
                    known.architecture.name
                    for known in MAIN_REGISTRY.architectures("detection")
                    if known.detect(state)
                ),
                "a known network",
            )
            said = (" ".join(str(error).split()) or type(error).__name__)[:250]
            raise ValueError(
                f"{path}: has the keys of {looks}, but cannot be read as it ({said}); export it to "
                "ONNX or TorchScript, or give module:factory() that makes the network"
            ) from error
