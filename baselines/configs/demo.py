"""The tiny baseline of `make demo`: exposure correction learnt from a dozen pairs in a minute.

No paper's: a NAFNet (Chen et al., ECCV 2022) of 20,000 weights, whose channel attention takes means
over the whole picture and so sees how bright it is. Whole pictures are squeezed to small squares,
for squares cut out of them would be darker or brighter than their picture by chance. Both sides
change their colours together, which three scenes have too few of: without that it learns the three
by heart and darkens or brightens others wrongly. Chosen on the val split.
"""

from __future__ import annotations

from baselines.configs.config import (
    Config,
    Data,
    Jitter,
    NetworkChoice,
    Optimizer,
    Schedule,
    Stage,
    Validation,
)
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

STEPS = 400

DEMO = Config(
    name="demo",
    about="exposure correction of the demo pairs by a tiny NAFNet, in about a minute on two cores",
    cite="Chen, Chu, Zhang, Sun. Simple Baselines for Image Restoration. ECCV 2022 (the network)",
    network=NetworkChoice(
        preset="nafnet-sidd-w32",
        set={"width": 8, "encoder": [1, 1], "middle": 1, "decoder": [1, 1]},
    ),
    objective=Paired(pixel="l1"),
    optimizers={RESTORER: Optimizer(rate=1e-3, schedule=Schedule(law="cosine", steps=(0, STEPS)))},
    stages=(Stage(steps=STEPS, batch=8, patch=64),),
    data=Data(
        fit="resize",
        shuffle_channels=True,
        jitter=Jitter(brightness=0.5, contrast=0.2, saturation=0.2),
        identical=False,
    ),
    validation=Validation(every=0),
    log_every=20,
    save_every=100,
)

CONFIGS: tuple[Config, ...] = (DEMO,)
