"""The table of released files: its rows name what there is, and are taken only where both agree."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from baselines.checkpoints.load import Loaded, load_checkpoint
from baselines.checkpoints.released import LICENCES, RELEASED, find_released
from baselines.networks.carn import CARN
from baselines.networks.dncnn import DnCNN
from baselines.networks.edsr import EDSR
from baselines.networks.fsrcnn import FSRCNN
from baselines.networks.srcnn import SRCNN
from baselines.networks.table import NETWORKS
from evaluation.benchmarks.table import BENCHMARKS
from evaluation.runs.published import published_rows


def test_rows_name_what_there_is() -> None:
    printed = {
        name
        for benchmark in BENCHMARKS
        for row in published_rows(benchmark)
        for name in (row.method, row.label)
    }
    for row in RELEASED:
        assert row.network in NETWORKS, row.file
        assert not row.method or row.method in printed, f"{row.file}: {row.method}"
        assert row.url in LICENCES
        assert row.task
    keys = [(row.file, row.network, tuple(row.has.items())) for row in RELEASED]
    assert len(set(keys)) == len(keys)


def test_what_a_row_asks_for_are_arguments() -> None:
    import inspect

    for row in RELEASED:
        known = inspect.signature(NETWORKS[row.network].build).parameters.keys()
        assert row.has.keys() <= known
        assert row.tells.keys() <= set(NETWORKS[row.network].assumed), row.file


def test_name_and_network_must_agree(tmp_path: Path) -> None:
    torch.save(DnCNN(depth=17).state_dict(), tmp_path / "dncnn_15.pth")
    loaded = load_checkpoint(tmp_path / "dncnn_15.pth")
    assert loaded is not None and loaded.released is not None
    assert (loaded.method, loaded.released.sigma, loaded.released.licence) == ("DnCNN-S", 15, "MIT")
    torch.save(DnCNN(depth=20).state_dict(), tmp_path / "dncnn_15.pth")
    other = load_checkpoint(tmp_path / "dncnn_15.pth")
    assert other is not None and other.released is None
    assert (other.method, other.trained_on, other.licence) == ("", "", ""), "a stranger's"


def test_names_of_other_networks_are_no_match(tmp_path: Path) -> None:
    assert find_released(tmp_path / "carn.pth", network="dncnn", kwargs={}) is None
    found = find_released(tmp_path / "RRDB_ESRGAN_x4.pth", network="rrdb", kwargs={"scale": 4})
    assert found is not None and found.method == ""
    assert (
        find_released(tmp_path / "RRDB_ESRGAN_x4.pth", network="rrdb", kwargs={"scale": 2}) is None
    )


def test_a_folder_of_parts_is_found(tmp_path: Path) -> None:
    (tmp_path / "latest_net_Pre.pth").touch()
    found = find_released(tmp_path, network="nerco", kwargs={})
    assert found is not None and found.method == "NeRCo"


def loaded(path: Path, network: nn.Module, *, preset: str = "") -> Loaded:
    torch.save(network.state_dict(), path)
    found = load_checkpoint(path, preset=preset)
    assert found is not None
    return found


def test_rows_tell_what_shapes_do_not(tmp_path: Path) -> None:
    told = loaded(tmp_path / "fsrcnn_x2.pth", FSRCNN(scale=2))
    assert (told.module.traits.scale, told.assumed, told.notes) == (2, (), ())
    stranger = loaded(tmp_path / "mine.pth", FSRCNN(scale=2))
    assert (stranger.module.traits.scale, stranger.assumed) == (3, ("scale",))
    assert stranger.notes == ("scale=3 is assumed: --network fsrcnn-x2 says otherwise",)
    narrow = loaded(tmp_path / "EDSR_x2.pt", EDSR(scale=2, width=8, blocks=2))
    assert narrow.released is None, "of another width"
    assert narrow.notes == ("residual_scale=1.0 is assumed",)


def test_a_preset_that_says_otherwise_is_believed(tmp_path: Path) -> None:
    found = loaded(tmp_path / "fsrcnn_x2.pth", FSRCNN(scale=4), preset="fsrcnn-x4")
    assert (found.module.traits.scale, found.released, found.assumed) == (4, None, ())
    found = loaded(tmp_path / "fsrcnn_x2.pth", FSRCNN(scale=2), preset="fsrcnn-x2")
    assert found.released is not None and found.trained_on == "91 images"


def test_scale_of_the_training(tmp_path: Path) -> None:
    found = loaded(tmp_path / "srcnn_x3.pth", SRCNN())
    assert (found.trained_scale, found.module.traits.scale, found.assumed) == (3, 1, ())
    assert loaded(tmp_path / "other.pth", SRCNN()).trained_scale == 0


def test_multi_scale_weights_do_not_tell_the_scale(tmp_path: Path) -> None:
    both = loaded(tmp_path / "carn.pth", CARN(width=8))
    assert both.notes == ("scale=4 is assumed",), "no preset is of this width"
    assert loaded(tmp_path / "one.pth", CARN(width=8, scale=2, multi_scale=False)).assumed == ()
