"""ESPCN: luma at its own size, enlarged by a sub-pixel convolution.

Shi et al., CVPR 2016, section 3.1 and 3.2: squared error, patches of 17 px of the input, a last
layer that learns ten times slower. Its rates (0.01 down to 0.0001) fall and its training ends where
the loss no longer falls, by thresholds that it does not print; optimiser, rates, batch and epochs
are of the PyTorch port yjn870/ESPCN-pytorch (train.py, prepare.py), whose weights reach 32.88 dB
at x3 by 91-image.
"""

from __future__ import annotations

from baselines.configs.bicubic import CONTEXT, LUMA
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

BATCH, EPOCHS, HELD = 16, 200, 160  # --batch-size, --num-epochs; a tenth of the rate from 80 % on
PATCH = 17
PATCHES = {2: 6669, 3: 2701, 4: 1415}  # that prepare.py cuts of 91-image, at a stride of 13


def _optimizer(held: int) -> Optimizer:
    schedule = Schedule(law="milestones", steps=(held,), factor=0.1)
    return Optimizer(rate=1e-3, schedule=schedule, groups={r"\.last_part\.": 0.1})


def _config(scale: int) -> Config:
    epoch = -(-PATCHES[scale] // BATCH)
    return Config(
        name=f"espcn-x{scale}",
        about=f"ESPCN on luma, x{scale}; the authors train on 91-image or 50,000 of ImageNet",
        cite="Shi, Caballero, Huszar, Totz, Aitken, Bishop, Rueckert, Wang. Real-Time Single Image "
        "and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network. "
        "CVPR 2016",
        network=NetworkChoice(preset=f"espcn-x{scale}"),
        objective=Paired(pixel="l2"),
        optimizers={RESTORER: _optimizer(HELD * epoch)},
        stages=(Stage(steps=EPOCHS * epoch, batch=BATCH, patch=PATCH),),
        data=Data(recipe=LUMA, patch_of="input", context=CONTEXT, flips=False, quarter_turns=False),
        validation=Validation(set=f"set5-x{scale}-classic", every=10 * epoch),
        save_every=10 * epoch,
        method="ESPCN",
        published="Set5 x3 32.55 dB (91-image)" if scale == 3 else "",
        differs=(
            "Adam at 1e-3, batches of 16 and 200 epochs are the PyTorch port's; the paper's rule "
            "for its rates needs a threshold that it does not print",
            "inputs are MATLAB's bicubic; the paper blurs by a Gaussian and takes each r-th pixel",
        ),
    )


_FULL = tuple(_config(scale) for scale in PATCHES)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[1],
        network={"width": 16, "narrow": 8},
        stages=(Stage(steps=1000, batch=BATCH, patch=PATCH),),
        optimizers={RESTORER: _optimizer(800)},
    ),
)
