"""Operators that change the sampling grid: resize, subsample, crop.

Every sample of a batch has its own method, scale and size. On the CPU float32 pictures go through
the compiled passes one by one; elsewhere a canvas is gathered tap by tap, with index and weight
tables padded to the longest of the batch. The two give the same sums in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from degrade.canvas import Size, gather, stack
from degrade.laws import Mixture, Uniform
from degrade.operator import Name, Number, Whole, light, operator
from degrade.operators.resize_plan import GRIDS, METHODS, Plan, plan_resize
from degrade.separable import code_samples, decode_samples, pass_columns, pass_rows
from degrade.taps import Taps


@operator(
    kind="resizing",
    source="Wang et al., Real-ESRGAN, ICCVW 2021, sec. 3.2 (options of the first resize); Keys, "
    "IEEE Trans. ASSP 29(6), 1981; MATLAB imresize",
    differentiable=True,
    parameters={
        "method": Name("matlab-bicubic", allowed=METHODS, unit="kernel, edges and rounding"),
        "scale": Number(
            Mixture((Uniform(1.0, 1.5), Uniform(0.15, 1.0), 1.0), (0.2, 0.7, 0.1)),
            low=1 / 64, high=16.0, neutral=1.0, unit="output/input side",
            source="Real-ESRGAN x4plus options: resize_prob, resize_range", host=True,
        ),
        "base": Name("current", allowed=("current", "input"), unit="what the scale is relative to"),
        "grid": Name("floor-scale", allowed=GRIDS, unit="rounding of the size, and positions"),
        "stretch": Number(
            1.0, low=1 / 16, high=16.0, neutral=1.0, unit="scale of the width / of the height",
            host=True,
        ),
        "light": light(),
    },
)  # fmt: skip
def resize(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    method: Sequence[str],
    scale: Sequence[float],
    base: Sequence[str],
    grid: Sequence[str],
    stretch: Sequence[float],
) -> tuple[Tensor, list[Size]]:
    """Resizes each picture by its own method and scale.

    images [B,C,H,W]; returns them at their new sizes, at least 1x1. Clips only where a method says
    so; the cubics and Lanczos overshoot.

    base: the scale is relative to the picture as it is ('current') or as it entered the recipe
    ('input': 1/4 of a x4 recipe's low-resolution side, whatever came before).
    grid: how scale*side becomes a whole number ('round': halves to even, as OpenCV), and whether
    positions follow the scale as given ('scale': torch with scale_factor, MATLAB with a scale,
    OpenCV with fx) or the ratio of the sides ('size': each of them with a size).
    stretch: the width's scale is scale*stretch; 1 keeps the shape.

    method:
    matlab-bicubic            imresize of 8-bit integers: clipped and rounded to k/255 on entry and
                              after each pass; mirrored edges; a = -1/2, antialiased. No gradient.
    matlab-bicubic-16         the same with k/65535. No gradient.
    matlab-bicubic-replicate  the first with clamped edges, as older MATLAB. No gradient.
    matlab-bicubic-double     imresize of doubles: nothing rounded or clipped, sums in float64
    bilinear, bicubic         torch's and OpenCV's (bicubic: a = -3/4), clamped edges, no antialias
    bicubic-half              bicubic with Keys' a = -1/2
    lanczos2, lanczos3, box   windowed sinc of 2 or 3 lobes; the nearest sample's own cell
    nearest                   sample floor(x/scale): torch 'nearest', INTER_NEAREST
    nearest-exact             sample floor((x + 1/2)/scale): torch 'nearest-exact'
    area                      OpenCV's INTER_AREA: exact cover if both sides shrink, else its blend
    area-adaptive             torch's 'area' (adaptive_avg_pool2d): windows of whole samples
    ...-antialias             bilinear to box with the kernel widened when shrinking, cut at the
                              edge: Pillow, and torch with antialias=True, whose 'bicubic' is then
                              bicubic-half-antialias
    """
    plans = [
        plan_resize(sizes[b], origin=origins[b], method=method[b], scale=scale[b], base=base[b],
                    grid=grid[b], stretch=stretch[b])
        for b in range(len(images))
    ]  # fmt: skip
    new = [plan.size for plan in plans]
    plain = type(images) is torch.Tensor  # tensors of shapes alone (FakeTensor) have no samples
    ours = plain and images.device.type == "cpu" and images.dtype == torch.float32
    if ours and not images.requires_grad:
        made = [
            _compiled(image[:, :h, :w].numpy(), plan)
            for image, (h, w), plan in zip(images, sizes, plans, strict=True)
        ]
        if len(made) == 1:
            return torch.from_numpy(made[0])[None], new
        return stack([torch.from_numpy(picture) for picture in made])[0], new
    groups: dict[object, list[int]] = {}
    for b, plan in enumerate(plans):
        groups.setdefault(plan.group, []).append(b)
    if len(groups) == 1:
        return _gathered(images, plans), new
    height, width = (max(size[axis] for size in new) for axis in (0, 1))
    canvas = images.new_zeros((*images.shape[:2], height, width))
    for chosen in groups.values():
        index = torch.tensor(chosen, device=images.device)
        part = _gathered(images.index_select(0, index), [plans[b] for b in chosen])
        room = (0, width - part.shape[3], 0, height - part.shape[2])
        canvas = canvas.index_copy(0, index, torch.nn.functional.pad(part, room))
    return canvas, new


@operator(
    kind="resizing",
    source="Zhang et al., USRNet, CVPR 2020, eq. 1 (s-fold downsampler: the upper left of each "
    "s x s); BSRGAN, ICCV 2021, sec. 3.2 (D_s)",
    differentiable=True,
    parameters={
        "factor": Whole(2, low=1, high=64, neutral=1, unit="px"),
        "phase": Whole(0, low=0, high=63, unit="px from the upper left; below factor"),
    },
)
def subsample(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    factor: Sequence[int],
    phase: Sequence[int],
) -> tuple[Tensor, list[Size]]:
    """Keeps every factor-th sample of each axis, from `phase` on: picture[phase::factor].

    images [B,C,H,W]; the new side is ceil((side - phase)/factor). Nothing is filtered first and
    nothing clipped. Raises ValueError where phase is not below factor or no sample is left.
    """
    del origins
    rows, columns = [], []
    for (height, width), step, first in zip(sizes, factor, phase, strict=True):
        if first >= step or first >= min(height, width):
            raise ValueError(
                f"subsample by factor {step} from phase {first} of a picture of {width}x{height}; "
                "phase must be below factor and inside the picture"
            )
        rows.append(np.arange(first, height, step))
        columns.append(np.arange(first, width, step))
    return _picked(images, rows, columns)


@operator(
    kind="resizing",
    source="the patch that training takes; Real-ESRGAN, sec. 4.1: 256",
    differentiable=True,
    parameters={
        "height": Whole(256, low=1, high=65535, unit="px"),
        "width": Whole(256, low=1, high=65535, unit="px"),
        "top": Number(Uniform(0.0, 1.0), low=0.0, high=1.0, unit="of the free rows", host=True),
        "left": Number(Uniform(0.0, 1.0), low=0.0, high=1.0, unit="of the free columns", host=True),
    },
)
def crop(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    height: Sequence[int],
    width: Sequence[int],
    top: Sequence[float],
    left: Sequence[float],
) -> tuple[Tensor, list[Size]]:
    """Cuts height x width pixels out of each picture.

    images [B,C,H,W]. top, left: 0 is the first place, 1 the last, and a uniform law makes every
    place alike: row min(floor(top*(n + 1)), n) of n free ones. Raises ValueError for a picture
    smaller than the crop. Does not clip values.
    """
    del origins
    rows, columns = [], []
    for b, (h, w) in enumerate(sizes):
        if height[b] > h or width[b] > w:
            raise ValueError(
                f"crop of {width[b]}x{height[b]} from a picture of {w}x{h}; crop less, or leave "
                "such pictures out"
            )
        rows.append(_place(top[b], h - height[b]) + np.arange(height[b]))
        columns.append(_place(left[b], w - width[b]) + np.arange(width[b]))
    return _picked(images, rows, columns)


def _place(share: float, free: int) -> int:
    return min(math.floor(share * (free + 1)), free)


def _compiled(picture: NDArray[np.float32], plan: Plan) -> NDArray[np.float32]:
    """[C,H,W] to [C,h,w] by the passes of degrade/separable.py."""
    channels, single = len(picture), np.dtype(np.float32)
    work = code_samples(picture, top=plan.top) if plan.top else picture
    between = work.dtype if plan.top else np.dtype(np.float64) if plan.double else single
    for axis, dtype in zip(plan.order, (between, work.dtype), strict=True):
        index, weight = plan.taps[axis]
        weight = weight if plan.double else weight.astype(np.float32)
        flat = work.reshape(-1, work.shape[2])
        if axis == 0:  # row y of channel c is row c*H + y of the channels under one another
            index = (index + work.shape[1] * np.arange(channels)[:, None, None]).reshape(
                -1, index.shape[1]
            )
            weight = np.tile(weight, (channels, 1))
        run = pass_rows if axis == 0 else pass_columns
        flat = run(flat, index=index, weight=weight, limit=float(plan.top), dtype=dtype)
        work = flat.reshape(channels, -1, flat.shape[1])
    return decode_samples(work, top=plan.top) if plan.top else work


def _gathered(images: Tensor, plans: Sequence[Plan]) -> Tensor:
    """A canvas whose pictures share a group of plans, by torch alone."""
    top, dtype = plans[0].top, images.dtype
    if top:
        images = torch.floor(images.clamp(0.0, 1.0) * top + 0.5)
    if plans[0].double:
        images = images.double()
    for axis in plans[0].order:
        images = _along(images, [plan.taps[axis] for plan in plans], axis + 2)
        if top:
            images = torch.floor(images + 0.5).clamp(0.0, top)
    images = images.to(dtype)
    return images / top if top else images


def _along(images: Tensor, taps: Sequence[Taps], dim: int) -> Tensor:
    """Weighted sums along one axis, each picture by its own taps; tap by tap, in plain order."""
    length = max(len(index) for index, _ in taps)
    depth = max(index.shape[1] for index, _ in taps)
    places = np.zeros((len(taps), length, depth), np.int64)
    shares = np.zeros((len(taps), length, depth), np.float64)
    for b, (index, weight) in enumerate(taps):
        places[b, : len(index), : index.shape[1]] = index
        shares[b, : len(index), : index.shape[1]] = weight
    place = torch.from_numpy(places).to(images.device)
    share = torch.from_numpy(shares).to(device=images.device, dtype=images.dtype)
    view = [len(taps), 1, 1, 1]
    view[dim] = length
    shape = [*images.shape]
    shape[dim] = length
    total = images.new_zeros(shape)
    for k in range(depth):
        own = place[:, :, k].reshape(view).expand(shape)
        total = total + images.gather(dim, own) * share[:, :, k].reshape(view)
    return total


def _picked(
    images: Tensor, rows: Sequence[NDArray[np.int64]], columns: Sequence[NDArray[np.int64]]
) -> tuple[Tensor, list[Size]]:
    """The samples at these rows and columns of each picture, on one canvas."""
    new = [(len(down), len(across)) for down, across in zip(rows, columns, strict=True)]
    height, width = (max(size[axis] for size in new) for axis in (0, 1))
    down = np.stack([np.pad(place, (0, height - len(place))) for place in rows])
    across = np.stack([np.pad(place, (0, width - len(place))) for place in columns])
    return gather(images, rows=down, columns=across), new
