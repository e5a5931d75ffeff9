"""MATLAB's files of weights: arrays by name, or a network of MatConvNet's.

Names, layout and axes stay MATLAB's: `Architecture.renamed` turns those of a network around.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluation.sets.mat import MatVariables, open_mat

MATLAB = "a MATLAB file"
_NUMBERS = ("single", "double")


def matlab_state(path: Path) -> dict[str, Tensor]:
    """Arrays by name, float32, axes in MATLAB's order.

    path: of level 5 or 7.3 with plain arrays; or of level 5 with MatConvNet's 'net', whose
    `params` (name, value) they are then. Raises FileNotFoundError, and ValueError for damage and
    for objects of MATLAB's, saying what to do.
    """
    held = open_mat(path)
    arrays = {one.name: one.read() for one in held.values() if one.kind in _NUMBERS}
    if "net" in held and held["net"].kind == "struct" and not held["net"].hdf5:
        arrays = _parameters(path)
    if not arrays or "net" in arrays:
        raise _refused(path, held)
    return {
        name: torch.from_numpy(np.array(array, np.float32, order="C"))
        for name, array in arrays.items()
    }


def _parameters(path: Path) -> Mapping[str, NDArray[Any]]:
    """name -> value of net.params, as DagNN.saveobj writes them."""
    from scipy.io import loadmat

    net = loadmat(path, variable_names=["net"], squeeze_me=True, struct_as_record=True)["net"]
    if "params" not in (net.dtype.names or ()):
        return {}
    params = np.atleast_1d(net["params"].item())
    return {str(one["name"]): np.asarray(one["value"]) for one in params}


def _refused(path: Path, held: MatVariables) -> ValueError:
    return ValueError(
        f"{path}: holds {', '.join(list(held)[:4]) or 'nothing'}, no weights by name. What MATLAB "
        "saved as an object only MATLAB opens: write its weights out first, as plain arrays; for "
        "MSEC's model.mat baselines/networks/msec/matlab.py has the lines"
    )
