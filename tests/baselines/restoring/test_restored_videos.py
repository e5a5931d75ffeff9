"""Restored videos: times, rate, sound and colours kept; a kill loses one segment at most."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_files import Clip, write_clip

from baselines.restoring.video import VideoOptions, is_video, restore_video, result_suffix

av = pytest.importorskip("av", reason="PyAV is not installed")


def doubled(picture: np.ndarray) -> np.ndarray:
    return picture.repeat(2, axis=0).repeat(2, axis=1)


def frames_of(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def rate_of(path: Path) -> Any:
    with av.open(str(path)) as container:
        return container.streams.video[0].average_rate


def sound_of(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux(audio=0)
            if packet.pts is not None
        ]


def exact(frame: Any) -> np.ndarray:
    """RGB as BT.601 has it, computed here from the planes: swscale's own ways cut off."""
    y, u, v = (plane_of(frame, number) for number in range(3))
    scale = 4.0 if "10le" in frame.format.name else 1.0
    y, u, v = (y / scale - 16) / 219, (u / scale - 128) / 224, (v / scale - 128) / 224
    return 255 * np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=-1)


def plane_of(frame: Any, number: int) -> np.ndarray:
    plane = frame.planes[number]
    kind = np.uint16 if "10le" in frame.format.name else np.uint8
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(float)
    each = frame.height // plane.height
    return rows.repeat(each, axis=0).repeat(each, axis=1)


def colours(frame: Any) -> np.ndarray:
    return frame.to_ndarray(format="rgb24").astype(float)


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("a.mp4", Clip()),
        ("b.mkv", Clip()),
        ("pauses.mp4", Clip(pause=5)),
        ("deep.mp4", Clip(layout="yuv420p10le")),
        ("odd.mkv", Clip(width=47, height=31, layout="yuv444p")),
        ("high.mkv", Clip(width=48, height=31, layout="yuv444p")),
        ("silent.mkv", Clip(sound=False)),
    ],
)
def test_what_is_kept(tmp_path: Path, name: str, clip: Clip) -> None:
    source = write_clip(tmp_path / name, clip)
    out = tmp_path / f"restored{source.suffix}"
    told: list[tuple[int, int]] = []
    done = restore_video(
        source, out=out, restore=lambda picture: picture, options=VideoOptions(segment=7, crf=1),
        report=lambda n, total: told.append((n, total)),
    )  # fmt: skip
    before, after = frames_of(source), frames_of(out)
    assert done == len(before) == len(after) == clip.frames
    assert [frame.time for frame in after] == [frame.time for frame in before]
    if not clip.pause:  # else it is a mean, and the last frame's length is not known
        assert rate_of(out) == rate_of(source)
    assert after[0].format.name == clip.layout
    for one, other in zip(before, after, strict=True):
        # chroma goes through RGB and back once, and rounding to 8 bits twice
        apart = exact(one) - exact(other)
        assert np.abs(apart).mean() < 2.0
        assert abs(apart.mean()) < 0.3, "brighter or darker as a whole"
    if clip.sound:
        assert sound_of(out) == sound_of(source)
    assert [n for n, _ in told if n] == sorted(n for n, _ in told if n)
    assert told[-1][0] == clip.frames
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, out.name])


def test_enlarged_frames(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip())
    restore_video(source, out=tmp_path / "b.mp4", restore=doubled, options=VideoOptions(crf=1))
    before, after = frames_of(source), frames_of(tmp_path / "b.mp4")
    assert (after[0].width, after[0].height) == (96, 64)
    assert np.abs(colours(after[9]) - doubled(colours(before[9]))).mean() < 2.0


def test_frames_come_out_upright(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(turn=90, frames=3))
    out = tmp_path / "b.mp4"
    restore_video(source, out=out, restore=lambda picture: picture, options=VideoOptions(crf=1))
    before, after = frames_of(source)[1], frames_of(out)[1]
    assert (after.width, after.height, after.rotation) == (32, 48, 0)
    assert np.abs(colours(after) - np.rot90(colours(before), 1)).mean() < 2.0


KILLED = """
import sys, time
from pathlib import Path
from baselines.restoring.video import VideoOptions as Options, restore_video
def slow(picture):
    time.sleep(0.05)
    return picture
restore_video(Path(sys.argv[1]), out=Path(sys.argv[2]), restore=slow, options=Options(segment=4))
"""


def test_a_kill_loses_one_segment_at_most(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(frames=24))
    out, straight = tmp_path / "killed.mp4", tmp_path / "straight.mp4"
    folder = tmp_path / ".killed.mp4.segments"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(out)])
    try:
        until = time.monotonic() + 60
        while len(list(folder.glob("[0-9]*.nut"))) < 3:
            assert process.poll() is None and time.monotonic() < until, "never got to segment 3"
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.nut")}
    assert len(kept) >= 3
    asked: list[int] = []

    def counted(picture: np.ndarray) -> np.ndarray:
        asked.append(1)
        return picture

    options = VideoOptions(segment=4)
    restore_video(source, out=out, restore=counted, options=options)
    assert len(asked) == 24 - 4 * len(kept), "frames of finished segments were restored again"
    restore_video(source, out=straight, restore=lambda picture: picture, options=options)
    assert out.read_bytes() == straight.read_bytes()
    assert not folder.exists()


def durations_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        found = [p for p in container.demux(video=0) if p.pts is not None and p.size]
        return [float(p.duration * p.time_base) for p in sorted(found, key=lambda p: p.pts)]


def test_frames_last_as_long_as_they_did(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(pause=5))
    out = tmp_path / "b.mp4"
    restore_video(source, out=out, restore=doubled, options=VideoOptions(segment=6))
    times = [float(frame.time) for frame in frames_of(source)]
    assert durations_of(out)[:-1] == pytest.approx(list(np.diff(times)))


def test_what_fails_at_once_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(ValueError):
        restore_video(
            tmp_path / "empty.mp4", out=tmp_path / "b.mp4", restore=doubled, options=VideoOptions()
        )
    assert [path.name for path in tmp_path.iterdir()] == ["empty.mp4"]


def test_segments_of_another_model_are_not_taken_over(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(frames=8, sound=False))

    calls: list[int] = []

    def fails_late(picture: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) > 6:
            raise ValueError("enough")
        return picture * 0

    with pytest.raises(ValueError, match="enough"):
        restore_video(
            source, out=tmp_path / "b.mp4", restore=fails_late,
            options=VideoOptions(segment=4, identity="black"),
        )  # fmt: skip
    assert list(tmp_path.glob(".b.mp4.segments/*.nut"))
    restore_video(
        source, out=tmp_path / "b.mp4", restore=lambda picture: picture,
        options=VideoOptions(segment=4, identity="kept"),
    )  # fmt: skip
    assert colours(frames_of(tmp_path / "b.mp4")[0]).mean() > 20


def test_what_holds_no_video_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(ValueError, match=r"text\.mp4: cannot be decoded"):
        restore_video(
            tmp_path / "text.mp4", out=tmp_path / "b.mp4", restore=doubled, options=VideoOptions()
        )
    whole = write_clip(tmp_path / "whole.mkv", Clip(frames=40, sound=False)).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    done = restore_video(
        cut, out=tmp_path / "c.mkv", restore=lambda picture: picture, options=VideoOptions()
    )
    assert 0 < done < 40, "a file cut short gives the frames that it has"


def test_names() -> None:
    assert is_video(Path("A.MP4")) and not is_video(Path("a.png"))
    assert (result_suffix(Path("a.MOV")), result_suffix(Path("a.avi"))) == (".mov", ".mkv")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"codec": "h263"}, "libx265"), ({"crf": 99}, "0 .* to 51"), ({"segment": 0}, "at least 1")],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        VideoOptions(**wrong)
