"""`--model zssr` and `--model dip`: restorers that are fitted to each picture anew."""

from __future__ import annotations

import numpy as np

from baselines.zero_shot.clock import Clock, Report
from baselines.zero_shot.dip import dip, settings_of
from baselines.zero_shot.zssr import ZssrSettings, zssr
from evaluation.models.options import NETWORK_FIELDS, ModelOptions, find_device, refuse
from evaluation.models.restorer import Restorer, Scale, whole_scale
from evaluation.pictures import Samples

NAMES = ("zssr", "dip")


def open_zero_shot(
    name: str,
    *,
    options: ModelOptions,
    seconds: float = 0.0,
    seed: int = 0,
    report: Report | None = None,
) -> Restorer:
    """The method called `name`, one of NAMES.

    seconds: the most that one picture's fit may take, 0 for as long as its steps take. report:
    (steps done, steps) of the picture at hand. Tiles, half precision and self-ensemble are refused:
    ZSSR has its own ensemble. Raises ValueError for another name.
    """
    if name not in NAMES:
        raise ValueError(f"zero-shot method {name!r}: one of {', '.join(NAMES)}")
    refuse(options, NETWORK_FIELDS, why=f"{name} brings a network of its own for each picture")
    device = find_device(options)
    notes: list[str] = []

    def restore(picture: Samples, wanted: Scale) -> Samples:
        scale = whole_scale(wanted, name=name)
        unit = np.clip(np.ascontiguousarray(picture, dtype=np.float32), 0.0, 1.0)
        if name == "zssr":
            settings = ZssrSettings()
            clock = Clock(steps=settings.steps, seconds=seconds, report=report)
            output = zssr(
                unit, scale=scale, clock=clock, settings=settings, seed=seed, device=device
            )
        else:
            settings = settings_of(scale)
            clock = Clock(steps=settings.steps, seconds=seconds, report=report)
            output = dip(
                unit, scale=scale, clock=clock, settings=settings, seed=seed, device=device
            )
        if (note := clock.note(name)) and note not in notes:
            notes.append(note)
        return output

    return Restorer(
        name=name,
        restore=restore,
        method=name.upper(),
        default_scale=1 if name == "dip" else 0,  # ZSSR is of no use where nothing is enlarged
        facts={
            "kind": "zero-shot",
            "file": None,
            "sha256": None,
            "parameters": None,
            "macs": None,
            "seconds": seconds,
            "seed": seed,
            "options": options.facts(device=device),
        },
        notes=notes,
    )
