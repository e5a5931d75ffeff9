"""Restormer's blocks on a CPU, row by row: what `restormer.TransformerBlock` gives, sooner.

Same weights, same formulas, float32; other orders of summation only. A picture lies as [H,W,C], so
that a 1x1 convolution is a matrix product. Each thread takes a band of rows and goes down it a few
rows at a time: norm, product, depthwise filter and gate of these rows follow each other while they
are in the cache, and the wide hidden channels never exist for the whole picture. The products are
oneDNN's, which uses AVX-512 where PyTorch's own choice, MKL, does so on one maker's processors
only. Attention needs two passes: the first gathers q k^T and the lengths of q and k, which divide
its C/h x C/h entries afterwards; projection and attention are then one C x C matrix.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from baselines.networks.restormer.kernels import (
    filter_and_gate,
    filter_and_split,
    normalise,
)

if TYPE_CHECKING:
    from baselines.networks.restormer.network import (
        Attention,
        ChannelNorm,
        FeedForward,
        TransformerBlock,
    )

LENGTH = 1e-12  # the least length that a query is divided by (torch.nn.functional.normalize)
LANES = 16  # floats of the widest vector instruction
HELD = 1 << 20  # floats of one thread's hidden rows at a time: 4 MB; 1 to 16 MB differ little

# of a norm: weight, bias, whether the mean is taken away, what the variance gains
_Scale = tuple[Any, Any, bool, float]

# (what to do with the rows from first to last - 1) -> what it gave for each thread's band
Bands = Callable[[Callable[[int, int], Any]], list[Any]]


def run_stage(stage: nn.Sequential, picture: Tensor) -> Tensor:
    """Some blocks, one after the other: [B,C,H,W] -> [B,C,H,W], channels last in memory."""
    out = picture.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format)
    spare, mixed, values = (torch.empty_like(out[0]) for _ in range(3))
    with _bands(out.shape[1]) as bands:
        for one in out:
            here, there = one, spare
            for block in cast("Iterable[TransformerBlock]", stage):
                mixer = _attend(block.attn, block.norm1, here, values=values, bands=bands)
                arrays = (here, values, mixed, there)
                _feed(block.ffn, block.norm2, arrays, mixer=mixer, bands=bands)
                here, there = there, here
            if here is not one:
                one.copy_(here)
    return out.permute(0, 3, 1, 2)


@torch.inference_mode()
def _attend(
    attention: Attention, norm: ChannelNorm, pixels: Tensor, *, values: Tensor, bands: Bands
) -> Tensor:
    """Fills `values` [H,W,C] and gives the matrix [C,C] that makes the attention's output of it."""
    height, width, channels = pixels.shape
    heads = attention.heads
    inward = attention.qkv.weight.detach().flatten(1)
    taps = _taps(attention.qkv_dwconv).numpy()
    scale = _norm_arrays(norm)
    step = _step(height, 3 * channels * width)

    @torch.inference_mode()  # which belongs to a thread
    def gather(first: int, last: int) -> tuple[Tensor, Tensor]:
        gram = torch.zeros(heads, channels // heads, channels // heads)
        squares = torch.zeros(2 * channels)
        pairs = torch.empty(step, width, 2 * channels)

        def make(rows: slice) -> Tensor:
            return _product(_normed(pixels[rows], scale), inward)

        for rows, above, below in _down(first, last, step=step, height=height, make=make):
            value = values[rows]
            pair = pairs[: len(value)]
            own = torch.zeros(2 * channels)  # of few rows: float32 holds their sum well
            filter_and_split(above, below, taps, pair.numpy(), value.numpy(), own.numpy())
            squares += own
            query, key = pair.view(-1, 2, heads, channels // heads).permute(1, 2, 0, 3)
            for head in range(heads):
                gram[head].addmm_(query[head].T, key[head])
        return gram, squares

    found = bands(gather)
    gram = torch.stack([one for one, _ in found]).sum(0)
    lengths = torch.stack([one for _, one in found]).sum(0).sqrt().clamp_min(LENGTH)
    query, key = lengths.view(2, heads, -1)
    weights = gram / (query[:, :, None] * key[:, None, :]) * attention.temperature
    outward = attention.project_out.weight.flatten(1).view(channels, heads, -1)
    return torch.einsum("ohc,hcd->ohd", outward, weights.softmax(-1)).reshape(channels, channels)


@torch.inference_mode()
def _feed(
    feed: FeedForward,
    norm: ChannelNorm,
    arrays: tuple[Tensor, Tensor, Tensor, Tensor],
    *,
    mixer: Tensor,
    bands: Bands,
) -> None:
    """arrays: pixels, values, room for what attention makes of both, and for the block's output;
    each [H,W,C]."""
    pixels, values, mixed, out = arrays
    height, width, _ = pixels.shape
    hidden = feed.project_out.in_channels
    room = -(-hidden // LANES) * LANES
    inward = _roomy(feed.project_in.weight.detach().flatten(1), room)
    outward = torch.nn.functional.pad(feed.project_out.weight.flatten(1), (0, room - hidden))
    taps = _roomy(_taps(feed.dwconv).T, room).T.contiguous().numpy()
    scale = _norm_arrays(norm)
    step = _step(height, 2 * room * width)

    @torch.inference_mode()  # which belongs to a thread
    def band(first: int, last: int) -> None:
        gated = torch.empty(step, width, room)

        def make(rows: slice) -> Tensor:
            fresh = _product(values[rows], mixer).add_(pixels[rows])
            start, stop = max(rows.start, first), min(rows.stop, last)  # the others are not ours
            mixed[start:stop] = fresh[start - rows.start : stop - rows.start]
            return _product(_normed(fresh, scale), inward)

        for rows, above, below in _down(first, last, step=step, height=height, make=make):
            gate = gated[: rows.stop - rows.start]
            filter_and_gate(above, below, taps, gate.numpy())
            torch.add(mixed[rows], _product(gate, outward), out=out[rows])

    bands(band)


def _down(
    first: int, last: int, *, step: int, height: int, make: Callable[[slice], Tensor]
) -> Iterator[tuple[slice, Any, Any]]:
    """(some rows of the band, what lies from one row above them to one below), top to bottom.

    make: rows -> [R,W,C]. What lies there is two arrays, one under the other; the picture's last
    row has nothing below it. Each row is made once in a band: the first array holds the last two
    of the step before, or the zeros above the picture, as convolutions pad.
    """
    above: Any = None
    for top in range(first, last, step):
        end = min(top + step, last)
        start = max(0, top - 1) if above is None else top + 1
        if above is None or start < height:
            rows = make(slice(start, min(end + 1, height))).numpy()
        else:
            rows = above[:0]  # the last row was made with the step before
        if above is None:
            above = np.zeros((int(top == 0), *rows.shape[1:]), np.float32)
        yield slice(top, end), above, rows
        above = np.concatenate([above, rows[-2:]])[-2:]


def _step(height: int, floats: int) -> int:
    """Rows at a time, where one has so many floats."""
    return max(1, min(height, HELD // floats))


def _normed(rows: Tensor, scale: _Scale) -> Tensor:
    out = torch.empty_like(rows)
    weight, bias, centred, epsilon = scale
    channels = rows.shape[-1]
    flat, written = rows.view(-1, channels).numpy(), out.view(-1, channels).numpy()
    normalise(flat, weight, bias, centred, epsilon, written)
    return out


def _norm_arrays(norm: ChannelNorm) -> _Scale:
    """As `normalise` wants them."""
    weight, bias = norm.body.weight.detach(), norm.body.bias
    added = torch.zeros_like(weight) if bias is None else bias.detach()
    return weight.numpy(), added.numpy(), bias is not None, norm.epsilon


def _taps(filters: nn.Conv2d) -> Tensor:
    """A depthwise 3x3 filter as [9,C]."""
    return filters.weight.detach().flatten(1).T.contiguous()


def _roomy(halves: Tensor, room: int) -> Tensor:
    """[2n,K] -> [2 room,K]: each half with rows of zeros to a multiple of LANES."""
    both = halves.unflatten(0, (2, -1))
    return torch.nn.functional.pad(both, (0, 0, 0, room - both.shape[1])).flatten(0, 1)


def _product(pixels: Tensor, matrix: Tensor) -> Tensor:
    """[...,K] times the transpose of [N,K]; by oneDNN where this PyTorch has it under its private
    name."""
    usable = torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    if usable and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return torch.ops.mkldnn._linear_pointwise(pixels, matrix, None, "none", [], "")
    return torch.nn.functional.linear(pixels, matrix)


@contextmanager
def _bands(height: int) -> Iterator[Bands]:
    """A way to do something with bands of rows, one for each of PyTorch's threads.

    The threads run PyTorch's operations on one thread each: otherwise each would start threads of
    its own. That number belongs to the thread that sets it; only the one that new threads start
    with is common to all, and is set back.
    """
    count = min(torch.get_num_threads(), height)
    if count == 1:
        yield lambda work: [work(0, height)]
        return
    edges = [height * i // count for i in range(count + 1)]
    threads = torch.get_num_threads()
    started = threading.Barrier(count)  # so that each of them is started now

    def alone(_: int) -> None:
        torch.set_num_threads(1)
        started.wait()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(alone, range(count)))
        torch.set_num_threads(threads)
        yield lambda work: list(pool.map(work, edges[:-1], edges[1:]))
