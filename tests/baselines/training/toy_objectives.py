"""Small configs of every objective that data-parallel and resumed runs are tested with."""

from __future__ import annotations

from collections.abc import Sequence

from baselines.configs.config import Config, Optimizer, Stage
from baselines.objectives.adversarial import Adversarial, Judge
from baselines.objectives.distilled import Distilled
from baselines.objectives.levels import Levels
from baselines.objectives.msec import NEVER, Msec
from baselines.objectives.nerco.choice import Nerco
from tests.baselines.training.toy_run import toy_config

TEACHER = "edsr"  # network of the toy that has a teacher


def stages(*patches: int, batch: int = 4, accumulate: int = 1) -> Sequence[Stage]:
    """Two stages of four steps."""
    first, second = patches
    return (
        Stage(steps=4, batch=batch, patch=first, accumulate=accumulate),
        Stage(steps=4, batch=2, patch=second),
    )


# The judge's by SGD: a relativistic judge's last bias has no gradient but rounding, of which Adam
# would make a step.
TWO_TURNS = {
    "restorer": Optimizer(rate=1e-3),
    "judge": Optimizer(kind="sgd", rate=1e-2, clip="norm", clip_at=1.0),
}
SGD = Optimizer(
    kind="sgd", rate=0.1, momentum=0.9, weight_decay=1e-4, clip="adjustable", clip_at=0.4
)

TOYS: dict[str, Config] = {
    "paired": toy_config(stages=stages(18, 24)),
    "accumulated": toy_config(
        stages=stages(18, 24, accumulate=2), optimizers={"restorer": SGD}, ema=0.0
    ),
    # each step's scale uses one of three enlargements; the others have no gradient
    "several scales": toy_config(network="carn", stages=stages(24, 48)),
    "batch norm": toy_config(network="srresnet", stages=stages(32, 48)),
    "recursions": toy_config(
        network="drcn", stages=stages(16, 24), objective=Levels(of="recursions", alpha_until=6)
    ),
    "levels": toy_config(
        network="lapsrn", set={"scale": 4}, stages=stages(16, 24),
        objective=Levels(of="levels", pixel="charbonnier"),
    ),
    "adversarial": toy_config(
        network="rrdb", stages=stages(32, 48), optimizers=TWO_TURNS,
        objective=Adversarial(judge=Judge(network="unet", set={"width": 4})),
    ),
    "distilled": toy_config(
        network="edsr", stages=stages(24, 32), objective=Distilled(layers={"body.0": "body.0"})
    ),
    "msec": toy_config(
        network="msec", stages=stages(32, 64), optimizers=TWO_TURNS,
        objective=Msec(adversarial="paper", judge_from=(NEVER, 1)),
    ),
    "nerco": toy_config(
        network="nerco",
        stages=(Stage(steps=4, batch=1, patch=32), Stage(steps=4, batch=2, patch=32)),
        optimizers=TWO_TURNS,
        objective=Nerco(judge_width=8, pool=3),
    ),
}  # fmt: skip

# Batch normalisation (in MSEC's judge too) takes statistics, and pools of pictures draw, in each
# process apart.
ALONE_ONLY = {"batch norm", "msec", "nerco"}
