"""TorchScript files: programs, but of PyTorch's own operators alone, so they may be run."""

from __future__ import annotations

import warnings
from pathlib import Path

from builders.atomic import sha256_file
from evaluation.models.cost import count_parameters
from evaluation.models.module_call import module_call, module_measure
from evaluation.models.network import Network
from evaluation.models.options import ModelOptions, find_device, refuse
from evaluation.models.probing import probe


def open_torchscript(path: Path, *, options: ModelOptions) -> Network:
    """A TorchScript archive that maps [1,C,H,W] in [0,1]; scale, channels and multiple by trying.

    Its multiply-adds are not counted: it cannot be copied without its values.
    Raises ValueError where it cannot be loaded or maps no picture.
    """
    import torch

    refuse(options, ("compile", "network"), why=f"{path.name} is TorchScript, a whole program")
    device = find_device(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # its deprecation: files of it remain
        try:
            module = torch.jit.load(str(path), map_location=device).eval()
        except (RuntimeError, ValueError) as error:
            said = str(error).strip().splitlines()[0][:200]
            raise ValueError(f"{path}: TorchScript that cannot be loaded ({said})") from error
    call = module_call(module, device=device, half=options.half)
    try:
        channels, scale, sizes = probe(call)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return Network(
        call=call,
        scale=scale,
        channels=(channels,),
        sizes=sizes,
        device=device,
        measure=module_measure(call, device=device),
        facts={
            "kind": "torchscript",
            "file": path.name,
            "sha256": sha256_file(path),
            "parameters": count_parameters(module),
            "macs": None,
        },
    )
