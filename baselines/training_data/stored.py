"""Built datasets as collections: pairs of any format, by their index; listing decodes nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from baselines.networks.architecture import Traits
from baselines.training_data.as_taken import as_taken, enlarged
from baselines.training_data.collection import Loaded
from builders.containers import Samples
from builders.formats.shape import Outline
from builders.pairs import open_pairs
from builders.sources import Root
from degrade.option_error import OptionError

# The two views of a dual-pixel sensor are stored as two inputs of one target; networks of six
# channels take them joined, left first (builders/layouts/deblur.py, evaluation's dpdd-dual).
_VIEWS = ("left", "right")
_SCALED = re.compile(r"x(\d+)(?!\d)")  # variants of pyramids and imports: 'x4', 'x4-p07'


@dataclass(frozen=True)
class Entry:
    """One sample's pairs: their indexes in the dataset and outlines (two where views are joined),
    and the scale that they have. named: whether the variant says it ('x4')."""

    indexes: tuple[int, ...]
    outlines: tuple[Outline, ...]
    scale: float
    named: bool


class StoredPairs:
    """The pairs of a built dataset's split.

    identical: whether those whose sides are equal are among them. Raises FileNotFoundError or
    ValueError where there is no such dataset or split, OptionError where no pair is left.
    """

    def __init__(
        self, root: Root, *, name: str, split: str, traits: Traits, identical: bool
    ) -> None:
        self.name, self.weight, self.folder = name, root.weight, root.folder
        self._traits = traits
        self._pairs = open_pairs(root.folder, split=split)
        outlines = enumerate(self._pairs.outlines())
        kept = [(i, one) for i, one in outlines if identical or not one.identical]
        self.entries = list(_joined(kept) if traits.channels == 2 * 3 else _single(kept))
        if not self.entries:
            views = " of a left and a right view" if traits.channels == 2 * 3 else ""
            left_out = "" if identical else "; data.identical leaves out pairs of equal sides"
            raise OptionError(
                f"--data {root.folder}: its split {split!r} has no pairs{views}{left_out}"
            )

    def __len__(self) -> int:
        return len(self.entries)

    def scaled(self, scale: float | None) -> tuple[int, ...]:
        return tuple(i for i, one in enumerate(self.entries) if scale is None or one.scale == scale)

    def scales(self) -> list[float]:
        """The scales that its pairs have, the usual one first."""
        return [scale for scale, _ in Counter(one.scale for one in self.entries).most_common()]

    def label(self, index: int) -> str:
        return self.entries[index].outlines[0].key

    def load(self, index: int) -> Loaded:
        entry = self.entries[index]
        decoded = [self._pairs.decoded(i) for i in entry.indexes]
        row, _, gt = decoded[0]
        where = f"{self.folder}: pair {row.key!r}"
        lqs = [lq for _, lq, _ in decoded]
        _check_sizes(lqs, gt, scale=entry.scale, where=where)
        lq = lqs[0] if len(lqs) == 1 else np.concatenate(lqs, axis=2)
        traits = self._traits
        try:
            lq = as_taken(lq, traits=traits)
            target = gt if gt.shape[2] == traits.out_channels else as_taken(gt, traits=traits)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        if traits.pre_upsampled:
            lq = enlarged(lq, scale=int(entry.scale))
        sigma = _sigma(row.record, where=where) if traits.told == "sigma" else None
        return Loaded({"lq": lq, "gt": target}, 1.0 if traits.pre_upsampled else entry.scale, sigma)

    def record(self, index: int) -> dict[str, Any]:
        """What made the pair; of joined views the left one's."""
        return msgspec.json.decode(self._pairs.row(self.entries[index].indexes[0]).record)

    def close(self) -> None:
        """Closes its files."""
        self._pairs.close()


def _single(kept: Sequence[tuple[int, Outline]]) -> Iterator[Entry]:
    return (_entry((index, one)) for index, one in kept)


def _joined(kept: Sequence[tuple[int, Outline]]) -> Iterator[Entry]:
    """Left views with their right ones."""
    left, right = _VIEWS
    places = {one.key: (index, one) for index, one in kept}
    for index, one in kept:
        if one.variant.startswith(left):
            partner = f"{one.scene}/{right}{one.variant.removeprefix(left)}"
            if partner in places:
                yield _entry((index, one), places[partner])


def _entry(*pairs: tuple[int, Outline]) -> Entry:
    """Its scale is what the variant's name says, else the ratio of the sides."""
    indexes, outlines = zip(*pairs, strict=True)
    one: Outline = outlines[0]
    said = _SCALED.match(one.variant)
    ratio = one.gt_shape[0] / one.lq_shape[0]
    return Entry(indexes, outlines, float(said[1]) if said else ratio, said is not None)


def _check_sizes(lqs: Sequence[Samples], gt: Samples, *, scale: float, where: str) -> None:
    for lq in lqs:
        height, width = (side * scale for side in lq.shape[:2])
        if (height, width) != gt.shape[:2]:
            raise ValueError(
                f"{where}: lq of {lq.shape[1]}x{lq.shape[0]} pixels and gt of "
                f"{gt.shape[1]}x{gt.shape[0]}: not x{scale:g} of it"
            )


def _sigma(record: str, *, where: str) -> float:
    """The noise that a degraded pair's record tells."""
    found = msgspec.json.decode(record)
    steps = found.get("degradation", {}).get("steps", {}) if isinstance(found, dict) else {}
    sigma = noise_told(steps)
    if sigma is None:
        raise ValueError(
            f"{where}: its record has no gaussian_noise, and the network is told its sigma: train "
            "on data of build-dataset degrade with such a recipe, or on --gt with one"
        )
    return sigma


def noise_told(steps: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Standard deviation of all gaussian_noise among a record's steps, 0 ... 1; None without."""
    found = [float(s["sigma"]) for s in steps.values() if s.get("operator") == "gaussian_noise"]
    return math.hypot(*found) if found else None
