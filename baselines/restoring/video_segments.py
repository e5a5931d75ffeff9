"""Segments of a restored video: written one by one, joined without encoding again.

A segment is a NUT file, which keeps times in the source's own unit and packets as the encoder gave
them (Matroska has whole milliseconds, MP4 its own form of packets).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baselines.restoring.video_frames import Encoding, tag
from builders.atomic import whole_file

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

    from baselines.restoring.video import VideoOptions

SEGMENT_SUFFIX = ".nut"


def write_segment(
    path: Path,
    frames: Iterable[tuple[int, VideoFrame]],
    *,
    encoding: Encoding,
    options: VideoOptions,
    report: Callable[[int], None],
) -> int:
    """Encodes (time, frame) after frame into `path`, whole or not at all; returns how many.

    Times are in encoding.time_base. No B-frames, so that packets are in the order of their times.
    report: called with the frames done so far.
    """
    import av

    with whole_file(path) as temporary, av.open(str(temporary), "w", format="nut") as container:
        stream: Any = None
        number = 0
        for number, (time, frame) in enumerate(frames, 1):
            stream = stream or _add_stream(
                container, like=frame, encoding=encoding, options=options
            )
            frame.pts, frame.time_base = time, encoding.time_base
            container.mux(stream.encode(frame))
            report(number)
        container.mux(stream.encode(None))
    return number


def join_segments(
    segments: list[Path], *, source: Path, out: Path, encoding: Encoding, options: VideoOptions
) -> None:
    """One video of the segments' packets, with the source's sound and, in Matroska, its subtitles,
    packet by packet."""
    import av

    kind = "matroska" if out.suffix == ".mkv" else "mp4"
    with (
        whole_file(out) as temporary,
        av.open(str(source)) as original,
        av.open(str(segments[0])) as first,
        av.open(str(temporary), "w", format=kind) as container,
    ):
        # made as a segment's, though it encodes nothing: a stream copied from a segment has no
        # frame rate, and players then guess one from the times
        like = first.streams.video[0].codec_context
        video = _add_stream(container, like=like, encoding=encoding, options=options)
        kept = [*original.streams.audio, *(original.streams.subtitles if kind != "mp4" else ())]
        copies = {one.index: container.add_stream_from_template(one) for one in kept}
        sound = _copied(original, copies) if copies else iter(())
        for packet in heapq.merge(_joined(segments, video, encoding), sound, key=_second):
            container.mux(packet)


def _add_stream(container: Any, *, like: Any, encoding: Encoding, options: VideoOptions) -> Any:
    """The video stream of a segment or of the result. like: has width, height and pixel format."""
    stream = container.add_stream(
        options.codec,
        rate=encoding.rate,
        options={"crf": str(options.crf), "preset": "medium", "bf": "0"},
    )
    stream.width, stream.height = like.width, like.height
    stream.pix_fmt = like.format.name
    stream.sample_aspect_ratio = encoding.aspect
    context = stream.codec_context
    context.time_base = encoding.time_base
    context.gop_size = max(1, round(encoding.rate))  # a second: players seek to these frames
    tag(context, encoding=encoding)
    return stream


def _joined(segments: list[Path], stream: Any, encoding: Encoding) -> Iterator[Packet]:
    """The segments' packets, each lasting to the next one's time."""
    import av

    held: Packet | None = None
    for path in segments:
        with av.open(str(path)) as container:
            for packet in container.demux(video=0):
                if packet.pts is None or packet.size == 0:
                    continue  # the demuxer's mark of the end
                packet.stream = stream
                packet.dts = packet.pts
                if held is not None and held.pts is not None:
                    held.duration = packet.pts - held.pts
                    yield held
                held = packet
    if held is not None:
        held.duration = round(1 / (encoding.rate * held.time_base))
        yield held


def _copied(original: Any, copies: dict[int, Any]) -> Iterator[Packet]:
    for packet in original.demux(*(original.streams[index] for index in copies)):
        if packet.dts is not None:
            packet.stream = copies[packet.stream.index]
            yield packet


def _second(packet: Packet) -> float:
    return float((packet.dts or 0) * packet.time_base)
