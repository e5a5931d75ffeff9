"""What super-resolution configs share: bicubic inputs, and tables of stages that start from x2."""

from __future__ import annotations

from baselines.configs.config import Optimizer, Schedule, Stage

# MATLAB's imresize: of the luma in double, as SRCNN to LapSRN are tested; of 8-bit RGB, as DIV2K's
# bicubic track is made.
LUMA, COLOUR = "bicubic-double-x{scale}", "bicubic-x{scale}"
# A scale's kernel reaches 2 pixels of the input, 16 of the target at x8: a patch has the values
# that it has in the whole picture, which is what the papers cut from.
CONTEXT = 16


SHORT = Optimizer(rate=1e-3)  # for small networks, that a few hundred steps show something


def from_x2(
    scale: int, *, steps: int, batch: int, patch: int, schedule: Schedule
) -> tuple[Stage, ...]:
    """A leg at x2, then one at `scale` that starts from its weights; each has its own schedule.

    steps, schedule: of each leg. patch: px of the input.
    """
    return tuple(
        Stage(steps=steps, batch=batch, patch=patch, scale=leg, schedule=schedule)
        for leg in dict.fromkeys((2, scale))
    )


def short_from_x2(scale: int, *, steps: int = 100) -> tuple[Stage, ...]:
    """The same legs in minutes on a processor: 4 patches of 16 px a step (64 of the target at x4,
    as much as 91-image's smallest pictures have)."""
    return from_x2(scale, steps=steps, batch=4, patch=16, schedule=Schedule())
