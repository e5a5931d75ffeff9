"""Layouts of motion and defocus deblurring sets."""

from __future__ import annotations

from builders.layouts.layout import LISTED, Branch, Layout, Patches, both

_TWO = {"train": "train", "test": "test"}


def _collected(name: str) -> tuple[tuple[Branch, ...], ...]:
    """The form in which restoration papers pass a set on: <split>/<name>/{input,target}, or the
    other way round (MPRNet, Restormer)."""
    shapes = (f"<split>/{name}", f"{name}/<split>")
    return tuple(
        both(_TWO, lq=f"{shape}/input/{{name}}", gt=f"{shape}/target/{{name}}", variant="blur")
        for shape in shapes
    )


# GOPRO_Large: train/GOPR0372_07_00/{blur,blur_gamma,sharp}/000047.png. `blur` averages frames in
# linear light and encodes the mean; `blur_gamma` averages encoded frames: another input of the
# same target. GOPR0384 is one recording, of which _11_00 ... _11_05 are pieces.
GOPRO = Layout(
    name="gopro",
    citation="Nah, Kim, Lee: Deep Multi-scale Convolutional Neural Network for Dynamic Scene "
    "Deblurring, CVPR 2017 (GOPRO_Large)",
    forms=(
        (
            *both(_TWO, lq="<split>/{video}/blur/{name}", gt="<split>/{video}/sharp/{name}",
                  variant="blur"),
            *both(_TWO, lq="<split>/{video}/blur_gamma/{name}", gt="<split>/{video}/sharp/{name}",
                  variant="blur_gamma"),
        ),
        *_collected("GoPro"),
    ),
    usual=("blur",),
    counts={"train": 2103, "test": 1111},
    scene="{video}-{name}",
    group=r"(GOPR[0-9]+)",
    size=(720, 1280),
    # Restormer's Motion_Deblurring/generate_patches_gopro.py: 512, overlap 256.
    patches=Patches(512, 256),
)  # fmt: skip

# HIDE_dataset: train/*.png and test/{test-close-ups,test-long-shot}/*.png, all targets in GT/. The
# names (10fromGOPR0950.png) say the recording. 8,422 pairs, of them 2,025 for testing.
HIDE = Layout(
    name="hide",
    citation="Shen, Wang, Lu, Shen, Ling, Xu, Shao: Human-Aware Motion Deblurring, ICCV 2019",
    forms=(
        (
            Branch("train", "train/{name}", "GT/{name}", "blur"),
            Branch("test", "test/{:test-close-ups|test-long-shot}/{name}", "GT/{name}", "blur"),
        ),
        *_collected("HIDE"),
    ),
    counts={"train": 6397, "test": 2025},
    group=r"(GOPR[0-9]+)",
    size=(720, 1280),
)


def _realblur(letter: str, folder: str) -> Layout:
    return Layout(
        name=f"realblur-{letter.lower()}",
        citation="Rim, Lee, Won, Cho: Real-World Blur Dataset for Learning and Benchmarking "
        f"Deblurring Algorithms, ECCV 2020 (RealBlur-{letter})",
        forms=(
            (
                Branch(
                    LISTED,
                    f"{folder}/{{scene}}/blur/blur_{{name:[0-9]+}}",
                    f"{folder}/{{scene}}/gt/gt_{{name:[0-9]+}}",
                    "blur",
                ),
            ),
            *_collected(f"RealBlur_{letter}"),
        ),
        counts={"train": 3758, "test": 980},
        scene="{scene}-{name}",
        group=r"(scene[0-9]+)",
        lists={
            "train": f"RealBlur_{letter}_train_list.txt",
            "test": f"RealBlur_{letter}_test_list.txt",
        },
    )


# RealBlur: <folder>/scene001/{blur/blur_1,gt/gt_1}.png; RealBlur_J_train_list.txt and the like
# (rimchang/RealBlur) say which scenes are for training. The folders are the aligned releases.
REALBLUR_J = _realblur("J", "RealBlur-J_ECC_IMCORR_centroid_itensity_ref")
REALBLUR_R = _realblur("R", "RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref")

_DPDD = "Abuolaim, Brown: Defocus Deblurring Using Dual-Pixel Data, ECCV 2020 (Canon, 16-bit PNG{})"
_THREE = {"train": "train", "val": "val", "test": "test"}
_SHOT = "{prefix:[^/]*?}{number:[0-9]+}"
_COUNTS = {"train": 350, "val": 74, "test": 76}
# Restormer's Defocus_Deblurring/generate_patches_dpdd.py: 512, stride 204, 30 % left out.
_DPDD_PATCHES = Patches(512, 204, leave_out=0.3)

# dd_dp_dataset_png/train_c/{source,target}/1P0A0917.png. Source (wide open) and target (stopped
# down) are consecutive shots of the camera, so their numbers differ by one: 0917 and 0916. A
# collection with equal names (Restormer's {inputC,target}) fits too.
DPDD = Layout(
    name="dpdd",
    citation=_DPDD.format(""),
    forms=(
        both(_THREE, lq=f"<split>_c/source/{_SHOT}{{:(_c)?}}",
             gt=f"<split>_c/target/{_SHOT}{{:(_c)?}}", variant="defocus"),
        both(_THREE, lq=f"<split>/{{:(DPDD/)?}}inputC/{_SHOT}",
             gt=f"<split>/{{:(DPDD/)?}}target/{_SHOT}", variant="defocus"),
    ),
    counts=_COUNTS, scene="{prefix}{number}", size=(1120, 1680), bits=16,
    patches=_DPDD_PATCHES, shifts=(0, -1, 1),
)  # fmt: skip


def _views(lq: str, gt: str) -> tuple[Branch, ...]:
    """The left and the right view of each split; `<view>` is l or r."""
    return tuple(
        branch
        for letter, name in (("l", "left"), ("r", "right"))
        for branch in both(_THREE, lq=lq.replace("<view>", letter), gt=gt, variant=name)
    )


# The two views of the dual-pixel sensor: train_l/source and train_r/source beside train_c/target.
# They become two inputs of one target; networks that take six channels join them, left first.
DPDD_DUAL = Layout(
    name="dpdd-dual",
    citation=_DPDD.format(", left and right view"),
    forms=(
        _views(f"<split>_<view>/source/{_SHOT}{{:(_<view>)?}}",
               f"<split>_c/target/{_SHOT}{{:(_c)?}}"),
        _views(f"<split>/{{:(DPDD/)?}}input<view>/{_SHOT}{{:(_<view>)?}}",
               f"<split>/{{:(DPDD/)?}}target/{_SHOT}"),
    ),
    counts=_COUNTS, scene="{prefix}{number}", size=(1120, 1680), bits=16,
    patches=_DPDD_PATCHES, shifts=(0, -1, 1),
)  # fmt: skip
