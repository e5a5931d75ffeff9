"""The same path in minutes: a config's small sibling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from baselines.configs.config import Config, NetworkChoice, Optimizer, Stage

STEPS_LOGGED = 20


def small(
    config: Config,
    *,
    network: Mapping[str, Any],
    stages: Sequence[Stage],
    optimizers: Mapping[str, Optimizer] | None = None,
) -> Config:
    """`config` with a small network and a short table of stages, named '<config>-small'.

    network: arguments in place of the preset's. optimizers: in place of the config's, for schedules
    that end with the few steps.
    """
    steps = sum(stage.steps for stage in stages)
    return msgspec.structs.replace(
        config,
        name=f"{config.name}-small",
        about=f"{config.about} (small network, few steps: shows the path, not the paper's figures)",
        network=NetworkChoice(preset=config.network.preset, set={**config.network.set, **network}),
        stages=tuple(stages),
        optimizers=dict(optimizers or config.optimizers),
        validation=msgspec.structs.replace(config.validation, every=max(1, steps // 2)),
        log_every=min(STEPS_LOGGED, steps),
        save_every=max(1, steps // 4),
        method="",
        published="",
    )
