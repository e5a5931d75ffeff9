"""CARN: one body with three enlargements, of which each batch takes one.

Ahn, Kang, Sohn, ECCV 2018, section 4.2, and the authors' release (nmhkahn/CARN-pytorch: README,
carn/train.py, carn/solver.py): batches of 64 patches of 64 px of the input, one of x2, x3 and x4 a
batch, Adam at 1e-4 halved after 400,000 of 600,000 steps, the gradient's norm clipped to 10, L1.
"""

from __future__ import annotations

from baselines.configs.bicubic import COLOUR, CONTEXT, SHORT
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

STEPS, HALVED = 600_000, 400_000  # --max_steps, --decay in its README

_PUBLISHED = {
    "carn": ("CARN", "Set5 x2 37.76 dB, x3 34.29, x4 32.13"),
    "carn-m": ("CARN-M", "Set5 x2 37.53 dB, x3 33.99, x4 31.92"),
}


def _config(name: str) -> Config:
    method, published = _PUBLISHED[name]
    return Config(
        name=name,
        about=f"{method}, x2, x3 and x4 by one network; the authors train on DIV2K",
        cite="Ahn, Kang, Sohn. Fast, Accurate, and Lightweight Super-Resolution with Cascading "
        "Residual Network. ECCV 2018",
        network=NetworkChoice(preset=f"{name}-x4"),
        objective=Paired(pixel="l1"),
        optimizers={
            RESTORER: Optimizer(
                rate=1e-4,
                schedule=Schedule(law="every", steps=(HALVED,)),
                clip="norm",
                clip_at=10.0,  # --clip
            )
        },
        stages=(Stage(steps=STEPS, batch=64, patch=64),),
        data=Data(recipe=COLOUR, scales=(2, 3, 4), patch_of="input", context=CONTEXT),
        validation=Validation(set="set5-x4"),
        method=method,
        published=published,
        differs=("the model that is written enlarges by 4; network.set.scale=2 or 3 for another",),
    )


_FULL = tuple(_config(name) for name in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[0],
        network={"width": 16},
        stages=(Stage(steps=400, batch=4, patch=16),),
        optimizers={RESTORER: SHORT},
    ),
)
