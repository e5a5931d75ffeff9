"""The time of every metric that can be had on this machine, on one pair of pictures.

    python benchmarks/every_metric.py [--quick] [--out FILE.json] [--repeats 5]

512x512, RGB, 8 bits, two threads, as `evaluate` calls it: from pixels to the number. What lacks its
weights is listed with the file. LOE is of a picture beside a darker one. No peer: pyiqa's metrics
are pyiqa's, through our table.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from machine import facts, interleave, parser, save, stopwatch, table
from metrics import make_pair

from evaluation.metrics.metric import Judged, Scorer
from evaluation.metrics.table import METRICS, open_scorers
from evaluation.protocol import Protocol

SIDE, QUICK_SIDE = 512, 256


def measure(*, quick: bool, repeats: int) -> dict[str, Any]:
    """The machine, metric -> its times and value, and what is missing."""
    torch.set_num_threads(2)
    side = QUICK_SIDE if quick else SIDE
    noisy, clean = make_pair((side, side))
    lq = (clean / 510.0).astype(np.float32)
    report: dict[str, Any] = {"machine": facts(), "repeats": repeats, "side": side, "metrics": {}}
    single = [name for name, metric in METRICS.items() if metric.mode != "set"]
    scorers, missing = open_scorers(single, device="cpu")
    for name, (_, scorer) in scorers.items():

        def run(scorer: Scorer = scorer) -> float:
            return scorer(Judged(noisy, clean, lq, Protocol()))

        timed = interleave({name: lambda run=run: stopwatch(run)}, repeats=repeats)
        report["metrics"][name] = {**timed[name].summary(), "value": run()}
    report["missing"] = {error.metric: error.file for error in missing}
    return report | {"load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """Metrics by time."""
    found = sorted(report["metrics"].items(), key=lambda item: item[1]["wall"])
    rows = [[name, f"{1000 * case['wall']:.1f}", f"{case['value']:.4f}"] for name, case in found]
    side = report["side"]
    shown = table([f"metric, {side}x{side} RGB", "median, ms", "value"], rows)
    return f"{shown}\n\nwithout their weights here: {', '.join(report['missing']) or 'none'}"


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    asked = parser(__doc__, result="every_metric.json").parse_args()
    report = measure(quick=asked.quick, repeats=asked.repeats or (1 if asked.quick else 5))
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
