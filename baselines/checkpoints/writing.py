"""Where a checkpoint may be written, and writing it in the format that the name says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import SUFFIX, is_ours, write_ours
from builders.atomic import whole_file
from degrade.option_error import OptionError

PICKLES = (".pth", ".pt", ".ckpt")


def write_state(path: Path, *, state: Mapping[str, Tensor], card: Card | None) -> None:
    """Weights to `path`, whole: a folder or a .safetensors file of ours, or plain weights by name
    where it ends in .pth, .pt or .ckpt.

    Raises OptionError where a folder or a .safetensors is asked for without a card.
    """
    if path.suffix.lower() in PICKLES:
        with whole_file(path) as temporary:
            torch.save({key: value.detach().cpu() for key, value in state.items()}, temporary)
        return
    if card is None:
        raise OptionError(
            f"--out {path}: weights of no bundled network go to a file in {', '.join(PICKLES)}"
        )
    write_ours(path, state=state, card=card)


def check_out(
    path: Path, *, overwrite: bool = False, suffixes: tuple[str, ...] = ("", SUFFIX, *PICKLES)
) -> None:
    """Raises OptionError where `path` ends in none of `suffixes`, where a folder of other files is
    there, and, without `overwrite`, where anything is."""
    if path.suffix.lower() not in suffixes:
        ends = " or ".join(one or "nothing (a folder)" for one in suffixes)
        raise OptionError(f"--out {path}: must end in {ends}")
    if path.is_dir() and any(path.iterdir()) and not is_ours(path):
        raise OptionError(f"--out {path}: a folder with other files in it; give a new one")
    there = path.is_file() or (path.is_dir() and is_ours(path))
    if there and not overwrite:
        raise OptionError(f"--out {path}: is there already; give another name, or --overwrite")
