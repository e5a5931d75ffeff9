"""NIQE, and its pristine model fitted to one's own pictures.

Mittal, Soundararajan and Bovik, Making a "Completely Blind" Image Quality Analyzer, IEEE Signal
Processing Letters 20(3), 2013. A picture's score is the distance between two Gaussians of 36
features of natural scenes: that of its own patches and that of the patches of undistorted pictures.
`fit_niqe` makes the second. Whoever replaces it has another metric, so scores of a fitted model
are named after its digest and never NIQE.

What the letter leaves open follows the authors' release: luma is MATLAB's rgb2gray of 8 bits, edges
are replicated, the second scale is imresize by 0.5, what is left of whole patches is cut off, and a
feature's mean and covariance leave out what is not a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.special import gammaln

from builders.atomic import write_whole
from degrade.resize import resize_matlab
from evaluation.pictures import Samples, to_u8

Floats = NDArray[np.float64]

PATCH = 96  # pixels along a patch's side, as in the release
FEATURES = 36  # 18 of each of two scales
LEAST = 2  # patches of a picture that is scored: one has no covariance
LEAST_PRISTINE = FEATURES + 1  # patches of a model: fewer leave its covariance singular
_SHARP = 0.75  # T of section II.B: a patch is kept above this part of the sharpest one's sharpness
_ROUND_OFF = 1e-9  # levels; see _coefficients
_FORMAT = "pairsmith-niqe-1"
# MATLAB's rgb2gray: the first row of the inverse of the matrix that takes RGB to YIQ
_YIQ = np.array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.106, 1.703]])
_GRAY: Floats = np.linalg.inv(_YIQ)[0]
# One side of the window of eq. 2 and 3: 7 samples, standard deviation 7/6 (the release's)
_WINDOW: Floats = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
_WINDOW /= _WINDOW.sum()
# (down, right) to the neighbours that a coefficient is multiplied with: sides and diagonals
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
# Shapes that a fit chooses from, and the ratio of moments that each has (it grows with the shape):
# Lasmar, Stitou and Berthoumieu, ICIP 2009, the letter's reference for fitting eq. 7.
_SHAPES: Floats = np.arange(0.2, 10.0005, 0.001)
_RATIOS: Floats = np.exp(2 * gammaln(2 / _SHAPES) - gammaln(1 / _SHAPES) - gammaln(3 / _SHAPES))


@dataclass(frozen=True, eq=False)
class Pristine:
    """What undistorted pictures look like. mean: [36]. cov: [36,36]. pictures, patches: how many it
    was fitted to. source: digest of those pictures' luma, '' where it is not known."""

    mean: Floats
    cov: Floats
    pictures: int = 0
    patches: int = 0
    source: str = ""

    @property
    def digest(self) -> str:
        """Of mean and covariance: 12 hexadecimal digits. Equal digests give equal scores."""
        data = b"".join(np.ascontiguousarray(x, "<f8").tobytes() for x in (self.mean, self.cov))
        return hashlib.sha256(data).hexdigest()[:12]


def fit_niqe(pictures: Iterable[Samples]) -> Pristine:
    """The model of these pictures: mean and covariance of the features of their sharp patches.

    pictures: undistorted, [H,W,3] or [H,W,1], uint8, uint16 or float in [0,1], each with room for
    one patch of 96x96; the authors took 125 photographs of 480x320 to 1280x720. Of each picture the
    patches count whose sharpness (mean local deviation, eq. 4) is above 0.75 of its sharpest's.
    Raises ValueError for a smaller picture, or for fewer than 37 patches in all.
    """
    kept: list[Floats] = []
    seen, count = hashlib.sha256(), 0
    for picture in pictures:
        luma = _luma(picture)
        found, sharpness = _features(luma)
        kept.append(found[sharpness > _SHARP * sharpness.max()])
        seen.update(luma.astype(np.uint8).tobytes())
        count += 1
    patches = sum(map(len, kept))
    if patches < LEAST_PRISTINE:
        raise ValueError(
            f"a NIQE model of {count} pictures has {patches} sharp patches of {PATCH}x{PATCH}; it "
            f"takes {LEAST_PRISTINE} or more: give more or larger undistorted pictures"
        )
    mean, cov = _gaussian(np.concatenate(kept))
    return Pristine(mean, cov, count, patches, seen.hexdigest()[:12])


def niqe_score(picture: Samples, pristine: Pristine) -> float:
    """Distance from the model, eq. 10: 0 is as natural as it, higher is worse.

    picture: [H,W,3] or [H,W,1], uint8, uint16 or float in [0,1] (rounded to 8 bits). Raises
    ValueError where it has no room for two patches of 96x96, or none has any structure.
    """
    rows, columns = (n // PATCH for n in picture.shape[:2])
    if rows * columns < LEAST:
        raise ValueError(
            f"NIQE of a picture of {picture.shape[1]}x{picture.shape[0]}: it takes {LEAST} whole "
            f"patches of {PATCH}x{PATCH} or more, so {PATCH}x{2 * PATCH} at the least"
        )
    mean, cov = _gaussian(_features(_luma(picture))[0])
    apart = pristine.mean - mean
    # the pseudo-inverse, as the release: few patches leave the covariance singular
    return float(np.sqrt(apart @ np.linalg.pinv((pristine.cov + cov) / 2) @ apart))


def save_pristine(pristine: Pristine, path: Path) -> None:
    """Writes a model as JSON, whole or not at all."""
    held = _Held(
        format=_FORMAT,
        mean=pristine.mean.tolist(),
        cov=pristine.cov.tolist(),
        pictures=pristine.pictures,
        patches=pristine.patches,
        source=pristine.source,
        digest=pristine.digest,
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(held), indent=1) + b"\n")


def load_pristine(path: Path) -> Pristine:
    """Reads what `save_pristine` wrote. Raises FileNotFoundError, or ValueError naming the file
    where it is another or was changed."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such NIQE model; `pairsmith fit-niqe` writes one")
    try:
        held = msgspec.json.decode(path.read_bytes(), type=_Held)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not a NIQE model of `pairsmith fit-niqe` ({error})") from error
    mean, cov = np.array(held.mean), np.array(held.cov)
    if held.format != _FORMAT or mean.shape != (FEATURES,) or cov.shape != (FEATURES, FEATURES):
        raise ValueError(
            f"{path}: format {held.format!r}, mean {mean.shape}, covariance {cov.shape}; a NIQE "
            f"model has format {_FORMAT!r}, mean ({FEATURES},), covariance ({FEATURES}, {FEATURES})"
        )
    read = Pristine(mean, cov, held.pictures, held.patches, held.source)
    if read.digest != held.digest:
        raise ValueError(
            f"{path}: its figures have digest {read.digest}, it was written with {held.digest}; "
            "fit it again"
        )
    return read


class _Held(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    mean: list[float]
    cov: list[list[float]]
    pictures: int
    patches: int
    source: str
    digest: str


def rgb2gray(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """MATLAB's rgb2gray of 8 bits, [H,W,3] to [H,W]: full range, rounded half up."""
    return np.floor(rgb @ _GRAY + 0.5).astype(np.uint8)


def _luma(picture: Samples) -> Floats:
    """[H,W], whole numbers 0 ... 255, cut to whole patches."""
    if picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise ValueError(f"NIQE takes pictures [H,W,3] or [H,W,1], got shape {picture.shape}")
    if min(picture.shape[:2]) < PATCH:
        raise ValueError(
            f"NIQE of a picture of {picture.shape[1]}x{picture.shape[0]}: no patch of "
            f"{PATCH}x{PATCH} fits into it"
        )
    eight = to_u8(picture)
    luma = eight[..., 0] if eight.shape[2] == 1 else rgb2gray(eight)
    height, width = (n - n % PATCH for n in luma.shape)
    return luma[:height, :width].astype(np.float64)


def _features(luma: Floats) -> tuple[Floats, Floats]:
    """(features [patches,36], sharpness [patches]) of luma [H,W], multiples of 96."""
    coefficients, deviation = _coefficients(luma)
    half = resize_matlab(luma, scale=0.5, reading="matlab-bicubic-double")
    found = [_patch_features(coefficients, PATCH)]
    found.append(_patch_features(_coefficients(half)[0], PATCH // 2))
    return np.concatenate(found, axis=1), _patches(deviation, PATCH).mean(axis=(1, 2))


def _coefficients(luma: Floats) -> tuple[Floats, Floats]:
    """Mean-subtracted contrast-normalised coefficients (eq. 1) and local deviation (eq. 3), [H,W].

    Where a picture is flat, luma less its mean is 0 but for the round-off of a sum; which sign that
    has differs between machines, and the two sides' deviations are counted by sign. It is made 0.
    """
    mean = _blurred(luma)
    deviation = np.sqrt(np.abs(_blurred(luma * luma) - mean * mean))
    apart = luma - mean
    apart[np.abs(apart) < _ROUND_OFF] = 0.0
    return apart / (deviation + 1.0), deviation


def _blurred(luma: Floats) -> Floats:
    down = correlate1d(luma, _WINDOW, axis=0, mode="nearest")
    return correlate1d(down, _WINDOW, axis=1, mode="nearest")


def _patches(plane: Floats, side: int) -> Floats:
    """[H,W] cut into [patches,side,side], row by row."""
    rows, columns = (n // side for n in plane.shape)
    return plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _patch_features(coefficients: Floats, side: int) -> Floats:
    """[patches,18]: shape and scale of the coefficients; shape, mean and both scales of their
    products with each of four neighbours, which wrap around inside the patch."""
    made: list[Floats] = []
    # a row of patches at a time: memory stays that of the picture, whatever its size
    for top in range(0, len(coefficients), side):
        patches = _patches(coefficients[top : top + side], side)
        shape, left, right = _asymmetric(patches)
        columns = [shape, (left + right) / 2]
        for shift in _NEIGHBOURS:
            shape, left, right = _asymmetric(patches * np.roll(patches, shift, axis=(1, 2)))
            mean = (right - left) * np.exp(gammaln(2 / shape) - gammaln(1 / shape))  # eq. 8
            columns += [shape, mean, left, right]
        made.append(np.stack(columns, axis=1))
    return np.concatenate(made)


def _asymmetric(patches: Floats) -> tuple[Floats, Floats, Floats]:
    """Shape, left and right scale of the asymmetric generalised Gaussian (eq. 7) that has each
    patch's moments; NaN for a patch without values on both sides of 0."""
    squares = patches * patches
    sides: list[Any] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for on in (patches < 0, patches > 0):
            sides.append(np.sqrt((squares * on).sum(axis=(1, 2)) / on.sum(axis=(1, 2))))
        left, right = sides
        skew = left / right
        ratio = np.abs(patches).mean(axis=(1, 2)) ** 2 / squares.mean(axis=(1, 2))
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = np.where(np.isfinite(ratio), _nearest_shape(ratio), np.nan)
    scale = np.exp((gammaln(1 / shape) - gammaln(3 / shape)) / 2)
    return shape, left * scale, right * scale


def _nearest_shape(ratio: Floats) -> Floats:
    above = np.clip(np.searchsorted(_RATIOS, ratio), 1, len(_RATIOS) - 1)
    below = above - 1
    nearer = np.where(ratio - _RATIOS[below] <= _RATIOS[above] - ratio, below, above)
    return _SHAPES[nearer]


def _gaussian(features: Floats) -> tuple[Floats, Floats]:
    """Mean of each feature where it is a number; covariance of the rows that are all numbers."""
    whole = features[~np.isnan(features).any(axis=1)]
    if len(whole) < LEAST:
        raise ValueError(
            f"NIQE: {len(whole)} of {len(features)} patches have structure to measure, it takes "
            f"{LEAST}: the picture is flat"
        )
    return np.nanmean(features, axis=0), np.cov(whole, rowvar=False)
