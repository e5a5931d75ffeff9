"""Several models after one another, as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples


def chain(models: Sequence[Restorer]) -> Restorer:
    """Each model gets what the one before it gave, neither clipped nor rounded between.

    Scales multiply. Of models of any scale (interpolation, functions) the last takes what the
    others leave, and the rest keep the size; of a fraction the last that takes one does.
    Raises ValueError for no models, and when it runs, where the scales do not make what is asked.
    """
    if not models:
        raise ValueError("a chain needs a model; none was given")
    if len(models) == 1:
        return models[0]
    own = math.prod(model.scale or 1 for model in models)
    free = [place for place, model in enumerate(models) if not model.scale]
    fractions = [place for place in free if models[place].fractions]
    names = " + ".join(model.name for model in models)
    notes: list[str] = []

    def told() -> list[str]:
        return [
            note if note.startswith(f"{model.name} ") else f"{model.name}: {note}"
            for model in models
            for note in model.notes
        ]

    def restore(picture: Samples, scale: Scale) -> Samples:
        left = Fraction(scale) / own
        takers = free if left.denominator == 1 else fractions
        if left < 1 or (left != 1 and not takers):
            raise ValueError(f"{names} together are x{own}; asked is x{float(scale):g}")
        last: Scale = int(left) if left.denominator == 1 else left
        for place, model in enumerate(models):
            rest = last if takers and place == takers[-1] else 1
            picture = model.restore(picture, model.scale or rest)
            notes.extend(note for note in told() if note not in notes)
        return picture

    def at_noise(sigma: float) -> Restorer:
        return chain([m if m.at_noise is None else m.at_noise(sigma) for m in models])

    notes.extend(told())
    counts = [model.facts.get("parameters") for model in models]
    return Restorer(
        name="+".join(model.name for model in models),
        restore=restore,
        scale=0 if free else own,
        fractions=bool(fractions),
        default_scale=own * _default([models[place].default_scale for place in free]),
        channels=models[0].channels,
        facts={
            "kind": "chain",
            "file": None,
            "sha256": None,
            "parameters": None if None in counts else sum(n for n in counts if n is not None),
            "macs": None,
            "scale": 0 if free else own,
            "options": {"models": [dict(model.facts, name=model.name) for model in models]},
        },
        notes=notes,
        at_noise=at_noise if any(model.at_noise for model in models) else None,
    )


def _default(scales: Sequence[int]) -> int:
    """Of the models of any scale: the last one's, where the others are known to be of use at 1 or
    it enlarges; 0 where it must be said."""
    if not scales or (scales[-1] == 1 and set(scales) != {1}):
        return 0
    return scales[-1]
