"""Ragged canvases: margins as numpy pads them, pictures apart from each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from degrade.canvas import PADDINGS, inside, pad_margin, stack, unstack

NUMPY = {
    "reflect": "reflect", "symmetric": "symmetric", "replicate": "edge", "wrap": "wrap",
    "zero": "constant",
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=4),
    st.integers(0, 9),
    st.sampled_from(sorted(PADDINGS)),
)
def test_margins_are_numpys(sizes: list[tuple[int, int]], radius: int, padding: str) -> None:
    pictures = [torch.arange(2.0 * h * w).reshape(2, h, w) + 1 for h, w in sizes]
    images, found = stack(pictures)
    images[~inside(images, sizes=found).expand_as(images)] = float("nan")  # must not leak in
    padded = pad_margin(images, sizes=found, paddings=[padding] * len(sizes), radius=radius)
    for b, (picture, (h, w)) in enumerate(zip(pictures, sizes, strict=True)):
        wanted = np.pad(
            picture.numpy(),
            ((0, 0), (radius, radius), (radius, radius)),
            mode=NUMPY[padding],  # type: ignore[call-overload]
        )
        got = padded[b, :, : h + 2 * radius, : w + 2 * radius].numpy()
        np.testing.assert_array_equal(got, wanted)


def test_a_batch_may_mix_paddings() -> None:
    images, sizes = stack([torch.ones(1, 3, 3), torch.ones(1, 2, 4)])
    padded = pad_margin(images, sizes=sizes, paddings=["zero", "replicate"], radius=1)
    assert float(padded[0, :, :5, :5].sum()) == 9
    assert float(padded[1, :, :4, :6].sum()) == 24


def test_stack_and_unstack() -> None:
    pictures = [torch.rand(3, 4, 6), torch.rand(3, 5, 2)]
    images, sizes = stack(pictures)
    assert images.shape == (2, 3, 5, 6)
    assert sizes == [(4, 6), (5, 2)]
    for picture, back in zip(pictures, unstack(images, sizes=sizes), strict=True):
        assert torch.equal(picture, back)
    assert [int(n) for n in inside(images, sizes=sizes).sum((1, 2, 3))] == [24, 10]


def test_each_picture_needs_its_padding() -> None:
    with pytest.raises(ValueError, match="zip"):
        pad_margin(torch.ones(2, 1, 3, 3), sizes=[(3, 3)] * 2, paddings=["zero"], radius=1)
