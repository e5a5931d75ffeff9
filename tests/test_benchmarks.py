"""The benchmarks run, and their reports hold what they promise; no time is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_quick(script: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The JSON and the Markdown of `python benchmarks/<script> --quick`."""
    out = folder / "report.json"
    command = [sys.executable, f"benchmarks/{script}", "--quick", "--out", str(out)]
    done = subprocess.run(
        [*command, "--temp", str(folder)], cwd=ROOT, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["report.json"], "left something behind"
    return json.loads(out.read_text()), done.stdout


def check_machine(report: dict[str, Any]) -> None:
    machine = report["machine"]
    assert machine["processor"] and machine["cores"] >= 1 and machine["memory_gib"] > 0
    assert {"pairsmith", "rawpy", "numpy"} <= set(machine["versions"])
    assert len(machine["load"]) == len(report["load_at_end"]) == 3


def check_times(case: dict[str, Any], repeats: int) -> None:
    least, most = case["wall_range"]
    assert 0 < least <= case["wall"] <= most
    assert case["n"] == len(case["wall_all"]) == repeats


def test_exposure(tmp_path: Path) -> None:
    report, text = run_quick("exposure.py", tmp_path)
    check_machine(report)
    (size,) = report["sizes"].values()
    for case in size["cases"].values():
        check_times(case, report["repeats"])
        assert case["cpu"] > 0
    for contest in size["contests"]:
        assert contest["ratio"] == pytest.approx(contest["rawpy"] / contest["pairsmith"])
    assert {contest["aim"] for contest in size["contests"]} == {2.5, 4.0, None}
    assert all(1e7 < peak < 1e10 for peak in size["peak_bytes"].values())
    for seconds in size["stages"].values():
        assert {"unpack", "demosaic (LibRaw)", "clip mask", "render", "encode", "shard"} <= set(
            seconds
        )
        assert min(seconds.values()) >= 0
    builds = report["builds"]
    for workers in ("1", "2"):
        check_times(builds["workers"][workers], 1)
    assert "| full size |" in text and "two workers v. one:" in text


def test_reading(tmp_path: Path) -> None:
    report, text = run_quick("reading.py", tmp_path)
    check_machine(report)
    assert len(report["stores"]) == 6
    for name, case in report["stores"].items():
        check_times(case, report["repeats"])
        assert case["pairs_per_second"] == pytest.approx(report["pairs"] / case["wall"])
        assert case["bytes"] >= report["pairs"] * 1000
        assert f"| {name} |" in text
        assert set(case["ratio"]) == {"PNG folder, cv2.imread", "LMDB of PNGs"}


def test_resize(tmp_path: Path) -> None:
    report, text = run_quick("resize.py", tmp_path)
    check_machine(report)
    assert set(report["scales"]) == {"1/4", "1/2"}
    for scale, found in report["scales"].items():
        ours = found["differs"]["pairsmith resize_matlab"]
        assert ours == {"share": 0.0, "most": 0}
        # the same kernel, other edges and no rounding between the passes: near and not equal
        assert 0.01 < found["differs"]["torch bicubic antialias, float32"]["share"] < 0.3
        for threads, times in found["threads"].items():
            assert set(times) == set(found["differs"])
            for case in times.values():
                check_times(case, report["repeats"])
                own = times["pairsmith resize_matlab"]["wall"]
                assert case["ratio"] == pytest.approx(case["wall"] / own)
            assert f"| x{scale}, {threads} thread" in text
    # nobody installs BasicSR for a test, and then its absence is said
    assert (report["peer"] == "not found") == ("peer not found" in text)
