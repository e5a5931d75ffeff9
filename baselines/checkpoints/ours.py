"""Checkpoints of this project: safetensors and JSON, in a folder or in one file, written whole.

A folder holds checkpoint.json and the file of weights that it names. A file ending in .safetensors
holds the card in its metadata, under the key 'pairsmith', and there the sha256 of its tensors.
Cards are read without torch.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from baselines.checkpoints.card import Card, card_json, card_of
from builders.atomic import TEMPORARY, sha256_file, write_whole

if TYPE_CHECKING:
    from torch import Tensor

CARD = "checkpoint.json"
METADATA = "pairsmith"
DIGEST = "pairsmith-sha256"
SUFFIX = ".safetensors"
_LONGEST = 100 << 20  # bytes of a header; safetensors refuses longer ones


class _Folder(msgspec.Struct):
    """checkpoint.json as it is read: the card's version is looked at before its fields are."""

    card: msgspec.Raw
    weights: str
    sha256: str


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """What checkpoint.json holds."""

    card: Card
    weights: str
    sha256: str


def is_ours(path: Path) -> bool:
    """Whether a folder or a file holds a checkpoint of this project."""
    if path.is_dir():
        return (path / CARD).is_file()
    return path.suffix.lower() == SUFFIX and path.is_file() and METADATA in _metadata(path)


def read_card(path: Path) -> Card:
    """The card of a folder or file, without its weights. Raises ValueError where there is none."""
    if path.is_dir():
        return _stored(path).card
    held = _metadata(path)
    if METADATA not in held:
        raise ValueError(f"{path}: holds no card of pairsmith's in its metadata")
    return card_of(held[METADATA].encode(), file=str(path))


def read_ours(path: Path) -> tuple[dict[str, Tensor], Card]:
    """(weights on the CPU, card) of a folder or file.

    Raises ValueError for damage: weights whose sha256 is not the card's, a file cut short.
    """
    from evaluation.models.pickles import load_weights

    if not path.is_dir():
        card = read_card(path)
        state = dict(load_weights(path))
        told = _metadata(path).get(DIGEST)
        if told is not None and (found := _digest(state)) != told:
            raise ValueError(
                f"{path}: its tensors' sha256 is {found[:12]}, its metadata has {told[:12]}: "
                "damaged; fetch or write it again"
            )
        return state, card
    stored = _stored(path)
    if not (path / stored.weights).is_file():
        stored = _stored(path)  # written anew between the two readings
    weights = path / stored.weights
    if not weights.is_file():
        raise FileNotFoundError(f"{weights}: named by {CARD}, but not there")
    if (found := sha256_file(weights)) != stored.sha256:
        raise ValueError(
            f"{weights}: sha256 {found[:12]}, {CARD} has {stored.sha256[:12]}: damaged or replaced"
        )
    return dict(load_weights(weights)), stored.card


def write_ours(path: Path, *, state: Mapping[str, Tensor], card: Card) -> None:
    """Writes weights and card to `path`, one file where it ends in .safetensors, else a folder.

    A kill at any moment leaves the old checkpoint or the new one: in a folder the weights have a
    name of their own each time, and checkpoint.json, written last, names them. What a kill left is
    removed by the next writing.
    """
    from safetensors.torch import save

    own = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in state.items()}
    digest = _digest(own)
    metadata = {METADATA: card_json(card).decode(), DIGEST: digest}
    if path.suffix.lower() == SUFFIX:
        write_whole(path, save(own, metadata=metadata))
        for left in path.parent.glob(f"{TEMPORARY}*-{path.name}"):
            left.unlink(missing_ok=True)
        return
    if path.is_file():
        raise FileExistsError(f"{path}: a file; give a folder, or a name in {SUFFIX}")
    weights = path / f"weights-{digest[:12]}{SUFFIX}"
    written = save(own)  # bytes: save_file leaves a temporary file of its own where it is killed
    write_whole(weights, written)
    sha256 = hashlib.sha256(written).hexdigest()
    stored = _Stored(card=card, weights=weights.name, sha256=sha256)
    write_whole(path / CARD, msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n")
    for old in (*path.glob(f"weights-*{SUFFIX}"), *path.glob(f"{TEMPORARY}*")):
        if old.name != weights.name:
            old.unlink(missing_ok=True)


def _digest(state: Mapping[str, Tensor]) -> str:
    """sha256 over names, types, shapes and values, in the order of names."""
    import torch

    digest = hashlib.sha256()
    for key in sorted(state):
        value = state[key].contiguous()
        digest.update(f"{key} {value.dtype} {list(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _stored(folder: Path) -> _Stored:
    path = folder / CARD
    try:
        held = msgspec.json.decode(path.read_bytes(), type=_Folder)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: not there; no checkpoint of this project") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: no card of a checkpoint ({error})") from error
    card = card_of(bytes(held.card), file=str(path))
    return _Stored(card=card, weights=held.weights, sha256=held.sha256)


def _metadata(path: Path) -> dict[str, Any]:
    """The metadata of a safetensors file: 8 bytes of length, then JSON; {} of anything else."""
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= _LONGEST:
            return {}
        header = file.read(length)
    try:
        held = json.loads(header)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    found = held.get("__metadata__", {}) if isinstance(held, dict) else {}
    return found if isinstance(found, dict) else {}


def weights_digest(path: Path) -> str:
    """sha256 of a file, of a folder's card, which holds its weights' own, or of all files of a
    folder without one (the parts of a release)."""
    if not path.is_dir():
        return sha256_file(path)
    if is_ours(path):
        return sha256_file(path / CARD)
    parts = sorted(one for one in path.iterdir() if one.is_file())
    return hashlib.sha256("".join(map(sha256_file, parts)).encode()).hexdigest()
