"""What a run writes as its model: opened by the ordinary loader, restoring as the network did."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from set_folders import save, scene

from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.ours import read_card
from baselines.configs.config import Config, NetworkChoice, Stage
from baselines.networks.presets import complete_kwargs
from baselines.networks.table import NETWORKS
from baselines.objectives.turn import RESTORER
from baselines.training.loop import train
from baselines.training.session import Session
from baselines.training_data.digests import data_digests
from baselines.training_data.sources import Sources
from baselines.watching.model_files import write_model
from builders.atomic import sha256_file
from builders.sources import Root
from tests.baselines.training.toy_run import toy_config, toy_session


def written(session: Session, folder: Path) -> torch.nn.Module:
    """The model as the loader gives it."""
    write_model(folder, session=session, data={"train400": "ab12"}, scores={"set5": {"psnr": 3.5}})
    loaded = load_checkpoint(folder)
    assert loaded is not None
    assert loaded.architecture.name == session.config.network.preset
    return loaded.module


@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_comes_back(tmp_path: Path, name: str) -> None:
    session = toy_session(toy_config(network=name, ema=0.0))
    module = written(session, tmp_path)
    own = session.objective.networks[RESTORER].state_dict()
    assert module.state_dict().keys() == own.keys()
    assert all(torch.equal(value, own[key]) for key, value in module.state_dict().items())
    card = read_card(tmp_path)
    build = NETWORKS[name]
    assert complete_kwargs(build, card.kwargs) == complete_kwargs(build, session.config.network.set)


def test_the_averaged_network_is_written(tmp_path: Path) -> None:
    session = toy_session(toy_config(ema=0.5))
    train(session, until=3)
    module = written(session, tmp_path)
    picture = torch.rand((1, 1, 8, 8))
    with torch.no_grad():
        mean = session.averaged.network.eval()(picture)
        own = session.objective.networks[RESTORER].eval()(picture)
        assert torch.equal(module(picture), mean)
        assert not torch.equal(own, mean)
    card = read_card(tmp_path)
    assert card.steps == 3 and card.trained_on == "train400" and card.data == {"train400": "ab12"}
    assert card.scores == {"set5": {"psnr": 3.5}}
    assert msgspec.convert(card.config, Config) == session.config


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_dncnn_is_written_in_the_released_form(tmp_path: Path, ema: float) -> None:
    config = toy_config(network="dncnn", ema=ema)
    kwargs = {"channels": 1, "width": 8, "depth": 5, "norm": True}
    config = msgspec.structs.replace(config, network=NetworkChoice(preset="dncnn", set=kwargs))
    session = toy_session(config)
    train(session, until=4)  # so that running means are not what they began as
    module = written(session, tmp_path)
    assert session.objective.networks[RESTORER].training
    assert [key for key in module.state_dict() if "running" in key] == []
    assert list(module.state_dict())[:4] == [
        "model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias",
    ]  # fmt: skip
    picture = torch.rand((2, 1, 20, 24))
    with torch.no_grad():
        trained = session.averaged.network.eval()(picture)
        torch.testing.assert_close(module(picture), trained, rtol=1e-5, atol=1e-5)
        assert (trained - picture).abs().max() > 1e-3
    assert read_card(tmp_path).kwargs["norm"] is False


def test_the_card_has_the_scale_that_the_network_was_trained_at(tmp_path: Path) -> None:
    config = toy_config(network="espcn")
    built = msgspec.structs.replace(
        config, network=NetworkChoice(preset="espcn", set={**config.network.set, "scale": 2})
    )
    session = toy_session(built)
    session.config = config  # as where a stage has set another scale than the config's
    written(session, tmp_path / "espcn")
    card = read_card(tmp_path / "espcn")
    assert card.kwargs["scale"] == 2 and card.scale == 0
    stages = (Stage(steps=2, batch=2, patch=12, scale=2), Stage(steps=2, batch=2, patch=12))
    session = toy_session(toy_config(network="vdsr", stages=stages))
    session.step = 4
    written(session, tmp_path / "vdsr")
    assert read_card(tmp_path / "vdsr").scale == 2
    several = msgspec.structs.replace(config.data, scales=(2.0, 3.0, 4.0))
    config = msgspec.structs.replace(toy_config(network="vdsr"), data=several)
    written(toy_session(config), tmp_path / "several")
    assert read_card(tmp_path / "several").scale == 0


def test_infinite_scores_are_left_out_of_the_card(tmp_path: Path) -> None:
    session = toy_session(toy_config())
    scores = {"s": {"psnr": float("inf"), "ssim": 1.0}}
    write_model(tmp_path, session=session, data={}, scores=scores)
    assert read_card(tmp_path).scores == {"s": {"ssim": 1.0}}


def test_digests_tell_data_apart(tmp_path: Path) -> None:
    for place in ("a", "b"):
        save(tmp_path / place / "clean" / "1.png", scene(1))
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "dataset.json").write_text("{}")
    roots = [Root(tmp_path / name) for name in ("a/clean", "b/clean", "built")]
    sources = Sources(pairs=(roots[2],), low=(roots[0],), high=(roots[1],))
    first = data_digests(sources)
    assert list(first) == ["built", "clean", "clean (2)"]
    assert first["clean"] == first["clean (2)"]
    assert first["built"] == sha256_file(tmp_path / "built" / "dataset.json")
    save(tmp_path / "b" / "clean" / "2.png", scene(2))
    second = data_digests(sources)
    assert second["clean (2)"] != first["clean (2)"] and second["clean"] == first["clean"]
