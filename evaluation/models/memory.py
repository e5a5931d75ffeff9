"""How much memory is free, what a network needs, and going on with smaller tiles when it runs out.

What a network needs is measured once, on one small tile: the most bytes that it held at a time, by
pixel of the input. On CUDA that is the allocator's own peak. On the CPU it is the peak of the
tensors alive, operation by operation: a convolution's scratch space is not among them, so no more
than half of what is free is planned with. Attention over the whole picture grows faster than its
pixels; then the plan is too large, and the halving below catches it where the system says so.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evaluation.models.options import LEAST_TILE

if TYPE_CHECKING:
    from torch import Tensor

Result = TypeVar("Result")

PLANNED = 0.5  # of the free memory
# What allocators say: CUDA and MPS, PyTorch's CPU allocator (Linux, Windows), cuBLAS, onnxruntime.
_SAID = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
    "failed to allocate memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator's refusal is behind an error."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in _SAID)


def run_within_memory(
    run: Callable[[int], Result], *, tile: int, longest: int, notes: list[str]
) -> tuple[Result, int]:
    """run(tile), with half the tile again and again where memory runs out: (result, last tile).

    tile: pixels, 0 for the whole picture, whose longer side is `longest`. Each halving adds a line
    to `notes`. Raises ValueError where memory runs out at the least tile too; other errors pass.
    """
    while True:
        try:
            return run(tile), tile
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            said = str(error).strip().split("\n")[0][:200]
        # outside the handler: its traceback would keep the network's tensors alive
        release_memory()
        smaller = min(tile, longest) // 2 if tile else longest // 2
        smaller = max(LEAST_TILE, smaller // LEAST_TILE * LEAST_TILE)
        if smaller >= (tile or longest):
            raise ValueError(
                f"out of memory even at {'tile ' + str(tile) if tile else 'the whole picture'} "
                f"({said}): take another --device, or --bf16"
            )
        notes.append(
            f"out of memory at {f'tile {tile}' if tile else 'whole pictures'}, went on with "
            f"{smaller}"
        )
        tile = smaller


def release_memory() -> None:
    """Gives back what CUDA's allocator keeps but does not use."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free_memory(device: str) -> int:
    """Bytes that can still be had on a device, 'cpu', 'mps' or 'cuda...'."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return _free_ram(Path("/"))


def _free_ram(root: Path) -> int:
    """The kernel's estimate of what is available, or what a container's limit leaves."""
    found = []
    if (info := root / "proc/meminfo").is_file():
        for line in info.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    group = root / "sys/fs/cgroup"
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        if (group / limit).is_file() and (group / used).is_file():
            most = (group / limit).read_text().strip()
            if most.isdigit():
                found.append(max(0, int(most) - int((group / used).read_text())))
    if found:
        return min(found)
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):  # macOS: half of what there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 2 << 30


def tile_for(*, free: int, bytes_per_pixel: float) -> int:
    """The side of the largest square tile, a multiple of LEAST_TILE, that needs no more than
    PLANNED of the free bytes; LEAST_TILE where none does."""
    side = int((free * PLANNED / max(bytes_per_pixel, 1.0)) ** 0.5)
    return max(LEAST_TILE, side // LEAST_TILE * LEAST_TILE)


def peak_bytes(run: Callable[[], Any], *, device: str) -> int:
    """The most bytes that tensors made by run() held at a time."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Watch(TorchDispatchMode):
        """Counts the storages of each operation's results while something refers to them."""

        def __init__(self) -> None:
            super().__init__()
            self.users: dict[int, int] = {}
            self.sizes: dict[int, int] = {}
            self.live = self.peak = 0

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            for tensor in tree_leaves(out):
                if isinstance(tensor, torch.Tensor):
                    self._hold(tensor)
            self.peak = max(self.peak, self.live)
            return out

        def _hold(self, tensor: Tensor) -> None:
            place = tensor.untyped_storage().data_ptr()
            if place not in self.users:
                self.sizes[place] = tensor.untyped_storage().nbytes()
                self.live += self.sizes[place]
            self.users[place] = self.users.get(place, 0) + 1
            weakref.finalize(tensor, self._leave, place)

        def _leave(self, place: int) -> None:
            self.users[place] -= 1
            if not self.users[place]:
                del self.users[place]
                self.live -= self.sizes.pop(place)

    with Watch() as watch:
        run()
    return watch.peak
