"""The merge: when every shard of a plan is there, the files that make them one dataset.

Whoever finishes the last shard does it, perhaps twice: the same states give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from builders.atomic import write_whole
from builders.card import card
from builders.manifest import MANIFEST, Manifest, encode_manifest, make_manifest
from builders.plan import Plan
from builders.shards import load_state
from builders.sheet import contact_sheet, sample_rows
from degrade.images import encode_picture

DROPS = "drops.jsonl"


def merge_dataset(plan: Plan, *, out: Path) -> bool:
    """Writes drops.jsonl, preview.png, README.md and, last, dataset.json; False if a shard of
    the plan is still missing."""
    states = [load_state(out, shard=shard) for shard in plan.shards]
    finished = [state for state in states if state is not None]
    if len(finished) < len(states):
        return False
    manifest = make_manifest(plan, name=out.resolve().name, states=finished)
    lines = [msgspec.json.encode(drop) for state in finished for drop in state.drops]
    write_whole(out / DROPS, b"".join(line + b"\n" for line in lines))
    write_dataset_files(manifest, out=out)
    return True


def write_dataset_files(manifest: Manifest, *, out: Path) -> None:
    """Writes preview.png, README.md and dataset.json of finished shards; the manifest last,
    because its presence means that the dataset is whole."""
    rows = sample_rows(out, files=[shard.file for shard in manifest.shards])
    if rows:
        write_whole(out / "preview.png", encode_picture(contact_sheet(rows), codec="png"))
    write_whole(out / "README.md", card(manifest, preview=bool(rows)).encode())
    write_whole(out / MANIFEST, encode_manifest(manifest))
