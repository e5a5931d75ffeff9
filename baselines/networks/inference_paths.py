"""The same numbers sooner, in less memory, where a processor computes without gradients.

The ways here are for eager PyTorch and float32: exported, traced and compiled networks take the
plain path, whose sizes stay free; so does autocast, whose roundings would be others, and so do
graphics cards, but for strips that save memory there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils import _python_dispatch

# Row of the folded 4x4 kernel -> the rows of the 3x3 kernel that are added in it. Output row 2i + a
# (a is 0 or 1) of a convolution after nearest enlargement reads, through its kernel row d, source
# row j = (2i + a + d - 1) // 2; a transposed convolution of stride 2 and padding 1 brings source
# row j there through its kernel row 2i + a + 1 - 2j.
_FOLDED_ROWS = ((0, 0, 1), (0, 1, 1), (1, 1, 0), (1, 0, 0))


def is_hurried(picture: Tensor, *, on_cards: bool = False, beyond_torch: bool = False) -> bool:
    """Whether a network may leave its plain path for this input, weights in its type.

    on_cards: graphics cards too. beyond_torch: for what is computed outside PyTorch, and so not
    where a dispatch mode watches the operations (counting them, or their memory).
    """
    kind = picture.device.type
    return (
        (kind == "cpu" or (on_cards and kind in ("cuda", "mps")))
        and picture.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled(kind)
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
        and not (beyond_torch and _is_watched(picture))
    )


def _is_watched(picture: Tensor) -> bool:
    """Whether a dispatch mode or a class of its own sees the operations; True where this PyTorch
    does not tell, since the name is private there."""
    current = getattr(_python_dispatch, "_get_current_dispatch_mode", None)
    return type(picture) is not Tensor or current is None or current() is not None


def doubled(features: Tensor, *, weight: Tensor, bias: Tensor | None) -> Tensor:
    """[B,C,H,W] -> [B,O,2H,2W]: nearest enlargement by 2, then a 3x3 convolution with padding 1.

    Computed as one transposed convolution, 4x4 of stride 2: where two of the nine taps meet the
    same source pixel their weights are added first. 4 products a pixel and channel instead of 9.
    weight: [O,C,3,3] of the convolution.
    """
    rows = weight.new_tensor(_FOLDED_ROWS)
    folded = torch.einsum("oihw,ah,bw->ioab", weight, rows, rows)
    folded = folded.contiguous(memory_format=torch.channels_last)
    return functional.conv_transpose2d(features, folded, bias, stride=2, padding=1)


def in_strips(
    call: Callable[[Tensor], Tensor],
    features: Tensor,
    *,
    rows: int,
    halo: int,
    scale: int = 1,
    pad: str = "",
) -> Tensor:
    """`call` on horizontal strips of even height: [B,C,H,W] -> [B,O,H*scale,W*scale].

    What `call` holds at a time is then of one strip, and stays in the cache. rows: of a strip of
    the input, at most; as many as there are is one call. halo: rows that each strip takes more on
    both sides, at least the receptive radius of `call` in rows of the input; the result is then the
    whole picture's. pad: '' where `call` pads for itself and gives all rows it takes; else a mode
    of functional.pad, by which all sides gain `halo` pixels that `call` takes away (scale 1).
    """
    height = features.shape[2]
    if rows >= height:
        return call(functional.pad(features, (halo,) * 4, mode=pad) if pad else features)
    rows = -(-height // -(-height // rows))
    out: Tensor | None = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(top - halo, 0), min(bottom + halo, height)
        part = features[:, :, first:last]
        if pad:  # what is missing of the halo lies beyond the picture
            missing = (halo, halo, halo - (top - first), halo - (last - bottom))
            part = call(functional.pad(part, missing, mode=pad))
        else:
            part = call(part)[:, :, (top - first) * scale : (bottom - first) * scale]
        if out is None:
            out = part.new_empty(*part.shape[:2], height * scale, part.shape[3])
        out[:, :, top * scale : bottom * scale] = part
    assert out is not None  # a picture has a row
    return out
