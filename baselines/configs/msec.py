"""MSEC: exposure correction, first in small squares, then in larger ones.

main_training.m, get_trainingOptions.m, train_network.m and patches_extraction.m of the release.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

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
from baselines.objectives.msec import NEVER, Msec
from baselines.objectives.turn import JUDGE, RESTORER

PICTURES = 17_675  # 3,535 scenes of MIT-Adobe FiveK at 5 exposures: paper, section 4


@dataclass(frozen=True, kw_only=True)
class _Part:
    """patches: of each picture, two more than patches_extraction.m's 8, 4 and 2. drop: epochs after
    which the rate is halved. judge_after: epochs without the judge, NEVER for all."""

    patch: int
    patches: int
    epochs: int
    batch: int
    drop: int
    judge_after: int

    @property
    def epoch(self) -> int:
        """Steps of an epoch: 5,523, 13,256 and 17,675. The release validates after twice 5,612,
        13,230 and 17,378, which are epochs of the squares that its authors found."""
        return PICTURES * self.patches // self.batch

    @property
    def stage(self) -> Stage:
        """As a row of the table; each part begins at the full rate again."""
        schedule = Schedule(law="every", steps=(self.drop * self.epoch,), factor=0.5)
        return Stage(
            steps=self.epochs * self.epoch, batch=self.batch, patch=self.patch, schedule=schedule
        )

    @property
    def judge_from(self) -> int:
        """The step within the stage at which the judge begins."""
        return NEVER if self.judge_after == NEVER else self.judge_after * self.epoch


PARTS = (
    _Part(patch=128, patches=10, epochs=40, batch=32, drop=20, judge_after=NEVER),
    _Part(patch=256, patches=6, epochs=30, batch=8, drop=10, judge_after=15),
    _Part(patch=512, patches=4, epochs=20, batch=4, drop=5, judge_after=5),
)

MSEC = Config(
    name="msec",
    about="exposure correction of sRGB pictures: three sizes of squares, pyramid losses, a judge",
    cite="Afifi, Derpanis, Ommer, Brown. Learning Multi-Scale Photo Exposure Correction. CVPR 2021",
    network=NetworkChoice(preset="msec"),
    objective=Msec(judge_from=tuple(part.judge_from for part in PARTS)),
    # get_trainingOptions.m; the judge's rate is a tenth: train_network.m
    optimizers={RESTORER: Optimizer(rate=1e-4), JUDGE: Optimizer(rate=1e-5)},
    stages=tuple(part.stage for part in PARTS),
    # randPatchExtraction.m: mean Sobel magnitude 0.06, mean 0.98, and 0.02 of a sum that is not
    # divided by the 3 channels
    data=Data(
        upside_down=False,
        quarter_turns=False,
        least_gradient=0.06,
        brightness=(0.02 / 3, 0.98),
    ),
    validation=Validation(every=20_000),
    method="MSEC",
    published="msec, mean of five experts: 19.377 dB; 19.483 without the judge (Table 1)",
    differs=(
        "the adversarial term has no gradient, as in the release; the paper's: --with "
        "objective.adversarial=paper",
        "squares are cut anew at each step; the release cuts 10, 6 and 4 of each picture once",
        "each sample is flipped by half; the release flips whole batches",
        "Adam's moments go on from stage to stage; the release begins them anew",
        "epochs are counted in steps of 17,675 pictures; for another number set stages.N.steps, "
        "stages.N.schedule.steps and objective.judge_from",
    ),
)

# Sides are multiples of 32 with depth 1. The network's scale is 0 ... 255, so biases have far to
# go, and without them it treats a dark picture as a bright one: it is linear in brightness. What
# the paper's 972,100 steps do to them, a rate of their own does here in two thousand.
_BIASES = {r"\.bias$": 100.0}


def _small_stage(*, steps: int, batch: int, patch: int) -> Stage:
    schedule = Schedule(law="every", steps=(steps // 2,), factor=0.5)
    return Stage(steps=steps, batch=batch, patch=patch, schedule=schedule)


MSEC_SMALL = msgspec.structs.replace(
    small(
        MSEC,
        network={"width": 8, "depth": 1},
        stages=(
            _small_stage(steps=1200, batch=8, patch=64),
            _small_stage(steps=600, batch=4, patch=96),
            _small_stage(steps=400, batch=2, patch=128),
        ),
        optimizers={
            RESTORER: Optimizer(rate=1e-3, groups=_BIASES),
            JUDGE: Optimizer(rate=1e-4),
        },
    ),
    objective=Msec(judge_from=(NEVER, 300, 100)),
)

CONFIGS: tuple[Config, ...] = (MSEC, MSEC_SMALL)
