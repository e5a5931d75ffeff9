"""DRRN: two layers U times over on enlarged luma, one network for x2, x3 and x4.

Tai, Yang, Liu, CVPR 2017, section 4.1 and 4.2, and the authors' Caffe release
(DRRN_B1U25_52C128_solver.prototxt, generate_trainingset_x234.m): patches of 31 px, batches of 128,
SGD with momentum 0.9 and weight decay 1e-4, 0.1 halved each 10 epochs of 6,536 steps, the norm of
the gradient clipped to 0.01 / rate. Steps are those of the released weights: max_iter is 2,000,000,
the snapshots that reach the paper's figures are of epoch 101 (U = 25) and 71 (U = 9).
"""

from __future__ import annotations

from baselines.configs.bicubic import LUMA
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

EPOCH = 6_536  # test_interval: 8 orientations of 291 pictures at three scales
HALVED = 10 * EPOCH  # stepsize
EPOCHS = {25: 101, 9: 71}  # test_DRRN_B1U25.m; DRRN_B1U9_20C128_iter_464056

_PUBLISHED = {
    25: "Set5 x2 37.74 dB, x3 34.03, x4 31.68",
    9: "Set5 x2 37.66 dB, x3 33.93, x4 31.58",  # table 3 of the paper
}


def _optimizer(halved: int) -> Optimizer:
    return Optimizer(
        kind="sgd",
        rate=0.1,
        momentum=0.9,
        weight_decay=1e-4,
        schedule=Schedule(law="every", steps=(halved,), factor=0.5),
        clip="adjustable-norm",
        clip_at=0.01,
    )


def _config(units: int) -> Config:
    return Config(
        name=f"drrn-b1u{units}",
        about=f"DRRN of {units} units on luma, x2, x3 and x4 by one network; the authors train on "
        "91-image and BSDS200",
        cite="Tai, Yang, Liu. Image Super-Resolution via Deep Recursive Residual Network. CVPR "
        "2017",
        network=NetworkChoice(preset=f"drrn-b1u{units}"),
        objective=Paired(pixel="half-l2"),
        optimizers={RESTORER: _optimizer(HALVED)},
        stages=(Stage(steps=EPOCHS[units] * EPOCH, batch=128, patch=31),),
        data=Data(recipe=LUMA, scales=(2, 3, 4), scale_per="sample"),
        validation=Validation(set="set5-x2-classic", every=EPOCH),
        save_every=EPOCH,
        method="DRRN",
        published=_PUBLISHED[units],
        differs=(
            "the network has neither the biases nor the batch normalisation of the Caffe release, "
            "as the PyTorch port",
            "the release clips the norm of all gradients; the paper writes each gradient: --with "
            "optimizers.restorer.clip=adjustable",
            "patches are drawn anywhere; the release cuts them once, each 21 px",
        ),
    )


_FULL = tuple(_config(units) for units in EPOCHS)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[1],
        network={"width": 16, "units": 3},
        stages=(Stage(steps=300, batch=16, patch=31),),
        optimizers={RESTORER: _optimizer(100)},
    ),
)
