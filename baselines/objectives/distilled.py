"""Restoration taught by a larger network: its pictures, its feature maps, and the targets.

The teacher's outputs as targets: Ba and Caruana, NeurIPS 2014; Hinton, Vinyals, Dean, 2015. Its
feature maps: FitNets, Romero et al., ICLR 2015; their attention: Zagoruyko and Komodakis, ICLR 2017
(see losses/distillation.py). No paper's recipe joins them for RRDB: the weights are the config's.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import torch
from torch import Tensor, nn

from baselines.checkpoints.load import load_checkpoint
from baselines.losses.distances import DISTANCES
from baselines.losses.distillation import (
    KINDS,
    feature_distillation,
    features_of,
    output_distillation,
)
from baselines.losses.operands import chosen
from baselines.losses.table import LOSSES, Loss
from baselines.networks.architecture import RestorationNetwork
from baselines.objectives.building import Ingredients
from baselines.objectives.turn import (
    RESTORER,
    Batch,
    Nets,
    Objective,
    Shared,
    Terms,
    Turn,
    restored,
)
from degrade.option_error import OptionError, nearest

TEACHER = "teacher"
# What of a network has to be the teacher's too, so that both see and give the same pictures.
_SHARED_TRAITS = ("scale", "channels", "out_channels", "luma", "pre_upsampled", "told")


class Distilled(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="distilled",
    tag_field="kind",
):  # fmt: skip
    """pixel: key of LOSSES, of output and target, and its weight. output: key of DISTANCES, of the
    student's and the teacher's pictures, and its weight. layers: the student's module -> the
    teacher's, whose maps are compared; none for no such term. features: 'maps', of as many
    channels, or 'attention'; norm: key of DISTANCES; weight: of the sum over layers."""

    pixel: str = "l1"
    pixel_weight: float = 1.0
    output: str = "l1"
    output_weight: float = 1.0
    layers: dict[str, str] = {}
    features: str = "maps"
    features_norm: str = "l2"
    features_weight: float = 1.0


def open_distilled(choice: Distilled, *, ingredients: Ingredients) -> Objective:
    """The objective of a config.

    Raises OptionError for a wrong setting, without a teacher and for one that takes or gives other
    pictures, FileNotFoundError and ValueError for a checkpoint that cannot be read.
    """
    _check(choice)
    student, teacher = ingredients.restorer, _teacher(ingredients)
    _check_layers(choice, student=student, teacher=teacher)
    turns = _Turns(choice=choice, pixel=LOSSES[choice.pixel], teacher=teacher)
    return Objective(
        turns=(Turn(name=RESTORER, trains=(RESTORER,), loss=turns.restore),),
        networks={RESTORER: student},
        frozen={TEACHER: teacher},
    )


@dataclass(frozen=True, kw_only=True)
class _Turns:
    choice: Distilled
    pixel: Loss
    teacher: RestorationNetwork

    def restore(self, networks: Nets, batch: Batch, _shared: Shared) -> Terms:
        """The student's terms."""
        choice, layers = self.choice, self.choice.layers
        taught = bool(layers and choice.features_weight)
        # nothing of the teacher has gradients; without maps it may take its faster way, which
        # passes modules by
        with torch.set_grad_enabled(taught):
            shown, theirs = _seen(
                {RESTORER: self.teacher}, batch, names=tuple(layers.values()) if taught else ()
            )
        output, ours = _seen(networks, batch, names=tuple(layers) if taught else ())
        terms: Terms = {}
        if choice.pixel_weight:
            terms["pixel"] = choice.pixel_weight * self.pixel(output, batch["gt"])
        if choice.output_weight:
            terms["output"] = choice.output_weight * output_distillation(
                output, shown, norm=choice.output
            )
        if taught:
            terms["features"] = choice.features_weight * feature_distillation(
                ours, theirs, norm=choice.features_norm, kind=choice.features
            )
        return terms


def _seen(networks: Nets, batch: Batch, *, names: tuple[str, ...]) -> tuple[Tensor, list[Tensor]]:
    """What the restorer gives, and the maps of its named modules; those are read of the network
    itself, not of its compiled form, whose modules are gone."""
    if not names:
        return restored(networks, batch), []
    network = networks[RESTORER]
    return features_of(getattr(network, "_orig_mod", network), batch["lq"], names=names)


def _check(choice: Distilled) -> None:
    chosen(LOSSES, choice.pixel, option="objective.pixel")
    chosen(DISTANCES, choice.output, option="objective.output")
    chosen(KINDS, choice.features, option="objective.features")
    chosen(DISTANCES, choice.features_norm, option="objective.features_norm")
    if not (choice.pixel_weight or choice.output_weight):
        raise OptionError(
            "objective.pixel_weight 0 and objective.output_weight 0: nothing compares "
            "the pictures; set one of them"
        )


def _teacher(ingredients: Ingredients) -> RestorationNetwork:
    """The teacher with its weights, frozen. Raises OptionError where it does not fit."""
    path = ingredients.teacher
    if path is None:
        raise OptionError(
            "--teacher: this objective learns from a trained network; give its checkpoint or the "
            "folder of its run's best"
        )
    loaded = load_checkpoint(path)
    if loaded is None:
        raise OptionError(
            f"--teacher {path}: of none of the bundled networks (pairsmith inspect --networks)"
        )
    own = ingredients.restorer.traits
    for trait in _SHARED_TRAITS:
        ours, theirs = getattr(own, trait), getattr(loaded.module.traits, trait)
        if ours != theirs:
            raise OptionError(
                f"--teacher {path}: {loaded.architecture.name} of {trait} {theirs!r}, and the "
                f"student's is {ours!r}; take a teacher of the same pictures"
            )
    return loaded.module.eval().requires_grad_(False)


def _check_layers(
    choice: Distilled, *, student: RestorationNetwork, teacher: RestorationNetwork
) -> None:
    if choice.layers and student.traits.told:
        raise OptionError(
            f"objective.layers: not for a network that is told {student.traits.told}; its pictures "
            "alone are compared"
        )
    sides: tuple[tuple[str, nn.Module, list[str]], ...] = (
        ("the student", student, list(choice.layers)),
        ("the teacher", teacher, list(choice.layers.values())),
    )
    for who, network, names in sides:
        modules = dict(network.named_modules())
        for name in names:
            if name not in modules or not name:
                outer = ", ".join(child for child, _ in network.named_children())
                raise OptionError(
                    f"objective.layers {name!r}: {who} has no such module; it holds {outer}"
                    f"{nearest(name, modules)}"
                )
