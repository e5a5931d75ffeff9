"""Degradation on one GPU: samples a second of a recipe, ground truth already on the card.

    python benchmarks/gpu_degrade.py --recipe realesrgan-x4 --size 256 --batch 8 --batch 64

Every sample of a batch has parameters of its own. Drawing them (on the host) is timed apart and
with the rest; where there is no CUDA device the script says so and ends with 1, unless --device cpu
is asked for, which tries the same code on the CPU. CPU and GPU are compared on the first batch: the
largest difference, and the share of pixels that differ once rounded to 8 bits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from machine import facts, parser, save
from torch import Tensor

from degrade.apply import apply_together, degrade
from degrade.fields import uniform_field
from degrade.recipe import Recipe
from degrade.recipe_file import find_recipe
from degrade.record import Record, draw_record


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    asked = parser(__doc__, result="gpu_degrade.json")
    asked.add_argument("--recipe", default="realesrgan-x4")
    asked.add_argument("--size", type=int, default=256, help="side of the ground truth, px")
    asked.add_argument("--batch", type=int, action="append", help="may be repeated")
    asked.add_argument("--device", default="cuda")
    options = asked.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device: nothing was measured (--device cpu tries the code)", file=sys.stderr)
        return 1
    recipe = find_recipe(options.recipe)
    size = 64 if options.quick else options.size
    batches = options.batch or ([2] if options.quick else [8, 64, 256])
    repeats = options.repeats or (1 if options.quick else 10)
    report: dict[str, Any] = {
        "machine": facts(),
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "recipe": recipe.name, "digest": recipe.digest, "size": size, "repeats": repeats,
        "batches": {}, "agreement": _agreement(recipe, size=size, device=options.device),
    }  # fmt: skip
    for batch in batches:
        case = _time(recipe, size=size, batch=batch, device=options.device, repeats=repeats)
        report["batches"][str(batch)] = case
        print(
            f"{recipe.name}, batch {batch}: {case['samples_per_second']:.0f} samples/s with the "
            f"draws, {case['samples_per_second_drawn']:.0f} when they are there already"
        )
    print(f"CPU against {report['device']}: {report['agreement']}")
    report["load_at_end"] = facts()["load"]
    save(report, out=options.out)
    return 0


def _pictures(count: int, *, size: int, device: str) -> list[Tensor]:
    """Ground truth without a file: smooth noise, which every operator has something to do with."""
    seeds = torch.arange(count, dtype=torch.int64)
    rough = uniform_field(seeds, (3, size // 4 + 1, size // 4 + 1))
    smooth = torch.nn.functional.interpolate(rough, size=(size, size), mode="bicubic")
    return list(smooth.clamp(0, 1).to(device))


def _records(recipe: Recipe, *, first: int, count: int) -> list[Record]:
    return [draw_record(recipe, seed=0, key=f"sample-{first + i}") for i in range(count)]


def _time(recipe: Recipe, *, size: int, batch: int, device: str, repeats: int) -> dict[str, Any]:
    pictures = _pictures(batch, size=size, device=device)
    drawing, whole, applying = [], [], []
    for turn in range(repeats + 1):  # the first is the warm-up
        began = time.perf_counter()
        records = _records(recipe, first=turn * batch, count=batch)
        drawn = time.perf_counter()
        _apply(pictures, records, device=device)
        if device == "cuda":
            torch.cuda.synchronize()
        ended = time.perf_counter()
        if turn:
            drawing.append(drawn - began)
            applying.append(ended - drawn)
            whole.append(ended - began)
    return {
        "batch": batch, "draw": median(drawing), "apply": median(applying), "wall": median(whole),
        "wall_range": [min(whole), max(whole)], "n": repeats,
        "samples_per_second": batch / median(whole),
        "samples_per_second_drawn": batch / median(applying),
    }  # fmt: skip


def _apply(pictures: Sequence[Tensor], records: Sequence[Record], *, device: str) -> list[Tensor]:
    if device != "cpu":
        return degrade(pictures, records)[1]
    targets = apply_together(pictures, [[r.steps[i] for i in r.target] for r in records])
    return apply_together(targets, [[r.steps[i] for i in r.order] for r in records])


def _agreement(recipe: Recipe, *, size: int, device: str) -> dict[str, float]:
    """How far the batched path on the device is from the CPU's, over eight samples."""
    pictures = _pictures(8, size=size, device="cpu")
    records = _records(recipe, first=0, count=8)
    ours = degrade(pictures, records)[1]
    there = [p.cpu() for p in _apply([p.to(device) for p in pictures], records, device=device)]
    worst, unequal, count = 0.0, 0, 0
    for one, other in zip(ours, there, strict=True):
        worst = max(worst, float((one - other).abs().max()))
        codes = [(p.clamp(0, 1) * 255 + 0.5).floor() for p in (one, other)]
        unequal += int((codes[0] != codes[1]).sum())
        count += one.numel()
    return {"largest_difference": worst, "share_of_8_bit_values_that_differ": unequal / count}


if __name__ == "__main__":
    sys.exit(main())
