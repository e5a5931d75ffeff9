"""SRResNet by its squared error, SRGAN's start; and MSRResNet, BasicSR's without normalisation.

Ledig et al., CVPR 2017, section 3.2: batches of 16 patches of 96 px of the target, Adam at 1e-4,
10^6 steps, x4 alone. MSRResNet: XPixelGroup/BasicSR options/train/SRResNet_SRGAN
(train_MSRResNet_x4.yml, and its x2 and x3, which start from x4).
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

STEPS, BATCH = 1_000_000, 16

SRRESNET = Config(
    name="srresnet-x4",
    about="SRResNet by its squared error, x4; the authors train on 350,000 pictures of ImageNet",
    cite="Ledig, Theis, Huszar, Caballero, Cunningham, Acosta, Aitken, Tejani, Totz, Wang, Shi. "
    "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network. CVPR "
    "2017",
    network=NetworkChoice(preset="srresnet-x4"),
    objective=Paired(pixel="l2"),
    optimizers={RESTORER: Optimizer(rate=1e-4)},
    stages=(Stage(steps=STEPS, batch=BATCH, patch=96),),
    data=Data(recipe=COLOUR, context=CONTEXT, flips=False, quarter_turns=False),
    validation=Validation(set="set5-x4"),
    method="SRResNet",
    published="Set5 x4 32.05 dB, Set14 28.49 (table 2, by the daala tools)",
    differs=(
        "targets are in 0 ... 1, in the paper in -1 ... 1: four times the error, which Adam does "
        "not see",
        "patches of a batch may be of one picture; the paper takes 16 pictures",
    ),
)

# Four cosines of 250,000 steps from 2e-4 down to 1e-7: periods, lr, eta_min.
_RATE = 2e-4
_PERIOD = STEPS // 4
_COSINES = Schedule(
    law="cosine",
    steps=tuple(end for i in range(4) for end in (i * _PERIOD, (i + 1) * _PERIOD)),
    least=1e-7 / _RATE,
)
_PATCH = 32  # px of the input: gt_size 128, 96 and 64
_PUBLISHED = {4: "30.25", 2: "35.75", 3: "32.40"}


def _msrresnet(scale: int) -> Config:
    legs = dict.fromkeys((4, scale))
    return Config(
        name=f"msrresnet-x{scale}",
        about=f"MSRResNet, x{scale}{', from x4 in a first leg' if scale != 4 else ''}; BasicSR "
        "trains on DIV2K",
        cite="Wang, Yu, Wu, Gu, Liu, Dong, Loy, Qiao, Tang. ESRGAN: Enhanced Super-Resolution "
        "Generative Adversarial Networks. ECCV Workshops 2018 (section 4.4, without BN); BasicSR",
        network=NetworkChoice(preset=f"msrresnet-x{scale}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: Optimizer(rate=_RATE, betas=(0.9, 0.99))},
        stages=tuple(
            Stage(steps=STEPS, batch=BATCH, patch=_PATCH, scale=leg, schedule=_COSINES)
            for leg in legs
        ),
        data=Data(recipe=COLOUR, patch_of="input", context=CONTEXT),
        validation=Validation(set="set5-x{scale}-basicsr"),
        ema=0.999,
        method="MSRResNet",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB of RGB (BasicSR's model zoo)",
        differs=("BasicSR cuts DIV2K into pictures of 480 px first, to read them sooner",),
    )


_MSRRESNET = tuple(_msrresnet(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    SRRESNET,
    *_MSRRESNET,
    small(
        SRRESNET,
        network={"width": 16, "blocks": 2},
        stages=(Stage(steps=400, batch=4, patch=64),),
        optimizers={RESTORER: SHORT},
    ),
)
