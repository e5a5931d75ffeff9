"""Configs from names and files: strict, and equal after a round trip."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from baselines.configs.checking import check_config
from baselines.configs.config import Config
from baselines.configs.reading import config_json, find_config, parse_config
from baselines.configs.table import CONFIGS
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config


@pytest.mark.parametrize("name", CONFIGS)
def test_every_bundled_config_holds_together(name: str) -> None:
    config = CONFIGS[name]
    assert config.name == name and config.cite and config.about
    check_config(config)
    assert parse_config(config_json(config), file="it") == config
    assert find_config(name) is config


def _written(folder: Path, change: Any) -> Path:
    raw = json.loads(config_json(toy_config()))
    change(raw)
    path = folder / "mine.json"
    path.write_text(json.dumps(raw))
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    path = _written(tmp_path, lambda raw: raw["stages"][0].update(steps=1e3))
    config = find_config(str(path))
    assert config.stages[0].steps == 1000 and isinstance(config.stages[0].steps, int)
    assert config.stages[1:] == toy_config().stages[1:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.update(stagse=1), ["stagse: no such key", "'stages'"]),
        (lambda raw: raw["stages"][1].update(bacth=1), ["stages.1.bacth: no such key", "'batch'"]),
        (
            lambda raw: raw["optimizers"]["restorer"]["schedule"].update(lwa="cosine"),
            ["optimizers.restorer.schedule.lwa: no such key", "'law'"],
        ),
        (lambda raw: raw["objective"].update(pixle="l1"), ["objective.pixle", "'pixel'"]),
        (lambda raw: raw["objective"].update(kind="pared"), ["objective.kind 'pared'", "'paired'"]),
        (lambda raw: raw["objective"].pop("kind"), ["objective.kind is missing", "paired"]),
        (lambda raw: raw["data"]["jitter"].update(hue=0), ["data.jitter.hue", "brightness"]),
        (lambda raw: raw["network"].pop("preset"), ["network.preset: is missing"]),
        (
            lambda raw: raw["optimizers"]["restorer"].update(rate="fast"),
            ['optimizers.restorer.rate: takes a number, got "fast"'],
        ),
        (lambda raw: raw["stages"][0].update(batch=1.5), ["stages.0.batch", "whole", "1.5"]),
        (lambda raw: raw["stages"][0].update(batch=True), ["stages.0.batch", "whole", "True"]),
        (lambda raw: raw.update(compile=1), ["compile: takes true or false, got 1"]),
        (
            lambda raw: raw["optimizers"]["restorer"].update(betas=[0.9]),
            ["optimizers.restorer.betas: takes a list of 2"],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, change: Any, said: list[str]) -> None:
    path = _written(tmp_path, change)
    with pytest.raises(ValueError) as caught:
        find_config(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    for words in said:
        assert words in message


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[]", b"3", b'{"a":' * 100_000])
def test_what_is_no_config_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it\.json: "):
        parse_config(data, file="it.json")


def test_names_and_files_that_are_not_there() -> None:
    some = next(iter(CONFIGS))
    with pytest.raises(OptionError, match=f"did you mean '{some}'"):
        find_config(f"{some}x")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_config("nowhere.json")


def test_a_file_may_say_what_differs_from_a_bundled_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    raw: dict[str, Any] = {"base": "demo", "with": {"stages.*.batch": 2, "precision": "bf16"}}
    path.write_text(json.dumps(raw))
    config = find_config(str(path))
    assert config.precision == "bf16" and {one.batch for one in config.stages} == {2}
    assert config.data == CONFIGS["demo"].data
    for wrong, said in (
        ({**raw, "wiht": {}}, "did you mean 'with'"),
        ({**raw, "base": "dmeo"}, "did you mean 'demo'"),
        ({**raw, "with": {"stages.0.bacth": 2}}, "did you mean 'batch'"),
        ({**raw, "with": ["a"]}, "an object of keys"),
    ):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=said) as caught:
            find_config(str(path))
        assert str(caught.value).startswith(str(path))


def test_infinities_are_text() -> None:
    config = msgspec.structs.replace(toy_config(), ema=math.inf)
    written = config_json(config)
    assert json.loads(written)["ema"] == "inf"
    assert parse_config(written, file="it") == config


def test_the_whole_config_is_written() -> None:
    raw = json.loads(config_json(toy_config()))
    assert list(raw) == list(Config.__struct_fields__)
    assert set(raw["stages"][0]) >= {"accumulate", "schedule", "init_from"}
