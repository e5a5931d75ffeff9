"""SRGAN: SRResNet that a judge calls real.

Ledig et al., CVPR 2017, sections 3.2 and 3.3. BasicSR's SRGAN (train_MSRGAN_x4.yml) is another
recipe under the same name, ESRGAN's without its relativistic means: config msrgan-x4.
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
from baselines.losses.vgg import SRGAN_SCALE
from baselines.objectives.adversarial import Adversarial, Judge, Perceptual
from baselines.objectives.turn import JUDGE, RESTORER

SRGAN_X4 = Config(
    name="srgan-x4",
    about="SRResNet by VGG19's features after their activation and a judge",
    cite="Ledig, Theis, Huszar, Caballero, Cunningham, Acosta, Aitken, Tejani, Totz, Wang, Shi. "
    "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network. CVPR "
    "2017",
    network=NetworkChoice(preset="srresnet-x4"),
    objective=Adversarial(
        pixel="l2",
        pixel_weight=0.0,  # the content loss is the VGG loss alone, eq. 3 to 5
        perceptual=Perceptual(activated=True, norm="l2", scale=SRGAN_SCALE),
        gan="vanilla",
        gan_weight=1e-3,  # eq. 3
        relativistic=False,
        judge=Judge(network="srgan"),
    ),
    optimizers=dict.fromkeys(
        (RESTORER, JUDGE),
        Optimizer(rate=1e-4, schedule=Schedule(law="milestones", steps=(100_000,), factor=0.1)),
    ),
    stages=(
        Stage(
            steps=200_000, batch=16, patch=96,
            init_from="needed: a run of srresnet-x4, the MSE-trained generator",
        ),
    ),
    data=Data(recipe=COLOUR, context=CONTEXT, flips=False, quarter_turns=False),
    validation=Validation(set="set5-x4", best="niqe", metrics=("psnr", "ssim", "niqe")),
    method="SRGAN",
    published="Set5 29.40 dB, Set14 26.02, BSD100 25.16 (table 2, by the daala tools)",
    differs=(
        "the paper learns from 350 thousand pictures of ImageNet; here from what --gt names",
        "pictures are in 0 ... 1 on both sides; the paper has targets in -1 ... 1",
        "equation 5 divides by the places of a feature map alone; here the mean is over its 512 "
        "channels too: only so the loss is of the MSE's scale, as the paper says of its 1/12.75",
        "equation 6 sums over a batch; here it is the mean",
    ),
)  # fmt: skip

SRGAN_X4_SMALL = msgspec.structs.replace(
    small(
        SRGAN_X4,
        network={"width": 16, "blocks": 2},
        stages=(Stage(steps=40, batch=2, patch=48),),
    ),
    objective=msgspec.structs.replace(
        SRGAN_X4.objective, judge=Judge(network="srgan", set={"width": 8}),
    ),
    validation=Validation(every=20),  # on the demo, which NIQE is not for
)  # fmt: skip

CONFIGS: tuple[Config, ...] = (SRGAN_X4, SRGAN_X4_SMALL)
