"""Benchmarks of super-resolution whose inputs are not bicubic, and of the PIRM challenge."""

from __future__ import annotations

from builders.layouts.layout import Layout
from builders.layouts.real_sr import DREALSR, PIRM, REALSR
from builders.layouts.sr import DIV2K
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

SCALES = (2, 3, 4)


def _camera(
    layout: Layout, *, title: str, scale: int, count: int, folders: tuple[str, ...], download: str
) -> Benchmark:
    """A set of photographs at two focal lengths. Luma without a border of `scale`: CDC_test.py of
    DRealSR's authors takes PSNR so."""
    return Benchmark(
        name=f"{layout.name}-x{scale}",
        title=f"{title} x{scale}",
        task="sr",
        citation=layout.citation,
        layout=layout,
        count=count,
        channels=(3,),
        inputs=Stored(scale=scale),
        protocol=Protocol(channel="y-float", border=scale),
        only=(f"x{scale}",),
        folders=folders,
        download=download,
        differs=_DIFFERS[layout.name],
    )


_DIFFERS = {
    "realsr": "version 3, whose inputs have 1/scale of the target's size; versions 1 and 2, whose "
    "inputs have the target's size, are not read. RealSR's own Test.m rounds luma, leaves no "
    "border out, and counts windows of 1200x1200 of larger pictures as pictures. Papers of "
    "generative models score crops of 128 to 512: another set",
    "drealsr": "SSIM of CDC_test.py is of RGB with zeros around the picture; here it is Wang's of "
    "luma. Papers of generative models score crops of 128 to 512: another set",
}


def _pirm(split: str, *, title: str, folder: str) -> Benchmark:
    """PIRM2018's released scripts (calc_scores.m, convert_shave_image.m): rgb2ycbcr(uint8), Y, 4
    pixels left out on every side; RMSE is the root of the mean of the pictures' MSE."""
    return Benchmark(
        name=f"pirm-{split}",
        title=title,
        task="sr",
        citation=PIRM.citation,
        layout=PIRM,
        split=split,
        count=100,
        channels=(3,),
        inputs=Stored(scale=4),
        protocol=Protocol(metrics=("pi", "rmse"), channel="y-round", border=4),
        folders=("PIRM_dataset", "PIRM", "PIRM2018"),
        download="the PIRM dataset (link at github.com/roimehrez/PIRM2018) so that "
        f"ROOT/PIRM_dataset/{folder}/4x_downsampled and ROOT/PIRM_dataset/{folder}/Original exist",
        differs="the perceptual index of the challenge is of MATLAB code (Ma et al.'s score, and "
        "NIQE with the parameters of the release), given the same cut luma",
    )


def _div2k(variant: str, *, scale: int, folder: str, challenge: str, differs: str) -> Benchmark:
    """A track of NTIRE on DIV2K's validation pictures."""
    kind = variant.removeprefix(f"x{scale}-")
    return Benchmark(
        name=f"div2k-{kind}-x{scale}",
        title=f"DIV2K validation, {kind}, x{scale}",
        task="sr",
        citation=f"{DIV2K.citation}; {challenge}",
        layout=DIV2K,
        split="val",
        count=100,
        channels=(3,),
        sizes=Sizes(long_side=2040),
        inputs=Stored(scale=scale),
        protocol=Protocol(border=scale + 6),
        only=(variant,),
        folders=("DIV2K", "DIV2K_valid_HR", folder.split("/")[0]),
        download="DIV2K_valid_HR.zip and the track's zip (data.vision.ee.ethz.ch/cvl/DIV2K) so "
        f"that ROOT/DIV2K/DIV2K_valid_HR and ROOT/DIV2K/{folder} exist",
        differs=differs,
    )


# That a border of 6 + scale is left out is what EDSR's code does for DIV2K; that the challenges
# did so, and how they aligned outputs, is recalled from their reports.
_UNKNOWN = (
    "RGB and a border of 6 + scale are EDSR's for DIV2K; that the challenge took the same is "
    "recalled from its report, its script was not compared"
)
_SHIFTED = (
    "inputs of the realistic tracks are shifted by unknown amounts. The challenge took the best "
    "of many shifts of an output (recalled); here outputs are scored where they are, so its "
    "figures are higher"
)
_NTIRE17 = (
    "Timofte et al.: NTIRE 2017 Challenge on Single Image Super-Resolution: Methods and Results"
)
_NTIRE18 = (
    "Timofte et al.: NTIRE 2018 Challenge on Single Image Super-Resolution: Methods and Results"
)

_COUNTS = {2: 83, 3: 84, 4: 93}  # of DRealSR's test part

REAL_SR: dict[str, Benchmark] = {
    one.name: one
    for one in (
        *(
            _camera(
                REALSR,
                title="RealSR, version 3,",
                scale=scale,
                count=100,
                folders=("RealSR(V3)", "RealSR_V3", "RealSRv3", "RealSR"),
                download="RealSR version 3 (Cai et al.; github.com/csjcai/RealSR) so that "
                f"ROOT/RealSR(V3)/Canon/Test/{scale} and ROOT/RealSR(V3)/Nikon/Test/{scale} exist",
            )
            for scale in SCALES
        ),
        *(
            _camera(
                DREALSR,
                title="DRealSR",
                scale=scale,
                count=_COUNTS[scale],
                folders=("DRealSR",),
                download="DRealSR (Wei et al.; github.com/xiezw5/Component-Divide-and-Conquer-for-"
                f"Real-World-Image-Super-Resolution) so that ROOT/DRealSR/Test_x{scale}/test_LR "
                f"and ROOT/DRealSR/Test_x{scale}/test_HR exist",
            )
            for scale in SCALES
        ),
        _pirm("val", title="PIRM 2018 validation", folder="Validation"),
        _pirm("test", title="PIRM 2018 test", folder="Test"),
        *(
            _div2k(
                f"x{scale}-unknown",
                scale=scale,
                folder=f"DIV2K_valid_LR_unknown/X{scale}",
                challenge=_NTIRE17,
                differs=_UNKNOWN,
            )
            for scale in SCALES
        ),
        *(
            _div2k(
                f"x4-{track}",
                scale=4,
                folder=f"DIV2K_valid_LR_{track}",
                challenge=_NTIRE18,
                differs=f"{_SHIFTED}; {_UNKNOWN}",
            )
            for track in ("mild", "difficult", "wild")
        ),
    )
}
