"""Tone of the acr-like style at one exposure: the ramp that exposes, and the tone curve as a table.

Both are those of the reference renderer in Adobe's DNG SDK 1.3 (dng_render.cpp, dng_1d_table.cpp);
`builders.pixels` has the loops that apply them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TONE_BINS = 4096  # as DNG SDK 1.3 (dng_1d_table) samples its curves

# DNG SDK 1.3: the default Shadows tag, 5.0, times ShadowScale 1.0 times 0.001; dng_render.cpp.
_BLACK = 0.005
_BLACK_OF_WHITE = 0.99  # black is at most this part of white
_TOE_OF_BLACK, _TOE_OF_RANGE = 0.5, 1.0 / 16.0  # radius of the ramp's quadratic toe, the lesser
_TONE_BREAK = 0.25  # exposure tone: linear below, quadratic to (1, 1) above

# Support of the default "ACR3" tone curve of DNG SDK 1.3, linear light in and out.
_ACR3 = (
    (0.0, 0.0),
    (0.00390625, 0.00314),
    (0.0078125, 0.00623),
    (0.01171875, 0.01012),
    (0.015625, 0.01485),
    (0.03125, 0.04002),
    (0.046875, 0.07057),
    (0.0625, 0.10433),
    (0.09375, 0.17901),
    (0.125, 0.25961),
    (0.1797, 0.38742),
    (0.21875, 0.46551),
    (0.25, 0.52069),
    (0.3125, 0.61436),
    (0.375, 0.69035),
    (0.4375, 0.75289),
    (0.5, 0.80486),
    (0.5625, 0.84825),
    (0.625, 0.88453),
    (0.6875, 0.91478),
    (0.75, 0.93986),
    (1.0, 1.0),
)


def exposure_ramp(ev: float) -> tuple[float, float, float]:
    """Black point, slope and toe radius of DNG SDK 1.3's exposure ramp at `ev` stops.

    White is 2^-max(0, ev), so positive exposure is a gain and a hard clip. The arithmetic is
    that of builders.pixels.ramp_block.
    """
    white = 2.0 ** -max(0.0, ev)
    black = min(_BLACK, _BLACK_OF_WHITE * white)
    radius = min(_TOE_OF_BLACK * black, _TOE_OF_RANGE * (white - black))
    return black, 1.0 / (white - black), radius


def tone_curve(ev: float) -> NDArray[np.float32]:
    """ACR3-like tone curve after DNG SDK 1.3's exposure tone, [4098] over [0,1]; last one repeated.

    The exposure tone acts on negative `ev` only: s*x with s = 2^ev below 0.25, then a parabola with
    the same slope there that ends at (1, 1), so darkening does not turn white grey. The curve runs
    through the support points by monotone cubics (PCHIP; Fritsch and Butland 1984).
    """
    from scipy.interpolate import PchipInterpolator  # slow to import, and one style's alone

    x = np.minimum(np.arange(_TONE_BINS + 2) / _TONE_BINS, 1.0)
    if ev < 0.0:
        s = 2.0**ev
        a = 16.0 / 9.0 * (1.0 - s)
        b = s - 0.5 * a
        x = np.where(x <= _TONE_BREAK, s * x, (a * x + b) * x + (1.0 - a - b))
    support, value = np.array(_ACR3).T
    return PchipInterpolator(support, value)(np.clip(x, 0.0, 1.0)).astype(np.float32)
