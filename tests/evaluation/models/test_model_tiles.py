"""evaluation.models.{tiles,sizes}: where tiles lie, that they meet, what padding gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from evaluation.models.sizes import SizeRule, pad_reflect
from evaluation.models.tiles import default_overlap, in_tiles, tile_starts, unused_margin

ANY = SizeRule()


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _convolutions(layers: int, *, scale: int = 1) -> nn.Module:
    """Random 3x3 layers: the receptive radius is `layers` pixels of the input."""
    generator = torch.Generator().manual_seed(layers)
    parts: list[nn.Module] = []
    for place in range(layers):
        last = place == layers - 1
        conv = nn.Conv2d(3 if not place else 8, 3 * scale**2 if last else 8, 3, padding=1)
        with torch.no_grad():
            for weights in conv.parameters():
                weights.copy_((torch.rand(weights.shape, generator=generator) - 0.5) * 0.4)
        parts += [conv, nn.Tanh()]
    return nn.Sequential(*parts, nn.PixelShuffle(scale)).eval()


@torch.inference_mode()
def _both(
    net: nn.Module, picture: Tensor, *, scale: int, tile: int, overlap: int, sizes: SizeRule = ANY
) -> tuple[Tensor, Tensor]:
    whole = in_tiles(net, picture, scale=scale, tile=None, overlap=0, sizes=sizes)
    cut = in_tiles(net, picture, scale=scale, tile=(tile, tile), overlap=overlap, sizes=sizes)
    return whole, cut


@settings(max_examples=200, deadline=None)
@given(
    multiple=st.sampled_from([1, 2, 8, 16]), side=st.integers(1, 900), tile=st.integers(64, 300),
    part=st.floats(0, 0.5),
)  # fmt: skip
def test_starts_cover_an_axis_and_share_what_was_asked(
    multiple: int, side: int, tile: int, part: float
) -> None:
    tile = tile // multiple * multiple
    side = max(tile, side // multiple * multiple)
    overlap = int(tile * part)
    starts = tile_starts(side, tile=tile, overlap=overlap, multiple=multiple)
    assert (starts[0], starts[-1]) == (0, side - tile)
    assert all(start % multiple == 0 for start in starts)
    steps = np.diff(starts)
    assert (steps > 0).all()
    assert (steps <= tile - overlap).all()


def test_starts_that_cannot_advance_are_an_error() -> None:
    with pytest.raises(ValueError, match="share 60 cannot advance by a multiple of 16"):
        tile_starts(256, tile=64, overlap=60, multiple=16)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(150, 97), (64, 200), (65, 63), (40, 41)])
def test_within_the_margin_the_result_is_the_whole_pictures(
    scale: int, size: tuple[int, int]
) -> None:
    # radius 6 = margin of overlap 16; the rest is the order of a convolution's sums
    assert unused_margin(16) == 6
    net = _convolutions(6, scale=scale)
    whole, cut = _both(net, _noise(1, 3, *size), scale=scale, tile=64, overlap=16)
    assert cut.shape == (1, 3, size[0] * scale, size[1] * scale)
    assert (cut - whole).abs().max() <= 1e-6


def test_beyond_the_margin_the_result_differs_so_the_test_above_can_fail() -> None:
    whole, cut = _both(_convolutions(16), _noise(1, 3, 150, 97), scale=1, tile=64, overlap=4)
    assert (cut - whole).abs().max() > 1e-6


def test_what_all_tiles_agree_on_is_kept_bit_for_bit() -> None:
    picture = _noise(1, 3, 301, 173)
    _, cut = _both(nn.Identity(), picture, scale=1, tile=64, overlap=23)
    assert torch.equal(cut, picture)


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(64, 260), width=st.integers(64, 260), overlap=st.integers(0, 32),
    scale=st.sampled_from([1, 2, 3]),
)  # fmt: skip
def test_a_blend_lies_between_its_tiles_and_has_no_step(
    height: int, width: int, overlap: int, scale: int
) -> None:
    """Each call gives a constant of its own, 0, 1, 2 ...: the blend's weights become visible."""
    calls: list[int] = []

    def constant(part: Tensor) -> Tensor:
        calls.append(len(calls))
        shape = (1, 1, part.shape[2] * scale, part.shape[3] * scale)
        return torch.full(shape, float(calls[-1] % 2))

    def run(picture: Tensor) -> Tensor:
        return in_tiles(constant, picture, scale=scale, tile=(64, 64), overlap=overlap, sizes=ANY)

    row = run(torch.zeros(1, 1, 64, width))
    assert row.min() >= 0
    assert row.max() <= 1
    assert (row[..., 0, 0] == 0).all()
    ramp = -(-overlap // 4)  # pixels, at least
    if ramp:
        # no two neighbouring pixels differ by more than one step of the narrowest ramp
        assert row.diff(dim=3).abs().max() <= 1 / (ramp * scale) + 1e-6
    calls.clear()
    column = run(torch.zeros(1, 1, width, 64))
    assert torch.equal(column.transpose(2, 3), row)
    calls.clear()
    both = run(torch.zeros(1, 1, height, width))
    assert both.shape == (1, 1, height * scale, width * scale)
    assert both.min() >= 0
    assert both.max() <= 1


def test_all_tiles_have_one_size() -> None:
    seen: set[tuple[int, ...]] = set()

    def watch(part: Tensor) -> Tensor:
        seen.add(tuple(part.shape))
        return part

    for rule, tile, size in (
        (ANY, 96, (301, 173)),
        (SizeRule(multiple=16), 96, (301, 90)),
        (SizeRule(multiple=8, square=True), 64, (300, 41)),
        (SizeRule(fixed=(48, 80)), 0, (100, 60)),
    ):
        seen.clear()
        picture = _noise(1, 3, *size)
        cut = in_tiles(
            watch, picture, scale=1, tile=(tile, tile) if tile else None, overlap=16, sizes=rule
        )
        assert torch.equal(cut, picture)
        assert len(seen) == 1
        ((_, _, height, width),) = seen
        assert rule.fixed in (None, (height, width))
        assert height % rule.multiple == width % rule.multiple == 0
        assert height == width or not rule.square


def test_strides_fall_as_in_the_whole_picture() -> None:
    # pooling by 8 and back: a tile that began elsewhere than at a multiple would differ
    net = nn.Sequential(nn.AvgPool2d(8), nn.Upsample(scale_factor=8))
    whole, cut = _both(
        net, _noise(1, 3, 203, 149), scale=1, tile=64, overlap=32, sizes=SizeRule(multiple=8)
    )
    assert (cut - whole).abs().max() <= 1e-6


@settings(deadline=None)  # the first call imports spandrel
@given(
    multiple=st.integers(1, 64), minimum=st.integers(1, 130), height=st.integers(1, 300),
    width=st.integers(1, 300), square=st.booleans(),
)  # fmt: skip
def test_the_padded_size_is_spandrels(
    multiple: int, minimum: int, height: int, width: int, square: bool
) -> None:
    spandrel = pytest.importorskip("spandrel")
    theirs = spandrel.SizeRequirements(minimum=minimum, multiple_of=multiple, square=square)
    wide, high = theirs.get_padding(width, height)
    rule = SizeRule(multiple=multiple, minimum=minimum, square=square)
    assert rule.padded((height, width)) == (height + high, width + wide)


def test_padding_mirrors_at_the_right_and_the_bottom() -> None:
    picture = torch.arange(6.0).view(1, 1, 2, 3)
    padded = pad_reflect(picture, (3, 8))[0, 0]
    assert padded[0].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]
    assert padded[2].tolist() == padded[0].tolist()
    single = pad_reflect(torch.ones(1, 1, 1, 1), (4, 4))
    assert torch.equal(single, torch.ones(1, 1, 4, 4))
    large = _noise(1, 3, 13, 17)
    theirs = nn.functional.pad(large, (0, 7, 0, 3), "reflect")
    assert torch.equal(pad_reflect(large, (16, 24)), theirs)


def test_a_call_that_gives_another_size_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"gave \[1, 3, 8, 8\] .* wanted is \[1,C,16,16\] \(x2\)"):
        in_tiles(nn.Identity(), _noise(1, 3, 8, 8), scale=2, tile=None, overlap=0, sizes=ANY)


def test_default_overlap_is_at_most_half_a_tile() -> None:
    assert [default_overlap(n) for n in (64, 128, 256, 512, 1024)] == [32, 32, 32, 64, 128]
