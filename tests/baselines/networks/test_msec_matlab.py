"""Weights as MATLAB writes them: their order of axes, proven by convolutions written out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from mat_files import put, seal
from numpy.typing import NDArray
from scipy.io import savemat

from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.matlab_files import matlab_state
from baselines.networks.msec.network import ARCHITECTURE, MSEC

Arrays = dict[str, NDArray[np.float32]]
DEPTH, WIDTH = 1, 2


def layer(arrays: Arrays, name: str, *shape: int, out: int) -> None:
    draws = np.random.default_rng(len(arrays))
    arrays[f"{name}_Weights"] = draws.normal(size=shape).astype(np.float32)
    arrays[f"{name}_Bias"] = draws.normal(size=(1, 1, out)).astype(np.float32)


def matlab_arrays() -> Arrays:
    """What the lines in msec_matlab give for a small network: layers named as in addSubNet.m."""
    made: Arrays = {}
    for level in (1, 2, 3, 4):
        depth, width = DEPTH + (level == 4), WIDTH + 8 * (level > 1)
        name, before = f"level_{level}", 3
        for stage in range(depth + 1):
            where = f"{name}_Encoder_Stage_{stage + 1}" if stage < depth else f"{name}_Bridge"
            after = width * 2**stage
            layer(made, f"{where}_Conv_1", 3, 3, before, after, out=after)
            layer(made, f"{where}_Conv_2", 3, 3, after, after, out=after)
            before = after
        for stage in range(1, depth + 1):
            after = before // 2
            where = f"{name}_Decoder_Stage_{stage}"
            layer(made, f"{where}_UpConv", 2, 2, after, before, out=after)  # out before in
            layer(made, f"{where}_Conv_1", 3, 3, before, after, out=after)
            layer(made, f"{where}_Conv_2", 3, 3, after, after, out=after)
            before = after
        layer(made, f"{name}_Final_ConvolutionLayer", 1, 1, width, 3, out=3)
        if level > 1:
            layer(made, f"{name}_upsampling", 2, 2, 3, 3, out=3)
    return made


def save(path: Path, arrays: Arrays, *, version: str) -> Path:
    if version == "7":
        savemat(path, arrays)
        return path
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            put(file, name, array)
    return seal(path)


@pytest.mark.parametrize("version", ["7", "7.3"])
def test_weights_mean_what_they_mean_in_matlab(tmp_path: Path, version: str) -> None:
    arrays = matlab_arrays()
    network = MSEC(width=WIDTH, depth=DEPTH)
    held = matlab_state(save(tmp_path / "w.mat", arrays, version=version))
    network.load_state_dict(dict(ARCHITECTURE.renamed(held)))
    pixels = np.random.default_rng(1).normal(size=(5, 6, 3)).astype(np.float32)  # rows, columns, in
    given = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]

    weight = arrays["level_4_Encoder_Stage_1_Conv_1_Weights"]
    bias = arrays["level_4_Encoder_Stage_1_Conv_1_Bias"][0, 0]
    around = np.pad(pixels, ((1, 1), (1, 1), (0, 0)))
    wanted = sum(
        around[i : i + 5, j : j + 6] @ weight[i, j] for i in range(3) for j in range(3)
    ) + bias  # fmt: skip
    with torch.no_grad():
        found = network.level4.encoder[0].conv1(given)[0].permute(1, 2, 0).numpy()  # type: ignore[union-attr]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)

    weight, bias = arrays["level_3_upsampling_Weights"], arrays["level_3_upsampling_Bias"][0, 0]
    wanted = np.zeros((10, 12, 3))
    for i in range(2):
        for j in range(2):
            for o in range(3):
                wanted[i::2, j::2, o] = (pixels * weight[i, j, o]).sum(-1) + bias[o]
    with torch.no_grad():
        found = network.up3(given)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_full_size_names_and_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.DEPTH", 3)
    arrays = matlab_arrays()
    assert len(arrays) == 160
    assert "level_4_Decoder_Stage_4_UpConv_Weights" in arrays
    held = matlab_state(save(tmp_path / "w.mat", arrays, version="7"))
    MSEC(width=WIDTH, depth=3).load_state_dict(dict(ARCHITECTURE.renamed(held)))


def test_a_checkpoint_may_be_such_a_file(tmp_path: Path) -> None:
    arrays = matlab_arrays()
    loaded = load_checkpoint(save(tmp_path / "w.mat", arrays, version="7.3"))
    assert loaded is not None and loaded.architecture.name == "msec"
    assert loaded.kwargs == {"width": WIDTH, "depth": DEPTH}
    wanted = arrays["level_2_upsampling_Bias"].ravel()
    np.testing.assert_array_equal(loaded.module.state_dict()["up2.bias"].numpy(), wanted)


def test_faults_are_named(tmp_path: Path) -> None:
    arrays = matlab_arrays()
    path = tmp_path / "w.mat"
    savemat(path, {"net": np.zeros((2, 2))})
    with pytest.raises(ValueError, match=r"w\.mat: holds net.*only MATLAB opens"):
        load_checkpoint(path)
    savemat(path, {k: v for k, v in arrays.items() if k != "level_2_upsampling_Bias"})
    with pytest.raises(ValueError, match="of no bundled network; --network says which is meant"):
        load_checkpoint(path)
    with pytest.raises(ValueError, match=r"msec does not fit: .*missing"):
        load_checkpoint(path, preset="msec")
    savemat(path, {**arrays, "level_2_upsampling_Weights": np.zeros((3, 2, 3, 3))})
    with pytest.raises(ValueError, match=r"up2\.weight is \[3, 3, 3, 2\], not \[3, 3, 2, 2\]"):
        load_checkpoint(path)
    with pytest.raises(FileNotFoundError):
        matlab_state(tmp_path / "none.mat")
