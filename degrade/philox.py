"""Random fields on the CPU by Philox 4x32-10, one word for each sample of a picture.

Philox is the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
easy as 1, 2, 3", SC 2011: four words of 32 bits are a function of a counter (four words) and a key
(two words), and nothing is carried from one to the next. Here the counter is
(column // 4, row, channel, stream) and the key (seed, a fixed word); column % 4 picks the word. So
a sample's number depends on (seed, stream, channel, row, column) only: a crop at the origin, a
larger canvas, another batch or another order of work leave it as it is.

Normal fields use Box and Muller's transform ("A note on the generation of random normal deviates",
Ann. Math. Stat. 29, 1958) in float32, with a logarithm, a sine and a cosine made of nothing but
float32 sums and products: the compiler turns them into vector code, and no version of a library can
change a bit. degrade/fields.py has the same steps on tensors. No torch here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from degrade.poisson import fill_counts

Shape = tuple[int, int, int]
Floats = NDArray[np.float32]

# Multipliers and key increments: Salmon et al. 2011, section 3.3.
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
# The second word of every key, which keeps other uses of Philox apart: "pair" in ASCII.
KEY_WORD = 0x70616972

# log(1 + x) = x - x^2/2 + x^3 P(x) for x in [sqrt(1/2) - 1, sqrt(2) - 1]: least squares on
# Chebyshev nodes, relative error 3.3e-8. Highest power first, here and below.
LOG = (0.08654275, -0.1425448, 0.14925883, -0.16579814, 0.19962132, -0.25001244, 0.33333937)
# sin(pi/2 f) = f S(f^2), cos(pi/2 f) = C(f^2) for f in [-1/2, 1/2]: likewise, 1e-8 and 1e-10.
SIN = (-0.0046021557, 0.07967988, -0.6459634, 1.5707963)
COS = (0.0009036289, -0.020860018, 0.25366918, -1.2337005, 1.0)
LOG_2 = 0.6931472
# sqrt(1/2) as the bits of a float32: where the exponent is split off.
ROOT_HALF = 0x3F3504F3

_M0, _M1 = (np.uint64(word) for word in MULTIPLIERS)
_W0, _W1 = (np.uint32(word) for word in WEYL)
_SHIFT = np.uint64(32)
_KEY_WORD = np.uint32(KEY_WORD)
_L6, _L5, _L4, _L3, _L2, _L1, _L0 = (np.float32(c) for c in LOG)
_S3, _S2, _S1, _S0 = (np.float32(c) for c in SIN)
_C4, _C3, _C2, _C1, _C0 = (np.float32(c) for c in COS)
_LOG_2, _ZERO, _HALF, _ONE, _TWO = (np.float32(c) for c in (LOG_2, 0.0, 0.5, 1.0, 2.0))
_UNIT, _QUARTER, _OPEN = (np.float32(2.0**-bits) for bits in (32, 30, 23))
_ROOT_HALF, _MANTISSA, _EXPONENT = np.int32(ROOT_HALF), np.int32(0x007FFFFF), np.int32(23)
_LOW_30, _BIT_30, _BIT_31 = np.uint32(0x3FFFFFFF), np.uint32(0x40000000), np.uint32(0x80000000)
_NINE, _NONE = np.uint32(9), np.uint32(0)


def uniform_array(seed: int, shape: Shape, *, stream: int = 0) -> Floats:
    """float32 [C,H,W], uniform in the open interval (0, 1): odd multiples of 2**-24.

    seed, stream: 0 <= n < 2**32, ValueError otherwise.
    """
    out = np.empty(shape, np.float32)
    _uniform(words_array(seed, shape, stream=stream).reshape(-1), out.reshape(-1))
    return out


def normal_array(seed: int, shape: Shape, *, stream: int = 0) -> Floats:
    """float32 [C,H,W], standard normal; no value lies beyond +-6.77.

    Off by e from Box and Muller's transform of its words in exact arithmetic, where the radius r of
    the pair gives |e| r < 2e-7 (1 + r**2). seed, stream: 0 <= n < 2**32, ValueError otherwise.
    """
    _check(seed, stream)
    out = np.empty(shape, np.float32)
    _normal(out, np.uint32(seed), np.uint32(stream))
    return out


def poisson_array(seed: int, rate: NDArray[Any], *, stream: int = 0) -> Floats:
    """float32 counts [C,H,W], Poisson with the rates float [C,H,W]; rates at or below 0 count 0.

    The quantile of one uniform number for each sample (degrade/poisson.py): a higher rate never
    lowers a count. seed, stream: 0 <= n < 2**32, ValueError otherwise.
    """
    words = words_array(seed, (rate.shape[0], rate.shape[1], rate.shape[2]), stream=stream)
    out = np.empty(words.shape, np.float32)
    rates = np.ascontiguousarray(rate, np.float64).reshape(-1)
    fill_counts(words.reshape(-1), rates, out.reshape(-1))
    return out


def tukey_lambda_array(seed: int, shape: Shape, *, form: float, stream: int = 0) -> Floats:
    """float32 [C,H,W] of Tukey's lambda law, Q(p) = (p**form - (1-p)**form) / form.

    form 0 is the logistic law, 0.14 close to a normal one, negative ones have heavy tails; the
    variance is finite above -1/2. float64 inside. seed, stream: 0 <= n < 2**32, ValueError
    otherwise. Source: the quantile of SciPy's tukeylambda, which ELD's code fits.
    """
    words = words_array(seed, shape, stream=stream)
    out = np.empty(shape, np.float32)
    _tukey_lambda(words.reshape(-1), float(form), out.reshape(-1))
    return out


def words_array(seed: int, shape: Shape, *, stream: int = 0) -> NDArray[np.uint32]:
    """uint32 [C,H,W]: the words that the other fields are made of. Errors: as uniform_array."""
    _check(seed, stream)
    out = np.empty(shape, np.uint32)
    _words(out, np.uint32(seed), np.uint32(stream))
    return out


def _check(seed: int, stream: int) -> None:
    for name, value in (("seed", seed), ("stream", stream)):
        if not 0 <= value < 2**32:
            raise ValueError(f"{name} of a random field is {value}; allowed are 0 to 2**32 - 1")


@njit(cache=True, inline="always")
def _rounds(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    for _ in range(10):
        p0 = np.uint64(c0) * _M0
        p1 = np.uint64(c2) * _M1
        n0 = np.uint32(np.uint32(p1 >> _SHIFT) ^ c1 ^ k0)
        n2 = np.uint32(np.uint32(p0 >> _SHIFT) ^ c3 ^ k1)
        c1, c3 = np.uint32(p1), np.uint32(p0)
        c0, c2 = n0, n2
        k0, k1 = np.uint32(k0 + _W0), np.uint32(k1 + _W1)
    return c0, c1, c2, c3


@njit(cache=True)
def philox(counter: NDArray[np.uint32], key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The four words [4] of Philox 4x32-10 for one counter [4] and key [2], all uint32."""
    out = np.empty(4, np.uint32)
    out[0], out[1], out[2], out[3] = _rounds(
        counter[0], counter[1], counter[2], counter[3], key[0], key[1]
    )
    return out


# Each loop below runs over the blocks of one row with its lanes in arrays of their own: that is
# what makes vector code of it (1.5 ms for 1.6 million normals where the processor has AVX-512).
@njit(cache=True)
def _row(a: Any, b: Any, c: Any, d: Any, place: tuple[int, int], key: Any) -> None:
    row, channel = np.uint32(place[0]), np.uint32(place[1])
    seed, stream = key
    for i in range(len(a)):
        a[i], b[i], c[i], d[i] = _rounds(np.uint32(i), row, channel, stream, seed, _KEY_WORD)


@njit(cache=True)
def _words(out: Any, seed: Any, stream: Any) -> None:
    channels, height, width = out.shape
    lanes = np.empty((4, (width + 3) // 4), np.uint32)
    woven = np.empty((lanes.shape[1], 4), np.uint32)
    flat = woven.reshape(-1)
    for channel in range(channels):
        for row in range(height):
            _row(lanes[0], lanes[1], lanes[2], lanes[3], (row, channel), (seed, stream))
            for i in range(lanes.shape[1]):
                for lane in range(4):
                    woven[i, lane] = lanes[lane, i]
            out[channel, row, :] = flat[:width]


@njit(cache=True)
def _uniform(words: Any, out: Any) -> None:
    for i in range(len(words)):
        out[i] = (np.float32(np.uint32(words[i] >> _NINE)) + _HALF) * _OPEN


@njit(cache=True, inline="always")
def _radius(word: Any) -> Any:
    """sqrt(-2 log u), u = (word + 1/2) / 2**32 rounded to float32."""
    u = np.float32((np.float32(word) + _HALF) * _UNIT)
    bits = np.int32(np.float32(u).view(np.int32) - _ROOT_HALF)
    exponent = np.int32(bits >> _EXPONENT)
    x = np.int32(np.int32(bits & _MANTISSA) + _ROOT_HALF).view(np.float32) - _ONE
    p = (((((_L6 * x + _L5) * x + _L4) * x + _L3) * x + _L2) * x + _L1) * x + _L0
    square = x * x
    log = ((x - _HALF * square) + square * x * p) + np.float32(exponent) * _LOG_2
    return np.sqrt(max(-_TWO * log, _ZERO))


@njit(cache=True)
def _pairs(first: Any, second: Any, cosines: Any, sines: Any) -> None:
    """Box and Muller's pairs: the second word's top two bits are the quarter of the circle, its
    others the place in the quarter."""
    for i in range(len(first)):
        radius = _radius(first[i])
        turn = second[i]
        f = np.float32(np.uint32(turn & _LOW_30)) * _QUARTER - _HALF
        z = f * f
        sine = f * (((_S3 * z + _S2) * z + _S1) * z + _S0)
        cosine = (((_C4 * z + _C3) * z + _C2) * z + _C1) * z + _C0
        radius = -radius if np.uint32(turn & _BIT_31) != _NONE else radius
        odd = np.uint32(turn & _BIT_30) != _NONE
        cosines[i] = radius * (-sine if odd else cosine)
        sines[i] = radius * (cosine if odd else sine)


@njit(cache=True)
def _normal(out: Any, seed: Any, stream: Any) -> None:
    channels, height, width = out.shape
    words = np.empty((4, (width + 3) // 4), np.uint32)
    lanes = np.empty(words.shape, np.float32)
    woven = np.empty((words.shape[1], 4), np.float32)
    flat = woven.reshape(-1)
    for channel in range(channels):
        for row in range(height):
            _row(words[0], words[1], words[2], words[3], (row, channel), (seed, stream))
            _pairs(words[0], words[1], lanes[0], lanes[1])
            _pairs(words[2], words[3], lanes[2], lanes[3])
            for i in range(lanes.shape[1]):
                for lane in range(4):
                    woven[i, lane] = lanes[lane, i]
            out[channel, row, :] = flat[:width]


@njit(cache=True)
def _tukey_lambda(words: Any, form: Any, out: Any) -> None:
    for i in range(len(words)):
        p = (np.float64(words[i]) + 0.5) * 2.0**-32
        low, high = math.log(p), math.log(1.0 - p)
        # expm1 keeps the difference of two powers near 1 exact.
        if form == 0.0:
            out[i] = low - high
        else:
            out[i] = (math.expm1(form * low) - math.expm1(form * high)) / form
