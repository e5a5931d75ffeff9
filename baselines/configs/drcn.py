"""DRCN: one layer sixteen times over on enlarged luma, each recursion supervised.

Kim, Lee, Lee, CVPR 2016, section 3.2 (equation 7) and 4.2: 91-image in patches of 41 px at a stride
of 21, batches of 64, SGD with momentum 0.9 and weight decay 1e-4, 0.01 and a tenth of it whenever
the error has not fallen for five epochs, until 1e-6. The paper prints neither steps nor alpha.
"""

from __future__ import annotations

import msgspec

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
from baselines.objectives.levels import Levels
from baselines.objectives.turn import RESTORER

EPOCH = 147  # batches of 64: 91-image has 9,382 such patches
# Rates from 1e-2 to 1e-6, each for 200 epochs: 147,000 steps are about the paper's six days on a
# Titan X, where the 12.6 TFLOP of a step take some 3.5 s.
RATES, HELD = 5, 200
ALPHA_EPOCHS = 25  # --loss_alpha_zero_epoch of jiny2001/deeply-recursive-cnn-tf, from alpha 1
THETA = 1e-4  # as in vdsr.py

_PUBLISHED = {2: "37.63", 3: "33.82", 4: "31.53"}


def _optimizer(held: int) -> Optimizer:
    return Optimizer(
        kind="sgd",
        rate=0.01,
        momentum=0.9,
        weight_decay=1e-4,  # the third term of equation 7
        schedule=Schedule(law="every", steps=(held,), factor=0.1),
        clip="adjustable",
        clip_at=THETA,
    )


def _objective(alpha_until: int) -> Levels:
    return Levels(of="recursions", pixel="half-l2", alpha=1.0, alpha_until=alpha_until)


def _config(scale: int) -> Config:
    return Config(
        name=f"drcn-x{scale}",
        about=f"DRCN on luma, x{scale}: every recursion is supervised; the authors train on "
        "91-image",
        cite="Kim, Lee, Lee. Deeply-Recursive Convolutional Network for Image Super-Resolution. "
        "CVPR 2016",
        network=NetworkChoice(preset="drcn"),
        objective=_objective(ALPHA_EPOCHS * EPOCH),
        optimizers={RESTORER: _optimizer(HELD * EPOCH)},
        stages=(Stage(steps=RATES * HELD * EPOCH, batch=64, patch=41),),
        data=Data(recipe=LUMA, scales=(scale,), flips=False, quarter_turns=False),
        validation=Validation(set=f"set5-x{scale}-classic", every=10 * EPOCH),
        save_every=10 * EPOCH,
        method="DRCN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB",
        differs=(
            "each rate is held for 200 epochs; the paper's falls when the validation error has not "
            "for five, and it says six days, not steps",
            "alpha falls from 1 to 0 over 25 epochs, as in the TensorFlow port; the paper says "
            "that it starts high and decays",
            "gradients are clipped to +- 1e-4 / rate, VDSR's way (the same authors): without, the "
            "summed loss diverges within ten steps from the paper's first weights",
            "one scale a network, as the authors' models; several by --with data.scales=2,3,4 "
            "--with data.scale_per=sample",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)


def _small() -> Config:
    few = small(
        _FULL[0],
        network={"width": 16, "recursions": 4},
        stages=(Stage(steps=300, batch=16, patch=41),),
        optimizers={RESTORER: _optimizer(100)},
    )
    return msgspec.structs.replace(few, objective=_objective(100))


CONFIGS: tuple[Config, ...] = (*_FULL, _small())
