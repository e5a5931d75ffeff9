"""Meta-SR: RDN's features and filters for any scale from 1.1 to 4, of which each batch has one.

Hu, Mu, Zhang, Wang, Sun, Tan, CVPR 2019, section 4.1, and the authors' release
(XuecaiHu/Meta-SR-Pytorch: option.py, dataloader.py, data/common.py, README): batches of 16 patches
of 50 px of the input, Adam at 1e-4 halved each 200 epochs of 1,000 steps, 1,000 epochs, L1.
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

STEPS = 1_000_000  # --epochs x --test_every
SCALES = tuple(tenths / 10 for tenths in range(11, 41))  # section 4.1: 1 to 4, by steps of 0.1

METASR = Config(
    name="metasr",
    about="Meta-RDN, any scale from 1.1 to 4 by one network; the authors train on DIV2K",
    cite="Hu, Mu, Zhang, Wang, Sun, Tan. Meta-SR: A Magnification-Arbitrary Network for "
    "Super-Resolution. CVPR 2019",
    network=NetworkChoice(preset="meta-rdn"),
    objective=Paired(pixel="l1"),
    optimizers={
        RESTORER: Optimizer(rate=1e-4, schedule=Schedule(law="every", steps=(200_000,))),
    },
    stages=(Stage(steps=STEPS, batch=16, patch=50),),
    data=Data(recipe=COLOUR, scales=SCALES, patch_of="input", context=CONTEXT),
    validation=Validation(set="set5-x2"),
    method="Meta-RDN",
    published="Set5 x2 38.22 dB, x3 34.63, x4 32.38",
    differs=(
        "inputs of broken scales are made of the region around a patch; the release makes them of "
        "whole pictures and cuts where both grids meet",
        "the release leaves out a batch whose loss is 10^6 times the last epoch's",
    ),
)  # fmt: skip

CONFIGS: tuple[Config, ...] = (
    METASR,
    small(
        METASR,
        network={"width": 16, "blocks": 2, "layers": 3, "growth": 8},
        stages=(Stage(steps=300, batch=4, patch=16),),
        optimizers={RESTORER: SHORT},
    ),
)
