"""The parts of the degradation pipelines one by one, ours and theirs with the same parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peers import Kair, RealEsrgan
from torch import Tensor

from degrade.apply import apply_steps
from degrade.threads import one_thread

Work = Callable[[], object]
OURS = "pairsmith"
QUALITY, SCALE, ANGLE, SIGMAS = 60.0, 0.6, 0.4, (2.5, 1.5)
# Every parameter of each operator, as a record holds them
_BLUR = {"angle": ANGLE, "shift_x": 0.0, "shift_y": 0.0, "padding": "reflect", "light": "srgb"}
_GAUSSIAN = {"operator": "gaussian_blur", "sigma_x": SIGMAS[0], "sigma_y": SIGMAS[1], **_BLUR}
_STEPS: dict[str, dict[str, Any]] = {
    "USM, radius 50": {
        "operator": "usm_sharpen", "weight": 0.5, "radius": 50, "threshold": 10.0,
        "padding": "reflect",
    },
    "blur, 21x21 Gaussian": {**_GAUSSIAN, "size": 21},
    "blur, 21x21 sinc": {
        "operator": "sinc_blur", "size": 21, "cutoff": 1.5, "padding": "reflect", "light": "srgb",
    },
    "JPEG, simulated": {"operator": "jpeg_simulated", "quality": QUALITY, "rounding": "hard"},
    "Poisson noise": {
        "operator": "poisson_noise", "gray": False, "peak": 256.0, "scale": 1.0, "seed": 1,
    },
    "Gaussian noise": {"operator": "gaussian_noise", "sigma": 0.05, "gray": False, "seed": 1},
    **{
        f"resize to {SCALE:g}, {ours}": {
            "operator": "resize", "method": ours, "scale": SCALE, "base": "current",
            "grid": "floor-scale", "stretch": 1.0, "light": "srgb",
        }
        for ours in ("bicubic", "area-adaptive")
    },
    "BSRGAN blur, 15x15 with its kernel": {**_GAUSSIAN, "size": 15},
    "BSRGAN JPEG": {"operator": "jpeg", "quality": int(QUALITY), "subsampling": "420"},
}  # fmt: skip
_SINGLE = "BSRGAN"  # parts that take one picture


def part_cases(
    crops: Sequence[NDArray[np.float32]], *, esrgan: RealEsrgan | None, kair: Kair | None
) -> dict[str, dict[str, Work]]:
    """Part -> name -> work, over all crops [H,W,3] or, for BSRGAN's parts, the first one.

    Kernels are built in the timed work, by both. Theirs of Real-ESRGAN is one batch.
    """
    images = [torch.from_numpy(np.ascontiguousarray(c.transpose(2, 0, 1))) for c in crops]
    theirs: dict[str, Work] = {}
    if esrgan is not None:
        theirs |= _realesrgan(esrgan, torch.stack(images))
    if kair is not None:
        theirs |= _bsrgan(kair, crops[0])
    found = {}
    for part, step in _STEPS.items():
        chosen = images[:1] if part.startswith(_SINGLE) else images
        found[part] = {OURS: _ours(chosen, step)}
        if part in theirs:
            found[part]["KAIR" if part.startswith(_SINGLE) else "Real-ESRGAN"] = theirs[part]
    return found


def _ours(images: Sequence[Tensor], step: Mapping[str, Any]) -> Work:
    def work() -> None:
        with one_thread():
            apply_steps(images, [[step]] * len(images))

    return work


def _realesrgan(peer: RealEsrgan, batch: Tensor) -> dict[str, Work]:
    code, count = peer.degradations, len(batch)

    def blur(make: Callable[[], NDArray[np.float64]]) -> Work:
        def work() -> None:
            kernels = np.stack([make() for _ in range(count)])
            peer.filter2d(batch, torch.from_numpy(kernels).float())

        return work

    def coded() -> None:
        with torch.no_grad():
            peer.jpeg(batch, quality=batch.new_full((count,), QUALITY))

    def resized(mode: str) -> Work:
        return lambda: torch.nn.functional.interpolate(batch, scale_factor=SCALE, mode=mode)

    return {
        "USM, radius 50": lambda: peer.usm(batch),
        "blur, 21x21 Gaussian": blur(
            lambda: code.bivariate_Gaussian(21, *SIGMAS, ANGLE, isotropic=False)
        ),
        "blur, 21x21 sinc": blur(lambda: code.circular_lowpass_kernel(1.5, 21)),
        "JPEG, simulated": coded,
        "Poisson noise": lambda: code.add_poisson_noise_pt(batch, scale=1.0, clip=False),
        "Gaussian noise": lambda: code.add_gaussian_noise_pt(batch, sigma=0.05 * 255, clip=False),
        f"resize to {SCALE:g}, bicubic": resized("bicubic"),
        f"resize to {SCALE:g}, area-adaptive": resized("area"),
    }


def _bsrgan(peer: Kair, crop: NDArray[np.float32]) -> dict[str, Work]:
    blind = peer.blind

    def blurred() -> None:
        kernel = blind.anisotropic_Gaussian(
            ksize=15, theta=ANGLE, l1=SIGMAS[0] ** 2, l2=SIGMAS[1] ** 2
        )
        blind.ndimage.convolve(crop, np.expand_dims(kernel, axis=2), mode="mirror")

    return {
        "BSRGAN blur, 15x15 with its kernel": blurred,
        "BSRGAN JPEG": lambda: blind.add_JPEG_noise(crop),
    }
