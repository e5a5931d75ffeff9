"""One thread for work whose last bits would otherwise depend on how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, torch uses one thread: where a tensor is cut among threads, its ends go through
    scalar code, whose logarithms and powers differ from the vector code's in the last place."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
