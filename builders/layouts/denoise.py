"""Layouts of denoising sets."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout, Patches

# "Data/<instance>_<scene>_<phone>_<iso>_<shutter>_<kelvin>_<light>/0001_NOISY_SRGB_010.PNG" beside
# its GT; 160 instances of 10 scenes, two shots of each (the release's _ReadMe_sRGB.txt). All
# instances of a scene show the same objects, so they stay together.
SIDD = Layout(
    name="sidd",
    citation="Abdelhamed, Lin, Brown: A High-Quality Denoising Dataset for Smartphone Cameras, "
    "CVPR 2018 (SIDD-Medium, sRGB)",
    forms=(
        (
            Branch(
                "train",
                "{instance:[0-9]+_[0-9]+_[^/]+}/{id:[0-9]+}_NOISY_SRGB_{shot:[0-9]+}",
                "{instance:[0-9]+_[0-9]+_[^/]+}/{id:[0-9]+}_GT_SRGB_{shot:[0-9]+}",
                "noisy",
            ),
        ),
    ),
    counts={"train": 320},
    scene="{instance}-{shot}",
    group=r"(?:^|/)[0-9]+_([0-9]+)_[^/]+/[^/]+$",
    # Restormer's Denoising/generate_patches_sidd.py: 512, overlap 128.
    patches=Patches(512, 384),
)


def _blocks(folder: str, sides: tuple[str, str]) -> tuple[Branch, ...]:
    lq, gt = sides
    return (Branch("val", f"{folder}/{lq}/{{name}}", f"{folder}/{gt}/{{name}}", "noisy"),)


# SIDD's validation blocks as pictures, 1,280 of 256x256: val/SIDD/{input_crops,target_crops} or
# test/SIDD/{input,target} (MPRNet, Restormer), SIDD/val/{input_crops,gt_crops} (NAFNet, SwinIR;
# lmdb there, to be unpacked). SIDD's authors give them in two .mat files. train/SIDD/input_crops
# and target_crops, the training patches, are not of them.
SIDD_BLOCKS = Layout(
    name="sidd-blocks",
    citation=SIDD.citation.replace("SIDD-Medium", "SIDD validation"),
    forms=(
        *(_blocks(folder, ("input_crops", gt))
          for folder in ("val/SIDD", "SIDD/val") for gt in ("target_crops", "gt_crops")),
        _blocks("SIDD", ("input_crops", "gt_crops")),
        _blocks("test/SIDD", ("input", "target")),
    ),
    counts={"val": 1280},
    size=(256, 256),
    preferred=True,
)  # fmt: skip
