"""Networks beside their released code: the same random weights in both, loaded strictly.

Nothing of the released code is copied or installed: the file of a network is loaded from a checkout
that --peer names. What its package would import around it (registries, loggers, deformable
convolutions, data) is put in place empty while the file is read.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.presets import find_preset

_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A preset of ours at one input size, and how the released class is made.

    folder: of the released repository. module, kind, kwargs: of the class. full: only with
    --full.
    """

    preset: str
    side: int
    folder: str
    module: str
    kind: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    full: bool = False

    @property
    def title(self) -> str:
        """Preset and input."""
        return f"{self.preset} {self.side}x{self.side}"


_EDSR = {"num_in_ch": 3, "num_out_ch": 3, "upscale": 4, "img_range": 255.0}
_RRDB = {"num_in_ch": 3, "num_out_ch": 3, "scale": 4, "num_feat": 64, "num_block": 23}
_NAF = {"enc_blk_nums": [2, 2, 4, 8], "middle_blk_num": 12, "dec_blk_nums": [2, 2, 2, 2]}
_RESTORMER = ("Restormer", "basicsr.models.archs.restormer_arch", "Restormer")
_BASICSR = ("BasicSR", "basicsr.archs.edsr_arch", "EDSR")


def _case(preset: str, side: int, where: tuple[str, str, str], **more: Any) -> Case:
    folder, module, kind = where
    return Case(preset=preset, side=side, folder=folder, module=module, kind=kind, **more)


CASES = (
    _case("restormer", 256, _RESTORMER),
    _case("restormer", 512, _RESTORMER, full=True),
    _case("esrgan-x4", 128, ("BasicSR", "basicsr.archs.rrdbnet_arch", "RRDBNet"), kwargs=_RRDB),
    _case(
        "edsr-baseline-x4", 128, _BASICSR,
        kwargs={**_EDSR, "num_feat": 64, "num_block": 16, "res_scale": 1},
    ),
    _case(
        "edsr-x4", 128, _BASICSR, full=True,
        kwargs={**_EDSR, "num_feat": 256, "num_block": 32, "res_scale": 0.1},
    ),
    _case(
        "nafnet-sidd-w32", 256, ("NAFNet", "basicsr.models.archs.NAFNet_arch", "NAFNet"),
        kwargs={**_NAF, "width": 32},
    ),
)  # fmt: skip

# package -> names that the released files take from it and the networks above never use
_QUIET = {
    "basicsr.utils": ("get_root_logger",),
    "basicsr.ops": (),
    "basicsr.ops.dcn": ("ModulatedDeformConvPack", "modulated_deform_conv"),
}


def random_network(preset: str) -> nn.Module:
    """Ours in eval, with weights of the scale of 1 / sqrt(inputs) from a seeded generator."""
    architecture, kwargs = find_preset(preset)
    network = architecture.build(**kwargs).eval()
    generator = torch.Generator().manual_seed(_SEED)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.requires_grad:
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 4:
                parameter.copy_(noise / max(1, parameter[0].numel()) ** 0.5)
            else:
                parameter.add_(noise, alpha=0.1)
    if network.traits.channels_last:  # as a checkpoint's weights are put on a processor
        network = network.to(memory_format=torch.channels_last)
    return network.requires_grad_(False)


def random_picture(network: nn.Module, *, side: int, batch: int = 1) -> Tensor:
    """[B,C,side,side] in 0 ... 1, the same each time."""
    traits: Any = network.traits
    generator = torch.Generator().manual_seed(_SEED)
    return torch.rand(batch, traits.channels, side, side, generator=generator)


def find_peer(case: Case, folders: Sequence[Path]) -> Path | None:
    """The released checkout among the folders or one level below them; None where it is not."""
    file = Path(*case.module.split(".")).with_suffix(".py")
    places = [place for folder in folders for place in (folder / case.folder, folder)]
    return next((place for place in places if (place / file).is_file()), None)


def released_network(case: Case, *, root: Path, ours: nn.Module) -> nn.Module:
    """The released class with the weights of ours, in eval. Raises RuntimeError where a key or a
    shape differs."""
    with _stand_ins(root, case.module):
        module = importlib.import_module(case.module)
    theirs: nn.Module = getattr(module, case.kind)(**case.kwargs)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return theirs.eval().requires_grad_(False)


@contextmanager
def _stand_ins(root: Path, module: str) -> Iterator[None]:
    """Empty packages around a module of a checkout: their __init__ files import models and data,
    and three repositories call themselves basicsr."""
    parents = module.split(".")[:-1]
    names = {".".join(parents[: i + 1]) for i in range(len(parents))} | set(_QUIET)
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_theirs(name)}
    for name in sorted(names):
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        for taken in _QUIET.get(name, ()):
            setattr(package, taken, nn.Module)
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_theirs(name)]:
            del sys.modules[name]
        sys.modules.update(kept)


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] == "basicsr"
