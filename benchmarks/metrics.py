"""PSNR and SSIM: pairsmith beside what papers' code and toolkits call for them.

    python benchmarks/metrics.py [--quick] [--out FILE.json] [--repeats 11] [--peer BASICSR]

Pairs of 512x512 and 2040x1356 pixels, made of the demo's photographs and a noisy copy, uint8, RGB
and Y; for those that work on floats or tensors the time includes the conversion, and for Y all
include the conversion from RGB. Then 1,280 pairs of blocks of 256x256x3 in one go, as many as the
SIDD validation set has. One thread and two (pairsmith always uses one). The cases take turns, so
that a busy moment meets them all.

BasicSR's metrics come from where `basicsr` is installed or from a checkout (--peer); its package is
not imported, only the file of metrics and those that it needs. The last column is the difference
from our value; where a peer computes something else, its name says what. pyiqa adds 1e-8 to the
mean square error and rounds luma before SSIM.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import torch
from machine import facts, interleave, parser, save, stopwatch, table
from numpy.typing import NDArray
from pictures import photographs
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from evaluation.metrics.fidelity import psnr
from evaluation.metrics.luma import luma_float
from evaluation.metrics.ssim import ssim

Bytes = NDArray[np.uint8]
Cases = dict[str, Callable[[], float]]
SIZES, QUICK_SIZES = ((512, 512), (2040, 1356)), ((64, 48),)
BLOCKS, QUICK_BLOCKS, BLOCK = 1280, 4, 256
SKIMAGE_BLOCKS = 16  # of them are timed with scikit-image, and the time is scaled up
THREADS = (1, 2)
OURS, OURS_NARROW = "pairsmith", "pairsmith, float32"
AIMS = {"BasicSR": 5.0, "pyiqa": 20.0}  # times their speed, for SSIM of 512x512 RGB
_FILE = Path("metrics/psnr_ssim.py")
_SEED = 0


def make_pair(shape: tuple[int, int]) -> tuple[Bytes, Bytes]:
    """The photographs side by side and under one another, and the same with noise of 10 levels."""
    tiles = photographs()
    height, width = tiles[0].shape[:2]
    rows = [
        np.hstack([tiles[(x + y) % len(tiles)] for x in range(-(-shape[1] // width))])
        for y in range(-(-shape[0] // height))
    ]
    clean = np.ascontiguousarray(np.vstack(rows)[: shape[0], : shape[1]])
    noise = np.random.default_rng(_SEED).normal(0.0, 10.0, clean.shape)
    return np.clip(clean + noise, 0, 255).round().astype(np.uint8), clean


def find_basicsr(folder: Path | None) -> Path | None:
    """The folder `basicsr` of a checkout, or where the package is installed."""
    if folder is not None:
        places = [folder / "basicsr"]
    else:
        spec = importlib.util.find_spec("basicsr")
        places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    return next((place for place in places if (place / _FILE).is_file()), None)


def load_basicsr(folder: Path) -> ModuleType:
    """basicsr.metrics.psnr_ssim alone: empty packages stand in for those around it, whose own
    __init__ files import models and data."""
    for name in ("basicsr", "basicsr.utils", "basicsr.metrics"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    # what basicsr.utils would bring in
    found = sys.modules["basicsr.utils"]
    color = importlib.import_module("basicsr.utils.color_util")
    found.bgr2ycbcr = color.bgr2ycbcr  # pyright: ignore[reportAttributeAccessIssue]
    return importlib.import_module("basicsr.metrics.psnr_ssim")


def to_tensor(picture: Bytes) -> torch.Tensor:
    """Float32 [1,3,H,W] in [0,1], as pyiqa takes it."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float().div(255)


def pyiqa_metric(name: str, *, luma: bool) -> Callable[[Bytes, Bytes], float] | None:
    """A score of two RGB pictures by pyiqa, or None without it. luma: of BT.601's."""
    if importlib.util.find_spec("pyiqa") is None:
        return None
    import pyiqa

    # the name decides on luma, whose default is YIQ's
    name = {"psnr": "psnry", "ssim": "ssim"}[name] if luma else {"ssim": "ssimc"}.get(name, name)
    options: dict[str, Any] = {"color_space": "ycbcr"} if luma else {}
    metric = pyiqa.create_metric(name, device=torch.device("cpu"), **options)
    return lambda a, b: float(metric(to_tensor(a), to_tensor(b)))


def psnr_cases(a: Bytes, b: Bytes, *, luma: bool, basicsr: ModuleType | None) -> Cases:
    """Name -> PSNR of the two."""

    def channels(picture: Bytes) -> NDArray[Any]:
        return luma_float(picture) if luma else picture

    found: Cases = {OURS: lambda: psnr(channels(a), channels(b), peak=255.0)}
    if basicsr is not None:
        found["BasicSR"] = lambda: basicsr.calculate_psnr(
            a[..., ::-1], b[..., ::-1], crop_border=0, test_y_channel=luma
        )
    found["scikit-image"] = lambda: float(
        peak_signal_noise_ratio(channels(b), channels(a), data_range=255)
    )
    if (theirs := pyiqa_metric("psnr", luma=luma)) is not None:
        found["pyiqa"] = lambda: theirs(a, b)
    if not luma:
        found["OpenCV"] = lambda: cv2.PSNR(a, b)
    return found


def ssim_cases(a: Bytes, b: Bytes, *, luma: bool, basicsr: ModuleType | None) -> Cases:
    """Name -> SSIM of the two: Wang's, where nothing else is said."""

    def channels(picture: Bytes) -> NDArray[Any]:
        return luma_float(picture) if luma else picture

    def ours(precision: str) -> Callable[[], float]:
        return lambda: ssim(
            channels(a), channels(b), variant="wang", peak=255.0, precision=precision
        )

    axis = None if luma else 2
    found: Cases = {OURS: ours("float64"), OURS_NARROW: ours("float32")}
    if basicsr is not None:
        found["BasicSR"] = lambda: float(
            basicsr.calculate_ssim(a[..., ::-1], b[..., ::-1], crop_border=0, test_y_channel=luma)
        )
    gauss = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}

    def skimage(options: dict[str, Any]) -> Callable[[], float]:
        find: Callable[..., Any] = structural_similarity
        return lambda: float(
            find(channels(b), channels(a), data_range=255, channel_axis=axis, **options)
        )

    found |= {"scikit-image, Gaussian": skimage(gauss), "scikit-image, uniform 7": skimage({})}
    if (theirs := pyiqa_metric("ssim", luma=luma)) is not None:
        found["pyiqa"] = lambda: theirs(a, b)
    if not luma:
        found["pairsmith, matlab-3d"] = lambda: ssim(a, b, variant="matlab-3d", peak=255.0)
        if (luminance := pyiqa_metric("ssim", luma=True)) is not None:
            found["pyiqa ssim, of Y alone"] = lambda: luminance(a, b)
    return found


def block_cases(count: int) -> dict[str, tuple[Callable[[], float], float]]:
    """Name -> (mean SSIM of blocks, what its time is multiplied by for all of them)."""
    a, b = make_pair((8 * BLOCK, 8 * BLOCK))
    cut = [
        (slice(y * BLOCK, (y + 1) * BLOCK), slice(x * BLOCK, (x + 1) * BLOCK))
        for y in range(8)
        for x in range(8)
    ]
    pairs = [
        (np.ascontiguousarray(a[part]), np.ascontiguousarray(b[part]))
        for part in (cut[i % len(cut)] for i in range(count))
    ]
    fewer = pairs[:SKIMAGE_BLOCKS]

    def ours(precision: str) -> Callable[[], float]:
        return lambda: float(np.mean([
            ssim(x, y, variant="matlab-3d", peak=255.0, precision=precision) for x, y in pairs
        ]))  # fmt: skip

    def skimage() -> float:
        return float(np.mean([
            structural_similarity(
                y, x, data_range=255, channel_axis=2, gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False,
            )
            for x, y in fewer
        ]))  # fmt: skip

    return {
        f"{OURS}, matlab-3d": (ours("float64"), 1.0),
        f"{OURS_NARROW}, matlab-3d": (ours("float32"), 1.0),
        "scikit-image, Gaussian, per channel": (skimage, count / len(fewer)),
    }


def compare(cases: Cases, *, repeats: int) -> dict[str, Any]:
    """Name -> times, value, and both against the first case's, which is ours."""
    own = next(iter(cases))
    values: dict[str, float] = {}

    def keep(name: str) -> None:
        values[name] = float(cases[name]())

    timed = {name: (lambda name=name: stopwatch(lambda: keep(name))) for name in cases}
    found = {name: t.summary() for name, t in interleave(timed, repeats=repeats).items()}
    for name, summary in found.items():
        summary["value"] = values[name]
        summary["gap"] = values[name] - values[own]
        summary["ratio"] = summary["wall"] / found[own]["wall"]
        summary["ratio_cpu"] = summary["cpu"] / found[own]["cpu"]
    return found


def measure(*, quick: bool, repeats: int, peer: Path | None) -> dict[str, Any]:
    """The whole report: the machine, and what was found by size, channels, metric and threads."""
    basicsr = load_basicsr(peer) if peer is not None else None
    report: dict[str, Any] = {
        "machine": facts(), "repeats": repeats, "aims": AIMS, "scores": {}, "blocks": {},
        "peers": {
            "BasicSR": "not found" if basicsr is None else "found",
            "pyiqa": "found" if importlib.util.find_spec("pyiqa") else "not found",
        },
    }  # fmt: skip
    for threads in THREADS:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        for shape in QUICK_SIZES if quick else SIZES:
            a, b = make_pair(shape)
            # large pictures are slow with pyiqa; three rounds show what they cost
            rounds = repeats if max(shape) < 1000 else min(repeats, 3)
            for luma in (False, True):
                for metric, make in (("PSNR", psnr_cases), ("SSIM", ssim_cases)):
                    name = f"{metric} {'Y' if luma else 'RGB'} {shape[1]}x{shape[0]}"
                    cases = make(a, b, luma=luma, basicsr=basicsr)
                    found = compare(cases, repeats=rounds)
                    report["scores"].setdefault(name, {})[str(threads)] = found
    count = QUICK_BLOCKS if quick else BLOCKS
    made = block_cases(count)
    found = compare({name: work for name, (work, _) in made.items()}, repeats=min(repeats, 3))
    own = next(iter(found.values()))["wall"]
    for name, (_, factor) in made.items():
        seconds = found[name]["wall"] * factor
        found[name] |= {"all_blocks": seconds, "ratio": seconds / own, "scaled_by": factor}
    report["blocks"] = {"count": count, "side": BLOCK, "cases": found}
    return report | {"load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """The report's tables."""
    parts = []
    for title, by_threads in report["scores"].items():
        for threads, found in by_threads.items():
            head = [
                f"{title}, {threads} thread{'s' if threads != '1' else ''}", "median, ms",
                "range, ms", "time / ours", "CPU time / ours", "value", "unlike ours by",
            ]  # fmt: skip
            rows = []
            for name, case in found.items():
                least, most = (1000 * seconds for seconds in case["wall_range"])
                rows.append([
                    name, f"{1000 * case['wall']:.2f}", f"{least:.2f} to {most:.2f}",
                    f"{case['ratio']:.2f}x", f"{case['ratio_cpu']:.2f}x", f"{case['value']:.6f}",
                    f"{case['gap']:.1e}",
                ])  # fmt: skip
            parts.append(table(head, rows))
    blocks = report["blocks"]
    rows = [
        [name, f"{case['all_blocks']:.2f}", f"{case['ratio']:.2f}x", f"{case['value']:.6f}"]
        for name, case in blocks["cases"].items()
    ]
    side = blocks["side"]
    head = [f"SSIM of {blocks['count']} blocks of {side}x{side}x3", "s", "time / ours", "value"]
    parts.append(table(head, rows))
    parts += [f"{name}: peer not found" for name, was in report["peers"].items() if was != "found"]
    if report["peers"]["BasicSR"] != "found":
        parts.append("BasicSR: name a checkout with --peer")
    return "\n\n".join(parts)


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    options = parser(__doc__, result="metrics.json")
    options.add_argument("--peer", type=Path, help="a checkout of BasicSR")
    asked = options.parse_args()
    peer = find_basicsr(asked.peer)
    repeats = asked.repeats or (1 if asked.quick else 11)
    report = measure(quick=asked.quick, repeats=repeats, peer=peer)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
