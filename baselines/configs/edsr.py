"""EDSR: residual blocks without batch normalisation; x3 and x4 start from x2.

Lim, Son, Kim, Nah, Lee, CVPR Workshops 2017, section 4.1 and 4.2: patches of 48 px of the input,
batches of 16, Adam at 1e-4 halved each 200,000 steps, L1; x3 and x4 from the x2 weights. The number
of steps is that of the release (sanghyun-son/EDSR-PyTorch, src/option.py and demo.sh): 300 epochs
of 1,000. With x2 weights at hand the first leg is done without: --with stages.0.steps=1 --with
stages.0.init_from=RUN.

edsr-baseline-curriculum goes on from x4 to x8: each factor is learned after the easier one (Wang,
Chen, Hoi, survey arXiv:1902.06068, 3.4.3, after Wang et al., ProSR, CVPR Workshops 2018).
"""

from __future__ import annotations

import msgspec

from baselines.configs.bicubic import COLOUR, CONTEXT, SHORT, from_x2, short_from_x2
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

STEPS, BATCH, PATCH = 300_000, 16, 48
HALVED = Schedule(law="every", steps=(200_000,))
SCALES = (2, 3, 4)

_PUBLISHED = {
    "edsr": {
        2: "Set5 x2 38.11 dB",
        3: "Set5 x3 34.65 dB",
        4: "Set5 x4 32.46 dB",
    },
    # in RGB, by set5-x?-basicsr: BasicSR's model zoo of the authors' weights
    "edsr-baseline": {
        2: "Set5 x2 35.78 dB of RGB",
        3: "Set5 x3 32.36 dB of RGB",
        4: "Set5 x4 30.18 dB of RGB",
    },
}
_METHODS = {"edsr": "EDSR", "edsr-baseline": "EDSR-baseline"}


def _config(family: str, scale: int) -> Config:
    return Config(
        name=f"{family}-x{scale}",
        about=f"{_METHODS[family]}, x{scale}"
        + (", from x2 in a first leg" if scale > 2 else "")
        + "; the authors train on DIV2K",
        cite="Lim, Son, Kim, Nah, Lee. Enhanced Deep Residual Networks for Single Image "
        "Super-Resolution. CVPR Workshops 2017",
        network=NetworkChoice(preset=f"{family}-x{scale}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: Optimizer(rate=1e-4)},
        stages=from_x2(scale, steps=STEPS, batch=BATCH, patch=PATCH, schedule=HALVED),
        data=Data(recipe=COLOUR, patch_of="input", context=CONTEXT),
        validation=Validation(set="set5-x{scale}"),
        method=_METHODS[family],
        published=_PUBLISHED[family][scale],
        differs=(
            "BasicSR's later options (train_EDSR_Mx2.yml ...) have betas 0.9 and 0.99 and EMA "
            "0.999: --with optimizers.restorer.betas=0.9,0.99 --with ema=0.999",
        ),
    )


_FULL = tuple(_config(family, scale) for family in _PUBLISHED for scale in SCALES)


def _doubled(steps: int, *, batch: int, patch: int, schedule: Schedule) -> tuple[Stage, ...]:
    """x2, x4, x8: each leg goes on with what fits of the one before."""
    return tuple(
        Stage(
            steps=steps, batch=batch, patch=patch, scale=scale, init_from="before",
            schedule=schedule,
        )
        for scale in (2, 4, 8)
    )  # fmt: skip


CURRICULUM = msgspec.structs.replace(
    _FULL[SCALES.index(2) + len(SCALES)],
    name="edsr-baseline-curriculum",
    about="EDSR-baseline from x2 to x4 to x8, each leg from the weights before (a curriculum)",
    stages=_doubled(STEPS, batch=BATCH, patch=PATCH, schedule=HALVED),
    published="",
    differs=("the authors go from x2 to x3 and x4 alone; x8 and each leg's length are ours",),
)
_TINY = {"width": 16, "blocks": 4}

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    CURRICULUM,
    small(
        _FULL[SCALES.index(4)],
        network=_TINY,
        stages=short_from_x2(4),
        optimizers={RESTORER: SHORT},
    ),
    small(
        CURRICULUM,
        network=_TINY,
        stages=_doubled(100, batch=4, patch=8, schedule=Schedule()),
        optimizers={RESTORER: SHORT},
    ),
)
