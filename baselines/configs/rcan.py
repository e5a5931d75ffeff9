"""RCAN: channel attention in groups of residual blocks; x3, x4 and x8 start from x2.

Zhang, Li, Li, Wang, Zhong, Fu, ECCV 2018, section 4.1, and the authors' release
(RCAN_TrainCode/code: option.py, TrainRCAN_scripts.sh): batches of 16 patches of 48 px of the input,
Adam at 1e-4 halved each 200 epochs of 1,000 steps, 1,000 epochs, L1.
With x2 weights at hand: --with stages.0.steps=1 --with stages.0.init_from=RUN.
"""

from __future__ import annotations

from baselines.configs.bicubic import COLOUR, CONTEXT, SHORT, from_x2, short_from_x2
from baselines.configs.config import Config, Data, NetworkChoice, Optimizer, Schedule, Validation
from baselines.configs.small import small
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

STEPS = 1_000_000  # of each leg: --epochs x --test_every
HALVED = Schedule(law="every", steps=(200_000,))

_PUBLISHED = {2: "38.27", 3: "34.74", 4: "32.63", 8: "27.31"}


def _config(scale: int) -> Config:
    return Config(
        name=f"rcan-x{scale}",
        about=f"RCAN, x{scale}{', from x2 in a first leg' if scale > 2 else ''}; the authors train "
        "on DIV2K",
        cite="Zhang, Li, Li, Wang, Zhong, Fu. Image Super-Resolution Using Very Deep Residual "
        "Channel Attention Networks. ECCV 2018",
        network=NetworkChoice(preset=f"rcan-x{scale}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: Optimizer(rate=1e-4)},
        stages=from_x2(scale, steps=STEPS, batch=16, patch=48, schedule=HALVED),
        data=Data(recipe=COLOUR, patch_of="input", context=CONTEXT),
        validation=Validation(set="set5-x{scale}"),
        method="RCAN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB",
        differs=(
            "the release leaves out a batch whose loss is 10^6 times the last epoch's; here a "
            "loss that is not finite ends the run",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[2],
        network={"width": 16, "groups": 2, "blocks": 2, "reduction": 4},
        stages=short_from_x2(4),
        optimizers={RESTORER: SHORT},
    ),
)
