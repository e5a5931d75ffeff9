"""The fit of a bilateral grid to a small picture and what became of it: exact least squares.

The equations are those of the released solver (google/bgu, bguFit.m): one a pixel and output, and
the smoothness of GridShape. The three outputs share one matrix, so there are 4 unknowns a node and
three right sides: 15,488 for MSEC's grid in place of 46,464. Ordered column by column the normal
equations have a band of one column of the grid (743), and a banded Cholesky factorisation solves
them at once, in float64: no iterations, no tolerance.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from baselines.guided_upsampling.banded import BLOCK, Rows, empty_rows, solve_banded
from baselines.guided_upsampling.grid import INPUTS, LUMA, OUTPUTS, Grid, GridShape

# Added to the diagonal: it decides what no equation does (the separate colours of a gray picture)
# beside the weakest smoothness of MSEC's fit, 4e-6. It moves the fitted picture by some 1e-5 of its
# range, and colours that the small picture lacks at that place by up to 2e-3.
RIDGE = 1e-9

Planes = NDArray[np.float64]


def fit_grid(picture: Planes, *, output: Planes, shape: GridShape | None = None) -> Grid:
    """The grid whose maps turn `picture` into `output`, both [3,h,w] float64.

    picture: about [0,1]. Quirk of the release, kept: where luma lies outside (resizing overshoots
    at edges), the nodes that would lie beyond the grid are left out and the weights of the others
    no longer add up to 1, which bends the maps near black and white; clip the picture to avoid it.
    Returns [height,width,depth,4,3].
    Raises ValueError for shapes that differ and for NaN or infinity.
    """
    shape = shape or GridShape()
    if picture.shape != output.shape or picture.ndim != 3 or picture.shape[0] != OUTPUTS:
        raise ValueError(
            f"guided fit got {list(picture.shape)} and {list(output.shape)}: two pictures [3,h,w] "
            "of one size are wanted"
        )
    for name, planes in (("picture", picture), ("output", output)):
        if not np.isfinite(planes).all():
            raise ValueError(f"guided fit: the small {name} holds NaN or infinity")
    column = shape.height * shape.depth * INPUTS  # unknowns
    reach = column + shape.depth * INPUTS + 2 * INPUTS  # of a pixel's eight nodes, and of luma
    count = shape.width * column
    rows = empty_rows(count, reach=reach)
    right = np.zeros((count, OUTPUTS))
    size = (shape.height, shape.width, shape.depth)
    luma = np.tensordot(LUMA, picture, 1)
    _add_pixels(
        np.ascontiguousarray(picture), np.ascontiguousarray(output), luma, size, rows, right
    )
    _add_smoothness(size, shape.smoothness((picture.shape[1], picture.shape[2])), rows)
    places = np.arange(count)
    rows[places, places % BLOCK] += RIDGE
    found = solve_banded(rows, right)
    by_column = found.reshape(shape.width, shape.height, shape.depth, INPUTS, OUTPUTS)
    return np.ascontiguousarray(by_column.swapaxes(0, 1))


@njit(cache=True, nogil=True)
def _add_smoothness(
    size: tuple[int, int, int], weights: tuple[float, float, float], rows: Rows
) -> None:
    """Adds the squares of the differences between neighbouring nodes."""
    high, wide, deep = size
    down, across, along = weights[0] ** 2, weights[1] ** 2, weights[2] ** 2
    for node in range(wide * high * deep):
        i, j, k = node // (high * deep), node // deep % high, node % deep
        for c in range(node * INPUTS, (node + 1) * INPUTS):
            if j + 1 < high:
                _add_difference(rows, c, deep * INPUTS, down)
            if i + 1 < wide:
                _add_difference(rows, c, high * deep * INPUTS, across)
            if k == 0:  # luma's ends have first differences in place of second ones
                _add_difference(rows, c, INPUTS, along)
            if k == deep - 2:
                _add_difference(rows, c, INPUTS, along)
            if k + 2 < deep:  # 1, -2, 1: the square has 1, 4, 1 on the diagonal
                middle, last = c + INPUTS, c + 2 * INPUTS
                rows[c, c % BLOCK] += along
                rows[middle, middle % BLOCK] += 4 * along
                rows[last, last % BLOCK] += along
                rows[c, c % BLOCK + INPUTS] -= 2 * along
                rows[middle, middle % BLOCK + INPUTS] -= 2 * along
                rows[c, c % BLOCK + 2 * INPUTS] += along


@njit(cache=True, nogil=True)
def _add_difference(rows: Rows, first: int, step: int, square: float) -> None:
    """Adds square * (second - first)**2 of two unknowns `step` apart."""
    second = first + step
    rows[first, first % BLOCK] += square
    rows[second, second % BLOCK] += square
    rows[first, first % BLOCK + step] -= square


@njit(cache=True, nogil=True)
def _add_pixels(
    picture: Planes,
    output: Planes,
    luma: NDArray[np.float64],
    size: tuple[int, int, int],
    rows: Rows,
    right: NDArray[np.float64],
) -> None:
    """Adds every pixel's equation to the normal equations.

    size: nodes (height, width, depth). rows: as solve_banded has them. right: [n,3].
    """
    high, wide, deep = size
    lines, columns = luma.shape
    weight, place = np.empty(8 * INPUTS), np.empty(8 * INPUTS, np.int64)
    for y in range(lines):
        v = (y + 0.5) * (high - 1) / lines
        j = min(int(v), high - 2)
        for x in range(columns):
            u = (x + 0.5) * (wide - 1) / columns
            i = min(int(u), wide - 2)
            w = luma[y, x] * (deep - 1)
            k = int(np.floor(w))
            count = 0
            for corner in range(8):  # ascending places, as the triangle wants them
                right_side, lower, brighter = corner >> 2, corner >> 1 & 1, corner & 1
                if not 0 <= k + brighter < deep:
                    continue
                part = (u - i if right_side else 1 + i - u) * (v - j if lower else 1 + j - v)
                part *= w - k if brighter else 1 + k - w
                node = ((i + right_side) * high + j + lower) * deep + k + brighter
                for c in range(INPUTS):
                    weight[count] = part * picture[c, y, x] if c < 3 else part
                    place[count] = node * INPUTS + c
                    count += 1
            for a in range(count):
                for c in range(OUTPUTS):
                    right[place[a], c] += weight[a] * output[c, y, x]
                shift = place[a] % BLOCK - place[a]
                for b in range(a, count):
                    rows[place[a], place[b] + shift] += weight[a] * weight[b]
