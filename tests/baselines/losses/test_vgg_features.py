"""VGG19's features against torchvision's layers, and what is said where its weights are not."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from baselines.losses import vgg
from baselines.losses.vgg import LAYERS, VGG19Features, load_vgg19
from degrade.option_error import OptionError
from evaluation import reachable

SHALLOW = ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1")


def picture(side: int = 32, *, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, side, side + 5, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def theirs() -> nn.Sequential:
    """torchvision's own layers with random weights and biases; its ReLUs write in place."""
    generator = torch.Generator().manual_seed(1)
    layers = make_layers(cfgs["E"])
    with torch.no_grad():
        for parameter in layers.parameters():
            scale = (2 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 0.3
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    return layers


@pytest.fixture
def file(theirs: nn.Sequential, tmp_path: Path) -> Path:
    """As torchvision's file: all features, and a classifier that is not ours."""
    state = {f"features.{key}": value for key, value in theirs.state_dict().items()}
    path = tmp_path / "vgg19.pth"
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, path)
    return path


def test_a_file_of_torchvision_s_gives_its_features(theirs: nn.Sequential, file: Path) -> None:
    assert len(LAYERS) == len(theirs)
    chosen = ("relu5_4", "conv1_2", "conv5_4", "pool4", "relu3_1")
    loaded = load_vgg19(file, layers=chosen)
    seen = picture()
    with torch.no_grad():
        found = loaded(seen)
        passed = (seen - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
            [0.229, 0.224, 0.225]
        )[:, None, None]
        expected = {}
        for name, module in zip(LAYERS, theirs, strict=True):
            assert type(module).__name__.lower()[:4] in (name[:4], f"max{name[0]}", "conv", "relu")
            passed = module(passed)
            expected[name] = passed.clone()  # before the next one writes into it
    assert tuple(found) == chosen, "in the order asked for"
    for name in chosen:
        assert torch.equal(found[name], expected[name]), name
    assert found["conv5_4"].min() < 0 <= found["relu5_4"].min(), "before and after the activation"
    assert torch.equal(found["conv5_4"].relu(), found["relu5_4"])


def test_the_deepest_layer_is_the_last_that_is_built() -> None:
    for layer, index, parameters in (("conv1_1", 0, 2), ("relu2_1", 6, 6), ("conv5_4", 34, 32)):
        features = VGG19Features(layers=[layer])
        assert list(features.state_dict())[-1] == f"features.{index - layer.startswith('r')}.bias"
        assert len(features.state_dict()) == parameters


def test_it_is_frozen_stays_in_eval_and_passes_gradients_to_the_picture() -> None:
    features = VGG19Features(layers=SHALLOW)
    outer = nn.Sequential(features)
    outer.train()
    assert not any(module.training for module in features.modules())
    assert not any(parameter.requires_grad for parameter in features.parameters())
    seen = picture().requires_grad_()
    features(seen)["conv2_1"].square().sum().backward()
    assert seen.grad is not None
    assert seen.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in features.parameters())


def test_scale_multiplies_features() -> None:
    plain, scaled = (
        VGG19Features(layers=["relu1_1"], scale=scale, generator=torch.Generator().manual_seed(4))
        for scale in (1.0, vgg.SRGAN_SCALE)
    )
    ours, theirs = (features(picture())["relu1_1"] for features in (plain, scaled))
    assert ours.max() > 0
    assert torch.allclose(theirs, ours / 12.75, rtol=1e-6)


def test_weights_are_of_the_generator_given_alone() -> None:
    before = torch.get_rng_state()
    one, same, other = (
        VGG19Features(layers=SHALLOW, generator=torch.Generator().manual_seed(seed)).state_dict()
        for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.get_rng_state())
    for key in one:
        assert torch.equal(one[key], same[key])
    assert not torch.equal(one["features.0.weight"], other["features.0.weight"])


def test_loading_leaves_pytorch_s_generator(file: Path) -> None:
    before = torch.get_rng_state()
    load_vgg19(file, layers=["conv1_1"])
    assert torch.equal(before, torch.get_rng_state())


def test_wrong_usage_says_what_is_allowed() -> None:
    with pytest.raises(OptionError, match=r"layer 'conv5_5'.*did you mean 'conv5_[1-4]'"):
        VGG19Features(layers=["conv5_5"])
    with pytest.raises(OptionError, match="no layers"):
        VGG19Features(layers=[])
    features = VGG19Features(layers=["conv2_1"])
    for wrong in (picture()[:, :1], picture()[0], torch.rand(1, 3, 1, 8)):
        with pytest.raises(ValueError, match=r"it takes RGB \[B,3,H,W\], 2 or more"):
            features(wrong)
    features(torch.rand(1, 3, 2, 2))


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(64, 3, 5, 5)}, path)
    with pytest.raises(ValueError, match=r"other.pth: not torchvision's VGG19: 2 of 2 weights"):
        load_vgg19(path, layers=["conv1_1"])
    with pytest.raises(FileNotFoundError, match=r"absent.pth"):
        load_vgg19(tmp_path / "absent.pth", layers=["conv1_1"])


def test_missing_weights_say_what_to_fetch_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError) as stop:
        load_vgg19(layers=["conv1_1"])
    place = tmp_path / "hub" / "checkpoints" / vgg.FILE
    for part in (str(place), vgg.ADDRESS, "HF_HUB_OFFLINE is set", "give its path"):
        assert part in str(stop.value)


class Answer(io.BytesIO):
    """What a server sends."""


def serve(data: bytes, *, fail: Exception | None = None) -> Callable[..., Answer]:
    def urlopen(address: str, *, timeout: float) -> Answer:
        assert address == vgg.ADDRESS
        assert timeout > 0
        if fail:
            raise fail
        return Answer(data)

    return urlopen


def test_weights_are_fetched_once_into_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path
) -> None:
    data = file.read_bytes()
    asked: list[str] = []
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(reachable, "reach", asked.append)
    # its name ends with the first digits of its own SHA-256, as the real one's does
    name = f"vgg19-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    monkeypatch.setattr(vgg, "FILE", name)
    monkeypatch.setattr("urllib.request.urlopen", serve(data))
    load_vgg19(layers=["conv1_1"])
    loaded = load_vgg19(layers=["conv1_1"])
    assert asked == [vgg.ADDRESS], "the second time it is there"
    assert (tmp_path / "hub" / "checkpoints" / name).read_bytes() == data
    held = torch.load(file, weights_only=True)
    assert torch.equal(loaded.state_dict()["features.0.bias"], held["features.0.bias"])


@pytest.mark.parametrize("fail", [None, TimeoutError("too slow")])
def test_a_part_of_the_file_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fail: Exception | None
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(reachable, "reach", lambda _: None)
    monkeypatch.setattr("urllib.request.urlopen", serve(b"a part", fail=fail))
    with pytest.raises(FileNotFoundError, match="too slow" if fail else "a part of it, came"):
        load_vgg19(layers=["conv1_1"])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
