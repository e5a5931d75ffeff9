"""Five exposures of a RAW file: pairsmith beside rawpy called five times, in one run.

    python benchmarks/exposure.py [--quick] [--out FILE.json] [--repeats 5]

The files: uncompressed 14-bit DNGs of 12 and 24 megapixels, made of the demo's photographs (twice
enlarged, side by side) with shot and read noise. All cases (contests.py) run one after another,
round by round, with one thread for OpenMP, BLAS and OpenCV: ours in a build's worker, the peer in a
plain process. Peaks of memory are those of a fresh process that takes three files. Then the real
build, by one worker and by two.
"""

from __future__ import annotations

import functools
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from contests import CASES, CONTESTS, SCALE, Case, Contest, peak_case, run_case, task_of
from machine import facts, interleave, one_thread, parser, save, stopwatch, table
from pebble import ProcessPool
from pictures import make_dng
from stages import part_stages

from builders.kinds.exposure_arguments import Wishes
from builders.kinds.exposure_plan import plan_exposure
from builders.parts import part_path
from builders.plan import PlannedShard
from builders.planning import Store
from builders.run import RunOptions, build, worker_pool
from builders.sources import Root
from builders.start import start_build
from builders.worker import finish_shard

SIZES = {"12 MP": (3024, 4032), "24 MP": (4016, 6016)}
QUICK_SIZES = {"0.3 MP": (480, 640)}


def plain_pool() -> ProcessPool:
    """A process as the peer's users have it: one thread (`one_thread`), and nothing of ours."""
    context = multiprocessing.get_context("spawn")
    return ProcessPool(1, initializer=cv2.setNumThreads, initargs=[0], context=context)


def in_fresh(work: Callable[..., Any], *given: Any, peer: bool = False, **named: Any) -> Any:
    """Runs `work` in a process of its own: a build's worker, or a plain one for the peer."""
    with plain_pool() if peer else worker_pool(1) as pool:
        return pool.schedule(work, given, named).result()


def time_cases(dng: Path, *, folder: Path, repeats: int) -> dict[str, dict[str, Any]]:
    """Every case, ours in a build's worker and the peer's in a plain process."""
    with worker_pool(1) as ours, plain_pool() as theirs:

        def once(case: Case) -> tuple[float, float]:
            pool = theirs if case.peer else ours
            return pool.schedule(run_case, [dng], {"case": case, "folder": folder}).result()

        works = {case.title(): functools.partial(once, case) for case in CASES}
        timings = interleave(works, repeats=repeats)
    return {title: timing.summary() for title, timing in timings.items()}


def time_stages(dng: Path, *, shrink: str, folder: Path) -> dict[str, float]:
    """Seconds by stage of one source and of a shard that holds it alone; the better of three."""
    task, shard = task_of(dng, shrink=shrink), PlannedShard("train-0", "train", 0, 1)
    runs: list[dict[str, float]] = []
    for turn in range(4):
        out = folder / f"stages-{shrink}-{turn}"
        path = part_path(out, shard=shard, index=0)
        seconds = part_stages(task, kind="exposure", path=path)
        finish = functools.partial(finish_shard, out, shard=shard, storage="hdf5", naming="pairs")
        runs.append({**seconds, "shard": stopwatch(finish)[0]})
    return min(runs[1:], key=lambda seconds: sum(seconds.values()))  # the first one compiles


def time_builds(dng: Path, *, folder: Path, files: int, repeats: int) -> dict[str, Any]:
    """The real build of `files` copies by one worker and by two, their start included."""
    sources = folder / "copies"
    sources.mkdir()
    for index in range(files):
        (sources / f"copy-{index:03d}.dng").hardlink_to(dng)
    planned = plan_exposure(
        [Root(sources)], target=None, wishes=Wishes(fraction=SCALE), store=Store()
    )

    def once(workers: int) -> tuple[float, float]:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            out = Path(name, "dataset")
            plan = start_build(planned.plan, out=out, store=Store())
            return stopwatch(lambda: build(plan, out=out, options=RunOptions(workers=workers)))

    works = {"1": functools.partial(once, 1), "2": functools.partial(once, 2)}
    found = {n: timing.summary() for n, timing in interleave(works, repeats=repeats).items()}
    ratio = found["1"]["wall"] / found["2"]["wall"]
    return {"files": files, "workers": found, "ratio": ratio, "aim": 1.8}


def measure(folder: Path, *, quick: bool, repeats: int) -> dict[str, Any]:
    """The whole report: the machine, and by size of the file what was found."""
    report: dict[str, Any] = {"machine": facts(), "repeats": repeats, "sizes": {}}
    for size, shape in (QUICK_SIZES if quick else SIZES).items():
        place = folder / size.replace(" ", "")
        place.mkdir()
        dng = place / "photo.dng"
        in_fresh(make_dng, dng, shape=shape)
        cases = time_cases(dng, folder=place, repeats=repeats)
        peaks = {
            case.title(): in_fresh(peak_case, dng, peer=case.peer, case=case, folder=place)
            for case in CASES
            if case.stored
        }
        stages = {
            Case(False, shrink, "").title(): in_fresh(time_stages, dng, shrink=shrink, folder=place)
            for shrink in ("", "linear", "msec")
        }
        contests = [_settle(contest, cases) for contest in CONTESTS]
        report["sizes"][size] = {
            "bytes": dng.stat().st_size, "contests": contests, "cases": cases,
            "peak_bytes": peaks, "stages": stages,
        }  # fmt: skip
        if "builds" not in report:  # of the smaller files
            files, turns = (2, 1) if quick else (16, min(3, repeats))
            report["builds"] = time_builds(dng, folder=place, files=files, repeats=turns)
    return report | {"load_at_end": facts()["load"]}


def _settle(contest: Contest, cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ours, peer = cases[contest.ours.title()], cases[contest.peer.title()]
    return {
        "title": contest.title, "pairsmith": ours["wall"], "rawpy": peer["wall"],
        "ratio": peer["wall"] / ours["wall"], "ratio_cpu": peer["cpu"] / ours["cpu"],
        "aim": contest.aim,
    }  # fmt: skip


def markdown(report: dict[str, Any]) -> str:
    """The report's tables."""
    parts = []
    for size, found in report["sizes"].items():
        rows = []
        for contest in found["contests"]:
            aim = "" if contest["aim"] is None else f"{contest['aim']:g}x"
            rows.append([
                contest["title"], f"{contest['pairsmith']:.2f}", f"{contest['rawpy']:.2f}",
                f"{contest['ratio']:.2f}x", f"{contest['ratio_cpu']:.2f}x", aim,
            ])  # fmt: skip
        head = [f"{size}, five exposures", "pairsmith, s", "rawpy, s", "ratio", "ratio, CPU", "aim"]
        parts.append(table(head, rows))
        rows = [
            [title, f"{case['wall']:.2f}", "{:.2f} to {:.2f}".format(*case["wall_range"]),
             f"{case['cpu']:.2f}", _gigabytes(found["peak_bytes"].get(title))]
            for title, case in found["cases"].items()
        ]  # fmt: skip
        parts.append(table([size, "median, s", "range, s", "CPU, s", "peak, GB"], rows))
        stages = found["stages"]
        names = list(dict.fromkeys(name for seconds in stages.values() for name in seconds))
        rows = [[n, *(_share(seconds, n) for seconds in stages.values())] for n in names]
        parts.append(table([f"{size}, ms (share)", *stages], rows))
    builds = report["builds"]
    rows = [
        [n, f"{found['wall']:.2f}", "{:.2f} to {:.2f}".format(*found["wall_range"])]
        for n, found in builds["workers"].items()
    ]
    parts.append(table([f"workers, {builds['files']} files", "median, s", "range, s"], rows))
    parts.append(f"two workers v. one: {builds['ratio']:.2f}x (aim {builds['aim']:g}x)")
    return "\n\n".join(parts)


def _gigabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e9:.2f}"


def _share(seconds: dict[str, float], name: str) -> str:
    if name not in seconds:
        return ""
    return f"{1000 * seconds[name]:.0f} ({seconds[name] / sum(seconds.values()):.0%})"


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    asked = parser(__doc__, result="exposure.json").parse_args()
    one_thread()
    with tempfile.TemporaryDirectory(dir=asked.temp) as name:
        repeats = asked.repeats or (1 if asked.quick else 5)
        report = measure(Path(name), quick=asked.quick, repeats=repeats)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
