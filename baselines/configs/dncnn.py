"""DnCNN: one network for each level of noise, one for all, and one for colours.

Zhang et al., IEEE TIP 2017, section IV, with the numbers of the authors' MATLAB release
(DnCNN_TrainingCodes_v1.0: Demo_Train_model_64_25_Res_Bnorm_Adam.m, patches_generation.m).
"""

from __future__ import annotations

from baselines.configs.config import (
    Config,
    Data,
    NetworkChoice,
    Optimizer,
    Schedule,
    Stage,
    Validation,
)
from baselines.configs.small import small
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

CITE = (
    "Zhang, Zuo, Chen, Meng, Zhang. Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for "
    "Image Denoising. IEEE TIP 2017"
)
EPOCHS = 50
HELD = 30  # epochs at 1e-3, the rest at 1e-4: opts.learningRate
BATCH = 128
# Batches of an epoch. One level: 400 pictures of 180x180 have 8 x 8 squares of 40 at a stride of 20
# and 8 orientations, 204,800. Blind: 128 x 3,000 squares of 50 (section IV-A).
SINGLE, BLIND = 1600, 3000

# As published tables call them.
_METHODS = {"dncnn-s": "DnCNN-S", "dncnn-b": "DnCNN-B", "dncnn-color": "DnCNN"}

_DIFFERS = (
    "Adam at 1e-3, then 1e-4, is the release's; the paper writes SGD with momentum 0.9 and weight "
    "decay 1e-4, from 0.1 down to 1e-4: --with optimizers.restorer.kind=sgd and its rate and "
    "schedule",
    "KAIR, the authors' later code, trains with L1, batches of 64, Adam at 1e-4 halved each "
    "200,000 steps, orthogonal weights, and merges the normalisation after 400,000",
    "squares and noise are drawn anew at each step; the release draws both once, on a grid",
    "Adam's moments go on; the release begins them anew at each epoch",
)


def _optimizer(*, held: int) -> Optimizer:
    return Optimizer(rate=1e-3, schedule=Schedule(law="milestones", steps=(held,), factor=0.1))


def _config(
    name: str, *, about: str, preset: str, recipe: str, patch: int, published: str
) -> Config:
    epoch = BLIND if recipe == "gaussian-blind" else SINGLE
    return Config(
        name=name,
        about=about,
        cite=CITE,
        network=NetworkChoice(preset=preset, set={"norm": True}),
        objective=Paired(pixel="half-l2"),
        optimizers={RESTORER: _optimizer(held=HELD * epoch)},
        stages=(Stage(steps=EPOCHS * epoch, batch=BATCH, patch=patch),),
        data=Data(recipe=recipe),
        validation=Validation(every=epoch),
        save_every=epoch,
        method=_METHODS[preset],
        published=published,
        differs=_DIFFERS,
    )


_PUBLISHED = {15: "32.86", 25: "30.43", 50: "27.18"}  # Set12, Table III

_FULL = (
    *(
        _config(
            f"dncnn-s-{level}",
            about=f"Gaussian noise of sigma {level} in gray; the authors train on Train400",
            preset="dncnn-s",
            recipe=f"gaussian-{level}",
            patch=40,
            published=f"set12-gray-{level} {figure} dB (Table III)",
        )
        for level, figure in _PUBLISHED.items()
    ),
    _config(
        "dncnn-b",
        about="Gaussian noise of sigma 0 to 55 in gray; the authors train on Train400",
        preset="dncnn-b",
        recipe="gaussian-blind",
        patch=50,
        published="set12-gray 32.68, 30.36, 27.21 dB at sigma 15, 25, 50 (Table III)",
    ),
    _config(
        "dncnn-color",
        about="Gaussian noise of sigma 0 to 55 in colour (CDnCNN-B); the authors train on 432 "
        "pictures of BSD500",
        preset="dncnn-color",
        recipe="gaussian-blind",
        patch=50,
        published="cbsd68-color 33.90, 31.24, 27.95 dB at sigma 15, 25, 50 (Restormer's Table 5)",
    ),
)


def _small(config: Config) -> Config:
    return small(
        config,
        network={"depth": 7, "width": 32},
        stages=(Stage(steps=300, batch=16, patch=40),),
        optimizers={RESTORER: _optimizer(held=180)},
    )


CONFIGS: tuple[Config, ...] = (*_FULL, *map(_small, _FULL))
