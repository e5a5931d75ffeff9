"""Layouts that belong to no set: two folders of partners, and two folders without partners."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout

# Names of the two folders, input first, that are known without --input and --target.
FOLDERS = (
    ("input", "target"), ("input", "gt"), ("input", "groundtruth"), ("lq", "gt"), ("lq", "hq"),
    ("lr", "hr"), ("low", "high"), ("low", "normal"), ("low", "gt"), ("blur", "sharp"),
    ("blur", "gt"), ("blurry", "sharp"), ("noisy", "clean"), ("noisy", "gt"), ("hazy", "clear"),
    ("hazy", "gt"), ("haze", "clear"), ("rain", "norain"), ("rainy", "clean"), ("rainy", "gt"),
    ("source", "target"), ("degraded", "clean"),
)  # fmt: skip
_SPLITS = {"train": ("train", "training"), "val": ("val", "valid", "validation"),
           "test": ("test", "testing")}  # fmt: skip
_FILE = "{name:.+}"


def folders(lq: str = "", gt: str = "") -> Layout:
    """Pictures of the same path in two folders; with lq and gt, of those names (they may be
    deeper: a/b), else of the first known pair. Folders train, val and test above or below the two
    are splits; a target may be larger than its input by a whole factor."""
    known = ((lq, gt),) if lq and gt else FOLDERS
    return Layout(
        name="folders",
        citation="",
        forms=tuple(_form(first, second) for first, second in known),
        scaled=True,
        bits=0,
        anchored=True,
        hint="Known folders: " + ", ".join(f"{a}/{b}" for a, b in FOLDERS) + "; others with "
        "--input SUB --target SUB",
    )


def _form(lq: str, gt: str) -> tuple[Branch, ...]:
    shapes = [
        (split, f"{folder}/<side>", f"<side>/{folder}")
        for split, names in _SPLITS.items()
        for folder in names
    ]
    places = [(split, place) for split, *pair in shapes for place in pair] + [("train", "<side>")]
    return tuple(
        Branch(split, f"{place.replace('<side>', lq)}/{_FILE}",
               f"{place.replace('<side>', gt)}/{_FILE}", "lq")
        for split, place in places
    )  # fmt: skip


def unpaired(low: str = "low", high: str = "high") -> Layout:
    """Two folders without partners. No pair is invented: each picture is a row of its own, lq and
    gt the same (marked identical), in a split that says which side it is of: train_low,
    train_high. Where trainA and trainB (CycleGAN's names) are there, A is low."""
    sides = (("low", low), ("high", high))
    plain = tuple(_alone(f"train_{side}", folder, side) for side, folder in sides)
    inside = tuple(
        _alone(f"{split}_{side}", f"{name}/{folder}", side)
        for split, names in _SPLITS.items()
        for name in names
        for side, folder in sides
    )
    cycle = tuple(
        _alone(f"{split}_{side}", f"{split}{letter}", side)
        for split in _SPLITS
        for side, letter in (("low", "A"), ("high", "B"))
    )
    return Layout(name="unpaired", citation="", forms=(plain, inside, cycle), bits=0, anchored=True)


def _alone(split: str, folder: str, side: str) -> Branch:
    return Branch(split, f"{folder}/{_FILE}", f"{folder}/{_FILE}", side)
