"""Kernels from files, and the operators of motion against convolution by their kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.io import savemat

from degrade.apply import apply_together, call
from degrade.motion import shake_kernel, walk_kernel
from degrade.operator import OPERATORS
from degrade.operators.camera_blur import kernel_blur, trajectory_blur
from degrade.recipe import Recipe, Step
from degrade.record import draw_record

RNG = np.random.default_rng(0)
IMAGE = torch.from_numpy(RNG.random((1, 30, 33), np.float32))


def blurred(name: str, fixed: dict[str, Any], *, folder: Path | None = None) -> NDArray[np.float32]:
    recipe = Recipe("r", "", "", (Step("s", name, fixed),))
    values = draw_record(recipe, seed=0, key="k", folder=folder).steps["s"]
    made, _ = call(
        OPERATORS[name], IMAGE[None], sizes=[(30, 33)], origins=[(30, 33)], values=[values]
    )
    return made[0, 0].numpy()


def convolved(kernel: NDArray[Any]) -> NDArray[np.float64]:
    return ndimage.convolve(IMAGE[0].double().numpy(), kernel.astype(np.float64), mode="mirror")


def test_random_paths_are_convolved() -> None:
    made = blurred("trajectory_blur", {"model": "usrnet", "size": 25, "seed": 5})
    np.testing.assert_allclose(made, convolved(walk_kernel(5, size=25)), atol=2e-6)
    shake = {"model": "boracchi", "size": 31, "length": 30.0, "anxiety": 0.01, "exposure": 0.5}
    made = blurred("trajectory_blur", {**shake, "seed": 6})
    kernel = shake_kernel(6, size=31, length=30.0, anxiety=0.01, exposure=0.5)
    np.testing.assert_allclose(made, convolved(kernel), atol=2e-6)


def test_models_mix_in_a_batch() -> None:
    images = torch.from_numpy(RNG.random((2, 1, 45, 45), np.float32))
    both = trajectory_blur(
        images, model=("usrnet", "boracchi"), size=(5, 25), length=(9.0, 20.0),
        anxiety=(0.01, 0.02), exposure=(1.0, 0.1), seed=(1, 2),
    )  # fmt: skip
    alone = trajectory_blur(
        images[:1, :, 10:-10, 10:-10], model=("usrnet",), size=(5,), length=(0.0,), anxiety=(0.0,),
        exposure=(1.0,), seed=(1,),
    )  # fmt: skip
    assert both.shape == (2, 1, 21, 21)
    assert torch.equal(both[0], alone[0])


@pytest.mark.parametrize("orientation", ["convolve", "correlate"])
def test_kernels_from_files(tmp_path: Path, orientation: str) -> None:
    kernel = RNG.random((7, 7)) * 3
    np.save(tmp_path / "k.npy", kernel)
    cells = np.empty(2, dtype=object)
    cells[:] = [RNG.random((3, 3)), kernel]
    savemat(tmp_path / "k.mat", {"kernels": cells})
    own = kernel if orientation == "convolve" else kernel[::-1, ::-1]
    for array in ({"file": "k.npy"}, {"file": "k.mat", "name": "kernels", "index": 1}):
        fixed = {"kernel": array, "orientation": orientation}
        made = blurred("kernel_blur", fixed, folder=tmp_path)
        np.testing.assert_allclose(made, convolved(own / kernel.sum()), atol=2e-6)


def test_kernels_of_different_shapes_in_one_batch(tmp_path: Path) -> None:
    steps, alone = [], []
    for shape in ((3, 3), (5, 9), (1, 1)):
        np.save(tmp_path / f"{shape[1]}.npy", RNG.random(shape))
        fixed: dict[str, Any] = {"kernel": {"file": f"{shape[1]}.npy"}}
        recipe = Recipe("r", "", "", (Step("s", "kernel_blur", fixed),))
        steps.append([draw_record(recipe, seed=0, key="k", folder=tmp_path).steps["s"]])
        alone.append(blurred("kernel_blur", fixed, folder=tmp_path))
    for made, own in zip(apply_together([IMAGE] * 3, steps), alone, strict=True):
        np.testing.assert_array_equal(made[0].numpy(), own)
    np.testing.assert_allclose(alone[2], IMAGE[0].numpy(), atol=1e-7)


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (np.ones((4, 5)), "two odd sides"),
        (np.ones((0, 0)), "two odd sides"),
        (np.ones((3, 3, 3)), "choose one of a stack"),
        (np.zeros((3, 3)), "must be above 0"),
        (np.full((3, 3), np.nan), "must be above 0"),
    ],
)
def test_unfit_kernels_are_refused_by_file(
    tmp_path: Path, kernel: NDArray[np.float64], said: str
) -> None:
    np.save(tmp_path / "bad.npy", kernel)
    with pytest.raises(ValueError, match=said) as error:
        blurred("kernel_blur", {"kernel": {"file": "bad.npy"}}, folder=tmp_path)
    assert "bad.npy" in str(error.value)


def test_an_even_kernel_is_refused_without_a_file() -> None:
    with pytest.raises(ValueError, match="two odd sides"):
        kernel_blur(IMAGE[None], kernel=[torch.ones(2, 3)], orientation=["correlate"])


def test_a_kernel_from_a_file_has_gradients() -> None:
    kernel = torch.from_numpy(RNG.random((3, 5)))
    image = torch.from_numpy(RNG.random((1, 1, 8, 8))).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: kernel_blur(x, kernel=[kernel], orientation=["convolve"]), (image,)
    )
