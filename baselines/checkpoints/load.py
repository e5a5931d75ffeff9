"""A file or folder of weights as one of our networks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.checkpoints.card import Card
from baselines.checkpoints.matlab_files import MATLAB, matlab_state
from baselines.checkpoints.ours import is_ours, read_ours
from baselines.checkpoints.released import Released, find_released
from baselines.checkpoints.unwrapping import Unwrapped, unwrapped
from baselines.networks.architecture import UNBUILT, Architecture, RestorationNetwork
from baselines.networks.presets import complete_kwargs, find_preset
from baselines.networks.table import NETWORKS
from degrade.option_error import OptionError, nearest
from evaluation.models.pickles import kind_of, load_weights


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A network with its weights. module: on the CPU, float32, in eval. kwargs: what it was made
    with. card: of a checkpoint of ours. wrapper: what their weights were in. alternatives: other
    weights in the same file. dtype: of the weights in the file. assumed: arguments that nothing
    told, set to the release's. released: the authors' file that it is by name and shape."""

    path: Path
    architecture: Architecture
    kwargs: Mapping[str, Any]
    module: RestorationNetwork
    card: Card | None = None
    wrapper: str = ""
    alternatives: tuple[str, ...] = ()
    dtype: str = ""
    assumed: tuple[str, ...] = ()
    released: Released | None = None

    @property
    def method(self) -> str:
        """What printed tables call these weights; '' where none prints them or it is not known."""
        return self._said.method if self._said else ""

    @property
    def trained_on(self) -> str:
        """Data sets, '' where not known."""
        return self._said.trained_on if self._said else ""

    @property
    def licence(self) -> str:
        """Of the weights, '' where not known."""
        return self._said.licence if self._said else ""

    @property
    def trained_scale(self) -> int:
        """The scale of the training, where the network itself has none; 0 where not known."""
        if self.card is not None:
            return self.card.scale
        return self.released.trained_scale if self.released else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each argument that nothing told."""
        return tuple(_note(self, name) for name in self.assumed)

    @property
    def _said(self) -> Card | Released | None:
        return self.card if self.card is not None else self.released


def load_checkpoint(path: Path, *, preset: str = "") -> Loaded | None:
    """The checkpoint as one of NETWORKS, None where it is none of them.

    path: a folder or file of ours, a file of weights (.pth, .pt, .ckpt, .safetensors, .mat), or a
    folder of the parts of one network (NeRCo). preset: the network by name, where shapes do not
    tell everything. Raises OptionError for an unknown preset, FileNotFoundError where nothing is
    there, ValueError for damage, for pickles that need code, and for weights that do not fit,
    naming the first keys that differ.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if is_ours(path):
        return _load_ours(path, preset=preset)
    found = _read(path)
    if found is None:
        return None
    if preset:
        architecture, kwargs = find_preset(preset)
        return _fitted_preset(path, architecture, kwargs, found)
    misfit: ValueError | None = None
    for taken in found.within():
        for architecture in NETWORKS.values():
            own = architecture.renamed(taken.state)
            kwargs = architecture.kwargs_of(own)
            if kwargs is None:
                continue
            try:
                return _fitted(path, architecture, kwargs, own, of=taken)
            except ValueError as error:
                misfit = misfit or error
    weights = path.is_file() and found.wrapper != MATLAB  # what spandrel may read
    if misfit is not None and not (weights and spandrel_knows(found.state)):
        raise misfit
    if found.wrapper == MATLAB:
        raise ValueError(
            f"{path}: holds {', '.join(list(found.state)[:4])}, of no bundled network; --network "
            "says which is meant, and what differs is named then"
        )
    for architecture in NETWORKS.values():
        if path.is_file() and path.name.endswith(tuple(architecture.parts)):
            raise ValueError(
                f"{path}: by its name one of the {len(architecture.parts)} files of "
                f"{architecture.name} ({', '.join(f'*{end}' for end in architecture.parts)}): give "
                "the folder that holds them"
            )
    return None


def _read(path: Path) -> Unwrapped | None:
    """The weights at `path`, None for a folder that has none."""
    if path.is_dir():
        return _from_parts(path)
    if kind_of(path) == "matlab":
        return Unwrapped(state=matlab_state(path), wrapper=MATLAB)
    return unwrapped(load_weights(path), path=path)


def _load_ours(path: Path, *, preset: str) -> Loaded:
    state, card = read_ours(path)
    if card.network not in NETWORKS:
        raise ValueError(
            f"{path}: of network {card.network!r}, which this version has not"
            f"{nearest(card.network, NETWORKS)}"
        )
    if preset and find_preset(preset)[0].name != card.network:
        raise OptionError(f"--network {preset}: {path} says that it is of {card.network}")
    of = Unwrapped(state=state)
    return _fitted(path, NETWORKS[card.network], card.kwargs, state, of=of, card=card)


def _fitted_preset(
    path: Path, architecture: Architecture, kwargs: Mapping[str, Any], found: Unwrapped
) -> Loaded:
    """What is asked for by name: weights behind a trainer's attribute are tried too; what is wrong
    is told of the keys as they are."""
    misfit: ValueError | None = None
    for taken in found.within():
        own = architecture.renamed(taken.state)
        try:
            return _fitted(path, architecture, kwargs, own, of=taken, told=True)
        except ValueError as error:
            misfit = misfit or error
    assert misfit is not None  # within() gives at least the keys as they are
    raise misfit


def spandrel_knows(state: Mapping[str, Tensor]) -> bool:
    """Whether the keys are of a network that spandrel reads; nothing is built."""
    from spandrel import MAIN_REGISTRY, canonicalize_state_dict

    keys = canonicalize_state_dict(dict(state))
    return any(one.detect(keys) for one in MAIN_REGISTRY.architectures("detection"))


def _from_parts(folder: Path) -> Unwrapped | None:
    """One state of the several files of a release, None where the folder has none such."""
    for architecture in NETWORKS.values():
        files = {
            prefix: sorted(path for path in folder.iterdir() if path.name.endswith(end))
            for end, prefix in architecture.parts.items()
        }
        if not files or not all(files.values()):
            continue
        if several := [found for found in files.values() if len(found) > 1]:
            names = ", ".join(path.name for path in several[0])
            raise ValueError(
                f"{folder}: several of one part ({names}); leave the one that is meant"
            )
        state: dict[str, Tensor] = {}
        for prefix, (path,) in files.items():
            part = unwrapped(load_weights(path), path=path)
            state |= {f"{prefix}{key}": value for key, value in part.state.items()}
        return Unwrapped(state=state, wrapper="parts")
    return None


def _fitted(
    path: Path,
    architecture: Architecture,
    kwargs: Mapping[str, Any],
    state: Mapping[str, Tensor],
    *,
    of: Unwrapped,
    card: Card | None = None,
    told: bool = False,
) -> Loaded:
    """The network with exactly these weights; what differs is named. told: kwargs are a preset's,
    none is assumed."""
    released = None if card is not None else _row(path, architecture, kwargs, told=told)
    known = released.tells if released else {}
    kwargs = {**kwargs, **known}
    module = _built(path, architecture, kwargs)
    wanted = module.state_dict()
    wrong = [
        *(f"{key} is missing" for key in wanted if key not in state),
        *(f"{key} is not one of its keys" for key in state if key not in wanted),
        *(
            f"{key} is {list(state[key].shape)}, not {list(value.shape)}"
            for key, value in wanted.items()
            if key in state and state[key].shape != value.shape
        ),
    ]
    if wrong:
        raise ValueError(
            f"{path}: {architecture.name} does not fit: {'; '.join(wrong[:3])}"
            + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        )
    module.load_state_dict(dict(state))
    kwargs = complete_kwargs(architecture, kwargs)
    sure = told or card is not None or architecture.all_told(kwargs)
    return Loaded(
        path=path,
        architecture=architecture,
        kwargs=kwargs,
        module=module.float().eval(),
        card=card,
        wrapper=of.wrapper,
        alternatives=of.alternatives,
        dtype=of.dtype,
        assumed=() if sure else tuple(name for name in architecture.assumed if name not in known),
        released=released,
    )


def _row(
    path: Path, architecture: Architecture, kwargs: Mapping[str, Any], *, told: bool
) -> Released | None:
    """The released file that it is. told: kwargs are a preset's, and a row that says otherwise is
    of another file."""
    complete = complete_kwargs(architecture, kwargs)
    row = find_released(path, network=architecture.name, kwargs=complete)
    if row is not None and told and any(complete[k] != value for k, value in row.tells.items()):
        return None
    return row


def _note(loaded: Loaded, name: str) -> str:
    """That an argument is assumed, and the preset that differs in nothing told but it."""
    value = loaded.kwargs[name]
    text = f"{name}={value} is assumed"
    architecture = loaded.architecture
    for preset, kwargs in architecture.presets.items():
        other = complete_kwargs(architecture, kwargs)
        told = [one for one in other if one not in loaded.assumed]
        if other[name] != value and all(other[one] == loaded.kwargs[one] for one in told):
            return f"{text}: --network {preset} says otherwise"
    return text


def _built(path: Path, architecture: Architecture, kwargs: Mapping[str, Any]) -> RestorationNetwork:
    """The network with first weights; the random state that callers share stays as it is."""
    known = inspect.signature(architecture.build).parameters
    if unknown := [name for name in kwargs if name not in known]:
        raise ValueError(
            f"{path}: {architecture.name} has no argument {unknown[0]!r}; it takes "
            f"{', '.join(known)}{nearest(unknown[0], known)}"
        )
    complete = complete_kwargs(architecture, kwargs)
    given = {name: complete[name] for name in kwargs}
    try:
        with torch.random.fork_rng(devices=[]):
            return architecture.build(**given)
    except UNBUILT as error:
        told = ", ".join(f"{name}={value!r}" for name, value in given.items())
        raise ValueError(f"{path}: {architecture.name} cannot be made of {told} ({error})") from (
            error
        )
