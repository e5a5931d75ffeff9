"""What needs no weights: interpolation, and three classical corrections of exposure.

Interpolation is MATLAB's imresize of that name, as published tables mean it. A picture whose
samples are exact multiples of 1/255 in float32 is taken as the 8 bits that it came from, and goes
through imresize(uint8), which rounds between its passes; anything else (luma in double, noisy
pictures) through imresize(double). 'lanczos' is MATLAB's lanczos3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from degrade.resize import resize_matlab
from evaluation.models.options import NETWORK_FIELDS, ModelOptions, refuse
from evaluation.models.restorer import Restorer, Scale, whole_scale
from evaluation.pictures import Samples, to_u8

CLAHE_CLIP = 2.0  # contrast limit, in multiples of a flat histogram's count
CLAHE_GRID = 8  # tiles along each side
GAMMA = 2.2

METHODS = {
    "nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic", "lanczos": "lanczos3",
}  # fmt: skip


def interpolate(picture: Samples, *, scale: int, method: str) -> Samples:
    """[H,W,C] float -> [H*scale,W*scale,C] of the same dtype; method: imresize's name."""
    if scale == 1:
        return picture
    bits = as_u8(picture)
    if bits is None:
        return resize_matlab(picture, scale=scale, method=method, reading="matlab-bicubic-double")
    large = resize_matlab(bits, scale=scale, method=method)
    return large.astype(np.float32) / np.float32(255)


def as_u8(picture: Samples) -> NDArray[np.uint8] | None:
    """The 8-bit picture that a float32 one was made of by v / 255, or None."""
    if picture.dtype != np.float32:
        return None
    bits = to_u8(picture)
    return bits if np.array_equal(bits.astype(np.float32) / np.float32(255), picture) else None


def identity(picture: Samples) -> Samples:
    """The input as it is."""
    return picture


def clahe(picture: Samples) -> Samples:
    """OpenCV's CLAHE, clip 2.0, grid 8 x 8, on 8-bit L of CIELAB; on the one channel of gray.

    Contrast-limited adaptive histogram equalization (Zuiderveld, Graphics Gems IV, 1994).
    """
    import cv2

    equal = cv2.createCLAHE(CLAHE_CLIP, (CLAHE_GRID, CLAHE_GRID)).apply
    return _on_lightness(picture, equal, to=cv2.COLOR_RGB2LAB, back=cv2.COLOR_LAB2RGB, name="clahe")


def histeq(picture: Samples) -> Samples:
    """OpenCV's global histogram equalization on 8-bit Y of YCrCb (BT.601, full range); on the one
    channel of gray. Chroma stays."""
    import cv2

    return _on_lightness(
        picture,
        cv2.equalizeHist,
        to=cv2.COLOR_RGB2YCrCb,
        back=cv2.COLOR_YCrCb2RGB,
        name="histeq",
    )


def gamma(picture: Samples) -> Samples:
    """clip(picture, 0, 1) ** (1 / 2.2), channel by channel."""
    return np.clip(picture, 0.0, 1.0) ** picture.dtype.type(1 / GAMMA)


def _on_lightness(
    picture: Samples,
    function: Callable[..., Any],
    *,
    to: int,
    back: int,
    name: str,
) -> Samples:
    import cv2

    bits = np.ascontiguousarray(to_u8(picture))
    if bits.shape[2] == 1:
        made = function(bits[..., 0])[..., None]
    elif bits.shape[2] == 3:
        parts = cv2.cvtColor(bits, to)
        parts[..., 0] = function(np.ascontiguousarray(parts[..., 0]))
        made = cv2.cvtColor(parts, back)
    else:
        raise ValueError(f"{name} takes gray or RGB, and the input has {bits.shape[2]} channels")
    return made.astype(np.float32) / np.float32(255)


# Those that keep the size -> (function, its settings).
KEEPING: dict[str, tuple[Callable[[Samples], Samples], dict[str, object]]] = {
    "identity": (identity, {}),
    "clahe": (clahe, {"clip": CLAHE_CLIP, "grid": CLAHE_GRID, "channel": "L of CIELAB, 8 bits"}),
    "histeq": (histeq, {"channel": "Y of YCrCb, 8 bits"}),
    "gamma": (gamma, {"gamma": GAMMA}),
}
NAMES = ("identity", "nearest", "bilinear", "bicubic", "lanczos", "clahe", "histeq", "gamma")


def classical(name: str, *, options: ModelOptions) -> Restorer:
    """The model of one of NAMES, whose `options` among the facts are its own settings. Raises
    OptionError for options of networks; a device is none."""
    refuse(options, NETWORK_FIELDS, why=f"{name} is no network")
    facts = {"kind": "classical", "file": None, "sha256": None, "parameters": 0, "macs": None}
    if name in METHODS:
        method = METHODS[name]

        def enlarge(picture: Samples, scale: Scale) -> Samples:
            return interpolate(picture, scale=whole_scale(scale, name=name), method=method)

        return Restorer(
            name=name,
            restore=enlarge,
            method="Bicubic" if name == "bicubic" else "",
            facts={**facts, "scale": 0, "options": {"method": f"imresize {method}"}},
        )
    function, settings = KEEPING[name]

    def keep(picture: Samples, scale: Scale) -> Samples:
        if scale != 1:
            raise ValueError(f"{name} keeps the size; asked is x{float(scale):g}: use bicubic")
        return function(picture)

    return Restorer(
        name=name,
        restore=keep,
        scale=1,
        channels=() if name in ("identity", "gamma") else (1, 3),
        facts={**facts, "scale": 1, "options": settings},
    )
