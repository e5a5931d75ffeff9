"""Every bundled network at a size that runs in no time, with first weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from baselines.checkpoints.load import Loaded
from baselines.networks.architecture import RestorationNetwork
from baselines.networks.table import NETWORKS

# What differs from the first preset; a network that is not here is small as it is.
SMALL: Mapping[str, Mapping[str, Any]] = {
    "dncnn": {"width": 8, "depth": 4},
    "fdncnn": {"width": 8, "depth": 4},
    "drunet": {"width": 8, "blocks": 1},
    "nafnet": {"width": 8, "encoder": (1, 1), "middle": 1, "decoder": (1, 1)},
    "rrdb": {"width": 8, "growth": 4, "blocks": 1},
    "restormer": {"width": 8, "blocks": (1, 1, 1, 1), "refinement": 1},
    "srcnn": {"widths": (8, 4)},
    "vdsr": {"width": 8, "depth": 4},
    "drcn": {"width": 8, "recursions": 2},
    "drrn": {"width": 8, "units": 2},
    "lapsrn": {"width": 8, "depth": 2, "scale": 2},
    "edsr": {"width": 8, "blocks": 1},
    "srresnet": {"width": 8, "blocks": 1},
    "msrresnet": {"width": 8, "blocks": 1},
    "rcan": {"width": 16, "groups": 1, "blocks": 1},
    "rdn": {"width": 8, "blocks": 2, "layers": 2, "growth": 8},
    "carn": {"width": 8},
    "dbpn": {"width": 8, "features": 8, "stages": 2},
    "metasr": {"width": 8, "blocks": 1, "layers": 1, "growth": 8},
    "nerco": {"width": 32, "blocks": 1, "hidden": 8, "frequencies": 2},
    "msec": {"width": 4, "depth": 1},
}


def small_kwargs(name: str) -> dict[str, Any]:
    """The arguments of the small network."""
    return {**next(iter(NETWORKS[name].presets.values())), **SMALL.get(name, {})}


def small_network(name: str, *, seed: int = 0) -> RestorationNetwork:
    """The network with drawn weights that keep its outputs of the order of 1."""
    network = NETWORKS[name].build(**small_kwargs(name)).eval()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.parameters():
            if value.requires_grad and value.dim() > 1:
                spread = value[0].numel() ** -0.5
                value.copy_(torch.randn(value.shape, generator=random) * spread)
    return network


def small_loaded(name: str, *, seed: int = 0) -> Loaded:
    """The same as load_checkpoint gives it."""
    return Loaded(
        path=Path(f"{name}.pth"),
        architecture=NETWORKS[name],
        kwargs=small_kwargs(name),
        module=small_network(name, seed=seed),
    )
