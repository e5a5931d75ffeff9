"""State dicts as authors release them: what wraps them is taken off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

# Where frameworks keep the weights. Averaged weights stand first: authors test with them
# (BasicSR and Real-ESRGAN: params_ema).
WRAPPERS = (
    "params_ema", "ema_state_dict", "state_dict_ema", "g_ema", "params", "state_dict",
    "model_state_dict", "weights", "net", "net_g", "netG", "generator", "model",
)  # fmt: skip
# What data parallel and compiled modules put before each key.
PREFIXES = ("module.", "_orig_mod.")
# What trainers put before the keys of the network that restores, beside others (a discriminator,
# losses): Lightning's attribute names. Looked at only where the keys as they are fit nothing.
ATTRIBUTES = ("net_g.", "netG.", "generator.", "network.", "net.", "model.")


@dataclass(frozen=True, kw_only=True)
class Unwrapped:
    """Weights by name. wrapper: what they were in, '' for nothing. alternatives: other weights that
    the file holds beside them (params beside params_ema)."""

    state: dict[str, Tensor]
    wrapper: str = ""
    alternatives: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """Of most floating weights, as in the file: 'float32', 'float16', 'bfloat16'."""
        kinds = Counter(
            str(value.dtype).removeprefix("torch.")
            for value in self.state.values()
            if value.is_floating_point()
        )
        return kinds.most_common(1)[0][0] if kinds else ""

    def within(self) -> Iterator[Unwrapped]:
        """The same, then the keys behind each of ATTRIBUTES that is there, without it."""
        yield self
        for prefix in ATTRIBUTES:
            inner = {
                key.removeprefix(prefix): value
                for key, value in self.state.items()
                if key.startswith(prefix)
            }
            if inner:
                inner, taken = _without_prefixes(inner)
                wrapper = " ".join(filter(None, [self.wrapper, prefix, *taken]))
                yield Unwrapped(state=inner, wrapper=wrapper, alternatives=self.alternatives)


def unwrapped(held: Mapping[str, Any], *, path: Path) -> Unwrapped:
    """The weights in what load_weights gave.

    Wrappers may stand inside one another; entries that are no tensors (iter, optimizer) are left
    out. Raises ValueError where no dictionary of tensors is found.
    """
    taken: list[str] = []
    others: list[str] = []
    while inner := [key for key in WRAPPERS if _holds_weights(held.get(key))]:
        taken.append(inner[0])
        others += inner[1:]
        held = held[inner[0]]
    state = {str(key): value for key, value in held.items() if isinstance(value, Tensor)}
    if not state:
        raise ValueError(
            f"{path}: holds {', '.join(map(str, list(held)[:5])) or 'nothing'}, no weights by name"
        )
    state, prefixes = _without_prefixes(state)
    return Unwrapped(
        state=state, wrapper=" ".join(taken + prefixes), alternatives=tuple(dict.fromkeys(others))
    )


def _holds_weights(value: Any) -> bool:
    """Whether a value is a dictionary with tensors, or with such dictionaries, in it."""
    return isinstance(value, Mapping) and any(
        isinstance(one, Tensor) or _holds_weights(one) for one in value.values()
    )


def _without_prefixes(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    taken: list[str] = []
    while prefix := next(
        (one for one in PREFIXES if all(key.startswith(one) for key in state)), ""
    ):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        taken.append(prefix)
    return state, taken
