"""Several models after one another, as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluation.models.restorer import Restorer
from evaluation.pictures import Samples


def chain(models: Sequence[Restorer]) -> Restorer:
    """Each model gets what the one before it gave, neither clipped nor rounded between.

    Scales multiply. Of models of any scale (interpolation, functions) the last takes what the
    others leave of the set's, and the rest keep the size. Raises ValueError for no models, and
    when it runs, where the scales do not make the set's.
    """
    if not models:
        raise ValueError("a chain needs a model; none was given")
    if len(models) == 1:
        return models[0]
    own = math.prod(model.scale or 1 for model in models)
    free = [place for place, model in enumerate(models) if not model.scale]
    names = " + ".join(model.name for model in models)
    notes: list[str] = []

    def told() -> list[str]:
        return [f"{model.name}: {note}" for model in models for note in model.notes]

    def restore(picture: Samples, scale: int) -> Samples:
        left, over = divmod(scale, own)
        if over or (left != 1 and not free):
            wants = f"wants x{scale}" if scale > 1 else "keeps the size"
            raise ValueError(f"{names} together are x{own}; this set {wants}")
        for place, model in enumerate(models):
            factor = model.scale or (left if place == free[-1] else 1)
            picture = model.restore(picture, factor)
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
