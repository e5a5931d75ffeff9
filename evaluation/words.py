"""A benchmark in words: every choice that changes a number, for people."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Bicubic, GaussianNoise, Inputs, LumaBicubic, scale_of
from evaluation.protocol import ALIGNMENTS, BRIGHTNESS, CHANNELS, OUTPUTS, SSIMS


def choice_words(benchmark: Benchmark) -> dict[str, str]:
    """Choice -> sentence, in the order in which a picture meets them."""
    protocol = benchmark.protocol
    words = {
        "pictures": _count_words(benchmark),
        "inputs": input_words(benchmark.inputs),
        "output": _keyed(protocol.output, OUTPUTS),
        "brightness": _keyed(protocol.brightness, BRIGHTNESS),
        "alignment": _keyed(protocol.alignment, ALIGNMENTS),
        "channel": _keyed(protocol.channel, CHANNELS),
        "border": f"{protocol.border}: pixels left out on every side",
        "ssim": _keyed(protocol.ssim, SSIMS),
        "mean": "of the pictures' scores, each counting once; of decibels, not of errors",
    }
    if benchmark.references:
        words["targets"] = (
            f"{len(benchmark.references)} of each input ({', '.join(benchmark.references)}): "
            "each alone, and their mean"
        )
    if benchmark.groups:
        words["groups"] = ", ".join(benchmark.groups)
    return words


def _keyed(key: str, table: Mapping[str, str]) -> str:
    """The key, as a literal of one's own has it, and what it means."""
    return key if key == table[key] else f"{key}: {table[key]}"


def input_words(inputs: Inputs) -> str:
    """How inputs come to be."""
    if isinstance(inputs, GaussianNoise):
        order = inputs.order.upper()
        if inputs.gray:
            order = "gray (OpenCV's, where the file is in colour)"
        return (
            f"target in [0,1] plus Gaussian noise of sigma {inputs.sigma:g}/255: NumPy's legacy "
            f"normal() seeded with {inputs.seed} for every picture, shape HxWxC in {order}; "
            "float32, neither clipped nor rounded"
        )
    if isinstance(inputs, LumaBicubic):
        return (
            "one channel: rgb2ycbcr(uint8) / 255 in double, cropped to a multiple of "
            f"{inputs.scale}, MATLAB imresize(1/{inputs.scale}) without rounding; pictures of one "
            "channel are luma as they are"
            + (f", and {inputs.gray[0]} in three equal channels too" if inputs.gray else "")
        )
    if isinstance(inputs, Bicubic):
        return (
            f"RGB of 8 bits: target cropped to a multiple of {inputs.crop or inputs.scale}, "
            f"MATLAB imresize(uint8, 1/{inputs.scale}); stored inputs where the distribution has "
            "them; gray pictures become three equal channels"
        )
    depth = {0: "floats", 16: "16 bits"}.get(inputs.bits, "8 bits (of 16-bit files the high byte)")
    scale = f", targets {inputs.scale} times larger" if inputs.scale > 1 else ""
    return f"stored, {depth}{scale}{', as gray' if inputs.gray else ''}"


def benchmark_lines(benchmark: Benchmark) -> list[str]:
    """What `pairsmith sets NAME` prints."""
    lines = [
        f"{benchmark.name}: {benchmark.title}",
        f"task      {benchmark.task}",
        f"source    {benchmark.citation}",
        f"metrics   {', '.join(benchmark.protocol.metrics) or 'none: the targets are hidden'}",
        f"scale     {scale_of(benchmark.inputs)}",
        f"digest    {benchmark.digest} (protocol version {benchmark.protocol.version})",
        "",
        *(f"{name}: {words}" for name, words in choice_words(benchmark).items()),
    ]
    if benchmark.differs:
        lines.append(f"differs: {benchmark.differs}")
    if benchmark.submission:
        lines.append("targets are hidden: a file to submit is written beside the run")
    lines += ["", f"download: {benchmark.download}"]
    if benchmark.folders:
        lines.append(f"folder names: {', '.join(benchmark.folders)} (any case)")
    if benchmark.hub:
        lines.append(f"fetched from the Hugging Face hub where not found: {benchmark.hub}")
    return lines


def _count_words(benchmark: Benchmark) -> str:
    count = f"{benchmark.count}" if benchmark.count else "as many as the release has"
    sizes = _size_words(benchmark.sizes)
    return f"{count}{f', {sizes}' if sizes else ''}"


def _size_words(sizes: Sizes) -> str:
    """Sizes as width x height."""
    if sizes.counts:
        shown = [f"{n} of {w}x{h}" for (h, w), n in sizes.counts.items()]
        return ", ".join(shown)
    if sizes.among:
        return "each " + " or ".join(f"{w}x{h}" for h, w in sizes.among)
    if sizes.long_side:
        return f"longer side {sizes.long_side}"
    return f"longer side {sizes.least} or more" if sizes.least else ""
