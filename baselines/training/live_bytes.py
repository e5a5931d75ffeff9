"""The most bytes that tensors hold at a time, with those that autograd keeps for the way back.

evaluation/models/memory.py counts by the tensors that Python sees; autograd keeps others of the
same bytes, so here the storages themselves are counted, as long as they are there.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_ASKED = torch.ops.aten._local_scalar_dense.default  # float(tensor), tensor.item()


class LiveBytes(TorchDispatchMode):
    """While it is entered: `peak`, bytes of storages that operations have made since then.

    apart: tensors whose bytes are counted elsewhere (weights, gradients). A number that is asked of
    a tensor without values (FakeTensorMode) is answered with 1, so that code that looks at values
    goes on.
    """

    def __init__(self, *, apart: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self._held: dict[int, int] = {}
        self._apart = {one.untyped_storage()._cdata for one in apart}
        self.live = self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is _ASKED and isinstance(args[0], FakeTensor):
            return _one(args[0])
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._hold(tensor.untyped_storage())
        return made

    def _hold(self, storage: torch.UntypedStorage) -> None:
        place = storage._cdata
        if place in self._held or place in self._apart:
            return
        self._held[place] = storage.nbytes()
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._leave, place)

    def _leave(self, place: int) -> None:
        self.live -= self._held.pop(place)


def _one(tensor: Tensor) -> bool | int | float:
    if tensor.dtype == torch.bool:
        return True
    return 1.0 if tensor.dtype.is_floating_point else 1
