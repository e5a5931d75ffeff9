"""The state of a run on disk: everything that going on needs, one file a state, written whole."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from baselines.objectives.turn import Part
from baselines.training.session import Session
from builders.atomic import TEMPORARY, whole_file

_NAME = "step-{:08d}.pt"
# What torch.load raises for a file that is cut short or has wrong bytes.
_DAMAGE = (RuntimeError, pickle.UnpicklingError, EOFError, zipfile.BadZipFile, ValueError, KeyError)


def save_state(
    folder: Path, session: Session, *, leg: int, keep: int, log: Part | None = None, run: str = ""
) -> Path:
    """Writes the session's state to folder/step-00001000.pt; `keep` of the newest stay.

    leg: the session's number in the run. log: what the run's log has not written yet. run: digest
    of its plan. All processes call it: what they hold of their own (pools of pictures) is gathered,
    and the main one writes. A kill leaves the file whole or absent.
    """
    scaler = session.processes.accelerator.scaler
    own = {name: part.state_dict() for name, part in session.objective.parts.items()}
    held = session.processes.gathered(own)
    path = folder / _NAME.format(session.step)
    state = {
        "run": run,
        "step": session.step,
        "leg": leg,
        "networks": {n: one.state_dict() for n, one in session.objective.networks.items()},
        "averaged": session.averaged.state_dict(),
        "optimizers": {n: one.state_dict() for n, one in session.optimizers.items()},
        "scaler": None if scaler is None else scaler.state_dict(),
        "parts": held,
        "log": None if log is None else log.state_dict(),
    }
    with session.processes.by_main() as mine:
        if mine:
            _write(path, state, keep=keep)
    return path


def _write(path: Path, state: Mapping[str, Any], *, keep: int) -> None:
    """One state whole; the `keep` newest up to it stay."""
    with whole_file(path) as temporary:
        torch.save(state, temporary)
    found = _states(path.parent)
    later = found.index(path)  # damaged ones, passed over when the run went on
    for old in (*found[:later], *found[later + keep :]):
        old.unlink()
    for left in path.parent.glob(f"{TEMPORARY}*"):
        left.unlink()


def newest_state(
    folder: Path, *, say: Callable[[str], None], run: str = ""
) -> Mapping[str, Any] | None:
    """The newest state that can be read, on the CPU; None where there is none.

    A damaged file is told of and passed over. Raises ValueError where all are damaged, or where the
    newest is of another run than `run` or of another step than its name says.
    """
    found = _states(folder)
    for path in found:
        try:
            _check_whole(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
        except _DAMAGE as error:
            say(f"note: {path} is damaged ({str(error).splitlines()[0][:100]}): passed over")
            continue
        if state["run"] != run or path.name != _NAME.format(state["step"]):
            raise ValueError(
                f"{path}: step {state['step']} of another run; remove what does not belong here"
            )
        return state
    if found:
        raise ValueError(
            f"{folder}: none of its {len(found)} states can be read; --overwrite starts again"
        )
    return None


def newest_path(folder: Path) -> Path | None:
    """The newest state's file."""
    return next(iter(_states(folder)), None)


def restore_state(session: Session, state: Mapping[str, Any]) -> None:
    """Puts the session where `save_state` found it.

    Raises ValueError where the state is of other networks, or of parts of another number of
    processes.
    """
    processes = session.processes
    _load(session.objective.networks, state["networks"], what="networks")
    session.averaged.load_state_dict(state["averaged"])
    _load(session.optimizers, state["optimizers"], what="optimizers")
    if processes.accelerator.scaler is not None and state["scaler"] is not None:
        processes.accelerator.scaler.load_state_dict(state["scaler"])
    if session.objective.parts:
        if len(state["parts"]) != processes.count:
            raise ValueError(
                f"the run was of {len(state['parts'])} processes, each with its own "
                f"{', '.join(session.objective.parts)}; go on with as many, not {processes.count}"
            )
        _load(session.objective.parts, state["parts"][processes.rank], what="parts")
    session.step = state["step"]


def _load(own: Mapping[str, Any], state: Mapping[str, Any], *, what: str) -> None:
    if own.keys() != state.keys():
        raise ValueError(f"the state holds {what} {sorted(state)}, this run has {sorted(own)}")
    for name, one in own.items():
        one.load_state_dict(state[name])


def _check_whole(path: Path) -> None:
    """Raises BadZipFile for wrong bytes, which torch.load would take for numbers: each tensor of
    its archive has a checksum."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise zipfile.BadZipFile(f"{bad} has another checksum")


def _states(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted(folder.glob("step-*.pt"), reverse=True)
