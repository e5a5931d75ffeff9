"""MATLAB's bicubic on 8-bit pictures: pairsmith beside what super-resolution code calls for it.

    python benchmarks/resize.py [--quick] [--out FILE.json] [--repeats 15] [--peer BASICSR]

One picture of 2040x1356 pixels, made of the demo's photographs, uint8 in and uint8 out: for those
that work on floats the time includes both conversions. Scales 1/4 and 1/2, one thread and two
(pairsmith always uses one). The cases take turns, so that a busy moment meets them all.

BasicSR's imresize comes from where `basicsr` is installed or from a checkout (--peer); its file is
loaded alone. Not all compute the same: the last column says what share of the samples differs from
ours, which equals MATLAB's own uint8 files.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import facts, interleave, parser, save, stopwatch, table
from numpy.typing import NDArray
from pictures import photographs
from PIL import Image

from degrade.resize import resize_matlab

Bytes = NDArray[np.uint8]
SHAPE, QUICK_SHAPE = (2040, 1356), (240, 160)  # both have quarters
SCALES = {"1/4": 0.25, "1/2": 0.5}
THREADS = (1, 2)
OURS, PEER = "pairsmith resize_matlab", "BasicSR imresize"
AIM = 10.0  # times BasicSR's speed
_FILE = Path("basicsr/utils/matlab_functions.py")


def make_picture(shape: tuple[int, int]) -> Bytes:
    """The photographs side by side and under one another: uint8 [H,W,3]."""
    tiles = photographs()
    height, width = tiles[0].shape[:2]
    rows = [
        np.hstack([tiles[(x + y) % len(tiles)] for x in range(-(-shape[1] // width))])
        for y in range(-(-shape[0] // height))
    ]
    return np.ascontiguousarray(np.vstack(rows)[: shape[0], : shape[1]])


def find_peer(folder: Path | None) -> Path | None:
    """BasicSR's file of MATLAB functions in a checkout, or where the package is installed."""
    if folder is not None:
        return folder / _FILE if (folder / _FILE).is_file() else None
    spec = importlib.util.find_spec("basicsr")
    places = (spec.submodule_search_locations or []) if spec else []
    found = [Path(place).parent / _FILE for place in places]
    return next((path for path in found if path.is_file()), None)


def load_imresize(path: Path) -> Callable[..., Any]:
    """The peer's imresize, without the package around it."""
    spec = importlib.util.spec_from_file_location("basicsr_matlab_functions", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.imresize


def to_bytes(picture: NDArray[np.floating[Any]]) -> Bytes:
    """Floats in [0,1] rounded to 8 bits."""
    return (picture.clip(0, 1) * 255.0).round().astype(np.uint8)


def cases(picture: Bytes, *, scale: float, peer: Path | None) -> dict[str, Callable[[], Bytes]]:
    """Name -> the picture resized."""
    height, width = (round(side * scale) for side in picture.shape[:2])

    def torch_float() -> Bytes:
        images = torch.from_numpy(picture).permute(2, 0, 1)[None].float().div(255)
        made = torch.nn.functional.interpolate(
            images, size=(height, width), mode="bicubic", antialias=True
        )
        return made[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()

    def torch_bytes() -> Bytes:
        images = torch.from_numpy(picture).permute(2, 0, 1)[None]
        made = torch.nn.functional.interpolate(
            images, size=(height, width), mode="bicubic", antialias=True
        )
        return made[0].permute(1, 2, 0).contiguous().numpy()

    def opencv(flag: int) -> Callable[[], Bytes]:
        return lambda: np.asarray(
            cv2.resize(picture, (width, height), interpolation=flag), np.uint8
        )

    def pillow() -> Bytes:
        image = Image.fromarray(picture)
        return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))

    found: dict[str, Callable[[], Bytes]] = {OURS: lambda: resize_matlab(picture, scale=scale)}
    if peer is not None:
        imresize = load_imresize(peer)
        found[PEER] = lambda: to_bytes(imresize(picture.astype(np.float32) / 255.0, scale))
    return found | {
        "torch bicubic antialias, float32": torch_float,
        "torch bicubic antialias, uint8": torch_bytes,
        "Pillow BICUBIC": pillow,
        "OpenCV INTER_CUBIC": opencv(cv2.INTER_CUBIC),
        "OpenCV INTER_AREA": opencv(cv2.INTER_AREA),
    }


def differences(works: Mapping[str, Callable[[], Bytes]]) -> dict[str, dict[str, float]]:
    """Share of samples that differ from ours, and by how many levels at most."""
    made = {name: work().astype(np.int16) for name, work in works.items()}
    gap = {name: np.abs(picture - made[OURS]) for name, picture in made.items()}
    return {name: {"share": float((g > 0).mean()), "most": int(g.max())} for name, g in gap.items()}


def measure(*, quick: bool, repeats: int, peer: Path | None) -> dict[str, Any]:
    """The whole report: the machine, and by scale and threads what was found."""
    picture = make_picture(QUICK_SHAPE if quick else SHAPE)
    report: dict[str, Any] = {
        "machine": facts(), "repeats": repeats, "shape": picture.shape,
        "peer": "not found" if peer is None else "found", "aim": AIM, "scales": {},
    }  # fmt: skip
    for name, scale in SCALES.items():
        works = cases(picture, scale=scale, peer=peer)
        found: dict[str, Any] = {"differs": differences(works), "threads": {}}
        for threads in THREADS:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            timed = {case: (lambda work=work: stopwatch(work)) for case, work in works.items()}
            times = {
                case: timing.summary()
                for case, timing in interleave(timed, repeats=repeats).items()
            }
            for summary in times.values():
                summary["ratio"] = summary["wall"] / times[OURS]["wall"]
                summary["ratio_cpu"] = summary["cpu"] / times[OURS]["cpu"]
            found["threads"][str(threads)] = times
        report["scales"][name] = found
    return report | {"load_at_end": facts()["load"]}


def markdown(report: dict[str, Any]) -> str:
    """The report's tables."""
    parts = []
    for scale, found in report["scales"].items():
        for threads, times in found["threads"].items():
            head = [
                f"x{scale}, {threads} thread{'s' if threads != '1' else ''}", "median, ms",
                "range, ms", "time / ours", "CPU time / ours", "samples unlike ours", "at most",
            ]  # fmt: skip
            rows = []
            for case, summary in times.items():
                least, most = (1000 * seconds for seconds in summary["wall_range"])
                gap = found["differs"][case]
                rows.append([
                    case, f"{1000 * summary['wall']:.2f}", f"{least:.2f} to {most:.2f}",
                    f"{summary['ratio']:.2f}x",
                    f"{summary['ratio_cpu']:.2f}x", f"{gap['share']:.2%}", f"{gap['most']}",
                ])  # fmt: skip
            parts.append(table(head, rows))
            if PEER in times:
                parts.append(
                    f"{PEER} v. {OURS}: {times[PEER]['ratio']:.1f}x (aim {report['aim']:g}x)"
                )
    if report["peer"] == "not found":
        parts.append("BasicSR: peer not found; name a checkout with --peer")
    return "\n\n".join(parts)


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    options = parser(__doc__, result="resize.json")
    options.add_argument("--peer", type=Path, help="a checkout of BasicSR")
    asked = options.parse_args()
    peer = find_peer(asked.peer)
    repeats = asked.repeats or (1 if asked.quick else 15)
    report = measure(quick=asked.quick, repeats=repeats, peer=peer)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
