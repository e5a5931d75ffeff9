"""What `--model` names in the verbs that run models: networks of this project among it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from baselines.checkpoints.as_network import open_checkpoint
from baselines.zero_shot.as_restorer import NAMES as ZERO_SHOT
from baselines.zero_shot.as_restorer import open_zero_shot
from degrade.option_error import OptionError
from evaluation.models.classical import NAMES as CLASSICAL
from evaluation.models.opening import open_model
from evaluation.models.options import ModelOptions, find_device
from evaluation.models.restorer import Restorer

Report = Callable[[int, int], None]

NONE = ("", "-")  # --network for a model whose weights tell by themselves, or that has none


def open_named_model(
    name: str, *, options: ModelOptions, seconds: float = 0.0, report: Report | None = None
) -> Restorer:
    """What one --model names: a zero-shot method, a checkpoint of ours, or what evaluation opens.

    seconds, report: see `open_zero_shot`. Raises as `open_model` does.
    """
    if name in ZERO_SHOT:
        return open_zero_shot(name, options=options, seconds=seconds, report=report)
    return open_model(name, options=options, ours=open_checkpoint, besides=ZERO_SHOT)


def open_named_models(
    names: Sequence[str],
    *,
    networks: Sequence[str] = (),
    options: ModelOptions,
    seconds: float = 0.0,
    report: Report | None = None,
) -> list[Restorer]:
    """Every --model of a chain.

    networks: of --network, none or one for each name, NONE where nothing is to be said. Names
    without weights that stand beside others are not meant by the options of networks, which they
    refuse where they stand alone. Raises OptionError for a device that is not there before any is
    opened.
    """
    if networks and len(networks) != len(names):
        raise OptionError(
            f"--network: given {len(networks)} times, and --model {len(names)} times: give one for "
            "each model, in their order, and '-' where none is meant"
        )
    weightless = (*CLASSICAL, *ZERO_SHOT)
    mixed = not all(name in weightless for name in names)
    find_device(options if mixed else replace(options, half=""))
    opened = []
    for name, network in zip(names, networks or [NONE[0]] * len(names), strict=True):
        how = ModelOptions(device=options.device) if mixed and name in weightless else options
        how = replace(how, network="" if network in NONE else network)
        opened.append(open_named_model(name, options=how, seconds=seconds, report=report))
    return opened
