"""baselines.restoring.models: scales, noise, zero-shot names, and the error of 16 bits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from baselines import opening
from baselines.networks.dncnn import DnCNN
from baselines.networks.fsrcnn import FSRCNN
from baselines.opening import open_named_model, open_named_models
from baselines.restoring.models import ModelRequest, half_error, open_restorer
from degrade.option_error import OptionError
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

CPU = ModelOptions(device="cpu")
PICTURE = np.random.Generator(np.random.Philox(3)).random((12, 10, 3)).astype(np.float32)


def _large(picture: Samples, scale: Scale) -> Samples:
    height, width = (int(n * scale) for n in picture.shape[:2])
    return np.ones((height, width, picture.shape[2]), np.float32)


def _of_any(name: str, *, trained: int = 0) -> Restorer:
    """A model that takes fractions, and says which it was told by its output's size."""
    return Restorer(name=name, restore=_large, fractions=True, default_scale=trained)


KNOWN: dict[str, Callable[[], Restorer]] = {
    "x2": lambda: Restorer(name="x2", restore=lambda p, _: _large(p, 2), scale=2),
    "meta": lambda: _of_any("meta"),
    "vdsr": lambda: _of_any("vdsr", trained=3),
    "own": lambda: Restorer(name="own", restore=lambda p, _: p, default_scale=1),
}


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(name: str, **how: Any) -> Restorer:
        return KNOWN[name]() if name in KNOWN else open_named_model(name, **how)

    monkeypatch.setattr(opening, "open_named_model", one)


@pytest.mark.parametrize(
    ("names", "scale", "factor"),
    [
        (["bicubic"], 3.0, 3),
        (["identity"], None, 1),
        (["x2"], None, 2),
        (["x2"], 2.0, 2),
        (["x2", "bicubic"], 6.0, 6),
        (["identity", "x2"], None, 2),
        (["own"], None, 1),
        (["own", "x2"], None, 2),
        (["meta"], 4.0, 4),
        (["meta"], 2.5, 2.5),
        (["x2", "meta"], 3.5, 3.5),
        (["x2", "meta"], 3.0, 3),
        (["meta"], 2.3333, 7 / 3),
        (["dip"], None, 1),
        (["vdsr"], None, 3),
        (["vdsr"], 1.5, 1.5),
    ],
)
def test_the_scale_is_the_models_or_what_is_asked_for(
    names: list[str], scale: float | None, factor: float
) -> None:
    model = open_restorer(ModelRequest(names=names, scale=scale), options=CPU)
    assert float(model.scale) == factor
    if names == ["dip"]:  # which takes minutes
        return
    assert model.restore(PICTURE).shape == (int(12 * factor), int(10 * factor), 3)


@pytest.mark.parametrize(
    ("names", "asked", "said"),
    [
        (["bicubic"], {}, "--scale: bicubic enlarges by any; say by how much"),
        (["meta"], {}, "--scale: meta enlarges by any"),
        (["zssr"], {}, "--scale: zssr enlarges by any"),
        (["bicubic"], {"scale": 2.5}, "--scale 2.5: bicubic enlarges by whole numbers"),
        (["x2"], {"scale": 4.0}, "x2 enlarges by 2; leave it out, .* bicubic .*x2 more: add --mod"),
        (
            ["x2", "x2"],
            {"scale": 2.0},
            r"--scale 2: x2\+x2 enlarges by 4; .*, or take another model$",
        ),
        (["x2"], {"scale": 3.0}, "--scale 3: x2 .* leave it out, or take another model$"),
        (["identity"], {"scale": 3.0}, "identity keeps the size; leave it out, or put bicubic"),
        (["x2", "bicubic"], {"scale": 3.0}, r"--scale 3: .* needs a multiple of 2"),
        (["x2", "meta"], {"scale": 1.5}, r"--scale 1.5: .* by 2 at least"),
        (["bicubic"], {"scale": 0.5}, "--scale 0.5: 1 to 64"),
        (["bicubic"], {"scale": float("nan")}, "--scale nan: 1 to 64"),
        (["identity"], {"sigma": 25.0}, "--sigma 25: identity is told no noise"),
        (["bicubic", "own"], {}, r"--scale: bicubic\+own enlarges by any"),
        (["identity"], {"seconds": 3.0}, "--time-limit: for zssr and dip"),
    ],
)
def test_what_cannot_be_is_named(names: list[str], asked: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        open_restorer(ModelRequest(names=names, **asked), options=CPU)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"scale": 0.0}, "^--scale 0: 1 to 64$"),
        ({"scale": 65.0}, "^--scale 65: 1 to 64$"),
        ({"sigma": -1.0}, "^--sigma -1: 0 to 255$"),
        ({"sigma": float("nan")}, "^--sigma nan: 0 to 255$"),
        ({"seconds": -2.0}, "^--time-limit -2: seconds, more than 0"),
        ({"seconds": float("inf")}, "^--time-limit inf: seconds"),
    ],
)
def test_what_no_model_takes_is_named_before_one_is_opened(
    asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        ModelRequest(names=["zssr"], **asked)


def test_a_device_that_is_not_there_is_named_before_any_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setitem(KNOWN, "never", lambda: pytest.fail("was opened"))
    for name in ("bicubic", "never"):
        with pytest.raises(OptionError, match="--device cuda: torch sees none here"):
            open_restorer(ModelRequest(names=[name], scale=2), options=ModelOptions(device="cuda"))
    # a name without weights is told of --half what it is, not which other 16 bits there are
    with pytest.raises(OptionError, match="--half: bicubic is no network"):
        open_restorer(
            ModelRequest(names=["bicubic"]), options=ModelOptions(device="cpu", half="fp16")
        )


def test_a_wrong_name_may_be_that_of_a_zero_shot_method() -> None:
    with pytest.raises(OptionError, match=r"gamma, zssr, dip; .* did you mean 'zssr'\?"):
        open_named_model("zsr", options=CPU)


def test_noise_is_told_to_those_that_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(sigma: float) -> Restorer:
        return Restorer(name="d", restore=lambda p, _: p * np.float32(sigma), scale=1)

    monkeypatch.setitem(
        KNOWN, "d", lambda: Restorer(name="d", restore=lambda p, _: p, scale=1, at_noise=at)
    )
    model = open_restorer(ModelRequest(names=["identity", "d"], sigma=3.0), options=CPU)
    np.testing.assert_allclose(model.restore(PICTURE), PICTURE * 3)
    with pytest.raises(OptionError, match="--sigma 300: 0 to 255"):
        open_restorer(ModelRequest(names=["d"], sigma=300.0), options=CPU)


def test_names_without_weights_beside_others_are_not_meant_by_options(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(DnCNN(width=8, depth=4).state_dict(), path)
    half = ModelOptions(device="cpu", half="bf16", tile=64)
    opened = open_named_models([str(path), "bicubic"], options=half)
    assert [model.name for model in opened] == ["net", "bicubic"]
    for name in ("bicubic", "zssr", "dip"):
        with pytest.raises(OptionError, match=f"--bf16: {name} "):
            open_named_models([name, "identity"], options=half)


def test_a_network_is_named_for_each_model(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(FSRCNN(scale=2).state_dict(), path)
    names = [str(path), "bicubic"]
    with pytest.raises(OptionError, match="--network: given 1 times, and --model 2 times"):
        open_named_models(names, networks=["fsrcnn-x2"], options=CPU)
    opened = open_named_models(names, networks=["fsrcnn-x2", "-"], options=CPU)
    assert [model.scale for model in opened] == [2, 0] and not opened[0].notes
    with pytest.raises(OptionError, match="--network dncnn-s: bicubic is no network"):
        open_named_models(names, networks=["fsrcnn-x2", "dncnn-s"], options=CPU)
    (guessed,) = open_named_models(names[:1], options=CPU)
    assert any("assumed" in note for note in guessed.notes)


def test_the_error_of_bf16_is_measured_on_the_middle(tmp_path: Path) -> None:
    network = DnCNN(width=8, depth=4)
    path = tmp_path / "net.pth"
    torch.save(network.state_dict(), path)
    asked, half = ModelRequest(names=[str(path)]), ModelOptions(device="cpu", half="bf16")
    picture = np.zeros((200, 220, 1), np.float32)
    picture[36:164, 46:174] = np.random.Generator(np.random.Philox(1)).random((128, 128, 1))
    said = half_error(
        asked, options=half, model=open_restorer(asked, options=half), picture=picture
    )
    match = re.fullmatch(
        r"bf16: ([\d.]+) dB to float32 on the first picture \(largest difference ([\d.e-]+) of 1\)",
        said,
    )
    assert match is not None, said
    full, low = (open_restorer(asked, options=how) for how in (CPU, half))
    crop = picture[36:164, 46:174]
    apart = np.clip(low.restore(crop), 0, 1) - np.clip(full.restore(crop), 0, 1).astype(np.float64)
    assert abs(float(match[1]) - -10 * np.log10((apart**2).mean())) < 0.06
    assert float(match[2]) == pytest.approx(np.abs(apart).max(), rel=0.05)
    same = half_error(asked, options=half, model=full, picture=picture)
    assert same.startswith("bf16: no difference")
