"""Poisson counts as quantiles: one uniform number for each sample, no rejection, no queue.

A small rate is searched from the bottom of its distribution. A large one takes the quantile's
expansion in powers of rate**-1/2 around a normal quantile (Cornish and Fisher), and where the
expansion's error might move the result over an integer the distribution itself decides: the plan of
Giles, "Algorithm 955: approximation of the inverse Poisson cumulative distribution function", ACM
TOMS 42(1), 2016, whose equation for Q_N has the terms up to rate**-1. degrade/fields.py has the
same steps on tensors. No torch here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

# From this rate on the expansion is used.
LARGE = 16.0
# Steps of the search: P(X > 64) < 2e-18 at the rate LARGE, uniform numbers end at 1 - 2**-33.
STEPS = 64
# The quantile x of the continuous law Q(x, rate) = u, less rate + sqrt(rate) w, in powers of
# s = rate**-1/2: polynomials in w = normal quantile of u, lowest power first. The first three are
# Giles' Q_N; the last two were solved for in 120 digits the same way.
EXPANSION = (
    (1 / 3, 0.0, 1 / 6),
    (0.0, -1 / 36, 0.0, -1 / 72),
    (-8 / 405, 0.0, 7 / 810, 0.0, 1 / 270),
    (0.0, 0.017258230452675, 0.0, -0.0035236625514403, 0.0, -0.0013310185185185),
    (-0.00062708210856614, 0.0, -0.012710660395842, 0.0, 0.0016534391534379, 0.0,
     0.00055849500293962),
)  # fmt: skip
# Bound of what is left out, times s**5, in |w|**0, |w|**3, |w|**7: an envelope of the error
# measured against the incomplete gamma function for rates 16 to 1000 and |w| up to 6.
BOUND = (0.02, 0.02, 0.0015)

# Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics
# 37(3), 1988, PPND16: numerators and denominators, lowest power first.
CENTRAL = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
MIDDLE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip

_CHUNK = 256  # samples whose working values stay in the first cache


@njit(cache=True, inline="always")
def _ratio(pair: Any, x: Any) -> Any:
    a, b = pair
    over = ((((((a[7] * x + a[6]) * x + a[5]) * x + a[4]) * x + a[3]) * x + a[2]) * x + a[1]) * x
    under = ((((((b[7] * x + b[6]) * x + b[5]) * x + b[4]) * x + b[3]) * x + b[2]) * x + b[1]) * x
    return (over + a[0]) / (under + b[0])


@njit(cache=True, error_model="numpy")
def normal_quantile(u: float) -> float:
    """The standard normal's quantile of 1e-11 < u < 1 - 1e-11, about 1e-15 of it (AS 241)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(CENTRAL, 0.180625 - q * q)
    r = math.sqrt(-math.log(u if q < 0 else 1.0 - u))
    # AS 241 has a third branch from r = 5 on (u < 1.4e-11), which 32 bits do not reach.
    w = _ratio(MIDDLE, r - 1.6)
    return -w if q < 0 else w


@njit(cache=True, error_model="numpy")
def below(k: float, rate: float) -> float:
    """P(X < k) for X of a Poisson law: its terms from k - 1 down; relative error about 1e-13."""
    if k <= 0:
        return 0.0
    term = math.exp((k - 1.0) * math.log(rate) - rate - math.lgamma(k))
    total = 0.0
    j = k - 1.0
    while j >= 0 and (term > 1e-18 * total or j > rate):
        total += term
        term *= j / rate
        j -= 1.0
    return total


@njit(cache=True, error_model="numpy")
def count(u: float, rate: float) -> float:
    """The least n with P(X <= n) >= u, for 0 < u < 1; 0 where the rate is not above 0."""
    if not rate > 0.0:
        return 0.0
    if rate < LARGE:
        n = 0
        term = math.exp(-rate)
        total = term
        while u > total and n < STEPS:
            n += 1
            term *= rate / n
            total += term
        return np.float64(n)
    x, bound = _expanded(normal_quantile(u), rate)
    k = math.floor(x + 0.5)
    if abs(x - k) <= bound:
        return max(k if u > below(k, rate) else k - 1.0, 0.0)
    return max(math.floor(x), 0.0)


@njit(cache=True, inline="always")
def _expanded(w: Any, rate: Any) -> Any:
    """The continuous quantile at a normal quantile w, and how far it can be off."""
    s = 1.0 / math.sqrt(rate)
    z = w * w
    e0, e1, e2, e3, e4 = EXPANSION
    tail = s * (e4[0] + z * (e4[2] + z * (e4[4] + z * e4[6])))
    tail = s * (w * (e3[1] + z * (e3[3] + z * e3[5])) + tail)
    tail = s * (e2[0] + z * (e2[2] + z * e2[4]) + tail)
    tail = s * (w * (e1[1] + z * e1[3]) + tail)
    x = rate + (w / s + (e0[0] + z * e0[2] + tail))
    size = abs(w) * z
    return x, min(s**5 * (BOUND[0] + size * (BOUND[1] + BOUND[2] * z * z)), 0.5)


# In this file and not where it is called: a compiled loop is kept until its own file changes.
@njit(cache=True, error_model="numpy")
def fill_counts(words: Any, rates: Any, out: Any) -> None:
    """out = the counts of uint32 words, u = (word + 1/2) / 2**32, at these rates; all flat.

    Each is `count(u, rate)`, bit by bit. The middle of the normal quantile and the expansion are
    taken for a chunk at a time without branches, in vector registers; tails, small rates and what
    is close to an integer go one by one.
    """
    w, near = np.empty(_CHUNK), np.empty(_CHUNK, np.bool_)
    for start in range(0, len(words), _CHUNK):
        stop = min(start + _CHUNK, len(words))
        word, rate, counts = words[start:stop], rates[start:stop], out[start:stop]
        for i in range(stop - start):
            q = (np.float64(word[i]) + 0.5) * 2.0**-32 - 0.5
            w[i] = q * _ratio(CENTRAL, 0.180625 - q * q)
            near[i] = abs(q) > 0.425
        for i in range(stop - start):
            if near[i]:
                w[i] = normal_quantile((np.float64(word[i]) + 0.5) * 2.0**-32)
        for i in range(stop - start):
            x, bound = _expanded(w[i], max(rate[i], LARGE))
            counts[i] = max(np.floor(x), 0.0)
            near[i] = (abs(x - np.floor(x + 0.5)) <= bound) | ~(rate[i] >= LARGE)
        for i in range(stop - start):
            if near[i]:
                counts[i] = count((np.float64(word[i]) + 0.5) * 2.0**-32, rate[i])
