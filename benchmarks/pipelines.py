"""Degradation pipelines on a CPU: ours beside the released code, in one run.

    python benchmarks/pipelines.py --peer BASICSR --peer REAL-ESRGAN --peer KAIR [--out FILE.json]

Real-ESRGAN x4 on batches of eight crops, 400x400 (its data set's) and 256x256 px. Theirs is
feed_data's order with its data set's kernels (peers.py) and without the random crop; 'as shipped'
adds the second sharpening, which feed_data needs after its crop to 256 and its pool. Ours draws the
records and applies them. One thread; and two: theirs by torch's threads, ours by two processes of
one thread each, as a build or a data loader has it, since ours uses one thread on a CPU whatever
torch may use.

BSRGAN and BSRGAN-plus, one picture at a time: samples a second over many samples, whose times
differ with their draws: the mean counts.

Random normal numbers, 1.6 million float32 at a time. Then the parts of the pipelines, each alone
on a batch of eight (BSRGAN's: one picture). All cases of a table take turns; one thread.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import Timing, facts, interleave, one_thread, parser, save, stopwatch, table
from numpy.typing import NDArray
from pebble import ProcessPool
from peers import Kair, RealEsrgan, find_kair, find_realesrgan, seed_peers
from pictures import photographs
from pipeline_parts import part_cases
from torch import Tensor

from degrade.apply import degrade
from degrade.draws import draw_below
from degrade.fields import normal_field
from degrade.recipe_file import find_recipe
from degrade.record import draw_record
from degrade.threads import one_thread as one_torch_thread

OURS, PEER, AGAIN = "pairsmith", "Real-ESRGAN", "second sharpening"
_SHIPPED = 256  # gt_size of the released options: what feed_data sharpens again
BATCH = 8
SIDES, QUICK_SIDES = (400, 256), (64,)
BSRGAN = (("bsrgan-x4", 320, 72), ("bsrgan-x4", 256, 64), ("bsrgan-plus-x4", 256, 64))
QUICK_BSRGAN = (("bsrgan-x4", 64, 16),)
VALUES, QUICK_VALUES = (1, 1000, 1600), (1, 100, 100)
AIMS = {"realesrgan": 10.0, "bsrgan": 2.5, "normal": 3.0}
_Times = Mapping[str, Timing]


def make_crops(count: int, *, side: int) -> list[NDArray[np.float32]]:
    """Float32 [side,side,3] in [0,1], cut from the demo's photographs."""
    pictures = photographs()
    found = []
    for i in range(count):
        picture = pictures[i % len(pictures)]
        top, left = (
            draw_below(side, axis, i, bound=picture.shape[axis] - side + 1) for axis in (0, 1)
        )
        crop = picture[top : top + side, left : left + side]
        found.append(np.ascontiguousarray(crop, np.float32) / np.float32(255.0))
    return found


def degrade_ours(name: str, pictures: Sequence[NDArray[np.float32]], first: int) -> list[Tensor]:
    """lq of pictures [H,W,3]; sample numbers from `first` on."""
    recipe = find_recipe(name)
    images = [torch.from_numpy(np.ascontiguousarray(p.transpose(2, 0, 1))) for p in pictures]
    records = [draw_record(recipe, seed=0, key=f"{first + i}") for i in range(len(images))]
    with one_torch_thread():
        return degrade(images, records)[1]


def half_ours(name: str, side: int, part: int, turn: int) -> None:
    """One of two processes' share of a batch; its pictures are kept from call to call."""
    crops = _KEPT.setdefault(side, make_crops(BATCH, side=side))
    half = BATCH // 2
    degrade_ours(name, crops[part * half : (part + 1) * half], turn * BATCH + part * half)


_KEPT: dict[int, list[NDArray[np.float32]]] = {}


def time_realesrgan(peer: RealEsrgan | None, *, side: int, repeats: int) -> dict[str, Any]:
    """Batches of eight by one thread and by two."""
    name, crops = "realesrgan-x4", make_crops(BATCH, side=side)
    gt = torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).copy())
    small = gt[:, :, : min(side, _SHIPPED), : min(side, _SHIPPED)]
    turns = iter(range(1 << 30))

    def one() -> None:
        degrade_ours(name, crops, next(turns) * BATCH)

    def two() -> None:
        turn = next(turns)
        halves = [pool.schedule(half_ours, [name, side, part, turn]) for part in (0, 1)]
        for half in halves:
            half.result()

    found = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPool(2, initializer=one_core, context=context) as pool:
        for threads, ours in ((1, one), (2, two)):
            torch.set_num_threads(threads)
            works: dict[str, Callable[[], object]] = {OURS: ours}
            if peer is not None:
                works |= {PEER: lambda: peer.feed(gt), AGAIN: lambda: peer.usm(small)}
            timings = dict(_times(works, repeats=repeats))
            if peer is not None:
                feed, again = timings[PEER], timings.pop(AGAIN)
                timings[f"{PEER}, as shipped"] = Timing(
                    [sum(pair) for pair in zip(feed.wall, again.wall, strict=True)],
                    [sum(pair) for pair in zip(feed.cpu, again.cpu, strict=True)],
                )
            found[str(threads)] = _rates(timings, count=BATCH, in_here=threads == 1)
    torch.set_num_threads(1)
    return found


def one_core() -> None:
    """OpenCV and torch of a process use one thread."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def time_bsrgan(
    name: str, *, side: int, lq: int, peer: Kair | None, samples: int
) -> dict[str, Any]:
    """Each sample once, ours and theirs in turn; the first ones of each are the warm-up."""
    crops = make_crops(samples, side=side)
    warm = min(10, samples)
    turns: dict[str, int] = {}

    def turn(key: str) -> int:
        turns[key] = turns.get(key, -1) + 1
        return turns[key]

    def ours() -> None:
        i = turn(OURS)
        degrade_ours(name, [crops[i % samples]], i)

    works: dict[str, Callable[[], object]] = {OURS: ours}
    if peer is not None:
        theirs = peer.bsrgan_plus if "plus" in name else peer.bsrgan
        works["KAIR"] = lambda: theirs(crops[turn("KAIR") % samples], lq=lq)
    for work in works.values():
        for _ in range(warm):
            work()
    return _rates(_times(works, repeats=samples, quiet=True), count=1)


def time_normals(shape: tuple[int, int, int], *, repeats: int) -> dict[str, Any]:
    """Our addressed field beside generators that have a state."""
    seed = torch.tensor([1])
    philox = np.random.Generator(np.random.Philox(1))
    works: dict[str, Callable[[], object]] = {
        OURS: lambda: normal_field(seed, shape),
        "torch.randn": lambda: torch.randn(shape),
        "NumPy Philox": lambda: philox.standard_normal(shape, np.float32),
    }
    return _rates(_times(works, repeats=repeats, quiet=True), count=int(np.prod(shape)))


def time_parts(
    esrgan: RealEsrgan | None, kair: Kair | None, *, side: int, repeats: int
) -> dict[str, Any]:
    """Part -> case -> times."""
    crops = make_crops(BATCH, side=side)
    return {
        part: _rates(_times(works, repeats=repeats, quiet=True), count=1)
        for part, works in part_cases(crops, esrgan=esrgan, kair=kair).items()
    }


def _times(
    works: Mapping[str, Callable[[], object]], *, repeats: int, quiet: bool = False
) -> _Times:
    """Each in turn, so many times after a first one."""
    if not quiet:
        timed = {name: (lambda work=work: stopwatch(work)) for name, work in works.items()}
        return interleave(timed, repeats=repeats)
    timings = {name: Timing() for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            wall, cpu = stopwatch(work)
            if turn:
                timings[name].wall.append(wall)
                timings[name].cpu.append(cpu)
    return timings


def _rates(times: _Times, *, count: int, in_here: bool = True) -> dict[str, Any]:
    """Summaries with means, samples a second, and ratios, theirs / ours: of the clock, and of the
    processor where ours is `in_here` and not in processes of its own."""
    found = {}
    for name, timing in times.items():
        summary = timing.summary()
        summary["wall_mean"] = float(np.mean(timing.wall))
        summary["cpu_mean"] = float(np.mean(timing.cpu))
        summary["per_second"] = count / summary["wall_mean"]
        found[name] = summary
    for summary in found.values():
        summary["ratio_wall"] = summary["wall_mean"] / found[OURS]["wall_mean"]
        # a short work can take less than the processor's clock ticks
        own = max(found[OURS]["cpu_mean"], 1e-9)
        summary["ratio_cpu"] = summary["cpu_mean"] / own if in_here else None
    return found


def measure(
    esrgan: RealEsrgan | None, kair: Kair | None, *, quick: bool, repeats: int
) -> dict[str, Any]:
    """The whole report."""
    seed_peers(0)
    report: dict[str, Any] = {
        "machine": facts(), "repeats": repeats, "aims": AIMS, "batch": BATCH,
        "peers": {
            "Real-ESRGAN": "found" if esrgan else "not found",
            "KAIR": "found" if kair else "not found",
        },
    }  # fmt: skip
    sides = QUICK_SIDES if quick else SIDES
    report["realesrgan"] = {
        str(side): time_realesrgan(esrgan, side=side, repeats=repeats) for side in sides
    }
    samples = 5 if quick else 150
    report["bsrgan"] = {
        f"{name}, {side}": time_bsrgan(name, side=side, lq=lq, peer=kair, samples=samples)
        for name, side, lq in (QUICK_BSRGAN if quick else BSRGAN)
    }
    report["samples"] = samples
    shape = QUICK_VALUES if quick else VALUES
    report["normal"] = time_normals(shape, repeats=2 if quick else 30)
    report["values"] = int(np.prod(shape))
    report["parts"] = time_parts(esrgan, kair, side=sides[0], repeats=repeats)
    return report | {"load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """The report's tables."""
    aims, normal = report["aims"], f"1/{report['aims']['normal']:g}x of torch"
    cells = {
        f"{side} px, {count} thread{'s' * (count != '1')}": times
        for side, threads in report["realesrgan"].items()
        for count, times in threads.items()
    }
    parts = [
        _table(f"Real-ESRGAN x4, batch {report['batch']}", cells, f"{aims['realesrgan']:g}x"),
        _table(f"{report['samples']} samples", report["bsrgan"], f"{aims['bsrgan']:g}x"),
        _table(f"{report['values']} normal values", {"float32": report["normal"]}, normal),
        _table("part", report["parts"], ""),
    ]
    absent = [name for name, said in report["peers"].items() if said == "not found"]
    parts += [f"{name}: peer not found; name its checkout with --peer" for name in absent]
    return "\n\n".join(parts)


def _table(title: str, cases: Mapping[str, Mapping[str, Any]], aim: str) -> str:
    head = [
        title, "median, ms", "mean, ms", "range, ms", "a second",
        f"mean time / ours{f' (aim {aim})' * bool(aim)}", "mean CPU time / ours",
    ]  # fmt: skip
    rows = []
    for case, times in cases.items():
        for name, summary in times.items():
            least, most = (1000 * seconds for seconds in summary["wall_range"])
            rows.append([
                f"{case}: {name}", f"{1000 * summary['wall']:.2f}",
                f"{1000 * summary['wall_mean']:.2f}", f"{least:.2f} to {most:.2f}",
                f"{summary['per_second']:.4g}", f"{summary['ratio_wall']:.2f}x",
                "" if summary["ratio_cpu"] is None else f"{summary['ratio_cpu']:.2f}x",
            ])  # fmt: skip
    return table(head, rows)


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    options = parser(__doc__, result="pipelines.json")
    options.add_argument("--peer", type=Path, action="append", default=[], help="a checkout")
    asked = options.parse_args()
    one_thread()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    esrgan, kair = find_realesrgan(asked.peer), find_kair(asked.peer)
    repeats = asked.repeats or (1 if asked.quick else 5)
    report = measure(esrgan, kair, quick=asked.quick, repeats=repeats)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
