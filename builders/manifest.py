"""dataset.json: what a finished dataset is, what it was made from, and what was left out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from builders.plan import Plan
from builders.shards import ShardState

MANIFEST_VERSION = 1
MANIFEST = "dataset.json"


class ShardEntry(msgspec.Struct, frozen=True):
    """One shard file: path below the dataset, split, rows, bytes, sha256."""

    file: str
    split: str
    rows: int
    bytes: int
    sha256: str


class SourceFolder(msgspec.Struct, frozen=True):
    """One folder of sources: its name (not where it lay), its weight, how many files."""

    name: str
    weight: float
    files: int


class LicenceNote(msgspec.Struct, frozen=True, order=True):
    """What `sources.json` says of some of the files."""

    licence: str
    attribution: str
    source: str
    files: int


class Manifest(msgspec.Struct, frozen=True):
    """The contents of dataset.json. No times and no absolute paths: equal builds are equal."""

    version: int
    name: str
    kind: str
    arguments: dict[str, Any]
    recipe_digest: str
    format: str
    seed: int
    split_rule: str
    versions: dict[str, str]
    licence: str
    attribution: str
    sources: list[SourceFolder]
    notes: list[LicenceNote]
    splits: dict[str, int]
    scenes: int
    identical: int
    drops: dict[str, int]
    shards: list[ShardEntry]


def make_manifest(plan: Plan, *, name: str, states: list[ShardState]) -> Manifest:
    """The manifest of a plan whose every shard is finished."""
    files = Counter(scene.root for scene in plan.scenes)
    rows: Counter[str] = Counter()
    for state in states:
        rows[state.split] += state.rows
    drops = Counter(drop.reason for state in states for drop in state.drops)
    notes = Counter(
        (scene.note.licence, scene.note.attribution, scene.note.source)
        for scene in plan.scenes
        if scene.note.licence or scene.note.attribution or scene.note.source
    )
    return Manifest(
        version=MANIFEST_VERSION,
        name=name,
        kind=plan.kind,
        arguments=plan.arguments,
        recipe_digest=plan.recipe_digest(),
        format=plan.format,
        seed=plan.seed,
        split_rule=plan.split_rule,
        versions=plan.versions,
        licence=plan.licence,
        attribution=plan.attribution,
        sources=[
            SourceFolder(Path(root.folder).name, root.weight, files[index])
            for index, root in enumerate(plan.roots)
        ],
        notes=sorted(LicenceNote(*note, count) for note, count in notes.items()),
        splits={split: count for split, count in rows.items() if count},
        scenes=sum(state.scenes for state in states),
        identical=sum(state.identical for state in states),
        drops=dict(sorted(drops.items())),
        shards=[
            ShardEntry(state.file, state.split, state.rows, state.bytes, state.sha256)
            for state in states
            if state.file
        ],
    )


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of dataset.json: indented, fields in the order of `Manifest`."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def load_manifest(out: Path) -> Manifest:
    """OUT's dataset.json. Raises FileNotFoundError (no dataset, or a build that has not ended) or
    ValueError (damaged)."""
    path = out / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        unfinished = (out / ".build" / "plan.json").is_file()
        raise FileNotFoundError(
            f"{path}: missing; "
            + ("the build has not ended: run the same build command again" if unfinished
               else "this folder holds no dataset of pairsmith")
        ) from error  # fmt: skip
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: damaged or of another version ({error})") from error
