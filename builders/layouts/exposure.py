"""Layouts of exposure correction sets."""

from __future__ import annotations

from builders.layouts.layout import CHOSEN, Branch, Layout

# The suffixes of the release's inputs, as names of relative EVs.
_EVS = {"N1.5": "ev-1.5", "N1": "ev-1", "0": "ev+0", "P1": "ev+1", "P1.5": "ev+1.5"}
_INPUT = "INPUT_IMAGES/{name}_{ev:" + "|".join(ev.replace(".", "[.]") for ev in _EVS) + "}"

# training and validation beside GT_IMAGES (Expert C); testing beside five experts' folders. The
# names of the inputs are those of the targets with _N1.5 ... _P1.5 behind them.
MSEC = Layout(
    name="msec",
    citation="Afifi, Derpanis, Ommer, Brown: Learning Multi-Scale Photo Exposure Correction, CVPR "
    "2021; rendered from MIT-Adobe FiveK (Bychkovsky et al., CVPR 2011)",
    forms=(
        (
            Branch("train", f"training/{_INPUT}", "training/GT_IMAGES/{name}", "{ev}"),
            Branch("val", f"validation/{_INPUT}", "validation/GT_IMAGES/{name}", "{ev}"),
            Branch("test", f"testing/{_INPUT}", f"testing/{CHOSEN}_testing_set/{{name}}", "{ev}"),
        ),
    ),
    counts={"train": 3535, "val": 150, "test": 1181},
    renames=_EVS,
    targets=("expert_c", "expert_a", "expert_b", "expert_d", "expert_e"),
)
