"""That network, data, patches and judge of a config agree, one leg of its stages at a time."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

import torch

from baselines.configs.config import Config, Data
from baselines.networks.architecture import UNBUILT, Traits
from baselines.networks.table import DISCRIMINATORS
from baselines.objectives.adversarial import Adversarial
from baselines.training.legs import BEFORE, NEEDED, SCRATCH, Leg, network_of_leg
from baselines.training_data.geometry import patch_sides
from baselines.training_data.recipes import PLACE, recipe_at
from degrade.option_error import OptionError, nearest

_SIZE = "size"  # argument of judges that take one size of picture


def check_leg(config: Config, leg: Leg) -> None:
    """Raises OptionError where what these stages train, and on what, cannot be together.

    The network and its arguments, what it starts from, the scale of its data, the sides of its
    patches, the judge.
    """
    _check_start(leg)
    traits = _traits(config, leg)
    scales = config.data.scales or ((traits.scale,) if traits.told != "scale" else ())
    if not scales:
        raise OptionError(
            f"data.scales: none, and {config.network.preset} is told its scale; such as 2,3,4"
        )
    if traits.told != "scale" and not traits.pre_upsampled:
        known = traits.scales or (traits.scale,)
        for scale in scales:
            if scale not in known:
                made = ", ".join(f"x{one}" for one in known)
                raise OptionError(
                    f"data.scales {scale:g}: {config.network.preset} makes {made} alone; leave "
                    "data.scales empty"
                )
    _check_told(config, traits)
    for scale in scales:
        if traits.pre_upsampled and scale != int(scale):
            raise OptionError(
                f"data.scales {scale:g}: {config.network.preset} takes enlarged pictures, whose "
                "scales are whole"
            )
        _check_recipe(config.data, scale=scale, traits=traits)
        for number in range(*leg.stages):
            _check_patch(config, stage=number, scale=scale, traits=traits)
    if isinstance(config.objective, Adversarial):
        for number in range(*leg.stages):
            _check_judge(config, config.objective, stage=number, first=leg.stages[0])


def _check_start(leg: Leg) -> None:
    """That what is started from is a word or is there now, not only when its stage begins."""
    named, words = leg.init_from, (BEFORE, SCRATCH)
    if named in words or named.partition(":")[0] == NEEDED or Path(named).exists():
        return
    raise OptionError(
        f"stages.{leg.stages[0]}.init_from {named!r}: no such checkpoint or folder of a run, and "
        f"none of the words {', '.join(words)}{nearest(named, words)}"
    )


def _traits(config: Config, leg: Leg) -> Traits:
    """Of the network, which is built without values."""
    architecture, kwargs = network_of_leg(config, leg)
    known = inspect.signature(architecture.build).parameters
    for name in kwargs:
        if name not in known:
            raise OptionError(
                f"network.set.{name}: {architecture.name} takes {', '.join(known)}"
                f"{nearest(name, known)}"
            )
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weights without elements: it is refused below
            traits = architecture.build(**kwargs).traits
        if traits.scale < 1 and traits.told != "scale":
            raise ValueError(f"scale {traits.scale}: 1 or more")
        return traits
    except UNBUILT as error:
        given = ", ".join(f"{name}={value!r}" for name, value in config.network.set.items())
        raise OptionError(
            f"network.set {given or 'of ' + config.network.preset}: {architecture.name} cannot be "
            f"built so: {error}"
        ) from error


def _check_told(config: Config, traits: Traits) -> None:
    """That samples may be drawn and changed so, for a network of these channels that is told so."""
    data, name = config.data, config.network.preset
    for key, asked in (
        ("shuffle_channels", data.shuffle_channels), ("jitter.saturation", data.jitter.saturation),
    ):  # fmt: skip
        if asked and traits.channels == 1:
            raise OptionError(f"data.{key}: {name} takes one channel, which has no colours")
    if data.mixup and traits.told:
        raise OptionError(
            f"data.mixup {data.mixup:g}: {name} is told the {traits.told} of a picture, and mixed "
            "ones have two; set it to 0"
        )
    one = traits.told == "scale" or bool(traits.scales)
    if one and data.scale_per != "batch" and len(data.scales) > 1:
        raise OptionError(
            f"data.scale_per {data.scale_per!r}: {name} takes one scale a batch; set it to batch"
        )


def _check_recipe(data: Data, *, scale: float, traits: Traits) -> None:
    """That the recipe is there and shrinks as much as the network enlarges. One that names no
    {scale} is of one scale, so it does for pictures that are enlarged before as it is."""
    if not data.recipe or (traits.pre_upsampled and not data.scales and PLACE not in data.recipe):
        return
    try:
        recipe_at(data.recipe, scale)
    except OptionError as error:
        raise OptionError(f"data.recipe {data.recipe!r}: {error}") from error


def _check_patch(config: Config, *, stage: int, scale: float, traits: Traits) -> None:
    patch, at = config.stages[stage].patch, f"stages.{stage}.patch"
    if not patch:
        if config.data.fit == "resize":
            raise OptionError(f"{at} 0: data.fit resize squeezes pictures to a side; name it")
        return
    try:
        enlarged = traits.pre_upsampled
        sides = patch_sides(patch, of=config.data.patch_of, scale=scale, enlarged=enlarged)
    except OptionError as error:
        said = str(error)
        where = f"stages.{stage}." if said.startswith("stages.") else ""
        raise OptionError(f"{where}{said.removeprefix('stages.')}") from error
    side = patch if enlarged else sides.input
    rule = traits.sizes
    if rule.padded((side, side)) != (side, side):
        least = f", {rule.minimum} or more" if rule.minimum > rule.multiple else ""
        times = 1 if enlarged or config.data.patch_of == "input" else int(scale)
        near = max(1, side // rule.multiple) * rule.multiple
        raise OptionError(
            f"{at} {patch}: {config.network.preset} takes inputs whose sides are multiples of "
            f"{rule.multiple}{least}, this one would be {side} px; such as {near * times}"
        )


def _check_judge(config: Config, objective: Adversarial, *, stage: int, first: int) -> None:
    """That a judge of one size of picture is shown pictures of it."""
    choice, patch = objective.judge, config.stages[stage].patch
    build = DISCRIMINATORS.get(choice.network)
    if build is None or _SIZE not in inspect.signature(build).parameters:
        return
    size = choice.set.get(_SIZE, config.stages[first].patch)
    if patch != size or config.data.patch_of == "input":
        raise OptionError(
            f"stages.{stage}.patch {patch}: the judge {choice.network!r} takes targets of one "
            f"size, {size}; take that with data.patch_of target, or objective.judge.network=unet"
        )
    try:
        with torch.device("meta"):
            build(**{_SIZE: size})
    except ValueError as error:
        raise OptionError(
            f"stages.{stage}.patch {patch}: the judge {choice.network!r}: {error}; or "
            "objective.judge.network=unet, which takes any"
        ) from error
