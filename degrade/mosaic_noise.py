"""A camera's noise on a RAW mosaic: photons, read noise, row noise, rounding to DN. No torch here.

D = K Poisson(I / K) + read + row, rounded to whole DN: K. Wei et al., "Physics-based noise modeling
for extreme low-light photography", TPAMI 2021. There the rounding is a uniform noise of +-1/2 DN;
here it is a rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from degrade.cameras import READ_MODELS, CameraNoise
from degrade.philox import normal_array, poisson_array, tukey_lambda_array

# Streams of the fields that one seed opens; the operator camera_noise uses the same.
PHOTONS, READ, ROW = 0, 1, 2


def add_camera_noise(
    mosaic: NDArray[np.float32], *, noise: CameraNoise, seed: int, quantise: bool = True
) -> NDArray[np.float32]:
    """A noisy copy of a mosaic float32 [H,W]: linear, black 0, white 1, not white balanced.

    Clipped at white only: values below black survive. What is below 0 on entry emits no photons and
    is otherwise kept. seed: 0 <= n < 2**32; each value depends on it and on (row, column) alone.
    quantise: round to whole DN of the camera. Errors: ValueError for another shape, a CameraNoise
    whose read model is none, and a seed out of range.
    """
    if mosaic.ndim != 2:
        raise ValueError(f"a mosaic is [H,W], got the shape {mosaic.shape}")
    if noise.read not in READ_MODELS:
        raise ValueError(f"read noise {noise.read!r}; one of {', '.join(READ_MODELS)}")
    shape = (1, *mosaic.shape)
    white = np.float32(noise.white - noise.black)
    signal = mosaic[None].astype(np.float32) * white
    rate = np.maximum(signal, 0) / np.float32(noise.gain)
    noisy = (poisson_array(seed, rate, stream=PHOTONS) - rate) * np.float32(noise.gain) + signal
    if noise.read == "gauss":
        read = normal_array(seed, shape, stream=READ)
    else:
        read = tukey_lambda_array(seed, shape, form=noise.shape, stream=READ)
    noisy += read * np.float32(noise.sigma)
    noisy += normal_array(seed, (1, mosaic.shape[0], 1), stream=ROW) * np.float32(noise.row)
    if quantise:
        noisy = np.rint(noisy)
    return np.minimum(noisy / white, np.float32(1.0))[0]
