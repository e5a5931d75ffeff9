"""evaluation.models.{by_onnx,by_torchscript,probing}: what is found of files by trying."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from degrade.option_error import OptionError
from evaluation.models import ModelOptions, open_model
from evaluation.models.probing import probe
from evaluation.models.sizes import SizeRule

CPU = ModelOptions(device="cpu")


def _net(channels: int = 3, *, scale: int = 2) -> nn.Module:
    generator = torch.Generator().manual_seed(channels)
    conv = nn.Conv2d(channels, channels * scale**2, 3, padding=1)
    with torch.no_grad():
        for weights in conv.parameters():
            weights.copy_(torch.rand(weights.shape, generator=generator) - 0.5)
    return nn.Sequential(conv, nn.PixelShuffle(scale)).eval()


class Halves(nn.Module):
    """Down by 8 and up again: sizes that are no multiple of 8 do not come back."""

    def forward(self, picture: Tensor) -> Tensor:
        small = nn.functional.avg_pool2d(picture, 8)
        return picture + nn.functional.interpolate(small, scale_factor=8.0)


def _script(net: nn.Module, path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch.jit is deprecated
        torch.jit.save(torch.jit.script(net), path)
    return str(path)


def _onnx(path: Path, *, shape: Sequence[int | str], kind: str = "FLOAT") -> str:
    """A file of one 3x3 convolution by [[0,0,0],[0,1,0],[0,1,0]] / 2, channel by channel."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    number = getattr(onnx.TensorProto, kind)
    channels = shape[1] if isinstance(shape[1], int) else 3
    kernel = np.zeros((channels, 1, 3, 3), np.float16 if kind == "FLOAT16" else np.float32)
    kernel[:, 0, 1, 1] = kernel[:, 0, 2, 1] = 0.5
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], group=channels, pads=[1, 1, 1, 1])
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [onnx.helper.make_tensor_value_info("x", number, list(shape))],
        [onnx.helper.make_tensor_value_info("y", number, None)],
        [onnx.numpy_helper.from_array(kernel, "w")],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9
    )
    onnx.save(model, str(path))
    return str(path)


def _expected(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `_onnx` computes away from the bottom row."""
    return (picture[:-1] + picture[1:]) / np.float32(2)


def _picture(height: int, width: int, channels: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(0).random((height, width, channels), np.float32)


@pytest.mark.parametrize(("channels", "scale"), [(3, 1), (1, 2), (3, 4), (6, 1)])
def test_torchscript_says_what_it_is(tmp_path: Path, channels: int, scale: int) -> None:
    net = _net(channels, scale=scale)
    model = open_model(_script(net, tmp_path / "net.ts"), options=CPU)
    assert (model.channels, model.scale, model.method) == ((channels,), scale, "")
    picture = _picture(21, 34, channels)
    with torch.inference_mode():
        expected = net(torch.from_numpy(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    np.testing.assert_allclose(model.restore(picture, scale), expected.numpy(), atol=1e-6)
    assert model.facts["kind"] == "torchscript"
    assert model.facts["parameters"] == sum(p.numel() for p in net.parameters())


def test_torchscript_of_any_name_is_opened_by_content(tmp_path: Path) -> None:
    model = open_model(_script(_net(), tmp_path / "net.pth"), options=CPU)
    assert model.facts["kind"] == "torchscript"


def test_the_multiple_is_found_and_padded_to(tmp_path: Path) -> None:
    model = open_model(_script(Halves(), tmp_path / "net.pt"), options=CPU)
    picture = _picture(43, 61)
    assert model.restore(picture, 1).shape == (43, 61, 3)
    large = np.pad(picture, ((0, 5), (0, 3), (0, 0)), mode="reflect")
    expected = Halves()(torch.from_numpy(large).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    np.testing.assert_allclose(model.restore(picture, 1), expected[:43, :61], atol=1e-6)


def test_auto_tiles_are_measured_on_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 3 -> 12 -> 3 channels of float32: 96 bytes a pixel at most; half of this is 64x64 of them
    monkeypatch.setattr("evaluation.models.memory_plan.free_memory", lambda _: 2 * 64**2 * 96)
    path = _script(_net(), tmp_path / "net.ts")
    picture = _picture(150, 97)
    auto = open_model(path, options=ModelOptions(device="cpu", tile="auto"))
    whole = open_model(path, options=CPU).restore(picture, 2)
    np.testing.assert_allclose(auto.restore(picture, 2), whole, atol=1e-6)
    assert auto.notes == ["--tile auto: pictures above 64x64 went in tiles of it"]


def test_probing_finds_channels_scale_and_multiple() -> None:
    assert probe(_net(3, scale=3)) == (3, 3, SizeRule(multiple=1))
    assert probe(_net(1, scale=1)) == (1, 1, SizeRule(multiple=1))
    assert probe(Halves()) == (3, 1, SizeRule(multiple=8))
    with pytest.raises(ValueError, match=r"takes no picture .* of 3 or 1 or 6 channels at 64x64"):
        probe(_net(5))
    with pytest.raises(ValueError, match=r"gives \[1, 3, 32, 32\] for \[1,C,64,64\]"):
        probe(nn.AvgPool2d(2))


def test_torchscript_that_gives_no_picture_is_an_error(tmp_path: Path) -> None:
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match=r"net\.ts: gives \[1, 3\] for"):
        open_model(_script(net, tmp_path / "net.ts"), options=CPU)


@pytest.mark.parametrize("kind", ["FLOAT", "FLOAT16"])
@pytest.mark.parametrize("channels", [1, 3, "c"])
def test_onnx_of_any_size(tmp_path: Path, kind: str, channels: int | str) -> None:
    path = _onnx(tmp_path / "net.onnx", shape=("n", channels, "h", "w"), kind=kind)
    model = open_model(path, options=CPU)
    count = channels if isinstance(channels, int) else 3
    assert (model.channels, model.scale) == ((count,), 1)
    picture = _picture(20, 31, count)
    made = model.restore(picture, 1)
    assert made.dtype == np.float32
    tolerance = 1e-3 if kind == "FLOAT16" else 1e-6
    np.testing.assert_allclose(made[:-1], _expected(picture), atol=tolerance)
    assert model.facts["kind"] == "onnx"
    assert model.facts["parameters"] == count * 9


@pytest.mark.parametrize("size", [(48, 64), (20, 30), (100, 150)])
def test_onnx_of_one_size_has_tiles_of_it(tmp_path: Path, size: tuple[int, int]) -> None:
    path = _onnx(tmp_path / "net.onnx", shape=(1, 3, 48, 64))
    picture = _picture(*size)
    made = open_model(path, options=CPU).restore(picture, 1)
    assert made.shape == (*size, 3)
    np.testing.assert_allclose(made[:-1], _expected(picture), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((4, 3, "h", "w"), "takes batches of 4"),
        ((1, 3, 64, "w"), "fixes one side only"),
        ((1, 3, 64), "its input is tensor"),
    ],
)
def test_onnx_of_other_inputs_is_an_error(
    tmp_path: Path, shape: tuple[int | str, ...], said: str
) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    info = onnx.helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])], "g",
        [info("x", float32, list(shape))], [info("y", float32, None)],
    )  # fmt: skip
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.save(model, str(tmp_path / "net.onnx"))
    with pytest.raises(ValueError, match=said):
        open_model(str(tmp_path / "net.onnx"), options=CPU)


def test_onnx_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07" + b"nonsense" * 9)
    with pytest.raises(ValueError, match=r"net\.onnx: onnxruntime cannot read it"):
        open_model(str(tmp_path / "net.onnx"), options=CPU)


def test_onnx_without_onnxruntime_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"pip install 'pairsmith\[onnx\]'"):
        open_model(str(tmp_path / "net.onnx"), options=CPU)


def test_onnx_has_its_own_precision(tmp_path: Path) -> None:
    path = _onnx(tmp_path / "net.onnx", shape=(1, 3, "h", "w"))
    with pytest.raises(
        OptionError, match=r"--bf16: net\.onnx is ONNX, which has its own precision"
    ):
        open_model(path, options=ModelOptions(device="cpu", half="bf16"))
