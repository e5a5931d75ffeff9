"""Restoring a video file: frame by frame, same times, audio kept, gone on with after a kill.

Frames are restored in segments, each encoded to a file of its own beside the result; once all are
there they are joined without encoding again, and sound and subtitles of the source are copied in.
A kill loses the segment that was being written; the same call goes on with the next one, and the
result's frames are those of an unbroken run.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from baselines.restoring.video_frames import Encoding, encoding_of, frame_of, picture_of
from baselines.restoring.video_segments import SEGMENT_SUFFIX, join_segments, write_segment
from builders.atomic import write_whole
from evaluation.pictures import Samples

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

VIDEO_SUFFIXES = frozenset(".mp4 .mov .m4v .mkv .webm .avi .ts .mts .mpg .mpeg .wmv .flv".split())
# Containers that take H.264 and copied sound of any common kind; others become Matroska.
KEPT_SUFFIXES = frozenset((".mp4", ".mov", ".m4v", ".mkv"))
CODECS = ("libx264", "libx265")

Restore = Callable[[NDArray[np.float32]], Samples]


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """How a video is written.

    identity: of model and settings; segments of another one are made again. codec: one of CODECS.
    crf: constant rate factor of that codec, 0 (lossless) to 51; 16 is visually lossless for x264.
    segment: frames in each, which is what a kill may lose.
    """

    identity: str = ""
    codec: str = "libx264"
    crf: int = 16
    segment: int = 48

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise ValueError(f"video codec {self.codec!r}: one of {', '.join(CODECS)}")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf {self.crf}: 0 (lossless) to 51")
        if self.segment < 1:
            raise ValueError(f"segment {self.segment}: at least 1 frame")


class _Progress(msgspec.Struct, forbid_unknown_fields=True):
    """What the folder of segments was begun with."""

    source: str
    size: int
    changed: int
    options: dict[str, Any]


def is_video(path: Path) -> bool:
    """Whether a file's name is that of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def result_suffix(path: Path) -> str:
    """The suffix of the restored video: the source's own where its container can hold it."""
    return path.suffix.lower() if path.suffix.lower() in KEPT_SUFFIXES else ".mkv"


def restore_video(
    path: Path,
    *,
    out: Path,
    restore: Restore,
    options: VideoOptions,
    report: Callable[[int, int], None] | None = None,
) -> int:
    """Writes `out`, whole or not at all; returns its frames.

    restore: (RGB float32 [H,W,3] in 0..1) -> [H*s,W*s,3]. Times of frames, sample aspect ratio,
    colour matrix, range and bit depth (8, or 10 for more) are the source's; a rotation that the
    source asks of players is applied to the frames. report: (frames done, frames in all, 0 where
    the file does not say). Raises ImportError without PyAV, ValueError for files that hold no video
    that can be decoded, with the frame where it broke.
    """
    av = _import_av()
    folder = out.with_name(f".{out.name}.segments")
    _begin(folder, path=path, options=options)
    done = total = 0

    def tell(frames: int) -> None:
        if report is not None:
            report(frames, total)

    try:
        with _kept_where_begun(folder), av.open(str(path)) as source:
            if not source.streams.video:
                raise ValueError(f"{path}: holds no video stream")
            stream = source.streams.video[0]
            stream.thread_type = "AUTO"
            total = stream.frames
            encoding: Encoding | None = None
            frames = source.decode(video=0)
            for number in itertools.count():
                first = next(frames, None)
                if first is None:
                    break
                encoding = encoding or encoding_of(first, stream=stream)
                segment = itertools.chain([first], itertools.islice(frames, options.segment - 1))
                file = folder / f"{number:06d}{SEGMENT_SUFFIX}"
                if file.is_file():
                    done += sum(1 for _ in segment)
                    tell(done)
                    continue
                done += write_segment(
                    file,
                    _restored(segment, first=done, restore=restore, encoding=encoding),
                    encoding=encoding,
                    options=options,
                    report=lambda n, begun=done: tell(begun + n),
                )
    except av.FFmpegError as error:
        raise ValueError(f"{path}: cannot be decoded after frame {done} ({error})") from error
    if encoding is None:
        raise ValueError(f"{path}: its video stream holds no frame")
    join_segments(
        sorted(folder.glob(f"*{SEGMENT_SUFFIX}")),
        source=path, out=out, encoding=encoding, options=options,
    )  # fmt: skip
    shutil.rmtree(folder)
    return done


@contextmanager
def _kept_where_begun(folder: Path) -> Iterator[None]:
    """Takes the folder away where something fails before the first segment is there."""
    try:
        yield
    finally:
        if not any(folder.glob(f"[0-9]*{SEGMENT_SUFFIX}")):
            shutil.rmtree(folder, ignore_errors=True)


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise ImportError("video needs PyAV: pip install 'pairsmith[video]'") from error
    return av


def _begin(folder: Path, *, path: Path, options: VideoOptions) -> None:
    """The folder of segments, emptied where it was begun with something else."""
    status = path.stat()
    begun = _Progress(path.name, status.st_size, status.st_mtime_ns, asdict(options))
    card = folder / "progress.json"
    data = msgspec.json.encode(begun)
    if card.is_file() and card.read_bytes() == data:
        for left in folder.glob(".tmp-*"):
            left.unlink()
        return
    if folder.exists():
        shutil.rmtree(folder)
    write_whole(card, data)


def _restored(
    frames: Iterable[VideoFrame], *, first: int, restore: Restore, encoding: Encoding
) -> Iterator[tuple[int, VideoFrame]]:
    """(time, restored frame) of each; a frame without a time has its number, `first` onwards."""
    for number, frame in enumerate(frames, first):
        picture = restore(picture_of(frame, encoding=encoding))
        time = number if frame.pts is None else frame.pts
        yield time, frame_of(picture, encoding=encoding)
