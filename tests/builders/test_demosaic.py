"""Levels, white balance and interpolation: exact, free of the content, and the right way up."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rawpy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from builders.demosaic import DEMOSAICS, demosaic
from builders.dng import DngColor, DngShot, cfa_tile, write_dng
from builders.drops import Drop
from builders.frame import Crop, RawFrame
from builders.raw import read_raw
from degrade.reading.orientation import upright

BAYER = ("RGGB", "GRBG", "GBRG", "BGGR")
XTRANS = "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG"  # Fujifilm X-Pro1, row by row
FULL = [method for method in DEMOSAICS if method != "half"]


def _noise(shape: tuple[int, ...], *, top: int = 9000, seed: int = 6) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, top, shape, dtype=np.uint16)


def _frame(mosaic: NDArray[np.uint16], *, color: DngColor, shot: DngShot | None = None) -> RawFrame:
    buffer = io.BytesIO()
    write_dng(buffer, mosaic, color=color, shot=shot)
    return read_raw("made.dng", data=buffer.getvalue())


def _scene(frame: RawFrame, *, method: str = "ahd") -> NDArray[np.float64]:
    result = demosaic(frame, method=method)
    return result.pixels.astype(np.float64) * result.scale


def _linear(frame: RawFrame) -> NDArray[np.float64]:
    """The oracle: every site in scene-linear units, black and gain exact, cut at its white."""
    assert frame.pattern is not None
    n = frame.pattern.shape[0]
    y, x = np.indices(frame.mosaic.shape)
    black = frame.black.astype(np.float64)[y % n, x % n]
    white = frame.white.astype(np.float64)[y % n, x % n]
    gain = frame.white_balance.astype(np.float64)[frame.pattern[y % n, x % n]]
    return ((frame.mosaic - black) / (white - black)).clip(0, 1) * gain


@settings(max_examples=40, deadline=None)
@given(
    pattern=st.sampled_from(BAYER),
    height=st.integers(24, 61),
    width=st.integers(24, 61),
    black=st.tuples(*[st.integers(0, 40_000).map(lambda n: n / 16)] * 4),
    white=st.integers(3000, 65535),
    gains=st.tuples(*[st.floats(1.0, 3.0)] * 3),
    seed=st.integers(0, 999),
)
def test_half_size_equals_the_numpy_oracle(
    pattern: str,
    height: int,
    width: int,
    black: tuple[float, float, float, float],
    white: int,
    gains: tuple[float, float, float],
    seed: int,
) -> None:
    mosaic = np.random.default_rng(seed).integers(0, white + 100, (height, width)).clip(0, 65535)
    color = DngColor(pattern=pattern, black=black, white=white, white_balance=gains)
    frame = _frame(mosaic.astype(np.uint16), color=color)
    assert frame.black.ravel().tolist() == pytest.approx(list(black), abs=1e-4)
    got = _scene(frame, method="half")
    assert got.shape == ((height + 1) // 2, (width + 1) // 2, 3)
    linear, tile = _linear(frame), cfa_tile(pattern)
    whole = (height // 2, width // 2)
    for channel in range(3):
        sites = [
            linear[y::2, x::2][: whole[0], : whole[1]]
            for y in range(2)
            for x in range(2)
            if tile[y, x] == channel
        ]
        wanted = np.mean(sites, axis=0)
        assert np.abs(got[: whole[0], : whole[1], channel] - wanted).max() < 2e-4


@pytest.mark.parametrize("method", FULL)
@pytest.mark.parametrize("pattern", BAYER)
def test_fractional_black_is_exact_in_the_result(method: str, pattern: str) -> None:
    mosaic = np.full((40, 42), 1000, np.uint16)
    mosaic[0, 0] = 999  # equal samples everywhere are refused as no picture
    color = DngColor(pattern=pattern, black=512.5, white=1512)
    got = _scene(_frame(mosaic, color=color), method=method)[8:-8, 8:-8]
    # LibRaw alone would truncate the black to 512 and give 488 / 1000
    assert np.abs(got - 487.5 / 999.5).max() <= 1 / 65535


@pytest.mark.parametrize("method", FULL)
def test_nothing_depends_on_the_frames_maximum(method: str) -> None:
    base = np.random.default_rng(1).integers(600, 9000, (64, 80), dtype=np.uint16)
    results = []
    for brightest in (9000, 13_000, 15_900, 16_000):
        mosaic = base.copy()
        mosaic[2:4, 2:4] = brightest
        color = DngColor(black=600, white=16_000, white_balance=(2.0, 1.0, 1.5))
        results.append(_scene(_frame(mosaic, color=color), method=method)[32:, 32:])
    for other in results[1:]:
        assert np.array_equal(results[0], other)


def test_highlights_keep_their_headroom() -> None:
    mosaic = np.full((40, 40), 16_000, np.uint16)
    mosaic[20:, :] = 8300
    color = DngColor(black=600, white=16_000, white_balance=(2.0, 1.0, 1.5))
    frame = _frame(mosaic, color=color)
    got = _scene(frame)
    assert got[8, 20].tolist() == pytest.approx([2.0, 1.0, 1.5], abs=1e-4)
    assert got[32, 20].tolist() == pytest.approx([1.0, 0.5, 0.75], abs=1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_turns_as_libraw_turns(orientation: int) -> None:
    mosaic = np.random.default_rng(2).integers(0, 16_000, (46, 60), dtype=np.uint16)
    buffer = io.BytesIO()
    shot = DngShot(orientation=orientation)
    write_dng(buffer, mosaic, color=DngColor(white=16_000), shot=shot)
    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(buffer.getvalue()))
        own = raw.postprocess(
            half_size=True,
            output_bps=16,
            gamma=(1, 1),
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            user_wb=[1.0] * 4,
            output_color=rawpy.ColorSpace.raw,
        )
    frame = read_raw("made.dng", data=buffer.getvalue())
    assert frame.orientation == orientation
    got = demosaic(frame, method="half")
    assert got.pixels.shape == own.shape
    assert np.abs(got.pixels.astype(int) - own).max() <= 1
    with pytest.raises(ValueError, match="1 to 8"):
        upright(mosaic, orientation=0)


def test_crop_is_exact_at_odd_origins_and_turned_with_the_mask() -> None:
    mosaic = np.random.default_rng(3).integers(0, 15_000, (60, 70), dtype=np.uint16)
    mosaic[20, 31] = 16_000
    color = DngColor(pattern="GRBG", white=16_000)
    whole = _frame(mosaic, color=color)
    cut = _frame(mosaic, color=color, shot=DngShot(crop=(7, 15, 41, 33), orientation=6))
    assert cut.crop == Crop(7, 15, 41, 33)
    assert np.array_equal(_scene(cut), np.rot90(_scene(whole)[7:48, 15:48], -1))
    mask = demosaic(cut).clipped
    assert np.array_equal(mask, np.rot90(whole.clipped()[7:48, 15:48], -1))
    assert mask.sum() > 0


def _clipped_slowly(frame: RawFrame) -> NDArray[np.uint8]:
    assert frame.pattern is not None
    height, width = frame.mosaic.shape
    n = frame.pattern.shape[0]
    mask = np.zeros((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            if frame.mosaic[y, x] >= frame.white[y % n, x % n]:
                bit = 1 << int(frame.pattern[y % n, x % n])
                mask[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] |= bit
    return mask


@pytest.mark.parametrize("pattern", [*BAYER, XTRANS])
def test_clip_mask_equals_the_definition(pattern: str) -> None:
    rng = np.random.default_rng(4)
    mosaic = np.where(rng.random((37, 41)) < 0.04, 4000, rng.integers(0, 3999, (37, 41)))
    frame = _frame(mosaic.astype(np.uint16), color=DngColor(pattern=pattern, white=4000))
    assert np.array_equal(frame.clipped(), _clipped_slowly(frame))


def test_linear_frames_are_scaled_not_interpolated() -> None:
    mosaic = np.random.default_rng(5).integers(0, 60_000, (33, 35, 3), dtype=np.uint16)
    color = DngColor(
        pattern=None,
        black=(10.0, 20.5, 30.0),
        white=(60_000, 59_000, 58_000),
        white_balance=(1.5, 1.0, 2.0),
    )
    frame = _frame(mosaic, color=color)
    assert frame.kind == "linear"
    assert frame.black.tolist() == [10.0, 20.5, 30.0]
    assert frame.white.tolist() == [60_000.0, 59_000.0, 58_000.0]
    gain = np.array([1.5, 1.0, 2.0])
    wanted = ((mosaic - frame.black) / (frame.white - frame.black)).clip(0, 1.0) * gain
    assert np.abs(_scene(frame) - wanted).max() < 2e-5 * 2
    assert np.array_equal(frame.clipped() & 2 > 0, mosaic[..., 1] >= 59_000)
    assert _scene(frame, method="half").shape == (17, 18, 3)


@pytest.mark.parametrize("method", FULL)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (1, 0), (4, 3), (5, 5)])
def test_xtrans_finds_its_colours_at_any_phase(method: str, top: int, left: int) -> None:
    tile = np.roll(cfa_tile(XTRANS), (-top, -left), (0, 1))
    y, x = np.indices((516, 522))
    values = np.array([3000, 9000, 6000])
    mosaic = values[tile[y % 6, x % 6]] + (y + x) % 2
    pattern = "".join("RGB"[site] for site in tile.ravel())
    frame = _frame(mosaic.astype(np.uint16), color=DngColor(pattern=pattern, white=16_000))
    assert frame.kind == "xtrans"
    assert frame.pattern is not None
    assert np.array_equal(frame.pattern, tile)
    # LibRaw's bilinear and VNG weights are 8-bit integers
    bound = 2e-3 if method in ("linear", "vng") else 3e-4
    assert np.abs(_scene(frame, method=method)[12:-12, 12:-12] - values / 16_000).max() < bound


def test_xtrans_says_what_really_ran() -> None:
    mosaic = np.random.default_rng(6).integers(0, 9000, (516, 516), dtype=np.uint16)
    frame = _frame(mosaic, color=DngColor(pattern=XTRANS, white=16_000))
    runs = {method: demosaic(frame, method=method) for method in DEMOSAICS}
    assert runs["ppg"].method == "markesteijn-1"
    assert runs["linear"].method == "linear"
    assert {runs[name].method for name in ("ahd", "dcb")} == {"markesteijn-3"}
    assert np.array_equal(runs["ahd"].pixels, runs["dcb"].pixels)
    assert not np.array_equal(runs["ahd"].pixels, runs["ppg"].pixels)
    assert runs["half"].pixels.shape == (258, 258, 3)
    small = _frame(_noise((60, 60)), color=DngColor(pattern=XTRANS))
    with pytest.raises(Drop, match="512"):
        demosaic(small)


def test_other_methods_are_refused_with_the_reason() -> None:
    frame = _frame(np.arange(900, dtype=np.uint16).reshape(30, 30), color=DngColor())
    with pytest.raises(ValueError, match="differs between runs"):
        _scene(frame, method="dht")
    with pytest.raises(ValueError, match="ahd, linear"):
        _scene(frame, method="amaze")


_HASHES = """
import hashlib, numpy as np
from builders.demosaic import DEMOSAICS, demosaic
from builders.raw import read_raw
frame = read_raw({path!r})
for method in DEMOSAICS:
    pixels = demosaic(frame, method=method).pixels
    print(method, hashlib.sha256(pixels.tobytes()).hexdigest())
"""


def test_any_number_of_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    path = tmp_path / "a.dng"
    write_dng(path, rng.integers(0, 16_000, (300, 400), dtype=np.uint16))
    seen = set()
    for threads in ("1", "2", "3"):
        run = subprocess.run(
            [sys.executable, "-c", _HASHES.format(path=str(path))],
            env={**os.environ, "OMP_NUM_THREADS": threads},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        )
        seen.add(run.stdout)
    assert len(seen) == 1
    assert len(next(iter(seen)).splitlines()) == len(DEMOSAICS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_clip_mask_turns_with_the_picture(orientation: int) -> None:
    mosaic = np.full((40, 48), 2000, np.uint16)
    mosaic[2:8, 4:14] = 16_000
    color = DngColor(black=600, white=16_000)
    upright_one = demosaic(_frame(mosaic, color=color), method="linear")
    turned = demosaic(
        _frame(mosaic, color=color, shot=DngShot(orientation=orientation)), method="linear"
    )
    assert turned.clipped.any()
    bright = turned.pixels.min(axis=2) > 0.9 * turned.pixels.max()
    assert (turned.clipped[bright] == 7).all()
    assert np.array_equal(turned.clipped, upright(upright_one.clipped, orientation=orientation))
