"""Read a camera RAW as a `RawFrame`: everything LibRaw reads, or a `Drop` that says why not.

LibRaw (through rawpy) decodes. Where a DNG's tags say more than LibRaw keeps (fractional black
levels and their order, white per channel, odd active areas, DefaultCrop), the tags count.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import rawpy
from numpy.typing import NDArray

from builders.camera_color import camera_balance, camera_matrix
from builders.dng import SMALLEST_SIDE
from builders.drops import Drop
from builders.frame import Crop, RawFrame, Sampling
from builders.headerless import SidecarFile, container, wrap_headerless
from builders.tags import DngTags, RawTags, read_tags

# LibRaw's flip (0..7) -> EXIF orientation: bits 4 transpose, 2 rows, 1 columns (libraw, flip_index)
_EXIF_OF_FLIP = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
_REFUSED_CONTAINERS = {
    "Sigma X3F": "Foveon sensors have no mosaic and need Sigma's own colour science",
    "Phase One IIQ": "its black levels are in calibration tables that rawpy does not hand out; "
    "convert it to DNG",
}


def read_raw(path: str | Path, *, data: bytes | None = None) -> RawFrame:
    """Decode a RAW file to its mosaic: Bayer, X-Trans, or linear RGB (linear DNG, Canon sRAW).

    data: the file's bytes, if they are at hand already; else the file is read, once.
    A headerless file needs a sidecar (`builders.headerless.Sidecar`); LibRaw never guesses one.

    White balance: the camera's when it is there and sane (finite, positive, within a factor of
    64); else the daylight multipliers of the colour matrix ("daylight-matrix"); else 1, 1, 1
    ("unit"). A sidecar's counts as "sidecar". The matrix is the file's own or LibRaw's table's
    ("libraw"), a sidecar's, or "identity".

    Raises FileNotFoundError, or Drop with reason "unreadable", "unsupported", "empty-file",
    "no-permission", "no-sidecar" or "no-picture-data".
    """
    path = Path(path)
    data = _read(path) if data is None else data
    if not data:
        raise Drop("empty-file", f"{path}: the file holds no bytes")
    title = container(data[:64])
    if title in _REFUSED_CONTAINERS:
        raise Drop("unsupported", f"{path}: {title}: {_REFUSED_CONTAINERS[title]}")
    sidecar = None
    if title is None:
        data, sidecar = wrap_headerless(data, path=path)
    tags = read_tags(data, name=str(path))
    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(io.BytesIO(data))
            del data  # LibRaw keeps its own reference until it has unpacked
            raw.unpack()
            frame = _frame(raw, tags=tags, path=path)
    except (rawpy.LibRawError, OSError) as error:
        said = error.args[0] if error.args else error
        said = said.decode("ascii", "replace") if isinstance(said, bytes) else said
        raise Drop(
            "unreadable", f"{path}: LibRaw cannot decode it: {said} ({type(error).__name__})"
        ) from error
    return frame if sidecar is None else _from_sidecar(frame, sidecar=sidecar)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise Drop("no-permission", f"{path}: it may not be read: {error.strerror}") from error
    except OSError as error:
        raise Drop("unreadable", f"{path}: it cannot be read: {error.strerror}") from error


def _frame(raw: rawpy.RawPy, *, tags: RawTags, path: Path) -> RawFrame:
    kind, area, pattern = _geometry(raw, tags=tags, name=str(path))
    mosaic = raw.raw_image[area.top : area.top + area.height, area.left : area.left + area.width]
    mosaic = (mosaic[:, :, :3] if kind == "linear" else mosaic).copy()  # LibRaw's memory goes
    if mosaic.min() == mosaic.max():
        raise Drop("no-picture-data", f"{path}: all {mosaic.size} samples are {mosaic.flat[0]}")
    black, white = _levels(raw, pattern=pattern, dng=tags.dng)
    if not (np.isfinite(black).all() and (black >= 0).all() and (black < white).all()):
        raise Drop(
            "unreadable", f"{path}: black {black.tolist()} is not below white {white.tolist()}"
        )
    matrix, matrix_source = camera_matrix(raw)
    balance, balance_source = camera_balance(
        raw, dng=tags.dng, has_matrix=matrix_source == "libraw"
    )
    other = raw.other
    iso = float(other.iso_speed) or tags.iso or 0.0
    return RawFrame(
        name=path.name,
        kind=kind,
        mosaic=mosaic,
        pattern=pattern,
        black=black,
        white=white,
        white_balance=balance,
        white_balance_source=balance_source,
        matrix=matrix,
        matrix_source=matrix_source,
        crop=_crop(raw, area=area, dng=tags.dng),
        orientation=_EXIF_OF_FLIP.get(int(raw.sizes.flip), 1),
        camera=tags.camera,
        iso=iso if iso > 0 else None,
        shutter=float(other.shutter_speed) if other.shutter_speed > 0 else None,
        sidecar_sha256=None,
    )


def _geometry(
    raw: rawpy.RawPy, *, tags: RawTags, name: str
) -> tuple[Sampling, Crop, NDArray[np.uint8] | None]:
    """Sampling, visible area in the decoded array, CFA tile at its top-left; refuses the rest."""
    sizes = raw.sizes

    def refuse(why: str) -> Drop:
        return Drop("unsupported", f"{name}: {why}")

    if sizes.pixel_aspect != 1.0:
        raise refuse(f"its pixels are not square (aspect {sizes.pixel_aspect:.3f})")
    if raw.num_colors == 1:
        raise refuse("a monochrome sensor has no colour to render")
    if raw.num_colors != 3 or not raw.color_desc.startswith(b"RGB"):
        letters = raw.color_desc.decode("ascii", "replace")
        raise refuse(f"a colour filter of {raw.num_colors} colours ({letters}); only R, G, B")
    area = Crop(sizes.top_margin, sizes.left_margin, sizes.height, sizes.width)
    outside = area.top + area.height > sizes.raw_height or area.left + area.width > sizes.raw_width
    if outside or (tags.dng and tags.dng.layout != 1):
        raise refuse("a sensor with a rotated or staggered grid (Super CCD)")
    dng = tags.dng
    if dng is not None:
        if (dng.height, dng.width) != (sizes.raw_height, sizes.raw_width):
            raise refuse(
                f"LibRaw decodes {sizes.raw_height}x{sizes.raw_width} where the tags say "
                f"{dng.height}x{dng.width}"
            )
        if dng.plane_colors != (0, 1, 2):
            raise refuse(f"CFAPlaneColor {dng.plane_colors}; only R, G, B are supported")
        top, left, bottom, right = dng.active_area
        area = Crop(top, left, bottom - top, right - left)
    if min(area.height, area.width) < SMALLEST_SIDE:
        raise refuse(f"{area.height}x{area.width} samples; LibRaw needs {SMALLEST_SIDE} a side")
    if raw.raw_type == rawpy.RawType.Stack:
        if raw.raw_image.ndim != 3 or raw.raw_image.shape[2] < 3:
            raise refuse(f"linear samples of shape {list(raw.raw_image.shape)}; three are needed")
        if dng is None and (tags.make or "").upper().startswith("NIKON"):
            raise refuse("Nikon small RAW, white-balanced already; take the full-size RAW")
        return "linear", area, None
    tile = _tile(raw) if dng is None else dng.tile
    if tile is None or tile.shape not in ((2, 2), (6, 6)) or set(tile.ravel()) != {0, 1, 2}:
        said = "none" if tile is None else str(tile.tolist())
        raise refuse(f"its colour filter is neither a 2x2 nor a 6x6 tile of R, G, B: {said}")
    return ("bayer" if tile.shape == (2, 2) else "xtrans"), area, tile


def _tile(raw: rawpy.RawPy) -> NDArray[np.uint8] | None:
    """The smallest tile that repeats over the first 12x12 visible sites, both greens 1."""
    top, left = raw.sizes.top_margin, raw.sizes.left_margin
    sites = np.array([[raw.raw_color(top + y, left + x) for x in range(12)] for y in range(12)])
    sites = np.where(sites == 3, 1, sites)  # 3 is LibRaw's second green
    for side in (2, 6):
        tile = sites[:side, :side]
        if (np.tile(tile, (12 // side, 12 // side)) == sites).all():
            return tile.astype(np.uint8)
    return None


def _levels(
    raw: rawpy.RawPy, *, pattern: NDArray[np.uint8] | None, dng: DngTags | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Black and white per site (or per linear channel), from the tags where they count."""
    shape = (3,) if pattern is None else pattern.shape
    if dng is None or dng.rescaled:
        levels = np.array(raw.black_level_per_channel, np.float64)  # R, G, B, second green
        black = levels[:3] if pattern is None else levels[_four_colors(pattern)]
        return black.astype(np.float32), np.full(shape, raw.white_level, np.float32)
    if pattern is None:
        # one black per channel; a pattern of them over linear pixels is averaged
        black = np.broadcast_to(dng.black.mean(axis=(0, 1)), shape)
        white = np.broadcast_to(dng.white if len(dng.white) == 3 else dng.white[:1], shape)
    else:
        y, x = np.indices(shape)
        black = dng.black[y % dng.black.shape[0], x % dng.black.shape[1], 0]
        white = np.broadcast_to(dng.white[:1], shape)
    return black.astype(np.float32), white.astype(np.float32)


def _four_colors(pattern: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A tile as LibRaw numbers it: in a 2x2 tile the green in the blue row is 3."""
    if pattern.shape != (2, 2):
        return pattern
    blue_row = (pattern == 2).any(axis=1, keepdims=True)
    return np.where((pattern == 1) & blue_row, 3, pattern).astype(np.uint8)


def _crop(raw: rawpy.RawPy, *, area: Crop, dng: DngTags | None) -> Crop:
    """DefaultCrop within the visible area; the whole of it where the file names none."""
    whole = Crop(0, 0, area.height, area.width)
    sizes = raw.sizes
    if dng is not None:
        wanted = None if dng.crop is None else Crop(*dng.crop)
    elif sizes.crop_height and sizes.crop_width:  # relative to the full raw
        wanted = Crop(
            sizes.crop_top_margin - area.top,
            sizes.crop_left_margin - area.left,
            sizes.crop_height,
            sizes.crop_width,
        )
    else:
        wanted = None
    if wanted is None:
        return whole
    top, left = max(wanted.top, 0), max(wanted.left, 0)
    bottom = min(wanted.top + wanted.height, area.height)
    right = min(wanted.left + wanted.width, area.width)
    return Crop(top, left, bottom - top, right - left) if top < bottom and left < right else whole


def _from_sidecar(frame: RawFrame, *, sidecar: SidecarFile) -> RawFrame:
    """The frame of a wrapped dump, its colour credited to the sidecar."""
    says = sidecar.says
    return replace(
        frame,
        white_balance_source=frame.white_balance_source if says.wb is None else "sidecar",
        matrix_source=frame.matrix_source if says.matrix is None else "sidecar",
        camera=None,
        sidecar_sha256=sidecar.sha256,
    )
