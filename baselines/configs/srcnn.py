"""SRCNN: three convolutions on enlarged luma, one network a scale.

Dong, Loy, He, Tang, IEEE TPAMI 2016: sections 3.3 (loss, equation 5: momentum 0.9), 4.1 (data) and
4.3 (9-5-5, the network of its tables); batches of 128 as in the authors' training code
(SRCNN_net.prototxt). The numbers are meant for Caffe's loss, half the sum of squares over those
pixels that its unpadded convolutions leave of a patch.
"""

from __future__ import annotations

from baselines.configs.bicubic import LUMA
from baselines.configs.config import Config, Data, NetworkChoice, Optimizer, Stage, Validation
from baselines.configs.small import small
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

BATCH = 128
STEPS = 800_000_000 // BATCH  # 8 x 10^8 backpropagations (4.1), each of a patch
PATCH = 33  # px, 4.1
SCORED = PATCH - 9 - 5 - 5 + 3  # px that are left of it, 3.3

_PUBLISHED = {2: "36.66", 3: "32.75", 4: "30.48"}
_OPTIMIZER = Optimizer(
    kind="sgd", rate=1e-4, momentum=0.9, groups={r"\.conv3\.": 0.1}  # 1e-5 in the last layer, 3.3
)  # fmt: skip


def _config(scale: int) -> Config:
    return Config(
        name=f"srcnn-x{scale}",
        about=f"SRCNN 9-5-5 on luma, x{scale}; the authors train on 395,909 pictures of ImageNet",
        cite="Dong, Loy, He, Tang. Image Super-Resolution Using Deep Convolutional Networks. IEEE "
        "TPAMI 2016",
        network=NetworkChoice(preset="srcnn-955"),
        # so that a patch of 33 x 33 weighs what the scored 17 x 17 did
        objective=Paired(pixel="half-l2", weight=(SCORED / PATCH) ** 2),
        optimizers={RESTORER: _OPTIMIZER},
        stages=(Stage(steps=STEPS, batch=BATCH, patch=PATCH),),
        data=Data(recipe=LUMA, scales=(scale,), flips=False, quarter_turns=False),
        validation=Validation(set=f"set5-x{scale}-classic", every=50_000),
        save_every=50_000,
        method="SRCNN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB (trained on ImageNet)",
        differs=(
            "convolutions keep the size; the paper's shrink it, and score 17 x 17 of a patch: the "
            "loss is weighted by that ratio",
            "patches are drawn anywhere; the paper cuts them once, each 33 px (ImageNet) or 14 px "
            "(91-image)",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[0],
        network={"widths": (16, 8)},
        stages=(Stage(steps=400, batch=16, patch=PATCH),),
        # from deviations of 0.001, SGD at 1e-4 takes millions of steps
        optimizers={RESTORER: Optimizer(rate=1e-3, groups=_OPTIMIZER.groups)},
    ),
)
