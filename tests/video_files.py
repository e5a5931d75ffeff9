"""Small video files with moving colours and a tone, written for tests."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

TICK = Fraction(1, 90000)


@dataclass(frozen=True, kw_only=True)
class Clip:
    """frames of width x height at 30000/1001 a second.

    pause: every so many-th frame lasts three times as long, none where it is 0. turn: degrees
    counterclockwise that players are asked to turn it by.
    """

    frames: int = 20
    width: int = 48
    height: int = 32
    layout: str = "yuv420p"
    codec: str = "libx264"
    sound: bool = True
    pause: int = 0
    turn: int = 0


def write_clip(path: Path, clip: Clip) -> Path:
    """The clip in the container of the path's suffix."""
    import av

    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(clip.codec, rate=Fraction(30000, 1001))
        video.width, video.height, video.pix_fmt = clip.width, clip.height, clip.layout
        video.codec_context.time_base = TICK
        if clip.turn:
            video.set_display_rotation(clip.turn)
        audio: Any = container.add_stream("aac", rate=48000) if clip.sound else None
        if audio is not None:
            audio.layout = "mono"
        y, x = np.mgrid[: clip.height, : clip.width]
        time = 0
        for number in range(clip.frames):
            picture = np.stack([x * 2 + number * 3, y * 3 + number, 0 * x + number * 4], axis=-1)
            rgb = av.VideoFrame.from_ndarray((picture % 200 + 20).astype(np.uint8), format="rgb24")
            frame = rgb.reformat(format=clip.layout, dst_colorspace=5)
            frame.pts, frame.time_base = time, TICK
            time += 9009 if clip.pause and number % clip.pause == 0 else 3003
            container.mux(video.encode(frame))
            if audio is not None:
                tone = np.sin(np.arange(number * 1600, (number + 1) * 1600) * 0.06) * 8000
                heard = av.AudioFrame.from_ndarray(
                    tone.astype(np.int16)[None], format="s16", layout="mono"
                )
                heard.sample_rate, heard.pts, heard.time_base = (
                    48000,
                    number * 1600,
                    Fraction(1, 48000),
                )
                container.mux(audio.encode(heard))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path
