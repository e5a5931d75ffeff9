"""Defocus by distance, and what the two halves of a dual pixel see of it.

The circle of confusion (CoC) is a signed DIAMETER in pixels: negative in front of the plane in
focus, positive behind it. The released code of Abuolaim et al. (ICCV 2021) takes its number for the
kernel's radius, 2|c|+1 pixels wide: its c is half of the CoC here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from degrade.canvas import Size, pad_margin
from degrade.filtering import correlate
from degrade.laws import Choice, Uniform
from degrade.operator import Array, Number, light, operator
from degrade.operators.light import check_depth

_DPDD = "Abuolaim et al., ICCV 2021"
_LIMIT = 80.0  # px of diameter: their code cuts at a radius of 40
_NEAREST = 1e-3  # m: a depth of 0 counts as this
_SMOOTH = 7.0  # the released code's smooth_strength: the smoothing is 1/7 of the kernel wide

Distance = TypeVar("Distance", Tensor, NDArray[np.floating])
Kernel = NDArray[np.float64]

_DEPTH = Array("[H,W] in metres, of the picture's own size", unit="m", source="never invented")
# A full-frame camera of 24 megapixels (36 mm over 6000 px) with a fast normal lens, focused within
# a room: own choice, the paper's five settings are in arrays that its text does not print.
_LENS = {
    "focal": Number(50.0, low=1.0, high=2000.0, unit="mm", host=True),
    "f_number": Number(Choice((1.8, 2.8, 4.0)), low=0.5, high=64.0, unit="f-number", host=True),
    "focus": Number(
        Uniform(1.0, 5.0), low=0.05, high=1e6, unit="m, lens to the plane in focus", host=True
    ),
    "pitch": Number(6.0, low=0.1, high=1000.0, unit="micrometres a pixel", host=True),
}
# The released code's lists for order, cut-off and floor of the Butterworth filter.
_SHAPE = {
    "order": Number(Choice((3, 6, 9)), low=1.0, high=20.0, unit="order", source=_DPDD, host=True),
    "cutoff": Number(
        Choice((2.5, 2.0)), low=1.0, high=10.0, unit="diameter / cut-off radius", source=_DPDD,
        host=True,
    ),
    "floor": Number(
        Choice((0.1, 0.2)), low=0.01, high=1.0, neutral=1.0, unit="centre / rim", source=_DPDD,
        host=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Lens:
    """Focal length mm, f-number, distance of the plane in focus m, pixel pitch micrometres."""

    focal: float
    f_number: float
    focus: float
    pitch: float

    def __post_init__(self) -> None:
        if self.focus * 1000.0 <= self.focal:
            raise ValueError(
                f"a lens of {self.focal} mm cannot focus at {self.focus} m: the focus distance "
                "must be longer than the focal length"
            )

    @property
    def far(self) -> float:
        """The CoC of what is infinitely far, px."""
        aperture = self.focal / self.f_number
        return aperture * self.focal / (1000.0 * self.focus - self.focal) * 1000.0 / self.pitch


def coc(depth: Distance, *, lens: Lens) -> Distance:
    """The circle of confusion of a thin lens, signed diameter in px, of depth in m, any shape.

    CoC = (s' D / s) (d - s) / d with s' = f s / (s - f), D = f / N (Abuolaim et al.), over the
    pixel pitch. Not limited in size: 0 m gives the CoC of 1 mm.
    """
    return lens.far * (1.0 - lens.focus / depth.clip(_NEAREST))


@dataclass(frozen=True)
class Psf:
    """The point spread function's shape: order, cut-off and floor of its Butterworth filter."""

    order: float
    cutoff: float
    floor: float


def disk_kernel(diameter: float) -> Kernel:
    """A disk of constant brightness, [K,K] of sum 1; a pixel on the rim counts by its coverage."""
    radius = diameter / 2.0
    half = int(np.ceil(radius))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(y, x), 0.0, 1.0)
    return kernel / kernel.sum()


def dual_kernels(diameter: float, *, psf: Psf) -> tuple[Kernel, Kernel, Kernel]:
    """(whole, rising, falling), each [K,K] of sum 1, of a disk this many px wide.

    A disk times a Butterworth high-pass between `floor` at the centre and 1 at the square's
    corners, smoothed by a Gaussian of 1/7 of its width; the halves are that times a linear ramp
    from 0 at one side to 1 at the other, and their mean is the whole. Source: Abuolaim et al.,
    released code; the disk's rim is smooth here, so that its width need not be whole.
    """
    disk = disk_kernel(diameter)
    side, half = disk.shape[0], disk.shape[0] // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    cut = max(diameter / psf.cutoff, 1e-3)
    rim = (psf.cutoff**2 / 2.0) ** psf.order  # at the corners of the square around the disk
    high = 1.0 - 1.0 / (1.0 + ((y**2 + x**2) / cut**2) ** psf.order)
    whole = disk * (psf.floor + (1.0 - psf.floor) * np.minimum(high * (1.0 + rim) / rim, 1.0))
    count = (round(side / _SMOOTH) + 1) // 2 * 2 + 1
    # The standard deviation that OpenCV gives to a Gaussian of that many samples.
    sigma = 0.3 * ((count - 1) * 0.5 - 1.0) + 0.8
    gauss = np.exp(-0.5 * ((np.arange(count) - count // 2) / sigma) ** 2)
    for _ in range(2):
        whole = np.stack([np.convolve(row, gauss) for row in whole]).T
    whole /= whole.sum()
    if len(whole) == 1:
        return whole, whole, whole
    ramp = np.linspace(0.0, 2.0, len(whole))
    return whole, whole * ramp, whole * ramp[::-1]


@operator(
    kind="statistic",
    source=f"{_DPDD}: thin lens, layers from far to near",
    differentiable=True,
    parameters={"depth": _DEPTH, **_LENS, "light": light()},
)
def defocus_depth(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    depth: Sequence[Tensor],
    focal: Sequence[float],
    f_number: Sequence[float],
    focus: Sequence[float],
    pitch: Sequence[float],
) -> Tensor:
    """Defocus of a scene with depth: each part blurred by the disk of its own distance.

    images [B,C,H,W]; depth one [H,W] map in m for each picture. The CoC is rounded to whole pixels,
    at most 80, and its layers are laid over one another from far to near, each with its own blurred
    alpha; the result is divided by the alpha that has come together, so no edge darkens. Light is
    sRGB as in the paper; a lens acts in linear light. Not clipped. Waits for the device, to
    learn which layers there are and where. Raises ValueError for a depth map of another size than
    its picture and for a focus within the focal length.
    """
    out = images.clone()
    for b, (height, width) in enumerate(sizes):
        lens = Lens(focal[b], f_number[b], focus[b], pitch[b])
        own = check_depth(depth[b], size=(height, width), step="defocus_depth")
        made = _layered(images[b : b + 1, :, :height, :width], own, lens=lens, psf=None)
        out[b, :, :height, :width] = made[0][0]
    return out


@operator(
    kind="resizing",
    source=f"{_DPDD}, released code",
    differentiable=True,
    parameters={
        "coc": Number(
            Uniform(-20.0, 20.0), low=-_LIMIT, high=_LIMIT, neutral=0.0, host=True,
            unit="px of diameter; negative in front of the plane in focus", source="own choice",
        ),
        **_SHAPE,
        "light": light(),
    },
)  # fmt: skip
def dual_pixel(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    coc: Sequence[float],
    order: Sequence[float],
    cutoff: Sequence[float],
    floor: Sequence[float],
) -> tuple[Tensor, list[Size]]:
    """The left and the right view of a dual-pixel sensor, of a flat scene out of focus.

    images [B,C,h,w] -> [B,C,h,2w], left | right. Kernels are correlated; behind the plane in focus
    the left view's weights rise to the right, in front of it the views change places. Their mean is
    the picture blurred by the whole kernel. Beyond the edge the picture is reflected. Not clipped.
    """
    del origins
    pairs = []
    for b, (height, width) in enumerate(sizes):
        psf = Psf(order[b], cutoff[b], floor[b])
        _, rising, falling = dual_kernels(abs(coc[b]), psf=psf)
        left, right = (rising, falling) if coc[b] >= 0 else (falling, rising)
        picture = images[b : b + 1, :, :height, :width]
        padded = pad_margin(
            picture, sizes=[(height, width)], paddings=["reflect"], radius=len(left) // 2
        )
        pairs.append([_blur(padded, left), _blur(padded, right)])
    return _side_by_side(images, pairs, sizes=sizes)


@operator(
    kind="resizing",
    source=f"{_DPDD}, released code",
    differentiable=True,
    parameters={"depth": _DEPTH, **_LENS, **_SHAPE, "light": light()},
)
def dual_pixel_depth(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    depth: Sequence[Tensor],
    focal: Sequence[float],
    f_number: Sequence[float],
    focus: Sequence[float],
    pitch: Sequence[float],
    order: Sequence[float],
    cutoff: Sequence[float],
    floor: Sequence[float],
) -> tuple[Tensor, list[Size]]:
    """The left and the right view of a dual-pixel sensor, of a scene with depth.

    images [B,C,h,w] -> [B,C,h,2w], left | right: the layers of `defocus_depth`, each with the two
    kernels of `dual_pixel`. The released code cuts each blurred layer by its sharp mask instead of
    blending it by alpha. Not clipped. Raises ValueError as `defocus_depth`.
    """
    del origins
    pairs = []
    for b, (height, width) in enumerate(sizes):
        lens = Lens(focal[b], f_number[b], focus[b], pitch[b])
        psf = Psf(order[b], cutoff[b], floor[b])
        own = check_depth(depth[b], size=(height, width), step="dual_pixel_depth")
        pairs.append(_layered(images[b : b + 1, :, :height, :width], own, lens=lens, psf=psf))
    return _side_by_side(images, pairs, sizes=sizes)


def _layered(picture: Tensor, depth: Tensor, *, lens: Lens, psf: Psf | None) -> list[Tensor]:
    """One view of a picture [1,C,h,w] by disks, or left and right by the kernels of a psf."""
    levels = coc(depth.double(), lens=lens).clip(-_LIMIT, _LIMIT).round()
    seen = [torch.zeros_like(picture) for _ in range(1 if psf is None else 2)]
    weight = [torch.zeros_like(picture[:, :1]) for _ in seen]
    for level in reversed(torch.unique(levels).tolist()):  # the farthest first
        if psf is None:
            kernels = [disk_kernel(abs(level))]
        else:
            kernels = list(dual_kernels(abs(level), psf=psf)[1:])
            kernels = kernels if level >= 0 else kernels[::-1]
        mask, reach = levels == level, len(kernels[0]) // 2
        (top, bottom), (start, end) = (_span(mask.any(dim=axis)) for axis in (1, 0))
        alpha = mask[top:bottom, start:end].to(picture)[None, None]
        layer = pad(picture[:, :, top:bottom, start:end] * alpha, [2 * reach] * 4)
        # Where the layer's blur falls: its box and the kernel's reach, within the picture.
        rows = slice(max(top - reach, 0), bottom + reach)
        across = slice(max(start - reach, 0), end + reach)
        for view, kernel in enumerate(kernels):
            own = seen[view][:, :, rows, across]
            up, left = max(reach - top, 0), max(reach - start, 0)
            cut = (..., slice(up, up + own.shape[2]), slice(left, left + own.shape[3]))
            share = _blur(pad(alpha, [2 * reach] * 4), kernel)[cut]
            light = _blur(layer, kernel)[cut]
            seen[view][:, :, rows, across] = own * (1.0 - share) + light
            behind = weight[view][:, :, rows, across] * (1.0 - share)
            weight[view][:, :, rows, across] = behind + share
    return [light / total for light, total in zip(seen, weight, strict=True)]


def _span(wanted: Tensor) -> tuple[int, int]:
    """First and one past the last position that is True."""
    where = torch.nonzero(wanted)
    return int(where[0]), int(where[-1]) + 1


def _blur(padded: Tensor, kernel: Kernel) -> Tensor:
    return correlate(padded, kernels=torch.from_numpy(kernel.copy()).to(padded.device)[None])


def _side_by_side(
    images: Tensor, pairs: Sequence[Sequence[Tensor]], *, sizes: Sequence[Size]
) -> tuple[Tensor, list[Size]]:
    """[B,C,H,2W]: every left view in its corner, its right view straight after it."""
    new = [(height, 2 * width) for height, width in sizes]
    out = images.new_zeros((*images.shape[:2], images.shape[2], 2 * images.shape[3]))
    for b, (pair, (height, width)) in enumerate(zip(pairs, new, strict=True)):
        out[b, :, :height, :width] = torch.cat(list(pair), dim=3)[0]
    return out, new
