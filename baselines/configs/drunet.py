"""DRUNet: Gaussian noise of a told level.

Zhang et al., IEEE TPAMI 2022 (DPIR), section 3.2; KAIR options/train_drunet.json and
dataset_fdncnn.py.
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

# 1e-4 halved each 100,000 steps until it is below 5e-7: at the eighth time.
HALVED = 100_000
STEPS = 8 * HALVED


def _optimizer(*, halved: int) -> Optimizer:
    schedule = Schedule(law="every", steps=(halved,), factor=0.5, least=5e-7 / 1e-4)
    return Optimizer(rate=1e-4, schedule=schedule)


def _config(kind: str, *, published: str) -> Config:
    return Config(
        name=f"drunet-{kind}",
        about=f"Gaussian noise of a told sigma, 0 to 50, in {kind}; the authors train on BSD400, "
        "Waterloo, DIV2K and Flickr2K",
        cite="Zhang, Li, Zuo, Zhang, Van Gool, Timofte. Plug-and-Play Image Restoration with Deep "
        "Denoiser Prior. IEEE TPAMI 2022",
        network=NetworkChoice(preset=f"drunet-{kind}"),
        objective=Paired(pixel="l1"),
        optimizers={RESTORER: _optimizer(halved=HALVED)},
        stages=(Stage(steps=STEPS, batch=16, patch=128),),
        data=Data(recipe="gaussian-blind-50"),
        validation=Validation(every=5000),
        log_every=200,
        method="DRUNet",
        published=published,
        differs=(
            "batch and end are the paper's; KAIR's options have batches of 64 and halve four times",
        ),
    )


def _small(config: Config) -> Config:
    return small(
        config,
        network={"width": 16, "blocks": 1},
        stages=(Stage(steps=200, batch=4, patch=64),),
        optimizers={RESTORER: _optimizer(halved=100)},
    )


_FULL = (
    _config("gray", published="set12-gray 33.25, 30.94, 27.90 dB at sigma 15, 25, 50"),
    _config("color", published="cbsd68-color 34.30, 31.69, 28.51 dB at sigma 15, 25, 50"),
)
CONFIGS: tuple[Config, ...] = (*_FULL, *map(_small, _FULL))
