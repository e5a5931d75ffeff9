"""What must be right about a set before any model runs: partners, count, sizes, contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.benchmark import Benchmark, Size, Sizes
from evaluation.inputs import Bicubic, GaussianNoise, LumaBicubic, scale_of
from evaluation.pictures import Samples
from evaluation.sets.find import Entry, Found
from evaluation.sets.reading import Header, read_header, read_stored

SHOWN = 5  # faults that are printed; the rest is counted
# Contents are compared where decoding takes seconds: DIV2K's hundred 2K pictures, twice, and less.
CONTENT_PIXELS = 600e6
THUMBNAIL = 24  # side in pixels of what contents are compared by
# An input is named where its thumbnail is unlike its own target's and like another's, by these
# correlations. Measured on 200 pictures of BSDS: strangers stay below 0.77 in 99.9 % (highest
# 0.87); partners stay above 0.54 in 99 %, made a tenth as bright with noise, x2.8 with clipping,
# blurred by 31 px, in heavy rain, at a quarter of the size (lowest 0.37, in rain).
_OWN, _OTHER = 0.55, 0.85


def check_set(
    benchmark: Benchmark, found: Found, *, report: Callable[[int, int], None]
) -> list[str]:
    """Notes on what was not looked at. Raises ValueError with the first five faults, and their
    count where there are more. report: (done, total) headers read."""
    notes: list[str] = []
    faults = [f"{path}: has no partner of its name" for path in found.alone]
    faults += _count(benchmark, found)
    if found.entries and not faults:
        headers = _headers(found.entries, report=report)
        faults += _sizes(benchmark, found.entries, headers)
        faults += _partners(benchmark, found.entries, headers)
        if not faults:
            more, notes = _contents(found.entries, headers)
            faults += more
    if faults:
        rest = f"\n... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        head = f"{found.folder} is not {benchmark.name} as published:"
        remedy = "Copy or download the set again, or score the folder as it is: --set FOLDER"
        if benchmark.contents:  # one's own
            head, remedy = f"{found.folder}: pairs that cannot be scored:", "Mend or remove them"
        raise ValueError("\n".join((head, *faults[:SHOWN])) + f"{rest}\n{remedy}")
    return notes


def _count(benchmark: Benchmark, found: Found) -> list[str]:
    count = len(found.cases)
    if not benchmark.count or count == benchmark.count:
        return []
    names = ", ".join(case.name for case in found.cases[:3])
    return [f"{count} pictures ({names} ...), the set has {benchmark.count}"]


def _headers(entries: Sequence[Entry], *, report: Callable[[int, int], None]) -> dict[str, Header]:
    paths = dict.fromkeys(
        path for entry in entries for path in (*entry.lqs, *entry.targets.values())
    )
    headers: dict[str, Header] = {}
    for done, path in enumerate(paths, start=1):
        headers[str(path)] = read_header(path)
        report(done, len(paths))
    return headers


def _sizes(benchmark: Benchmark, entries: Sequence[Entry], headers: dict[str, Header]) -> list[str]:
    """Targets (inputs, where there are none) whose size or channels the set does not have."""
    files = [
        (str(path), headers[str(path)])
        for entry in entries
        for path in (list(entry.targets.values())[:1] or entry.lqs[:1])
    ]
    faults = [
        f"{path}: {header.channels} channel{'s' * (header.channels > 1)}, the set's pictures have "
        f"{' or '.join(map(str, benchmark.channels))}"
        for path, header in files
        if benchmark.channels and header.channels not in benchmark.channels
    ]
    multiple = _multiple(benchmark)
    return faults + _wrong_sizes(benchmark.sizes, files, multiple=multiple, name=_plain(benchmark))


def _plain(benchmark: Benchmark) -> str:
    """The set's own name: of `folders`, the usual one."""
    return next(iter(benchmark.folders), benchmark.name)


def _multiple(benchmark: Benchmark) -> int:
    """What the distributions crop targets to a multiple of: the scale, or the protocol's own."""
    inputs = benchmark.inputs
    return inputs.crop or inputs.scale if isinstance(inputs, Bicubic) else scale_of(inputs)


def _wrong_sizes(
    sizes: Sizes, files: Sequence[tuple[str, Header]], *, multiple: int, name: str
) -> list[str]:
    def cropped(size: Size) -> Size:
        return size[0] - size[0] % multiple, size[1] - size[1] % multiple

    left: Counter[Size] = Counter()
    for size, count in sizes.counts.items():
        left[cropped(size)] += count
    among = {cropped(size) for size in sizes.among}
    faults = []
    for path, header in files:
        size = cropped((header.height, header.width))
        shown, side = f"{header.width}x{header.height}", max(size)
        if sizes.counts:
            if left[size] > 0:
                left[size] -= 1
            else:
                faults.append((path, f"{shown}, {name} has no (more) picture of this size"))
        elif among and size not in among:
            faults.append((path, f"{shown}, {name} has {_listed(sizes.among)}"))
        elif sizes.long_side and side != sizes.long_side - sizes.long_side % multiple:
            faults.append((path, f"{shown}, the longer side of {name} is {sizes.long_side}"))
        elif side < sizes.least:
            faults.append(
                (path, f"{shown}, every longer side of {name} has {sizes.least} or more: a copy "
                 "at part of the size")
            )  # fmt: skip
    gone = _listed(size for size, count in left.items() if count > 0)
    return [f"{path}: {why}{f'; missing: {gone}' if gone else ''}" for path, why in faults]


def _listed(sizes: Iterable[Size]) -> str:
    return ", ".join(f"{width}x{height}" for height, width in sizes)


def _partners(
    benchmark: Benchmark, entries: Sequence[Entry], headers: dict[str, Header]
) -> list[str]:
    """Inputs whose size is not their target's divided by the scale."""
    if isinstance(benchmark.inputs, GaussianNoise | LumaBicubic):
        return []
    scale, faults = scale_of(benchmark.inputs), []
    crop = _multiple(benchmark)
    for entry in entries:
        for target in entry.targets.values():
            big = headers[str(target)]
            want = tuple((n - n % crop) // scale for n in (big.height, big.width))
            for path in entry.lqs:
                got = headers[str(path)]
                if got.channels != big.channels:
                    faults.append(
                        f"{path}: {got.channels} channel(s), its target {target.name} has "
                        f"{big.channels}"
                    )
                if (got.height, got.width) != want:
                    faults.append(
                        f"{path}: {got.width}x{got.height}, its target {target.name} of "
                        f"{big.width}x{big.height} at x{scale} asks for {want[1]}x{want[0]}"
                    )
    return faults


def _contents(entries: Sequence[Entry], headers: dict[str, Header]) -> tuple[list[str], list[str]]:
    """(files that cannot be decoded, and inputs that show what another target shows, by thumbnails;
    a note where it was not tried)"""
    sides = [[*entry.lqs[:1], *list(entry.targets.values())[:1]] for entry in entries]
    pixels = sum(
        headers[str(path)].height * headers[str(path)].width for side in sides for path in side
    )
    if pixels > CONTENT_PIXELS:
        return [], [f"{pixels / 1e6:,.0f} megapixels: contents were not looked at beforehand"]
    faults, shown = [], []
    for side in sides:
        try:
            shown.append([_thumbnail(read_stored(path)) for path in side])
        except ValueError as error:
            faults.append(str(error))
    both = [entry for entry in entries if entry.lqs and entry.targets]
    if faults or len(both) < len(entries):
        return faults, []
    lqs, gts = (np.stack(column) for column in zip(*shown, strict=True))
    alike = lqs @ gts.T
    own = np.diag(alike)
    other = alike.argmax(axis=1)
    swapped = [
        f"{both[i].lqs[0]}: shows what {next(iter(both[other[i]].targets.values())).name} shows, "
        "not its own target: swapped"
        for i in range(len(both))
        if own[i] < _OWN and alike[i, other[i]] > _OTHER
    ]
    return swapped, []


def _thumbnail(picture: Samples) -> NDArray[np.float64]:
    """Mean-free luma of unit length, [THUMBNAIL**2]."""
    small = cv2.resize(
        picture.astype(np.float32), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA
    )
    flat = (small if small.ndim == 2 else small.mean(axis=2)).astype(np.float64).ravel()
    flat -= flat.mean()
    return flat / max(float(np.linalg.norm(flat)), 1e-9)
