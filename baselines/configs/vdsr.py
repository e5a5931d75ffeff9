"""VDSR: twenty layers on enlarged luma, one network for x2, x3 and x4.

Kim, Lee, Lee, CVPR 2016, section 3.2 and 4: batches of 64 patches of 41 px, each of any scale;
SGD with momentum 0.9 and weight decay 1e-4; 80 epochs, 9,960 steps (4.3); 0.1, a tenth each 20
epochs; gradients clipped to +- theta / rate. The paper prints no theta: 1e-4 is what a training in
MatConvNet, the paper's framework, has (GitChoi/matlab_matconvnet_dagnn_vdsr_training,
main_train.m); by 0.4, pytorch-vdsr's norm, the summed loss diverges at once.
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
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

STEPS, EPOCHS = 9_960, 80
TENTHED = STEPS * 20 // EPOCHS  # steps of 20 epochs
THETA = 1e-4


def _optimizer(tenthed: int) -> Optimizer:
    return Optimizer(
        kind="sgd",
        rate=0.1,
        momentum=0.9,
        weight_decay=1e-4,
        schedule=Schedule(law="every", steps=(tenthed,), factor=0.1),
        clip="adjustable",
        clip_at=THETA,
    )


VDSR = Config(
    name="vdsr",
    about="VDSR on luma, x2, x3 and x4 by one network; the authors train on 91-image and BSDS200",
    cite="Kim, Lee, Lee. Accurate Image Super-Resolution Using Very Deep Convolutional Networks. "
    "CVPR 2016",
    network=NetworkChoice(preset="vdsr-bias"),
    objective=Paired(pixel="half-l2"),
    optimizers={RESTORER: _optimizer(TENTHED)},
    stages=(Stage(steps=STEPS, batch=64, patch=41),),
    data=Data(recipe=LUMA, scales=(2, 3, 4), scale_per="sample"),
    validation=Validation(set="set5-x2-classic", every=498),  # 4 epochs
    save_every=498,
    method="VDSR",
    published="Set5 x2 37.53 dB, x3 33.66, x4 31.35",
    differs=(
        "patches are drawn anywhere; the paper cuts them once, side by side",
        "ports train longer: caffe-vdsr's max_iter, 935,840, is 80 epochs of 11,698 batches of its "
        "augmented patches, by Adam at 1e-4 (37.58 dB); pytorch-vdsr clips the norm to 0.4 and has "
        "no biases (network.preset=vdsr)",
    ),
)

CONFIGS: tuple[Config, ...] = (
    VDSR,
    small(
        VDSR,
        network={"width": 16, "depth": 6},
        stages=(Stage(steps=300, batch=16, patch=41),),
        optimizers={RESTORER: _optimizer(100)},
    ),
)
