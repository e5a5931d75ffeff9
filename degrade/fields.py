"""Random fields as tensors: functions of (seed, stream, channel, row, column), on any device.

The numbers are those of degrade/philox.py: on the CPU its compiled loops fill the tensor, elsewhere
the same integer and float32 steps run on whole tensors, 32-bit words in lanes of int64. Words,
uniform and normal fields are the same bits everywhere; a count can differ only where its uniform
number is within 4e-10 of a step of the distribution, which is how far torch's incomplete gamma
function is off. Fields carry no gradient.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from degrade.philox import (
    COS,
    KEY_WORD,
    LOG,
    LOG_2,
    MULTIPLIERS,
    ROOT_HALF,
    SIN,
    WEYL,
    Shape,
    normal_array,
    poisson_array,
    tukey_lambda_array,
    uniform_array,
)
from degrade.poisson import BOUND, EXPANSION, LARGE, STEPS

_MASK = 0xFFFFFFFF


def uniform_field(seed: Tensor, shape: Shape, *, stream: int = 0) -> Tensor:
    """float32 [B,C,H,W] in the open interval (0, 1); seed int64 [B], 0 <= n < 2**32."""
    if seed.device.type == "cpu":
        fields = [uniform_array(int(s), shape, stream=stream) for s in seed]
        return _stack(fields)
    return uniform_twin(seed, shape, stream=stream)


def normal_field(seed: Tensor, shape: Shape, *, stream: int = 0) -> Tensor:
    """float32 [B,C,H,W], standard normal; seed int64 [B], 0 <= n < 2**32."""
    if seed.device.type == "cpu":
        fields = [normal_array(int(s), shape, stream=stream) for s in seed]
        return _stack(fields)
    return normal_twin(seed, shape, stream=stream)


def poisson_field(seed: Tensor, rate: Tensor, *, stream: int = 0) -> Tensor:
    """float32 counts [B,C,H,W], Poisson with the rates [B,C,H,W]; at or below 0 the count is 0.

    seed int64 [B], 0 <= n < 2**32. The counts are a constant: no gradient flows to the rates.
    """
    rate = rate.detach()
    if seed.device.type == "cpu":
        fields = [
            poisson_array(int(s), r.numpy(), stream=stream) for s, r in zip(seed, rate, strict=True)
        ]
        return _stack(fields)
    return poisson_twin(seed, rate, stream=stream)


def tukey_lambda_field(seed: Tensor, shape: Shape, *, form: Tensor, stream: int = 0) -> Tensor:
    """float32 [B,C,H,W] of Tukey's lambda law; form [B] is its shape (see philox.py)."""
    if seed.device.type == "cpu":
        return _stack(
            [
                tukey_lambda_array(int(s), shape, form=float(f), stream=stream)
                for s, f in zip(seed, form, strict=True)
            ]
        )
    return tukey_lambda_twin(seed, shape, form=form, stream=stream)


def words_twin(seed: Tensor, shape: Shape, *, stream: int = 0) -> Tensor:
    """int64 [B,C,H,W]: the words of degrade.philox.words_array, by tensor operations."""
    channels, height, width = shape
    device = seed.device
    blocks = (width + 3) // 4
    c0 = torch.arange(blocks, device=device)[None, None, None, :]
    c1 = torch.arange(height, device=device)[None, None, :, None]
    c2 = torch.arange(channels, device=device)[None, :, None, None]
    c3 = torch.full((1, 1, 1, 1), stream, dtype=torch.int64, device=device)
    k0 = (seed & _MASK)[:, None, None, None]
    k1 = KEY_WORD
    for _ in range(10):
        # The product wraps modulo 2**64: its 64 bits are right, read as signed or not.
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c2 = ((p1 >> 32) & _MASK) ^ c1 ^ k0, ((p0 >> 32) & _MASK) ^ c3 ^ k1
        c1, c3 = p1 & _MASK, p0 & _MASK
        k0, k1 = (k0 + WEYL[0]) & _MASK, (k1 + WEYL[1]) & _MASK
    lanes = torch.broadcast_tensors(c0, c1, c2, c3)
    return torch.stack(lanes, dim=-1).reshape(len(seed), channels, height, -1)[..., :width]


def uniform_twin(seed: Tensor, shape: Shape, *, stream: int = 0) -> Tensor:
    """uniform_field by tensor operations."""
    return ((words_twin(seed, shape, stream=stream) >> 9).float() + 0.5) * 2.0**-23


def normal_twin(seed: Tensor, shape: Shape, *, stream: int = 0) -> Tensor:
    """normal_field by tensor operations."""
    channels, height, width = shape
    words = words_twin(seed, (channels, height, 4 * ((width + 3) // 4)), stream=stream)
    first, turn = words[..., 0::2], words[..., 1::2]
    bits = ((first.float() + 0.5) * 2.0**-32).view(torch.int32) - ROOT_HALF
    x = ((bits & 0x007FFFFF) + ROOT_HALF).view(torch.float32) - 1.0
    square = x * x
    log = ((x - square * 0.5) + square * x * _horner(LOG, x)) + (bits >> 23).float() * LOG_2
    # torch's float32 root on the CPU is off in the last place for a fifth of all numbers.
    radius = (log * -2.0).clamp(min=0.0).double().sqrt().float()
    f = (turn & 0x3FFFFFFF).float() * 2.0**-30 - 0.5
    z = f * f
    sine, cosine = f * _horner(SIN, z), _horner(COS, z)
    radius = torch.where((turn & 0x80000000) != 0, -radius, radius)
    odd = (turn & 0x40000000) != 0
    pair = (radius * torch.where(odd, -sine, cosine), radius * torch.where(odd, cosine, sine))
    return torch.stack(pair, dim=-1).flatten(3)[..., :width]


def tukey_lambda_twin(seed: Tensor, shape: Shape, *, form: Tensor, stream: int = 0) -> Tensor:
    """tukey_lambda_field by tensor operations, in float64."""
    p = (words_twin(seed, shape, stream=stream).double() + 0.5) * 2.0**-32
    low, high = p.log(), (1.0 - p).log()
    form = form.double()[:, None, None, None]
    power = torch.where(form == 0, 1.0, form)
    curved = (torch.expm1(power * low) - torch.expm1(power * high)) / power
    return torch.where(form == 0, low - high, curved).float()


def poisson_twin(seed: Tensor, rate: Tensor, *, stream: int = 0) -> Tensor:
    """poisson_field by tensor operations, in float64."""
    shape = (rate.shape[1], rate.shape[2], rate.shape[3])
    u = (words_twin(seed, shape, stream=stream).double() + 0.5) * 2.0**-32
    rate = torch.where(rate > 0, rate.double(), 0.0)
    counts = torch.where(rate < LARGE, _search(u, rate.clamp(max=LARGE)), _expand(u, rate))
    return counts.float()


def _search(u: Tensor, rate: Tensor) -> Tensor:
    term = torch.exp(-rate)
    total = term.clone()
    n = torch.zeros_like(rate)
    for step in range(1, STEPS + 1):
        n += u > total
        term = term * (rate / step)
        total = total + term
    return n


def _expand(u: Tensor, rate: Tensor) -> Tensor:
    rate = rate.clamp(min=LARGE)
    w = torch.special.ndtri(u)
    s = 1.0 / rate.sqrt()
    tail = torch.zeros_like(w)
    for polynomial in reversed(EXPANSION[1:]):
        tail = s * (_horner(polynomial[::-1], w) + tail)
    x = rate + (w / s + (_horner(EXPANSION[0][::-1], w) + tail))
    size = w.abs() ** 3
    bound = (s**5 * (BOUND[0] + size * (BOUND[1] + BOUND[2] * w**4))).clamp(max=0.5)
    k = torch.floor(x + 0.5)
    exact = torch.where(u > torch.special.gammaincc(k.clamp(min=1.0), rate), k, k - 1.0)
    return torch.where((x - k).abs() <= bound, exact, torch.floor(x)).clamp(min=0.0)


def _horner(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    """A polynomial, highest power first; the order of sums and products is part of the result."""
    value = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def _stack(fields: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(fields[0][None] if len(fields) == 1 else np.stack(fields))
