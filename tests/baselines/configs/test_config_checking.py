"""check_config: every value that cannot be is named by its key before any data is read."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from baselines.configs.checking import check_config, check_given, check_turns
from baselines.configs.config import Config, Data, NetworkChoice, Optimizer, Schedule, Stage
from baselines.configs.overriding import override
from baselines.configs.table import CONFIGS
from baselines.networks.table import NETWORKS
from baselines.objectives.adversarial import Adversarial, Judge
from baselines.objectives.turn import RESTORER
from baselines.training.options import Judges
from baselines.training.schedule import LAWS, factor_at
from baselines.training_data.sources import Sources
from builders.sources import Root
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config, toy_session

TOY = toy_config()


def _refused(config: Config, *, said: str, processes: int = 1) -> None:
    with pytest.raises(OptionError, match=said):
        check_config(config, processes=processes)


def test_the_toy_holds_together() -> None:
    check_config(TOY)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("stages=[]", "^stages: the table is empty"),
        ("stages.1.steps=0", r"^stages\.1\.steps 0: 1 or more"),
        ("stages.1.batch=0", r"^stages\.1\.batch 0: 1 or more"),
        ("stages.0.patch=-3", r"^stages\.0\.patch -3: 0 or more"),
        ("stages.0.accumulate=3", r"^stages\.0\.batch 4: .*3 micro-batches; .*multiple of 3"),
        ("stages.0.patch=20", r"^stages\.0\.patch 20: no multiple of the scale 3"),
        ("stages.0.weights=1,-1", r"^stages\.0\.weights -1: 0 or more"),
        ("stages.0.weights=0,0", r"^stages\.0\.weights .*one of them is above 0"),
        ("stages.1.init_from=nowhere", r"^stages\.1\.init_from 'nowhere': no such checkpoint"),
        ("stages.1.init_from=befor", "did you mean 'before'"),
        ("ema=1", "^ema 1: 0 or more and below 1"),
        ("ema=inf", "^ema inf: finite"),
        ("precision=bf17", "^precision 'bf17': .*did you mean 'bf16'"),
        ("log_every=0", "^log_every 0: 1 or more"),
        ("seed=-1", "^seed -1"),
        ("optimizers={}", "^optimizers: is empty"),
        ("optimizers.restorer.kind=adma", r"^optimizers\.restorer\.kind 'adma': .*'adam'"),
        ("optimizers.restorer.rate=0", r"^optimizers\.restorer\.rate 0: above 0"),
        ("optimizers.restorer.betas=0.9,1", r"^optimizers\.restorer\.betas\.1 1: .*below 1"),
        ("optimizers.restorer.clip=norm", r"^optimizers\.restorer\.clip_at 0: above 0; .*none"),
        ("optimizers.restorer.clip=nrm", r"^optimizers\.restorer\.clip 'nrm': .*'norm'"),
        ("optimizers.restorer.groups.(=1", r"^optimizers\.restorer\.groups '\(': not a regular"),
        ("optimizers.restorer.schedule.law=cosin", r"^optimizers\.restorer\.schedule\.law 'cosin'"),
        ("optimizers.restorer.schedule.steps=5,3", r"^optimizers\.restorer\.schedule\.steps"),
        ("optimizers.restorer.schedule.least=2", r"\.least 2: 0 or more and at most 1"),
        ("optimizers.restorer.schedule.warm_up=-1", r"\.warm_up -1: 0 or more"),
        ("stages.1.schedule.law=linear", r"^stages\.1\.schedule\.steps \[\]: linear takes 2"),
        ("stages.1.schedule.law=liner", r"^stages\.1\.schedule\.law 'liner': .*'linear'"),
        ("network=espn-x3", "espcn-x3"),
        ("network.set.widht=8", r"^network\.set\.widht: espcn takes .*scale"),
        ("network.set.scale=0", r"^network\.set scale=0: espcn cannot be built so"),
        ("data.recipe=bicubik-x3", r"^data\.recipe 'bicubik-x3': .*did you mean 'bicubic-x3'"),
        ("data.recipe=bicubic-x4", r"^data\.recipe 'bicubic-x4': .*the network needs x3"),
        ("data.scales=2", r"^data\.scales 2: espcn makes x3 alone"),
        ("data.fit=corp", r"^data\.fit 'corp': .*'crop'"),
        ("data.patch_of=inptu", r"^data\.patch_of 'inptu': .*'input'"),
        ("data.mixup=-1", r"^data\.mixup -1: 0 or more"),
        ("data.rescale=1,1.1", r"^data\.rescale 1\.1: above 0 and at most 1|most 1 and above 0"),
        ("data.brightness=0.9,0.1", r"^data\.brightness 0\.9, 0\.1: rising"),
        ("data.jitter.contrast=1", r"^data\.jitter\.contrast 1: 0 or more and below 1"),
        ("data.scale_per=patch", r"^data\.scale_per 'patch': one of sample, batch"),
        ("validation.best=psnrr", r"^validation\.best 'psnrr': .*did you mean 'psnr'"),
        ("validation.metrics=ssim", r"^validation\.best 'psnr': not among validation\.metrics"),
        ("validation.every=-1", r"^validation\.every -1"),
    ],
)
def test_what_cannot_be_is_named(setting: str, said: str) -> None:
    _refused(override(TOY, [setting]), said=said)


def test_batches_are_cut_among_processes() -> None:
    check_config(TOY, processes=2)
    _refused(TOY, said=r"^stages\.0\.batch 4: .*3 processes; take a multiple of 3", processes=3)


def test_a_recipe_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        check_config(override(TOY, ["data.recipe=nowhere.json"]))


@pytest.mark.parametrize(
    ("preset", "patch", "near"),
    [("restormer", 100, 96), ("drunet-gray", 52, 48), ("realesrgan-x2", 202, 200)],
)
def test_patches_are_what_the_network_takes(preset: str, patch: int, near: int) -> None:
    def with_patch(side: int) -> Config:
        stages = (Stage(steps=1, batch=1, patch=side),)
        return msgspec.structs.replace(TOY, network=NetworkChoice(preset=preset), stages=stages)

    _refused(with_patch(patch), said=rf"^stages\.0\.patch {patch}: {preset} .*such as {near}$")
    check_config(with_patch(near))


def test_pictures_that_are_squeezed_have_a_side() -> None:
    config = override(TOY, ["data.fit=resize", "stages.1.patch=0"])
    _refused(config, said=r"^stages\.1\.patch 0: data\.fit resize")


def test_networks_of_several_scales_list_them() -> None:
    told = msgspec.structs.replace(
        TOY, network=NetworkChoice(preset="meta-rdn"), data=Data(patch_of="input")
    )
    _refused(told, said=r"^data\.scales: none, and meta-rdn is told its scale")
    check_config(override(told, ["data.scales=1.5,2,4", "data.recipe=bicubic-x{scale}"]))


def test_a_stage_of_another_scale_has_another_network() -> None:
    grown = override(TOY, ["stages.0.scale=2", "stages.1.scale=4", "data.recipe=bicubic-x{scale}"])
    check_config(grown)
    _refused(override(grown, ["data.recipe=bicubic-x2"]), said="bicubic-x2.*needs x4")
    plain = override(TOY, ["network=restormer", "stages.*.patch=16", "stages.0.scale=2"])
    _refused(plain, said=r"^stages\.0\.scale 2: restormer has no scale")


def _judged(*, patch: int, judge: Judge) -> Config:
    return msgspec.structs.replace(
        TOY, network=NetworkChoice(preset="esrgan-x4"), objective=Adversarial(judge=judge),
        stages=(Stage(steps=1, batch=1, patch=patch),),
    )  # fmt: skip


def test_judges_of_one_size_see_pictures_of_it() -> None:
    check_config(_judged(patch=128, judge=Judge()))
    check_config(_judged(patch=96, judge=Judge(network="unet")))
    _refused(_judged(patch=96, judge=Judge()), said=r"^stages\.0\.patch 96: the judge 'vgg': size")
    sized = Judge(set={"size": 256})
    _refused(_judged(patch=128, judge=sized), said="the judge 'vgg' takes targets of one size, 256")
    two = _judged(patch=128, judge=Judge())
    two = msgspec.structs.replace(two, stages=(*two.stages, Stage(steps=1, batch=1, patch=256)))
    _refused(two, said=r"^stages\.1\.patch 256: .*one size, 128")


@pytest.mark.parametrize(
    ("network", "settings", "said"),
    [
        ("dncnn-s", ["data.shuffle_channels=true"], r"data\.shuffle_channels: .*one channel"),
        ("dncnn-s", ["data.jitter.saturation=0.1"], r"data\.jitter\.saturation: .*one channel"),
        ("ffdnet-or-drunet", ["data.mixup=1.2"], r"data\.mixup 1\.2: .*told the sigma"),
        ("meta-rdn", ["data.scales=2,3", "data.scale_per=sample"], r"scale_per 'sample': .*batch"),
        ("vdsr", ["data.scales=2.5"], r"data\.scales 2\.5: .*whole"),
        ("nerco", ["data.unpaired=true", "data.mixup=1"], r"data\.mixup 1: .*unpaired has none"),
    ],
)
def test_data_that_the_network_cannot_have(network: str, settings: list[str], said: str) -> None:
    preset = "drunet-gray" if network == "ffdnet-or-drunet" else network
    _refused(override(TOY, [f"network={preset}", "stages.*.patch=48", *settings]), said=said)


PAIRS = Sources(pairs=(Root(Path("pairs")),))


@pytest.mark.parametrize(
    ("name", "judges", "said"),
    [
        ("esrgan-x4", Judges(without=frozenset({"perceptul"})), "did you mean 'perceptual'"),
        ("dncnn-s-25", Judges(without=frozenset({"clip"})), "^--without clip: dncnn-s-25 has no"),
        ("dncnn-s-25", Judges(teacher=Path("t.pt")), "^--teacher t.pt: .*with dncnn-s-25"),
        ("nerco", Judges(vgg=Path("v.pth")), "^--vgg v.pth: .*with nerco"),
        ("esrgan-x4", Judges(clip=Path("c.pt")), "^--clip c.pt"),
        (
            "nerco",
            Judges(clip=Path("c.pt"), without=frozenset({"clip"})),
            "^--clip c.pt: .*--without clip",
        ),
    ],
)
def test_options_of_no_use_are_refused(name: str, judges: Judges, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        check_given(CONFIGS[name], sources=PAIRS, judges=judges)


def test_options_that_are_used_pass() -> None:
    clean = Sources(clean=(Root(Path("clean")),), recipe="gaussian-25")
    for name, judges in (
        ("esrgan-x4", Judges(vgg=Path("v.pth"))),
        ("esrgan-x4", Judges(without=frozenset({"perceptual"}))),
        ("nerco", Judges(clip=Path("c.pt"))),
        ("rrdb-distilled-x4", Judges(teacher=Path("t.pt"))),
    ):
        check_given(CONFIGS[name], sources=clean, judges=judges)
    stored = dataclasses.replace(PAIRS, recipe="gaussian-25")
    with pytest.raises(OptionError, match=r"^--recipe gaussian-25: clean pictures"):
        check_given(TOY, sources=stored, judges=Judges())


def test_turns_have_their_optimisers() -> None:
    objective = toy_session(TOY).objective
    check_turns(TOY, objective)
    more = override(TOY, ['optimizers.restoer={"rate": 1}'])
    with pytest.raises(OptionError, match=r"^optimizers\.restoer: .*did you mean 'restorer'"):
        check_turns(more, objective)
    judge = dataclasses.replace(objective.turns[0], name="judge")
    judged = dataclasses.replace(objective, turns=(*objective.turns, judge))
    with pytest.raises(OptionError, match=r"^optimizers\.judge: is missing"):
        check_turns(TOY, judged)


@given(
    some.builds(
        Schedule,
        law=some.sampled_from(list(LAWS)),
        steps=some.lists(some.integers(0, 20), max_size=4).map(tuple),
        factor=some.floats(0.01, 2.0),
        least=some.floats(0.0, 1.0),
        warm_up=some.integers(0, 9),
    )
)
def test_schedules_that_pass_give_rates_at_every_step(schedule: Schedule) -> None:
    config = msgspec.structs.replace(
        TOY, optimizers={RESTORER: Optimizer(rate=1e-3, schedule=schedule)}
    )
    try:
        check_config(config)
    except OptionError as error:
        assert str(error).startswith("optimizers.restorer.schedule")
        return
    factors = [factor_at(schedule, step) for step in range(8)]
    assert all(math.isfinite(one) and one >= 0 for one in factors) and any(factors)


@pytest.mark.parametrize(
    "preset", [preset for one in NETWORKS.values() for preset in one.presets][::9]
)
def test_any_network_may_be_named(preset: str) -> None:
    config = override(
        TOY, [f"network={preset}", "stages.*.patch=384", "data.scales=2"]
        if preset.startswith("meta") else [f"network={preset}", "stages.*.patch=384"],
    )  # fmt: skip
    check_config(config)
