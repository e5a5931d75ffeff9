"""evaluation.models.by_function: 'module:function' and 'module:factory()'."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from degrade.option_error import OptionError
from evaluation.models import ModelOptions, open_model

CPU = ModelOptions(device="cpu")
MODULE = "a_module_of_this_test"
SOURCE = """
import numpy as np

calls = []

def darken(picture):
    assert picture.dtype == np.float32
    calls.append(picture.shape)
    return picture / 2

def twice(picture):
    return picture.repeat(2, 0).repeat(2, 1)

def gray(picture):
    return picture.mean(axis=2, keepdims=True).astype(np.float64)

def flat(picture):
    return picture[..., 0]

def bits(picture):
    return (picture * 255).astype(np.uint8)

def nothing(picture):
    pass

def factory():
    return darken

def network():
    import torch
    return torch.nn.Conv2d(3, 3, 3, padding=1, bias=False).requires_grad_(True)

class Network:
    def __call__(self, picture):
        return 1 - picture

number = 3
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{MODULE}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop(MODULE, None)


def _picture(height: int = 12, width: int = 9) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), np.float32)


@pytest.mark.parametrize("name", ["darken", "factory()"])
def test_a_function_maps_pictures(name: str) -> None:
    model = open_model(f"{MODULE}:{name}", options=CPU)
    picture = _picture()
    assert np.array_equal(model.restore(picture, 1), picture / 2)
    assert (model.scale, model.channels, model.method) == (0, (), "")
    assert model.facts["kind"] == "function"
    assert model.facts["file"] == f"{MODULE}.py"
    assert len(model.facts["sha256"]) == 64


def test_scale_and_channels_are_the_functions_own() -> None:
    assert open_model(f"{MODULE}:twice", options=CPU).restore(_picture(), 2).shape == (24, 18, 3)
    assert open_model(f"{MODULE}:gray", options=CPU).restore(_picture(), 1).shape == (12, 9, 1)
    assert np.array_equal(
        open_model(f"{MODULE}:Network()", options=CPU).restore(_picture(), 1), 1 - _picture()
    )


def test_tiles_reach_a_function() -> None:
    model = open_model(f"{MODULE}:darken", options=ModelOptions(device="cpu", tile=64))
    picture = _picture(150, 100)
    assert np.array_equal(model.restore(picture, 1), picture / 2)
    assert set(sys.modules[MODULE].calls) == {(64, 64, 3)}


def test_a_factory_may_make_a_network() -> None:
    model = open_model(f"{MODULE}:network()", options=CPU)
    assert (model.scale, model.channels) == (1, (3,))
    assert model.facts["parameters"] == 81
    assert model.facts["macs"] == 81 * 256**2
    assert model.restore(_picture(), 1).shape == (12, 9, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("darke", "has no 'darke'; did you mean 'darken'"),
        ("number", "a int, which cannot be called"),
        ("Network", r"a class; write .*:Network\(\) to make one"),
        ("flat", r"gave a ndarray shape \[12, 9\] for a picture \[12, 9, 3\]; wanted is"),
        ("bits", r"gave uint8 samples; wanted is float in \[0,1\]"),
        ("nothing", "gave a NoneType for a picture"),
        ("twice", r"gave \[1, 3, 24, 18\] for \[1, 3, 12, 9\]; wanted is \[1,C,12,9\]"),
    ],
)
def test_errors_say_what_was_given(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        open_model(f"{MODULE}:{name}", options=CPU).restore(_picture(), 1)


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"no module 'no_such_module' in {tmp_path}"):
        open_model("no_such_module:f", options=CPU)
    (tmp_path / f"{MODULE}.py").write_text("import no_such_library")
    with pytest.raises(ValueError, match="the module needs 'no_such_library', which is not"):
        open_model(f"{MODULE}:f", options=CPU)


def test_half_is_for_networks() -> None:
    with pytest.raises(OptionError, match=r"--bf16: .* is no torch module"):
        open_model(f"{MODULE}:darken", options=ModelOptions(device="cpu", half="bf16"))


def test_a_factory_without_its_brackets_is_told() -> None:
    model = open_model(f"{MODULE}:network", options=CPU)
    with pytest.raises(
        ValueError, match=rf"TypeError: .*makes a model is written {MODULE}:network"
    ):
        model.restore(_picture(), 1)
