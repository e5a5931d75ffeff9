"""The demo: four photographs that come with the installation, enlarged or denoised.

Its scores compare with nothing published; they show that a model works here.
"""

from __future__ import annotations

from evaluation.benchmark import Benchmark
from evaluation.inputs import Bicubic, GaussianNoise, Inputs
from evaluation.protocol import Protocol

_CITATION = (
    "Photographs by NASA (astronaut), S. van der Walt (chelsea), R. Michetti (coffee), SpaceX "
    "(rocket), public domain or CC0, from scikit-image"
)
SCALES = (2, 3, 4, 8)


def _demo(name: str, title: str, inputs: Inputs, protocol: Protocol) -> Benchmark:
    return Benchmark(
        name=name, title=title, task="sr" if isinstance(inputs, Bicubic) else "denoise",
        citation=_CITATION, layout=None, count=4, inputs=inputs, protocol=protocol,
        folders=(), archive="bundled", download="nothing: it comes with the installation",
    )  # fmt: skip


DEMO: dict[str, Benchmark] = {
    one.name: one
    for one in (
        *(
            _demo(f"demo-x{scale}", f"demo photographs, x{scale}", Bicubic(scale=scale),
                  Protocol(channel="y-float", border=scale))
            for scale in SCALES
        ),
        _demo("demo-color-25", "demo photographs, Gaussian noise 25", GaussianNoise(sigma=25),
              Protocol()),
        _demo("demo-gray-25", "demo photographs in gray, Gaussian noise 25",
              GaussianNoise(sigma=25, gray=True), Protocol(channel="gray")),
    )
}  # fmt: skip


def demo_for(*, scale: int, channels: tuple[int, ...]) -> Benchmark:
    """What `--set demo` means for a model: its own scale, x4 for one that has none (interpolation),
    and noise of sigma 25 for one that keeps the size, in gray for one that takes gray alone."""
    if scale == 1:
        return DEMO["demo-gray-25" if channels == (1,) else "demo-color-25"]
    name = f"demo-x{scale or 4}"
    if name not in DEMO:
        raise ValueError(f"--set demo: a model that enlarges by {scale}; the demo has x2, 3, 4, 8")
    return DEMO[name]
