"""Applying records to pictures: one by one on the CPU, together on a GPU, by the same operators.

On the CPU a picture is its own batch, so that neither the batch nor its order nor the number of
threads can change a bit of it. On a GPU the samples of a batch, each with its own steps, are
gathered by operator: in every round all those whose next step is the same operator go through it
together on a ragged canvas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from degrade.arrays import load_array
from degrade.canvas import Size, pad_margin, stack, unstack
from degrade.images import Picture
from degrade.operator import (
    OPERATORS,
    RUNNER_NAMES,
    Array,
    Name,
    NoiseSeed,
    Number,
    Operator,
    Switch,
    Whole,
)
from degrade.record import Record
from degrade.threads import one_thread
from degrade.transfer import linear_to_srgb, srgb_to_linear

Values = Mapping[str, Any]
_DTYPES = {Switch: torch.bool, Number: torch.float64, NoiseSeed: torch.int64}


def degrade_picture(picture: Picture, record: Record) -> tuple[Picture, Picture, Record]:
    """(target, input, record with geometry) of one picture uint8 or uint16 [H,W,3] RGB.

    Both come back at 8 bits, or at 16 if the picture has 16. Same bytes for the same versions on
    the same family of processors.
    """
    sides = degrade([to_image(picture)], [record])
    target, made = (to_picture(side[0], dtype=picture.dtype) for side in sides)
    sizes = {"input": picture.shape[:2], "target": target.shape[:2], "output": made.shape[:2]}
    _check_scale(sizes, record)
    if record.geometry and dict(record.geometry) != sizes:
        raise ValueError(f"the record says {dict(record.geometry)}, its steps make {sizes}")
    return target, made, record.with_geometry(sizes)


def _check_scale(sizes: Mapping[str, Size], record: Record) -> None:
    """Refuses a recipe that does not shrink as it says; views may lie side by side."""
    (height, width), (h, w) = sizes["target"], sizes["output"]
    if h * record.scale != height or w * record.scale % width:
        raise ValueError(
            f"recipe {record.recipe!r} has scale {record.scale}, and makes {w}x{h} pixels of a "
            f"target of {width}x{height}: let its last step resize to 1/{record.scale} of the "
            "input, or name the scale it has"
        )


def degrade(
    images: Sequence[Tensor], records: Sequence[Record]
) -> tuple[list[Tensor], list[Tensor]]:
    """(targets, inputs) of pictures [C,h,w] float32 in [0,1], each by its own record.

    All on one device, whose kind decides how: see above. Results are float, not rounded and, after
    steps that do not clip, may leave [0,1].
    """
    cut = [_multiple(image, record.scale) for image, record in zip(images, records, strict=True)]
    targets = apply_steps(cut, [[r.steps[i] for i in r.target] for r in records])
    return targets, apply_steps(targets, [[r.steps[i] for i in r.order] for r in records])


def apply_steps(images: Sequence[Tensor], steps: Sequence[Sequence[Values]]) -> list[Tensor]:
    """Pictures [C,h,w] after the steps of each, {"operator": name, parameter: value}."""
    if not images or images[0].device.type != "cpu":
        return apply_together(images, steps)
    with one_thread():
        return [_alone(image, own) for image, own in zip(images, steps, strict=True)]


def _alone(image: Tensor, steps: Sequence[Values]) -> Tensor:
    """One picture [C,h,w] after its steps."""
    origin = (image.shape[1], image.shape[2])
    for values in steps:
        op = OPERATORS[values["operator"]]
        size = (image.shape[1], image.shape[2])
        made, sizes = call(op, image[None], sizes=[size], origins=[origin], values=[values])
        image = made[0, :, : sizes[0][0], : sizes[0][1]].contiguous()
    return image


def apply_together(images: Sequence[Tensor], steps: Sequence[Sequence[Values]]) -> list[Tensor]:
    """As `apply_steps`, the samples gathered by operator on one canvas; any device."""
    if not images:
        return []
    canvas, sizes = stack(images)
    origins = list(sizes)
    left = [list(own) for own in steps]
    while name := _most_wanted(own[0]["operator"] for own in left if own):
        chosen = [b for b, own in enumerate(left) if own and own[0]["operator"] == name]
        values = [left[b].pop(0) for b in chosen]
        part = [sizes[b] for b in chosen]
        height, width = (max(size[axis] for size in part) for axis in (0, 1))
        index = torch.tensor(chosen, device=canvas.device)
        view = canvas[:, :, :height, :width]
        whole = len(chosen) == len(images)
        made, new = call(
            OPERATORS[name], view if whole else view.index_select(0, index), sizes=part,
            origins=[origins[b] for b in chosen], values=values,
        )  # fmt: skip
        for b, size in zip(chosen, new, strict=True):
            sizes[b] = size
        if whole:
            canvas = made
            continue
        canvas = _at_least(canvas, made.shape[2], made.shape[3])
        canvas[index, :, : made.shape[2], : made.shape[3]] = made
    return unstack(canvas, sizes=sizes)


def call(
    op: Operator,
    images: Tensor,
    *,
    sizes: Sequence[Size],
    origins: Sequence[Size],
    values: Sequence[Values],
) -> tuple[Tensor, list[Size]]:
    """One operator on a canvas whose samples have these parameters: (images, sizes)."""
    sizes = [(int(h), int(w)) for h, w in sizes]
    linear = [value.get("light") == "linear" for value in values]
    if any(linear):
        images = _per_sample(srgb_to_linear, images, linear)
    columns = {
        name: _column(parameter, [value[name] for value in values], device=images.device)
        for name, parameter in op.parameters.items()
        if name not in RUNNER_NAMES
    }
    match op.kind:
        case "neighbourhood":
            radius = max(op.reach(value) for value in values)
            paddings = [value.get("padding", "reflect") for value in values]
            padded = pad_margin(images, sizes=sizes, paddings=paddings, radius=radius)
            images = op.apply(padded, **columns)
        case "statistic":
            images = op.apply(images, sizes=sizes, **columns)
        case "resizing":
            images, sizes = op.apply(images, sizes=sizes, origins=list(origins), **columns)
        case "host":
            images, sizes = _on_host(op, images, sizes=sizes, columns=columns)
        case _:
            images = op.apply(images, **columns)
    if any(linear):
        images = _per_sample(linear_to_srgb, images, linear)
    return images, list(sizes)


def _on_host(
    op: Operator, images: Tensor, *, sizes: Sequence[Size], columns: Mapping[str, Any]
) -> tuple[Tensor, list[Size]]:
    made = []
    for b, picture in enumerate(unstack(images.cpu(), sizes=sizes)):
        own = {name: _entry(column, b) for name, column in columns.items()}
        made.append(torch.from_numpy(op.apply(np.ascontiguousarray(picture.numpy()), **own)))
    canvas, new = stack(made)
    return canvas.to(images), new


def _entry(column: Any, index: int) -> Any:
    entry = column[index]
    if isinstance(entry, Tensor):
        return entry.item() if entry.ndim == 0 else entry.cpu().numpy()
    return entry


def _column(parameter: Any, values: Sequence[Any], *, device: torch.device) -> Any:
    if isinstance(parameter, Name | Whole) or (isinstance(parameter, Number) and parameter.host):
        return tuple(values)
    if isinstance(parameter, Array):
        return tuple(torch.from_numpy(load_array(value)).to(device) for value in values)
    kind = next(dtype for declared, dtype in _DTYPES.items() if isinstance(parameter, declared))
    return torch.tensor(values, dtype=kind, device=device)


def _per_sample(curve: Any, images: Tensor, wanted: Sequence[bool]) -> Tensor:
    if all(wanted):
        return curve(images)
    mask = torch.tensor(wanted, device=images.device)[:, None, None, None]
    return torch.where(mask, curve(images), images)


def _most_wanted(names: Iterable[str]) -> str:
    counts = Counter(names)
    return max(sorted(counts), key=lambda name: counts[name]) if counts else ""


def _at_least(canvas: Tensor, height: int, width: int) -> Tensor:
    """The canvas, a new one, enlarged where it is too small."""
    batch, channels, h, w = canvas.shape
    larger = canvas.new_zeros((batch, channels, max(h, height), max(w, width)))
    larger[:, :, :h, :w] = canvas
    return larger


def _multiple(image: Tensor, scale: int) -> Tensor:
    height, width = (side - side % scale for side in image.shape[1:])
    if min(height, width) < scale:
        raise ValueError(
            f"a picture of {image.shape[2]}x{image.shape[1]} pixels is too small for a recipe of "
            f"scale {scale}"
        )
    return image[:, :height, :width].contiguous()


def to_image(picture: Picture) -> Tensor:
    """[H,W,C] uint8 or uint16 as float32 [C,H,W] in 0..1."""
    image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32))
    return image / np.iinfo(picture.dtype).max


def to_picture(image: Tensor, *, dtype: np.dtype[Any]) -> Picture:
    """[C,h,w] clipped, scaled and rounded half up to uint8 or uint16 [h,w,C]."""
    top = np.iinfo(dtype).max
    codes = torch.clamp(image.double(), 0.0, 1.0).mul(top).add(0.5).floor()
    return np.ascontiguousarray(codes.numpy().transpose(1, 2, 0)).astype(dtype)
