"""ESRGAN: RRDB by pixels first (esrgan-psnr-x4), then by a relativistic judge (esrgan-x4).

Wang et al., ECCV Workshops 2018, sections 3 and 4.1; xinntao/ESRGAN and BasicSR, options/train.

The ladder of figure 8 and section 4.4, from SRGAN to ESRGAN: config esrgan-ladder-x4 is SRGAN's
SRResNet under ESRGAN's weights, data, rates and judge (`vgg`, BasicSR's; SRGAN's own is `srgan`:
`--with objective.judge.network=srgan`), and each change is one `--with`, in any order and number:

    train-baseline esrgan-ladder-x4 ...               SRGAN's network and activated features
    ... --with network=esrgan-x4                      RRDB, without batch normalisation
    ... --with objective.relativistic=true            the relativistic average
    ... --with objective.perceptual.activated=false   features before activation: config esrgan-x4

`--with network=msrresnet-x4` is the paper's first change, batch normalisation alone taken away;
then it changes the features, the judge's question, and the network last. Each network starts from
its own run by pixels (--init). Of esrgan-ladder-x4-small, `--with network.preset=esrgan-x4` keeps
the small width.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from baselines.objectives.adversarial import Adversarial, Judge, Perceptual
from baselines.objectives.paired import Paired
from baselines.objectives.turn import JUDGE, RESTORER

_CITE = (
    "Wang, Yu, Wu, Gu, Liu, Dong, Loy, Qiao, Tang. ESRGAN: Enhanced Super-Resolution Generative "
    "Adversarial Networks. ECCV Workshops 2018"
)
_DATA = Data(recipe=COLOUR, context=CONTEXT)
_BATCH, _PATCH = 16, 128  # section 4.1
_SET = "set5-x4"
# By PSNR the best of such a run is where it began.
_BY_EYE = Validation(set=_SET, best="niqe", metrics=("psnr", "ssim", "niqe"))
_TRAINED_ON = "the paper learns from DIV2K, Flickr2K and OutdoorSceneTraining; here from --gt"
_HALVED = Schedule(law="milestones", steps=(50_000, 100_000, 200_000, 300_000))

PSNR_X4 = Config(
    name="esrgan-psnr-x4",
    about="RRDB by pixels, ESRGAN's first stage",
    cite=_CITE,
    network=NetworkChoice(preset="esrgan-x4"),
    objective=Paired(pixel="l1"),
    optimizers={
        RESTORER: Optimizer(rate=2e-4, schedule=Schedule(law="every", steps=(200_000,))),
    },
    stages=(Stage(steps=1_000_000, batch=_BATCH, patch=_PATCH),),
    data=_DATA,
    validation=Validation(set=_SET),
    method="RRDB_PSNR",
    published="Set5 32.73 dB, Set14 28.99, BSD100 27.85, Urban100 27.03, Manga109 31.66 "
    "(the release's README, DF2K)",
    differs=(
        _TRAINED_ON,
        "BasicSR's later options (train_RRDBNet_PSNR_x4.yml) have DIV2K alone, betas 0.9 and 0.99, "
        "four cosines of 250,000 steps down to 1e-7 and EMA 0.999: --with ema=0.999, --with "
        "optimizers.restorer.betas=0.9,0.99",
    ),
)  # fmt: skip

ESRGAN_X4 = Config(
    name="esrgan-x4",
    about="RRDB by features before their activation and a relativistic judge",
    cite=_CITE,
    network=NetworkChoice(preset="esrgan-x4"),
    objective=Adversarial(),
    optimizers=dict.fromkeys((RESTORER, JUDGE), Optimizer(rate=1e-4, schedule=_HALVED)),
    stages=(
        Stage(
            steps=400_000, batch=_BATCH, patch=_PATCH,
            init_from="needed: a run of esrgan-psnr-x4, or the authors' RRDB_PSNR_x4.pth",
        ),
    ),
    data=_DATA,
    validation=_BY_EYE,
    method="ESRGAN",
    differs=(
        _TRAINED_ON,
        "means of the judge's turn are constants as in the release; equation 1 has gradients "
        "through them: --with objective.learning_means=true",
        "BasicSR's later options (train_ESRGAN_x4.yml) have DIV2K alone, betas 0.9 and 0.99 and "
        "EMA 0.999",
    ),
)  # fmt: skip

LADDER_X4 = msgspec.structs.replace(
    ESRGAN_X4,
    name="esrgan-ladder-x4",
    about="the ladder's first rung, SRGAN: each change to ESRGAN is one --with",
    network=NetworkChoice(preset="srresnet-x4"),
    objective=Adversarial(relativistic=False, perceptual=Perceptual(activated=True)),
    stages=(
        msgspec.structs.replace(
            ESRGAN_X4.stages[0],
            init_from="needed: a run by pixels of this rung's network, srresnet-x4 or "
            "esrgan-psnr-x4",
        ),
    ),
    method="",
    differs=(
        *ESRGAN_X4.differs,
        "weights of losses are ESRGAN's on all rungs, so that one thing at a time changes; SRGAN's "
        "own are config srgan-x4",
    ),
)

MSRGAN_X4 = msgspec.structs.replace(
    ESRGAN_X4,
    name="msrgan-x4",
    about="BasicSR's SRGAN: MSRResNet by ESRGAN's losses, without relativistic means",
    cite=f"{_CITE} (train_MSRGAN_x4.yml of their BasicSR)",
    network=NetworkChoice(preset="msrresnet-x4"),
    objective=Adversarial(relativistic=False),
    optimizers=dict.fromkeys(
        (RESTORER, JUDGE), Optimizer(rate=1e-4, betas=(0.9, 0.99), schedule=_HALVED)
    ),
    ema=0.999,
    stages=(
        msgspec.structs.replace(
            ESRGAN_X4.stages[0],
            init_from="needed: a run of msrresnet-x4, or the authors' "
            "MSRResNet_x4_f64b16_DIV2K_1000k_B16G1_wandb.pth",
        ),
    ),
    method="MSRGAN_x4 BasicSR",
    published="Set5 28.0158 dB, Set14 24.7474, DIV2K 26.6504 (BasicSR's model zoo, RGB)",
    differs=("the release learns from DIV2K's sub-pictures of 480; here from what --gt names",),
)

_STEPS = 40
_SMALL_STAGES = (Stage(steps=_STEPS, batch=2, patch=_PATCH),)  # the judge takes no smaller patch
_SMALL_JUDGE = Judge(network="vgg", set={"width": 8})


_SMALL_RRDB = {"width": 16, "growth": 8, "blocks": 1}
_SMALL_RESNET = {"width": 16, "blocks": 1}


def _small(config: Config, network: Mapping[str, Any]) -> Config:
    """Validated on the demo, which NIQE is not for."""
    made = small(config, network=network, stages=_SMALL_STAGES)
    objective = config.objective
    if isinstance(objective, Adversarial):
        objective = msgspec.structs.replace(objective, judge=_SMALL_JUDGE)
    validation = Validation(every=made.validation.every)
    return msgspec.structs.replace(made, objective=objective, validation=validation)


CONFIGS: tuple[Config, ...] = (
    PSNR_X4, _small(PSNR_X4, _SMALL_RRDB),
    ESRGAN_X4, _small(ESRGAN_X4, _SMALL_RRDB),
    LADDER_X4, _small(LADDER_X4, _SMALL_RESNET),
    MSRGAN_X4, _small(MSRGAN_X4, _SMALL_RESNET),
)  # fmt: skip
