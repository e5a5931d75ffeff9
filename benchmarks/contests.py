"""The cases of the exposure benchmark: five pictures of a RAW, by pairsmith and by rawpy.

The peer is what people write today: open once, then for each EV postprocess(exp_shift=2**ev) with
AHD at 8 bits, and, where a small picture is wanted, shrink each result with OpenCV's INTER_AREA,
the cheap choice. The two sides' pictures are alike, not equal: exp_shift acts before LibRaw
interpolates and clips, and INTER_AREA is neither antialiased bicubic nor in linear light.
Ours is the build's own step, its hash, screens, clip mask and records included.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
import rawpy
from machine import peak_memory, stopwatch
from numpy.typing import NDArray

from builders.kinds import KINDS
from builders.kinds.exposure_arguments import MSEC_EVS, Wishes, resolve
from builders.kinds.scene import SceneTask
from builders.worker import make_part

SCALE = 0.3  # of MSEC's own pictures
# What --preset msec sets; the preset itself asks for retouched targets
_MSEC = {"resize": "display", "style": "acr-like", "encode": "jpeg75", "gt_encode": "jpeg100"}
# How the peer stores: OpenCV's own PNG settings are the quick ones
_FILES = {"PNG": (".png", []), "JPEG": (".jpg", [int(cv2.IMWRITE_JPEG_QUALITY), 75])}


@dataclass(frozen=True)
class Case:
    """One way to make five pictures: whose, at which size, kept in memory or stored as files.

    shrink: "" (full size), "linear" or "msec" (ours), "area" (the peer's).
    stored: "", "PNG" or "JPEG".
    """

    peer: bool
    shrink: str
    stored: str = ""

    def title(self) -> str:
        how = {
            "": "full size", "linear": f"x{SCALE} in linear light", "msec": f"x{SCALE} as msec",
            "area": f"full size, then x{SCALE} each",
        }[self.shrink]  # fmt: skip
        end = f", {self.stored}" if self.stored else ""
        return f"{'rawpy' if self.peer else 'pairsmith'}: {how}{end}"


@dataclass(frozen=True)
class Contest:
    """Ours against the peer, and the ratio aimed at (None: no aim was set)."""

    title: str
    ours: Case
    peer: Case
    aim: float | None = None


FULL = Case(True, "")
AREA = Case(True, "area")
CONTESTS = (
    Contest("full size", Case(False, ""), FULL, 2.5),
    Contest("full size, PNG files", Case(False, "", "PNG"), Case(True, "", "PNG")),
    Contest(f"x{SCALE}", Case(False, "linear"), AREA, 4.0),
    Contest(f"x{SCALE}, peer leaves full size", Case(False, "linear"), FULL),
    Contest(f"x{SCALE}, PNG files", Case(False, "linear", "PNG"), Case(True, "area", "PNG")),
    Contest(f"x{SCALE} as msec", Case(False, "msec"), AREA),
    Contest(f"x{SCALE} as msec, JPEG", Case(False, "msec", "JPEG"), Case(True, "area", "JPEG")),
)
CASES = tuple(dict.fromkeys(case for c in CONTESTS for case in (c.ours, c.peer)))


def task_of(dng: Path, *, shrink: str) -> SceneTask:
    """The build's own task for this file: five renders, of which EV 0 is the target."""
    arguments = resolve(Wishes(fraction=SCALE if shrink else 1.0), retouched=False)
    if shrink == "msec":
        arguments = msgspec.structs.replace(arguments, **_MSEC)
    return SceneTask(
        scene=dng.stem, split="train", root=0, path=dng.name, file=dng, size=dng.stat().st_size,
        seed=0, targets={}, arguments=msgspec.to_builtins(arguments),
    )  # fmt: skip


def five_by_rawpy(dng: Path, *, case: Case, folder: Path) -> None:
    """What people write today."""
    with rawpy.imread(str(dng)) as raw:
        for ev in MSEC_EVS:
            picture: NDArray[np.uint8] = raw.postprocess(
                demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
                use_camera_wb=True,
                no_auto_bright=True,
                exp_shift=2.0**ev,
                output_bps=8,
            )
            if case.shrink:
                small = cv2.resize(picture, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
                picture = np.asarray(small, np.uint8)
            if case.stored:
                suffix, options = _FILES[case.stored]
                name = str(folder / f"{dng.stem}{ev:+g}{suffix}")
                assert cv2.imwrite(name, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options), name


def five_by_pairsmith(dng: Path, *, case: Case, folder: Path) -> None:
    """A build's own step: from the file (hashed, screened, recorded) to its pairs or its part."""
    task = task_of(dng, shrink=case.shrink)
    if case.stored:
        path = folder / f"{dng.stem}.part"
        outcome = make_part(task, kind="exposure", path=path, last_try=True)
        assert outcome.rows == len(MSEC_EVS) - 1, outcome
    else:
        scene = KINDS["exposure"].build_scene(task)
        assert len(scene.gts) + sum(1 for _ in scene.pairs) == len(MSEC_EVS)


def run_case(dng: Path, *, case: Case, folder: Path) -> tuple[float, float]:
    """(wall, cpu) seconds of one case in the calling process."""
    work = five_by_rawpy if case.peer else five_by_pairsmith
    return stopwatch(functools.partial(work, dng, case=case, folder=folder))


def peak_case(dng: Path, *, case: Case, folder: Path) -> int:
    """Bytes of the calling process at its peak over three files, imports included; give it a fresh
    process. The heap that is left of one file is seldom whole enough for the next."""
    for _ in range(3):
        run_case(dng, case=case, folder=folder)
    return peak_memory()
