"""RDN: residual dense blocks; x3 and x4 start from x2.

Zhang, Tian, Kong, Zhong, Fu, CVPR 2018, section 5.1: batches of 16 patches of 32 px of the input,
Adam at 1e-4 halved each 200 epochs of 1,000 steps, L1. Its figures are of these patches; scripts of
the authors (yulunzhang/RDN, RDN_TrainCode/code: TrainRDN_scripts.sh, opts.lua) have 48 px at x2,
start x3 and x4 from x2, and end x4 after 1,000 epochs, which all legs have here.
With x2 weights at hand: --with stages.0.steps=1 --with stages.0.init_from=RUN.
"""

from __future__ import annotations

from baselines.configs.bicubic import COLOUR, CONTEXT, SHORT, from_x2, short_from_x2
from baselines.configs.config import Config, Data, NetworkChoice, Optimizer, Schedule, Validation
from baselines.configs.small import small
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER

STEPS = 1_000_000  # of each leg: -nEpochs 1000 x -testEvery 1e3
HALVED = Schedule(law="every", steps=(200_000,))  # -halfLife

_PUBLISHED = {2: "38.24", 3: "34.71", 4: "32.47"}


def _config(scale: int) -> Config:
    return Config(
        name=f"rdn-x{scale}",
        about=f"RDN (16 blocks, 8 layers, growth 64), x{scale}"
        f"{', from x2 in a first leg' if scale > 2 else ''}; the authors train on DIV2K",
        cite="Zhang, Tian, Kong, Zhong, Fu. Residual Dense Network for Image Super-Resolution. "
        "CVPR 2018",
        network=NetworkChoice(preset=f"rdn-x{scale}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: Optimizer(rate=1e-4)},
        stages=from_x2(scale, steps=STEPS, batch=16, patch=32, schedule=HALVED),
        data=Data(recipe=COLOUR, patch_of="input", context=CONTEXT),
        validation=Validation(set="set5-x{scale}"),
        method="RDN",
        published=f"Set5 x{scale} {_PUBLISHED[scale]} dB",
        differs=(
            "the paper names no end (a day for 200 epochs); the scripts' 1,000 epochs, named at x4 "
            "alone, hold for every leg",
            "the scripts take patches of 48 px at x2: --with stages.0.patch=48",
        ),
    )


_FULL = tuple(_config(scale) for scale in _PUBLISHED)

CONFIGS: tuple[Config, ...] = (
    *_FULL,
    small(
        _FULL[2],
        network={"width": 16, "blocks": 2, "layers": 3, "growth": 8},
        stages=short_from_x2(4),
        optimizers={RESTORER: SHORT},
    ),
)
