"""What a run is trained on, as the command line gives it."""

from __future__ import annotations

from dataclasses import dataclass

from builders.sources import Root


@dataclass(frozen=True, kw_only=True)
class Sources:
    """pairs: built datasets. clean: folders of clean pictures, degraded by `recipe` ('' for the
    config's own) while training. low, high: folders without partners. Each root has its weight.
    split: of built datasets that is trained on."""

    pairs: tuple[Root, ...] = ()
    clean: tuple[Root, ...] = ()
    recipe: str = ""
    low: tuple[Root, ...] = ()
    high: tuple[Root, ...] = ()
    split: str = "train"
