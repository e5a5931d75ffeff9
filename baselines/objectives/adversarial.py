"""Restoration that a judge calls real: SRGAN, ESRGAN, Real-ESRGAN, by their weights alone.

Two turns a step. The restorer's: pixel, perceptual, texture, total variation, and that the judge
takes its pictures for true ones. The judge's: telling the two apart, on the same restored pictures,
through which nothing is learned then.

Relativistic as in ESRGAN's release (BasicSR, esrgan_model.py): in the restorer's turn the logits of
the true pictures are constants, and the mean of the restored ones' is not; in the judge's both
means are constants. There the restored pictures are judged twice, once for the mean and once for
the term; once gives the same gradient.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from baselines.losses.adversarial import (
    KINDS,
    detached,
    discriminator_term,
    generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
)
from baselines.losses.distances import DISTANCES
from baselines.losses.operands import chosen
from baselines.losses.perceptual import perceptual, texture
from baselines.losses.pixel import total_variation
from baselines.losses.table import LOSSES, Loss
from baselines.losses.vgg import VGG19Features, load_vgg19
from baselines.networks.table import DISCRIMINATORS
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.turn import (
    JUDGE,
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

VGG = "vgg"
PLAIN = "gt_plain"  # targets as they were before a recipe's target steps, where a batch has them
WITHOUT = "perceptual"  # what --without calls VGG's terms
_FAKE = "fake"
_SIZE = "size"  # argument of judges that take one size of picture


class Perceptual(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """VGG19's features. layers: its convolutions ('conv5_4') -> weight. activated: after their
    activation (SRGAN) or before it (ESRGAN). norm: key of DISTANCES. scale: factor of the features.
    weight: of the sum, 0 for none."""

    layers: dict[str, float] = msgspec.field(default_factory=lambda: {"conv5_4": 1.0})
    activated: bool = False
    norm: str = "l1"
    scale: float = 1.0
    weight: float = 1.0


class Judge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """network: key of DISCRIMINATORS. set: its arguments; the size of pictures that it takes, where
    it takes one alone, is the first stage's patch unless it is here."""

    network: str = "vgg"
    set: dict[str, Any] = {}


class Adversarial(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="adversarial",
    tag_field="kind",
):  # fmt: skip
    """What the restorer minimises; defaults are ESRGAN's (section 3.2 and 4.1).

    pixel: key of LOSSES, and its weight. texture: weight of the distance of Gram matrices of
    perceptual's layers by its norm (BasicSR's style_weight). tv: weight of the total variation of
    the restored picture. gan: kind of the adversarial loss, key of KINDS, and its weight, which the
    judge's own turn has not. relativistic: the relativistic average. learning_means: in the
    judge's turn the relativistic means have gradients, as equation 1 says and the release does
    not. plain_real: the judge is shown targets as they were before the recipe sharpened them, where
    a batch has them (Real-ESRGAN's release, gan_gt_usm: False).
    """

    pixel: str = "l1"
    pixel_weight: float = 1e-2
    perceptual: Perceptual = Perceptual()
    texture: float = 0.0
    tv: float = 0.0
    gan: str = "vanilla"
    gan_weight: float = 5e-3
    relativistic: bool = True
    learning_means: bool = False
    judge: Judge = Judge()
    plain_real: bool = False


def open_adversarial(choice: Adversarial, *, ingredients: Ingredients) -> Objective:
    """The objective of a config. With 'perceptual' among `ingredients.without` VGG's terms are left
    out, and its notes say so. Raises OptionError for a wrong setting, FileNotFoundError where VGG's
    weights cannot be had."""
    _check(choice)
    networks = {RESTORER: ingredients.restorer, JUDGE: _judge(choice.judge, ingredients)}
    vgg, notes = _vgg(choice, ingredients)
    turns = _Turns(choice=choice, pixel=LOSSES[choice.pixel], vgg=vgg)
    coupled = "relativistic means are of one micro-batch of all processes"
    return Objective(
        turns=(
            Turn(name=RESTORER, trains=(RESTORER,), loss=turns.restore),
            Turn(name=JUDGE, trains=(JUDGE,), loss=turns.judge),
        ),
        networks=networks,
        frozen={} if vgg is None else {VGG: vgg},
        batch_coupled=coupled if choice.relativistic else "",
        notes=notes,
    )


@dataclass(frozen=True, kw_only=True)
class _Turns:
    choice: Adversarial
    pixel: Loss
    vgg: VGG19Features | None

    def restore(self, networks: Nets, batch: Batch, shared: Shared) -> Terms:
        """The restorer's terms; leaves the restored pictures for the judge."""
        choice, target = self.choice, batch["gt"]
        fake = restored(networks, batch)
        shared[_FAKE] = fake.detach()
        terms: Terms = {}
        if choice.pixel_weight:
            terms["pixel"] = choice.pixel_weight * self.pixel(fake, target)
        if self.vgg is not None:
            compared = choice.perceptual
            layers = _layers(compared)
            if compared.weight:
                terms["perceptual"] = compared.weight * perceptual(
                    fake, target, vgg=self.vgg, weights=layers, norm=compared.norm
                )
            if choice.texture:
                terms["texture"] = choice.texture * texture(
                    fake, target, vgg=self.vgg, weights=layers, norm=compared.norm
                )
        if choice.tv:
            terms["tv"] = choice.tv * total_variation(fake)
        terms["gan"] = choice.gan_weight * self._fooling(networks[JUDGE], batch, fake)
        return terms

    def judge(self, networks: Nets, batch: Batch, shared: Shared) -> Terms:
        """The judge's terms, on the pictures that the restorer's turn left."""
        choice, judge = self.choice, networks[JUDGE]
        real, fake = judge(self._real(batch)), judge(shared[_FAKE])
        if choice.relativistic:
            mean = batch.mean if choice.learning_means else detached(batch.mean)
            return {"gan": relativistic_discriminator_loss(real, fake, kind=choice.gan, mean=mean)}
        return {
            "real": discriminator_term(real, kind=choice.gan, real=True),
            "fake": discriminator_term(fake, kind=choice.gan, real=False),
        }

    def _fooling(self, judge: Any, batch: Batch, fake: Tensor) -> Tensor:
        """How far the judge is from taking the restored pictures for true ones."""
        if not self.choice.relativistic:
            return generator_loss(judge(fake), kind=self.choice.gan)
        with torch.no_grad():
            real = judge(self._real(batch))
        return relativistic_generator_loss(real, judge(fake), kind=self.choice.gan, mean=batch.mean)

    def _real(self, batch: Batch) -> Tensor:
        plain = self.choice.plain_real and PLAIN in batch.pictures
        return batch[PLAIN if plain else "gt"]


def _layers(choice: Perceptual) -> dict[str, float]:
    """Weights by VGG19's own names of layers."""
    if not choice.activated:
        return choice.layers
    return {name.replace("conv", "relu"): weight for name, weight in choice.layers.items()}


def sees_vgg(choice: Adversarial) -> bool:
    """Whether one of its terms is of VGG19's features."""
    compared = choice.perceptual
    return bool(compared.layers and (compared.weight or choice.texture))


def _check(choice: Adversarial) -> None:
    chosen(LOSSES, choice.pixel, option="objective.pixel")
    chosen(dict.fromkeys(KINDS), choice.gan, option="objective.gan")
    chosen(DISTANCES, choice.perceptual.norm, option="objective.perceptual.norm")
    chosen(DISCRIMINATORS, choice.judge.network, option="objective.judge.network")


def _judge(choice: Judge, ingredients: Ingredients) -> nn.Module:
    """The judge with its first weights."""
    build = DISCRIMINATORS[choice.network]
    known = inspect.signature(build).parameters
    if unknown := [name for name in choice.set if name not in known]:
        raise OptionError(
            f"objective.judge.set.{unknown[0]}: {choice.network} takes {', '.join(known)}"
            f"{nearest(unknown[0], known)}"
        )
    arguments = dict(choice.set)
    if _SIZE in known and ingredients.patch:
        arguments.setdefault(_SIZE, ingredients.patch)
    try:
        return first_weights(lambda: build(**arguments), seed=ingredients.seed, name=JUDGE)
    except ValueError as error:
        raise OptionError(f"objective.judge: {choice.network}: {error}") from error


def _vgg(
    choice: Adversarial, ingredients: Ingredients
) -> tuple[VGG19Features | None, tuple[str, ...]]:
    """(the features that the terms are taken of, None for none; notes)."""
    compared = choice.perceptual
    if not sees_vgg(choice):
        return None, ()
    if WITHOUT in ingredients.without:
        if not choice.pixel_weight:
            raise OptionError(
                f"--without {WITHOUT}: nothing is left that compares with the target; set "
                "objective.pixel_weight too (SRGAN-MSE of the paper: objective.pixel=l2, "
                "objective.pixel_weight=1)"
            )
        return None, (f"without {WITHOUT}: VGG19's terms are left out, which is not the recipe",)
    layers = list(_layers(compared))
    try:
        return load_vgg19(ingredients.vgg, layers=layers, scale=compared.scale), ()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error} (--vgg); or train without its terms: --without {WITHOUT}"
        ) from error
