"""What samples are taken from: one root of pictures, read by index; and what is kept of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

from builders.containers import Samples


@dataclass(frozen=True)
class Loaded:
    """Pictures [H,W,C] of one index by side ('lq' and 'gt', 'clean', 'low' or 'high'), as the
    network takes them. scale: of gt against lq. sigma: of the noise that a stored record tells,
    0 ... 1, or None."""

    pictures: Mapping[str, Samples]
    scale: float = 1.0
    sigma: float | None = None

    @property
    def bytes(self) -> int:
        """What it holds in memory."""
        return sum(one.nbytes for one in self.pictures.values())


class Collection(Protocol):
    """One root. name: of its folder, unique in the run. weight: of its pictures."""

    name: str
    weight: float

    def __len__(self) -> int:
        """Samples."""
        ...

    def scaled(self, scale: float | None) -> tuple[int, ...]:
        """Indexes of what has this scale; None for all."""
        ...

    def label(self, index: int) -> str:
        """The pair's key or the file's path below the root."""
        ...

    def load(self, index: int) -> Loaded:
        """Decodes one. Raises ValueError or OSError naming file and key."""
        ...

    def close(self) -> None:
        """Closes its files; the next read opens them again."""
        ...


class Kept:
    """What was loaded lately, up to so many MiB: small sets are decoded once. Threads may share
    it; two that miss the same thing both load it."""

    def __init__(self, *, mib: float) -> None:
        self._room = int(mib * 2**20)
        self._held: OrderedDict[Hashable, Loaded] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, *, load: Callable[[], Loaded]) -> Loaded:
        """What `load` gives for `key`, now or before."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        found = load()
        with self._lock:
            if key not in self._held and found.bytes <= self._room:
                self._held[key] = found
                self._bytes += found.bytes
                while self._bytes > self._room:
                    self._bytes -= self._held.popitem(last=False)[1].bytes
        return found


def unique_names(names: list[str]) -> list[str]:
    """Names of roots; those that repeat get '#2', '#3' ... behind."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found
