"""baselines.restoring.channels: gray and colour through networks of the other kind."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from baselines.restoring.channels import any_channels, from_ycbcr, to_ycbcr
from degrade.resize import resize_matlab
from evaluation.metrics.luma import luma_float
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

RNG = np.random.Generator(np.random.Philox(7))
COLOUR = RNG.random((13, 17, 3)).astype(np.float32)
GRAY = COLOUR[..., :1]


def _double(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    return resize_matlab(picture, scale=2, reading="matlab-bicubic-double")


def test_ycbcr_is_matlabs() -> None:
    made = to_ycbcr(COLOUR) * 255
    np.testing.assert_allclose(made[..., 0], luma_float(COLOUR * np.float32(255)), atol=1e-4)
    # rgb2ycbcr's matrix (MATLAB's documentation): columns of Cb and Cr
    red, green, blue = np.moveaxis(COLOUR.astype(np.float64), 2, 0)
    cb = 128 - 37.797 * red - 74.203 * green + 112 * blue
    cr = 128 + 112 * red - 93.786 * green - 18.214 * blue
    np.testing.assert_allclose(made[..., 1], cb, atol=2e-3)
    np.testing.assert_allclose(made[..., 2], cr, atol=2e-3)
    np.testing.assert_allclose(from_ycbcr(to_ycbcr(COLOUR)), COLOUR, atol=1e-12)


def test_a_network_of_luma_gets_luma_and_chroma_is_bicubic() -> None:
    seen: list[Samples] = []

    def restore(picture: Samples, scale: Scale) -> Samples:
        assert scale == 2
        seen.append(picture)
        return np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1) * 0.5

    model = any_channels(Restorer(name="y", restore=restore, scale=2, channels=(1,), luma=True))
    made = model.restore(COLOUR, 2)
    (luma,) = seen
    np.testing.assert_allclose(luma[..., 0] * 255, luma_float(COLOUR * np.float32(255)), atol=1e-4)
    parts = to_ycbcr(made)
    np.testing.assert_allclose(
        parts[..., :1], np.repeat(np.repeat(luma, 2, axis=0), 2, axis=1) * 0.5, atol=1e-12
    )
    np.testing.assert_allclose(parts[..., 1:], _double(to_ycbcr(COLOUR)[..., 1:]), atol=1e-12)
    # gray is a colour of equal channels
    three = model.restore(np.repeat(GRAY, 3, axis=2), 2)
    np.testing.assert_allclose(model.restore(GRAY, 2)[..., 0], three[..., 1], atol=1e-6)


def test_other_networks_of_one_channel_take_one_after_another() -> None:
    network = Network(call=lambda part: part * part, scale=1, channels=(1,))
    model = any_channels(restorer_of(network, name="g", options=ModelOptions()))
    np.testing.assert_array_equal(model.restore(COLOUR, 1), COLOUR * COLOUR)
    assert model.notes == ["g takes one channel: colour goes through it channel by channel"]
    np.testing.assert_array_equal(model.restore(GRAY, 1), GRAY * GRAY)
    with pytest.raises(ValueError, match="takes 1 channel"):
        model.restore(np.zeros((4, 4, 6), np.float32), 1)


def test_gray_through_colour_is_the_mean_of_three() -> None:
    def call(part: Tensor) -> Tensor:
        return part * part.new_tensor([1.0, 2.0, 6.0]).view(1, 3, 1, 1)

    network = Network(call=call, scale=1, channels=(3,))
    model = any_channels(restorer_of(network, name="c", options=ModelOptions()))
    made = model.restore(GRAY, 1)
    assert made.shape == GRAY.shape
    np.testing.assert_allclose(made, GRAY * 3, rtol=1e-6)


def test_models_of_both_or_neither_stay_as_they_are() -> None:
    for channels in ((), (1, 3), (6,)):
        model = Restorer(name="m", restore=lambda picture, _: picture, channels=channels)
        assert any_channels(model) is model


def test_being_told_noise_and_scale_stays_possible() -> None:
    told: list[float] = []

    def call(part: Tensor, sigma: float) -> Tensor:
        told.append(sigma)
        return part

    network = Network(call=call, scale=1, channels=(3,), told="sigma")
    model = any_channels(restorer_of(network, name="n", options=ModelOptions()))
    assert model.at_noise is not None
    louder = model.at_noise(30.0)
    assert louder.restore(GRAY, 1).shape == GRAY.shape
    assert louder.at_noise is not None and louder.at_noise(7.0).restore(GRAY, 1) is not None
    model.restore(COLOUR, 1)
    assert told == [30.0, 7.0, 15.0]
    before = Network(call=lambda part: part, scale=1, channels=(1,), luma=True, pre_upsampled=True)
    model = any_channels(restorer_of(before, name="v", options=ModelOptions()))
    assert model.scale == 0 and model.fractions
    half_more = model.restore(COLOUR, Fraction(3, 2))
    assert half_more.shape == (20, 26, 3)  # MATLAB rounds sides up
