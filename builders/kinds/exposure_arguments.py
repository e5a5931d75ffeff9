"""What a user may choose of an exposure build, and the presets that choose for him."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from builders.demosaic import check_method
from builders.render import STYLES
from degrade.images import CODECS
from degrade.option_error import OptionError

# Relative EVs of the MSEC set (Afifi et al., CVPR 2021, section 3.1).
MSEC_EVS = (-1.5, -1.0, 0.0, 1.0, 1.5)
# Beyond this a 14-bit capture holds nothing but noise or white.
_EV_LIMIT = 10.0
ENCODINGS = ("png", "jpeg75", "raw")


class ExposureArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides the pixels of an exposure build.

    ev: stops relative to the capture. size: long side in pixels, or fraction: output side / full
    side, exactly one of them. resize: 'linear' shrinks scene-linear light once before the EVs,
    'display' renders at full size and shrinks the 8-bit picture as MATLAB's imresize does.
    patch: side of square crops, None for whole pictures. gt_kind: 'render' at gt_ev, or 'retouch'.
    encode: codec of lq; gt_encode: codec of gt. bits: 8 or 16. screens: apply Afifi's bounds.
    """

    ev: list[float]
    size: int | None
    fraction: float | None
    resize: Literal["linear", "display"]
    patch: int | None
    gt_kind: Literal["render", "retouch"]
    gt_ev: float | None
    demosaic: str
    style: str
    encode: str
    gt_encode: str
    bits: int
    screens: bool


def ev_name(ev: float) -> str:
    """'ev-1.5', 'ev+0', 'ev+1'."""
    return f"ev{ev + 0.0:+g}"  # + 0.0 turns -0.0 into 0.0


def input_evs(arguments: ExposureArguments) -> list[float]:
    """The EVs that become lq: all, less the one that is the target itself."""
    return [ev for ev in arguments.ev if ev != arguments.gt_ev]


# What each preset sets; whatever the user gives wins. 'msec' makes what the release of Afifi et al.
# holds: full renders shrunk by MATLAB's imresize(., 0.3), JPEG quality 75 (measured on its files).
# The quality of its target files is not stated anywhere: ours are JPEG 100 with full chroma.
PRESETS: dict[str, dict[str, Any]] = {
    "": {"fraction": None, "resize": "linear", "style": "srgb", "encode": "png", "gt_encode": None},
    "msec": {"fraction": 0.3, "resize": "display", "style": "acr-like", "encode": "jpeg75",
             "gt_encode": "jpeg100"},
}  # fmt: skip


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """The user's words; None = not said, the preset or the default decides."""

    preset: str = ""
    ev: Sequence[float] = ()
    size: int | None = None
    fraction: float | None = None
    patch: int | None = None
    gt_ev: float | None = None
    demosaic: str = "ahd"
    style: str | None = None
    encode: str | None = None
    bits: int = 8
    screens: bool | None = None


def resolve(wishes: Wishes, *, retouched: bool) -> ExposureArguments:
    """Checked arguments from wishes, preset and defaults. Raises ValueError that names the option.

    Without size and fraction the long side is 512. Without a retouched target the render at gt_ev
    (default 0) is the target. The screens are the authors' rules for patches, so they are on for
    patches and off for whole pictures, of which they would drop many good ones.
    """
    if wishes.preset not in PRESETS:
        raise OptionError(f"--preset {wishes.preset}: one of {', '.join(p for p in PRESETS if p)}")
    preset = PRESETS[wishes.preset]
    evs = _check_evs(wishes.ev or MSEC_EVS)
    gt_ev = _check_gt_ev(wishes.gt_ev, evs=evs, retouched=retouched)
    if wishes.preset == "msec":
        _check_release(wishes, retouched=retouched)
    if wishes.size is not None and wishes.fraction is not None:
        raise OptionError("--size and --fraction: give one of them")
    size = wishes.size
    fraction = preset["fraction"] if wishes.fraction is None and size is None else wishes.fraction
    if size is None and fraction is None:
        size = 512
    _check(size is None or size >= 16, f"--size {size}: at least 16 pixels")
    _check(fraction is None or 0 < fraction <= 1, f"--fraction {fraction}: above 0, at most 1")
    _check(wishes.patch is None or wishes.patch >= 8, f"--patch {wishes.patch}: at least 8 pixels")
    fits = wishes.patch is None or size is None or wishes.patch <= size
    _check(fits, f"--patch {wishes.patch}: no picture of --size {size} holds it; enlarge --size")
    _check(wishes.bits in (8, 16), f"--bits {wishes.bits}: 8 or 16")
    style, encode = wishes.style or preset["style"], wishes.encode or preset["encode"]
    _check(style in STYLES, f"--style {style}: one of {', '.join(STYLES)}")
    _check(encode in ENCODINGS, f"--encode {encode}: one of {', '.join(ENCODINGS)}")
    _check(wishes.bits == 8 or encode != "jpeg75", "--encode jpeg75 holds 8 bits: --bits 8, or png")
    check_method(wishes.demosaic)
    return ExposureArguments(
        ev=evs,
        size=size,
        fraction=fraction,
        resize=preset["resize"],
        patch=wishes.patch,
        gt_kind="retouch" if retouched else "render",
        gt_ev=gt_ev,
        demosaic=wishes.demosaic,
        style=style,
        encode=encode,
        gt_encode=_gt_codec(encode, preset["gt_encode"]),
        bits=wishes.bits,
        screens=wishes.patch is not None if wishes.screens is None else wishes.screens,
    )


def _check_gt_ev(gt_ev: float | None, *, evs: Sequence[float], retouched: bool) -> float | None:
    """The target render's EV, None beside a retouch; an input must be left next to it."""
    if retouched:
        _check(
            gt_ev is None, "--gt-ev: the target is a retouch, not a render; leave one of them out"
        )
        return None
    value = (gt_ev or 0.0) + 0.0
    _check_ev(value, option="--gt-ev")
    _check(
        any(ev != value for ev in evs),
        f"--ev {value:g}: it is the target's own EV, so no input is left; name another, or --gt-ev",
    )
    return value


def _check_release(wishes: Wishes, *, retouched: bool) -> None:
    """The MSEC release is whole JPEG pictures beside Expert C's retouches, and nothing else."""
    _check(
        retouched,
        "--preset msec: its targets are Expert C's retouches; give their folder with --target",
    )
    _check(
        wishes.patch is None,
        f"--preset msec with --patch {wishes.patch}: the release holds whole pictures; leave one "
        "of them out",
    )
    _check(
        wishes.encode in (None, "jpeg75"),
        f"--preset msec with --encode {wishes.encode}: the release's files are JPEG 75; leave one "
        "of them out",
    )


def _gt_codec(encode: str, preset: str | None) -> str:
    """Targets are never degraded: PNG beside JPEG inputs, unless a preset says otherwise."""
    if encode == "jpeg75":
        return preset or "png"
    assert encode in CODECS
    return encode


def _check(good: bool, message: str) -> None:
    if not good:
        raise OptionError(message)


def _check_evs(evs: Sequence[float]) -> list[float]:
    for ev in evs:
        _check_ev(ev, option="--ev")
    names = {ev_name(ev) for ev in evs}  # they are half of a pair's key
    _check(len(names) == len(evs), f"--ev {' '.join(f'{ev:g}' for ev in evs)}: one is repeated")
    return [float(ev) + 0.0 for ev in evs]


def _check_ev(ev: float, *, option: str) -> None:
    good = math.isfinite(ev) and abs(ev) <= _EV_LIMIT
    _check(good, f"{option} {ev:g}: within +-{_EV_LIMIT:g} stops")
