"""Do our recipes degrade as the released code does? Both on the same pictures, measured.

    python benchmarks/agreement.py --peer BASICSR --peer REAL-ESRGAN --peer KAIR --pictures DIR

Each crop goes once through our recipe and once through the released code, one at a time (feed_data
with a batch of 1: a larger one shares draws among its samples). Of every lq, beside its own gt:

psnr          of gt against lq enlarged by OpenCV's bicubic, dB
mean, sd      of the residual r = lq - (gt shrunk by MATLAB's bicubic), in 1/255
color         part of r's energy that is not common to the three channels
band 1 to 4   energy of r in rings of spatial frequency up to 1/8, 1/4, 3/8, 1/2 of a cycle per
              pixel, dB

and of each its mean, standard deviation and deciles, with the Kolmogorov-Smirnov distance D. Its p
is that of a permutation test which exchanges ours and theirs picture by picture, so that it counts
what the two have from their common picture as nothing. With k measures a difference is called more
than chance below 0.05/k.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import facts, parser, save, table
from numpy.typing import NDArray
from peers import Kair, RealEsrgan, find_kair, find_realesrgan, seed_peers
from pictures import photographs

from degrade.apply import degrade_picture
from degrade.draws import draw_below
from degrade.recipe_file import find_recipe
from degrade.record import draw_record
from degrade.resize import resize_matlab

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
# gt uint8 [H,W,3] RGB -> (target, lq), both uint8
Way = Callable[[int, Bytes], tuple[Bytes, Bytes]]

SIDE, QUICK_SIDE = 256, 64
SCALE = 4
BANDS = 4
MEASURES = ("psnr", "mean", "sd", "color", *(f"band {k + 1}" for k in range(BANDS)))
LEVEL = 0.05
_PERMUTATIONS = 4000


def crops(pictures: Sequence[Bytes], *, count: int, side: int, seed: int) -> list[Bytes]:
    """So many crops, picture after picture, at addressed places."""
    found = []
    for i in range(count):
        picture = pictures[i % len(pictures)]
        top, left = (
            draw_below(seed, "crop", axis, i, bound=picture.shape[axis] - side + 1)
            for axis in (0, 1)
        )
        found.append(np.ascontiguousarray(picture[top : top + side, left : left + side]))
    return found


def our_way(name: str, *, seed: int) -> Way:
    """The recipe of this name."""
    recipe = find_recipe(name)

    def way(index: int, picture: Bytes) -> tuple[Bytes, Bytes]:
        record = draw_record(recipe, seed=seed, key=f"agreement-{index}")
        target, made, _ = degrade_picture(picture, record)
        return np.asarray(target, np.uint8), np.asarray(made, np.uint8)

    return way


def realesrgan_way(peer: RealEsrgan) -> Way:
    """feed_data with a batch of 1."""

    def way(_: int, picture: Bytes) -> tuple[Bytes, Bytes]:
        gt = torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32) / 255.0)[None]
        target, made = peer.feed(gt)
        return _bytes(target[0].permute(1, 2, 0).numpy()), _bytes(made[0].permute(1, 2, 0).numpy())

    return way


def kair_way(degradation: Callable[..., tuple[Any, Any]]) -> Way:
    """One of KAIR's functions, the patch as large as lq."""

    def way(_: int, picture: Bytes) -> tuple[Bytes, Bytes]:
        # float32, as its data sets read pictures
        target, made = degradation(np.float32(picture / 255.0), lq=len(picture) // SCALE)
        return _bytes(target), _bytes(made)

    return way


def peer_ways(esrgan: RealEsrgan | None, kair: Kair | None) -> dict[str, Way | None]:
    """Recipe (after a colon: what theirs has been changed in) -> the released code of it."""
    return {
        "realesrgan-x4": esrgan and realesrgan_way(esrgan),
        "bsrgan-x4": kair and kair_way(kair.bsrgan),
        "bsrgan-plus-x4": kair and kair_way(kair.bsrgan_plus),
        "srmd": kair and kair_way(kair.srmd),
        "usrnet": kair and kair_way(kair.usrnet),
        "usrnet: blurred in floats": kair and kair_way(partial(kair.usrnet, cut=False)),
    }


def measure_pair(target: Bytes, made: Bytes) -> list[float]:
    """The MEASURES of one pair."""
    height, width = target.shape[:2]
    large = cv2.resize(made, (width, height), interpolation=cv2.INTER_CUBIC)
    error = np.mean((large.astype(np.float64) - target) ** 2)
    residual = made.astype(np.float64) - resize_matlab(target, scale=1 / SCALE)
    energy = np.mean(residual**2)
    common = np.mean(residual.mean(2) ** 2)
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in made.shape[:2]))
    power = np.abs(np.fft.fft2(residual * window[:, :, None], axes=(0, 1))) ** 2
    power = power.mean(2) / np.sum(window**2)
    frequency = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, made.shape[:2]), indexing="ij"))
    rings = [(frequency >= k / 2 / BANDS) & (frequency < (k + 1) / 2 / BANDS) for k in range(BANDS)]
    return [
        10 * np.log10(255.0**2 / max(error, 1e-3)),
        residual.mean(),
        residual.std(),
        1.0 - common / max(energy, 1e-9),
        *(10 * np.log10(power[ring].mean() + 1e-3) for ring in rings),
    ]


def compare(ours: Floats, theirs: Floats, *, seed: int = 0) -> dict[str, Any]:
    """One measure of ours beside theirs, [n] each: moments, deciles, D and its p."""
    count = len(ours)
    order = np.argsort(np.concatenate([ours, theirs]), kind="stable")
    # D is read where a value ends, not between equal ones
    values = np.concatenate([ours, theirs])[order]
    ends = np.append(values[1:] != values[:-1], True)
    sign = np.concatenate([np.ones(count), -np.ones(count)])

    def distance(signs: Floats) -> float:
        return float(np.abs(np.cumsum(signs[order])[ends]).max()) / count

    found = distance(sign)
    rng = np.random.default_rng(seed)
    more = 0
    for _ in range(_PERMUTATIONS):
        swap = np.where(rng.random(count) < 0.5, 1.0, -1.0)
        more += distance(sign * np.tile(swap, 2)) >= found - 1e-12
    gap = ours - theirs
    return {
        "ours": _distribution(ours), "theirs": _distribution(theirs),
        "difference": float(gap.mean()),
        "standard_error": float(gap.std(ddof=1) / np.sqrt(count)) if count > 1 else 0.0,
        "d": found, "p": (more + 1) / (_PERMUTATIONS + 1),
    }  # fmt: skip


def _distribution(values: Floats) -> dict[str, Any]:
    return {
        "mean": float(values.mean()), "sd": float(values.std()),
        "deciles": np.quantile(values, np.linspace(0.1, 0.9, 9)).tolist(),
    }  # fmt: skip


def measure_recipe(
    name: str, way: Way | None, *, pictures: Sequence[Bytes], seed: int
) -> dict[str, Any]:
    """Our recipe beside the released code over the pictures, or alone where there is none."""
    found: dict[str, Any] = {"samples": len(pictures), "seconds": {}, "measures": {}}
    sides = {"ours": our_way(name.partition(":")[0], seed=seed)} | ({"theirs": way} if way else {})
    values = {}
    for side, run in sides.items():
        began = time.perf_counter()
        values[side] = np.array([measure_pair(*run(i, one)) for i, one in enumerate(pictures)])
        found["seconds"][side] = time.perf_counter() - began
        print(f"  {name}: {side}: {found['seconds'][side]:.1f} s", file=sys.stderr)
    for column, measure in enumerate(MEASURES):
        own = values["ours"][:, column]
        found["measures"][measure] = (
            compare(own, values["theirs"][:, column]) if way else {"ours": _distribution(own)}
        )
    return found


def markdown(report: dict[str, Any]) -> str:
    """A table for each recipe."""
    parts = []
    for name, found in report["recipes"].items():
        head = [
            f"{name}, {found['samples']} samples", "ours: mean (sd)", "theirs: mean (sd)",
            "difference", "deciles 1, 5, 9: ours", "theirs", "D", "p",
        ]  # fmt: skip
        rows = [[measure, *_cells(entry)] for measure, entry in found["measures"].items()]
        parts.append(table(head, rows))
        if found["peer"] == "not found":
            parts.append(f"{name}: peer not found; name its checkout with --peer")
            continue
        few = LEVEL / len(MEASURES)
        beyond = [m for m, entry in found["measures"].items() if entry["p"] < few]
        parts.append(
            f"{name}: differs by more than chance (p < {few:.4f}): {', '.join(beyond) or 'nothing'}"
        )
    return "\n\n".join(parts)


def _cells(entry: dict[str, Any]) -> list[str]:
    own = entry["ours"]
    cells = [f"{own['mean']:.2f} ({own['sd']:.2f})"]
    deciles = [", ".join(f"{own['deciles'][k]:.2f}" for k in (0, 4, 8))]
    if "theirs" not in entry:
        return [*cells, "", "", *deciles, "", "", ""]
    other = entry["theirs"]
    return [
        *cells, f"{other['mean']:.2f} ({other['sd']:.2f})",
        f"{entry['difference']:+.3f} ± {entry['standard_error']:.3f}",
        *deciles, ", ".join(f"{other['deciles'][k]:.2f}" for k in (0, 4, 8)),
        f"{entry['d']:.3f}", f"{entry['p']:.4f}",
    ]  # fmt: skip


def _bytes(picture: NDArray[Any]) -> Bytes:
    return (picture.clip(0, 1) * 255.0).round().astype(np.uint8)


def read_pictures(folder: Path | None, *, side: int) -> list[Bytes]:
    """RGB pictures of a folder that are large enough for a crop; the demo's without one."""
    if folder is None:
        return photographs()
    read = [cv2.imread(str(path)) for path in sorted(folder.iterdir())]
    found = [p[:, :, ::-1] for p in read if p is not None and min(p.shape[:2]) >= side]
    if not found:
        raise ValueError(f"--pictures {folder}: no picture of at least {side}x{side} pixels")
    return [np.asarray(p, np.uint8) for p in found]


def main() -> None:
    """Runs the comparison; JSON to --out, Markdown to standard output."""
    options = parser(__doc__, result="agreement.json")
    options.add_argument("--peer", type=Path, action="append", default=[], help="a checkout")
    options.add_argument("--pictures", type=Path, help="folder of photographs")
    options.add_argument("--samples", type=int, help="of each recipe")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--recipe", action="append", help="only these")
    asked = options.parse_args()
    side = QUICK_SIDE if asked.quick else SIDE
    pictures = crops(
        read_pictures(asked.pictures, side=side),
        count=asked.samples or (4 if asked.quick else 500), side=side, seed=asked.seed,
    )  # fmt: skip
    seed_peers(asked.seed)
    report: dict[str, Any] = {
        "machine": facts(), "side": side, "level": LEVEL, "seed": asked.seed, "recipes": {},
        "pictures": "the demo's" if asked.pictures is None else asked.pictures.name,
    }  # fmt: skip
    ways = peer_ways(find_realesrgan(asked.peer), find_kair(asked.peer))
    for name in asked.recipe or ways:
        found = measure_recipe(name, ways[name], pictures=pictures, seed=asked.seed)
        report["recipes"][name] = {"peer": "found" if ways[name] else "not found", **found}
    report["load_at_end"] = facts()["load"]
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
