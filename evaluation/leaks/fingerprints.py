"""Fingerprints of pictures: what of a picture is kept to find its likes, and the index of them.

A fingerprint holds three things about a picture's luma: a small copy, that copy with its light
taken out (whole pictures are compared by it), and local features (crops are found by them):
Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 2004, whose descriptors
stay where light, scale and place change. Coordinates are in units of the picture's longer side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.pictures import Samples

Plane = NDArray[np.float32]

LONG_SIDE = 384  # px, of the copy that features are taken of; 512 found fewer noisy crops
THUMB_SIDE = 160  # px, longer side of the copy that is kept
WHOLE_SIDE = 32  # px, side of the squashed copy that whole pictures are compared by
FEATURES = 320  # kept of a picture, the strongest
# Below this deviation of the kept copy a picture is flat: half a grey level of 8 bits, which is
# less than rounding leaves. Nothing but its bytes tells a flat picture from another.
FLAT = 0.5 / 255
# SIFT's thresholds for pictures whose light is taken out (detail has a deviation near 1, put on
# 8 bits by 40 levels): a tenth of Lowe's 0.03, for dark and noisy pictures; the strongest are kept.
_LEVELS, _CONTRAST = 40.0, 0.02
# OpenCV places features of its doubled picture a quarter of a pixel off: mirrored pictures give
# mirrored places with this, and only with this, added.
_SHIFT = 0.25
# Weight of the picture's mean detail against the local one, where the light is taken out. It keeps
# noise in flat parts from growing as large as detail.
_FLOOR = 0.3

RATIO = 0.9  # Lowe's test of matches (7.1; there 0.8); agreement in geometry does the rest

# The index: Jegou, Douze, Schmid, "Hamming Embedding and Weak Geometric Consistency for Large Scale
# Image Search", ECCV 2008: words, bits of a signature, its threshold (22 and 24 of 64 there; of 14
# to 24 the lower ones found more of 176 planted crops), and how many words a query looks into.
WORDS, BITS, NEAR, LOOKED_INTO = 2048, 64, 16, 8
_SAMPLE, _ROUNDS = 40_000, 6  # descriptors that the vocabulary is learnt from, rounds of k-means
_BLOCK = 16_384  # descriptors that are held against the words at once


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a picture.

    size: height, width. pixels: sha256 of its samples, shape and type. thumb: uint8, the square
    root of its luma stretched from `low` to `high`. flat: nothing can be seen in it. whole:
    float32 [1024], unit length, 0 where flat. points: float32 [K,4], x, y, size, angle in radians.
    descriptors: uint8 [K,128].
    """

    size: tuple[int, int]
    pixels: str
    thumb: NDArray[np.uint8]
    low: float
    high: float
    flat: bool
    whole: Plane
    points: Plane
    descriptors: NDArray[np.uint8]


def take_fingerprint(picture: Samples) -> Fingerprint:
    """The fingerprint of a picture [H,W,C] uint8, uint16 or float in [0,1]."""
    if picture.ndim != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is [H,W,C], got {list(picture.shape)}")
    if not np.isfinite(picture).all():
        raise ValueError("the picture has NaN or infinite samples")
    header = f"{picture.shape} {picture.dtype.str}".encode()
    pixels = hashlib.sha256(header + np.ascontiguousarray(picture).tobytes()).hexdigest()
    luma = luma_of(picture)
    root = np.sqrt(shrink(luma, side=THUMB_SIDE))
    low, high = float(root.min()), float(root.max())
    detail, mean_detail = without_light(root)
    flat = mean_detail < FLAT
    whole = cv2.resize(detail, (WHOLE_SIDE, WHOLE_SIDE), interpolation=cv2.INTER_AREA).ravel()
    whole = whole - whole.mean()
    length = float(np.linalg.norm(whole))
    whole = np.zeros_like(whole) if flat or length == 0.0 else whole / length
    points, descriptors = (_NO_POINTS, _NO_DESCRIPTORS) if flat else _features(luma)
    thumb = np.rint((root - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)
    size = (picture.shape[0], picture.shape[1])
    return Fingerprint(size, pixels, thumb, low, high, flat, whole, points, descriptors)


def mirrored(print_: Fingerprint) -> Fingerprint:
    """The fingerprint of the picture mirrored left to right; size and sha256 stay."""
    points = print_.points.copy()
    width = print_.size[1] / max(print_.size)
    points[:, 0] = width - points[:, 0]
    points[:, 3] = np.pi - points[:, 3]
    # along a feature's own direction nothing changes, across it places and angles are reversed
    cells = print_.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., (-np.arange(8)) % 8]
    return replace(
        print_,
        thumb=np.ascontiguousarray(print_.thumb[:, ::-1]),
        whole=np.ascontiguousarray(print_.whole.reshape(WHOLE_SIDE, -1)[:, ::-1]).ravel(),
        points=points,
        descriptors=np.ascontiguousarray(cells.reshape(-1, 128)),
    )


def luma_of(picture: Samples) -> Plane:
    """Luma [H,W] in [0,1]: BT.601's weights of three channels, the mean of others."""
    top = np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else 1
    known = picture if picture.dtype in (np.uint8, np.uint16) else picture.astype(np.float32)
    colored = picture.shape[2] == 3
    plane = cv2.cvtColor(known, cv2.COLOR_RGB2GRAY) if colored else known.mean(axis=2)
    return np.clip(plane.astype(np.float32) / np.float32(top), 0.0, 1.0)


def shrink(plane: Plane, *, side: int) -> Plane:
    """The plane with its longer side `side` px by area averaging; smaller ones as they are."""
    height, width = plane.shape
    share = side / max(height, width)
    if share >= 1.0:
        return plane
    size = (max(round(width * share), 1), max(round(height * share), 1))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def without_light(plane: Plane) -> tuple[Plane, float]:
    """Detail with the same strength everywhere, and the deviation of the detail before.

    The mean over a Gaussian of an eighth of the longer side is subtracted and the result divided by
    its deviation over the same, so that any gain and offset of the light, and their slow change
    over the picture, fall out. Edges continue by point reflection: a plain slope leaves nothing.
    """
    high: Plane = plane - _smoothed(plane)
    square = np.square(high, dtype=np.float32)
    strength = _smoothed(square, odd=False)
    mean = float(square.mean())
    floor = _FLOOR**2 * mean + FLAT**2
    level: Plane = np.sqrt(strength + np.float32(floor))
    return np.divide(high, level, dtype=np.float32), mean**0.5


def _smoothed(plane: Plane, *, odd: bool = True) -> Plane:
    """The mean over a Gaussian of an eighth of the longer side; of large planes by a small copy,
    from which so smooth a thing differs by little."""
    small = shrink(plane, side=THUMB_SIDE)
    sigma = max(small.shape) / 8.0
    reach = min(round(2.5 * sigma), min(small.shape) - 1)
    if reach < 1:
        return plane
    if odd:
        wide = np.pad(small, reach, mode="reflect", reflect_type="odd")
        small = cv2.GaussianBlur(wide, (0, 0), sigma)[reach:-reach, reach:-reach]
    else:
        small = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    if small.shape != plane.shape:
        small = cv2.resize(small, plane.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.float32)


_NO_POINTS = np.zeros((0, 4), np.float32)
_NO_DESCRIPTORS = np.zeros((0, 128), np.uint8)


def _features(luma: Plane) -> tuple[Plane, NDArray[np.uint8]]:
    """The strongest features of the luma without its light; equal strengths by place."""
    small = np.sqrt(shrink(luma, side=LONG_SIDE))
    detail, _ = without_light(small)
    shown = np.clip(np.rint(detail * _LEVELS + 128.0), 0, 255).astype(np.uint8)
    finder = cv2.SIFT.create(contrastThreshold=_CONTRAST)
    found, descriptors = finder.detectAndCompute(shown, None)
    if not found:
        return _NO_POINTS, _NO_DESCRIPTORS
    rows = [(p.pt[0] + _SHIFT, p.pt[1] + _SHIFT, p.size, np.deg2rad(p.angle)) for p in found]
    points = np.array(rows, np.float32)
    points[:, :3] /= max(small.shape)
    strength = np.array([-p.response for p in found])
    kept = np.lexsort((points[:, 3], points[:, 1], points[:, 0], strength))[:FEATURES]
    return points[kept], np.rint(descriptors[kept]).astype(np.uint8)


def extent(print_: Fingerprint) -> tuple[float, float]:
    """Width and height in units of the longer side."""
    height, width = print_.size
    return width / max(height, width), height / max(height, width)


def sampled(print_: Fingerprint, onto: NDArray[np.float64], size: tuple[int, int]) -> Plane:
    """The root of luma on a grid [rows,columns]; onto: from grid to the picture's coordinates."""
    to_pixels = onto * max(print_.thumb.shape)
    to_pixels[:, 2] -= 0.5
    plane = print_.thumb.astype(np.float32) * ((print_.high - print_.low) / 255) + print_.low
    if (wider := float(np.sqrt(abs(np.linalg.det(to_pixels[:, :2]))))) > 1.0:
        plane = cv2.GaussianBlur(plane, (0, 0), 0.5 * wider)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(plane, to_pixels, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    # forgives a pixel of misplacement, and noise
    return np.asarray(cv2.GaussianBlur(laid, (0, 0), 1.0), np.float32)


def rooted(descriptors: NDArray[np.uint8]) -> Plane:
    """Descriptors of unit length whose distances are Hellinger's (Arandjelovic and Zisserman,
    "Three Things Everyone Should Know to Improve Object Retrieval", CVPR 2012)."""
    values = np.sqrt(descriptors.astype(np.float32))
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)


def matched(a: Fingerprint, b: Fingerprint) -> tuple[Plane, Plane]:
    """Points [M,4] of a and of b whose descriptors are each other's nearest, and clearly nearer
    than the second nearest."""
    if len(a.points) < 2 or len(b.points) < 2:
        return a.points[:0], b.points[:0]
    likeness = rooted(b.descriptors) @ rooted(a.descriptors).T
    best, rows = likeness.argmax(axis=1), np.arange(len(likeness))
    mutual = likeness.argmax(axis=0)[best] == rows
    first = likeness[rows, best]
    likeness[rows, best] = -1.0
    # squared distances of unit vectors, halved
    kept = mutual & (1.0 - first < RATIO**2 * (1.0 - likeness.max(axis=1)))
    return a.points[best[kept]], b.points[kept]


class FeatureIndex:
    """The features of many pictures, by visual word: which pictures share features with one?

    Memory: 12 bytes a feature, while it is made 270. Deterministic: the vocabulary begins with
    features at equal distances in the list, the projection comes from a generator of its own.
    `wholes`: float32 [N,1024].
    """

    def __init__(self, prints: Sequence[Fingerprint]) -> None:
        counts = [len(p.descriptors) for p in prints]
        self.pictures = len(prints)
        self.wholes = np.array([p.whole for p in prints], np.float32).reshape(-1, WHOLE_SIDE**2)
        self._words = np.zeros((0, 128), np.float32)
        if not (total := sum(counts)):
            return
        stacked = np.concatenate([p.descriptors for p in prints])
        step = -(-total // _SAMPLE)
        self._words = _vocabulary(rooted(stacked[::step]))
        turned = np.random.default_rng(0).standard_normal((128, BITS))
        self._turn = np.linalg.qr(turned)[0].astype(np.float32)
        words, values = np.empty(total, np.int32), np.empty((total, BITS), np.float16)
        for at in range(0, total, _BLOCK):
            rows = rooted(stacked[at : at + _BLOCK])
            words[at : at + _BLOCK] = np.argmax(rows @ self._words.T, axis=1)
            values[at : at + _BLOCK] = rows @ self._turn
        order = np.argsort(words, kind="stable")
        self._ends = np.cumsum(np.bincount(words, minlength=len(self._words)))
        self._starts = np.concatenate([[0], self._ends[:-1]])
        self._middle = np.zeros((len(self._words), BITS), np.float32)
        self._signs = np.zeros(total, np.uint64)
        for word, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            if start < end:
                own = values[order[start:end]].astype(np.float32)
                self._middle[word] = np.median(own, axis=0)
                self._signs[start:end] = _pack(own > self._middle[word])
        self._owners = np.repeat(np.arange(self.pictures, dtype=np.int32), counts)[order]

    def votes(self, print_: Fingerprint) -> NDArray[np.int64]:
        """How many of the picture's features are near one of each indexed picture: int64 [N]."""
        if not len(self._words) or not len(print_.descriptors):
            return np.zeros(self.pictures, np.int64)
        rows = rooted(print_.descriptors)
        likeness, query = rows @ self._words.T, np.arange(len(rows))
        chosen: list[NDArray[np.intp]] = []
        for _ in range(min(LOOKED_INTO, len(self._words))):
            chosen.append(likeness.argmax(axis=1))
            likeness[query, chosen[-1]] = -2.0
        words, query = np.concatenate(chosen), np.tile(query, len(chosen))
        signs = _pack((rows @ self._turn)[query] > self._middle[words])
        counts = self._ends[words] - self._starts[words]
        first = np.repeat(self._starts[words] - np.cumsum(counts) + counts, counts)
        places = first + np.arange(counts.sum())
        near = np.bitwise_count(self._signs[places] ^ np.repeat(signs, counts)) <= NEAR
        pairs = np.repeat(query, counts)[near] * self.pictures + self._owners[places[near]]
        return np.bincount(np.unique(pairs) % self.pictures, minlength=self.pictures)


def _vocabulary(rows: Plane) -> Plane:
    """Words by k-means (Lloyd) of unit vectors; one that nothing is nearest to stays."""
    count = min(WORDS, max(len(rows) // 16, 1))
    words = rows[np.linspace(0, len(rows) - 1, count).astype(int)].copy()
    for _ in range(_ROUNDS):
        blocks = (rows[at : at + _BLOCK] for at in range(0, len(rows), _BLOCK))
        nearest = np.concatenate([np.argmax(block @ words.T, axis=1) for block in blocks])
        order = np.argsort(nearest, kind="stable")
        held, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(rows[order], starts, axis=0)
        words[held] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return words


def _pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """bool [N,64] -> uint64 [N]."""
    return np.packbits(bits, axis=1).view(np.uint64).ravel()
