"""--with: typed keys and values, and what is said of wrong ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from baselines.configs.config import Config, NetworkChoice, Optimizer, Schedule, Stage
from baselines.configs.overriding import SHORT, override
from baselines.configs.reading import config_json
from baselines.configs.table import CONFIGS
from baselines.objectives.adversarial import Adversarial
from baselines.objectives.paired import Paired
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config

TOY = toy_config()
ALL: dict[str, Config] = {"toy": TOY, **CONFIGS}


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every (dotted key, value) of a config's JSON, containers among them."""
    if key and not key.endswith(".kind"):
        yield key, value
    if key.startswith("network.set.") or key.endswith((".groups", ".layers")):
        return  # entries of any name, of any value
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for name, one in pairs:
        yield from _leaves(one, f"{key}.{name}" if key else str(name))


@given(some.data())
def test_what_is_there_already_changes_nothing(data: some.DataObject) -> None:
    config = ALL[data.draw(some.sampled_from(list(ALL)))]
    leaves = list(_leaves(json.loads(config_json(config))))
    chosen = data.draw(some.lists(some.sampled_from(range(len(leaves))), min_size=1, max_size=4))
    settings = [f"{leaves[one][0]}={json.dumps(leaves[one][1])}" for one in chosen]
    assert override(config, settings) == config


@given(some.integers(1, 10**9), some.floats(1e-9, 1e3), some.booleans())
def test_what_is_set_is_there(steps: int, rate: float, compiled: bool) -> None:
    changed = override(
        TOY,
        [f"stages.1.steps={steps}", f"optimizers.restorer.rate={rate}", f"compile={compiled}"],
    )
    assert changed.stages[1].steps == steps and changed.stages[0] == TOY.stages[0]
    assert changed.optimizers["restorer"].rate == rate and changed.compile is compiled
    again = msgspec.structs.replace(
        changed, stages=TOY.stages, optimizers=TOY.optimizers, compile=TOY.compile
    )
    assert again == TOY


def test_words_and_lists_without_their_signs() -> None:
    changed = override(
        TOY,
        [
            "precision=bf16", "ema=0.999", "name=30", "data.scales=2,3,4", "data.rescale=[1, 0.9]",
            "validation.metrics=psnr,ssim", "optimizers.restorer.betas=0.9,0.99", "about=a=b",
        ],
    )  # fmt: skip
    assert (changed.precision, changed.ema, changed.name) == ("bf16", 0.999, "30")
    assert changed.data.scales == (2.0, 3.0, 4.0) and changed.data.rescale == (1.0, 0.9)
    assert changed.validation.metrics == ("psnr", "ssim") and changed.about == "a=b"
    assert changed.optimizers["restorer"].betas == (0.9, 0.99)


def test_later_changes_hold() -> None:
    assert override(TOY, ["seed=1", "seed=2"]).seed == 2


def test_networks_and_objectives_by_a_word() -> None:
    changed = override(TOY, ["network=edsr-x4", "network.set.width=32", "objective=adversarial"])
    assert changed.network == NetworkChoice(preset="edsr-x4", set={"width": 32})
    assert changed.objective == Adversarial()
    changed = override(changed, ["objective.gan=hinge", "objective.judge.network=unet"])
    assert isinstance(changed.objective, Adversarial)
    assert changed.objective.gan == "hinge" and changed.objective.judge.network == "unet"
    assert override(TOY, ["network.preset=vdsr"]).network.set == TOY.network.set
    whole = override(TOY, ['objective={"kind": "paired", "weight": 2}'])
    assert whole.objective == Paired(weight=2.0)


def test_every_entry_by_a_star() -> None:
    changed = override(TOY, ["stages.*.batch=16", "optimizers.*.schedule.law=constant"])
    assert [one.batch for one in changed.stages] == [16, 16]
    assert [one.steps for one in changed.stages] == [one.steps for one in TOY.stages]
    assert changed.optimizers["restorer"].schedule.law == "constant"


def test_entries_come_and_go() -> None:
    more = override(
        TOY, ['optimizers.judge={"rate": 1e-4}', "optimizers.restorer.groups.conv1.weight=0.1"]
    )
    assert more.optimizers["judge"] == Optimizer(rate=1e-4)
    assert more.optimizers["restorer"].groups == {"conv1.weight": 0.1}
    less = override(more, ["optimizers.judge=null", "optimizers.restorer.groups={}"])
    assert less == TOY
    with pytest.raises(OptionError, match=r"--with optimizers\.judge: is not there"):
        override(TOY, ["optimizers.judge=null"])


def test_a_schedule_where_none_was() -> None:
    changed = override(TOY, ["stages.0.schedule.law=cosine", "stages.0.schedule.steps=0,4"])
    assert changed.stages[0].schedule == Schedule(law="cosine", steps=(0, 4))
    assert override(changed, ["stages.0.schedule=null"]) == TOY


def test_a_table_of_stages_whole() -> None:
    changed = override(TOY, ['stages=[{"steps": 5, "batch": 2, "patch": 12}]'])
    assert changed.stages == (Stage(steps=5, batch=2, patch=12),)


@given(some.integers(1, 8))
def test_steps_cuts_the_table(steps: int) -> None:
    changed = override(TOY, [f"steps={steps}"])
    assert sum(one.steps for one in changed.stages) == steps
    for new, old in zip(changed.stages, TOY.stages, strict=False):
        assert msgspec.structs.replace(new, steps=old.steps) == old
    assert changed.optimizers == TOY.optimizers  # the steps are the first of the full run


def test_short_words() -> None:
    changed = override(TOY, ["clip=0.01", "warm_up=5"])
    optimizer = changed.optimizers["restorer"]
    assert (optimizer.clip, optimizer.clip_at, optimizer.schedule.warm_up) == ("norm", 0.01, 5)
    assert override(changed, ["clip=0"]).optimizers["restorer"].clip == "none"
    own = override(TOY, ["stages.0.schedule.law=constant", "warm_up=5"])
    assert own.stages[0].schedule == Schedule(warm_up=5) and own.stages[1].schedule is None
    assert not set(SHORT) & set(Config.__struct_fields__)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("stages.0.bacth=8", "--with stages.0.bacth: .*batch.*; did you mean 'batch'"),
        ("precison=bf16", "--with precison: .*; did you mean 'precision'"),
        ("stpes=3", "--with stpes: .*; did you mean 'steps'"),
        ("network.prest=x", "--with network.prest: .*; did you mean 'preset'"),
        ("optimizers.restorr.rate=1", "--with optimizers.restorr: .*; did you mean 'restorer'"),
        ("optimizers.restorer.shedule.law=x", "shedule: .*; did you mean 'schedule'"),
        ("objective.pixle=l2", "--with objective.pixle: .*of kind paired.*'pixel'"),
        ("objective=pared", "--with objective.kind 'pared'.*; did you mean 'paired'"),
        ("objective.kind=adversarial", "--with objective.kind: .*objective=adversarial"),
        ("stages.2.batch=8", r"--with stages\.2: stages has 0 to 1"),
        ("stages.first.batch=8", r"--with stages\.first: stages has 0 to 1"),
        ("data.scales.0=8", r"--with data\.scales\.0: data\.scales is empty"),
        ("optimizers.restorer.rate=fast", 'takes a number, got "fast"'),
        ("stages.0.steps=1.5", "takes a whole number, got 1.5"),
        ("compile=yes", 'takes true or false, got "yes"'),
        ("data.flips.x=1", r"--with data\.flips\.x: data\.flips is true or false"),
        ("stages=3", r"--with stages\.0: takes an object with steps, batch, patch"),
        ("stages=[{", "--with stages: .* is not JSON"),
        ("ema", "takes KEY=VALUE"),
        ("=3", "takes KEY=VALUE"),
        ("steps=9", "cuts the run, takes 1 to its 8 steps, got 9.*stages.1.steps"),
        ("steps=0", "cuts the run"),
        ("steps=many", "takes a number"),
        ("clip=-1", "takes a number of 0 or more"),
        ("warm_up=0.5", "takes a whole number of steps"),
    ],
)
def test_what_is_wrong_is_named(setting: str, said: str) -> None:
    with pytest.raises(OptionError, match=said) as caught:
        override(TOY, [setting])
    assert str(caught.value).startswith("--with ")
