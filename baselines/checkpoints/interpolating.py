"""Network interpolation: every weight of two networks mixed (Wang et al., ESRGAN, 3.4; CVPR 2019).

The mix of a network trained for fidelity and one trained from it for looks lies between them in
what it restores. alpha is the second network's share, as in the authors' net_interp.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.checkpoints.card import Card
from baselines.checkpoints.load import Loaded, load_checkpoint
from baselines.checkpoints.ours import weights_digest
from baselines.checkpoints.unwrapping import unwrapped
from baselines.networks.presets import complete_kwargs
from degrade.option_error import OptionError
from evaluation.models.pickles import load_weights


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Weights by name, float32. card: None where the network is none of the bundled ones."""

    state: dict[str, Tensor]
    card: Card | None


def interpolate(a: Path, b: Path, *, alpha: float) -> Mixed:
    """(1 - alpha) * a + alpha * b for every weight and buffer, computed in float32.

    a, b: checkpoints of any format, of one network with the same arguments. alpha: 0 ... 1. Raises
    OptionError for another alpha, ValueError where the networks or the shapes differ, naming the
    first, or where whole-numbered buffers differ, which have no mix.
    """
    if not 0.0 <= alpha <= 1.0:
        raise OptionError(f"--alpha {alpha:g}: 0 (all of the first) to 1 (all of the second)")
    first, second = load_checkpoint(a), load_checkpoint(b)
    if first is None or second is None:
        if first is not None or second is not None:
            known, other = (a, b) if first is not None else (b, a)
            name = (first or second).architecture.name  # type: ignore[union-attr]
            raise ValueError(f"{known} is {name}, {other} is no bundled network: they do not mix")
        for path in (a, b):
            if path.is_dir():
                raise ValueError(f"{path}: a folder, but no checkpoint of this project")
        one, two = (unwrapped(load_weights(path), path=path).state for path in (a, b))
        return Mixed(state=_mix(one, two, alpha=alpha, names=(a, b)), card=None)
    _check_same(first, second)
    state = _mix(first.module.state_dict(), second.module.state_dict(), alpha=alpha, names=(a, b))
    return Mixed(state=state, card=_card(first, second, alpha=alpha))


def _check_same(first: Loaded, second: Loaded) -> None:
    names = (first.architecture.name, second.architecture.name)
    if names[0] != names[1]:
        raise ValueError(f"{first.path} is {names[0]}, {second.path} is {names[1]}: no mix of two")
    arguments = [complete_kwargs(one.architecture, one.kwargs) for one in (first, second)]
    for name, value in arguments[0].items():
        if arguments[1][name] != value:
            raise ValueError(
                f"{first.path} is {names[0]} with {name}={value}, {second.path} with "
                f"{name}={arguments[1][name]}: both must be the same network"
            )
    scales = [first.trained_scale, second.trained_scale]
    if 0 not in scales and scales[0] != scales[1]:
        raise ValueError(
            f"{first.path} was trained for x{scales[0]}, {second.path} for x{scales[1]}: no mix"
        )


def _mix(
    one: Mapping[str, Tensor], two: Mapping[str, Tensor], *, alpha: float, names: tuple[Path, Path]
) -> dict[str, Tensor]:
    for key in (*one, *two):
        for held, name in ((one, names[0]), (two, names[1])):
            if key not in held:
                raise ValueError(f"{name} has no {key}, the other has: not the same network")
    mixed = {}
    for key, value in one.items():
        other = two[key]
        if value.shape != other.shape:
            raise ValueError(
                f"{key} is {list(value.shape)} in {names[0]} and {list(other.shape)} in {names[1]}"
            )
        if not value.is_floating_point():
            if not torch.equal(value, other):
                raise ValueError(f"{key}: whole numbers that differ between the two have no mix")
            mixed[key] = value
        else:
            mixed[key] = (1.0 - alpha) * value.float() + alpha * other.float()
    return mixed


def _card(first: Loaded, second: Loaded, *, alpha: float) -> Card:
    licences = list(dict.fromkeys(filter(None, (first.licence, second.licence))))
    return Card(
        network=first.architecture.name,
        kwargs=dict(first.kwargs),
        scale=max(first.trained_scale, second.trained_scale),
        trained_on="interpolated, not trained",
        licence=" and ".join(licences),
        config={"interpolation": {"alpha": alpha, "a": _source(first), "b": _source(second)}},
    )


def _source(loaded: Loaded) -> dict[str, Any]:
    """What a reader needs to find the file again."""
    path = loaded.path
    about: dict[str, Any] = {"file": path.name, "sha256": weights_digest(path)}
    if loaded.trained_on:
        about["trained_on"] = loaded.trained_on
    return about
