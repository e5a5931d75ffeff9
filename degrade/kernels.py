"""Blur kernels from formulas, a batch at a time: [B,K,K] float64, summing to 1, for correlation.

K is odd, the largest size of the batch; a smaller kernel lies in the middle of zeros. Entry
[r + dy, r + dx], r = K // 2, weighs the sample dy rows below and dx columns to the right of the
pixel. Every parameter is a float64 tensor [B] on the device on which the kernels are wanted; sizes
(odd) are known on the host. Nothing here waits for the device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

# Below this standard deviation, px, a Gaussian is one sample: exp(-.5 / .01**2) is 0 in float64.
_SHARPEST = 0.01


@dataclass(frozen=True)
class Ellipse:
    """Whose contours a Gaussian-like kernel follows.

    sigma_x, sigma_y: STANDARD DEVIATIONS in px along the kernel's own axes, >= 0 (papers that give
    covariance eigenvalues, as BSRGAN and SRMD do, give their squares). angle: radians by which
    these axes are turned from the columns' axis x (to the right) towards the rows' axis y (down);
    without effect where both sigmas agree. shift_x, shift_y: the centre, px to the right and down:
    a pixel then gets the blurred picture at (row + shift_y, column + shift_x).
    """

    sigma_x: Tensor
    sigma_y: Tensor
    angle: Tensor
    shift_x: Tensor | None = None
    shift_y: Tensor | None = None


def gaussian_kernels(sizes: Sequence[int], *, ellipse: Ellipse) -> Tensor:
    """exp(-q/2), q = x' S^-1 x: Gaussians sampled at pixel centres.

    Where all samples would underflow to 0 (a tiny sigma, shifted), the nearest ones keep the sum.
    Source: Zhang et al., BSRGAN (ICCV 2021), section 3.2; Wang et al., Real-ESRGAN (2021), eq. 2.
    """
    return _exponential(sizes, _quadratic(sizes, ellipse))


def generalised_kernels(sizes: Sequence[int], *, ellipse: Ellipse, beta: Tensor) -> Tensor:
    """exp(-q**beta / 2): generalised Gaussians; beta 1 is the Gaussian, above 1 flatter.

    beta > 0. Source: Real-ESRGAN, section 3.1 (after Liu et al., 2020).
    """
    return _exponential(sizes, _quadratic(sizes, ellipse) ** beta[:, None, None])


def plateau_kernels(sizes: Sequence[int], *, ellipse: Ellipse, beta: Tensor) -> Tensor:
    """1 / (1 + q**beta): a plateau with slow flanks.

    beta > 0. Its second moment need not exist: the width then grows with the size. Source:
    Real-ESRGAN, section 3.1.
    """
    weights = 1.0 / (1.0 + _quadratic(sizes, ellipse) ** beta[:, None, None])
    return normalised(weights * own_area(sizes, device=weights.device))


def sinc_kernels(sizes: Sequence[int], *, cutoff: Tensor) -> Tensor:
    """w J1(w r) / (2 pi r), at the centre w**2 / (4 pi): the ideal circular low-pass, cut off.

    cutoff w in radians per px, 0 < w <= pi. Negative lobes are what rings. Source: Real-ESRGAN,
    section 3.3, eq. 6 (impulse response of the 2-D sinc filter).
    """
    half = max(sizes) // 2
    line = torch.arange(half + 1, dtype=torch.float64, device=cutoff.device)
    radius = torch.sqrt(line[:, None] ** 2 + line**2)
    w = cutoff[:, None, None]
    away = radius.clamp(min=1.0)
    ring = w * _bessel_j1(w * away, top=math.pi * math.sqrt(2.0) * half) / (2.0 * math.pi * away)
    quadrant = torch.where(radius == 0, w * w / (4.0 * math.pi), ring)
    mirror = torch.arange(-half, half + 1, device=cutoff.device).abs()
    weights = quadrant[:, mirror][:, :, mirror]
    return normalised(weights * own_area(sizes, device=cutoff.device))


def disk_kernels(radii: Sequence[float], *, device: torch.device | str = "cpu") -> Tensor:
    """Disks of these radii, px: every entry is the exact area of its pixel within the circle.

    K is 2 ceil(r - .5) + 1 of the largest; up to .5 the disk is one pixel: the identity. Equals
    MATLAB's fspecial('disk', r). (A circle drawn with cv2.circle is not antialiased.)
    """
    half = max(disk_reach(radius) for radius in radii)
    r = torch.tensor(radii, dtype=torch.float64, device=device).clamp(min=0.5)[:, None, None]
    edges = torch.arange(-half, half + 2, dtype=torch.float64, device=device) - 0.5
    corner = _area_to(edges[None, None, :], y=edges[None, :, None], r=r)
    area = corner[:, 1:, 1:] - corner[:, :-1, 1:] - corner[:, 1:, :-1] + corner[:, :-1, :-1]
    # Differences of equal areas leave the last place: pixels outside are made exactly 0.
    return normalised(torch.where(area > 1e-12 * r * r, area, torch.zeros_like(area)))


def disk_reach(radius: float) -> int:
    """How many pixels from its centre a disk of this radius touches."""
    return max(math.ceil(radius - 0.5), 0)


def motion_kernels(lengths: Sequence[float], *, angle: Tensor) -> Tensor:
    """Straight, even motion over so many pixels, antialiased: MATLAB's fspecial('motion', l, a).

    lengths: px, below 1 counted as 1 (the identity). angle: radians, counter-clockwise on the
    screen from the rows' direction (fspecial takes degrees). The path is a segment of length l - 1
    about the centre; a pixel weighs max(0, 1 - its distance), taken to the line within the
    circle through the segment's ends and to the nearer end outside. K = 2 ceil((l-1)/2) + 1.
    """
    device = angle.device
    side = 2 * max(motion_reach(length) for length in lengths) + 1
    x, y = _grid([side] * len(lengths), device=device)
    half = (torch.tensor(lengths, dtype=torch.float64, device=device).clamp(min=1.0) - 1.0) / 2.0
    half, angle = half[:, None, None], angle[:, None, None]
    along = x * torch.cos(angle) - y * torch.sin(angle)
    across = x * torch.sin(angle) + y * torch.cos(angle)
    beyond = torch.where(x * x + y * y >= half * half, half - along.abs(), torch.zeros_like(x))
    return normalised((1.0 - torch.sqrt(across**2 + beyond**2)).clamp(min=0.0))


def motion_reach(length: float) -> int:
    """How many pixels from its centre a straight motion of this length touches, at any angle."""
    return math.ceil((max(length, 1.0) - 1.0) / 2.0)


def with_noise(kernels: Tensor, *, noise: Tensor, field: Tensor) -> Tensor:
    """Kernels [B,K,K] with every weight multiplied by U(1-noise, 1+noise), summing to 1 again.

    noise [B] in [0,1); field [B,K,K] uniform on (0,1), counted from each kernel's own corner or
    centre. Source: Bell-Kligler et al., KernelGAN (NeurIPS 2019), section 5: noise 0.25 (and
    BasicSR's noise_range (0.75, 1.25), which no released option file sets).
    """
    return normalised(kernels * (1.0 + noise[:, None, None] * (2.0 * field.double() - 1.0)))


def in_middle(kernels: Sequence[Tensor]) -> Tensor:
    """Kernels [h,w] of odd sides as one [B,K,K] float64, each in the middle of zeros."""
    side = max(max(kernel.shape) for kernel in kernels)
    framed = []
    for kernel in kernels:
        down, across = ((side - n) // 2 for n in kernel.shape)
        framed.append(pad(kernel.double(), (across, across, down, down)))
    return torch.stack(framed)


def own_area(sizes: Sequence[int], *, device: torch.device | str) -> Tensor:
    """[B,K,K] bool: the size x size entries in the middle that belong to each kernel."""
    x, y = _grid(sizes, device=device)
    half = torch.tensor([size // 2 for size in sizes], device=device)[:, None, None]
    return (x.abs() <= half) & (y.abs() <= half)


def _grid(sizes: Sequence[int], *, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """x [B,K,K] to the right and y [B,K,K] down from the centre of the largest kernel."""
    half = max(sizes) // 2
    line = torch.arange(-half, half + 1, dtype=torch.float64, device=device)
    shape = (len(sizes), 2 * half + 1, 2 * half + 1)
    return line[None, None, :].expand(shape), line[None, :, None].expand(shape)


def _quadratic(sizes: Sequence[int], ellipse: Ellipse) -> Tensor:
    """q = x' S^-1 x, S = R(angle) diag(sigma_x**2, sigma_y**2) R(angle)'."""
    x, y = _grid(sizes, device=ellipse.sigma_x.device)
    if ellipse.shift_x is not None:
        x = x - ellipse.shift_x[:, None, None]
    if ellipse.shift_y is not None:
        y = y - ellipse.shift_y[:, None, None]
    # An isotropic kernel is not turned at all, so that its angle changes no bit of it.
    even = ellipse.sigma_x == ellipse.sigma_y
    angle = torch.where(even, torch.zeros_like(ellipse.angle), ellipse.angle)[:, None, None]
    cos, sin = torch.cos(angle), torch.sin(angle)
    across = (x * cos + y * sin) / ellipse.sigma_x.clamp(min=_SHARPEST)[:, None, None]
    down = (y * cos - x * sin) / ellipse.sigma_y.clamp(min=_SHARPEST)[:, None, None]
    return across * across + down * down


def _exponential(sizes: Sequence[int], power: Tensor) -> Tensor:
    """exp(-power / 2) over each kernel's own entries, against the largest of them."""
    own = own_area(sizes, device=power.device)
    least = torch.where(own, power, torch.inf).amin((1, 2), keepdim=True)
    return normalised(torch.exp(-0.5 * (power - least)) * own)


def normalised(weights: Tensor) -> Tensor:
    """Kernels [B,K,K], each divided by its sum."""
    return weights / weights.sum((1, 2), keepdim=True)


def _area_to(x: Tensor, *, y: Tensor, r: Tensor) -> Tensor:
    """The area of the circle of radius r about 0 within the rectangle from 0 to (x, y), signed."""
    a, b = x.abs().minimum(r), y.abs().minimum(r)
    # The arc is lower than b from the abscissa c on; up to there the rectangle is full.
    c = torch.sqrt((r * r - b * b).clamp(min=0.0)).minimum(a)
    area = b * c + _under_arc(a, r) - _under_arc(c, r)
    return torch.sign(x) * torch.sign(y) * area


def _under_arc(x: Tensor, r: Tensor) -> Tensor:
    """The integral of sqrt(r**2 - t**2) from 0 to x, 0 <= x <= r."""
    return 0.5 * (x * torch.sqrt((r * r - x * x).clamp(min=0.0)) + r * r * torch.asin(x / r))


def _bessel_j1(x: Tensor, *, top: float) -> Tensor:
    """J1(x) for 0 <= x <= top, to 2e-15: Bessel's integral (DLMF 10.9.2) by the midpoint rule.

    The integrand is smooth and periodic, so that the rule errs like J_n(x) at n = 4 * points, which
    vanishes for n well above x. (torch.special.bessel_j1 errs by 5e-7 near x = 5, in float64 too.)
    """
    points = math.ceil((1.3 * top + 40.0) / 4.0)
    turn = torch.arange(points, dtype=torch.float64, device=x.device) + 0.5
    sine = torch.sin(turn * (math.pi / 2.0 / points))
    return (torch.sin(x[..., None] * sine) * sine).mean(-1)
