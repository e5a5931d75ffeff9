"""The restorer of a run as a checkpoint of this project, which every verb opens."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
from baselines.configs.config import Config
from baselines.networks.architecture import RestorationNetwork
from baselines.networks.dncnn import DnCNN, merge_norm
from baselines.networks.presets import complete_kwargs, find_preset
from baselines.training.schedule import place
from baselines.training.session import Session

LAST, BEST = "last", "best"
AllScores = Mapping[str, Mapping[str, float]]  # set -> metric -> value


def write_model(
    path: Path, *, session: Session, data: Mapping[str, str], scores: AllScores | None = None
) -> None:
    """Writes the restorer as it is now to a folder: the averaged weights where the run has them.

    A kill leaves the old checkpoint or the new one. data: see `data_digests`. scores: of this
    model; infinite ones are left out of the card (JSON has none).
    """
    network = exported(session)
    write_ours(
        path,
        state=network.state_dict(),
        card=model_card(network, session=session, data=data, scores=scores or {}),
    )


def exported(session: Session) -> RestorationNetwork:
    """The network that is written: averaged where the run averages; a DnCNN with normalisation is
    merged into the form of the authors' release, which restores alike."""
    network: Any = session.averaged.network
    if isinstance(network, DnCNN) and _given(session.config).get("norm"):
        return merge_norm(network)
    return network


def model_card(
    network: RestorationNetwork, *, session: Session, data: Mapping[str, str], scores: AllScores
) -> Card:
    """The card of `network`, which is what `exported` gave."""
    config = session.config
    architecture, _ = find_preset(config.network.preset)
    kwargs = dict(_given(config))
    if "scale" in inspect.signature(architecture.build).parameters:
        kwargs["scale"] = network.traits.scale  # a stage may have set another
    if isinstance(network, DnCNN) and "norm" in kwargs:
        kwargs["norm"] = False
    finite = {
        name: {metric: value for metric, value in own.items() if math.isfinite(value)}
        for name, own in scores.items()
    }
    return Card(
        network=architecture.name,
        kwargs=complete_kwargs(architecture, kwargs),
        scale=_trained_scale(network, session=session),
        method=config.method,
        trained_on=", ".join(data),
        config=msgspec.to_builtins(config),
        data=dict(data),
        scores=finite,
        steps=session.step,
    )


def _given(config: Config) -> Mapping[str, Any]:
    """The arguments of the restorer that the config gives."""
    _, kwargs = find_preset(config.network.preset)
    return {**kwargs, **config.network.set}


def _trained_scale(network: RestorationNetwork, *, session: Session) -> int:
    """The one scale of the training where the network itself has none, 0 where there are several
    or it has its own."""
    if network.traits.scale and not network.traits.pre_upsampled:
        return 0
    config = session.config
    last = place(config.stages, max(session.step - 1, 0)).stage
    by_stage = [stage.scale for stage in config.stages[: last + 1] if stage.scale]
    scales = by_stage[-1:] or list(config.data.scales)
    return int(scales[0]) if len(scales) == 1 and scales[0] == int(scales[0]) else 0
