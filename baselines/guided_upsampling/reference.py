"""The fit and the slice once more, equation by equation with SciPy: what the fast ones must equal.

Every equation is a row of a sparse matrix, as the released MATLAB builds it; the fit solves the
normal equations by a general sparse factorisation, in float64, with nothing added to them. Slow,
and without an answer where the picture does not decide one (a gray picture); for tests and
benchmarks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse.linalg import splu

from baselines.guided_upsampling.fit import Planes
from baselines.guided_upsampling.grid import INPUTS, LUMA, OUTPUTS, Grid, GridShape


def reference_fit(picture: Planes, *, output: Planes, shape: GridShape | None = None) -> Grid:
    """As fit_grid."""
    shape = shape or GridShape()
    size = (shape.height, shape.width, shape.depth)
    mixed = _interpolation(picture, size)
    colours = [*picture.reshape(3, -1), np.ones(mixed.shape[0])]
    data = sparse.hstack([sparse.diags_array(colour) @ mixed for colour in colours])
    whole: Any = sparse.vstack([data, *_smoothness(picture.shape[1:], shape)]).tocsc()
    right = np.zeros((whole.shape[0], OUTPUTS))
    right[: mixed.shape[0]] = output.reshape(OUTPUTS, -1).T
    found = splu((whole.T @ whole).tocsc()).solve(np.asarray(whole.T @ right))
    return np.moveaxis(found.reshape(INPUTS, *size, OUTPUTS), 0, 3)


def reference_slice(grid: Grid, *, picture: Planes) -> Planes:
    """As slice_grid, [3,H,W] float64; luma within [0,1]."""
    maps = RegularGridInterpolator([np.arange(n) for n in grid.shape[:3]], grid)
    found = maps(np.stack(_places(picture, grid.shape[:3]), -1))
    return np.einsum("yxco,cyx->oyx", found[:, :, :3], picture) + found[:, :, 3].transpose(2, 0, 1)


def _places(picture: Planes, size: tuple[int, ...]) -> tuple[Planes, Planes, Planes]:
    """(row, column, luma) of every pixel in the grid."""
    _, height, width = picture.shape
    row = (np.arange(height) + 0.5) * (size[0] - 1) / height
    column = (np.arange(width) + 0.5) * (size[1] - 1) / width
    luma = np.tensordot(LUMA, picture, 1) * (size[2] - 1)
    down, across = np.meshgrid(row, column, indexing="ij")
    return down, across, luma


def _interpolation(picture: Planes, size: tuple[int, int, int]) -> Any:
    """[pixels, nodes]: the eight weights of each pixel; nodes beyond the grid are left out."""
    places = [axis.ravel() for axis in _places(picture, size)]
    rows, columns, values = [], [], []
    for corner in np.ndindex(2, 2, 2):
        node = [np.floor(place).astype(int) + step for place, step in zip(places, corner)]  # noqa: B905
        weight = np.prod([1 - abs(p - n) for p, n in zip(places, node, strict=True)], axis=0)
        inside = np.all([(n >= 0) & (n < side) for n, side in zip(node, size, strict=True)], axis=0)
        rows.append(np.flatnonzero(inside))
        columns.append(np.ravel_multi_index([n[inside] for n in node], size))
        values.append(weight[inside])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(entries, shape=(len(places[0]), int(np.prod(size))))


def _smoothness(picture: tuple[int, ...], shape: GridShape) -> list[Any]:
    """The equations that ask for differences of zero."""

    def first(count: int) -> Any:
        return sparse.eye_array(count - 1, count, k=1) - sparse.eye_array(count - 1, count)

    second = first(shape.depth - 1) @ first(shape.depth)  # rows of 1, -2, 1
    ends = first(shape.depth).tocsr()[[0, -1]]
    steps = [
        [first(shape.height), sparse.eye_array(shape.width), sparse.eye_array(shape.depth)],
        [sparse.eye_array(shape.height), first(shape.width), sparse.eye_array(shape.depth)],
        [
            sparse.eye_array(shape.height),
            sparse.eye_array(shape.width),
            sparse.vstack([second, ends]),
        ],
    ]
    weights = shape.smoothness((picture[0], picture[1]))
    return [
        weight * sparse.kron(sparse.eye_array(INPUTS), sparse.kron(sparse.kron(a, b), c))
        for weight, (a, b, c) in zip(weights, steps, strict=True)
    ]
