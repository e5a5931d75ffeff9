"""What inspect tells: costs as papers print them, presets, wrappers, other readers' files."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import torch
from small_networks import small_network

from baselines.checkpoints.describing import inspection_facts, inspection_lines, network_lines
from baselines.checkpoints.inspecting import inspect_checkpoint, network_costs
from baselines.networks.presets import find_preset
from baselines.networks.table import NETWORKS

# Printed multiply-adds in 1e9 at an output of 1280x720 (CARN, ECCV 2018, Table 1, and the survey's
# table after it), unless another size is named. An input of 1280/3 is rounded up: 0.1 % more.
PRINTED = [
    ("srcnn-955", 52.7), ("vdsr", 612.6),
    ("edsr-baseline-x2", 316.3), ("edsr-baseline-x3", 160.2), ("edsr-baseline-x4", 114.0),
    ("edsr-x2", 9387.0), ("edsr-x3", 4470.0), ("edsr-x4", 2895.0),
    ("carn-x2", 222.8), ("carn-x3", 118.8), ("carn-x4", 90.9),
]  # fmt: skip


def costs(preset: str) -> tuple[float, float]:
    """1e9 multiply-adds at 256x256 and at an output of 1280x720."""
    architecture, kwargs = find_preset(preset)
    with torch.device("meta"):
        network = architecture.build(**kwargs).eval()
    at_256, at_hd = (one.macs for one in network_costs(network))
    assert at_256 is not None and at_hd is not None
    return at_256 / 1e9, at_hd / 1e9


@pytest.mark.parametrize(("preset", "printed"), PRINTED)
def test_costs_are_the_printed_ones(preset: str, printed: float) -> None:
    assert costs(preset)[1] == pytest.approx(printed, rel=3e-3)


def test_restormer_at_256_is_the_printed_cost() -> None:
    # The printed figure leaves out the products of attention: 2 * pixels * C * C / heads a block.
    products = sum(
        2 * blocks * (256 >> level) ** 2 * width * 48 / 1e9
        for level, width, blocks in ((0, 48, 4), (1, 96, 12), (2, 192, 12), (3, 384, 8))
    )
    products += 2 * 8 * 256**2 * 96 * 96 / 1e9  # one head of 96 at full size on the way up
    assert costs("restormer")[0] - products == pytest.approx(140.99, rel=1e-3)


@pytest.mark.parametrize(("scale", "printed"), [(2, 6.0), (3, 5.0), (4, 4.6)])
def test_fsrcnn_is_printed_with_its_deconvolution_at_full_size(scale: int, printed: float) -> None:
    # The printed figure counts 9x9 taps of 56 features for every output pixel; a stride of s leaves
    # one in s*s of them.
    taps = 9 * 9 * 56 * 1280 * 720 / 1e9
    counted = costs(f"fsrcnn-x{scale}")[1]
    assert counted + taps * (1 - 1 / scale**2) == pytest.approx(printed, rel=1e-2)


def test_every_network_is_listed_with_its_cost() -> None:
    lines = network_lines()
    assert len(lines) == 1 + sum(len(one.presets) for one in NETWORKS.values())
    assert any(line.split()[:3] == ["dncnn-s", "dncnn", "555,137"] for line in lines)


def test_authors_weights(testdata: Path) -> None:
    found = inspect_checkpoint(testdata / "dncnn_25.pth")
    assert (found.network, found.preset, found.parameters) == ("dncnn", "dncnn-s", 555_137)
    assert (found.method, found.sigma, found.licence) == ("DnCNN-S", 25.0, "MIT")
    text = "\n".join(inspection_lines(found))
    assert "36.31 G, input 256x256" in text
    assert "sigma          25 of 255" in text


def test_wrapper_alternatives_and_type_are_told(tmp_path: Path) -> None:
    state = {k: v.half() for k, v in small_network("dncnn").state_dict().items()}
    torch.save({"params": state, "params_ema": state}, tmp_path / "net.pth")
    text = "\n".join(inspection_lines(inspect_checkpoint(tmp_path / "net.pth")))
    assert "float16, in params_ema, the file has params too, which is not taken" in text


def test_assumed_arguments_are_marked(tmp_path: Path) -> None:
    torch.save(small_network("drrn").state_dict(), tmp_path / "net.pth")
    found = inspect_checkpoint(tmp_path / "net.pth")
    assert "units" in found.assumed
    assert "units=25 (assumed)" in "\n".join(inspection_lines(found))


def test_files_that_spandrel_reads(tmp_path: Path) -> None:
    # Real-ESRGAN's compact network: convolutions and PReLUs in turn, then a pixel shuffle of 2
    state = {
        "body.0.weight": torch.zeros(8, 3, 3, 3), "body.0.bias": torch.zeros(8),
        "body.1.weight": torch.zeros(8),
        "body.2.weight": torch.zeros(8, 8, 3, 3), "body.2.bias": torch.zeros(8),
        "body.3.weight": torch.zeros(8),
        "body.4.weight": torch.zeros(12, 8, 3, 3), "body.4.bias": torch.zeros(12),
    }  # fmt: skip
    torch.save(state, tmp_path / "net.pth")
    found = inspect_checkpoint(tmp_path / "net.pth")
    assert (found.kind, found.scale, found.channels) == ("spandrel", 2, (3,))
    assert "read by spandrel" in "\n".join(inspection_lines(found))


def test_json_has_every_field() -> None:
    from baselines.checkpoints.inspecting import Inspection

    facts = json.loads(msgspec.json.encode(inspection_facts(Inspection(file="a", kind="onnx"))))
    assert facts["sizes"]["multiple"] == 1
    assert {"parameters", "costs", "licence", "scores"} <= facts.keys()


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkpoint of this project"):
        inspect_checkpoint(tmp_path)
