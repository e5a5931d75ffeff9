"""What the builds that simulate a camera do alike with one source: read it, draw a camera's noise,
write both down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from builders.crops import patch_count
from builders.frame import RawFrame
from builders.kinds.camera_arguments import CameraArguments
from builders.kinds.capture import capture_facts, read_source
from builders.kinds.scene import Codecs, SceneTask
from builders.raw import read_raw
from degrade.cameras import CameraNoise, camera_noise_at
from degrade.draws import draw_u32


@dataclass(frozen=True)
class DrawnNoise:
    """A camera's noise for one picture: its parameters, and the seed of its fields."""

    noise: CameraNoise
    seed: int

    def parameters(self) -> dict[str, Any]:
        """What the pair's record says."""
        return {**asdict(self.noise), "seed": self.seed}


def draw_noise(
    task: SceneTask, arguments: CameraArguments, *, variant: str, iso: float | None
) -> DrawnNoise:
    """The noise of one variant of a scene, drawn at (seed, "scene/variant", ...)."""
    key = f"{task.scene}/{variant}"
    noise = camera_noise_at(arguments.camera, iso=iso, seed=task.seed, key=key)
    return DrawnNoise(noise, draw_u32(task.seed, key, "camera noise", "seed"))


def open_raw(task: SceneTask, arguments: CameraArguments) -> tuple[RawFrame, dict[str, Any]]:
    """The decoded source and what all its pairs' records share."""
    data, digest = read_source(task)
    frame = read_raw(task.file, data=data)
    return frame, {
        "source": {"root": task.root, "path": task.path, "sha256": digest},
        "capture": capture_facts(frame, demosaic=arguments.demosaic),
        **rendering(arguments),
    }


def rendering(arguments: CameraArguments) -> dict[str, Any]:
    """What a record says of the renders and their coding."""
    return {"style": arguments.style, "bits": arguments.bits, "encode": arguments.encode}


def patches_of(arguments: CameraArguments, split: str) -> int:
    """Patches that one scene of a split gives, 1 for a whole picture."""
    return 1 if arguments.patch is None else patch_count(arguments.patch, split=split)


def camera_codecs(arguments: CameraArguments) -> Codecs:
    """lq and gt are stored alike, without loss."""
    return Codecs(lq=arguments.encode, gt=arguments.encode)
