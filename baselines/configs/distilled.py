"""A small RRDB that a large one teaches: a quarter of the blocks, a quarter of the time.

No paper's recipe. The method: the teacher's pictures as further targets (Ba and Caruana, NeurIPS
2014) and the attention of its feature maps (Zagoruyko and Komodakis, ICLR 2017); data, rates and
patches are those of ESRGAN's first stage; the number of blocks is Real-ESRGAN's small network's
(realesrgan-x4-anime). Ours: the layers that are compared, the weights, the number of steps.
"""

from __future__ import annotations

import msgspec

from baselines.configs.bicubic import COLOUR, CONTEXT
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
from baselines.objectives.distilled import Distilled
from baselines.objectives.turn import RESTORER

BLOCKS = 6

RRDB_X4 = Config(
    name="rrdb-distilled-x4",
    about="RRDB of 6 blocks taught by one of 23, by pixels; --teacher names that",
    cite="Ba, Caruana. Do Deep Nets Really Need to be Deep? NeurIPS 2014; Zagoruyko, Komodakis. "
    "Paying More Attention to Attention. ICLR 2017 (the method; the recipe is ours)",
    network=NetworkChoice(preset="esrgan-x4", set={"blocks": BLOCKS}),
    objective=Distilled(
        pixel="l1",
        pixel_weight=1.0,
        output="l1",
        output_weight=1.0,
        layers={"conv_body": "conv_body"},  # after all blocks, so that their numbers may differ
        features="attention",
        features_weight=100.0,  # a mean square of unit vectors of 1024 places is of 1e-3 at most
    ),
    optimizers={
        RESTORER: Optimizer(rate=2e-4, schedule=Schedule(law="every", steps=(100_000,))),
    },
    stages=(Stage(steps=500_000, batch=16, patch=128),),
    data=Data(recipe=COLOUR, context=CONTEXT),
    validation=Validation(set="set5-x4"),
    differs=("no paper's recipe: layers, weights of losses and number of steps are ours",),
)  # fmt: skip

RRDB_X4_SMALL = msgspec.structs.replace(
    small(
        RRDB_X4,
        network={"width": 16, "growth": 8, "blocks": 1},
        stages=(Stage(steps=40, batch=2, patch=64),),
    ),
    validation=Validation(every=20),
)

CONFIGS: tuple[Config, ...] = (RRDB_X4, RRDB_X4_SMALL)
