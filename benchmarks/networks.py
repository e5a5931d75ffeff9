"""Networks on a processor: ours beside the released code, same random weights, in one run.

    python benchmarks/networks.py [--peer FOLDER ...] [--full] [--case NAME ...] [--threads 2]

FOLDER is a checkout (Restormer, BasicSR, NAFNet) or holds several under these names. The two take
turns, after one warm-up each; the table has the median of the clock, and the JSON all repeats and
the processor's time, which a busy machine changes less. The difference is the largest between the
outputs, by the largest value of the released one's. Memory is the peak of a process of its own that
restores one picture, imports and weights included. Rates count two operations per multiply-add of
convolutions and matrix products, ours and theirs alike.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from machine import facts, interleave, parser, peak_memory, save, stopwatch, table
from network_cases import CASES, Case, find_peer, random_network, random_picture, released_network

from evaluation.models.cost import count_macs

OURS, THEIRS = "pairsmith", "released"
QUICK_SIDE = 16
AIMS = {"restormer": 2.5, "esrgan-x4": 1.2}  # times the released code's speed


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    asked = parser(__doc__, result="networks.json")
    asked.add_argument("--peer", type=Path, action="append", default=[], help="may be repeated")
    asked.add_argument("--full", action="store_true", help="the large cases too")
    asked.add_argument("--case", action="append", help="a preset; may be repeated")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--peak", help=f"only the peak memory: '{OURS}' or '{THEIRS}', of --case")
    asked.add_argument("--side", type=int, help="of the input in pixels, instead of the case's")
    options = asked.parse_args()
    torch.set_num_threads(1 if options.quick else options.threads)
    if options.quick:
        cases = [CASES[0]]
    else:
        wanted = options.case
        cases = [
            one for one in CASES
            if (options.full or not one.full) and (not wanted or one.preset in wanted)
        ]  # fmt: skip
    side = QUICK_SIDE if options.quick else options.side
    if options.peak:
        print(_peak(cases[0], who=options.peak, side=side or cases[0].side, peers=options.peer))
        return 0
    repeats = options.repeats or (1 if options.quick else 5)
    report: dict[str, Any] = {
        "machine": facts(), "threads": options.threads, "repeats": repeats, "aims": AIMS,
        "cases": [],
    }  # fmt: skip
    rows = []
    for case in cases:
        found = _compare(
            case, side=side or case.side, peers=options.peer, repeats=repeats,
            threads=options.threads,
        )  # fmt: skip
        report["cases"].append(found)
        rows.append(_row(found))
        if found["peer"] == "not found":
            print(f"{case.title}: peer not found; name a checkout of {case.folder} with --peer")
    print(table(
        ["network", "ours, s", "released, s", "ratio", "GFLOP/s", "released", "difference",
         "memory, GB", "released"],
        rows,
    ))  # fmt: skip
    report["load_at_end"] = facts()["load"]
    save(report, out=options.out)
    return 0


def _compare(
    case: Case, *, side: int, peers: Sequence[Path], repeats: int, threads: int
) -> dict[str, Any]:
    """Times, difference, memory and rates of one case."""
    ours: Any = random_network(case.preset)
    picture = random_picture(ours, side=side)
    networks = {OURS: ours}
    root = find_peer(case, peers)
    if root is not None:
        networks[THEIRS] = released_network(case, root=root, ours=ours)
    found: dict[str, Any] = {
        "network": case.preset, "side": side, "peer": "found" if root else "not found",
        "times": {}, "macs": _macs(ours, side=side),
    }  # fmt: skip
    with torch.inference_mode():
        outputs = {name: network(picture) for name, network in networks.items()}
        works = {
            name: functools.partial(stopwatch, functools.partial(network, picture))
            for name, network in networks.items()
        }
        timings = interleave(works, repeats=repeats)
    if THEIRS in outputs:
        apart = (outputs[OURS] - outputs[THEIRS]).abs().max() / outputs[THEIRS].abs().max()
        found["difference"] = float(apart)
    for name, timing in timings.items():
        case_times = timing.summary()
        if found["macs"]:
            case_times["gflops"] = 2e-9 * found["macs"] / case_times["wall"]
        command = [
            sys.executable, __file__, "--peak", name, "--case", case.preset, "--side", str(side),
            "--full", "--threads", str(threads),
            *(word for folder in peers for word in ("--peer", str(folder))),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        case_times["peak_bytes"] = int(done.stdout)
        found["times"][name] = case_times
    if THEIRS in timings:
        for clock in ("wall", "cpu"):
            times = found["times"]
            found[f"ratio_{clock}"] = times[THEIRS][clock] / times[OURS][clock]
    return found


def _macs(network: Any, *, side: int) -> int | None:
    """Multiply-adds of a picture of side x side, from those at 256x256."""
    traits = network.traits
    found = count_macs(
        network, call=lambda module, picture: module(picture), channels=traits.channels,
        sizes=traits.sizes,
    )  # fmt: skip
    return found and found * side * side // 256**2


def _peak(case: Case, *, who: str, side: int, peers: Sequence[Path]) -> int:
    """Bytes of this process at its peak after one picture."""
    network = random_network(case.preset)
    picture = random_picture(network, side=side)
    if who == THEIRS:
        root = find_peer(case, peers)
        assert root is not None, case.title
        network = released_network(case, root=root, ours=network)
    with torch.inference_mode():
        network(picture)
    return peak_memory()


def _row(found: dict[str, Any]) -> list[str]:
    ours, theirs = found["times"][OURS], found["times"].get(THEIRS)

    def rate(times: dict[str, Any] | None) -> str:
        return f"{times['gflops']:.0f}" if times and "gflops" in times else "-"

    return [
        f"{found['network']} {found['side']}x{found['side']}",
        f"{ours['wall']:.2f}",
        f"{theirs['wall']:.2f}" if theirs else "-",
        f"{found['ratio_wall']:.2f}" if theirs else "-",
        rate(ours),
        rate(theirs),
        f"{found['difference']:.1e}" if theirs else "-",
        f"{ours['peak_bytes'] / 1e9:.2f}",
        f"{theirs['peak_bytes'] / 1e9:.2f}" if theirs else "-",
    ]


if __name__ == "__main__":
    sys.exit(main())
