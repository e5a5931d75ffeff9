"""Counts in chunks are those of one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from degrade.philox import words_array
from degrade.poisson import LARGE, count, fill_counts


@pytest.mark.parametrize("top", [1.0, LARGE, 3 * LARGE, 256.0, 1e5])
def test_chunks_equal_single_counts(top: float) -> None:
    # not a multiple of a chunk; rates on both sides of LARGE, and what is no rate
    words = words_array(5, (1, 37, 61)).reshape(-1)
    rates = np.linspace(-1.0, top, words.size)
    rates[::97], rates[1::97] = LARGE, np.nan
    words[:4] = (0, 1, 2**32 - 2, 2**32 - 1)
    out = np.empty(words.size, np.float32)
    fill_counts(words, rates, out)
    single = [
        count((float(word) + 0.5) * 2.0**-32, float(rate))
        for word, rate in zip(words, rates, strict=True)
    ]
    np.testing.assert_array_equal(out, np.array(single, np.float32))
    assert out[1::97].max() == 0.0
