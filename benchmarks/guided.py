"""Bilateral guided upsampling of a photograph of 16 megapixels, beside a general sparse solver.

    python benchmarks/guided.py [--quick] [--out FILE.json] [--repeats 7]

A photograph is enlarged to 4912x3264; the grid of 22x22x8 nodes is fitted to 200x200 copies of it
and of a retouched one, as MSEC's release does, and sliced at full size. Timed are the fit, the
slice and both; beside them the reference, equation by equation with SciPy's sparse factorisation
(once: it takes seconds) and, per megapixel, a slice by PyTorch on the CPU. The paper of MSEC states
4.5 s for network and upsampling of 16 megapixels, on another machine.
Where there is a CUDA device the slice is timed on it too, with the picture there already, and
both results are compared; where there is none the report says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from machine import Timing, facts, interleave, parser, save, stopwatch, table
from numpy.typing import NDArray
from pictures import photographs

from baselines.guided_upsampling.fit import fit_grid
from baselines.guided_upsampling.grid import Grid, GridShape
from baselines.guided_upsampling.reference import reference_fit, reference_slice
from baselines.guided_upsampling.slicing import slice_grid, slice_torch
from degrade.resize import resize_matlab

SIZE, QUICK_SIZE = (3264, 4912), (96, 144)
FIT, QUICK_FIT = (200, 200), (40, 40)
QUICK_GRID = GridShape(height=4, width=4, depth=4)
CHECKED = 512  # rows of the full picture on which results are compared with the reference
AIMS = {"cpu": 1.5, "cuda": 0.05}  # seconds for 16 megapixels: both steps; the slice on an H200
OURS, REFERENCE = "pairsmith: fit and slice", "SciPy: fit"
Planes = NDArray[np.float64]


def resize(planes: Planes, size: tuple[int, int]) -> Planes:
    """[3,h,w] to another size by MATLAB's bicubic."""
    return np.stack([resize_matlab(p, size=size, reading="matlab-bicubic-double") for p in planes])


def retouch(planes: Planes) -> Planes:
    """A curve, stronger on one side, and other colours: no affine map of RGB."""
    side = np.linspace(0.5, 0.9, planes.shape[2])
    return planes.clip(0, 1) ** side * np.array([1.0, 0.95, 1.05])[:, None, None]


def on_cuda(grid: Grid, picture: torch.Tensor, *, repeats: int) -> dict[str, Any] | None:
    """Times of the slice on the card, and how far its result is from the CPU's; None without."""
    if not torch.cuda.is_available():
        return None
    there = picture.cuda()

    def once() -> None:
        slice_torch(grid, picture=there)
        torch.cuda.synchronize()

    timed = interleave({"CUDA: slice": lambda: stopwatch(once)}, repeats=repeats)["CUDA: slice"]
    away = (slice_torch(grid, picture=there).cpu() - slice_grid(grid, picture=picture)).abs().max()
    return {"device": torch.cuda.get_device_name(), **timed.summary(), "differs": float(away)}


def measure(*, quick: bool, repeats: int) -> dict[str, Any]:
    """The whole report."""
    shape = QUICK_GRID if quick else GridShape()
    source = photographs()[0].transpose(2, 0, 1) / 255.0
    whole = resize(source, QUICK_SIZE if quick else SIZE).clip(0, 1)
    small = resize(source, QUICK_FIT if quick else FIT)
    output = retouch(small)
    picture = torch.from_numpy(whole.astype(np.float32))[None]
    grid = fit_grid(small, output=output, shape=shape)
    mega = whole.shape[1] * whole.shape[2] / 1e6

    def both() -> None:
        slice_grid(fit_grid(small, output=output, shape=shape), picture=picture)

    cases: dict[str, Callable[[], object]] = {
        OURS: both,
        "pairsmith: fit": lambda: fit_grid(small, output=output, shape=shape),
        "pairsmith: slice": lambda: slice_grid(grid, picture=picture),
        "PyTorch on the CPU: slice": lambda: slice_torch(grid, picture=picture),
    }
    times = interleave(
        {name: (lambda work=work: stopwatch(work)) for name, work in cases.items()},
        repeats=repeats,
    )
    exact: list[Grid] = []
    wall, cpu = stopwatch(lambda: exact.append(reference_fit(small, output=output, shape=shape)))
    times[REFERENCE] = Timing([wall], [cpu])
    part = whole[:, :CHECKED]
    wanted = reference_slice(exact[0], picture=part)
    found = slice_grid(grid, picture=torch.from_numpy(part.astype(np.float32))[None])[0].numpy()
    return {
        "machine": facts(), "threads": torch.get_num_threads(), "repeats": repeats,
        "megapixels": mega, "fit": list(small.shape[1:]), "aims": AIMS,
        "cases": {name: timing.summary() for name, timing in times.items()},
        "differs": float(np.abs(found - wanted).max()),
        "cuda": on_cuda(grid, picture, repeats=repeats), "load_at_end": facts()["load"],
    }  # fmt: skip


def markdown(report: dict[str, Any]) -> str:
    """The report in words."""
    rows = [
        [name, f"{case['wall']:.3f}", f"{case['wall_range'][0]:.3f}", f"{case['cpu']:.3f}"]
        for name, case in report["cases"].items()
    ]
    card = report["cuda"]
    said = (
        f"{card['device']}: slice {1000 * card['wall']:.1f} ms, differs by {card['differs']:.1e}"
        if card
        else "no CUDA device: the slice on a card was not measured"
    )
    return (
        f"{report['megapixels']:.1f} megapixels, {report['threads']} threads\n\n"
        + table(["", "median, s", "least, s", "processor, s"], rows)
        + f"\n\nLargest difference from the reference: {report['differs']:.1e}\n{said}"
    )


def main() -> None:
    """Runs the benchmark; JSON to --out, Markdown to standard output."""
    asked = parser(__doc__, result="guided.json").parse_args()
    repeats = asked.repeats or (1 if asked.quick else 7)
    report = measure(quick=asked.quick, repeats=repeats)
    save(report, out=asked.out)
    print(markdown(report))
    print(f"\nload {report['machine']['load']} to {report['load_at_end']}", file=sys.stderr)


if __name__ == "__main__":
    main()
