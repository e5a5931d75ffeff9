"""verify: every way in which a dataset can stop being the one that was built."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from built import build_here, run_here, take_raws

from builders.atomic import sha256_file
from builders.formats import FORMATS
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import Manifest, encode_manifest, load_manifest
from builders.plan import load_plan
from builders.planning import Store
from builders.shards import is_finished
from builders.verify import verify


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A whole dataset with one drop in a format, made once; nobody changes it."""
    folder = tmp_path_factory.mktemp("clean")
    raw = take_raws(folder / "raw")
    (raw / "nothing.dng").touch()
    made: dict[str, Path] = {}

    def of(storage: str) -> Path:
        if storage not in made:
            store = Store(format=storage, split="train=0.6,val=0.4", scenes_per_shard=2)
            wishes = Wishes(size=48, ev=[-1.0, 1.0])
            made[storage] = build_here(raw, folder / storage, wishes=wishes, store=store)
        return made[storage]

    return of


@pytest.fixture
def copied(clean: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """The same dataset under the same name, for a test to damage."""
    return lambda storage: shutil.copytree(clean(storage), tmp_path / storage)


def flip(path: Path, *, at: float = 0.5) -> None:
    """Changes one bit of the byte at this fraction of the file."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def shards_of(out: Path) -> list[Path]:
    return [out / shard.file for shard in load_manifest(out).shards]


@pytest.mark.parametrize("storage", FORMATS)
def test_a_whole_dataset_has_no_fault(storage: str, clean: Callable[[str], Path]) -> None:
    seen: list[tuple[int, int]] = []
    assert verify(clean(storage), report=lambda done, total: seen.append((done, total))) == []
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("storage", FORMATS)
@pytest.mark.parametrize("at", [0.0, 0.3, 0.7, 0.999])
def test_a_flipped_byte(storage: str, at: float, copied: Callable[[str], Path]) -> None:
    out = copied(storage)
    victim = shards_of(out)[1]
    flip(victim, at=at)
    faults = verify(out)
    assert len(faults) == 1
    assert faults[0].startswith(f"{victim}: its sha256 is not the one in dataset.json")


@pytest.mark.parametrize("side", ["lq", "gt"])
def test_a_flipped_byte_in_a_picture_of_a_folder(side: str, copied: Callable[[str], Path]) -> None:
    out = copied("folder")
    victim = sorted((out / "data" / "train" / side).iterdir())[0]
    flip(victim)
    (fault,) = verify(out)
    assert fault.startswith(f"{victim}: its sha256 is not the one in train-")
    victim.unlink()
    (fault,) = verify(out)
    assert fault.startswith(f"{victim}: missing, though train-")


@pytest.mark.parametrize("storage", FORMATS)
def test_a_missing_shard(storage: str, copied: Callable[[str], Path]) -> None:
    out = copied(storage)
    victim = shards_of(out)[0]
    victim.unlink()
    (fault,) = verify(out)
    assert fault.startswith(f"{victim}: missing; ")
    assert "run the build (or export) command again" in fault


@pytest.mark.parametrize("storage", FORMATS)
@pytest.mark.parametrize("damage", ["delete", "cut"])
def test_what_it_says_to_do_makes_a_build_whole(
    damage: str, storage: str, copied: Callable[[str], Path]
) -> None:
    out = copied(storage)
    plan = load_plan(out)
    assert plan is not None
    victim = shards_of(out)[1]
    before = victim.read_bytes()
    if damage == "delete":
        victim.unlink()
    else:
        victim.write_bytes(before[:-99])
    assert "run the build (or export) command again" in verify(out)[0]
    assert [is_finished(out, shard=shard) for shard in plan.shards] == [True, False, True]
    run_here(plan, out)
    assert victim.read_bytes() == before
    assert verify(out) == []


def test_a_lost_picture_of_a_folder_is_made_again(copied: Callable[[str], Path]) -> None:
    out = copied("folder")
    plan = load_plan(out)
    assert plan is not None
    next((out / "data" / "train" / "gt").iterdir()).unlink()
    assert [is_finished(out, shard=shard) for shard in plan.shards].count(False) == 1


@pytest.mark.parametrize("storage", FORMATS)
def test_a_stray_shard(storage: str, copied: Callable[[str], Path]) -> None:
    out = copied(storage)
    stray = out / "data" / f"train-00007-of-00009{FORMATS[storage].suffix}"
    shutil.copy(shards_of(out)[0], stray)
    assert verify(out) == [f"{stray}: a shard that dataset.json does not name"]


def rewrite(out: Path, change: Callable[[Manifest], Manifest], *, plan: bool = True) -> None:
    """Edits the manifest; without `plan` the build's own folder goes, as in a download."""
    manifest = change(load_manifest(out))
    (out / "dataset.json").write_bytes(encode_manifest(manifest))
    if not plan:
        shutil.rmtree(out / ".build")


def replaced(name: str, value: object) -> Callable[[Manifest], Manifest]:
    return lambda manifest: msgspec.structs.replace(manifest, **{name: value})


@pytest.mark.parametrize("plan", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("splits", {"train": 4, "val": 5}, "stale: splits {'train': 4, 'val': 5}, the shards hold"),
        ("identical", 3, "stale: 3 identical pairs, found 0"),
        ("drops", {"timeout": 2}, "{'empty-file': 1}, dataset.json counts {'timeout': 2}"),
    ],
)
def test_a_stale_manifest(
    name: str, value: object, said: str, plan: bool, copied: Callable[[str], Path]
) -> None:
    out = copied("hdf5")
    rewrite(out, replaced(name, value), plan=plan)
    faults = verify(out)
    assert len(faults) == 1 + plan
    assert said in faults[0]


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 9), ("arguments", {}), ("licence", "MIT"), ("scenes", 0)]
)
def test_a_manifest_that_is_not_the_plans(
    name: str, value: object, copied: Callable[[str], Path]
) -> None:
    out = copied("hdf5")
    rewrite(out, replaced(name, value))
    stale = "stale: it is not what the plan and the shards' states make"
    assert verify(out)[-1] == f"{out / 'dataset.json'}: {stale}"


def test_an_edited_row_count(copied: Callable[[str], Path]) -> None:
    out = copied("hdf5")

    def more(manifest: Manifest) -> Manifest:
        first = msgspec.structs.replace(manifest.shards[0], rows=manifest.shards[0].rows + 1)
        return msgspec.structs.replace(manifest, shards=[first, *manifest.shards[1:]])

    rewrite(out, more, plan=False)
    rows = load_manifest(out).shards[0].rows
    assert verify(out) == [f"{shards_of(out)[0]}: {rows - 1} rows, dataset.json says {rows}"]


def test_a_build_that_went_on_after_the_manifest(copied: Callable[[str], Path]) -> None:
    out = copied("hdf5")
    state = sorted((out / ".build").glob("train-*.json"))[0]
    state.unlink()
    (fault,) = verify(out)
    assert "stale: 1 of 3 planned shards are not built; run the build command again" in fault


def test_edited_drops(copied: Callable[[str], Path]) -> None:
    out = copied("hdf5")
    drops = out / "drops.jsonl"
    drop = json.loads(drops.read_text())
    drops.write_text(json.dumps(drop | {"path": "another.dng"}) + "\n")
    assert verify(out) == [f"{drops}: not the drops that the build wrote: changed since"]
    drops.write_text(json.dumps(drop | {"reason": "timeout"}) + "\n")
    assert verify(out)[0] == f"{drops}: {{'timeout': 1}}, dataset.json counts {{'empty-file': 1}}"
    drops.write_text("no json\n")
    assert verify(out)[0].startswith(f"{drops}: JSON is malformed")
    drops.unlink()
    assert verify(out)[0].startswith(f"{drops}: [Errno 2] No such file")


@pytest.mark.parametrize("storage", FORMATS)
def test_keys_that_are_there_twice(storage: str, copied: Callable[[str], Path]) -> None:
    out = copied(storage)
    suffix = FORMATS[storage].suffix

    def twice(manifest: Manifest) -> Manifest:
        first = manifest.shards[0]
        name = f"data/train-00009-of-00009{suffix}"
        shutil.copy(out / first.file, out / name)
        again = msgspec.structs.replace(first, file=name)
        splits = dict(manifest.splits) | {first.split: manifest.splits[first.split] + first.rows}
        return msgspec.structs.replace(manifest, shards=[*manifest.shards, again], splits=splits)

    rewrite(out, twice, plan=False)
    faults = verify(out)
    assert len(faults) == load_manifest(out).shards[0].rows
    assert all(fault.endswith(" is there 2 times") for fault in faults)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"key":"cat/ev-1"', b'"key":"cat/ev-2"', "the key is not scene/variant (cat/ev-1)"),
        (b'"record":"{', b'"record":"[', "its record is not a JSON object"),
        (b'"shape":[38,48,3]', b'"shape":[38,47,3]', "a uint8 [38, 48, 3] picture where a uint8"),
    ],
)
def test_rows_are_checked_beyond_their_hash(
    old: bytes, new: bytes, said: str, copied: Callable[[str], Path]
) -> None:
    """An index and manifest that agree with each other but not with what a row must be."""
    out = copied("folder")
    index = next(path for path in shards_of(out) if b'"key":"cat/ev-1"' in path.read_bytes())
    data = index.read_bytes()
    assert old in data
    index.write_bytes(data.replace(old, new, 1))

    def hashed(manifest: Manifest) -> Manifest:
        shards = [
            msgspec.structs.replace(shard, sha256=sha256_file(out / shard.file))
            for shard in manifest.shards
        ]
        return msgspec.structs.replace(manifest, shards=shards)

    rewrite(out, hashed, plan=False)
    faults = verify(out)
    assert any(said in fault and str(index) in fault for fault in faults)


def test_records_of_another_recipe(copied: Callable[[str], Path]) -> None:
    """Shards of two recipes in one dataset, each whole in itself."""
    out = copied("folder")
    recipe = load_manifest(out).recipe_digest[:16]
    index = shards_of(out)[0]
    lines = []
    for line in map(json.loads, index.read_text().splitlines()):
        record = json.loads(line["record"]) | {"recipe": recipe if lines else "0123456789abcdef"}
        lines.append(json.dumps(line | {"record": json.dumps(record)}) + "\n")
    index.write_text("".join(lines))

    def hashed(manifest: Manifest) -> Manifest:
        first = msgspec.structs.replace(manifest.shards[0], sha256=sha256_file(index))
        return msgspec.structs.replace(manifest, shards=[first, *manifest.shards[1:]])

    rewrite(out, hashed, plan=False)
    (fault,) = verify(out)
    key = json.loads(lines[0])["key"]
    said = f"made by recipe 0123456789abcdef, dataset.json says {recipe}: mixed"
    assert fault == f"{index}: {key}: {said}"


def test_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="this folder holds no dataset of pairsmith"):
        verify(tmp_path)
