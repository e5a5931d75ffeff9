"""Restored pictures as bytes: PNG, JPEG, TIFF and WebP, with alpha and ICC profile."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from baselines.restoring.reading import Opened
from degrade.reading.to_srgb import change_depth

QUALITY = 95  # of JPEG and WebP, JPEG with full chroma: the loss is below what a network adds
DEEP = ("png", "tiff")  # hold 16 bits
_JPEG_SIDE, _WEBP_SIDE = 65535, 16383  # ITU-T T.81 B.2.2; the WebP container's 14 bits
_PNG_HEAD = 33  # the signature and IHDR
_UP = 2  # PNG's filter: the difference from the sample above (W3C PNG, 9.2)


def encode(picture: Opened, *, kind: str) -> bytes:
    """The file's bytes; kind: 'png', 'jpg', 'tiff' or 'webp'.

    16 bits are rounded to 8 for JPEG and WebP. JPEG leaves out an alpha that is opaque everywhere.
    Raises ValueError for what a kind cannot hold: transparency in JPEG, sides too long.
    """
    pixels, alpha = picture.pixels, picture.alpha
    if kind not in DEEP:
        pixels = change_depth(pixels, bits=8)
        alpha = None if alpha is None else change_depth(alpha, bits=8)
    if kind == "png":
        return _png(pixels, alpha=alpha, profile=picture.profile)
    if kind == "tiff":
        return _tiff(pixels, alpha=alpha, profile=picture.profile)
    longest = {"jpg": _JPEG_SIDE, "webp": _WEBP_SIDE}[kind]
    if max(pixels.shape[:2]) > longest:
        raise ValueError(f"a side of {max(pixels.shape[:2])}; {kind} holds {longest}: --format png")
    if kind == "jpg" and alpha is not None:
        if (alpha < np.iinfo(alpha.dtype).max).any():
            raise ValueError("is transparent in places, which JPEG cannot hold: --format png")
        alpha = None
    image = Image.fromarray(_stacked(pixels, alpha).squeeze(2) if pixels.shape[2] == 1
                            and alpha is None else _stacked(pixels, alpha))  # fmt: skip
    file = io.BytesIO()
    profile = picture.profile or b""
    if kind == "jpg":
        image.save(file, "JPEG", quality=QUALITY, subsampling=0, icc_profile=profile)
    else:
        image.save(file, "WEBP", quality=QUALITY, icc_profile=profile)
    return file.getvalue()


def _stacked(pixels: NDArray[Any], alpha: NDArray[Any] | None) -> NDArray[Any]:
    """[H,W,1..4]: the alpha as a last channel."""
    return np.ascontiguousarray(pixels if alpha is None else np.dstack([pixels, alpha]))


def _png(pixels: NDArray[Any], *, alpha: NDArray[Any] | None, profile: bytes | None) -> bytes:
    whole = _stacked(pixels, alpha)
    if whole.shape[2] == 2:
        data = _gray_alpha_png(whole)
    else:
        order = [2, 1, 0, 3][: whole.shape[2]] if whole.shape[2] >= 3 else [0]
        done, coded = cv2.imencode(".png", np.ascontiguousarray(whole[..., order]))
        if not done:
            raise ValueError(f"OpenCV could not encode {list(whole.shape)} {whole.dtype} as PNG")
        data = coded.tobytes()
    if profile is None:
        return data
    chunk = _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    return data[:_PNG_HEAD] + chunk + data[_PNG_HEAD:]


def _gray_alpha_png(whole: NDArray[Any]) -> bytes:
    """Colour type 4, which OpenCV does not write (W3C PNG, 11.2.2)."""
    height, width = whole.shape[:2]
    bits = 8 * whole.dtype.itemsize
    rows = np.ascontiguousarray(whole.astype(whole.dtype.newbyteorder(">"))).view(np.uint8)
    rows = rows.reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), _UP, np.uint8)
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    head = struct.pack(">IIBBBBB", width, height, bits, 4, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(filtered.tobytes()))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _tiff(pixels: NDArray[Any], *, alpha: NDArray[Any] | None, profile: bytes | None) -> bytes:
    whole = _stacked(pixels, alpha)
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        whole[..., 0] if whole.shape[2] == 1 else whole,
        photometric="rgb" if pixels.shape[2] == 3 else "minisblack",
        planarconfig="contig" if whole.shape[2] > 1 else None,
        extrasamples=None if alpha is None else ["unassalpha"],
        compression="zlib",
        iccprofile=profile,
        metadata=None,
    )
    return file.getvalue()
