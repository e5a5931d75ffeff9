"""ICC profiles of the matrix/TRC kind: what the RGB numbers of a picture mean.

Read after ICC.1:2010 (profile version 4.3): header 7.2, tag table 7.3, three-component
matrix-based profiles 8.3.3 and F.3, curveType 10.5, parametricCurveType 10.15, XYZType 10.27.
Version 2 profiles have the same tags. Lookup-table profiles (A2B tags alone) are refused by name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_REMEDY = "export the picture again in sRGB or ProPhoto RGB"

# The D50 illuminant of the profile connection space, ICC.1:2010 7.2.16.
PCS_WHITE = np.array([0.9642, 1.0, 0.8249])

# sRGB's primaries (IEC 61966-2-1) adapted from D65 to D50 by the linear Bradford transform
# (ICC.1:2010 annex E), as columns of XYZ.
_SRGB_TO_PCS = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)

# Colorants are stored to 1/65536, so their sum misses the white by a little; by more than this
# the profile was never adapted to D50 and its white is left where the profile puts it.
_WHITE_ROUNDING = 2e-3

# Parameter names of each parametric function type, in file order (ICC.1:2010 table 65).
_PARAMETERS = ("g", "gab", "gabc", "gabcd", "gabcdef")


@dataclass(frozen=True)
class Profile:
    """A matrix/TRC profile.

    description: the profile's own name, for messages. curves: per channel, encoded 0..1 ->
    linear. to_pcs: [3,3] linear device RGB -> XYZ of the profile connection space (D50, Y of
    white 1). A grey profile has three equal curves and the columns of to_pcs sum to white.
    """

    description: str
    curves: tuple[Curve, Curve, Curve]
    to_pcs: NDArray[np.float64]


def read_profile(data: bytes) -> Profile:
    """Parses a profile's bytes.

    RGB profiles need rXYZ/gXYZ/bXYZ and rTRC/gTRC/bTRC; grey ones kTRC. A profile that holds
    lookup tables besides the matrix is read by its matrix: media-relative colorimetric.
    Errors: ValueError that names the profile and what to do: a damaged file, another device space
    than RGB or grey, a lookup-table profile, an unknown kind of curve.
    """
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ValueError(f"the embedded ICC profile is damaged (no 'acsp' mark); {_REMEDY}")
    tags = _read_tags(data)
    name = _describe(tags)
    space = data[16:20].decode("latin-1").strip()
    if space == "GRAY" and b"kTRC" in tags:
        curve = _read_curve(tags[b"kTRC"], name=name)
        return Profile(name, (curve, curve, curve), np.diag(PCS_WHITE))
    if space != "RGB":
        raise ValueError(f"ICC profile {name!r} is for {space}, not for RGB or grey; {_REMEDY}")
    needed = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    missing = [tag.decode() for tag in needed if tag not in tags]
    if missing:
        kind = "a lookup-table profile (A2B)" if any(t[:3] == b"A2B" for t in tags) else "damaged"
        raise ValueError(
            f"ICC profile {name!r} is {kind}: it has no {', '.join(missing)}, and only matrix/TRC "
            f"profiles are read; {_REMEDY}"
        )
    columns = [_read_xyz(tags[tag], name=name) for tag in needed[:3]]
    red, green, blue = (_read_curve(tags[tag], name=name) for tag in needed[3:])
    return Profile(name, (red, green, blue), np.stack(columns, axis=1))


def linear_to_srgb(profile: Profile) -> NDArray[np.float64]:
    """[3,3]: linear device RGB of the profile -> linear sRGB (D65), relative colorimetric.

    Rows sum to 1 (device white is sRGB white) unless the profile's own white is not D50.
    """
    from_pcs = np.linalg.inv(_SRGB_TO_PCS)
    from_pcs /= (from_pcs @ PCS_WHITE)[:, None]
    matrix = from_pcs @ profile.to_pcs
    sums = matrix.sum(axis=1, keepdims=True)
    return matrix / sums if np.abs(sums - 1.0).max() < _WHITE_ROUNDING else matrix


def _read_tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    if 132 + 12 * count > len(data):
        raise ValueError(f"the embedded ICC profile is cut short in its tag table; {_REMEDY}")
    tags: dict[bytes, bytes] = {}
    for index in range(count):
        signature, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if offset + size > len(data):
            raise ValueError(f"the embedded ICC profile is cut short at {signature!r}; {_REMEDY}")
        tags[signature] = data[offset : offset + size]
    return tags


def _describe(tags: dict[bytes, bytes]) -> str:
    """The first name of the 'desc' tag: textDescriptionType (v2) or multiLocalized (v4)."""
    tag = tags.get(b"desc", b"")
    if tag[:4] == b"desc" and len(tag) >= 12:
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + length].rstrip(b"\0").decode("latin-1")
    if tag[:4] == b"mluc" and len(tag) >= 28:
        length, offset = struct.unpack_from(">II", tag, 20)
        return tag[offset : offset + length].decode("utf-16-be", "replace").rstrip("\0")
    return "without a name"


def _read_xyz(tag: bytes, *, name: str) -> NDArray[np.float64]:
    if tag[:4] != b"XYZ " or len(tag) < 20:
        raise ValueError(f"ICC profile {name!r}: a colorant is not an XYZType; {_REMEDY}")
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536.0


def _read_curve(tag: bytes, *, name: str) -> Curve:
    kind = tag[:4]
    if kind == b"curv" and len(tag) >= 12:
        (count,) = struct.unpack_from(">I", tag, 8)
        if len(tag) < 12 + 2 * count:
            raise ValueError(f"ICC profile {name!r}: a tone curve is cut short; {_REMEDY}")
        samples = np.frombuffer(tag, dtype=">u2", count=count, offset=12).astype(np.float64)
        return _sampled(samples)
    if kind == b"para" and len(tag) >= 12:
        (function,) = struct.unpack_from(">H", tag, 8)
        if function < len(_PARAMETERS) and len(tag) >= 12 + 4 * len(_PARAMETERS[function]):
            names = _PARAMETERS[function]
            values = struct.unpack_from(f">{len(names)}i", tag, 12)
            return _parametric(
                function, {k: v / 65536.0 for k, v in zip(names, values, strict=True)}
            )
        raise ValueError(
            f"ICC profile {name!r}: parametric curve of function type {function}, types 0 to 4 "
            f"are defined; {_REMEDY}"
        )
    raise ValueError(
        f"ICC profile {name!r}: a tone curve of type {kind.decode('latin-1')!r}, 'curv' and 'para' "
        f"are defined; {_REMEDY}"
    )


def _sampled(samples: NDArray[np.float64]) -> Curve:
    """curveType: no sample is the identity, one a gamma as u8Fixed8, more an even table."""
    if samples.size == 0:
        return lambda x: x
    if samples.size == 1:
        gamma = float(samples[0]) / 256.0
        return lambda x: np.power(x, gamma)
    grid = np.linspace(0.0, 1.0, samples.size)
    return lambda x: np.interp(x, grid, samples / 65535.0)


def _parametric(function: int, p: dict[str, float]) -> Curve:
    """parametricCurveType: (a x + b)^g + shift from the break on, slope x + offset below it."""
    gamma, a, b = p["g"], p.get("a", 1.0), p.get("b", 0.0)
    # What the table's five rows leave open is filled in: types 0 to 2 break where the base of the
    # power turns negative; type 2 adds c on both sides, type 4 adds e above and f below.
    shift, slope, offset = p.get("e", 0.0), p.get("c", 0.0), p.get("f", 0.0)
    if function == 2:
        shift, slope, offset = p["c"], 0.0, p["c"]
    start = p.get("d", -b / a if a else 0.0)

    def curve(x: NDArray[np.float64]) -> NDArray[np.float64]:
        power = np.power(np.maximum(a * x + b, 0.0), gamma) + shift
        return np.clip(np.where(x >= start, power, slope * x + offset), 0.0, 1.0)

    return curve
