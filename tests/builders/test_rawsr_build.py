"""RAW super-resolution builds: where the coarse mosaic's sites lie, in which plane each colour is,
and that four planes of 16 bits survive storage."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from camera_sets import build_camera, linear_of, plan_camera, write_light
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builders.camera_simulation import expose_light, sensor_light
from builders.containers import read_header
from builders.dng import DngShot, cfa_tile
from builders.kinds.camera_arguments import CameraWishes
from builders.mosaic_scale import Blur, downscale_mosaic, plane_kernel
from builders.packed import BLACK, PLANES, WHITE, pack, show_packed, to_codes, to_light
from builders.pairs import Pair, open_pairs
from builders.parts import code_picture, coded_bytes
from builders.raw import read_raw
from degrade.cameras import CameraNoise
from degrade.images import decode_picture, encode_picture

PATTERNS = ("RGGB", "GRBG", "GBRG", "BGGR")
QUIET = CameraWishes(camera="sony-a7s2", iso=(100,), patch=0, bits=16, demosaic="linear")
COLORS = (0.2, 0.4, 0.7)


def mosaic_of(planes: np.ndarray, pattern: str) -> np.ndarray:
    """[H,W] behind a pattern, from full-resolution colours [H,W,3]."""
    tile = cfa_tile(pattern)
    sites = np.tile(tile, (planes.shape[0] // 2, planes.shape[1] // 2)).astype(np.intp)
    return np.take_along_axis(planes, sites[..., None], axis=2)[..., 0]


def built_pairs(folder: Path, out: Path, *, scales: tuple[int, ...] = (2, 4)) -> dict[str, Pair]:
    planned = plan_camera("rawsr", folder, QUIET, scales=scales)
    return {pair.key: pair for pair in open_pairs(build_camera(planned, out))}


@given(
    scale=st.integers(1, 8),
    sigma=st.floats(0.05, 3.0),
    cross=st.floats(0.05, 3.0),
    angle=st.floats(0.0, 3.14),
    site=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
@settings(max_examples=30, deadline=None)
def test_a_planes_kernel_is_centred_on_its_site_of_the_coarse_mosaic(
    scale: int, sigma: float, cross: float, angle: float, site: tuple[int, int]
) -> None:
    kernel = plane_kernel(scale=scale, blur=Blur(sigma, cross, angle), site=site)
    half = len(kernel) // 2
    places = np.arange(-half, half + 1)
    assert kernel.sum() == pytest.approx(1.0)
    assert kernel.min() >= 0.0
    for axis in (0, 1):
        centroid = float((kernel.sum(axis=1 - axis) * places).sum())
        # site (Y, X) has its centre at scale (Y + 1/2) - 1/2 pixels; a plane's step is two of them
        centre = (scale * (site[axis] + 0.5) - 0.5 - site[axis]) / 2
        assert centroid == pytest.approx(centre, abs=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_ramp_is_read_where_the_coarse_sites_lie(scale: int) -> None:
    side = 24 * scale
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for ramp, axis in ((x, 1), (y, 0)):
        coarse = downscale_mosaic(ramp, scale=scale, blur=Blur(0.4 * scale, 0.2 * scale, 0.7))
        sites = scale * (np.arange(24) + 0.5) - 0.5
        middle = slice(8, 16)  # away from the mirrored edges
        found = coarse.mean(axis=1 - axis)[middle]
        assert found == pytest.approx(sites[middle], abs=1e-3)


def test_blur_and_aperture_widen_a_point() -> None:
    # the second moment of a plane's kernel: Gaussian, pixel of `scale`, surface between sites
    kernel = plane_kernel(scale=4, blur=Blur(2.0, 1.0, 0.0), site=(0, 0))
    half = len(kernel) // 2
    places = 2.0 * np.arange(-half, half + 1) - 1.5
    for axis, sigma in ((1, 2.0), (0, 1.0)):
        spread = float((kernel.sum(axis=1 - axis) * places**2).sum())
        # 4 pixels of box: 16/12; linear surface over sites 2 apart: 4/6
        assert spread == pytest.approx(sigma**2 + 16 / 12 + 4 / 6, rel=0.01)


def test_mosaics_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        downscale_mosaic(np.zeros((16, 20), np.float32), scale=4, blur=Blur(1, 1, 0))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_plane_holds_its_colour_whatever_the_pattern(pattern: str, tmp_path: Path) -> None:
    flat = np.broadcast_to(np.array(COLORS, np.float32), (66, 82, 3)).copy()
    mosaic = mosaic_of(flat, pattern)
    red_row = next(row for row in (0, 1) if 0 in cfa_tile(pattern)[row])
    mosaic[red_row::2][mosaic[red_row::2] == np.float32(COLORS[1])] = 0.5  # Gr differs from Gb
    crop = (1, 1, 64, 80)  # an odd corner: the filter begins elsewhere
    for name, shot in (("plain", DngShot()), ("odd", DngShot(crop=crop))):
        write_light(tmp_path / "raw" / f"{name}.dng", mosaic, pattern=pattern, shot=shot)
    for pair in built_pairs(tmp_path / "raw", tmp_path / "set").values():
        assert pair.lq.dtype == np.uint16
        scale = pair.record["scale"]
        assert pair.gt.shape == (*(2 * scale * side for side in pair.lq.shape[:2]), 3)
        inside = to_light(pair.lq)[2:-2, 2:-2].reshape(-1, 4)
        assert inside.mean(axis=0) == pytest.approx([0.2, 0.5, 0.4, 0.7], abs=0.005), PLANES
        assert pair.record["packing"] == {"planes": list(PLANES), "black": BLACK, "white": WHITE}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_lq_lies_over_its_gt(pattern: str, tmp_path: Path) -> None:
    """Centroids of a spot, in gt pixels: plane (dy, dx) of lq pixel (y, x) is centred at
    scale (2 y + dy + 1/2) - 1/2."""
    y, x = np.mgrid[:130, :162].astype(np.float32)
    spot = 0.8 * np.exp(-((y - 61.3) ** 2 + (x - 83.6) ** 2) / (2 * 9.0**2))
    mosaic = mosaic_of(np.repeat(spot[..., None], 3, axis=2), pattern)
    write_light(tmp_path / "raw" / "spot.dng", mosaic, pattern=pattern)
    for pair in built_pairs(tmp_path / "raw", tmp_path / "set").values():
        top, left, *_ = pair.record["region"]
        gt = linear_of(pair.gt)[..., 1]
        rows, columns = np.arange(gt.shape[0]), np.arange(gt.shape[1])
        weight = np.where(gt > 0.1, gt, 0.0)
        place = ((weight.sum(1) * rows).sum(), (weight.sum(0) * columns).sum()) / weight.sum()
        assert place == pytest.approx((61.3 - top, 83.6 - left), abs=0.1)
        scale = pair.record["scale"]
        planes = to_light(pair.lq)
        for plane in range(4):
            dy, dx = divmod(plane, 2)
            weight = np.maximum(planes[..., plane] - 0.02, 0.0)
            h, w = weight.shape
            down = scale * (2 * np.arange(h) + dy + 0.5) - 0.5
            right = scale * (2 * np.arange(w) + dx + 0.5) - 0.5
            found = ((weight.sum(1) * down).sum(), (weight.sum(0) * right).sum()) / weight.sum()
            # a tenth of a gt pixel; block means of packed planes would be half a pixel off at x2
            assert found == pytest.approx((61.3 - top, 83.6 - left), abs=0.15)


def test_noise_follows_the_law_on_the_coarse_mosaic(tmp_path: Path) -> None:
    write_light(tmp_path / "raw" / "grey.dng", np.full((512, 512), 0.25, np.float32))
    wishes = CameraWishes(camera="oppo-reno-10x", iso=(3200,), patch=0, demosaic="linear")
    out = build_camera(plan_camera("rawsr", tmp_path / "raw", wishes), tmp_path / "set")
    (pair,) = open_pairs(out)
    noise = pair.record["noise"]
    span = noise["white"] - noise["black"]
    wanted = (noise["gain"] * 0.25 * span + noise["sigma"] ** 2 + 1 / 12) / span**2
    assert to_light(pair.lq).var() == pytest.approx(wanted, rel=0.03)


def test_every_variant_has_a_lens_blur_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        light = np.random.default_rng(5).random((96, 112)).astype(np.float32)
        write_light(tmp_path / "raw" / f"{name}.dng", light)
    built = built_pairs(tmp_path / "raw", tmp_path / "out")
    shares = {
        key: pair.record["blur"]["sigma"] / pair.record["scale"] for key, pair in built.items()
    }
    assert len({round(share, 6) for share in shares.values()}) == len(shares) == 4
    assert all(0.1 <= share <= 0.6 for share in shares.values())


def test_a_record_makes_its_mosaic_again_without_a_draw(tmp_path: Path) -> None:
    light = np.random.default_rng(5).random((96, 112)).astype(np.float32)
    path = write_light(tmp_path / "raw" / "any.dng", light)
    for pair in built_pairs(tmp_path / "raw", tmp_path / "set").values():
        top, left, height, width = pair.record["region"]
        seen = sensor_light(read_raw(path)).light[top : top + height, left : left + width]
        blur = Blur(*(pair.record["blur"][name] for name in Blur._fields))
        coarse = downscale_mosaic(seen, scale=pair.record["scale"], blur=blur)
        says = dict(pair.record["noise"])
        seed = says.pop("seed")
        made = to_codes(pack(expose_light(coarse, noise=CameraNoise(**says), seed=seed)))
        assert np.array_equal(made, pair.lq)


def test_the_card_says_how_to_read_a_mosaic(tmp_path: Path) -> None:
    write_light(tmp_path / "raw" / "any.dng", np.full((64, 64), 0.3, np.float32))
    built_pairs(tmp_path / "raw", tmp_path / "set")
    card = (tmp_path / "set" / "README.md").read_text()
    assert f"light = (code - {BLACK}) / {WHITE - BLACK}" in card
    assert "R, Gr, Gb, B" in card


def test_light_below_black_survives_packing() -> None:
    light = np.linspace(-0.06, 1.0, 64, dtype=np.float32).reshape(4, 16)
    back = to_light(to_codes(light))
    assert back == pytest.approx(light, abs=0.5 / (WHITE - BLACK) + 1e-7)
    assert to_codes(np.array([-1.0, 2.0], np.float32)).tolist() == [0, WHITE]


def test_packing_takes_cells_row_by_row() -> None:
    mosaic = np.arange(24, dtype=np.float32).reshape(4, 6)
    packed = pack(mosaic)
    for plane in range(4):
        dy, dx = divmod(plane, 2)
        assert np.array_equal(packed[..., plane], mosaic[dy::2, dx::2])
    with pytest.raises(ValueError, match="even"):
        pack(mosaic[:3])


def test_four_planes_of_sixteen_bits_are_kept_bit_for_bit() -> None:
    planes = np.random.default_rng(1).integers(0, 65536, (7, 5, 4)).astype(np.uint16)
    planes[0, :, 3] = 0  # no fourth plane is a transparency that hides the others
    data = encode_picture(planes, codec="png")
    assert read_header(data) == ("png", (7, 5, 4), "uint16")
    assert np.array_equal(decode_picture(data, planes=4), planes)
    assert np.array_equal(decode_picture(data), planes[..., :3])
    assert np.array_equal(coded_bytes(data).picture(), planes)
    assert np.array_equal(code_picture(planes, codec="raw").picture(), planes)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == "RGBA"
    with pytest.raises(ValueError, match="uint16"):
        encode_picture(planes.astype(np.uint8), codec="png")
    with pytest.raises(ValueError, match="8 bits"):
        encode_picture(planes, codec="jpeg100")


def test_the_contact_sheet_shows_a_mosaic_in_its_colours() -> None:
    gains = np.array([2.0, 1.0, 1.6])
    grey = np.empty((8, 8, 4), np.float32)
    grey[...] = 0.3 / gains[[0, 1, 1, 2]]
    record = {"capture": {"white_balance": gains.tolist(), "matrix": np.eye(3).ravel().tolist()}}
    shown = show_packed(to_codes(grey), record=record)
    assert shown.dtype == np.uint8
    assert np.ptp(shown, axis=2).max() <= 1
    assert shown.mean() == pytest.approx(255 * 0.5838, abs=1)  # sRGB of 0.3
    # a white edge has no coloured fringe where each plane is read at the cell's centre
    x = np.mgrid[:32, :32][1].astype(np.float32)
    ramp = mosaic_of(np.repeat((0.02 * x)[..., None], 3, axis=2), "RGGB")
    view = show_packed(to_codes(pack(ramp)), record={})
    assert np.ptp(view[2:-2, 2:-2].astype(int), axis=2).max() <= 1
