"""What a user may choose of the builds that simulate a camera: noise, lowlight, rawsr."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from builders.demosaic import check_method
from builders.render import STYLES
from degrade.cameras import CAMERAS, camera_noise_at
from degrade.draws import draw_u32
from degrade.option_error import OptionError

ENCODINGS = ("png", "raw")  # JPEG would code the noise away
DEFAULT_CAMERA = "nikon-d850"
DEFAULT_PATCH = 512  # as Chen et al. ("Learning to See in the Dark", CVPR 2018) train with
DEFAULT_EVS = (2.0, 6.0)  # the ratios of 4 to 64; SID's are 100 to 300, ELD's 1 to 200
DEFAULT_SCALES = (2, 4)
# Deviations of the lens blur in pixels of the larger sensor: the widths of BSRGAN's blurred
# downsampling (Zhang et al., ICCV 2021, released code), 0.1 to 0.6 of the scale.
DEFAULT_BLUR = (0.1, 0.6)
_DARKEST = 12.0  # stops: of 14 bits two are left
_LARGEST_SCALE = 8
_WIDEST_BLUR = 4.0
_MOST_COPIES = 100


class CameraArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the three kinds have in common.

    camera: a name of `degrade.cameras.CAMERAS`. iso: one variant for each; [] draws a sensitivity
    for each copy from the camera's range. copies: draws of the noise for each variant. patch: side
    of square patches of the gt at full resolution, None for whole pictures. bits: of the rendered
    pictures. encode: codec of lq and gt. screens: apply Afifi's bounds to the gt.
    """

    camera: str
    iso: list[float]
    copies: int
    demosaic: str
    style: str
    patch: int | None
    bits: int
    encode: str
    screens: bool


class NoiseArguments(CameraArguments, frozen=True, forbid_unknown_fields=True):
    """source: camera RAW, or clean pictures taken back to a sensor. size: long side in pixels of a
    smaller render, None for full resolution."""

    source: Literal["raw", "clean"]
    size: int | None


class LowlightArguments(CameraArguments, frozen=True, forbid_unknown_fields=True):
    """darker: least and greatest of the stops k that the light is weakened by, drawn for each copy.
    amplify: multiply by 2^k after the noise. size: as in NoiseArguments."""

    darker: list[float]
    amplify: bool
    size: int | None


class RawsrArguments(CameraArguments, frozen=True, forbid_unknown_fields=True):
    """scales: of the pixel pitch, gt sides / (2 scale) = lq sides. blur: least and greatest
    deviation of the lens blur, as a share of the larger pixel."""

    scales: list[int]
    blur: list[float]


class CameraWishes(msgspec.Struct, frozen=True, kw_only=True):
    """The user's words, common to the three; None = not said, the default decides. patch 0 keeps
    whole pictures."""

    camera: str = DEFAULT_CAMERA
    iso: Sequence[float] = ()
    copies: int = 1
    demosaic: str = "ahd"
    style: str = "srgb"
    patch: int | None = None
    size: int | None = None
    bits: int = 8
    encode: str = "png"
    screens: bool | None = None


def resolve_noise(wishes: CameraWishes, *, clean: bool) -> NoiseArguments:
    """Checked arguments of a noise build. Raises OptionError.

    RAW files give patches of 512 at full resolution unless a size or a patch is said (a smaller
    render would average the noise), clean pictures are kept whole.
    """
    _check(
        not clean or wishes.style == "srgb",
        f"--style {wishes.style} with --gt: clean pictures go back by their own road; leave it out",
    )
    common = _common(wishes, patch=None if clean or wishes.size else DEFAULT_PATCH)
    return NoiseArguments(**common, source="clean" if clean else "raw", size=wishes.size)


def resolve_lowlight(
    wishes: CameraWishes, *, darker: tuple[float, float] = DEFAULT_EVS, amplify: bool = True
) -> LowlightArguments:
    """Checked arguments of a lowlight build; sizes as in `resolve_noise`. Raises OptionError."""
    low, high = darker
    _check(
        0.0 <= low <= high <= _DARKEST,
        f"--ev-range {low:g} {high:g}: the least and the greatest stops of darkening, within 0 to "
        f"{_DARKEST:g}",
    )
    common = _common(wishes, patch=None if wishes.size else DEFAULT_PATCH)
    return LowlightArguments(
        **common, darker=[float(low), float(high)], amplify=amplify, size=wishes.size
    )


def resolve_rawsr(
    wishes: CameraWishes,
    *,
    scales: Sequence[int] = (),
    blur: tuple[float, float] = DEFAULT_BLUR,
) -> RawsrArguments:
    """Checked arguments of a rawsr build. Raises OptionError."""
    chosen = list(scales or DEFAULT_SCALES)
    for scale in chosen:
        _check(1 < scale <= _LARGEST_SCALE, f"--scale {scale}: 2 to {_LARGEST_SCALE}")
    _check(len(set(chosen)) == len(chosen), f"--scale {_words(chosen)}: one is repeated")
    _check(
        0.0 < blur[0] <= blur[1] <= _WIDEST_BLUR,
        f"--blur {blur[0]:g} {blur[1]:g}: least and greatest deviation in pixels of the larger "
        f"sensor, above 0 and at most {_WIDEST_BLUR:g}",
    )
    _check(wishes.size is None, f"--size {wishes.size}: rawsr renders at full resolution")
    _check(wishes.demosaic != "half", "--demosaic half: rawsr renders at full resolution")
    common = _common(wishes, patch=_divisible(DEFAULT_PATCH, grid_step(chosen)))
    side, step = common["patch"], grid_step(chosen)
    _check(
        side is None or side % step == 0,
        f"--patch {side}: a multiple of {step}, so that every --scale divides it into whole cells",
    )
    return RawsrArguments(**common, scales=chosen, blur=[float(blur[0]), float(blur[1])])


def grid_step(scales: Sequence[int]) -> int:
    """Pixels of the gt that hold whole 2x2 cells of the lq at each of the scales."""
    return 2 * math.lcm(*scales)


def variants(arguments: CameraArguments) -> list[tuple[str, float | None, int]]:
    """(name, ISO or None for a drawn one, number of the copy) of each noisy picture of a scene:
    'iso-800', 'iso-800-01' where there are several copies, 'copy-00' where the ISO is drawn."""
    copies = range(arguments.copies)
    if not arguments.iso:
        return [(f"copy-{copy:02d}", None, copy) for copy in copies]
    return [
        (f"iso-{iso:g}" + (f"-{copy:02d}" if arguments.copies > 1 else ""), iso, copy)
        for iso in arguments.iso
        for copy in copies
    ]


def _common(wishes: CameraWishes, *, patch: int | None) -> dict[str, Any]:
    _check_camera(wishes.camera, wishes.iso)
    _check(1 <= wishes.copies <= _MOST_COPIES, f"--copies {wishes.copies}: 1 to {_MOST_COPIES}")
    check_method(wishes.demosaic)
    _check(wishes.style in STYLES, f"--style {wishes.style}: one of {', '.join(STYLES)}")
    _check(wishes.bits in (8, 16), f"--bits {wishes.bits}: 8 or 16")
    _check(wishes.encode in ENCODINGS, f"--encode {wishes.encode}: one of {', '.join(ENCODINGS)}")
    size = wishes.size
    _check(size is None or size >= 16, f"--size {size}: at least 16 pixels")
    side = (wishes.patch or None) if wishes.patch is not None else patch
    _check(side is None or side >= 8, f"--patch {side}: at least 8 pixels, or 0 for none")
    _check(
        side is None or size is None or side <= size,
        f"--patch {side}: no picture of --size {size} holds it; enlarge --size",
    )
    return {
        "camera": wishes.camera,
        "iso": [float(iso) for iso in wishes.iso],
        "copies": wishes.copies,
        "demosaic": wishes.demosaic,
        "style": wishes.style,
        "patch": side,
        "bits": wishes.bits,
        "encode": wishes.encode,
        "screens": side is not None if wishes.screens is None else wishes.screens,
    }


def _check_camera(camera: str, isos: Sequence[float]) -> None:
    """A known camera, and ISOs within its range, none twice."""
    if camera not in CAMERAS:
        near = get_close_matches(camera.lower(), CAMERAS, n=1, cutoff=0.3)
        nearest = f"the nearest is {near[0]}; " if near else ""
        raise OptionError(f"--camera {camera}: {nearest}one of {', '.join(CAMERAS)}")
    for iso in isos:
        try:
            camera_noise_at(camera, iso=iso, seed=draw_u32("check"), key="check")
        except ValueError as error:
            raise OptionError(f"--iso {iso:g}: {error}") from error
    names = {f"{iso:g}" for iso in isos}  # they are a part of a pair's key
    _check(len(names) == len(isos), f"--iso {_words(isos)}: one is repeated")


def _divisible(side: int, step: int) -> int:
    return max(side // step, 1) * step


def _words(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _check(good: bool, message: str) -> None:
    if not good:
        raise OptionError(message)
