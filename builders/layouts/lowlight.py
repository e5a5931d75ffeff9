"""Layouts of low-light sets."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout, both

_TRAIN_TEST = {"train": "Train", "test": "Test"}

# our485/{low,high}/2.png for training, eval15/{low,high} for testing.
LOL_V1 = Layout(
    name="lol-v1",
    citation="Wei, Wang, Yang, Liu: Deep Retinex Decomposition for Low-Light Enhancement, BMVC "
    "2018 (LOL)",
    forms=(
        both({"train": "our485", "test": "eval15"}, lq="<split>/low/{name}",
             gt="<split>/high/{name}", variant="low"),
    ),
    counts={"train": 485, "test": 15}, size=(400, 600),
)  # fmt: skip

_LOL_V2 = (
    "Yang, Wang, Huang, Wang, Liu: Sparse Gradient Regularized Deep Retinex Network for Robust "
    "Low-Light Image Enhancement, TIP 2021 (LOL-v2, {})"
)

# Real_captured/Train/{Low/low00001.png, Normal/normal00001.png}
LOL_V2_REAL = Layout(
    name="lol-v2-real",
    citation=_LOL_V2.format("real"),
    forms=(
        both(_TRAIN_TEST, lq="Real_captured/<split>/Low/{:(low)?}{name:[0-9]+}",
             gt="Real_captured/<split>/Normal/{:(normal)?}{name:[0-9]+}", variant="low"),
    ),
    counts={"train": 689, "test": 100}, size=(400, 600),
)  # fmt: skip

# Synthetic/Train/{Low,Normal}/r00816405t.png
LOL_V2_SYN = Layout(
    name="lol-v2-syn",
    citation=_LOL_V2.format("synthetic"),
    forms=(
        both(_TRAIN_TEST, lq="Synthetic/<split>/Low/{name}", gt="Synthetic/<split>/Normal/{name}",
             variant="low"),
    ),
    counts={"train": 900, "test": 100},
)  # fmt: skip

# "Training data"/{Huawei,Nikon}/{low,high}/1.jpg, Eval/{Huawei,Nikon}/{low,high}: 5,650 pairs, of
# them 30 Huawei and 20 Nikon for testing. Both cameras count from 1.
LSRW = Layout(
    name="lsrw",
    citation="Hai, Xuan, Yang, Hao, Zou, Lin, Han: R2RNet: Low-light Image Enhancement via "
    "Real-low to Real-normal Network, JVCIR 2023 (LSRW)",
    forms=(
        tuple(
            Branch(split, f"{folder}/{{camera:Huawei|Nikon}}/low/{{name}}",
                   f"{folder}/{{camera:Huawei|Nikon}}/high/{{name}}", "low")
            for split, folder in (("train", "{:Training data|Training|Train}"), ("test", "Eval"))
        ),
    ),
    counts={"train": 5600, "test": 50},
    scene="{camera}-{name}",
)  # fmt: skip
