"""Random pairs per second through a DataLoader: our formats beside a folder of PNGs and an LMDB.

    python benchmarks/reading.py [--quick] [--out FILE.json] [--repeats 5]

The same pairs, 256x256 8-bit patches of the demo's photographs with a noisy lq, lie in each store.
Two workers, batches of 16, shuffled, every picture decoded by OpenCV and made a float32 tensor
[3,H,W] in 0..1 by the same function. The stores take turns, epoch by epoch; the first epoch, which
starts the workers, is not counted. Files are in the page cache: this is the cost of the processor
and the container, not of a disk.

The peers: lq/ and gt/ folders of PNG files read with cv2.imread, as most training code has it; and
an LMDB as BasicSR's users make it (PNG bytes under the picture's name, meta_info.txt beside it),
opened once per worker. The code for both is our own.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import lmdb
import msgspec
import numpy as np
import torch
from machine import facts, interleave, parser, save, table
from pictures import photographs
from torch.utils.data import DataLoader

from builders.kinds.exposure_arguments import Wishes
from builders.kinds.exposure_plan import plan_exposure
from builders.pairs import open_pairs, to_tensor
from builders.parts import Part, PartRow, code_picture, part_path, save_part
from builders.planning import Store
from builders.run import RunOptions, build
from builders.sources import Root
from builders.start import start_build
from degrade.images import Picture, encode_picture

SIDE, BATCH, WORKERS = 256, 16, 2
SCENE = 16  # pairs from one scene of ours
_NOISE = 10.0  # deviation of lq's noise in 8-bit steps
_LMDB_ROOM = 2**34  # most bytes of the LMDB file, which is sparse


class Readable(Protocol):
    """What a DataLoader takes: pairs by index, as {'lq', 'gt'} of tensors."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def pairs(count: int) -> Iterator[tuple[str, Picture, Picture]]:
    """(name, lq, gt): uint8 [256,256,3] each."""
    random = np.random.default_rng(0)
    pictures = photographs()
    for index in range(count):
        picture = pictures[index % len(pictures)]
        top, left = (int(random.integers(size - SIDE)) for size in picture.shape[:2])
        gt = picture[top : top + SIDE, left : left + SIDE]
        noise = random.normal(0.0, _NOISE, gt.shape)
        yield f"{index:06d}", np.clip(np.rint(gt + noise), 0, 255).astype(np.uint8), gt


@dataclass
class PngFolder:
    """The peer: lq/<name>.png and gt/<name>.png."""

    folder: Path

    @classmethod
    def write(cls, folder: Path, *, count: int) -> PngFolder:
        for side in ("lq", "gt"):
            (folder / side).mkdir(parents=True)
        for name, lq, gt in pairs(count):
            (folder / "lq" / f"{name}.png").write_bytes(encode_picture(lq, codec="png"))
            (folder / "gt" / f"{name}.png").write_bytes(encode_picture(gt, codec="png"))
        return cls(folder)

    def __post_init__(self) -> None:
        self.names = sorted(path.name for path in (self.folder / "gt").iterdir())

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        files = {side: str(self.folder / side / self.names[index]) for side in ("lq", "gt")}
        return {side: _from_bgr(cv2.imread(file)) for side, file in files.items()}


@dataclass
class Lmdb:
    """The peer: lq.lmdb and gt.lmdb, PNG bytes by name; the environment is each worker's own."""

    folder: Path

    @classmethod
    def write(cls, folder: Path, *, count: int) -> Lmdb:
        folder.mkdir(parents=True)
        for side in ("lq", "gt"):
            place = folder / f"{side}.lmdb"
            with (
                lmdb.open(str(place), map_size=_LMDB_ROOM) as store,
                store.begin(write=True) as put,
            ):
                for name, lq, gt in pairs(count):
                    picture = lq if side == "lq" else gt
                    put.put(name.encode(), encode_picture(picture, codec="png"))
            lines = [f"{name}.png ({SIDE},{SIDE},3) 1\n" for name, _, _ in pairs(count)]
            (place / "meta_info.txt").write_text("".join(lines))
        return cls(folder)

    def __post_init__(self) -> None:
        lines = (self.folder / "gt.lmdb" / "meta_info.txt").read_text().splitlines()
        self.names = [line.split(".")[0] for line in lines]
        self._stores: dict[str, lmdb.Environment] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        found = {}
        for side in ("lq", "gt"):
            if side not in self._stores:
                self._stores[side] = lmdb.open(
                    str(self.folder / f"{side}.lmdb"), readonly=True, lock=False, readahead=False,
                    meminit=False,
                )  # fmt: skip
            with self._stores[side].begin(write=False) as transaction:
                data = transaction.get(self.names[index].encode())
            assert data is not None, self.names[index]
            found[side] = _from_bgr(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        return found


def _from_bgr(picture: Any) -> torch.Tensor:
    assert picture is not None
    return to_tensor(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def write_ours(folder: Path, *, count: int, form: str, encode: str) -> Readable:
    """The same pairs as a dataset of ours: its build goes on from parts that hold them."""
    sources, out = folder / "sources", folder / "dataset"
    sources.mkdir(parents=True)
    scenes = count // SCENE
    for index in range(scenes):
        (sources / f"scene-{index:04d}.dng").write_bytes(b"never opened: its part is there")
    store = Store(format=form, split="train=1")
    wishes = Wishes(size=SIDE, encode=encode)
    planned = plan_exposure([Root(sources)], target=None, wishes=wishes, store=store)
    plan = start_build(planned.plan, out=out, store=store)
    made = pairs(count)
    for shard in plan.shards:
        for index in range(shard.first, shard.last):
            gts, rows = {}, []
            for number in range(SCENE):
                name, lq, gt = next(made)
                gts[f"gt-{number:02d}"] = code_picture(gt, codec=encode)
                record = msgspec.json.encode({"version": 1, "name": name}).decode()
                coded = code_picture(lq, codec=encode)
                rows.append(PartRow(f"copy-{number:02d}", record, False, f"gt-{number:02d}", coded))
            path = part_path(out, shard=shard, index=index)
            save_part(Part(plan.scenes[index].scene, gts, rows, []), path=path)
    build(plan, out=out, options=RunOptions())
    return open_pairs(out, split="train").torch()


STORES: dict[str, Callable[..., Readable]] = {
    "PNG folder, cv2.imread": PngFolder.write,
    "LMDB of PNGs": Lmdb.write,
    "pairsmith hdf5, png": functools.partial(write_ours, form="hdf5", encode="png"),
    "pairsmith hdf5, raw": functools.partial(write_ours, form="hdf5", encode="raw"),
    "pairsmith hf, png": functools.partial(write_ours, form="hf", encode="png"),
    "pairsmith folder, png": functools.partial(write_ours, form="folder", encode="png"),
}
PEERS = tuple(STORES)[:2]


def time_epochs(stores: dict[str, Readable], *, repeats: int) -> dict[str, dict[str, Any]]:
    """Epochs of every store, round by round; workers live on between their epochs."""
    loaders = {
        name: DataLoader(
            store,  # type: ignore[arg-type]
            batch_size=BATCH,
            shuffle=True,
            num_workers=WORKERS,
            persistent_workers=True,
            generator=torch.Generator().manual_seed(0),
        )
        for name, store in stores.items()
    }

    def epoch(name: str) -> tuple[float, float]:
        began = time.perf_counter()
        seen = sum(len(batch["lq"]) for batch in loaders[name])
        assert seen == len(stores[name])
        return time.perf_counter() - began, 0.0

    works = {name: functools.partial(epoch, name) for name in loaders}
    timings = interleave(works, repeats=repeats)
    return {
        name: {"pairs_per_second": len(stores[name]) / timing.summary()["wall"]} | timing.summary()
        for name, timing in timings.items()
    }


def measure(folder: Path, *, count: int, repeats: int) -> dict[str, Any]:
    """Writes every store, checks that all give the same pairs, and times them."""
    report: dict[str, Any] = {
        "machine": facts(), "pairs": count, "side": SIDE, "batch": BATCH, "workers": WORKERS,
        "repeats": repeats,
    }  # fmt: skip
    stores, sizes = {}, {}
    for index, (name, write) in enumerate(STORES.items()):
        place = folder / str(index)
        stores[name] = write(place, count=count)
        held = place / "dataset" / "data" if name.startswith("pairsmith") else place
        files = [path for path in held.rglob("*") if path.is_file()]
        sizes[name] = sum(path.stat().st_blocks * 512 for path in files)
    first = stores[PEERS[0]]
    for name, store in stores.items():
        for index in (0, count // 2, count - 1):
            for side in ("lq", "gt"):
                assert torch.equal(store[index][side], first[index][side]), (name, index, side)
    found = time_epochs(stores, repeats=repeats)
    for name, case in found.items():
        case["bytes"] = sizes[name]
        case["ratio"] = {
            peer: case["pairs_per_second"] / found[peer]["pairs_per_second"] for peer in PEERS
        }
    return report | {"stores": found, "load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """The report's table."""
    rows = [
        [name, f"{case['pairs_per_second']:.0f}",
         "{:.0f} to {:.0f}".format(*(report["pairs"] / s for s in reversed(case["wall_range"]))),
         *(f"{ratio:.2f}x" for ratio in case["ratio"].values()), f"{case['bytes'] / 1e6:.0f}"]
        for name, case in report["stores"].items()
    ]  # fmt: skip
    head = [f"{report['pairs']} pairs, {WORKERS} workers", "pairs/s", "range"]
    return table([*head, *(f"v. {peer}" for peer in PEERS), "MB"], rows)


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    asked = parser(__doc__, result="reading.json").parse_args()
    count, repeats = (2 * SCENE, 1) if asked.quick else (64 * SCENE, 7)
    with tempfile.TemporaryDirectory(dir=asked.temp) as name:
        report = measure(Path(name), count=count, repeats=asked.repeats or repeats)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
