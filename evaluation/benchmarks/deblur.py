"""Benchmarks of motion deblurring."""

from __future__ import annotations

from builders.layouts.deblur import GOPRO, HIDE, REALBLUR_J, REALBLUR_R
from builders.layouts.layout import Layout
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

# evaluate_gopro_hide.m of MPRNet and Restormer: MATLAB's psnr and ssim of 8-bit RGB pictures, which
# ssim takes as a volume. PSNR of floats (MIMO-UNet) differs in the third decimal.
_MATLAB = Protocol(ssim="matlab-3d")
# evaluation_RealBlur_ecc.py of RealBlur's authors and evaluate_realblur.py of Restormer.
# Both score the PNG files that networks wrote: 8 bits.
_ALIGNED = Protocol(output="u8", ssim="skimage-gauss", alignment="ecc")

_COLLECTED = (
    "MPRNet's and Restormer's collection (github.com/swz30/Restormer, Motion_Deblurring), so that "
    "ROOT/test/{0}/input and ROOT/test/{0}/target exist"
)
_SSIM_TRAP = (
    "SSIM of a script that takes channels one by one is 0.01 to 0.02 lower; Uformer's is of floats "
    "with a range of 2 and too high"
)


def _gopro(name: str, title: str, *, variant: str, differs: str) -> Benchmark:
    from_zip = "GOPRO_Large.zip (Nah et al.; seungjunnah.github.io/Datasets/gopro) into ROOT/GoPro"
    collected = f", or {_COLLECTED.format('GoPro')}" if variant == "blur" else ""
    return Benchmark(
        name=name,
        title=title,
        task="deblur",
        citation=GOPRO.citation,
        layout=GOPRO,
        count=1111,
        channels=(3,),
        sizes=Sizes(counts={(720, 1280): 1111}),
        inputs=Stored(),
        protocol=_MATLAB,
        only=(variant,),
        folders=("GoPro", "GOPRO_Large"),
        download=f"{from_zip}, so that ROOT/GoPro/test exists{collected}",
        differs=differs,
    )


def _realblur(layout: Layout, *, letter: str, folder: str) -> Benchmark:
    return Benchmark(
        name=layout.name,
        title=f"RealBlur-{letter}",
        task="deblur",
        citation=layout.citation,
        layout=layout,
        count=980,
        channels=(3,),
        inputs=Stored(),
        protocol=_ALIGNED,
        folders=(f"RealBlur_{letter}", f"RealBlur-{letter}", "RealBlur", folder),
        download=f"RealBlur (Rim et al.; github.com/rimchang/RealBlur): {folder} and "
        f"RealBlur_{letter}_test_list.txt into ROOT/RealBlur; or "
        f"{_COLLECTED.format(f'RealBlur_{letter}')}",
        differs="the authors ask for OpenCV 4.2 and scikit-image 0.17.2: another findTransformECC "
        "may end elsewhere in the last decimals",
    )


DEBLUR: dict[str, Benchmark] = {
    one.name: one
    for one in (
        _gopro(
            "gopro",
            "GoPro",
            variant="blur",
            differs="which of the release's two blurs the collection holds is not said; it is "
            f"taken as `blur`. NAFNet's figures are of local inference (TLC). {_SSIM_TRAP}",
        ),
        _gopro(
            "gopro-gamma",
            "GoPro, frames averaged after gamma",
            variant="blur_gamma",
            differs="for checkpoints that were trained on the release's blur_gamma",
        ),
        Benchmark(
            name="hide",
            title="HIDE",
            task="deblur",
            citation=HIDE.citation,
            layout=HIDE,
            count=2025,
            channels=(3,),
            sizes=Sizes(counts={(720, 1280): 2025}),
            inputs=Stored(),
            protocol=_MATLAB,
            folders=("HIDE", "HIDE_dataset"),
            download="HIDE (Shen et al.; github.com/joanshen0508/HA_deblur) into ROOT/HIDE, with "
            f"its folders test and GT, or {_COLLECTED.format('HIDE')}",
            differs=f"published figures are of models trained on GoPro. {_SSIM_TRAP}",
        ),
        _realblur(REALBLUR_J, letter="J", folder="RealBlur-J_ECC_IMCORR_centroid_itensity_ref"),
        _realblur(
            REALBLUR_R, letter="R", folder="RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref"
        ),
    )
}
