"""Leaks: pictures of one set that show the content of pictures of another, or of the same set.

Fingerprints name candidates; each is then laid over its counterpart, by agreeing features or as a
whole, and counts only where the detail of what both show is correlated.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.leaks.fingerprints import (
    FeatureIndex,
    Fingerprint,
    Plane,
    extent,
    matched,
    mirrored,
    sampled,
    take_fingerprint,
    without_light,
)
from evaluation.leaks.sheet import Leak, Leaks, relation_of
from evaluation.pictures import Samples

Matrix = NDArray[np.float64]  # [2,3]: b's coordinates to a's, in units of their longer sides
Report = Callable[[int, int], None]

# Candidates of one picture, of each of its two hands: by features, by the whole picture.
# Of 176 planted crops of half the sides (2 EV brighter with clipping, JPEG 30, halved, or noisy and
# 2 EV darker) among 742 pictures 98 % were among the first 8 by features; of 28 x 14 planted whole
# pictures (exposure, gamma, JPEG, noise, resizing) the least likeness was 0.75.
BY_FEATURES, BY_WHOLE = 12, 6
LEAST_VOTES, LEAST_LIKENESS = 3, 0.4
_REACH = (0.04, 0.02, 0.015)  # of a match that agrees, as share of the longer side, in three rounds
GRID = 64  # px, longer side of the overlap where content is compared
_LEAST_GRID, _LEAST_PIXELS = 6, 150  # px of a side, of an overlap
LEAST_OVERLAP = 0.2  # of the area of one of the two

# Of the score. Of 616 planted copies (22 changes of 28 pictures of set5, set12, bsds200, t91,
# lowlight, msec_inputs and train400) 614 have 0.78 and more; the others are crops of pictures of
# 215 px, halved or with noise. Among those sets' 742 pictures, each held against its candidates,
# different ones reach 0.49, those that share content 0.95 and more.
SURE, LIKELY = 0.7, 0.6
LEAST_AGREEING, MANY_AGREEING = 4, 10


@dataclass(frozen=True)
class Listed:
    """One picture of a set. name: unique in it. read: the picture [H,W,C], or raises ValueError or
    OSError. data: its file's bytes. group: pictures of one group of one set are alike by nature."""

    name: str
    read: Callable[[], Samples]
    data: Callable[[], bytes] | None = None
    group: str = ""


@dataclass(frozen=True)
class Prints:
    """The pictures of a set that could be read: their list, fingerprints and the sha256 of their
    bytes ('' where there are none), one to one; `bad`: a line for each of the others."""

    listed: list[Listed]
    prints: list[Fingerprint]
    files: list[str]
    bad: list[str]


def take_prints(listed: Sequence[Listed], *, report: Report | None = None) -> Prints:
    """Reads every picture once, on all cores: as many as there are cores are in memory at once."""
    taken = Prints([], [], [], [])
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = pool.map(_take_one, listed)
        for done, (item, result) in enumerate(zip(listed, results, strict=True), start=1):
            if isinstance(result, str):
                taken.bad.append(result)
            else:
                taken.listed.append(item)
                taken.prints.append(result[0])
                taken.files.append(result[1])
            if report is not None:
                report(done, len(listed))
    return taken


def _take_one(item: Listed) -> tuple[Fingerprint, str] | str:
    try:
        file = hashlib.sha256(item.data()).hexdigest() if item.data is not None else ""
        return take_fingerprint(item.read()), file
    except (ValueError, OSError) as error:
        return str(error) if item.name in str(error) else f"{item.name}: {error}"


def find_leaks(a: Prints, b: Prints | None = None, *, report: Report | None = None) -> Leaks:
    """Every pair (one of a, one of b) found to show the same content; b None: within a, each pair
    once, none of one group. At most 2 (BY_FEATURES + BY_WHOLE) are found of one of b, beside equal
    ones. Deterministic."""
    index = FeatureIndex(a.prints)
    same_files, same_pixels = _places(a.files), _places([p.pixels for p in a.prints])
    other = a if b is None else b
    groups = np.array([item.group for item in a.listed])
    found: list[Leak] = []
    for at, (item, print_) in enumerate(zip(other.listed, other.prints, strict=True)):
        allowed = np.ones(len(a.prints), bool)
        if b is None:
            allowed = (np.arange(len(a.prints)) < at) & ((groups != item.group) | (groups == ""))
        equal = {
            **dict.fromkeys(same_pixels.get(print_.pixels, ()), "same pixels"),
            **dict.fromkeys(same_files.get(other.files[at], ()), "identical bytes"),
        }
        for place, relation in equal.items():
            if allowed[place]:
                found.append(Leak(relation, 1.0, a.listed[place].name, item.name, 0, 1.0, 1.0))
        allowed[list(equal)] = False
        if not print_.flat:
            found += _like(a, item.name, print_, allowed=allowed, index=index)
        if report is not None:
            report(at + 1, len(other.prints))
    found.sort(key=lambda leak: (-leak.score, leak.a, leak.b))
    flat = sum(one.flat for one in (a.prints if b is None else [*a.prints, *b.prints]))
    bad = a.bad if b is None else [*a.bad, *b.bad]
    return Leaks(found, len(a.prints), 0 if b is None else len(b.prints), flat, bad)


def _places(hashes: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, value in enumerate(hashes):
        if value:
            places[value].append(place)
    return places


@dataclass(frozen=True)
class Laid:
    """Picture b laid over a: correlation of their detail, how many features agree, the transform,
    the share of each that both show, the median difference of luma, whether b is mirrored."""

    score: float
    features: int
    matrix: Matrix
    cover_a: float
    cover_b: float
    difference: float
    mirrored: bool


def accepted(laid: Laid) -> bool:
    """Whether the two show the same content."""
    least = SURE if laid.features < MANY_AGREEING else LIKELY
    return laid.score >= least and max(laid.cover_a, laid.cover_b) >= LEAST_OVERLAP


def _like(
    a: Prints, name: str, print_: Fingerprint, *, allowed: NDArray[np.bool_], index: FeatureIndex
) -> list[Leak]:
    best: dict[int, Laid] = {}
    for hand in (print_, mirrored(print_)):
        votes = np.where(allowed, index.votes(hand), 0)
        likeness = np.where(allowed, index.wholes @ hand.whole, 0.0)
        by_whole = _strongest(likeness, count=BY_WHOLE, least=LEAST_LIKENESS)
        for place in {*_strongest(votes, count=BY_FEATURES, least=LEAST_VOTES), *by_whole}:
            whole = place in by_whole
            laid = lay_over(a.prints[place], hand, whole=whole, mirrored=hand is not print_)
            if laid is not None and (place not in best or laid.score > best[place].score):
                best[place] = laid
    leaks: list[Leak] = []
    for place, laid in best.items():
        if accepted(laid):
            covers = round(laid.cover_a, 3), round(laid.cover_b, 3)
            relation, known = relation_of(laid, a=a.prints[place], b=print_), a.listed[place].name
            leaks.append(Leak(relation, round(laid.score, 4), known, name, laid.features, *covers))
    return leaks


def _strongest(values: NDArray[np.generic], *, count: int, least: float) -> list[int]:
    order = np.argsort(-values.astype(np.float64), kind="stable")[:count]
    return [int(place) for place in order if float(values[place]) >= least]


def lay_over(
    a: Fingerprint, b: Fingerprint, *, whole: bool = True, mirrored: bool = False
) -> Laid | None:
    """b over a by agreeing features, with `whole` also all of it over all of a, whichever fits
    better; None where that leaves too little to compare. mirrored: b is so already."""
    ways: list[tuple[Matrix, int]] = []
    if whole:
        wide, high = (p / q for p, q in zip(extent(a), extent(b), strict=True))
        ways.append((np.array([[wide, 0.0, 0.0], [0.0, high, 0.0]]), 0))
    if (agreed := similarity(*matched(a, b))) is not None:
        ways.append(agreed)
    laid = (compare(a, b, matrix=matrix, features=n, mirrored=mirrored) for matrix, n in ways)
    return max((one for one in laid if one is not None), key=lambda one: one.score, default=None)


def similarity(a: Plane, b: Plane) -> tuple[Matrix, int] | None:
    """The similarity transform from b to a that most matches agree with, and how many agree.

    A match of two features gives scale, angle and place, so each is tried (nothing is drawn); the
    best is fitted again to those that agree, by least squares. Points of one place count
    once. None where fewer than `LEAST_AGREEING` agree.
    """
    if not len(a):
        return None
    to, of = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    turns = a[:, 2] / b[:, 2] * np.exp(1j * (a[:, 3] - b[:, 3]))
    reach = np.maximum(np.abs(turns), 1.0)
    off = np.abs(turns[:, None] * (of - of[:, None]) + to[:, None] - to) / reach[:, None]
    agree = off < _REACH[0]
    inside = agree[agree.sum(axis=1).argmax()]
    turn = shift = 0j
    for least in _REACH:
        if inside.sum() < LEAST_AGREEING:
            return None
        mean_to, mean_of = to[inside].mean(), of[inside].mean()
        spread = float(np.sum(np.abs(of[inside] - mean_of) ** 2))
        if spread < 1e-6:  # all in one place
            return None
        turn = np.sum((to[inside] - mean_to) * np.conj(of[inside] - mean_of)) / spread
        shift = mean_to - turn * mean_of
        inside = np.abs(turn * of + shift - to) / max(abs(turn), 1.0) < least
    count = min(len(np.unique(np.round(places[inside] * 200))) for places in (to, of))
    if count < LEAST_AGREEING:
        return None
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return matrix, count


def compare(
    a: Fingerprint, b: Fingerprint, *, matrix: Matrix, features: int, mirrored: bool = False
) -> Laid | None:
    """The detail of what both show, on one grid in b's frame; None where they share too little.

    The score is the smaller of two correlations: of the detail, and of the detail without the
    means of its rows and columns, which horizons and frames have in common.
    """
    area = abs(float(np.linalg.det(matrix[:, :2])))
    if not 1e-2 < area < 1e2:  # a tenth of the scale: fewer pixels than are compared
        return None
    (wide_a, high_a), (wide_b, high_b) = extent(a), extent(b)
    corners = np.array([[0, 0, 1], [wide_a, 0, 1], [0, high_a, 1], [wide_a, high_a, 1]], float)
    corners = corners @ cv2.invertAffineTransform(matrix).T
    left, top = np.maximum(corners.min(axis=0), 0.0)
    right, bottom = np.minimum(corners.max(axis=0), (wide_b, high_b))
    side = max(right - left, bottom - top)
    if min(right - left, bottom - top) <= 0.0:
        return None
    finest = min(max(b.thumb.shape), np.sqrt(area) * max(a.thumb.shape))
    step = side / min(GRID, side * finest)
    columns, rows = round((right - left) / step), round((bottom - top) / step)
    if min(columns, rows) < _LEAST_GRID:
        return None
    grid = np.array([[step, 0, left + step / 2], [0, step, top + step / 2], [0, 0, 1]])
    onto = matrix @ grid
    places = np.stack([*np.meshgrid(np.arange(columns), np.arange(rows)), np.ones((rows, columns))])
    x, y = np.tensordot(onto, places, axes=1)
    both = (x >= 0) & (y >= 0) & (x <= wide_a) & (y <= high_a)
    if (pixels := int(both.sum())) < _LEAST_PIXELS:
        return None
    shared = pixels * step * step
    root_a, root_b = (sampled(p, m, (columns, rows)) for p, m in ((a, onto), (b, grid[:2])))
    detail_a, detail_b = without_light(root_a)[0], without_light(root_b)[0]
    score = min(
        _correlation(detail_a[both], detail_b[both]),
        _correlation(_crossless(detail_a, both)[both], _crossless(detail_b, both)[both]),
    )
    return Laid(
        score=score,
        features=features,
        matrix=matrix,
        cover_a=min(float(shared * area / (wide_a * high_a)), 1.0),
        cover_b=min(float(shared / (wide_b * high_b)), 1.0),
        difference=float(np.median(np.abs(root_a**2 - root_b**2)[both])),
        mirrored=mirrored,
    )


def _crossless(detail: Plane, both: NDArray[np.bool_]) -> Plane:
    kept = np.where(both, detail, np.float32(0))
    for axis in (1, 0):
        count = np.maximum(both.sum(axis=axis, keepdims=True), 1)
        kept = np.where(both, kept - kept.sum(axis=axis, keepdims=True) / count, 0.0)
    return kept.astype(np.float32)


def _correlation(a: Plane, b: Plane) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0.0 else 0.0
