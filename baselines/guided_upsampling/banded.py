"""Symmetric positive definite systems whose matrix has a band: Cholesky in blocks, float64.

In one thread: the steps are short and many, and threads that wait for one another at each of them,
as in LAPACK's own banded factorisation, gain little on an idle machine and lose many seconds on a
busy one. The blocks make matrix products of a size that PyTorch runs well.

The upper triangle is stored by rows: element (j, i), i >= j, at rows[j, i - j + j % BLOCK].
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from degrade.threads import one_thread

BLOCK = 128

Rows = NDArray[np.float64]


def empty_rows(count: int, *, reach: int) -> Rows:
    """Storage of a matrix count x count with nothing farther than `reach` from the diagonal.

    Its number of rows is a multiple of BLOCK; the rows beyond `count` are those of the identity.
    """
    blocks = -(-count // BLOCK)
    rows = np.zeros((blocks * BLOCK, (1 + -(-reach // BLOCK)) * BLOCK))
    spare = np.arange(count, len(rows))
    rows[spare, spare % BLOCK] = 1.0
    return rows


def solve_banded(rows: Rows, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """x of A x = right; right [count, k]. `rows` is overwritten with the factor.

    Raises ValueError where the matrix is not positive definite.
    """
    with one_thread():
        return _solved(rows, right)


def _solved(rows: Rows, right: NDArray[np.float64]) -> NDArray[np.float64]:
    panels = torch.from_numpy(rows).view(-1, BLOCK, rows.shape[1])  # block rows of the triangle
    found = torch.zeros(rows.shape[0], right.shape[1], dtype=torch.float64)
    found[: len(right)] = torch.from_numpy(right)
    parts = found.view(len(panels), BLOCK, -1)
    for at, panel in enumerate(panels):
        corner, failed = torch.linalg.cholesky_ex(panel[:, :BLOCK], upper=True)
        if failed:
            raise ValueError(f"banded system: not positive definite near row {at * BLOCK}")
        panel[:, :BLOCK] = corner
        panel[:, BLOCK:] = torch.linalg.solve_triangular(corner.T, panel[:, BLOCK:], upper=False)
        parts[at] = torch.linalg.solve_triangular(corner.T, parts[at], upper=False)
        for step in range(1, min(panel.shape[1] // BLOCK, len(panels) - at)):
            beside = panel[:, step * BLOCK : (step + 1) * BLOCK].T
            width = panel.shape[1] - step * BLOCK
            panels[at + step, :, :width].addmm_(beside, panel[:, step * BLOCK :], alpha=-1)
            parts[at + step].addmm_(beside, parts[at], alpha=-1)
    for at in reversed(range(len(panels))):
        panel = panels[at]
        behind = found[(at + 1) * BLOCK : at * BLOCK + panel.shape[1]]
        known = panel[:, BLOCK : BLOCK + len(behind)] @ behind
        parts[at] = torch.linalg.solve_triangular(panel[:, :BLOCK], parts[at] - known, upper=True)
    return found[: len(right)].numpy()
