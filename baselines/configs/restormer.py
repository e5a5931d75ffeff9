"""Restormer, one recipe for all tasks: squares grow from 128 to 384 pixels over six stages.

Zamir et al., CVPR 2022, section 4 and the release's options (<task>/Options/*.yml): every task has
the same optimiser, rates and stages; noise has mixup, the rest have not (mixing_augs), and layer
norm without bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

CITE = (
    "Zamir, Arora, Khan, Hayat, Khan, Yang. Restormer: Efficient Transformer for High-Resolution "
    "Image Restoration. CVPR 2022"
)
CARDS = 8  # num_gpu; mini_batch_sizes are of one card
HELD = 92_000  # steps at the full rate, the first of `periods`
MIXUP = 1.2  # mixup_beta
#          steps   of a card  patch
_TABLE = (
    (92_000, 8, 128),
    (64_000, 5, 160),
    (48_000, 4, 192),
    (36_000, 2, 256),
    (36_000, 1, 320),
    (24_000, 1, 384),
)
STAGES = tuple(Stage(steps=steps, batch=CARDS * own, patch=patch) for steps, own, patch in _TABLE)
STEPS = sum(stage.steps for stage in STAGES)  # 300,000


def _optimizer(*, held: int, end: int) -> Optimizer:
    """AdamW, 3e-4 down to 1e-6, all gradients together clipped to 0.01 (optimize_parameters)."""
    return Optimizer(
        kind="adamw",
        rate=3e-4,
        weight_decay=1e-4,
        schedule=Schedule(law="cosine", steps=(held, end), least=1e-6 / 3e-4),
        clip="norm",
        clip_at=0.01,
    )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """name: behind 'restormer-'. data: what the authors train on. recipe: of clean pictures."""

    name: str
    about: str
    preset: str
    data: str
    published: str
    recipe: str = ""
    noise: bool = False


_DEFOCUS_DATA = "DPDD in tiles of 512, the 30 % least sharp left out"
_TASKS: Sequence[_Task] = (
    _Task(
        name="derain",
        about="rain",
        preset="restormer",
        data="Rain13K",
        published="rain100h 31.46, rain100l 38.99 dB on luma (Table 1)",
    ),
    _Task(
        name="deblur",
        about="motion blur",
        preset="restormer",
        data="GoPro in tiles of 512",
        published="gopro 32.92 dB (Table 2)",
    ),
    _Task(
        name="defocus",
        about="defocus, one picture",
        preset="restormer",
        data=_DEFOCUS_DATA,
        published="dpdd-single 25.98 dB (Table 3)",
    ),
    _Task(
        name="defocus-dual",
        about="defocus, both views of a dual-pixel sensor, 16 bit",
        preset="restormer-dual-pixel",
        data=_DEFOCUS_DATA,
        published="dpdd-dual 26.66 dB (Table 3)",
    ),
    _Task(
        name="sidd",
        about="camera noise",
        preset="restormer-biasfree",
        data="SIDD-Medium in tiles of 512",
        published="sidd 40.02 dB (Table 6)",
        noise=True,
    ),
)

_CLEAN = "DIV2K, Flickr2K, BSD400 and Waterloo in tiles of 512, clean"
_LEVELS = {"blind": "gaussian-blind-50"} | {
    str(level): f"gaussian-{level}" for level in (15, 25, 50)
}
_GRAY = {
    "blind": "set12-gray 33.35, 31.04, 28.01 dB at sigma 15, 25, 50 (Table 4)",
    "15": "set12-gray-15 33.42 dB (Table 4)",
    "25": "set12-gray-25 31.08 dB (Table 4)",
    "50": "set12-gray-50 28.00 dB (Table 4)",
}
_COLOR = {
    "blind": "cbsd68-color 34.39, 31.78, 28.59 dB at sigma 15, 25, 50 (Table 5)",
    "15": "cbsd68-color-15 34.40 dB (Table 5)",
    "25": "cbsd68-color-25 31.79 dB (Table 5)",
    "50": "cbsd68-color-50 28.60 dB (Table 5)",
}
_NOISE_TASKS: Sequence[_Task] = tuple(
    _Task(
        name=f"{kind}-{level}",
        about=f"Gaussian noise in {kind}, "
        + ("sigma 0 to 50" if level == "blind" else f"sigma {level}"),
        preset=preset,
        data=_CLEAN,
        published=published[level],
        recipe=recipe,
        noise=True,
    )
    for kind, preset, published in (
        ("gray", "restormer-gray-biasfree", _GRAY),
        ("color", "restormer-biasfree", _COLOR),
    )
    for level, recipe in _LEVELS.items()
)

_DIFFERS = (
    "every sample has its own place in its picture; in the release a batch of 384x384 squares is "
    "cut down at one place",
)
_NOISE_DIFFERS = (
    "mixup has one factor a step for the whole batch; in the release one on each of the 8 cards",
)


def _config(task: _Task) -> Config:
    return Config(
        name=f"restormer-{task.name}",
        about=f"{task.about}; the authors train on {task.data}",
        cite=CITE,
        network=NetworkChoice(preset=task.preset),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: _optimizer(held=HELD, end=STEPS)},
        stages=STAGES,
        data=Data(recipe=task.recipe, mixup=MIXUP if task.noise else 0.0),
        validation=Validation(every=4000),
        log_every=1000,
        save_every=4000,
        method="Restormer",
        published=task.published,
        differs=_DIFFERS + (_NOISE_DIFFERS if task.noise else ()),
    )


def _small(config: Config) -> Config:
    stages = (Stage(steps=60, batch=4, patch=32), Stage(steps=40, batch=2, patch=48))
    return small(
        config,
        network={"width": 16, "blocks": [1, 1, 1, 1], "refinement": 1},
        stages=stages,
        optimizers={RESTORER: _optimizer(held=30, end=100)},
    )


_FULL = tuple(_config(task) for task in (*_TASKS, *_NOISE_TASKS))
CONFIGS: tuple[Config, ...] = (*_FULL, *map(_small, _FULL))
