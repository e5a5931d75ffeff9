"""The plan of a build: everything that decides its bytes, written before the first decode.

Which sample lies in which shard, which split each scene has, which versions render it: all of it
is fixed in OUT/.build/plan.json. A later run must come to the same plan or is refused with the
difference named, so that one dataset never mixes two recipes.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from builders.atomic import write_whole
from builders.sources import SourceNote

PLAN_VERSION = 1
BUILD_FOLDER = ".build"
RECIPE_DIGITS = 16  # of the recipe's sha256, in each record: enough to tell two recipes apart

# What turns a RAW file into stored bytes: a change of one of these may change them.
_VERSIONED = (
    "pairsmith", "rawpy", "numpy", "numba", "scipy", "tifffile", "pillow", "msgspec", "h5py",
    "pyarrow",
)  # fmt: skip


class PlannedRoot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder of sources: where it lies on the machine that planned, and its weight."""

    folder: str
    weight: float = 1.0


class PlannedScene(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One source and what is made of it. `targets`: name of the target -> path in its folder."""

    scene: str
    root: int
    path: str
    size: int
    split: str
    targets: dict[str, str] = {}
    note: SourceNote = SourceNote()


class PlannedShard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the dataset: its name without suffix, its split, the scenes [first, last).

    digest: of all that decides its bytes. Parts and states carry it, so that what was made by
    another plan is never taken for this one's.
    """

    name: str
    split: str
    first: int
    last: int
    digest: str = ""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides a dataset's bytes; scenes are ordered by shard."""

    version: int
    kind: str
    arguments: dict[str, Any]
    format: str
    naming: str
    seed: int
    split_rule: str
    roots: list[PlannedRoot]
    target_folders: dict[str, str]
    licence: str
    attribution: str
    versions: dict[str, str]
    scenes: list[PlannedScene]
    shards: list[PlannedShard]

    def recipe_digest(self) -> str:
        """See the function of the same name."""
        return recipe_digest(self.kind, arguments=self.arguments)


def recipe_digest(kind: str, *, arguments: Mapping[str, Any]) -> str:
    """sha256 over kind and arguments: equal digests mean equally made pairs."""
    recipe = {"kind": kind, "arguments": dict(arguments)}
    return hashlib.sha256(msgspec.json.encode(recipe, order="sorted")).hexdigest()


def with_digests(plan: Plan) -> Plan:
    """The plan with a digest in each shard that has none: over the shard's own scenes and every
    field but the lists, so that appended scenes leave the old shards' digests alone."""
    common = hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(plan, scenes=[], shards=[]), order="sorted")
    )
    shards = []
    for shard in plan.shards:
        own = common.copy()
        own.update(msgspec.json.encode(plan.scenes[shard.first : shard.last], order="sorted"))
        digest = shard.digest or own.hexdigest()
        shards.append(msgspec.structs.replace(shard, digest=digest))
    return msgspec.structs.replace(plan, shards=shards)


def present_versions(*, more: Iterable[str] = ()) -> dict[str, str]:
    """The versions of what renders and stores, and the processor family.

    more: packages that this kind of build uses besides.
    """
    import cv2  # here: `pairsmith --help` should not pay for OpenCV and LibRaw
    import rawpy

    found = {}
    for name in dict.fromkeys((*_VERSIONED, *more)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    found["opencv"] = cv2.__version__  # two distributions provide it: ask the one that is loaded
    found["libraw"] = ".".join(str(part) for part in rawpy.libraw_version)
    found["processor"] = platform.machine()
    return found


def plan_path(out: Path) -> Path:
    """Where the plan of the dataset in `out` lies."""
    return out / BUILD_FOLDER / "plan.json"


def save_plan(plan: Plan, *, out: Path) -> None:
    """Writes the plan, whole or not at all."""
    write_whole(plan_path(out), msgspec.json.format(msgspec.json.encode(plan), indent=1))


def load_plan(out: Path) -> Plan | None:
    """The plan in `out`, None if it has none. Raises ValueError if it is not a plan we can read."""
    path = plan_path(out)
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: {error}; it was written by another version of pairsmith or is damaged. "
            "Build into another folder, or --overwrite"
        ) from error


def cut_shards(
    scenes: list[PlannedScene], *, per_shard: int, offset: int = 0, suffix: str = ""
) -> tuple[list[PlannedScene], list[PlannedShard]]:
    """Scenes ordered by split (in the order given) and shards of at most `per_shard` scenes.

    Within a split the shards are of equal length as nearly as can be. `offset` is the index of
    the first scene in the plan, `suffix` ends the names of an appended generation.
    """
    ordered: list[PlannedScene] = []
    shards: list[PlannedShard] = []
    for split in dict.fromkeys(scene.split for scene in scenes):
        mine = [scene for scene in scenes if scene.split == split]
        count = -(-len(mine) // per_shard)
        for index in range(count):
            first = offset + len(ordered) + index * len(mine) // count
            last = offset + len(ordered) + (index + 1) * len(mine) // count
            name = f"{split}-{index:05d}-of-{count:05d}{suffix}"
            shards.append(PlannedShard(name, split, first, last))
        ordered += mine
    return ordered, shards


def differences(old: Plan, new: Plan) -> list[str]:
    """What differs between two plans, a line each, in words that name the remedy's place."""
    lines = []
    for field in ("kind", "format", "naming", "seed", "split_rule", "licence", "attribution"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            lines.append(f"{field.replace('_', ' ')}: {before!r} was planned, now {after!r}")
    for title, before, after in (
        ("argument", old.arguments, new.arguments),
        ("version of", old.versions, new.versions),
        ("target folder", old.target_folders, new.target_folders),
    ):
        lines += _changed_keys(title, before, after)
    before_roots = [(root.folder, root.weight) for root in old.roots]
    after_roots = [(root.folder, root.weight) for root in new.roots]
    if before_roots != after_roots:
        lines.append(f"source folders: {before_roots} were planned, now {after_roots}")
    lines += _changed_scenes(old.scenes, new.scenes)
    if not lines and (old.scenes != new.scenes or _cuts(old) != _cuts(new)):
        lines.append(
            f"the scenes are cut into shards differently: {len(old.shards)} shards were planned, "
            f"now {len(new.shards)} (see --scenes-per-shard)"
        )
    return lines


def _cuts(plan: Plan) -> list[tuple[str, int, int]]:
    return [(shard.name, shard.first, shard.last) for shard in plan.shards]


def _changed_keys(title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{title} {key}: {before.get(key)!r} was planned, now {after.get(key)!r}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _moved(scene: PlannedScene) -> PlannedScene:
    """The source itself, whatever its name and split."""
    return msgspec.structs.replace(scene, scene="", split="")


def _changed_scenes(before: list[PlannedScene], after: list[PlannedScene]) -> list[str]:
    old = {(scene.root, scene.path): scene for scene in before}
    new = {(scene.root, scene.path): scene for scene in after}
    both = old.keys() & new.keys()
    fewer = old.keys() != new.keys()  # another list of sources is split otherwise: that is why
    moved = [
        key for key in both if (old[key].scene, old[key].split) != (new[key].scene, new[key].split)
    ]
    lines = []
    for title, keys in (
        ("new since the plan", sorted(new.keys() - old.keys())),
        ("gone since the plan", sorted(old.keys() - new.keys())),
        ("changed since the plan", sorted(k for k in both if _moved(old[k]) != _moved(new[k]))),
        ("would get another name or split", [] if fewer else sorted(moved)),
    ):
        if keys:
            names = ", ".join(path for _, path in keys[:3])
            lines.append(f"{len(keys)} sources {title}: {names}{' ...' if len(keys) > 3 else ''}")
    return lines
