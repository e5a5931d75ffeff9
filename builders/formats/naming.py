"""File names of the folder format: pairs by default, or a published release's own layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from builders.parts import Row

Names = tuple[str, str]

# The MSEC release's folders (Afifi et al., CVPR 2021); other splits keep their own name.
_MSEC_SPLITS = {"train": "training", "val": "validation", "test": "testing"}


def pair_names(split: str, row: Row) -> Names:
    """(lq, gt): data/<split>/lq/<scene>_<variant>.png and data/<split>/gt/<scene>[_<gt>].png."""
    gt = row.scene if row.gt_name == "gt" else f"{row.scene}_{row.gt_name}"
    folder = PurePosixPath("data", split)
    return (
        str(folder / "lq" / f"{row.scene}_{row.variant}{row.lq.suffix()}"),
        str(folder / "gt" / f"{gt}{row.gt.suffix()}"),
    )


def msec_names(split: str, row: Row) -> Names:
    """(lq, gt) as in the MSEC release: INPUT_IMAGES/<base>_N1.5.JPG, GT_IMAGES/<base>.jpg;
    in testing the targets lie in expert_c_testing_set."""
    folder = _MSEC_SPLITS.get(split, split)
    return (
        f"{folder}/INPUT_IMAGES/{row.scene}_{_msec_ev(row.variant)}.JPG",
        f"{_msec_targets(folder, 'expert_c')}/{row.scene}.jpg",
    )


def extra_name(naming: str, split: str, scene: str, extra: str, suffix: str) -> str:
    """Where a further target of a scene goes ('expert_a' ...)."""
    if naming == "msec":
        return f"{_msec_targets(_MSEC_SPLITS.get(split, split), extra)}/{scene}.jpg"
    return str(PurePosixPath("data", split, extra, f"{scene}{suffix}"))


def _msec_targets(folder: str, expert: str) -> str:
    return f"{folder}/{expert}_testing_set" if folder == "testing" else f"{folder}/GT_IMAGES"


def _msec_ev(variant: str) -> str:
    """'ev-1.5' -> 'N1.5', 'ev+1' -> 'P1', 'ev+0' -> '0'."""
    value = variant.removeprefix("ev")
    return "0" if value == "+0" else value.replace("-", "N").replace("+", "P")


NAMINGS: dict[str, Callable[[str, Row], Names]] = {"pairs": pair_names, "msec": msec_names}
