"""Random motion kernels from simulated camera shake, each a function of its seed alone.

Point spread functions as their sources make them, that is to be CONVOLVED with a picture; a
correlation takes them turned by 180 degrees. [K,K] float64, K odd, summing to 1. The laws are the
published ones; the random numbers are addressed (degrade/philox.py), not those of any generator.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from degrade.philox import normal_array, uniform_array

Kernel = NDArray[np.float64]

# USRNet (Zhang et al., CVPR 2020), released code, utils_deblur.blurkernel_synthesis.
_WALK_STEPS = 250
_WALK_RATE, _WALK_LEAST, _WALK_MOST = 0.15, 5.0, 27.0
_STRETCH_PROBABILITY, _STRETCH_MOST = 0.25, 5
_FALLBACK_MASS, _FALLBACK_LOW, _FALLBACK_SPAN = 0.1, 0.1, 6.0
# DeblurGAN (Kupyn et al., CVPR 2018), released code, motion_blur/generate_trajectory.
_SHAKE_STEPS = 2000
_CENTRIPETAL, _BIG_SHAKE, _GAUSSIAN_SHAKE = 0.7, 0.2, 10.0

# Streams of a seed, so that no two uses share a number.
_STEPS, _JUMPS, _TRAITS = 0, 1, 2


def walk_kernel(seed: int, *, size: int = 25) -> Kernel:
    """A random walk in 3-D under slowly turning axes, seen from the front: USRNet's motion kernel.

    250 steps; velocity and rotation change by N(0,1)/(t+1). The walk's bounding box becomes a
    square of min(5 - ln(U)/.15, 27) pixels, rounded and made odd, whose last row and column stay
    empty (the released code counts one bin fewer than it makes, unless rounding gives it one edge
    more, about once in twenty; here never); then 3x3 smoothing of sigma 1. Zeros
    around it to `size`, or its upper left if it is larger. One in four is stretched by up to 5 on
    each axis; where less than a tenth of the mass remains, a Gaussian of sigma .1 + 6 U stands in.
    The box is what is centred, not the centroid. size is odd and >= 1.
    Source: Zhang et al., USRNet (CVPR 2020), section 5, and its released code.
    """
    if size == 1:
        return np.ones((1, 1))
    normals = normal_array(seed, (1, 6, _WALK_STEPS + 1), stream=_STEPS)[0].astype(np.float64)
    traits = uniform_array(seed, (1, 1, 5), stream=_TRAITS)[0, 0].astype(np.float64)
    wanted = min(_WALK_LEAST - math.log(traits[0]) / _WALK_RATE, _WALK_MOST)
    side = round(wanted) + 1 - round(wanted) % 2
    kernel = _in_middle(_binned(_walk(normals), side=side), size=size)
    if traits[1] < _STRETCH_PROBABILITY:
        # cv2.resize takes (width, height); the law is an integer from size to 5 size for each.
        width, height = (
            size + int(u * ((_STRETCH_MOST - 1) * size + 1)) for u in (traits[2], traits[3])
        )
        large = cv2.resize(kernel, (width, height), interpolation=cv2.INTER_LINEAR)
        top, left = (height - size) // 2, (width - size) // 2
        kernel = large[top : top + size, left : left + size].astype(np.float64)
    if kernel.sum() < _FALLBACK_MASS:
        kernel = _gaussian(size, sigma=_FALLBACK_LOW + _FALLBACK_SPAN * traits[4])
    return kernel / kernel.sum()


def shake_kernel(
    seed: int, *, size: int = 65, length: float = 60.0, anxiety: float = 0.005, exposure: float = 1
) -> Kernel:
    """Hand shake as a path of even speed: Boracchi and Foi's trajectory, as in DeblurGAN.

    2000 steps along a path of `length` px. Each step turns the velocity by Gaussian and
    centripetal terms and, rarely, throws it back by about 180 degrees at twice the speed; anxiety
    scales all three and 0 makes the path straight. Their strengths are drawn once a path:
    centripetal .7 U, impulse probability .2 U times anxiety, Gaussian 10 U. Of the path its first
    `exposure` (0,1] is seen, spread bilinearly. The path starts on a whole pixel and its bounding
    box is centred to within a pixel (before the exposure ends it, so that exposures of one path lie
    over each other); what would leave size x size is held at its border, as in the released code.
    Source: Boracchi and Foi, IEEE TIP 21(8), 2012, section II; DeblurGAN's released code.
    """
    normals = normal_array(seed, (1, 2, _SHAKE_STEPS), stream=_STEPS)[0].astype(np.float64)
    jumps = uniform_array(seed, (1, 2, _SHAKE_STEPS), stream=_JUMPS)[0].astype(np.float64)
    traits = uniform_array(seed, (1, 1, 4), stream=_TRAITS)[0, 0].astype(np.float64)
    strengths = np.array([_CENTRIPETAL, _BIG_SHAKE, _GAUSSIAN_SHAKE, 2.0 * math.pi]) * traits
    path = _shake(normals, jumps, strengths, length, anxiety)
    path -= path.min(0)
    path -= path[0] % 1.0
    path += np.ceil((size - 1 - path.max(0)) / 2.0)
    kernel = _splat(np.clip(path, 0.0, size - 1.0), exposure * len(path), size)
    return kernel / kernel.sum()


@njit(cache=True)
def _walk(normals: Kernel) -> Kernel:
    """Positions [steps,2] of USRNet's walk, projected on its first two axes."""
    steps = normals.shape[1] - 1
    position, out = np.zeros(3), np.zeros((steps, 2))
    # The extra last column of numbers is the first velocity.
    velocity, turn = normals[:3, steps].copy(), np.zeros(3)
    for t in range(1, steps):
        turn = turn + 2.0 * math.pi / steps * (normals[:3, t] / (t + 1) + turn)
        velocity = velocity + normals[3:, t] / (t + 1)
        sx, cx = math.sin(turn[0]), math.cos(turn[0])
        sy, cy = math.sin(turn[1]), math.cos(turn[1])
        sz, cz = math.sin(turn[2]), math.cos(turn[2])
        # About x, then y, then z.
        y, z = cx * velocity[1] - sx * velocity[2], sx * velocity[1] + cx * velocity[2]
        x, z = cy * velocity[0] + sy * z, cy * z - sy * velocity[0]
        position[0] += cz * x - sz * y
        position[1] += sz * x + cz * y
        out[t] = position[:2]
    return out


def _binned(path: Kernel, *, side: int) -> Kernel:
    """How long the path stays in each of side x side bins over its box, smoothed."""
    low, high = path.min(0), path.max(0)
    bins = ((path - low) / (high - low) * side).astype(np.int64)
    kept = bins[(bins < side - 1).all(1)]
    counts = np.zeros((side, side))
    np.add.at(counts, (kept[:, 0], kept[:, 1]), 1.0)
    smooth = cv2.filter2D(counts, -1, _gaussian(3, sigma=1.0), borderType=cv2.BORDER_CONSTANT)
    return smooth / max(smooth.sum(), 1e-300)


def _in_middle(kernel: Kernel, *, size: int) -> Kernel:
    around = (size - len(kernel)) // 2
    return kernel[:size, :size] if around < 0 else np.pad(kernel, around)


def _gaussian(size: int, *, sigma: float) -> Kernel:
    line = np.exp(-0.5 * (np.arange(-(size // 2), size // 2 + 1) / sigma) ** 2)
    return np.outer(line, line) / line.sum() ** 2


@njit(cache=True)
def _shake(
    normals: Kernel, jumps: Kernel, strengths: Kernel, length: float, anxiety: float
) -> Kernel:
    """Positions [steps,2] = (row, column) of Boracchi and Foi's particle."""
    steps = normals.shape[1]
    centripetal, big, gaussian, start = strengths
    stride = length / (steps - 1)
    # Velocities are in strides. The released code starts with `anxiety` px a step.
    speed = anxiety / stride if anxiety > 0.0 and stride > 0.0 else 1.0
    velocity = speed * complex(math.cos(start), math.sin(start))
    position = 0j
    out = np.zeros((steps, 2))
    for t in range(steps - 1):
        thrown = 0j
        if jumps[0, t] < big * anxiety:
            back = math.pi + jumps[1, t] - 0.5
            thrown = 2.0 * velocity * complex(math.cos(back), math.sin(back))
        noise = complex(normals[0, t], normals[1, t])
        velocity += thrown + anxiety * (gaussian * noise - centripetal * position)
        velocity /= abs(velocity)
        position += stride * velocity
        out[t + 1, 0], out[t + 1, 1] = position.imag, position.real
    return out


@njit(cache=True)
def _splat(path: Kernel, until: float, size: int) -> Kernel:
    """Bilinear marks of the path's samples; sample t stands for the time from t - 1 to t."""
    out = np.zeros((size + 1, size + 1))
    for t in range(1, path.shape[0]):
        weight = min(until - (t - 1), 1.0)
        if weight <= 0.0:
            break
        y, x = int(path[t, 0]), int(path[t, 1])
        v, u = path[t, 0] - y, path[t, 1] - x
        out[y, x] += weight * (1.0 - v) * (1.0 - u)
        out[y, x + 1] += weight * (1.0 - v) * u
        out[y + 1, x] += weight * v * (1.0 - u)
        out[y + 1, x + 1] += weight * v * u
    return out[:size, :size]
