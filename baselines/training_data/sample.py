"""One sample: what it is taken from, and what it is before it comes to the training device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from baselines.training_data.geometry import Box
from degrade.record import Record

CLEAN = "clean"  # the one side of a picture that is degraded while training


@dataclass(frozen=True)
class Wanted:
    """A sample before it is read. position: over the run. places: (collection, index) of each
    picture that it is made of: one, or a low and a high one. scale: of the target against the
    input; 0 where the stored pair says it. patch: of its stage, 0 for whole pictures."""

    position: int
    places: tuple[tuple[int, int], ...]
    scale: float
    patch: int


@dataclass(frozen=True)
class Made:
    """How a clean region becomes lq and gt. record: of the degradation. inner: the part of it that
    stays, in pixels of the target. input_side: of the network's input, 0 for the inner part's."""

    record: Record
    inner: Box
    input_side: int


@dataclass(frozen=True)
class Ready:
    """A sample on the processor. pictures: float32 [C,h,w] by side. facts: all that is needed to
    make it again, as JSON data. sigma: of a stored pair's noise. made: of a clean region."""

    key: str
    pictures: Mapping[str, Tensor]
    facts: Mapping[str, Any]
    scale: float = 1.0
    sigma: float | None = None
    made: Made | None = None
