"""The benchmarks run, and their reports hold what they promise; no time is judged here."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

ROOT = Path(__file__).resolve().parent.parent


def run_quick(script: str, folder: Path, *more: str) -> tuple[dict[str, Any], str]:
    """The JSON and the Markdown of `python benchmarks/<script> --quick`."""
    out = folder / "report.json"
    command = [sys.executable, f"benchmarks/{script}", "--quick", "--out", str(out), *more]
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


def test_data_loading(tmp_path: Path) -> None:
    report, text = run_quick("data_loading.py", tmp_path, "--need", "100")
    check_machine(report)
    assert len(report["stores"]) == 7 and report["need"] == 100
    for name, case in report["stores"].items():
        check_times(case, report["repeats"])
        samples = report["batch"] * report["steps"]
        assert case["samples_per_second"] == pytest.approx(samples / case["wall"])
        assert f"| {name} |" in text
    assert report["peer"] == "not found" and "peer not found" in text


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


def test_metrics(tmp_path: Path) -> None:
    report, text = run_quick("metrics.py", tmp_path)
    check_machine(report)
    assert report["aims"] == {"BasicSR": 5.0, "pyiqa": 20.0}
    for threads in report["scores"].values():
        for times in threads.values():
            own = times["pairsmith"]
            for case in times.values():
                check_times(case, report["repeats"])
                assert case["ratio"] == pytest.approx(case["wall"] / own["wall"])
            exact = times.get("scikit-image, Gaussian") or times["scikit-image"]
            assert exact["value"] == pytest.approx(own["value"], abs=1e-9)
    assert report["blocks"]["count"] > 1
    assert (report["peers"]["BasicSR"] == "not found") == ("name a checkout with --peer" in text)


def test_every_metric(tmp_path: Path) -> None:
    report, text = run_quick("every_metric.py", tmp_path)
    check_machine(report)
    for name, case in report["metrics"].items():
        check_times(case, report["repeats"])
        assert f"| {name} |" in text
    assert {"psnr", "ssim", "mae", "loe"} <= set(report["metrics"])
    assert not set(report["metrics"]) & set(report["missing"])


def test_pipelines(tmp_path: Path) -> None:
    report, text = run_quick("pipelines.py", tmp_path)
    check_machine(report)
    assert report["peers"] == {"Real-ESRGAN": "not found", "KAIR": "not found"}
    assert text.count("peer not found") == 2
    ((side, threads),) = report["realesrgan"].items()
    assert side == "64" and set(threads) == {"1", "2"}
    tables = [*threads.values(), *report["bsrgan"].values(), *report["parts"].values()]
    assert len(report["parts"]) == 10
    for times in tables:
        assert set(times) == {"pairsmith"}, "a peer that nobody named"
        check_times(times["pairsmith"], len(times["pairsmith"]["wall_all"]))
        assert times["pairsmith"]["ratio_wall"] == 1.0
    assert set(report["normal"]) == {"pairsmith", "torch.randn", "NumPy Philox"}
    for case in report["normal"].values():
        assert case["per_second"] == pytest.approx(report["values"] / case["wall_mean"])
        own = report["normal"]["pairsmith"]["wall_mean"]
        assert case["ratio_wall"] == pytest.approx(case["wall_mean"] / own)


def test_gpu_degrade_tries_its_code_on_the_cpu(tmp_path: Path) -> None:
    report, text = run_quick("gpu_degrade.py", tmp_path, "--device", "cpu")
    check_machine(report)
    assert report["device"] == "cpu" and report["recipe"] == "realesrgan-x4"
    (case,) = report["batches"].values()
    assert case["wall"] >= case["apply"] > 0 and case["samples_per_second"] > 0
    assert report["agreement"]["share_of_8_bit_values_that_differ"] < 0.05
    assert "samples/s" in text


def test_networks(tmp_path: Path) -> None:
    report, text = run_quick("networks.py", tmp_path)
    check_machine(report)
    (case,) = report["cases"]
    assert case["peer"] == "not found" and "restormer 256x256: peer not found" in text
    (times,) = case["times"].values()
    check_times(times, report["repeats"])
    assert times["gflops"] == pytest.approx(2e-9 * case["macs"] / times["wall"])
    assert 1e8 < times["peak_bytes"] < 1e10
    assert "| restormer 16x16 |" in text


def test_gpu_networks_tries_its_code_on_the_cpu(tmp_path: Path) -> None:
    report, text = run_quick("gpu_networks.py", tmp_path, "--device", "cpu")
    check_machine(report)
    assert report["device"] == "cpu" and report["peers"] == {"restormer": "not found"}
    assert {case["mode"] for case in report["cases"]} >= {"float32", "tf32", "bf16"}
    for case in report["cases"]:
        assert case["ms"] > 0
        assert case["share_of_ceiling"] == pytest.approx(
            case["macs_per_second"] / report["ceiling"][case["mode"].partition(" ")[0]]
            if case["mode"] != "channels-last"
            else case["macs_per_second"] / report["ceiling"]["float32"]
        )
        assert case["difference"] < (0.2 if "bf16" in case["mode"] else 1e-5)
    assert "| restormer 1x16, bf16, pairsmith |" in text


def test_agreement(tmp_path: Path) -> None:
    report, text = run_quick("agreement.py", tmp_path)
    check_machine(report)
    assert {"realesrgan-x4", "bsrgan-x4", "bsrgan-plus-x4"} <= set(report["recipes"])
    for name, found in report["recipes"].items():
        assert found["peer"] == "not found" and f"{name}: peer not found" in text
        assert found["samples"] == 4 and len(found["measures"]) == 8
        for entry in found["measures"].values():
            assert set(entry) == {"ours"} and len(entry["ours"]["deciles"]) == 9
            assert entry["ours"]["deciles"] == sorted(entry["ours"]["deciles"])


def test_agreement_tells_equal_from_unequal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The statistics of benchmarks/agreement.py on samples whose answer is known."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    agreement = importlib.import_module("agreement")
    rng = np.random.default_rng(0)
    picture = rng.normal(0.0, 3.0, 200)  # what both have from their common picture
    ours, alike, moved = (picture + rng.normal(0, 1, 200) + by for by in (0.0, 0.0, 0.5))
    assert agreement.compare(ours, alike)["p"] > 0.05
    found = agreement.compare(ours, moved)
    assert found["p"] < 0.01, "the common part hides the difference"
    assert found["difference"] == pytest.approx(-0.5, abs=4 * found["standard_error"])
    assert found["d"] == pytest.approx(ks_2samp(ours, moved)[0])
    # equal values stand together: D of two samples of ties is not read between them
    tied = np.repeat([0.0, 1.0], [150, 50])
    assert agreement.compare(tied, tied[::-1])["d"] == 0.0
    # white noise of 10 levels, the same in all channels
    flat = np.full((1024, 1024, 3), 128, np.uint8)
    noise = rng.normal(0.0, 10.0, (256, 256, 1))
    made = np.round(128 + np.repeat(noise, 3, 2)).astype(np.uint8)
    measured = dict(zip(agreement.MEASURES, agreement.measure_pair(flat, made), strict=True))
    assert measured["sd"] == pytest.approx(noise.std(), rel=0.01)
    assert measured["mean"] == pytest.approx(noise.mean(), abs=0.05)
    assert measured["color"] < 0.01
    for band in ("band 1", "band 2", "band 3", "band 4"):
        assert measured[band] == pytest.approx(20.0, abs=0.5)  # 10 log10 of 10**2


def test_guided(tmp_path: Path) -> None:
    report, text = run_quick("guided.py", tmp_path)
    check_machine(report)
    assert report["aims"] == {"cpu": 1.5, "cuda": 0.05}
    for name, case in report["cases"].items():
        check_times(case, 1)
        assert f"| {name} |" in text
    assert 0 < report["differs"] < 1e-4
    assert (report["cuda"] is None) == ("no CUDA device" in text)


def test_gan_step(tmp_path: Path) -> None:
    report, text = run_quick("gan_step.py", tmp_path, "--device", "cpu")
    check_machine(report)
    assert report["peer"] == "not found" and "peer not found" in text
    (found,) = report["modes"].values()
    (times,) = found["times"].values()
    check_times(times, report["repeats"])
    assert times["steps_per_second"] == pytest.approx(1 / times["wall"])
    assert set(found["losses"]["pairsmith"]) == {
        "restorer/pixel", "restorer/perceptual", "restorer/gan", "judge/gan",
    }  # fmt: skip
    assert "| pairsmith, float32 |" in text
