"""What a metric is, and what it is given: one output as the protocol sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.luma import luma_float, luma_rounded
from evaluation.pictures import Samples, to_u8, to_unit
from evaluation.protocol import CHANNELS, Protocol


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One score, as data.

    title: its short name, and after a comma what it is. mode: 'full' compares with the target,
    'none' has no reference, 'set' judges all outputs of a set together. better: 'higher' or
    'lower'. low, high: its range. decimals: as papers print it. mean: how a set's score comes of
    its pictures' (`MEANS`). weights: files that it needs and that are not installed with it.
    licence: of code and weights. source: paper. checked: what this project compared its values
    with. code: digest of the source of one's own.
    """

    name: str
    title: str
    mode: str
    better: str
    low: float
    high: float
    source: str
    checked: str
    unit: str = ""
    decimals: int = 4
    mean: str = "mean"
    weights: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    code: str = ""


_NO_TARGET = "this set has no targets: only no-reference metrics can score it"
MEANS = {"mean": "mean over pictures", "root-mean-square": "root of the mean square over pictures"}


class Unavailable(RuntimeError):
    """A metric that cannot be had here. file: what is missing; where: where it is looked for."""

    def __init__(self, metric: str, *, why: str, file: str = "", where: str = "") -> None:
        super().__init__(f"{metric}: {why}")
        self.metric, self.why, self.file, self.where = metric, why, file, where


@dataclass(frozen=True)
class Judged:
    """One output beside its target.

    output, target: [H,W,C], both uint8, or both float in [0,1], as the protocol's `output` says;
    target None where the set has none. lq: the input, as the model got it.
    """

    output: Samples
    target: Samples | None
    lq: Samples
    protocol: Protocol

    @cached_property
    def pair(self) -> tuple[NDArray[Any], NDArray[Any], float]:
        """(output, target, peak) in the protocol's channel without its border: [H,W] for luma and
        gray, else [H,W,C]; peak 255 or 1. Raises ValueError where the set has no target."""
        if self.target is None:
            raise ValueError(_NO_TARGET)
        peak = 255.0 if self.output.dtype == np.uint8 else 1.0
        output, target = (self._channel(side, peak) for side in (self.output, self.target))
        return output, target, 255.0 if self.protocol.channel.startswith("y-") else peak

    @cached_property
    def aligned(self) -> tuple[float, float]:
        """(PSNR, SSIM) after RealBlur's alignment, which takes seconds. Raises ValueError where it
        does not converge, or where the set has no target."""
        from evaluation.metrics.ecc import aligned_scores

        if self.target is None:
            raise ValueError(_NO_TARGET)
        return aligned_scores(to_unit(self.output), to_unit(self.target))

    @property
    def rgb(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """(output, target) whole, RGB float32 [H,W,3] in [0,1]; gray is three equal channels."""

        def three(side: Samples) -> NDArray[np.float32]:
            unit = to_unit(side).astype(np.float32, copy=False)
            return np.repeat(unit, 3, axis=2) if unit.shape[2] == 1 else unit

        return three(self.output), None if self.target is None else three(self.target)

    def _channel(self, side: Samples, peak: float) -> NDArray[Any]:
        border, channel = self.protocol.border, self.protocol.channel
        if min(side.shape[:2]) <= 2 * border:
            raise ValueError(
                f"a picture of {side.shape[1]}x{side.shape[0]} has nothing inside a border of "
                f"{border}"
            )
        inner = side[border : side.shape[0] - border, border : side.shape[1] - border]
        if channel == "rgb":
            return inner
        one = inner.shape[2] == 1  # gray and luma are scored as they are
        if channel == "y-float":
            codes = inner if peak == 255.0 else inner * 255.0
            return codes[..., 0].astype(np.float64) if one else luma_float(codes)
        if channel == "y-round":
            return to_u8(inner)[..., 0] if one else luma_rounded(to_u8(inner))
        if not one:
            raise ValueError(f"{inner.shape[2]} channels, where {CHANNELS[channel]} is scored")
        return inner[..., 0]


# A score of one output; ValueError where this picture cannot have it.
Scorer = Callable[[Judged], float]
