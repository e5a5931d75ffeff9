"""builders.render on RAW data: LibRaw as the oracle, the Bayer phases, and LibRaw's traps.

Each trap's test renders the same file both ways and asserts the law on our picture and that the
trapped one breaks it, so falling into the trap fails the test.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
from numpy.typing import NDArray

from builders.demosaic import Demosaiced, demosaic
from builders.dng import DngColor, write_dng
from builders.raw import read_raw
from builders.render import STYLES, develop, linear, render
from degrade.color import srgb_decode, srgb_encode

PHASES = ("RGGB", "GRBG", "GBRG", "BGGR")
ROSES = tuple(f"raw/rose_{phase.lower()}.dng" for phase in PHASES)
WB = (1.949, 1.0, 1.344)
BLACK, WHITE = 600, 15520
# everything that LibRaw would decide by itself is switched off
PLAIN: dict[str, Any] = {
    "half_size": True,
    "gamma": (1, 1),
    "no_auto_bright": True,
    "adjust_maximum_thr": 0.0,
    "use_camera_wb": True,
    "output_bps": 16,
    "highlight_mode": rawpy.HighlightMode.Clip,
    "user_flip": 0,
}


def dng(light: NDArray[np.float64], *, pattern: str = "RGGB") -> bytes:
    """A DNG of scene-linear, balanced light [h,w,3], one 2x2 block per pixel; no colour matrix."""
    sensor = np.minimum(light / WB, 1.0) * (WHITE - BLACK) + BLACK
    mosaic = np.empty((2 * light.shape[0], 2 * light.shape[1]), np.uint16)
    for site, letter in enumerate(pattern):
        mosaic[site // 2 :: 2, site % 2 :: 2] = np.round(sensor[:, :, "RGB".index(letter)])
    target = io.BytesIO()
    color = DngColor(pattern=pattern, black=BLACK, white=WHITE, white_balance=WB)
    write_dng(target, mosaic, color=color)
    return target.getvalue()


def libraw(data: bytes, **changed: Any) -> NDArray[np.float64]:
    """LibRaw's own picture in [0,1]."""
    with rawpy.imread(io.BytesIO(data)) as raw:
        return raw.postprocess(**{**PLAIN, **changed}) / 65535.0


def ours(data: bytes, *, method: str = "half") -> Demosaiced:
    return demosaic(read_raw("memory.dng", data=data), method=method)


def flat(*rgb: float) -> NDArray[np.float64]:
    """One colour but for a black corner: a frame of one single value is refused as no picture."""
    light = np.tile(np.array(rgb, np.float64), (16, 16, 1))
    light[0, 0] = 0.0
    return light


# --- real files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ROSES, "raw/chart_rggb.dng"])
def test_ev_0_equals_libraws_linear_half_size_picture(testdata: Path, name: str) -> None:
    # at every pixel, clipped ones too: what the highlight rule raises is cut at 1 again
    data = (testdata / name).read_bytes()
    got, want = linear(develop(ours(data)), ev=0.0), libraw(data)
    assert got.shape == want.shape
    assert np.abs(got - want).max() < 2e-4  # measured 7.1e-5


def test_phases_of_one_capture_give_one_half_size_picture(testdata: Path) -> None:
    # the samples of each 2x2 block are rearranged in place, so half size has no demosaic error;
    # the 3x3 reach of the clip mask alone knows the places within a block
    first, *others = (ours((testdata / name).read_bytes()) for name in ROSES)
    for other in others:
        same = first.clipped == other.clipped
        assert same.mean() > 0.999
        for style in STYLES:
            for ev in (-1.5, 0.0, 1.5):
                one, two = (render(develop(x), ev=ev, style=style) for x in (first, other))
                assert np.array_equal(one[same], two[same])


def test_phases_of_one_capture_agree_within_demosaicing_error(testdata: Path) -> None:
    # rearranging moves samples by a pixel, so full size differs by more than interpolation alone;
    # halved again, and on the mean, the pictures must agree. Measured rms 0.029, means 2.6e-4
    pictures = []
    for name in ROSES:
        full = linear(develop(ours((testdata / name).read_bytes(), method="ahd")), ev=0.0)
        pictures.append(full.astype(np.float64).reshape(256, 2, 384, 2, 3).mean(axis=(1, 3)))
    for other in pictures[1:]:
        assert np.sqrt(np.mean((other - pictures[0]) ** 2)) < 0.035
        assert np.abs((other - pictures[0]).mean(axis=(0, 1))).max() < 1e-3


@pytest.mark.parametrize("name", [ROSES[0], "raw/chart_rggb.dng"])
def test_a_stop_doubles_the_light_of_a_real_file(testdata: Path, name: str) -> None:
    developed = develop(ours((testdata / name).read_bytes(), method="ahd"))
    below, above = linear(developed, ev=-2.0), linear(developed, ev=-1.0)
    inside = (
        (above > 0)
        & (above < 1)
        & np.all(developed.pixels * developed.scale < 2, axis=2)[..., None]
    )
    assert inside.mean() > 0.5
    assert np.array_equal(above[inside], 2 * below[inside])


def test_blown_parts_of_a_real_file_are_neutral(testdata: Path) -> None:
    demosaiced = ours((testdata / "raw/chart_rggb.dng").read_bytes())
    light = demosaiced.pixels * demosaiced.scale
    blown = (demosaiced.clipped == 7) & (light.min(axis=2) >= 1)
    assert blown.mean() > 0.01
    for style in STYLES:
        got = render(develop(demosaiced), ev=-1.5, style=style)[blown]
        assert np.ptp(got, axis=1).max() == 0
    pink = light[blown].mean(axis=0)  # without the rule
    assert pink[0] / pink[1] > 1.5


def test_the_rose_is_red(testdata: Path) -> None:
    developed = develop(ours((testdata / ROSES[0]).read_bytes()))
    for style in STYLES:
        for ev in (-1.5, 0.0, 1.5):
            r, g, b = render(developed, ev=ev, style=style)[100:110, 180:200].reshape(-1, 3).mean(0)
            assert r > 1.5 * g and r > 1.5 * b


# --- synthetic mosaics --------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_four_phases_of_a_synthetic_mosaic_are_one_picture(style: str) -> None:
    light = np.random.default_rng(0).random((20, 24, 3)) * 2.2
    plain, *others = (develop(ours(dng(light, pattern=phase))) for phase in PHASES)
    assert plain.clipped is not None and (plain.clipped > 0).any()
    for other in others:
        assert np.array_equal(other.pixels, plain.pixels)
        # flags look at neighbouring sites, which differ between the phases: compare without them
        pictures = [develop(_unflagged(x)) for x in (plain, other)]
        one, two = (render(picture, ev=-0.7, style=style, bits=16) for picture in pictures)
        assert np.array_equal(one, two)


def _unflagged(picture: Any) -> Demosaiced:
    return Demosaiced(
        picture.pixels, picture.scale, np.zeros_like(picture.clipped), picture.matrix, "half"
    )


@pytest.mark.parametrize("rgb", [(0.4, 0.4, 0.4), (1.3, 0.2, 0.5), (3.0, 3.0, 3.0)])
@pytest.mark.parametrize("method", ["ahd", "linear", "half"])
def test_four_phases_of_a_flat_mosaic_are_one_picture(
    rgb: tuple[float, float, float], method: str
) -> None:
    pictures = [
        render(develop(ours(dng(flat(*rgb), pattern=phase), method=method)), ev=-1.0, bits=16)
        for phase in PHASES
    ]
    for picture in pictures:
        inside = picture[8:, 8:]  # beyond the corner's reach
        assert np.array_equal(inside, pictures[0][8:, 8:])
        assert np.ptp(inside.reshape(-1, 3), axis=0).max() == 0


# --- traps --------------------------------------------------------------------------------------


def test_trap_gain_that_depends_on_the_content() -> None:
    # LibRaw's default adjust_maximum_thr takes the frame's greatest value for white
    dark = flat(0.2, 0.2, 0.2)
    other = dark.copy()
    other[:, 8:] = 0.8
    files = [dng(other), dng(np.where(other > 0.5, 3.0, other))]
    one, two = (render(develop(ours(data)), ev=1.0)[:, :6] for data in files)
    assert np.array_equal(one, two)
    trapped = [libraw(data, adjust_maximum_thr=0.75)[:, :6].mean() for data in files]
    assert trapped[0] > 1.15 * trapped[1]


@pytest.mark.parametrize(("ev", "clamped"), [(-4.0, -2.0), (5.0, 3.0)])
def test_trap_exposure_clamped_to_minus_2_and_plus_3(ev: float, clamped: float) -> None:
    level = 0.8 if ev < 0 else 0.008
    data = dng(flat(level, level, level))
    got = linear(develop(ours(data)), ev=ev)[8, 8]
    assert got == pytest.approx(level * 2**ev, rel=1e-2)
    trapped = libraw(data, exp_shift=2.0**ev)[8, 8]
    assert trapped == pytest.approx(level * 2**clamped, rel=1e-2)


def test_trap_highlights_lost_at_negative_ev() -> None:
    # a red above 1 keeps its headroom, where LibRaw has cut it before the exposure
    data = dng(flat(1.364, 0.3, 0.2))
    got = linear(develop(ours(data)), ev=-1.0)[8, 8]
    np.testing.assert_allclose(got, [0.682, 0.15, 0.1], atol=2e-4)
    trapped = libraw(data, exp_shift=0.5)[8, 8]
    assert trapped[0] == pytest.approx(0.5, abs=1e-3)


def test_trap_grey_whites_at_negative_ev() -> None:
    # pure gain keeps what the sensor has above 1; acr-like keeps white white
    data = dng(flat(3.0, 3.0, 3.0))
    developed = develop(ours(data))
    assert linear(developed, ev=-1.0)[8, 8] == pytest.approx(WB[0] / 2, rel=1e-3)
    assert (render(developed, ev=-1.0, style="acr-like")[8, 8] == 255).all()
    trapped = libraw(data, exp_shift=0.5)[8, 8]
    assert trapped == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    "mode",
    [rawpy.HighlightMode.Ignore, rawpy.HighlightMode.Blend, rawpy.HighlightMode.ReconstructDefault],
)
def test_trap_highlight_modes_darken(mode: rawpy.HighlightMode) -> None:
    data = dng(flat(0.4, 0.4, 0.4))
    assert linear(develop(ours(data)), ev=0.0)[8, 8] == pytest.approx(0.4, abs=1e-4)
    trapped = libraw(data, highlight_mode=mode)[8, 8]
    assert trapped == pytest.approx(0.4 / WB[0], rel=5e-3)


def test_trap_blown_pixels_turn_pink() -> None:
    data = dng(flat(3.0, 3.0, 3.0))
    assert linear(develop(ours(data)), ev=-2.0)[8, 8] == pytest.approx(WB[0] / 4, rel=1e-3)
    trapped = libraw(data, highlight_mode=rawpy.HighlightMode.Ignore)[8, 8]
    assert trapped[0] / trapped[1] > 1.9


def test_trap_bt709_gamma() -> None:
    data = dng(flat(0.05, 0.18, 0.5))
    got = render(develop(ours(data)), ev=0.0, bits=16)[8, 8]
    np.testing.assert_allclose(got / 65535, srgb_encode([0.05, 0.18, 0.5]), atol=2e-4)
    trapped = libraw(data, gamma=(2.222, 4.5))[8, 8]  # LibRaw's default
    assert np.abs(srgb_decode(trapped) - [0.05, 0.18, 0.5]).min() > 0.005
