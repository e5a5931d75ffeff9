"""evaluation.models.{opening,options,restoring,precision,cost}."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from degrade.option_error import OptionError
from degrade.resize import resize_matlab
from evaluation.models import NAMES, ModelOptions, open_model
from evaluation.models.cost import count_macs, count_parameters
from evaluation.models.module_call import module_call
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import find_device
from evaluation.models.precision import computing
from evaluation.models.restorer import Restorer
from evaluation.models.sizes import SizeRule

CPU = ModelOptions(device="cpu")


def _picture(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((16, 12, channels), np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_opens_with_facts(name: str) -> None:
    model = open_model(name, options=CPU)
    assert model.name == name
    assert set(model.facts) == {
        "kind", "file", "sha256", "parameters", "macs", "scale", "options"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("bicubc", OptionError, r"^--model bicubc: one of identity, .*did you mean 'bicubic'\?"),
        ("dnet.pth", FileNotFoundError, r"dnet\.pth: no such file; did you mean 'net\.pth'\?"),
        ("net.ckpt", FileNotFoundError, r"net\.ckpt: no such file; did you mean 'net\.pth'\?"),
        ("sketches.pth", FileNotFoundError, r"sketches\.pth: no such file$"),
        ("x/net.pth", FileNotFoundError, "there is no folder x either"),
        ("empty", ValueError, "a folder, but no checkpoint of this project; give a file"),
        ("held", ValueError, r"give one of its files: net\.onnx"),
    ],
)
def test_what_names_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: type[Exception], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.pth").write_bytes(b"x")
    (tmp_path / "sketches.png").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "held").mkdir()
    (tmp_path / "held/net.onnx").write_bytes(b"x")
    with pytest.raises(error, match=said):
        open_model(text, options=CPU)


def test_our_own_checkpoints_are_asked_for_first(tmp_path: Path) -> None:
    asked: list[Path] = []
    ours_model = open_model("identity", options=CPU)

    def ours(path: Path, options: ModelOptions) -> Restorer | None:
        asked.append(path)
        assert options == CPU
        return ours_model

    folder, file = tmp_path / "run", tmp_path / "net.pth"
    folder.mkdir()
    torch.save({"a": torch.zeros(1)}, file)
    for path in (folder, file):
        assert open_model(str(path), options=CPU, ours=ours) is ours_model
    assert asked == [folder, file]
    # what is damaged is told before anybody tries to read it
    file.write_bytes(b"")
    with pytest.raises(ValueError, match="the file is empty"):
        open_model(str(file), options=CPU, ours=ours)
    with pytest.raises(ValueError, match="a folder, but no checkpoint"):
        open_model(str(folder), options=CPU, ours=lambda *_: None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "gpu"}, "--device gpu: one of auto"),
        ({"tile": 32}, "--tile 32: 0 .whole pictures., 'auto', or 64 or more"),
        ({"tile": "big"}, "--tile big"),
        ({"tile": 64, "overlap": 40}, "--overlap 40: 0 to half of the tile .32 pixels."),
        ({"overlap": -1}, "--overlap -1"),
        ({"ensemble": "men"}, "ensemble men: one of mean, median.*did you mean 'mean'"),
        ({"half": "fp32"}, "half fp32: one of fp16, bf16"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        ModelOptions(**options)


def test_devices_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device(ModelOptions()) == "cpu"
    for name in ("cuda", "cuda:1", "mps"):
        with pytest.raises(OptionError, match=f"--device {name}: torch sees none"):
            find_device(ModelOptions(device=name))
    with pytest.raises(OptionError, match=r"--half: .* take --bf16"):
        find_device(ModelOptions(device="cpu", half="fp16"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert find_device(ModelOptions()) == "cuda"
    with pytest.raises(OptionError, match="--device cuda:1: torch sees 1 CUDA device here"):
        find_device(ModelOptions(device="cuda:1"))


def test_enlargement_before_a_network_is_matlabs_in_double() -> None:
    network = Network(call=lambda part: 1 - part, scale=1)
    options = ModelOptions(device="cpu", pre_upsample=True)
    model = restorer_of(network, name="vdsr", options=options)
    assert model.scale == 0
    luma = _picture(1).astype(np.float64)
    large = resize_matlab(luma, scale=3, reading="matlab-bicubic-double").astype(np.float32)
    assert np.array_equal(model.restore(luma, 3), 1 - large)
    with pytest.raises(OptionError, match="--pre-upsample: sr enlarges x2 itself"):
        restorer_of(Network(call=lambda part: part, scale=2), name="sr", options=options)


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"tile": 64}, "--tile 64"), ({"overlap": 8}, "--overlap 8"), ({"batch": 2}, "--batch 2"),
        ({"ensemble": "mean"}, "--self-ensemble"), ({"half": "fp16"}, "--half"),
        ({"half": "bf16"}, "--bf16"), ({"compile": True}, "--compile"),
        ({"pre_upsample": True}, "--pre-upsample"), ({"network": "srcnn"}, "--network srcnn"),
        ({"tile": "auto", "batch": "auto"}, ""),
    ],
)  # fmt: skip
def test_options_of_networks_are_refused_by_what_is_none(
    options: dict[str, Any], flag: str
) -> None:
    how = ModelOptions(device="cpu", **options)
    if not flag:
        assert open_model("bicubic", options=how).name == "bicubic"
        return
    with pytest.raises(OptionError, match=f"{flag}: bicubic is no network; leave it out"):
        open_model("bicubic", options=how)


def test_the_noise_is_told_at_each_call_and_the_rest_stays() -> None:
    told: list[float] = []

    def call(part: Tensor, sigma: float) -> Tensor:
        told.append(sigma)
        return part

    facts = {"architecture": "DRUNet", "sha256": "ab", "macs": 7}
    network = Network(call=call, scale=1, told="sigma", facts=facts, pre_upsampled=True)
    model = restorer_of(network, name="net", options=CPU)
    note = "DRUNet is told the noise: sigma 15 of 255, for want of another"
    assert model.notes == [note] and model.facts["sigma"] == 15
    assert model.at_noise is not None
    louder = model.at_noise(50.0)
    assert not louder.notes and louder.facts == {**model.facts, "sigma": 50.0}
    assert (louder.scale, louder.fractions) == (model.scale, model.fractions) == (0, True)
    for one in (model, louder):
        assert one.restore(_picture(), 2).shape == (32, 24, 3)
    assert told == [15, 50]
    with pytest.raises(ValueError, match="network told 'noise': one of '', 'sigma', 'scale'"):
        Network(call=call, scale=1, told="noise")


def test_tiling_advice_is_kept_to() -> None:
    options = ModelOptions(device="cpu", tile=64)
    with pytest.raises(OptionError, match="--tile 64: own cuts by itself"):
        restorer_of(
            Network(call=lambda part: part, scale=1, tiling="never"), name="own", options=options
        )
    model = restorer_of(
        Network(call=lambda part: part, scale=1, tiling="discouraged"), name="w", options=options
    )
    assert model.notes == ["w sees the whole picture at once; tiles may change its results"]


def test_tiles_of_a_large_multiple_advance() -> None:
    sides: set[int] = set()

    def call(part: Tensor) -> Tensor:
        sides.update(part.shape[2:])
        return part

    network = Network(call=call, scale=1, sizes=SizeRule(multiple=128, square=True))
    model = restorer_of(network, name="u", options=ModelOptions(device="cpu", tile=64))
    picture = np.random.default_rng(0).random((300, 500, 3), np.float32)
    assert np.array_equal(model.restore(picture, 1), picture)
    assert sides == {256}


def test_two_views_are_not_mirrored() -> None:
    network = Network(call=lambda part: part[:, :3], scale=1, channels=(6,))
    model = restorer_of(network, name="dp", options=ModelOptions(ensemble="mean"))
    with pytest.raises(ValueError, match="--self-ensemble: a dual-pixel input"):
        model.restore(_picture(6), 1)
    plain = restorer_of(network, name="dp", options=CPU)
    assert plain.restore(_picture(6), 1).shape == (16, 12, 3)


def test_computing_leaves_torch_as_it_was() -> None:
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    with pytest.raises(KeyError), computing(device="cpu", half="bf16"):
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu")
        raise KeyError
    assert before == (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
    assert not torch.is_inference_mode_enabled()
    with computing(device="cpu", half=""):
        assert not torch.is_autocast_enabled("cpu")


def test_tf32_is_off_in_both_of_pytorchs_forms() -> None:
    conv = getattr(torch.backends.cudnn, "conv", None)
    if conv is None:
        pytest.skip("this PyTorch has one form")
    before = torch.backends.cuda.matmul.fp32_precision, conv.fp32_precision
    try:
        torch.backends.cuda.matmul.fp32_precision = conv.fp32_precision = "tf32"
        with computing(device="cpu", half=""):
            assert torch.backends.cuda.matmul.fp32_precision == "ieee"
            assert conv.fp32_precision == "ieee"
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
        assert conv.fp32_precision == "tf32"
    finally:
        torch.backends.cuda.matmul.fp32_precision, conv.fp32_precision = before


def test_a_module_in_fp16_gets_fp16() -> None:
    seen: list[torch.dtype] = []

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1, dtype=torch.float16))

        def forward(self, picture: Tensor) -> Tensor:
            seen.append(picture.dtype)
            return picture * self.gain

    made = module_call(Net().eval(), device="cpu", half="")(torch.full((1, 3, 4, 4), 0.25))
    assert seen == [torch.float16]
    assert made.dtype == torch.float32
    assert (made == 0.25).all()


def test_costs_are_those_of_the_layers() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 12, 1))
    assert count_parameters(net) == 3 * 8 * 9 + 8 + 16 + 8 * 12 + 12

    def call(module: Any, picture: Tensor) -> Tensor:
        return module(picture)

    per_pixel = 3 * 8 * 9 + 8 * 12
    macs = count_macs(net.eval(), call=call, channels=3, sizes=SizeRule())
    assert macs == per_pixel * 256**2
    padded = count_macs(net.eval(), call=call, channels=3, sizes=SizeRule(multiple=100))
    assert padded == per_pixel * 300**2

    class Looks(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return picture if picture.mean() > 0 else -picture

    assert count_macs(Looks(), call=call, channels=3, sizes=SizeRule()) is None


def test_opening_is_imported_without_torch() -> None:
    code = "import sys, evaluation.models; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 0
