"""How sure a set's mean is, and whether two models differ on the same pictures.

Infinite scores (an output equal to its target) have no mean: they are left out of means, intervals
and tests, and counted. NaN stands for a score that a picture cannot have, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

# Efron and Tibshirani (An Introduction to the Bootstrap, 1993, 14.3) ask for 1,000 or more
# resamples for intervals; of 9,999, quantiles at 2.5 % fall on whole ranks.
RESAMPLES = 9_999
LEVEL = 0.95

# Drawn indices held at once: 2 Mi of 2 bytes, and their values, 16 MiB. Another number draws
# otherwise (NumPy throws away what is left of its last 64 bits), and so changes intervals.
_DRAWN = 1 << 21
# Differences of sums in another order, relative to the values: ties, not differences.
_ROUNDING = 1e-12

Vector = NDArray[np.float64]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean and its interval. n: values that count; n_infinite: those left out for being so.

    mean is None for n = 0; low and high are None for n < 2.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    n_infinite: int


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """One model against another on the same pictures.

    difference, low, high: mean of a - b with its interval, over the n pictures on which both are
    finite. wilcoxon_p: two-sided p of the signed-rank test (Wilcoxon 1945) over the same pictures,
    None where no two scores differ. wins, losses, ties: pictures on which a is better, worse,
    equal; these count infinite scores, too. sign_p: two-sided p of the sign test, None without wins
    and losses. left_out: pictures with an infinite score.
    """

    difference: float | None
    low: float | None
    high: float | None
    wilcoxon_p: float | None
    sign_p: float | None
    wins: int
    losses: int
    ties: int
    n: int
    left_out: int


def mean_interval(
    values: Sequence[float] | Vector,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    kind: str = "mean",
) -> Interval:
    """The mean of pictures' scores with its bootstrap interval.

    The interval is bias-corrected and accelerated (BCa; Efron, Better Bootstrap Confidence
    Intervals, JASA 1987), from `resamples` draws of NumPy's PCG64 at `seed`: with one version of
    NumPy (NEP 19), the same values in the same order give the same interval, to rounding. Pictures
    are what is drawn: the interval speaks of other pictures of this kind, not of other trainings
    of the model. Few pictures bound it badly: of normal scores, intervals at 0.95 held the true
    mean in 83 % of 2,000 trials with 5 pictures, 92 % with 14, 93 % with 30, 94 % with 100.
    kind: 'mean', or 'root-mean-square': the root of the mean square, with the interval of the mean
    square under the root. Raises ValueError for a level outside 0 ... 1 and for an unknown kind.
    """
    if kind not in ("mean", "root-mean-square"):
        raise ValueError(f"mean of kind {kind!r}: mean or root-mean-square")
    if not 0.0 < level < 1.0 or resamples < 1:
        raise ValueError(f"level {level}, resamples {resamples}: above 0 and below 1; 1 or more")
    given = np.asarray(values, dtype=np.float64).reshape(-1)
    finite = given[np.isfinite(given)]
    infinite = int(np.isinf(given).sum())
    if kind == "root-mean-square":
        ends = _bca(finite**2, seed=seed, resamples=resamples, level=level)
        middle, low, high = (None if end is None else math.sqrt(max(end, 0.0)) for end in ends)
    else:
        middle, low, high = _bca(finite, seed=seed, resamples=resamples, level=level)
    return Interval(mean=middle, low=low, high=high, n=finite.size, n_infinite=infinite)


def mean_of(values: Sequence[float] | Vector, *, kind: str = "mean") -> float | None:
    """The mean of `mean_interval` without its interval; None where no value is finite."""
    given = np.asarray(values, dtype=np.float64)
    finite = given[np.isfinite(given)]
    if not finite.size:
        return None
    return float(np.sqrt(np.mean(finite**2)) if kind == "root-mean-square" else np.mean(finite))


def paired(
    a: Sequence[float] | Vector,
    b: Sequence[float] | Vector,
    *,
    better: str = "higher",
    seed: int = 0,
) -> Paired:
    """Scores a and b of the same pictures in the same order, compared picture by picture.

    better: 'higher' or 'lower' of the metric, for wins and losses; the difference is a - b as it
    is. Pictures with a NaN on either side are left out wholly. The signed-rank test leaves out
    equal scores (Wilcoxon's way); it is SciPy's: exact for few pictures (50, fewer where absolute
    differences are equal), else normal. Raises ValueError where the lengths differ.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f"better {better!r}: higher or lower")
    first, second = (np.asarray(side, dtype=np.float64).reshape(-1) for side in (a, b))
    if first.size != second.size:
        raise ValueError(f"paired scores: {first.size} against {second.size}; one each a picture")
    known = ~(np.isnan(first) | np.isnan(second))
    first, second = first[known], second[known]
    finite = np.isfinite(first) & np.isfinite(second)
    more, less = int((first > second).sum()), int((first < second).sum())
    wins, losses = (more, less) if better == "higher" else (less, more)
    differences = first[finite] - second[finite]
    interval = mean_interval(differences, seed=seed)
    return Paired(
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        wilcoxon_p=_wilcoxon(differences),
        sign_p=_sign(wins, losses),
        wins=wins,
        losses=losses,
        ties=first.size - more - less,
        n=interval.n,
        left_out=first.size - interval.n,
    )


def _bca(
    values: Vector, *, seed: int, resamples: int, level: float
) -> tuple[float | None, float | None, float | None]:
    """(mean, low, high) of finite values."""
    from scipy.special import ndtr, ndtri

    if not values.size:
        return None, None, None
    mean = float(np.mean(values))
    if values.size < 2:
        return mean, None, None
    # About 0, so that adding a constant to all values moves the interval by just that.
    centred = values - mean
    spread = float(np.abs(centred).max())
    if spread <= _ROUNDING * abs(mean):
        return mean, mean, mean
    drawn = _resampled_means(centred, seed=seed, resamples=resamples)
    tied = np.abs(drawn) <= _ROUNDING * max(spread, abs(mean))
    below = (np.count_nonzero((drawn < 0) & ~tied) + 0.5 * np.count_nonzero(tied)) / resamples
    # Never 0 or 1, where the correction would be infinite.
    bias = ndtri(min(max(below, 0.5 / resamples), 1.0 - 0.5 / resamples))
    # Equation 6.6 of the paper with the jackknife's influence values; for a mean, they are the
    # centred values up to a factor that cancels.
    acceleration = np.sum(centred**3) / (6.0 * np.sum(centred**2) ** 1.5)
    ends = []
    for tail in ((1.0 - level) / 2.0, (1.0 + level) / 2.0):
        moved = bias + ndtri(tail)
        ends.append(ndtr(bias + moved / (1.0 - acceleration * moved)))
    low, high = (mean + float(end) for end in np.quantile(drawn, ends))
    return mean, low, high


def _resampled_means(values: Vector, *, seed: int, resamples: int) -> Vector:
    """Means of `resamples` draws with replacement, [resamples], in bounded memory."""
    generator = np.random.Generator(np.random.PCG64(seed))
    kind = np.uint16 if values.size <= 1 << 16 else np.uint32
    rows = max(1, _DRAWN // values.size)
    means = []
    for start in range(0, resamples, rows):
        shape = (min(rows, resamples - start), values.size)
        index = generator.integers(0, values.size, size=shape, dtype=kind)
        means.append(values.take(index).mean(axis=1))
    return np.concatenate(means)


def _wilcoxon(differences: Vector) -> float | None:
    from scipy.stats import wilcoxon

    unequal = differences[differences != 0.0]
    if not unequal.size:
        return None
    result: Any = wilcoxon(unequal)
    return float(result.pvalue)


def _sign(wins: int, losses: int) -> float | None:
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else None
