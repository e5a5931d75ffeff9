"""The decoded RAW: a mosaic with its levels, colour and geometry, nothing rendered yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builders.mosaic import clip_mask

Sampling = Literal["bayer", "xtrans", "linear"]


@dataclass(frozen=True)
class Crop:
    """A rectangle of whole pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class RawFrame:
    """A RAW file decoded to its mosaic, before any rendering.

    name: the file's name, for messages.
    kind: "bayer" (2x2 CFA), "xtrans" (6x6 CFA) or "linear" (three samples in every pixel).
    mosaic: uint16 DN, [H,W], or [H,W,3] for linear: the visible area (for a DNG its exact
        ActiveArea, odd margins included), a copy.
    pattern: the CFA tile at the mosaic's top-left, uint8 [2,2] or [6,6], 0 R, 1 G (both
        greens), 2 B; None for linear.
    black: black level in DN per site of the tile, float32 [2,2] or [6,6]; [3] for linear.
        Fractions are kept.
    white: saturation level in DN, float32, shaped like black.
    white_balance: R, G, B gains, float32 [3], the least is 1.
    white_balance_source: "camera", "daylight-matrix", "unit" or "sidecar" (see `read_raw`).
    matrix: white-balanced camera RGB -> linear sRGB (D65), float32 [3,3], rows sum to 1.
    matrix_source: "libraw", "identity" or "sidecar".
    crop: DefaultCrop in the mosaic, before rotation.
    orientation: EXIF 1..8, how the stored picture is to be turned.
    camera: make and model, or None; iso; shutter in seconds, or None.
    sidecar_sha256: of the bytes of the sidecar that a headerless file was read by, in hexadecimal;
        None for any other file.
    """

    name: str
    kind: Sampling
    mosaic: NDArray[np.uint16]
    pattern: NDArray[np.uint8] | None
    black: NDArray[np.float32]
    white: NDArray[np.float32]
    white_balance: NDArray[np.float32]
    white_balance_source: str
    matrix: NDArray[np.float32]
    matrix_source: str
    crop: Crop
    orientation: int
    camera: str | None
    iso: float | None
    shutter: float | None
    sidecar_sha256: str | None

    def clipped(self) -> NDArray[np.uint8]:
        """Which colours are saturated near each pixel: uint8 [H,W], bit 1 << c for colour c.

        Bit c is set where a colour-c site within the 3x3 neighbourhood is at or above its white
        level; for linear frames where the pixel's own channel c is. Neither cropped nor turned.
        """
        return clip_mask(self.mosaic, pattern=self.pattern, white=self.white)
