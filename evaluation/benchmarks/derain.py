"""Benchmarks of deraining: the five sets that models trained on Rain13K report one by one.

Scored as by evaluate_PSNR_SSIM.m of MSPFN, MPRNet and Restormer: 8-bit pictures, luma of
rgb2ycbcr(uint8), which MATLAB rounds, Wang's SSIM, no border. Luma not rounded, as many Python
ports take it, gives 0.02 to 0.11 dB more; RGB gives 1.2 dB less.
"""

from __future__ import annotations

from builders.layouts.derain import RAIN13K
from evaluation.benchmark import Benchmark
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

_YANG = (
    "Yang, Tan, Feng, Liu, Guo, Yan: Deep Joint Rain Detection and Removal from a Single Image, "
    "CVPR 2017 ({})"
)
# Folder in the release -> where its pictures are from.
_SETS = {
    "Rain100H": _YANG.format("heavy rain"),
    "Rain100L": _YANG.format("light rain"),
    "Test100": "Zhang, Sindagi, Patel: Image De-raining Using a Conditional Generative Adversarial "
    "Network, TCSVT 2020 (Rain800's test part)",
    "Test1200": "Zhang, Patel: Density-Aware Single Image De-raining Using a Multi-Stream Dense "
    "Network, CVPR 2018 (Rain1200's test part)",
    "Test2800": "Fu, Huang, Zeng, Huang, Ding, Paisley: Removing Rain from Single Images via a "
    "Deep Detail Network, CVPR 2017 (Rain14000's test part)",
}


def _benchmark(folder: str, citation: str) -> Benchmark:
    name = folder.lower()
    return Benchmark(
        name=name,
        title=folder,
        task="derain",
        citation=citation,
        layout=RAIN13K,
        split=name,
        count=RAIN13K.counts[name],
        channels=(3,),
        inputs=Stored(),
        protocol=Protocol(channel="y-round"),
        folders=(folder,),
        download="the test sets of Rain13K (MPRNet, Restormer: github.com/swz30/Restormer, "
        f"Deraining) so that ROOT/{folder}/input and ROOT/{folder}/target exist",
        differs="figures of models trained on Rain100H's own 1,800 pairs or on Rain200 are of "
        "another protocol" if folder.startswith("Rain100") else "",
    )  # fmt: skip


DERAIN: dict[str, Benchmark] = {
    one.name: one for one in (_benchmark(folder, citation) for folder, citation in _SETS.items())
}
