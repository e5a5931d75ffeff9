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
