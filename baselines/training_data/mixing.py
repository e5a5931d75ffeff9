"""Mixing pairs: lq and gt of two samples in one share, half of the steps (Zamir et al., Restormer,
CVPR 2022, released code: Mixing_Augment with beta 1.2 and identity)."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta as beta_law

from degrade.draws import draw_below, draw_u32


@dataclass(frozen=True)
class Mix:
    """share: of a sample itself. partners: of each sample of the step, among them."""

    share: float
    partners: tuple[int, ...]


@functools.lru_cache(maxsize=16)
def mix_at(seed: int, step: int, *, beta: float, batch: int) -> Mix | None:
    """How a step's samples are mixed, None where they stay as they are. The share is drawn of
    Beta(beta, beta), the partners are a permutation, for the step as a whole: processes and
    micro-batches do not change them."""
    if not beta or draw_below(seed, "mixup", step, "identity", bound=2):
        return None
    unit = (draw_u32(seed, "mixup", step, "share") + 0.5) / 2**32
    words = np.random.Philox(key=draw_u32(seed, "mixup", step, "partners")).random_raw(batch)
    share = float(beta_law.ppf(unit, beta, beta))
    return Mix(share, tuple(int(one) for one in np.argsort(words, kind="stable")))
