"""LapSRN: luma doubled level by level, each level supervised.

Lai, Huang, Ahuja, Yang, CVPR 2017, section 3.2 and 3.3, with the numbers of the authors' release
(phoenix104104/LapSRN: init_LapSRN_opts.m, init_LapSRN_model.m, getBatch_LapSRN.m,
vllab_cnn_train_dag.m): 64 patches of 128 px, SGD with momentum 0.9, 1e-5 halved each 50 epochs but
not below 1e-6, biases at a tenth of the rate, 1,000 epochs of 100 batches.
"""

from __future__ import annotations

from baselines.configs.bicubic import LUMA
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
from baselines.objectives.levels import Levels
from baselines.objectives.turn import RESTORER

EPOCH, EPOCHS = 100, 1_000  # num_train_batch, numEpochs
HALVED = 50 * EPOCH  # lr_step

_PUBLISHED = {4: "31.54", 2: "37.52", 8: "26.14"}


def _optimizer(*, rate: float, halved: int) -> Optimizer:
    return Optimizer(
        kind="sgd",
        rate=rate,
        momentum=0.9,
        weight_decay=5e-4,
        schedule=Schedule(law="every", steps=(halved,), factor=0.5, least=0.1),  # lr_min 1e-6
        groups={r"\.bias$": 0.1},
    )


def _config(scale: int) -> Config:
    return Config(
        name=f"lapsrn-x{scale}",
        about=f"LapSRN on luma, x{scale}: every doubling is supervised; the authors train on "
        "91-image and BSDS200",
        cite="Lai, Huang, Ahuja, Yang. Deep Laplacian Pyramid Networks for Fast and Accurate "
        "Super-Resolution. CVPR 2017",
        network=NetworkChoice(preset=f"lapsrn-x{scale}"),
        objective=Levels(of="levels", pixel="charbonnier-lapsrn"),
        optimizers={RESTORER: _optimizer(rate=1e-5, halved=HALVED)},
        stages=(Stage(steps=EPOCHS * EPOCH, batch=64, patch=128),),
        data=Data(recipe=LUMA, rescale=(1.0, 0.9, 0.8, 0.7, 0.6, 0.5)),  # scale_augmentation
        validation=Validation(set=f"set5-x{scale}-classic", every=10 * EPOCH),
        save_every=10 * EPOCH,
        method="LapSRN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB",
        differs=(
            "an epoch of the release has 100 batches, of the paper 1,000: --with "
            "stages.0.steps=1000000 --with optimizers.restorer.schedule.steps=50000",
            "weight decay is 5e-4, which the release's trainer has; the paper's 1e-4 stands in "
            "its options and never gets there: --with optimizers.restorer.weight_decay=1e-4",
            "pictures too small for a patch (seven of 91-image) are refused; the release "
            "enlarges them: make them larger, or --with stages.0.patch=64",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[0],
        network={"width": 16, "depth": 3},
        stages=(Stage(steps=200, batch=8, patch=64),),
        optimizers={RESTORER: Optimizer(rate=1e-3, groups={r"\.bias$": 0.1})},
    ),
)
