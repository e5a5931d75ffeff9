"""Real camera files: what opens, what is dropped and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rawpy

from builders.demosaic import demosaic
from builders.drops import Drop
from builders.raw import read_raw


@pytest.mark.parametrize("phase", ["rggb", "grbg", "gbrg", "bggr"])
def test_the_rose_in_all_four_phases(testdata: Path, phase: str) -> None:
    path = testdata / "raw" / f"rose_{phase}.dng"
    frame = read_raw(path)
    half = demosaic(frame, method="half")
    with rawpy.imread(str(path)) as own:
        assert np.array_equal(frame.mosaic, own.raw_image)
        wanted = own.postprocess(
            half_size=True,
            user_wb=[float(gain) for gain in frame.white_balance] + [0.0],
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            highlight_mode=rawpy.HighlightMode.Ignore,
            output_color=rawpy.ColorSpace.raw,
            output_bps=16,
            gamma=(1, 1),
            user_flip=0,
        )
    assert frame.kind == "bayer"
    assert frame.pattern is not None
    assert "".join("rgb"[site] for site in frame.pattern.ravel()) == phase
    assert (frame.black == 600).all()
    assert (frame.white == 15_520).all()
    assert frame.white_balance_source == "camera"
    assert frame.matrix_source == "libraw"
    assert frame.sidecar_sha256 is None
    assert half.scale == pytest.approx(1.94921875 / 65_535, rel=1e-6)
    # LibRaw truncates where we round, and leaves what lies above white
    off = np.abs(half.pixels.astype(int) - wanted).max(axis=2)
    assert off[half.clipped == 0].max() <= 1
    assert 0.0005 < (half.clipped > 0).mean() < 0.02


def test_the_chart_has_no_matrix_and_much_clipping(testdata: Path) -> None:
    frame = read_raw(testdata / "raw" / "chart_rggb.dng")
    assert frame.matrix_source == "identity"
    assert (frame.clipped() > 0).mean() > 0.098


def test_a_native_container_without_any_colour_data(testdata: Path) -> None:
    frame = read_raw(testdata / "raw" / "kodak_dc50.kdc")
    assert demosaic(frame).pixels.shape == (512, 768, 3)
    assert frame.pattern is not None
    assert frame.pattern.tolist() == [[1, 0], [2, 1]]
    assert (frame.white_balance_source, frame.matrix_source) == ("unit", "identity")
    assert frame.iso == 84.0
    assert frame.shutter == pytest.approx(1 / 230, rel=1e-3)
    assert "Kodak" in (frame.camera or "")


def test_a_lossy_linear_dng(testdata: Path) -> None:
    frame = read_raw(testdata / "raw" / "canon_eos_6d_linear.dng")
    result = demosaic(frame)
    assert frame.kind == "linear"
    assert frame.mosaic.shape == (816, 1224, 3)
    assert (frame.white == 65_535).all()  # the tag says 255, of codes that LibRaw has expanded
    assert (frame.camera, frame.iso) == ("Canon EOS 6D", 1000.0)
    assert result.method == "none"
    assert (result.clipped > 0).mean() < 0.2


def test_a_file_of_zeros_is_no_picture(testdata: Path) -> None:
    with pytest.raises(Drop, match="are 0") as caught:
        read_raw(testdata / "raw" / "iphone_zero_pixels.dng")
    assert caught.value.reason == "no-picture-data"


def test_every_broken_file_is_dropped_as_unreadable(testdata: Path) -> None:
    broken = sorted((testdata / "raw" / "broken").iterdir())
    assert len(broken) >= 8
    for path in broken:
        with pytest.raises(Drop) as caught:
            read_raw(path)
        assert caught.value.reason == "unreadable", path.name
        assert path.name in str(caught.value)
