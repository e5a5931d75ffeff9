"""Samples become a batch on the training device; clean regions are degraded there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from baselines.networks.architecture import Traits
from baselines.training_data.geometry import Box
from baselines.training_data.recipes import enlargement
from baselines.training_data.sample import CLEAN, Ready
from baselines.training_data.stored import noise_told
from degrade.apply import apply_steps, degrade


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Stacked samples: pictures float32 [B,C,H,W] by side, keys, and what a network is told."""

    pictures: Mapping[str, Tensor]
    keys: tuple[str, ...]
    told: Tensor | float | None


def finish(samples: Sequence[Ready], *, traits: Traits, device: torch.device) -> Finished:
    """The batch of these samples. Raises ValueError naming two samples of different sizes, or one
    whose recipe does not make what the network takes."""
    if CLEAN in samples[0].pictures:
        pictures = _degraded(samples, traits=traits, device=device)
    else:
        sides = samples[0].pictures
        pictures = {side: [one.pictures[side] for one in samples] for side in sides}
    stacked = {
        side: _stacked(own, samples, side=side, device=device) for side, own in pictures.items()
    }
    return Finished(
        pictures=stacked,
        keys=tuple(one.key for one in samples),
        told=_told(samples, traits=traits, device=device),
    )


def _stacked(
    planes: Sequence[Tensor], samples: Sequence[Ready], *, side: str, device: torch.device
) -> Tensor:
    for one, sample in zip(planes, samples, strict=True):
        if one.shape != planes[0].shape:
            shapes = [f"{p.shape[2]}x{p.shape[1]}" for p in (planes[0], one)]
            raise ValueError(
                f"{side} of {samples[0].key} is {shapes[0]} and of {sample.key} {shapes[1]}: a "
                "batch has pictures of one size; set stages.patch, or a batch of 1"
            )
    if planes[0].device.type == "cpu":
        # NumPy's copy takes one thread: torch's wakes a team of them, for less than a millisecond
        batch = torch.from_numpy(np.stack([one.numpy() for one in planes]))
    else:
        batch = torch.stack(list(planes))
    if batch.device == device:
        return batch
    if device.type == "cuda":
        return batch.pin_memory().to(device, non_blocking=True)
    return batch.to(device)


def _told(
    samples: Sequence[Ready], *, traits: Traits, device: torch.device
) -> Tensor | float | None:
    if traits.told == "scale" or traits.scales:
        return float(samples[0].scale)
    if traits.told != "sigma":
        return None
    levels = []
    for one in samples:
        level = one.sigma if one.made is None else noise_told(one.made.record.steps)
        # a recipe whose noise is drawn by half has none in this sample
        levels.append(0.0 if level is None else level)
    return torch.tensor(levels, dtype=torch.float32, device=device)


def _degraded(
    samples: Sequence[Ready], *, traits: Traits, device: torch.device
) -> dict[str, list[Tensor]]:
    """(lq, gt) of clean regions, each by its own record, without their margins; and gt_plain, gt
    without what the recipe does to it first, where it does something (Real-ESRGAN sharpens)."""
    records = [one.made.record for one in samples if one.made is not None]
    targets, inputs = degrade([_moved(one.pictures[CLEAN], device) for one in samples], records)
    if traits.pre_upsampled:
        steps = []
        for one in samples:
            record = enlargement(int(one.scale))
            steps.append([record.steps[step] for step in record.order])
        inputs = apply_steps(inputs, steps)
    lqs, gts, plains = [], [], []
    for one, target, made in zip(samples, targets, inputs, strict=True):
        assert one.made is not None
        if target.shape != one.pictures[CLEAN].shape:
            raise ValueError(
                f"{one.key}: recipe {one.facts['recipe']} makes a target of "
                f"{target.shape[2]}x{target.shape[1]} pixels; of training patches it keeps the size"
            )
        scale = 1.0 if traits.pre_upsampled else one.scale
        lqs.append(_input(one, made, target, scale=scale, traits=traits))
        gts.append(one.made.inner.cut_planes(target))
        if one.made.record.target:
            plains.append(one.made.inner.cut_planes(_moved(one.pictures[CLEAN], device)))
    made_of = {"lq": lqs, "gt": gts}
    return {**made_of, "gt_plain": plains} if len(plains) == len(samples) else made_of


def _moved(planes: Tensor, device: torch.device) -> Tensor:
    return planes if planes.device == device else planes.to(device)


def _input(one: Ready, made: Tensor, target: Tensor, *, scale: float, traits: Traits) -> Tensor:
    """The inner part of what a recipe made; two views side by side become channels."""
    assert one.made is not None
    inner = one.made.inner
    views = traits.channels // traits.out_channels
    if views > 1 and made.shape[2] == views * target.shape[2]:
        made = torch.cat(made.chunk(views, dim=2))
    side = one.made.input_side
    box = Box(
        round(inner.top / scale), round(inner.left / scale),
        side or round(inner.height / scale), side or round(inner.width / scale),
    )  # fmt: skip
    if (
        made.shape[0] != traits.channels
        or made.shape[1] < box.top + box.height
        or made.shape[2] < box.left + box.width
    ):
        raise ValueError(
            f"{one.key}: recipe {one.facts['recipe']} makes {made.shape[2]}x{made.shape[1]} pixels "
            f"of {made.shape[0]} channel(s) out of {target.shape[2]}x{target.shape[1]}; the "
            f"network takes {traits.channels} at 1/{scale:g} of the size"
        )
    return box.cut_planes(made)
