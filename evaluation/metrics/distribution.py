"""FID and KID: how far two sets of pictures are apart, by the features of one network.

FID: Heusel et al., GANs Trained by a Two Time-Scale Update Rule, NeurIPS 2017. KID: Binkowski et
al., Demystifying MMD GANs, ICLR 2018. Pictures are brought to the network's 299x299 as clean-fid
does (Parmar, Zhang and Zhu, CVPR 2022), which is also what pyiqa's `fid` does. Both are meant for
thousands of pictures: of N pictures FID's covariance has rank N - 1, and FID is biased upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from degrade.option_error import OptionError
from degrade.reading.clean import read_clean
from evaluation.metrics.perceptual import quiet_pyiqa
from evaluation.metrics.pyiqa_table import ENTRIES
from evaluation.pictures import to_u8

Floats = NDArray[np.float64]
# (pictures [N,3,299,299] float32, 0 ... 255) -> features [N,D]
Features = Callable[[NDArray[np.float32]], NDArray[Any]]
Distance = Callable[[Sequence[Path], Sequence[Path]], float]

SIDE = 299  # of Inception-v3's input
BATCH = 16
LEAST = 2  # pictures of a side: one has neither covariance nor pairs


def open_distribution(name: str, *, device: str) -> Distance:
    """'fid' or 'kid' as a function of two lists of picture files: outputs, targets.

    The lists need not have one length, nor one order. The function raises ValueError where a list
    has fewer than two pictures, and names a file that cannot be read. Raises Unavailable where
    pyiqa or Inception's weights are missing.
    """
    if name not in DISTANCES:
        raise OptionError(f"--metrics {name}: a score of sets is one of {', '.join(DISTANCES)}")
    with quiet_pyiqa(ENTRIES[name]):
        import torch
        from pyiqa.archs.inception import InceptionV3

        network = InceptionV3().eval()
    network = network.to(device)

    def features(pictures: NDArray[np.float32]) -> NDArray[Any]:
        with torch.inference_mode():
            given = torch.from_numpy((pictures - 128) / 128).to(device)  # clean-fid's, not -1 ... 1
            return network(given, False, False)[0].flatten(1).cpu().numpy()

    return distance_by(features, name=name)


def distance_by(features: Features, *, name: str) -> Distance:
    """The distance of this name, with any network in place of Inception."""
    distance = DISTANCES[name]

    def between(outputs: Sequence[Path], targets: Sequence[Path]) -> float:
        sides = {"outputs": outputs, "targets": targets}
        for side, paths in sides.items():
            if len(paths) < LEAST:
                raise ValueError(f"{name}: {len(paths)} {side}, it takes {LEAST} or more")
        return distance(*(_features_of(paths, features) for paths in sides.values()))

    return between


def fid(outputs: Floats, targets: Floats) -> float:
    """Frechet distance of the Gaussians of two sets of features [N,D] and [M,D]."""
    sides = (outputs, targets)
    means = [side.mean(axis=0) for side in sides]
    first, second = (np.cov(side, rowvar=False).reshape((side.shape[1],) * 2) for side in sides)
    return frechet_distance((means[0], first), (means[1], second))


def frechet_distance(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> float:
    """|m - n|^2 + tr(C + D - 2 (C D)^(1/2)) of two Gaussians (mean [D], covariance [D,D]).

    Dowson and Landau, The Frechet Distance between Multivariate Normal Distributions, Journal of
    Multivariate Analysis 12, 1982. The trace of the root is the sum of the singular values of
    C^(1/2) D^(1/2), which exists for singular covariances too.
    """
    (m, c), (n, d) = first, second
    shared = np.linalg.svd(_root(c) @ _root(d), compute_uv=False).sum()
    return max(0.0, float(((m - n) ** 2).sum() + np.trace(c) + np.trace(d) - 2 * shared))


def kid(outputs: Floats, targets: Floats) -> float:
    """Squared maximum mean discrepancy with the kernel (x . y / D + 1)^3, unbiased: section 4.

    outputs, targets: features [N,D] and [M,D]. All pairs of all pictures count, where other code
    averages random subsets: nothing is drawn. Equal distributions have 0 on average, so a single
    value may be below it.
    """
    within = [_kernel(side, side) for side in (outputs, targets)]
    pairs = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within]
    return float(sum(pairs) - 2 * _kernel(outputs, targets).mean())


DISTANCES: dict[str, Callable[[Floats, Floats], float]] = {"fid": fid, "kid": kid}


def _kernel(first: Floats, second: Floats) -> Floats:
    return (first @ second.T / first.shape[1] + 1.0) ** 3


def _root(covariance: Floats) -> Floats:
    """The symmetric root of a symmetric matrix whose negative eigenvalues are round-off."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T


def _features_of(paths: Sequence[Path], features: Features) -> Floats:
    """[N,D] float64, in the order of the paths."""
    found = [
        features(np.stack([_resized(path) for path in paths[start : start + BATCH]]))
        for start in range(0, len(paths), BATCH)
    ]
    return np.concatenate(found).astype(np.float64)


def _resized(path: Path) -> NDArray[np.float32]:
    """[3,299,299], 0 ... 255: each channel by Pillow's bicubic in float32, then clipped."""
    picture = to_u8(read_clean(path))
    planes = [
        np.asarray(
            Image.fromarray(picture[..., channel].astype(np.float32)).resize(
                (SIDE, SIDE), Image.Resampling.BICUBIC
            )
        )
        for channel in range(3)
    ]
    return np.clip(np.stack(planes), 0.0, 255.0)
