"""FSRCNN: luma at its own size, enlarged by the last layer.

Dong, Loy, Tang, ECCV 2016, section 3.3 and 4.1: squared error, 91-image shrunk to 0.9 ... 0.6 and
turned, the transposed convolution at a tenth of the rate 1e-3. The paper prints neither batch nor
steps; those, and Adam, are of the PyTorch port yjn870/FSRCNN-pytorch (train.py, prepare.py,
calc_patch_size), whose weights reach 37.12, 33.22 and 30.50 dB by 91-image alone.
"""

from __future__ import annotations

from baselines.configs.bicubic import CONTEXT, LUMA
from baselines.configs.config import Config, Data, NetworkChoice, Optimizer, Stage, Validation
from baselines.configs.small import small
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

BATCH, EPOCHS = 16, 20  # --batch-size, --num-epochs
# Scale -> px of the input (4.1, table 1), and how many patches prepare.py --with-aug makes of
# 91-image: 5 sizes, 4 quarter turns, a stride of `scale` px of the input.
PATCHES = {2: (10, 3_698_808), 3: (7, 742_280), 4: (6, 236_432)}

_PUBLISHED = {2: ("37.00", "36.94"), 3: ("33.16", "33.06"), 4: ("30.71", "30.55")}
_OPTIMIZER = Optimizer(rate=1e-3, groups={r"\.last_part\.": 0.1})  # 1e-4, section 3.3


def _config(scale: int) -> Config:
    patch, count = PATCHES[scale]
    best, alone = _PUBLISHED[scale]
    return Config(
        name=f"fsrcnn-x{scale}",
        about=f"FSRCNN(56,12,4) on luma, x{scale}; the authors train on 91-image, then General-100",
        cite="Dong, Loy, Tang. Accelerating the Super-Resolution Convolutional Neural Network. "
        "ECCV 2016",
        network=NetworkChoice(preset=f"fsrcnn-x{scale}"),
        objective=Paired(pixel="l2"),
        optimizers={RESTORER: _OPTIMIZER},
        stages=(Stage(steps=EPOCHS * -(-count // BATCH), batch=BATCH, patch=patch),),
        data=Data(
            recipe=LUMA, patch_of="input", context=CONTEXT, rescale=(1.0, 0.9, 0.8, 0.7, 0.6)
        ),
        validation=Validation(set=f"set5-x{scale}-classic", every=10_000),
        save_every=10_000,
        method="FSRCNN",
        published=f"Set5 x{scale} {best} dB with General-100, {alone} without",
        differs=(
            "Adam, batches of 16 and 20 epochs are the PyTorch port's; the paper has SGD, and goes "
            "on with General-100 at half the rates: --gt both, or a second run by --with "
            "stages.0.init_from=RUN --with optimizers.restorer.rate=5e-4",
            "targets have scale x input pixels, the paper's one less a step (19 of 10 at x2)",
            "patches are mirrored too; paper and port turn them alone",
        ),
    )


_FULL = tuple(_config(scale) for scale in PATCHES)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[0],
        network={"width": 32, "shrunk": 5, "mappings": 1},  # FSRCNN-s
        stages=(Stage(steps=1000, batch=BATCH, patch=10),),
    ),
)
