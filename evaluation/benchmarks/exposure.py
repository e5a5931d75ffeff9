"""Benchmarks of exposure correction: MSEC's test part against five experts, or against one."""

from __future__ import annotations

from builders.layouts.exposure import MSEC
from evaluation.benchmark import Benchmark
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

# Inputs of relative EV 0 and more are the paper's properly and over-exposed ones: 3,543 of 5,905.
_GROUPS = {"over": ("ev+0", "ev+1", "ev+1.5"), "under": ("ev-1", "ev-1.5")}


def _msec(name: str, title: str, *, references: tuple[str, ...], differs: str) -> Benchmark:
    return Benchmark(
        name=name,
        title=title,
        task="exposure",
        citation=MSEC.citation,
        layout=MSEC,
        count=5905,
        channels=(3,),
        inputs=Stored(),
        protocol=Protocol(ssim="matlab-3d"),
        references=references,
        groups=_GROUPS,
        folders=("MSEC", "exposure_dataset", "Exposure_Correction"),
        download="the test part of the exposure correction set (Afifi et al.; "
        "github.com/mahmoudnafifi/Exposure_Correction) so that ROOT/MSEC/testing/INPUT_IMAGES and "
        "ROOT/MSEC/testing/expert_a_testing_set ... expert_e_testing_set exist",
        differs=f"no evaluation script was released: PSNR of 8-bit RGB, and MATLAB's ssim of RGB, "
        f"are taken for what the paper does not say. Its PI is left out. {differs}",
    )


EXPOSURE: dict[str, Benchmark] = {
    one.name: one
    for one in (
        _msec(
            "msec",
            "MSEC, five experts",
            references=tuple(f"expert_{letter}" for letter in "abcde"),
            differs="A score is the mean over the five experts",
        ),
        _msec(
            "msec-c",
            "MSEC, Expert C",
            references=("expert_c",),
            differs="Papers that score Expert C alone (ENC, FECNet, CSEC) differ in SSIM among "
            "themselves: FECNet's is of gray, with targets brought to the input's size",
        ),
    )
}
