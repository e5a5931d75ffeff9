"""Layouts of deraining sets."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout

# The five test sets that restoration papers report one by one, each a split of its own.
_TESTS = {"Test100": 100, "Rain100H": 100, "Rain100L": 100, "Test2800": 2800, "Test1200": 1200}
# In Rain100H's first release the input is rain-1.png and the target norain-1.png.
_LQ, _GT = "{:(rain-)?}{name}", "{:((no)?rain-)?}{name}"

# train/Rain13K/{input,target} and test/<set>/{input,target} (MPRNet, Restormer): 13,712 pairs, by
# name; the sets mix .jpg and .png.
RAIN13K = Layout(
    name="rain13k",
    citation="Zamir et al.: Multi-Stage Progressive Image Restoration, CVPR 2021 (Rain13K, "
    "collected from Rain14000, Rain1800, Rain800, Rain12 after Jiang et al., CVPR 2020)",
    forms=(
        (
            Branch("train", f"train/{{:(Rain13K/)?}}input/{_LQ}",
                   f"train/{{:(Rain13K/)?}}target/{_GT}", "rain"),
            *(Branch(name.lower(), f"{name}/input/{_LQ}", f"{name}/target/{_GT}", "rain")
              for name in _TESTS),
        ),
    ),
    counts={"train": 13712, **{name.lower(): count for name, count in _TESTS.items()}},
)  # fmt: skip
