"""Small datasets for tests, built in this process: what the workers do, without the workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.data
import tifffile

from builders.demo import MATRIX, daylight_gains, expose, take_mosaic, unprocess
from builders.demosaic import demosaic
from builders.dng import DngColor, DngShot, write_dng
from builders.kinds.exposure_arguments import Wishes
from builders.kinds.exposure_plan import plan_exposure
from builders.kinds.scene import scene_task
from builders.merge import merge_dataset
from builders.parts import part_path
from builders.plan import Plan
from builders.planning import Store
from builders.raw import read_raw
from builders.render import develop, render
from builders.sources import Root
from builders.start import start_build
from builders.worker import finish_shard, make_part
from degrade.color import SRGB_TO_PROPHOTO, srgb_decode
from degrade.draws import draw_u32
from degrade.images import Picture

# Which part of which photograph each small scene shows: top, left; all are HEIGHT x WIDTH.
HEIGHT, WIDTH = 128, 160
PARTS: dict[str, tuple[str, int, int]] = {
    "cup": ("coffee", 120, 200),
    "face": ("astronaut", 60, 160),
    "helmet": ("astronaut", 340, 20),
    "cat": ("chelsea", 60, 120),
}


def take_raw(path: Path, *, part: str = "cup", size: tuple[int, int] = (HEIGHT, WIDTH)) -> Path:
    """Writes the DNG of one part as the demo camera takes it."""
    name, top, left = PARTS[part]
    picture = getattr(skimage.data, name)()[top : top + size[0], left : left + size[1]]
    mosaic = expose(
        take_mosaic(unprocess(picture), pattern="RGGB"),
        shot=1e-5,
        read=1e-8,
        seed=draw_u32("built", path.name),
    )
    red, green, blue = daylight_gains()
    color = DngColor(
        pattern="RGGB", black=512.0, white=16383, white_balance=(red, green, blue), matrix=MATRIX
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dng(path, mosaic, color=color, shot=DngShot(camera="test camera", iso=100))
    return path


def take_raws(folder: Path, *, parts: Sequence[str] = tuple(PARTS)) -> Path:
    """`folder` with a DNG per part, named after it."""
    for part in parts:
        take_raw(folder / f"{part}.dng", part=part)
    return folder


def retouch(raw: Path, *, bits: int, ev: float = 0.4) -> Picture:
    """What an expert might make of a RAW: brighter, with more contrast; sRGB at full size."""
    picture = render(develop(demosaic(read_raw(raw))), ev=ev, bits=16) / 65535.0
    curved = picture + 0.06 * np.sin(2.0 * np.pi * (picture - 0.5))
    top = 255 if bits == 8 else 65535
    return np.rint(np.clip(curved, 0.0, 1.0) * top).astype(np.uint8 if bits == 8 else np.uint16)


def save_prophoto(path: Path, picture: Picture) -> None:
    """An sRGB picture as FiveK's experts saved theirs: 16-bit TIFF, ProPhoto, gamma 1.8."""
    linear = srgb_decode(picture / np.iinfo(picture.dtype).max)
    wide = np.clip(linear @ np.asarray(SRGB_TO_PROPHOTO).T, 0.0, 1.0) ** (1 / 1.8)
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.rint(wide * 65535).astype(np.uint16), photometric="rgb")


def make_plan(
    raw: Path | Sequence[Root],
    *,
    target: Path | None = None,
    wishes: Wishes | None = None,
    store: Store | None = None,
) -> Plan:
    """The plan of an exposure build, without its notes."""
    roots = [Root(raw)] if isinstance(raw, Path) else raw
    return plan_exposure(
        roots, target=target, wishes=wishes or Wishes(), store=store or Store()
    ).plan


def build_here(
    raw: Path | Sequence[Root],
    out: Path,
    *,
    target: Path | None = None,
    wishes: Wishes | None = None,
    store: Store | None = None,
) -> Path:
    """A finished dataset in `out`, made in this process; returns `out`."""
    plan = make_plan(raw, target=target, wishes=wishes, store=store)
    run_here(start_build(plan, out=out, store=store or Store()), out)
    return out


def run_here(plan: Plan, out: Path) -> None:
    """Makes every shard of a saved plan, then the dataset."""
    for shard in plan.shards:
        for index in range(shard.first, shard.last):
            path = part_path(out, shard=shard, index=index)
            make_part(scene_task(plan, index), kind=plan.kind, path=path, last_try=True)
        finish_shard(out, shard=shard, storage=plan.format, naming=plan.naming)
    merge_dataset(plan, out=out)
