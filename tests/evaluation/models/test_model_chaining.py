"""evaluation.models.chaining: scales multiply, order is kept, notes come through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from degrade.resize import resize_matlab
from evaluation.models import ModelOptions, chain, open_model
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

CPU = ModelOptions(device="cpu")


def _picture() -> np.ndarray:
    return np.random.default_rng(0).random((16, 12, 3), np.float32)


def _model(scale: int, *, factor: float = 1.0, name: str = "m") -> Restorer:
    def call(part: Tensor) -> Tensor:
        return part.repeat_interleave(scale, 2).repeat_interleave(scale, 3) * factor

    return restorer_of(
        Network(call=call, scale=scale, facts={"parameters": 5}), name=name, options=CPU
    )


def test_a_chain_multiplies_scales_and_keeps_order() -> None:
    picture = _picture()
    two, three = _model(2, factor=0.5), _model(3, factor=0.5)
    both = chain([two, three])
    assert both.scale == 6
    expected = picture.repeat(6, 0).repeat(6, 1) / 4
    assert np.array_equal(both.restore(picture, 6), expected)
    assert both.facts["parameters"] == 10
    assert (both.name, both.method) == ("m+m", "")
    with pytest.raises(ValueError, match=r"m \+ m together are x6; asked is x4"):
        both.restore(picture, 4)
    with pytest.raises(ValueError, match="a chain needs a model"):
        chain([])
    assert chain([two]) is two


def test_interpolation_in_a_chain_takes_what_is_left() -> None:
    picture = _picture()
    bicubic = open_model("bicubic", options=CPU)
    for models in ([_model(2), bicubic], [bicubic, _model(2)]):
        both = chain(models)
        assert both.scale == 0
        assert both.restore(picture, 4).shape == (64, 48, 3)
        assert both.restore(picture, 2).shape == (32, 24, 3)
        with pytest.raises(ValueError, match="together are x2; asked is x3"):
            both.restore(picture, 3)
    chained = chain([_model(2), bicubic]).restore(picture, 4)
    doubled = picture.repeat(2, 0).repeat(2, 1)
    expected = resize_matlab(doubled, scale=2, reading="matlab-bicubic-double")
    assert np.array_equal(chained, expected)


def test_a_chain_tells_its_models_notes() -> None:
    first = _model(1)

    def restore(picture: Samples, scale: Scale) -> Samples:
        first.notes.append("out of memory")
        return picture.repeat(int(scale), 0).repeat(int(scale), 1)

    noisy = replace(first, restore=restore)
    both = chain([noisy, open_model("identity", options=CPU)])
    assert both.notes == []
    both.restore(_picture(), 1)
    assert both.notes == ["m: out of memory"]


def test_a_model_draws_no_random_numbers_and_repeats_itself() -> None:
    state = torch.get_rng_state()
    model, picture = _model(2, factor=0.3), _picture()
    assert np.array_equal(model.restore(picture, 2), model.restore(picture, 2))
    assert torch.equal(state, torch.get_rng_state())
