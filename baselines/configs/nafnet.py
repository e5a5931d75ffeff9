"""NAFNet: camera noise and motion blur.

Chen et al., ECCV 2022, section 5 and the release's options (options/train/{SIDD,GoPro}/
NAFNet-width{32,64}.yml): the narrow network has half the batch and half the steps. GoPro's weight
decay is 1e-3 for both widths, for 32 since a commit of the release's day (47ca917), 0 before.
"""

from __future__ import annotations

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

CARDS = 8  # num_gpu
#         width: (batch of a card, steps)
_WIDTHS = {32: (4, 200_000), 64: (8, 400_000)}
# Set, weight decay, whether squares are flipped and turned (use_flip, use_rot), where from.
_SETS = (
    ("sidd", 0.0, False, "camera noise; the authors train on SIDD-Medium in tiles of 512"),
    ("gopro", 1e-3, True, "motion blur; the authors train on GoPro in tiles of 512"),
)
# The release's README; on GoPro with local means (TLC).
_PUBLISHED = {
    "nafnet-sidd-w32": "sidd 39.9672 dB",
    "nafnet-sidd-w64": "sidd 40.3045 dB",
    "nafnet-gopro-w32": "gopro 32.8705 dB",
    "nafnet-gopro-w64": "gopro 33.7103 dB",
}


def _optimizer(*, end: int, decay: float) -> Optimizer:
    """AdamW, 1e-3 down to 1e-7; clipping is in image_restoration_model.py, not in the options."""
    return Optimizer(
        kind="adamw",
        rate=1e-3,
        betas=(0.9, 0.9),
        weight_decay=decay,
        schedule=Schedule(law="cosine", steps=(0, end), least=1e-7 / 1e-3),
        clip="norm",
        clip_at=0.01,
    )


def _config(name: str, *, width: int, about: str, decay: float, turned: bool) -> Config:
    own, steps = _WIDTHS[width]
    return Config(
        name=name,
        about=about,
        cite="Chen, Chu, Zhang, Sun. Simple Baselines for Image Restoration. ECCV 2022",
        network=NetworkChoice(preset=name),
        objective=Paired(pixel="psnr"),
        optimizers={RESTORER: _optimizer(end=steps, decay=decay)},
        stages=(Stage(steps=steps, batch=CARDS * own, patch=256),),
        data=Data(flips=turned, quarter_turns=turned),
        validation=Validation(every=20_000),
        log_every=200,
        method=f"NAFNet-width{width}",
        published=_PUBLISHED[name],
    )


def _small(config: Config) -> Config:
    decay = config.optimizers[RESTORER].weight_decay
    return small(
        config,
        network={"width": 8, "encoder": [1, 1, 1, 1], "middle": 1, "decoder": [1, 1, 1, 1]},
        stages=(Stage(steps=200, batch=4, patch=64),),
        optimizers={RESTORER: _optimizer(end=200, decay=decay)},
    )


_FULL = tuple(
    _config(f"nafnet-{name}-w{width}", width=width, about=about, decay=decay, turned=turned)
    for name, decay, turned, about in _SETS
    for width in _WIDTHS
)
CONFIGS: tuple[Config, ...] = (*_FULL, *map(_small, _FULL))
