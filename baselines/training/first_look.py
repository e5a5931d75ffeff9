"""What a run's network would see, before any step is taken."""

from __future__ import annotations

import contextlib
from pathlib import Path

from baselines.configs.checking import check_config, check_given
from baselines.configs.config import Config
from baselines.training.legs import build_restorer, legs_of
from baselines.training.options import RunOptions
from baselines.training.processes import Processes
from baselines.training_data.batches import open_batches
from baselines.training_data.preflight import check_sources
from baselines.training_data.preview import save_preview


def preview_batch(config: Config, *, options: RunOptions, path: Path) -> int:
    """Writes a sheet of the first samples to `path`, PNG; gives the number of its rows.

    Raises as `train_run` does for the config, its options and the data; judges and weights to start
    from are not looked for, for pictures do not depend on them.
    """
    processes = Processes(device=options.device)
    check_config(config, processes=processes.count)
    check_given(config, sources=options.sources, judges=options.judges)
    restorer = build_restorer(config, legs_of(config.stages)[0])
    batches = open_batches(
        config,
        sources=options.sources,
        network=restorer.traits,
        processes=processes,
        workers=0,
    )
    with contextlib.closing(batches):
        check_sources(batches, report=options.report)
        return save_preview(batches, path=path)
