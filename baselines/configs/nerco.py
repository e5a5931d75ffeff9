"""NeRCo: from dark pictures to bright ones without pairs."""

from __future__ import annotations

import msgspec

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
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import JUDGE, RESTORER

# Steps of an epoch: its dark pictures, one a step. The paper trains on 1,000 pictures of LSRW (the
# authors on which of its 5,600: github.com/Ysz2022/NeRCo/issues/15).
EPOCH = 1000
EPOCHS = 300  # 100 at the full rate, 200 down to 0: --n_epochs, --n_epochs_decay
HELD = 99  # epochs at the full rate: the release counts its first as the second


def _optimizer(*, held: int, end: int) -> Optimizer:
    """--lr and --beta1 of options/train_options.py."""
    schedule = Schedule(law="linear", steps=(held, end))
    return Optimizer(rate=2e-4, betas=(0.5, 0.999), schedule=schedule)


NERCO = Config(
    name="nerco",
    about="low light, unpaired: two closed loops, patch and edge judges, CLIP, image pools",
    cite="Yang, Ding, Wu, Li, Zhang. Implicit Neural Representation for Cooperative Low-light "
    "Image Enhancement. ICCV 2023",
    network=NetworkChoice(preset="nerco"),
    objective=Nerco(),
    optimizers=dict.fromkeys((RESTORER, JUDGE), _optimizer(held=HELD * EPOCH, end=EPOCHS * EPOCH)),
    stages=(Stage(steps=EPOCHS * EPOCH, batch=1, patch=512),),
    data=Data(unpaired=True, fit="resize", upside_down=False, quarter_turns=False),
    validation=Validation(every=10 * EPOCH),
    method="NeRCo",
    differs=(
        "epochs are of 1,000 dark pictures; with another number set stages.0.steps and both "
        "schedules to it",
        "the rate falls at every step, in the release at every epoch: never more than 1/201 apart",
        "CLIP computes in float32, on a GPU the release's in float16",
    ),
)

SMALL_STEPS = 60
NERCO_SMALL = msgspec.structs.replace(
    small(
        NERCO,
        network={"width": 16, "blocks": 2, "hidden": 32},
        stages=(Stage(steps=SMALL_STEPS, batch=1, patch=64),),
        optimizers=dict.fromkeys(
            (RESTORER, JUDGE), _optimizer(held=SMALL_STEPS // 3, end=SMALL_STEPS)
        ),
    ),
    objective=Nerco(judge_width=16, pool=8),
)

CONFIGS: tuple[Config, ...] = (NERCO, NERCO_SMALL)
