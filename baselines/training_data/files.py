"""Folders of pictures as collections: clean ones, or low and high ones without partners."""

from __future__ import annotations

from pathlib import Path

from baselines.networks.architecture import Traits
from baselines.training_data.as_taken import as_taken
from baselines.training_data.collection import Loaded
from builders.sources import Root, list_sources
from degrade.reading.clean import PICTURE_SUFFIXES, read_clean


class PictureFolder:
    """The pictures below a folder, sRGB and upright, in their own depth.

    side: what their one side is called ('clean', 'low', 'high'). Raises FileNotFoundError for a
    folder without pictures.
    """

    def __init__(self, root: Root, *, name: str, side: str, traits: Traits) -> None:
        self.name, self.weight, self.folder, self.side = name, root.weight, root.folder, side
        self._traits = _of_targets(traits)
        self._files = list_sources([root], suffixes=PICTURE_SUFFIXES, what="picture")

    def __len__(self) -> int:
        return len(self._files)

    def scaled(self, scale: float | None) -> tuple[int, ...]:  # noqa: ARG002  any can be made
        return tuple(range(len(self._files)))

    def label(self, index: int) -> str:
        return self._files[index].path

    def path(self, index: int) -> Path:
        """Where a picture lies."""
        return self.folder / self._files[index].path

    def load(self, index: int) -> Loaded:
        return Loaded({self.side: as_taken(read_clean(self.path(index)), traits=self._traits)})

    def close(self) -> None:
        """Nothing stays open between reads."""


def _of_targets(traits: Traits) -> Traits:
    """Targets have the output's channels: two views are made of one picture."""
    return Traits(channels=traits.out_channels, out_channels=traits.out_channels, luma=traits.luma)
