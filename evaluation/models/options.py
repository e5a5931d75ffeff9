"""How a model is run: device, tiles, self-ensemble, precision, enlargement before the network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from degrade.option_error import OptionError, nearest

ENSEMBLES = ("", "mean", "median")
HALVES = ("", "fp16", "bf16")
MOST_TILES = 16  # in one call: more gained nothing in speed, and costs memory
LEAST_TILE = 64  # below this, what tiles share costs more than what they hold


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How a network is run. A wrong value raises `OptionError`.

    device: 'auto' (cuda where there is one, else mps, else cpu), 'cpu', 'cuda', 'cuda:1', 'mps'.
    tile: side of a square tile in pixels of the input, 0 for whole pictures, 'auto' for whole
    pictures where memory holds them and else the largest tile that it holds.
    overlap: pixels of the input that neighbouring tiles share at least; None is an eighth of the
    tile, at least 32 and at most half of it.
    ensemble: '' none, or 'mean' or 'median' over the eight flips and quarter turns.
    half: '' float32, or 'fp16' or 'bf16' by autocast; inputs, outputs and weights stay float32.
    pre_upsample: the input is enlarged by MATLAB's bicubic (double) before a network that keeps
    the size (SRCNN, VDSR); networks of this project that need it say so themselves.
    batch: tiles of one size that go through the network at a time; 'auto' is 1 on a processor and
    as many as memory holds on CUDA, at most MOST_TILES.
    compile: the network is compiled by torch.compile at its first picture.
    network: the bundled network that the weights are of, by name, where their shapes do not tell.
    """

    device: str = "auto"
    tile: int | Literal["auto"] = 0
    overlap: int | None = None
    ensemble: str = ""
    half: str = ""
    pre_upsample: bool = False
    batch: int | Literal["auto"] = 1
    compile: bool = False
    network: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", self.device):
            raise OptionError(
                f"--device {self.device}: one of auto, cpu, cuda, cuda:N, mps"
                f"{nearest(self.device, ('auto', 'cpu', 'cuda', 'mps'))}"
            )
        if self.tile != "auto" and (
            isinstance(self.tile, bool)
            or not isinstance(self.tile, int)
            or (self.tile != 0 and self.tile < LEAST_TILE)
        ):
            raise OptionError(
                f"--tile {self.tile}: 0 (whole pictures), 'auto', or {LEAST_TILE} or more pixels "
                "of the input"
            )
        if self.overlap is not None:
            side = self.tile if isinstance(self.tile, int) else LEAST_TILE
            if self.overlap < 0 or (side and 2 * self.overlap > side):
                raise OptionError(
                    f"--overlap {self.overlap}: 0 to half of the tile"
                    + (f" ({side // 2} pixels)" if side else "")
                )
        if self.batch != "auto" and (
            isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1
        ):
            raise OptionError(f"--batch {self.batch}: 'auto', or 1 or more tiles at a time")
        for name, value, allowed in (
            ("ensemble", self.ensemble, ENSEMBLES),
            ("half", self.half, HALVES),
        ):
            if value not in allowed:
                raise OptionError(
                    f"{name} {value}: one of {', '.join(allowed[1:])}, or left out"
                    f"{nearest(value, allowed[1:])}"
                )

    @property
    def half_flag(self) -> str:
        """The option of the command line that asks for this precision."""
        return {"fp16": "--half", "bf16": "--bf16"}.get(self.half, "")

    def facts(self, *, device: str) -> dict[str, Any]:
        """What a summary keeps of them, with the device that 'auto' became."""
        return {**asdict(self), "device": device}


# Field of ModelOptions -> how it is written on the command line.
_FLAGS = {
    "tile": "--tile {}", "overlap": "--overlap {}", "batch": "--batch {}",
    "ensemble": "--self-ensemble", "compile": "--compile", "pre_upsample": "--pre-upsample",
    "network": "--network {}",
}  # fmt: skip
# What says something of a network alone.
NETWORK_FIELDS = ("half", *_FLAGS)


def refuse(options: ModelOptions, fields: Sequence[str], *, why: str) -> None:
    """Raises OptionError for the first of these fields that was asked for: which has neither its
    default nor 'auto'. why: what the model is, as in 'bicubic is no network'."""
    for name in fields:
        value = getattr(options, name)
        if value not in ("auto", getattr(ModelOptions, name)):
            flag = options.half_flag if name == "half" else _FLAGS[name].format(value)
            raise OptionError(f"{flag}: {why}; leave it out")


def find_device(options: ModelOptions) -> str:
    """The device's name for torch: 'cpu', 'cuda', 'cuda:1', 'mps'.

    Raises OptionError where the one that is asked for is not there, or where it cannot compute in
    the precision asked for.
    """
    import torch

    name = options.device
    cuda = torch.cuda.is_available()
    mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    there = torch.cuda.device_count() if cuda else 0
    if name.startswith("cuda") and int(name.partition(":")[2] or 0) >= there:
        has = f"torch sees {there} CUDA device{'s' * (there != 1)}" if there else "torch sees none"
        raise OptionError(f"--device {name}: {has} here; take --device cpu or auto")
    if name == "mps" and not mps:
        raise OptionError("--device mps: torch sees none here; take --device cpu or auto")
    if options.half == "fp16" and name == "cpu":
        raise OptionError("--half: processors lack fast fp16; take --bf16, or leave it out")
    if options.half == "bf16" and name.startswith("cuda"):
        with torch.cuda.device(name if ":" in name else 0):
            if not torch.cuda.is_bf16_supported(including_emulation=False):
                raise OptionError(f"--bf16: {name} cannot; take --half, or leave it out")
    return name
