"""Real-ESRGAN: RRDB for photographs of unknown damage, by pixels (realesrnet) and by a judge.

Wang, Xie, Dong, Shan, ICCV Workshops 2021, sections 3 and 4.1; xinntao/Real-ESRGAN, options/
train_real{esrnet,esrgan}_x{4,2}plus.yml, whose numbers these are. The degradation is recipe
realesrgan-x4 or -x2, drawn for each sample while training.
"""

from __future__ import annotations

import msgspec

from baselines.configs.config import (
    Config,
    Data,
    NetworkChoice,
    Optimizer,
    Stage,
    Validation,
)
from baselines.configs.small import small
from baselines.objectives.adversarial import Adversarial, Judge, Perceptual
from baselines.objectives.paired import Paired
from baselines.objectives.turn import JUDGE, RESTORER

_CITE = (
    "Wang, Xie, Dong, Shan. Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure "
    "Synthetic Data. ICCV Workshops 2021"
)
_BATCH = 48  # 12 on each of 4 graphics cards
_PATCH = 256
_EMA = 0.999
_BETAS = (0.9, 0.99)
# Pictures are cut to 400, degraded, and cut to 256: RealESRGANDataset's crop_pad_size, gt_size.
_CONTEXT = (400 - _PATCH) // 2
_LAYERS = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}
_DIFFERS = (
    "the authors learn from DF2K in several sizes and OutdoorSceneTraining; here from --gt",
    "what recipe realesrgan-x4 says of itself: draws are each sample's, and no pool of old pairs",
)
# The released model is trained towards sharpened targets; the paper calls it Real-ESRGAN+.
_SHARP = "targets are sharpened (Real-ESRGAN+, the released weights); the judge sees plain ones"


def _data(scale: int) -> Data:
    """use_hflip: True, use_rot: False."""
    return Data(
        recipe=f"realesrgan-x{scale}", context=_CONTEXT, upside_down=False, quarter_turns=False
    )


def _realesrnet(scale: int, *, start: str) -> Config:
    return Config(
        name=f"realesrnet-x{scale}",
        about="RRDB for photographs by pixels, Real-ESRGAN's first stage",
        cite=_CITE,
        network=NetworkChoice(preset=f"realesrgan-x{scale}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: Optimizer(rate=2e-4, betas=_BETAS)},
        stages=(
            Stage(steps=1_000_000, batch=_BATCH, patch=_PATCH, init_from=f"needed: {start}"),
        ),
        data=_data(scale),
        ema=_EMA,
        method="RealESRNet",
        differs=_DIFFERS,
    )  # fmt: skip


def _realesrgan(scale: int) -> Config:
    return Config(
        name=f"realesrgan-x{scale}",
        about="RRDB for photographs by pixels, features of five depths and a U-Net judge",
        cite=_CITE,
        network=NetworkChoice(preset=f"realesrgan-x{scale}"),
        objective=Adversarial(
            pixel="l1",
            pixel_weight=1.0,
            perceptual=Perceptual(layers=_LAYERS),
            gan="vanilla",
            gan_weight=0.1,
            relativistic=False,
            judge=Judge(network="unet"),
            plain_real=True,
        ),
        optimizers=dict.fromkeys((RESTORER, JUDGE), Optimizer(rate=1e-4, betas=_BETAS)),
        stages=(
            Stage(
                steps=400_000, batch=_BATCH, patch=_PATCH,
                init_from=f"needed: a run of realesrnet-x{scale}, or the authors' "
                f"RealESRNet_x{scale}plus.pth",
            ),
        ),
        data=_data(scale),
        validation=Validation(best="niqe", metrics=("psnr", "niqe")),
        ema=_EMA,
        method="RealESRGAN",
        differs=(*_DIFFERS, _SHARP),
    )  # fmt: skip


REALESRNET_X4 = _realesrnet(
    4,
    start="a run of esrgan-x4, or the authors' ESRGAN_SRx4_DF2KOST_official-ff704c30.pth; with "
    "--init scratch it takes longer",
)
REALESRGAN_X4 = _realesrgan(4)
REALESRNET_X2 = _realesrnet(
    2,
    start="a run of realesrgan-x4, or the authors' RealESRGAN_x4plus.pth, all but its first layer",
)
REALESRGAN_X2 = _realesrgan(2)


def _small(config: Config) -> Config:
    made = small(
        config,
        network={"width": 16, "growth": 8, "blocks": 1},
        stages=(Stage(steps=40, batch=2, patch=64),),
    )
    if not isinstance(config.objective, Adversarial):
        return made
    judge = Judge(network="unet", set={"width": 8})
    return msgspec.structs.replace(
        made,
        objective=msgspec.structs.replace(config.objective, judge=judge),
        validation=Validation(every=made.validation.every),  # on the demo, which NIQE is not for
    )


CONFIGS: tuple[Config, ...] = tuple(
    one
    for config in (REALESRNET_X4, REALESRGAN_X4, REALESRNET_X2, REALESRGAN_X2)
    for one in (config, _small(config))
)
