"""Exports: every network as ONNX and as a program, equal to torch at sizes it was not traced at."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import small_kwargs, small_loaded

from baselines.checkpoints.exporting import (
    ExportOptions,
    check_sizes,
    export_checkpoint,
    exported_lines,
)
from baselines.checkpoints.load import Loaded, load_checkpoint
from baselines.networks.dncnn import DnCNN
from baselines.networks.table import NETWORKS
from degrade.option_error import OptionError
from evaluation.models.by_onnx import open_onnx
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import ModelOptions
from evaluation.models.sizes import SizeRule

QUICK = ("dncnn", "edsr", "fsrcnn")
CPU = ModelOptions(device="cpu", tile=0)


def networks(quick: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(name, id=name, marks=() if name in quick else pytest.mark.slow)
        for name in NETWORKS
    ]


def options_for(loaded: Loaded, *, form: str = "onnx", half: bool = False) -> ExportOptions:
    scale = 2 if loaded.module.traits.told == "scale" else None
    return ExportOptions(format=form, half=half, scale=scale)


@pytest.mark.parametrize("name", networks(QUICK))
def test_onnx_of_every_network(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    loaded = small_loaded(name)
    exported = export_checkpoint(loaded, tmp_path / "m.onnx", options=options_for(loaded))
    assert len({check.shape for check in exported.checks}) == 2
    assert max(check.error for check in exported.checks) < 1e-4
    assert not loaded.module.training


@pytest.mark.parametrize("name", networks(("dncnn",)))
def test_program_of_every_network(name: str, tmp_path: Path) -> None:
    loaded = small_loaded(name)
    options = options_for(loaded, form="torch-export")
    if name == "msec":  # pads to its multiple inside, by steps that depend on the size
        with pytest.raises(ValueError, match=r"msec cannot be written|msec as torch-export"):
            export_checkpoint(loaded, tmp_path / "m.pt2", options=options)
        return
    exported = export_checkpoint(loaded, tmp_path / "m.pt2", options=options)
    assert max(check.error for check in exported.checks) < 1e-4


@pytest.mark.parametrize("name", networks(("dncnn", "edsr")))
def test_half_onnx(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    loaded = small_loaded(name)
    export_checkpoint(loaded, tmp_path / "whole.onnx", options=options_for(loaded))
    exported = export_checkpoint(
        loaded, tmp_path / "half.onnx", options=options_for(loaded, half=True)
    )
    assert 0 < max(check.error for check in exported.checks) < 2e-2
    assert "fp16" in exported_lines(exported)[0]
    import onnx

    kinds = [
        {one.data_type for one in onnx.load(str(tmp_path / name)).graph.initializer}
        for name in ("whole.onnx", "half.onnx")
    ]
    assert onnx.TensorProto.FLOAT16 in kinds[1] - kinds[0]


def test_what_is_exported_runs_as_a_model(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    loaded = small_loaded("drunet")  # multiples of 8, told the noise
    export_checkpoint(loaded, tmp_path / "m.onnx", options=ExportOptions())
    network = open_onnx(tmp_path / "m.onnx", options=CPU)
    traits = loaded.module.traits
    assert (network.sizes, network.channels) == (traits.sizes, (traits.channels,))
    assert network.told == "sigma"
    model = restorer_of(network, name="m", options=CPU, sigma=50.0)
    picture = np.linspace(0, 1, 37 * 50 * 3, dtype=np.float32).reshape(37, 50, 3)
    found = model.restore(picture, 1)
    whole = np.pad(picture, ((0, 3), (0, 6), (0, 0)), mode="reflect")
    with torch.no_grad():
        wanted = loaded.module(
            torch.from_numpy(whole.transpose(2, 0, 1)[None]), torch.tensor([50 / 255])
        )
    assert np.abs(found - wanted[0].numpy().transpose(1, 2, 0)[:37, :50]).max() < 1e-4
    export_checkpoint(loaded, tmp_path / "baked.onnx", options=ExportOptions(sigma=50))
    baked = restorer_of(open_onnx(tmp_path / "baked.onnx", options=CPU), name="m", options=CPU)
    assert np.abs(baked.restore(picture, 1) - found).max() < 1e-5


class _Frozen(DnCNN):
    """A network that no trace follows: it looks at the size as a number."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return super().forward(picture) * float(picture.shape[2])


def test_a_frozen_size_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    frozen = _Frozen(**small_kwargs("dncnn")).eval()
    loaded = dataclasses.replace(small_loaded("dncnn"), module=frozen)
    with pytest.raises(ValueError, match=r"dncnn as onnx differs from torch by .* allowed"):
        export_checkpoint(loaded, tmp_path / "m.onnx", options=ExportOptions())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["safetensors", "pth"])
def test_plain_weights(form: str, tmp_path: Path) -> None:
    loaded = small_loaded("dncnn")
    path = tmp_path / f"m.{form}"
    export_checkpoint(loaded, path, options=ExportOptions(format=form))
    again = load_checkpoint(path)
    assert again is not None and (again.card is not None) == (form == "safetensors")
    wanted = loaded.module.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in again.module.state_dict().items())


def test_wrong_options(tmp_path: Path) -> None:
    loaded = small_loaded("dncnn")
    with pytest.raises(OptionError, match="did you mean 'onnx'"):
        ExportOptions(format="onxx")
    with pytest.raises(OptionError, match=r"must end in \.onnx"):
        export_checkpoint(loaded, tmp_path / "m.pt2", options=ExportOptions())
    with pytest.raises(OptionError, match="--sigma 5: dncnn is not told the noise"):
        export_checkpoint(loaded, tmp_path / "m.onnx", options=ExportOptions(sigma=5))
    with pytest.raises(OptionError, match="--scale: metasr is told it"):
        export_checkpoint(small_loaded("metasr"), tmp_path / "m.onnx", options=ExportOptions())


@pytest.mark.parametrize(
    "rule", [SizeRule(), SizeRule(multiple=16), SizeRule(minimum=50, square=True)]
)
def test_sizes_of_checks_differ(rule: SizeRule) -> None:
    sizes = check_sizes(rule)
    assert len(set(sizes)) == 3
    assert all(rule.padded(size) == size for size in sizes)
    for axis in (0, 1):
        assert len({size[axis] for size in sizes}) == 3
