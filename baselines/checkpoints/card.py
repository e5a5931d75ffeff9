"""The JSON part of a checkpoint of ours: what network it is of, and what it was trained on."""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1


class Card(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """network: key of NETWORKS. kwargs: its arguments. scale: trained for, where the network itself
    has none (VDSR). config: of the training run. data: digests of what it was trained on, by name.
    scores: benchmark -> metric -> value. method: what tables call it. licence: of the weights.
    """

    version: int = VERSION
    network: str
    kwargs: dict[str, Any]
    scale: int = 0
    method: str = ""
    trained_on: str = ""
    licence: str = ""
    config: dict[str, Any] = {}
    data: dict[str, str] = {}
    scores: dict[str, dict[str, float]] = {}
    steps: int = 0


class _Version(msgspec.Struct):
    version: int


def card_of(data: bytes, *, file: str) -> Card:
    """The card in JSON. Raises ValueError naming the file, and the field that is wrong."""
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if version > VERSION:  # before its fields, which a later version may have more of
            raise ValueError(
                f"{file}: version {version}; this pairsmith reads up to {VERSION}: update it"
            )
        return msgspec.json.decode(data, type=Card)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file}: no card of a checkpoint ({error})") from error


def card_json(card: Card) -> bytes:
    """Its JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
