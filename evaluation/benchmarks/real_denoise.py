"""Benchmarks of real noise: SIDD's validation blocks, and two sets whose targets are hidden."""

from __future__ import annotations

from builders.layouts.denoise import SIDD_BLOCKS
from evaluation.benchmark import Benchmark, Sizes
from evaluation.inputs import Stored
from evaluation.protocol import Protocol

_SIDD = "Abdelhamed, Lin, Brown: A High-Quality Denoising Dataset for Smartphone Cameras, CVPR 2018"

REAL_DENOISE: dict[str, Benchmark] = {
    one.name: one
    for one in (
        # Scored as by evaluate_sidd.m of MPRNet, MIRNet, Uformer and Restormer: outputs clipped
        # and kept as single, targets im2single, MATLAB's psnr and ssim of each 256x256x3 block.
        Benchmark(
            name="sidd",
            title="SIDD validation, sRGB",
            task="denoise",
            citation=f"{_SIDD} (validation blocks)",
            layout=SIDD_BLOCKS,
            split="val",
            count=1280,
            sizes=Sizes(counts={(256, 256): 1280}),
            inputs=Stored(),
            protocol=Protocol(output="float", ssim="matlab-3d"),
            folders=("SIDD", "SIDD_Validation_sRGB"),
            archive="sidd-mat",
            download="ValidationNoisyBlocksSrgb.mat and ValidationGtBlocksSrgb.mat from SIDD's "
            "page (Abdelhamed; abdokamel.github.io/sidd), both into ROOT/SIDD; or the 1,280 blocks "
            "as pictures in ROOT/SIDD/val/input_crops and ROOT/SIDD/val/gt_crops",
            differs="not to be compared with figures of SIDD's benchmark, 0.1 to 0.2 dB lower, "
            "which many tables mix in",
        ),
        Benchmark(
            name="sidd-benchmark",
            title="SIDD benchmark, sRGB",
            task="denoise",
            citation=f"{_SIDD} (benchmark blocks)",
            layout=None,
            count=1280,
            inputs=Stored(),
            protocol=Protocol(metrics=()),
            folders=("SIDD", "SIDD_Benchmark_sRGB", "SIDD_Benchmark_Data"),
            archive="sidd-benchmark",
            submission="sidd",
            download="BenchmarkNoisyBlocksSrgb.mat from SIDD's page (Abdelhamed; "
            "abdokamel.github.io/sidd) into ROOT/SIDD",
            differs="targets are hidden: Kaggle scores SubmitSrgb.csv (competitions "
            "sidd-benchmark-srgb-psnr and -ssim), whose SSIM users find far below that of the "
            "authors' own server, which made the published figures and is closed",
        ),
        Benchmark(
            name="dnd",
            title="Darmstadt Noise Dataset, sRGB",
            task="denoise",
            citation="Ploetz, Roth: Benchmarking Denoising Algorithms with Real Photographs, CVPR "
            "2017 (DND)",
            layout=None,
            count=1000,
            inputs=Stored(bits=0),
            protocol=Protocol(metrics=(), output="float"),
            folders=("DND", "dnd_2017"),
            archive="dnd",
            submission="dnd",
            download="the benchmark data of DND (TU Darmstadt; noise.visinf.tu-darmstadt.de) so "
            "that ROOT/DND/info.mat and ROOT/DND/images_srgb exist",
            differs="targets are hidden: the authors' server scores the bundle of 50 .mat files",
        ),
    )
}
