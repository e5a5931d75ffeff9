"""Benchmarks of low light: pairs, the same with the target's brightness told, and lone pictures.

Pairs are scored as by Retinexformer's scripts: RGB, per picture. They take PSNR of floats and SSIM
of 8 bits; here both are of 8 bits, which leaves SSIM as it is and moves PSNR by some 0.002 dB at
25 dB.
"""

from __future__ import annotations

from collections.abc import Iterator

from builders.layouts import lowlight, unreferenced
from builders.layouts.layout import Layout
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

_U8 = "PSNR is of 8-bit outputs (Retinexformer's is of floats; 0.002 dB apart)"
_TOLD = (
    "each output's mean is brought to its target's, as KinD, LLFlow and many diffusion papers do; "
    "worth 2 to 5 dB to Retinexformer, so never to be put beside figures without it"
)
_FROM_RETINEXFORMER = (
    "{0} (links at github.com/caiyuanhao1998/Retinexformer) so that ROOT/{1} and ROOT/{2} exist"
)


def _pairs(
    layout: Layout, *, title: str, sizes: Sizes, folders: tuple[str, ...], download: str
) -> Iterator[Benchmark]:
    """One set under both protocols: as it is, and with the target's brightness told."""
    for brightness, suffix, words in (
        ("none", "", ""),
        ("gt-mean", "-gt-mean", ", told the target's brightness (GT mean)"),
    ):
        yield Benchmark(
            name=f"{layout.name}{suffix}",
            title=f"{title}{words}",
            task="lowlight",
            citation=layout.citation,
            layout=layout,
            count=layout.counts["test"],
            channels=(3,),
            sizes=sizes,
            inputs=Stored(),
            protocol=Protocol(brightness=brightness),
            folders=folders,
            download=download,
            differs=f"{_TOLD}. {_U8}" if suffix else _U8,
        )


def _alone(layout: Layout, *, title: str, folder: str, counts: str) -> Benchmark:
    """A set without targets. counts: how many pictures its releases have."""
    return Benchmark(
        name=layout.name,
        title=f"{title}, no targets",
        task="lowlight",
        citation=layout.citation,
        layout=layout,
        count=0,
        inputs=Stored(),
        protocol=Protocol(metrics=("niqe", "loe")),
        folders=(folder,),
        download=f"the low-light pictures of {title} (in the test sets of Retinexformer, "
        f"github.com/caiyuanhao1998/Retinexformer) into ROOT/{folder}",
        differs=f"releases hold {counts} pictures: name the count with the score. Papers differ in "
        "NIQE's model (the authors', MATLAB's, or one of their own) and in LOE's size and factor",
    )


_SMALL = (400, 600)

LOWLIGHT: dict[str, Benchmark] = {
    one.name: one
    for one in (
        *_pairs(
            lowlight.LOL_V1,
            title="LOL v1",
            sizes=Sizes(counts={_SMALL: 15}),
            folders=("LOL", "LOLv1", "LOLdataset", "LOL-v1"),
            download=_FROM_RETINEXFORMER.format(
                "LOL, first version", "LOL/eval15/low", "LOL/eval15/high"
            ),
        ),
        *_pairs(
            lowlight.LOL_V2_REAL,
            title="LOL v2, real",
            sizes=Sizes(counts={_SMALL: 100}),
            folders=("LOL-v2", "LOLv2"),
            download=_FROM_RETINEXFORMER.format(
                "LOL, second version",
                "LOL-v2/Real_captured/Test/Low",
                "LOL-v2/Real_captured/Test/Normal",
            ),
        ),
        *_pairs(
            lowlight.LOL_V2_SYN,
            title="LOL v2, synthetic",
            sizes=Sizes(),
            folders=("LOL-v2", "LOLv2"),
            download=_FROM_RETINEXFORMER.format(
                "LOL, second version", "LOL-v2/Synthetic/Test/Low", "LOL-v2/Synthetic/Test/Normal"
            ),
        ),
        *_pairs(
            lowlight.LSRW,
            title="LSRW",
            sizes=Sizes(),
            folders=("LSRW",),
            download="LSRW (Hai et al.; github.com/JianghaiSCU/R2RNet) so that "
            "ROOT/LSRW/Eval/Huawei and ROOT/LSRW/Eval/Nikon exist",
        ),
        _alone(unreferenced.LIME, title="LIME", folder="LIME", counts="10"),
        _alone(unreferenced.NPE, title="NPE", folder="NPE", counts="8, 84 or 85"),
        _alone(unreferenced.MEF, title="MEF", folder="MEF", counts="17"),
        _alone(unreferenced.DICM, title="DICM", folder="DICM", counts="44, 64 or 69"),
        _alone(unreferenced.VV, title="VV", folder="VV", counts="24"),
    )
}
