"""Benchmarks of defocus deblurring: DPDD from one picture at 8 bits, and from two views at 16.

Scored as by DPDNet's metrics.py and Restormer's test scripts: outputs clipped, not rounded, against
the target at the depth of the input; scikit-image's SSIM with its default uniform window.
"""

from __future__ import annotations

from builders.layouts.deblur import DPDD, DPDD_DUAL
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

_PROTOCOL = Protocol(
    metrics=("psnr", "ssim", "mae", "lpips"), output="float", ssim="skimage-uniform"
)
_SIZES = Sizes(counts={(1120, 1680): 76})
# Lists of numbers, from 1, into the pictures in natural order, beside the pictures in Restormer's
# collection: 37 indoor, 39 outdoor.
_GROUPS = {"indoor": ("file:indoor_labels.npy",), "outdoor": ("file:outdoor_labels.npy",)}
_FOLDERS = ("DPDD", "dd_dp_dataset_png", "dd_dp_dataset_canon")
_DOWNLOAD = (
    "DPDD's 16-bit PNG files (Abuolaim, Brown; github.com/Abdullah-Abuolaim/"
    "defocus-deblurring-dual-pixel) so that ROOT/DPDD/{0} and ROOT/DPDD/test_c/target exist, or "
    "Restormer's collection (github.com/swz30/Restormer, Defocus_Deblurring) so that "
    "ROOT/test/DPDD/{1} and ROOT/test/DPDD/target exist, with indoor_labels.npy and "
    "outdoor_labels.npy"
)
_LISTS = (
    "which pictures are indoor and outdoor is only known where indoor_labels.npy and "
    "outdoor_labels.npy lie beside them; else the combined scores stand alone"
)

DEFOCUS: dict[str, Benchmark] = {
    one.name: one
    for one in (
        Benchmark(
            name="dpdd-single",
            title="DPDD, one picture",
            task="defocus",
            citation=DPDD.citation,
            layout=DPDD,
            count=76,
            channels=(3,),
            sizes=_SIZES,
            inputs=Stored(bits=8),
            protocol=_PROTOCOL,
            groups=_GROUPS,
            folders=_FOLDERS,
            download=_DOWNLOAD.format("test_c/source", "inputC"),
            differs=f"16-bit files are read as 8 bits on both sides, as cv2.imread does. {_LISTS}",
        ),
        Benchmark(
            name="dpdd-dual",
            title="DPDD, left and right view",
            task="defocus",
            citation=DPDD_DUAL.citation,
            layout=DPDD_DUAL,
            count=76,
            channels=(3,),
            sizes=_SIZES,
            inputs=Stored(bits=16),
            protocol=_PROTOCOL,
            joined=("left", "right"),
            groups=_GROUPS,
            folders=_FOLDERS,
            download=_DOWNLOAD.format("test_l/source, test_r/source", "inputL, inputR"),
            differs=_LISTS,
        ),
    )
}
