"""A training step of Restormer: ours beside the released class, in turns.

    python benchmarks/restormer_step.py [--peer FOLDER] [--device cuda] [--batch 8] [--patch 128]
        [--steps 50] [--repeats 9] [--channels-last]

Both begin with the same weights and go through the same batches. Ours is the trainer's loop
(baselines/training/loop.py) with restormer-derain's optimiser, as it is and compiled; the peer is
the class of a checkout in the step of its release: L1, gradients of all weights clipped to a norm
of 0.01, AdamW, the loss read. Both in float32 and under bf16 autocast (the release has float32
alone), a process for each precision. Batches are made beforehand: no reading is timed. --steps are
taken in each round, after a round of warm-up, into which compiling falls; curves are of all rounds,
500 steps by default, and lie apart by the largest difference of means over 20 steps from the
released float32 one's. A processor takes less: --device cpu --batch 1 --patch 64 --steps 2
--repeats 3. Without CUDA and without --device cpu nothing is measured.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from machine import facts, interleave, parser, save, stopwatch, table
from restormer_cases import Load, Pool, our_step, released_restormer, released_step

from baselines.training.processes import Processes

OURS, COMPILED, THEIRS = "pairsmith", "pairsmith compiled", "released"
PRECISIONS = ("fp32", "bf16")
AVERAGED = 20  # steps, of the curves
QUICK = {"width": 8, "blocks": [1, 1, 1, 1], "refinement": 1, "heads": [1, 1, 1, 1]}
AIM = 2.0  # times the released float32 steps a second, ours compiled in bf16


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    asked = parser(__doc__, result="restormer_step.json")
    asked.add_argument("--peer", type=Path, action="append", default=[], help="may be repeated")
    asked.add_argument("--device", default="cuda")
    asked.add_argument("--batch", type=int, default=8)
    asked.add_argument("--patch", type=int, default=128)
    asked.add_argument("--steps", type=int, default=50, help="of a round")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--channels-last", action="store_true", help="ours, in that order of memory")
    asked.add_argument("--no-compile", action="store_true", help="leave the compiled case out")
    asked.add_argument("--precision", choices=PRECISIONS, help="this one alone")
    options = asked.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device: nothing was measured (--device cpu --batch 1 --patch 64 tries it)")
        return 0
    torch.set_num_threads(1 if options.quick else options.threads)
    if options.precision is None:
        return _both(options)
    small = {"batch": 1, "patch": 16} if options.quick else {}
    load = Load(
        device=options.device, channels_last=options.channels_last,
        kwargs=QUICK if options.quick else {},
        **{"batch": options.batch, "patch": options.patch, **small},
    )  # fmt: skip
    found = _measure(
        load, precision=options.precision, peers=options.peer,
        repeats=options.repeats or (1 if options.quick else 9),
        steps=2 if options.quick else options.steps,
        compiled=not (options.no_compile or options.quick),
    )  # fmt: skip
    save(found, out=options.out)
    return 0


def _both(options: Any) -> int:
    """Each precision in a process of its own, for Accelerate keeps one for a process's life."""
    report: dict[str, Any] = {"machine": facts(), "aim": AIM, "precisions": {}}
    if options.device == "cuda":
        report["device"] = torch.cuda.get_device_name()
    for precision in PRECISIONS:
        with tempfile.TemporaryDirectory(dir=options.temp) as folder:
            part = Path(folder) / "part.json"
            command = [sys.executable, __file__, *sys.argv[1:]]
            command += ["--precision", precision, "--out", str(part)]
            subprocess.run(command, check=True)
            report["precisions"][precision] = msgspec.json.decode(part.read_bytes())
    _compare(report["precisions"])
    rows = [
        [f"{name}, {precision}", f"{case['steps_per_second']:.3f}", _shown(case.get("ratio")),
         _shown(case.get("apart")), f"{case['losses'][0]:.4f}", f"{case['losses'][-1]:.4f}"]
        for precision, found in report["precisions"].items()
        for name, case in found["cases"].items()
    ]  # fmt: skip
    head = ["restormer", "steps/s", "by released fp32", "curves apart", "first loss", "last loss"]
    print(table(head, rows))
    if THEIRS not in report["precisions"]["fp32"]["cases"]:
        print("peer not found; name a checkout of Restormer with --peer")
    report["load_at_end"] = facts()["load"]
    save(report, out=options.out)
    return 0


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _measure(
    load: Load,
    *,
    precision: str,
    peers: Sequence[Path],
    repeats: int,
    steps: int,
    compiled: bool,
) -> dict[str, Any]:
    """Steps a second and losses of every case in one precision."""
    processes = Processes(precision=precision, device=load.device)
    pool = Pool(load)
    losses: dict[str, list[float]] = {}
    works: dict[str, Callable[[], None]] = {}
    for name, compile_it in ((OURS, False), *(((COMPILED, True),) if compiled else ())):
        losses[name] = []
        works[name] = our_step(
            load, pool, processes=processes, precision=precision, compiled=compile_it,
            losses=losses[name],
        )  # fmt: skip
    theirs = released_restormer(load, peers)
    if theirs is not None:
        losses[THEIRS] = []
        works[THEIRS] = released_step(theirs, pool, processes=processes, losses=losses[THEIRS])

    def round_of(work: Callable[[], None]) -> Callable[[], tuple[float, float]]:
        def run() -> None:
            for _ in range(steps):
                work()
            if load.device == "cuda":
                torch.cuda.synchronize()

        return lambda: stopwatch(run)

    timings = interleave({name: round_of(work) for name, work in works.items()}, repeats=repeats)
    return {
        "batch": load.batch,
        "patch": load.patch,
        "device": load.device,
        "channels_last": load.channels_last,
        "steps_per_round": steps,
        "cases": {
            name: {
                **timing.summary(),
                "steps_per_second": steps / timing.summary()["wall"],
                "losses": losses[name],
            }
            for name, timing in timings.items()
        },
    }


def _compare(precisions: Mapping[str, Any]) -> None:
    """Writes each case's speed and curve beside those of the released float32 step."""
    released = precisions["fp32"]["cases"].get(THEIRS)
    if released is None:
        return
    for found in precisions.values():
        for case in found["cases"].values():
            case["ratio"] = case["steps_per_second"] / released["steps_per_second"]
            case["apart"] = _apart(case["losses"], released["losses"])


def _apart(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest difference of means over AVERAGED steps, by theirs."""
    span = min(AVERAGED, len(theirs))
    means = [
        [sum(curve[at : at + span]) / span for at in range(0, len(theirs) - span + 1, span)]
        for curve in (ours, theirs)
    ]
    return max(abs(a - b) / b for a, b in zip(*means, strict=True))


if __name__ == "__main__":
    sys.exit(main())
