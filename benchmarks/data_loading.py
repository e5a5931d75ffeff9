"""Samples per second that reach the trainer, from each kind of store, beside the need for them.

    python benchmarks/data_loading.py [--quick] [--peer BASICSR] [--need 160] [--repeats 5]

The same 256x256 8-bit pairs as in reading.py lie in every store. A run takes steps of 16 random
patches of 128, flipped and turned, as float32 tensors [16,3,128,128] in 0..1; two threads read
ahead, nothing is kept from one step to the next. `clean` are the targets alone as PNG files: lq is
made while training by the recipe, on the device that trains. The stores take turns, run by run.
Files are in the page cache: this is the cost of the processor and the container.

--need: samples per second that a trainer takes: its steps per second, as the training benchmarks
measure them, times its batch. The default is no measurement: 10 steps a second of ESRGAN's 16.

The peer is BasicSR's PairedImageDataset in its two-process DataLoader, on lq/ and gt/ folders of
PNG files; --peer names its checkout, of which only the files that it needs are loaded.
"""

from __future__ import annotations

import functools
import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from machine import facts, interleave, parser, save, table
from reading import BATCH, SCENE, SIDE, PngFolder, write_ours
from torch import Tensor
from torch.utils.data import DataLoader

from baselines.configs.config import Config, Data, NetworkChoice, Stage
from baselines.networks.architecture import Traits
from baselines.objectives.paired import Paired
from baselines.training.schedule import place
from baselines.training_data.batches import TrainingBatches, open_batches
from baselines.training_data.sources import Sources
from builders.sources import Root

PATCH, WORKERS = 128, 2
NEED = 160.0  # see above
FORMS = {"hdf5, png": ("hdf5", "png"), "hdf5, raw": ("hdf5", "raw"), "hf, png": ("hf", "png"),
         "folder, png": ("folder", "png")}  # fmt: skip
RECIPES = ("gaussian-25", "bicubic-x4", "realesrgan-x4")
PEER = "BasicSR, PairedImageDataset"
_UTILS = ("color_util", "file_client", "img_util", "misc")


class Alone:
    """The one process."""

    def __init__(self) -> None:
        self.rank, self.count = 0, 1
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def mean(self, values: Tensor) -> Tensor:
        """Its own."""
        return values.mean()


def training(sources: Sources, *, scale: int, recipe: str = "") -> TrainingBatches:
    """Batches of a run on these sources."""
    config = Config(
        name="benchmark", about="", cite="", network=NetworkChoice(preset=""), objective=Paired(),
        optimizers={}, stages=(Stage(steps=2**30, batch=BATCH, patch=PATCH),),
        data=Data(recipe=recipe),
    )  # fmt: skip
    return open_batches(
        config, sources=sources, network=Traits(scale=scale), processes=Alone(), workers=WORKERS,
        cache_mib=0,
    )  # fmt: skip


def run_ours(batches: TrainingBatches, steps: int, begun: list[int]) -> tuple[float, float]:
    """(seconds, seconds of them waiting) of so many further steps."""
    began, waited = time.perf_counter(), batches.waited
    for step in range(begun[0], begun[0] + steps):
        where = place(batches.config.stages, step)
        (batch,) = batches.at(where, batches.config.stages[0])
        assert len(batch["lq"]) == BATCH
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begun[0] += steps
    return time.perf_counter() - began, batches.waited - waited


def find_peer(folder: Path | None) -> Callable[[Path], Any] | None:
    """(a folder with lq and gt) -> the peer's dataset; None where it is not there."""
    if folder is None or not (folder / "basicsr/data/paired_image_dataset.py").is_file():
        return None
    # Its packages import every network and operator; empty ones in their place load no more than
    # what is asked for.
    for name in ("basicsr", "basicsr.data", "basicsr.utils"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")))]
        sys.modules[name] = package
    utils = sys.modules["basicsr.utils"]
    for name in _UTILS:
        module = importlib.import_module(f"basicsr.utils.{name}")
        for word in ("FileClient", "imfrombytes", "img2tensor", "bgr2ycbcr", "scandir"):
            if hasattr(module, word):
                setattr(utils, word, getattr(module, word))
    found = importlib.import_module("basicsr.data.paired_image_dataset").PairedImageDataset

    def make(pairs: Path) -> Any:
        return found({
            "dataroot_gt": str(pairs / "gt"), "dataroot_lq": str(pairs / "lq"),
            "io_backend": {"type": "disk"}, "gt_size": PATCH, "use_hflip": True, "use_rot": True,
            "scale": 1, "phase": "train",
        })  # fmt: skip

    return make


def run_peer(loader: DataLoader[Any], state: dict[str, Any], steps: int) -> tuple[float, float]:
    """As `run_ours`; its epochs begin anew, with their workers kept."""
    began = time.perf_counter()
    for _ in range(steps):
        try:
            batch = next(state["epoch"])
        except (KeyError, StopIteration):
            state["epoch"] = iter(loader)
            batch = next(state["epoch"])
        assert len(batch["lq"]) == BATCH
    return time.perf_counter() - began, 0.0


def stores(
    folder: Path, *, count: int, peer: Callable[[Path], Any] | None
) -> dict[str, Callable[[int], tuple[float, float]]]:
    """Every store as a function of the steps to take."""
    found: dict[str, Callable[[int], tuple[float, float]]] = {}
    for name, (form, encode) in FORMS.items():
        pairs = write_ours(folder / name, count=count, form=form, encode=encode)
        root = Root(pairs.pairs.out)  # type: ignore[attr-defined]
        batches = training(Sources(pairs=(root,)), scale=1)
        found[f"pairsmith {name}"] = functools.partial(_ours, batches, [0])
    plain = PngFolder.write(folder / "plain", count=count).folder
    for recipe in RECIPES:
        clean = Sources(clean=(Root(plain / "gt"),))
        batches = training(clean, scale=int(recipe[-1]) if "-x" in recipe else 1, recipe=recipe)
        found[f"pairsmith clean, {recipe}"] = functools.partial(_ours, batches, [0])
    if peer is not None:
        loader = DataLoader(
            peer(plain), batch_size=BATCH, shuffle=True, num_workers=WORKERS, drop_last=True,
            persistent_workers=True, generator=torch.Generator().manual_seed(0),
        )  # fmt: skip
        found[PEER] = functools.partial(run_peer, loader, {})
    return found


def _ours(batches: TrainingBatches, begun: list[int], steps: int) -> tuple[float, float]:
    return run_ours(batches, steps, begun)


def measure(
    folder: Path, *, count: int, steps: int, repeats: int, need: float, peer: Path | None
) -> dict[str, Any]:
    """Times all stores in turns."""
    report: dict[str, Any] = {
        "machine": facts(), "pairs": count, "side": SIDE, "patch": PATCH, "batch": BATCH,
        "workers": WORKERS, "steps": steps, "repeats": repeats, "need": need,
        "device": str(Alone().device),
    }  # fmt: skip
    theirs = find_peer(peer)
    found = stores(folder, count=count, peer=theirs)
    cases = {name: functools.partial(run, steps) for name, run in found.items()}
    timings = interleave(cases, repeats=repeats)
    report["stores"] = {
        name: {
            "samples_per_second": BATCH * steps / timing.summary()["wall"],
            **timing.summary(),
        }
        for name, timing in timings.items()
    }
    report["peer"] = str(peer) if theirs is not None else "not found"
    return report | {"load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """The report's table."""
    samples = report["batch"] * report["steps"]
    rows = [
        [name, f"{case['samples_per_second']:.0f}",
         "{:.0f} to {:.0f}".format(*(samples / s for s in reversed(case["wall_range"]))),
         f"{case['samples_per_second'] / report['need']:.1f}x"]
        for name, case in report["stores"].items()
    ]  # fmt: skip
    said = "" if PEER in report["stores"] else "\n\npeer not found: give --peer BASICSR"
    head = [f"patches of {report['patch']}, {report['device']}", "samples/s", "range", "of need"]
    return table(head, rows) + said


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    options = parser(__doc__, result="data_loading.json")
    options.add_argument("--peer", type=Path, help="a checkout of BasicSR")
    options.add_argument("--need", type=float, default=NEED, help="samples a second")
    asked = options.parse_args(arguments)
    count, steps, repeats = (2 * SCENE, 2, 1) if asked.quick else (64 * SCENE, 16, 5)
    with tempfile.TemporaryDirectory(dir=asked.temp) as name:
        report = measure(
            Path(name), count=count, steps=steps, repeats=asked.repeats or repeats,
            need=asked.need, peer=asked.peer,
        )  # fmt: skip
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
