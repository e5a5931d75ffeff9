"""Benchmarks of Gaussian denoising: sets x sigma, scored on 8 bits without a border.

The noise is what KAIR, Restormer and DPIR make: NumPy's legacy generator seeded with 0 anew for
every picture, added to float32 in RGB order, neither clipped nor rounded.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from builders.layouts.denoise_sets import denoise_set
from evaluation.benchmark import Benchmark, Size, Sizes
from evaluation.inputs import GaussianNoise
from evaluation.protocol import Protocol

SIGMAS = (15, 25, 50)


@dataclass(frozen=True, kw_only=True)
class _Set:
    """A set, gray or in colour, under all sigmas. folders: the usual name first; inside: what may
    follow it. counts, least: see `Sizes`. channels: of its files, empty for any."""

    name: str
    title: str
    citation: str
    gray: bool
    channels: tuple[int, ...] = ()
    counts: Mapping[Size, int] = field(default_factory=dict)
    count: int
    least: int = 0
    folders: tuple[str, ...]
    inside: tuple[str, ...] = ("",)
    download: str
    hub: str = ""
    differs: str = ""


_FFDNET = "{} of FFDNet's testsets (Zhang et al., TIP 2018; github.com/cszn/FFDNet) in ROOT/{}"
_BSD = {(321, 481): 53, (481, 321): 15}
_URBAN100 = (
    "Huang, Singh, Ahuja: Single Image Super-Resolution from Transformed Self-Exemplars, CVPR 2015"
)
_URBAN100_FROM = (
    "EDSR's benchmark.tar (Lim et al., CVPRW 2017; github.com/sanghyun-son/EDSR-PyTorch) so that "
    "ROOT/Urban100/HR exists, or the 100 pictures in ROOT/Urban100"
)

_SETS = (
    _Set(
        name="set12",
        title="Set12",
        citation="Zhang, Zuo, Chen, Meng, Zhang: Beyond a Gaussian Denoiser: Residual Learning of "
        "Deep CNN for Image Denoising, TIP 2017",
        gray=True,
        channels=(1,),
        count=12,
        counts={(256, 256): 7, (512, 512): 5},
        folders=("Set12",),
        download=_FFDNET.format("Set12", "Set12"),
    ),
    _Set(
        name="bsd68",
        title="BSD68",
        citation="Roth, Black: Fields of Experts: A Framework for Learning Image Priors, CVPR "
        "2005 (68 gray pictures of BSDS300's test part)",
        gray=True,
        channels=(1,),
        count=68,
        counts=_BSD,
        folders=("BSD68", "Set68"),
        download=_FFDNET.format("BSD68", "BSD68"),
    ),
    _Set(
        name="urban100",
        title="Urban100",
        citation=_URBAN100,
        gray=True,
        count=100,
        least=700,
        folders=("Urban100", "Urban100_HR"),
        inside=("", "/HR"),
        download=_URBAN100_FROM,
        hub="eugenesiow/Urban100:data/Urban100_HR.tar.gz",
        differs="pictures are in colour and read as OpenCV's IMREAD_GRAYSCALE, as Restormer does",
    ),
    _Set(
        name="cbsd68",
        title="CBSD68",
        citation="Martin, Fowlkes, Tal, Malik: A Database of Human Segmented Natural Images and "
        "its Application to Evaluating Segmentation Algorithms and Measuring Ecological "
        "Statistics, ICCV 2001 (BSD68's pictures in colour)",
        gray=False,
        channels=(3,),
        count=68,
        counts=_BSD,
        folders=("CBSD68",),
        inside=("", "/original_png"),
        download=_FFDNET.format("CBSD68", "CBSD68"),
    ),
    _Set(
        name="kodak24",
        title="Kodak24",
        citation="Franzen: Kodak Lossless True Color Image Suite, 1999 (24 crops of 500x500, as "
        "FFDNet has them)",
        gray=False,
        channels=(3,),
        count=24,
        counts={(500, 500): 24},
        folders=("Kodak24", "Kodak"),
        download=_FFDNET.format("Kodak24", "Kodak24"),
        differs="these are FFDNet's crops of 500x500, which the tables score; Kodak's originals "
        "of 768x512 give other scores and are refused by their size",
    ),
    _Set(
        name="mcmaster",
        title="McMaster",
        citation="Zhang, Wu, Buades, Li: Color Demosaicking by Local Directional Interpolation "
        "and Nonlocal Adaptive Thresholding, Journal of Electronic Imaging 2011",
        gray=False,
        channels=(3,),
        count=18,
        counts={(500, 500): 18},
        folders=("McMaster",),
        download=_FFDNET.format("McMaster", "McMaster"),
    ),
    _Set(
        name="urban100",
        title="Urban100",
        citation=_URBAN100,
        gray=False,
        count=100,
        least=700,
        folders=("Urban100", "Urban100_HR"),
        inside=("", "/HR"),
        download=_URBAN100_FROM,
        hub="eugenesiow/Urban100:data/Urban100_HR.tar.gz",
    ),
)
# dB by which means of a set differ between generators of the noise (the released DnCNN: 30.43 with
# NumPy's, 30.436 printed with MATLAB's).
_DRAW = 0.02
# What is known of other generators.
_GRAY = (
    "DnCNN's tables are of MATLAB's generator, which cannot be had here: expect 0.02 dB either way"
)
_COLOR = (
    "SwinIR adds the same noise to BGR, which {} has: the second or third decimal of a picture's "
    "score, at most 0.02 dB on the mean"
)
_SWINIR = "the noise as SwinIR's script adds it, to BGR; KAIR, Restormer and DPIR add it to RGB"


def _benchmarks() -> Iterator[Benchmark]:
    """Sets x sigmas, those in colour in either order of channels."""
    for of in _SETS:
        for sigma, order in itertools.product(SIGMAS, ("rgb",) if of.gray else ("rgb", "bgr")):
            kind = "gray" if of.gray else "color"
            name = f"{of.name}-{kind}-{sigma}{'-swinir' * (order == 'bgr')}"
            known = _GRAY if of.gray else _COLOR.format(f"{name}-swinir")
            yield Benchmark(
                name=name,
                title=f"{of.title}, {kind}, Gaussian noise of sigma {sigma}"
                + ", in SwinIR's order" * (order == "bgr"),
                task="denoise",
                citation=of.citation,
                layout=denoise_set(
                    name, citation=of.citation, folders=of.folders, inside=of.inside
                ),
                count=of.count,
                sizes=Sizes(counts=of.counts, least=of.least),
                channels=of.channels,
                inputs=GaussianNoise(sigma=sigma, gray=of.gray, order=order),
                protocol=Protocol(
                    channel="gray" if of.gray else "rgb", border=0, output="u8", ssim="wang"
                ),
                folders=of.folders,
                download=of.download,
                hub=of.hub,
                draw={"psnr": _DRAW},
                differs="; ".join(filter(None, (of.differs, _SWINIR if order == "bgr" else known))),
            )


# The benchmarks by name.
DENOISE: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _benchmarks()}
