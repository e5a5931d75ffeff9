"""Writes ICC profiles for the tests, field by field after ICC.1:2010."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def xyz(values: ArrayLike) -> bytes:
    """XYZType."""
    fixed = np.rint(np.asarray(values) * 65536).astype(int)
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *fixed)


def curv(samples: Sequence[int]) -> bytes:
    """curveType: no sample, a u8Fixed8 gamma, or a table of uint16."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(samples)}H", len(samples), *samples)


def para(function: int, parameters: Sequence[float]) -> bytes:
    """parametricCurveType."""
    fixed = [round(value * 65536) for value in parameters]
    return b"para\0\0\0\0" + struct.pack(f">HH{len(fixed)}i", function, 0, *fixed)


def desc(text: str) -> bytes:
    """textDescriptionType, ASCII part only."""
    ascii_text = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(78)


def profile(tags: dict[str, bytes], *, space: str = "RGB ", pcs: str = "XYZ ") -> bytes:
    """A display profile of version 4.3 with these tags."""
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name.encode(), start + len(body), len(data))
        body += padded
    size = start + len(body)
    header = struct.pack(">I4s4s4s4s4s12s4s", size, bytes(4), b"\x04\x30\0\0", b"mntr",
                         space.encode(), pcs.encode(), bytes(12), b"acsp")  # fmt: skip
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


# Colorants as printed in Adobe's own profiles: D50-adapted XYZ of R, G and B.
PROPHOTO = [[0.79767, 0.28804, 0.0], [0.13519, 0.71188, 0.0], [0.03134, 0.00009, 0.82490]]
ADOBE_RGB = [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]]
SRGB = [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]]


def matrix_profile(
    colorants: Sequence[ArrayLike], *, curve: bytes, name: str = "hand-made"
) -> bytes:
    """An RGB matrix/TRC profile with one curve for all three channels."""
    tags = {"desc": desc(name), "wtpt": xyz([0.9642, 1.0, 0.8249])}
    for channel, values in zip("rgb", colorants, strict=True):
        tags[f"{channel}XYZ"] = xyz(values)
    for channel in "rgb":
        tags[f"{channel}TRC"] = curve
    return profile(tags)
