"""Benchmarks of bicubic super-resolution: sets x scales, under the three protocols in print.

Scores of one set and one scale under two of them differ by up to two decibels, so each is a
benchmark of its own:

-x4          EDSR, RCAN, SwinIR: RGB input by imresize of uint8, luma not rounded, shave = scale
-x4-classic  SRCNN, VDSR, SelfExSR: input is luma in double, not rounded; shave = scale
-x4-basicsr  BasicSR's ModelZoo: targets cropped to a multiple of 12, RGB, shave = scale
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from builders.layouts.layout import Layout
from builders.layouts.sr_sets import basicsr_set, classic_set, div2k_val, sr_set
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Bicubic, Inputs, LumaBicubic
from evaluation.protocol import Protocol

SCALES = (2, 3, 4, 8)


@dataclass(frozen=True, kw_only=True)
class _Set:
    """A set under all scales and protocols.

    folders: the usual name first. edsr: what EDSR's benchmark.tar calls it, '' where it has it not.
    own: where else its pictures are. differs: under any protocol; gray: by channel, of its gray
    pictures.
    """

    name: str
    title: str
    citation: str
    count: int
    sizes: Sizes = field(default_factory=Sizes)
    channels: tuple[int, ...] = (3,)
    folders: tuple[str, ...]
    edsr: str = ""
    own: str
    hub: str = ""
    differs: str = ""
    gray: Mapping[str, str] = field(default_factory=dict)


_SETS = (
    _Set(
        name="set5",
        title="Set5",
        citation="Bevilacqua, Roumy, Guillemot, Alberi-Morel: Low-Complexity Single-Image "
        "Super-Resolution based on Nonnegative Neighbor Embedding, BMVC 2012",
        count=5,
        sizes=Sizes(
            counts={(512, 512): 1, (288, 288): 1, (256, 256): 1, (280, 280): 1, (344, 228): 1}
        ),
        folders=("Set5",),
        edsr="Set5",
        own="SRCNN's test code (Dong et al., ECCV 2014; baby_GT.bmp and four more) in ROOT/Set5",
        hub="eugenesiow/Set5:data/Set5_HR.tar.gz",
    ),
    _Set(
        name="set14",
        title="Set14",
        channels=(1, 3),
        citation="Zeyde, Elad, Protter: On Single Image Scale-Up Using Sparse-Representations, "
        "Curves and Surfaces 2010",
        count=14,
        # baboon, barbara, bridge (gray), coastguard and foreman, comic, face, flowers, lenna, man
        # and pepper, monarch, ppt3, zebra
        sizes=Sizes(
            counts={
                (512, 512): 4,
                (288, 352): 2,
                (480, 500): 1,
                (576, 720): 1,
                (361, 250): 1,
                (276, 276): 1,
                (362, 500): 1,
                (512, 768): 1,
                (656, 529): 1,
                (391, 586): 1,
            }
        ),
        folders=("Set14",),
        edsr="Set14",
        own="SRCNN's test code (Dong et al., ECCV 2014; baboon.bmp and 13 more) in ROOT/Set14",
        hub="eugenesiow/Set14:data/Set14_HR.tar.gz",
        gray={
            "y-float": "bridge is gray and counts as three equal channels, as RCAN prepares it: "
            "0.09 dB on the mean above tables that take its value as luma",
            "luma": "bridge is gray and its value is luma as it is, where a copy has it in three "
            "equal channels too",
        },
    ),
    _Set(
        name="bsd100",
        title="BSD100",
        citation="Martin, Fowlkes, Tal, Malik: A Database of Human Segmented Natural Images and "
        "its Application to Evaluating Segmentation Algorithms and Measuring Ecological "
        "Statistics, ICCV 2001 (the 100 test pictures of BSDS300)",
        count=100,
        sizes=Sizes(among=((321, 481), (481, 321))),
        folders=("B100", "BSD100", "BSDS100"),
        edsr="B100",
        own="the 100 test pictures of BSDS300 (Berkeley) in ROOT/B100",
        hub="eugenesiow/BSD100:data/BSD100_HR.tar.gz",
    ),
    _Set(
        name="urban100",
        title="Urban100",
        citation="Huang, Singh, Ahuja: Single Image Super-Resolution from Transformed "
        "Self-Exemplars, CVPR 2015",
        count=100,
        sizes=Sizes(least=700),
        folders=("Urban100",),
        edsr="Urban100",
        own="SelfExSR's data (Huang et al., CVPR 2015; github.com/jbhuang0604/SelfExSR) in "
        "ROOT/Urban100, such as ROOT/Urban100/image_SRF_4",
        hub="eugenesiow/Urban100:data/Urban100_HR.tar.gz",
        differs="SelfExSR's image_SRF_2 holds some pictures at half size (26.66 dB for bicubic x2 "
        "where the whole pictures give 26.88): the sizes are checked",
    ),
    _Set(
        name="manga109",
        title="Manga109",
        citation="Matsui, Ito, Aramaki, Fujimoto, Ogawa, Yamasaki, Aizawa: Sketch-based Manga "
        "Retrieval using Manga109 Dataset, Multimedia Tools and Applications 2017",
        count=109,
        folders=("Manga109",),
        own="the 109 pages, one of each volume, in ROOT/Manga109 (the whole set is given to "
        "researchers on request, manga109.org)",
        differs="which page of each volume was taken is known by the sets handed on alone: a "
        "choice of one's own gives other scores",
    ),
)


class _Maker(typing.Protocol):
    """A function of `builders.layouts.sr_sets`."""

    def __call__(self, name: str, *, citation: str, folders: Sequence[str], scale: int) -> Layout:
        """The layout of a set at one scale."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One of the three protocols. suffix: of its names. words: for titles. distributed: who hands
    on its inputs, {set} and {scale} to be filled; '' where none are. differs: under it alone."""

    suffix: str
    words: str
    channel: str
    maker: _Maker
    inputs: Callable[[int], Inputs]
    scales: tuple[int, ...]
    distributed: str = ""
    differs: str = ""


_KINDS = (
    _Kind(
        suffix="",
        words="bicubic of RGB, scored on luma",
        channel="y-float",
        maker=sr_set,
        inputs=lambda scale: Bicubic(scale=scale),
        scales=SCALES,
        distributed="RCAN's test sets (Zhang et al., ECCV 2018; github.com/yulunzhang/RCAN) so "
        "that ROOT/HR/{set}/x{scale} and ROOT/LR/LRBI/{set}/x{scale} exist",
    ),
    _Kind(
        suffix="-classic",
        words="bicubic of luma (SRCNN, VDSR)",
        channel="luma",
        maker=classic_set,
        inputs=lambda scale: LumaBicubic(scale=scale),
        scales=SCALES,
    ),
    _Kind(
        suffix="-basicsr",
        words="bicubic of RGB cropped to a multiple of 12, scored on RGB (BasicSR)",
        channel="rgb",
        maker=basicsr_set,
        inputs=lambda scale: Bicubic(scale=scale, crop=12),
        scales=(2, 3, 4),  # BasicSR's inputs are of these; 12 is no multiple of 8
        distributed="BasicSR's test sets (Wang et al., github.com/XPixelGroup/BasicSR) so that "
        "ROOT/{set}/GTmod12 and ROOT/{set}/LRbicx{scale} exist",
        differs="targets are cropped to a multiple of 12, so they are not quite those of the "
        "other protocols",
    ),
)


# Set14's gray picture, by its own name and by its place (SelfExSR counts in alphabetical order).
_BRIDGE = ("bridge", "img_003")


def _inputs(of: _Set, kind: _Kind, scale: int) -> Inputs:
    made = kind.inputs(scale)
    if isinstance(made, LumaBicubic) and kind.channel in of.gray:
        return replace(made, gray=_BRIDGE)
    return made


def _benchmarks() -> Iterator[Benchmark]:
    """Sets x protocols x scales."""
    for of in _SETS:
        for kind in _KINDS:
            for scale in kind.scales:
                name = f"{of.name}-x{scale}{kind.suffix}"
                gray = of.gray.get(kind.channel, "")
                yield Benchmark(
                    name=name,
                    title=f"{of.title} x{scale}, {kind.words}",
                    task="sr",
                    citation=of.citation,
                    layout=kind.maker(name, citation=of.citation, folders=of.folders, scale=scale),
                    count=of.count,
                    sizes=of.sizes,
                    channels=of.channels,
                    inputs=_inputs(of, kind, scale),
                    protocol=Protocol(channel=kind.channel, border=scale, output="u8", ssim="wang"),
                    folders=(*of.folders, *(f"{folder}_HR" for folder in of.folders)),
                    download=_download(of, kind, scale=scale),
                    hub=of.hub,
                    differs="; ".join(filter(None, (of.differs, gray, kind.differs))),
                )


def _download(of: _Set, kind: _Kind, *, scale: int) -> str:
    """Who hands on the set: EDSR, then who hands on inputs of this protocol, then its own place."""
    edsr = (
        "EDSR's benchmark.tar (Lim et al., CVPRW 2017; github.com/sanghyun-son/EDSR-PyTorch) "
        f"unpacked so that ROOT/{of.edsr}/HR exists"
    )
    inputs = kind.distributed.format(set=of.folders[0], scale=scale)
    return ", or ".join(filter(None, (edsr if of.edsr else "", inputs, of.own)))


def _div2k(scale: int, *, basicsr: bool) -> Benchmark:
    """DIV2K's validation pictures, scored on RGB as EDSR's table has them or as BasicSR's has."""
    name = f"div2k-val-x{scale}{'-basicsr' if basicsr else ''}"
    border = scale if basicsr else scale + 6
    layout = div2k_val(name, scale=scale)
    track = "" if scale == 8 else f" and ROOT/DIV2K_valid_LR_bicubic/X{scale}"
    whose = "BasicSR" if basicsr else "EDSR"
    eighth = (
        "inputs are made of the targets cropped to a multiple of 8; those of NTIRE 2018's x8 track "
        "are not read, because which crop they were made of is not known"
    )
    return Benchmark(
        name=name,
        title=f"DIV2K validation x{scale}, bicubic of RGB, scored on RGB without {border} pixels "
        f"at each edge ({whose})",
        task="sr",
        citation=layout.citation,
        layout=layout,
        split="val",
        count=100,
        sizes=Sizes(long_side=2040),
        channels=(3,),
        inputs=Bicubic(scale=scale),
        protocol=Protocol(channel="rgb", border=border, output="u8", ssim="wang"),
        folders=("DIV2K",),
        download="DIV2K's validation data (Agustsson, Timofte, CVPRW 2017; "
        f"data.vision.ee.ethz.ch/cvl/DIV2K) so that ROOT/DIV2K_valid_HR{track} exist"
        + ("s" if scale == 8 else ""),
        differs=eighth if scale == 8 else "",
    )


# The benchmarks by name.
SR: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        *_benchmarks(),
        *(_div2k(scale, basicsr=False) for scale in SCALES),
        *(_div2k(scale, basicsr=True) for scale in (2, 3, 4)),
    )
}
