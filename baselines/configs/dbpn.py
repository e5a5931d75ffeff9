"""D-DBPN: enlarging and reducing units in turn.

Haris, Shakhnarovich, Ukita, CVPR 2018, section 4.1: batches of 20 patches of 32 px of the input,
Adam with weight decay 1e-4, at 1e-4 and a tenth of it after 500,000 of 1,000,000 steps, nothing
turned. The loss is that of the authors' Caffe release (alterzero/DBPN-caffe, DBPN_net_4x.prototxt):
the sum of absolute differences. That it is a sum matters: the decay is added to its gradient.
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

STEPS, TENTHED = 1_000_000, 500_000  # max_iter, stepsize of DBPN_solver_4x.prototxt

_PUBLISHED = {4: "32.47", 2: "38.09", 8: "27.21"}


def _config(scale: int) -> Config:
    schedule = Schedule(law="every", steps=(TENTHED,), factor=0.1)
    return Config(
        name=f"dbpn-x{scale}",
        about=f"D-DBPN, x{scale}; the authors train on DIV2K, Flickr2K and ImageNet",
        cite="Haris, Shakhnarovich, Ukita. Deep Back-Projection Networks for Super-Resolution. "
        "CVPR 2018",
        network=NetworkChoice(preset=f"dbpn-x{scale}"),
        objective=Paired(pixel="sum-l1"),
        optimizers={RESTORER: Optimizer(rate=1e-4, weight_decay=1e-4, schedule=schedule)},
        stages=(Stage(steps=STEPS, batch=20, patch=32),),
        data=Data(
            recipe=COLOUR, patch_of="input", context=CONTEXT, flips=False, quarter_turns=False
        ),
        validation=Validation(set=f"set5-x{scale}"),
        method="D-DBPN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB",
        differs=(
            "the sum is over a sample, in Caffe over the batch, of 12 (the paper: 20): the decay "
            "weighs 12 times as much against it, and still next to nothing",
            "the PyTorch release (main.py) has mean L1, no decay, mirrors and half turns, patches "
            "of 40, and 2,000 passes over its folder; x3 is in none",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[0],
        network={"width": 8, "features": 16, "stages": 2},
        stages=(Stage(steps=300, batch=4, patch=16),),
        optimizers={RESTORER: SHORT},
    ),
)
