"""A large picture through a network in overlapping tiles, blended without a seam.

All tiles have one size, so that one compiled shape serves; their places are spread evenly and are
multiples of the network's multiple, so that windows and strides fall as they do in the whole
picture. Neighbours share at least `overlap` pixels. Of what they share, the quarter in the middle
is a linear ramp from one to the other; what is nearer to a tile's border than 3/8 of the overlap
is never used. So the result is the whole picture's where the network's receptive radius is at most
3/8 of the overlap, and elsewhere it lies between the neighbours' values.
The ramp is a + w (b - a): where both tiles agree the value is theirs, bit for bit.

An enlargement by a fraction p/q puts the pixels of a tile where the whole picture's are only if the
tile begins at a multiple of q: starts are then multiples of q too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from evaluation.models.sizes import Size, SizeRule, pad_reflect

if TYPE_CHECKING:
    from torch import Tensor

Call = Callable[["Tensor"], "Tensor"]


def default_overlap(tile: int) -> int:
    """Pixels that neighbours share: an eighth of the tile, at least 32 and at most half of it."""
    return min(max(tile // 8, 32), tile // 2)


def unused_margin(overlap: int) -> int:
    """Pixels inside a tile's border whose results are not used: 3/8 of the overlap. The whole
    picture's result is met where the receptive radius is no larger."""
    return overlap * 3 // 8


def tile_starts(side: int, *, tile: int, overlap: int, multiple: int = 1) -> list[int]:
    """Where the tiles of an axis begin: the first at 0, the last at side - tile, spread evenly.

    side, tile: multiples of `multiple`, tile <= side; so is every start. Neighbours share
    `overlap` or more. Raises ValueError where tiles of this size cannot advance.
    """
    rest = (side - tile) // multiple
    if not rest:
        return [0]
    step = (tile - overlap) // multiple
    if step < 1:
        raise ValueError(
            f"tiles of {tile} px that share {overlap} cannot advance by a multiple of {multiple}: "
            "larger tiles or less overlap"
        )
    count = -(-rest // step)
    return [i * rest // count * multiple for i in range(count + 1)]


def in_tiles(
    call: Call,
    picture: Tensor,
    *,
    scale: int | Fraction,
    tile: Size | None,
    overlap: int,
    sizes: SizeRule,
    batch: int = 1,
) -> Tensor:
    """[1,C,H,W] -> [1,C',floor(H*scale),floor(W*scale)] by calls of one size each.

    tile: (height, width) as `sizes` allows; None: the whole picture in one call. Padded by
    reflection at the right and the bottom as far as `sizes` needs, and cropped after. A network of
    a fixed size has tiles of it, whatever `tile` says. batch: tiles that one call gets at most,
    [batch,C,h,w].
    Raises ValueError where a call gives another size than its input's times scale.
    """
    import torch

    height, width = picture.shape[2:]
    padded = sizes.padded((height, width))
    tile = sizes.fixed or tile
    if tile is not None:
        # an axis that a tile holds is taken whole; square networks need both alike
        small = padded[0] <= tile[0], padded[1] <= tile[1]
        if all(small) and sizes.fixed is None:
            tile = None
        elif sizes.fixed is None and not sizes.square:
            tile = (min(tile[0], padded[0]), min(tile[1], padded[1]))
        else:
            base = (sizes.up(height), sizes.up(width)) if sizes.fixed is None else padded
            padded = (max(base[0], tile[0]), max(base[1], tile[1]))
    work = pad_reflect(picture, padded)
    side = tile or padded
    multiple = math.lcm(sizes.multiple, scale.denominator)
    if sizes.fixed is None and not sizes.square:
        # the last tile ends where the picture does, so what it begins at depends on its side
        side = (
            side[0] + (padded[0] - side[0]) % multiple,
            side[1] + (padded[1] - side[1]) % multiple,
        )
    rows, columns = (
        tile_starts(whole, tile=part, overlap=min(overlap, part // 2), multiple=multiple)
        for whole, part in zip(padded, side, strict=True)
    )

    def made() -> Iterator[Tensor]:
        places = ((top, left) for top in rows for left in columns)
        while some := list(islice(places, batch)):
            parts = [work[:, :, top : top + side[0], left : left + side[1]] for top, left in some]
            given = parts[0].contiguous() if len(parts) == 1 else torch.cat(parts)
            yield from _checked(call(given), given, scale=scale).split(1)

    each = made()
    strips = (
        _join(islice(each, len(columns)), columns, side[1], axis=3, scale=scale) for _ in rows
    )
    whole = _join(strips, rows, side[0], axis=2, scale=scale)
    return whole[:, :, : int(height * scale), : int(width * scale)]


def _join(
    parts: Iterable[Tensor], starts: list[int], side: int, *, axis: int, scale: int | Fraction
) -> Tensor:
    """Parts that begin at `starts` (pixels of the input) along an axis, blended into one tensor."""
    import torch

    parts = iter(parts)
    first = next(parts)
    if len(starts) == 1:
        return first
    shape = list(first.shape)
    shape[axis] = int((starts[-1] + side) * scale)
    large = int(side * scale)
    out = torch.empty(shape, dtype=first.dtype)
    out.narrow(axis, 0, large).copy_(first)
    for before, start, part in zip(starts, starts[1:], parts, strict=False):
        # with two tiles alone there is one ramp, and it meets no other
        room = start - before if len(starts) > 2 else side
        begin, length = _ramp(before + side - start, room=room)
        # inwards, so that of a fraction no pixel is used whose own lies nearer to the border
        end = int((start + begin + length) * scale)
        begin = math.ceil((start + begin) * scale)
        end = max(begin, end)
        length, inside = end - begin, begin - int(start * scale)
        if length:
            here = out.narrow(axis, begin, length)
            weight = ((torch.arange(length, dtype=first.dtype) + 0.5) / length).view(
                (-1, 1) if axis == 2 else (-1,)
            )
            here += weight * (part.narrow(axis, inside, length) - here)
        tail = inside + length
        out.narrow(axis, begin + length, large - tail).copy_(part.narrow(axis, tail, large - tail))
    return out


def _ramp(shared: int, *, room: int) -> tuple[int, int]:
    """(first pixel, pixels) of the ramp within what two neighbours share, in pixels of the input.

    A quarter of it, in the middle, no wider than `room`.
    """
    length = min(shared - 2 * unused_margin(shared), room)
    return (shared - length) // 2, length


def _checked(output: Tensor, part: Tensor, *, scale: int | Fraction) -> Tensor:
    count = part.shape[0]
    wanted = (int(part.shape[2] * scale), int(part.shape[3] * scale))
    if output.dim() != 4 or output.shape[0] != count or tuple(output.shape[2:]) != wanted:
        raise ValueError(
            f"the model gave {list(output.shape)} for {list(part.shape)}; wanted is "
            f"[{count},C,{wanted[0]},{wanted[1]}] (x{float(scale):g})"
        )
    return output
