"""The cases that a report shows: the worst and the best so far, kept as PNG while a run goes on.

Which ones are kept follows from the files that are there and the scores of the rows, never from
memory: a run that was killed and resumed keeps the same as one that was not.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from builders.atomic import TEMPORARY, write_whole
from degrade.images import encode_picture
from evaluation.pictures import Samples, to_rgb8

U8 = NDArray[np.uint8]

EACH = 4  # cases kept at either end
LONGEST = 480  # pixels: what is larger is cropped, so that a report stays small and at 1:1
KINDS = ("input", "output", "target")
_FOCUS = 33  # pixels: the error of a place is the mean over so many on a side
_NAME = re.compile(rf"(\d{{4,}})-({'|'.join(KINDS)})\.png")


@dataclass(frozen=True)
class Pictures:
    """What a row shows: the input as the model got it, the output, the target or None.

    [H,W,C]: uint8, uint16, or float with 1 as white. Gray is shown as RGB, of more than three
    channels the first three. Output and target are of one size; the input may be smaller.
    """

    lq: Samples
    output: Samples
    target: Samples | None


@dataclass(frozen=True)
class Cases:
    """Rows by index. worst: the worst first; best: the best first; unranked: where no row has a
    score. No row is in two of them."""

    worst: tuple[int, ...] = ()
    best: tuple[int, ...] = ()
    unranked: tuple[int, ...] = ()

    @property
    def all(self) -> frozenset[int]:
        """The rows of all three."""
        return frozenset((*self.worst, *self.best, *self.unranked))


def choose_cases(scores: Mapping[int, float | None], *, better: str) -> Cases:
    """The worst 4 and the best 4 rows; of fewer than 8, the worse half (rounded up) and the rest.

    scores: row index -> score of the metric that ranks; None and NaN have no rank, infinities do.
    better: 'higher' or 'lower'. Of equal scores the row of the smaller index comes first.
    Without any score: the first 4 rows. Raises ValueError for another `better`.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f"better {better!r}: one of higher, lower")
    sign = 1.0 if better == "higher" else -1.0
    ranked = [
        (sign * score, index)
        for index, score in scores.items()
        if score is not None and score == score
    ]
    if not ranked:
        return Cases(unranked=tuple(heapq.nsmallest(EACH, scores)))
    worst = heapq.nsmallest(min(EACH, (len(ranked) + 1) // 2), ranked)
    rest = [(-score, index) for score, index in ranked if (score, index) not in worst]
    best = heapq.nsmallest(min(EACH, len(ranked) // 2), rest)
    return Cases(tuple(index for _, index in worst), tuple(index for _, index in best))


def offer_exhibit(
    folder: Path,
    *,
    index: int,
    scores: Mapping[int, float | None],
    better: str,
    pictures: Pictures,
) -> bool:
    """Keeps a row's pictures where it is among the worst or the best so far; says whether it is.

    folder: of a run's exhibits; made where it is missing. index: of the row, 0 and up. scores: of
    every row done so far, this one among them; better: see `choose_cases`. Rows that fell out are
    deleted. Call it before the row is recorded as done: then a kill in between makes the row, and
    its exhibit, again. Raises KeyError where `scores` lacks the row, ValueError where output and
    target differ in size.
    """
    here = kept_exhibits(folder)
    known = {index: scores[index]} | {row: scores[row] for row in here if row in scores}
    chosen = choose_cases(known, better=better).all
    if index in chosen:
        for kind, picture in _shown(pictures).items():
            write_whole(
                folder / exhibit_name(index, kind=kind), encode_picture(picture, codec="png")
            )
        if pictures.target is None:
            (folder / exhibit_name(index, kind="target")).unlink(missing_ok=True)
    for row in here:
        if row not in chosen:
            for path in here[row].values():
                path.unlink(missing_ok=True)
    for path in folder.glob(f"{TEMPORARY}*"):  # parts that a kill left
        path.unlink(missing_ok=True)
    return index in chosen


def exhibit_name(index: int, *, kind: str) -> str:
    """'0012-output.png'. kind: one of `KINDS`."""
    return f"{index:04d}-{kind}.png"


def kept_exhibits(folder: Path) -> dict[int, dict[str, Path]]:
    """Row index -> kind -> file, of what is in the folder now; nothing where there is none.

    A row whose writing was cut short may lack a kind.
    """
    found: dict[int, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if name := _NAME.fullmatch(path.name):
            found.setdefault(int(name[1]), {})[name[2]] = path
    return found


def _shown(pictures: Pictures) -> dict[str, U8]:
    """Kind -> the same window of each picture, [H,W,3] uint8, the input enlarged to the output."""
    output = to_rgb8(pictures.output)
    target = None if pictures.target is None else to_rgb8(pictures.target)
    if target is not None and target.shape != output.shape:
        sizes = [f"{side.shape[1]}x{side.shape[0]}" for side in (output, target)]
        raise ValueError(f"an exhibit's output is {sizes[0]}, its target {sizes[1]}: not the same")
    height, width = output.shape[:2]
    top, left = _corner(output, target)
    rows = np.arange(top, min(top + LONGEST, height))
    columns = np.arange(left, min(left + LONGEST, width))
    window = np.ix_(rows, columns)
    lq = to_rgb8(pictures.lq)
    near = np.ix_(rows * lq.shape[0] // height, columns * lq.shape[1] // width)
    shown = {"input": lq[near], "output": output[window]}
    return shown if target is None else {**shown, "target": target[window]}


def _corner(output: U8, target: U8 | None) -> tuple[int, int]:
    """Top and left of the window: around the place of the largest error, else in the middle."""
    height, width = output.shape[:2]
    y, x = height // 2, width // 2
    if target is not None and max(height, width) > LONGEST:
        error = cv2.absdiff(output, target).astype(np.float32) ** 2
        # zeros outside: an edge's few pixels never outweigh a whole window of the same error
        mean = cv2.blur(error.sum(axis=2), (_FOCUS, _FOCUS), borderType=cv2.BORDER_CONSTANT)
        y, x = (int(place) for place in np.unravel_index(np.argmax(mean), mean.shape))
    return tuple(
        min(max(place - LONGEST // 2, 0), max(size - LONGEST, 0))
        for place, size in ((y, height), (x, width))
    )  # type: ignore[return-value]
