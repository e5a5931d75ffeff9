"""Layouts of super-resolution sets."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout, Patches, both

_SPLITS = {"train": "train", "val": "valid"}


def _track(folder: str, suffix: str, variant: str) -> tuple[Branch, ...]:
    """One challenge track: DIV2K_train_LR_<folder>/<name><suffix> beside DIV2K_train_HR."""
    lq = f"DIV2K_<split>_LR_{folder}/{{name:[0-9]+}}{suffix}"
    return both(_SPLITS, lq=lq, gt="DIV2K_<split>_HR/{name:[0-9]+}", variant=variant)


# DIV2K_train_HR/0001.png; DIV2K_train_LR_bicubic/X4/0001x4.png and LR_unknown (NTIRE 2017);
# LR_x8/0001x8, LR_mild/0001x4m, LR_difficult/0001x4d, LR_wild/0001x4w1 ... w4 (NTIRE 2018).
DIV2K = Layout(
    name="div2k",
    citation="Agustsson, Timofte: NTIRE 2017 Challenge on Single Image Super-Resolution: Dataset "
    "and Study, CVPRW 2017 (DIV2K)",
    forms=(
        (
            *_track("bicubic/X{scale:[234]}", "x{scale}", "x{scale}"),
            *_track("unknown/X{scale:[234]}", "x{scale}", "x{scale}-unknown"),
            *_track("x8", "x8", "x8"),
            *_track("mild", "x4m", "x4-mild"),
            *_track("difficult", "x4d", "x4-difficult"),
            *_track("wild", "x4w{wild:[0-9]*}", "x4-wild{wild}"),
        ),
    ),
    counts={"train": 800, "val": 100},
    scaled=True,
    # BasicSR's extract_subimages for DIV2K: targets 480, step 240.
    patches=Patches(480, 240),
)
