"""A drop: one input that a build does not use, with a counted reason.

Nothing disappears silently: whatever cannot become pairs raises `Drop` with a slug of `REASONS`,
the build goes on, and drops.jsonl and dataset.json say how many and why.
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    "unreadable": "the file could not be opened or decoded",
    "unsupported": "the decoder opened it, but this kind of sensor or encoding is not supported",
    "empty-file": "the file holds no bytes",
    "no-permission": "the file may not be read by this user",
    "no-sidecar": "a headerless RAW without the .json sidecar that describes it",
    "no-picture-data": "the file opens, but every sample is the same value",
    "no-target": "no target has this stem",
    "target-unreadable": "the target could not be read",
    "target-size": "input and target differ in size or shape",
    "misaligned": "input and target show different content or are shifted",
    "too-dark": "the target is darker than the screen allows",
    "too-bright": "the target is brighter than the screen allows",
    "too-flat": "the target has less gradient than the screen asks for",
    "too-small": "the picture is smaller than the patch or the scale asks for",
    "recipe": "the recipe cannot be drawn for, or applied to, this picture",
    "changed": "the file is not the one that was planned: its size changed",
    "gone": "the file was there when the build was planned and is not now",
    "timeout": "the file took longer than the time-out, twice",
    "failed": "an error of pairsmith itself on this file, twice; worth a report",
    "crashed": "the decoder's process died on this file, twice",
}


class Drop(ValueError):
    """An input that is left out: `reason` is a key of `REASONS`, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        if reason not in REASONS:
            raise KeyError(f"drop reason {reason!r} is not one of {', '.join(REASONS)}")
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[Drop], tuple[str, str]]:
        return Drop, (self.reason, str(self))
