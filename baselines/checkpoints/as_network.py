"""A checkpoint of one of our networks, ready to restore: the hook of evaluation.models.opening."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.checkpoints.load import Loaded, load_checkpoint
from baselines.checkpoints.ours import weights_digest
from baselines.networks.architecture import told_arguments
from evaluation.models.cost import count_macs, count_parameters
from evaluation.models.module_call import module_call, module_measure
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import ModelOptions, find_device
from evaluation.models.restorer import Restorer


def open_checkpoint(path: Path, options: ModelOptions) -> Restorer | None:
    """The checkpoint at `path` as a Restorer, None where it is of no network of ours."""
    loaded = load_checkpoint(path, preset=options.network)
    if loaded is None:
        return None
    return restorer_of(network_of(loaded, options=options), name=path.stem, options=options)


def network_of(loaded: Loaded, *, options: ModelOptions) -> Network:
    """A loaded checkpoint as a network of evaluation's, moved to its device."""
    device = find_device(options)
    module = loaded.module.to(device)
    traits = module.traits
    if traits.channels_last and device == "cpu":  # where it was measured
        module = module.to(memory_format=torch.channels_last)
    forward = _forward(loaded)
    call = plain = module_call(module, device=device, half=options.half, call=forward)
    if options.compile:
        call = module_call(module, device=device, half=options.half, call=forward, compiled=True)
    hurried = device == "cpu" and not options.half and not options.compile
    return Network(
        call=call,
        scale=traits.scale,
        told=traits.told,
        channels=(traits.channels,),
        sizes=traits.sizes,
        tiling=traits.tiling,
        device=device,
        batches=loaded.architecture.inference is None,
        luma=traits.luma,
        pre_upsampled=traits.pre_upsampled,
        trained_scale=loaded.trained_scale,
        measure=module_measure(plain, device=device),
        bytes_per_pixel=traits.bytes_per_pixel if hurried else 0.0,
        method=loaded.method,
        facts={
            "kind": "pairsmith",
            "architecture": loaded.architecture.name,
            "kwargs": dict(loaded.kwargs),
            "file": loaded.path.name,
            "sha256": weights_digest(loaded.path),
            "parameters": count_parameters(module),
            "macs": count_macs(module, call=forward, channels=traits.channels, sizes=traits.sizes),
        },
        notes=loaded.notes,
    )


def _forward(loaded: Loaded) -> Callable[..., Tensor]:
    """(module, picture, what it is told besides) -> restored picture."""
    if loaded.architecture.inference is not None:
        return loaded.architecture.inference
    traits = loaded.module.traits
    if not traits.told:
        return lambda module, picture: module(picture)

    def told(module: Any, picture: Tensor, *value: float) -> Tensor:
        given = dict(zip((traits.told,), value, strict=False))
        return module(picture, *told_arguments(traits, picture, **given))

    return told
