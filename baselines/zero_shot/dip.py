"""Deep Image Prior: a network's structure as the prior of one picture.

Ulyanov, Vedaldi, Lempitsky, CVPR 2018. A network with random weights is fitted to make the picture
from fixed noise; it makes what is natural in it before it makes its noise, so it is stopped early.
Settings are those of the authors' notebooks super-resolution.ipynb and denoising.ipynb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d, mse_loss, pad

from baselines.zero_shot.clock import Clock
from baselines.zero_shot.skip_network import LEAST, MULTIPLE, SkipNetwork
from degrade.taps import lanczos
from evaluation.models.sizes import SizeRule, pad_reflect


@dataclass(frozen=True, kw_only=True)
class DipSettings:
    """inputs: channels of the noise, uniform in 0 ... spread. jitter: standard deviation of what is
    added to it at each step. average: share that the running mean of outputs keeps, 0 for the last
    output alone. fall: dB; a step after which the PSNR to the picture falls by more is taken
    back; 0: none is."""

    steps: int
    jitter: float
    average: float
    rate: float = 0.01
    inputs: int = 32
    width: int = 128
    spread: float = 0.1
    fall: float = 0.0


def settings_of(scale: int) -> DipSettings:
    """The notebooks' settings: denoising for scale 1, else super-resolution.

    They give x4 (2000 steps, jitter 0.03) and x8 (4000, 0.05); up to x4 those of x4 are taken.
    """
    if scale == 1:
        return DipSettings(steps=3000, jitter=1.0 / 30.0, average=0.99, fall=5.0)
    if scale <= 4:
        return DipSettings(steps=2000, jitter=0.03, average=0.0)
    return DipSettings(steps=4000, jitter=0.05, average=0.0)


def dip(
    picture: NDArray[np.float32],
    *,
    scale: int,
    clock: Clock,
    settings: DipSettings,
    seed: int = 0,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """float32 [H,W,C] in 0..1 -> [H*scale,W*scale,C] in 0..1: denoised (scale 1) or enlarged.

    The release crops to multiples of 32; here the picture is mirrored up to one, and cropped after.
    """
    target = torch.from_numpy(picture.transpose(2, 0, 1)[None].copy())
    height, width = (n * scale for n in picture.shape[:2])
    sizes = SizeRule(multiple=math.lcm(MULTIPLE, scale), minimum=LEAST)
    large = sizes.padded((height, width))
    target = pad_reflect(target, (large[0] // scale, large[1] // scale)).to(device)
    draws = torch.Generator().manual_seed(seed)
    network = _initialised(
        SkipNetwork(channels=picture.shape[2], inputs=settings.inputs, width=settings.width), draws
    )
    network = network.to(device)
    noise = torch.rand((1, settings.inputs, *large), generator=draws) * settings.spread
    jitter = torch.Generator(device).manual_seed(seed)
    output = _fitted(
        network, noise.to(device), target, clock=clock, settings=settings, scale=scale, draws=jitter
    )
    cropped = output[0, :, :height, :width].cpu().numpy()
    return np.ascontiguousarray(cropped.transpose(1, 2, 0))


def _fitted(
    network: nn.Module,
    noise: Tensor,
    target: Tensor,
    *,
    clock: Clock,
    settings: DipSettings,
    scale: int,
    draws: torch.Generator,
) -> Tensor:
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.rate)
    mean: Tensor | None = None
    kept: list[Tensor] = []
    last = 0.0
    for _ in clock.run():
        moved = noise + settings.jitter * torch.randn(
            noise.shape, generator=draws, device=noise.device
        )
        output = network(moved)
        loss = mse_loss(reduce_lanczos(output, scale=scale), target)
        decibels = -10.0 * float(torch.log10(loss.detach().clamp_min(1e-10)))
        if kept and last - decibels > settings.fall:
            with torch.no_grad():
                for parameter, before in zip(network.parameters(), kept, strict=True):
                    parameter.copy_(before)
            continue
        last = decibels
        if settings.fall:
            kept = [parameter.detach().clone() for parameter in network.parameters()]
        seen = output.detach()
        mean = seen if mean is None else mean.lerp(seen, 1.0 - settings.average)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    if settings.average and mean is not None:
        return mean
    with torch.no_grad():
        return network(noise)


def reduce_lanczos(picture: Tensor, *, scale: int) -> Tensor:
    """[B,C,H,W] -> [B,C,H/scale,W/scale] by Lanczos of two lobes, sample centres at half pixels,
    edges repeated; scale 1 leaves it. As the release's Downsampler with phase 0.5 for even scales;
    for odd ones that is half a pixel off."""
    if scale == 1:
        return picture
    taps = 4 * scale - scale % 2  # four pixels of the result, centred on one of it
    distance = np.abs(np.arange(taps) - (taps - 1) / 2.0) / scale
    weight = lanczos(distance, lobes=2)
    row = torch.from_numpy(weight / weight.sum()).to(picture)
    margin = (taps - scale) // 2
    channels = picture.shape[1]
    padded = pad(picture, (margin,) * 4, mode="replicate")
    across = row.view(1, 1, 1, taps).expand(channels, 1, 1, taps)
    down = row.view(1, 1, taps, 1).expand(channels, 1, taps, 1)
    half = conv2d(padded, across, stride=(1, scale), groups=channels)
    return conv2d(half, down, stride=(scale, 1), groups=channels)


def _initialised(network: SkipNetwork, draws: torch.Generator) -> SkipNetwork:
    """PyTorch's own initialisation of convolutions (uniform, 1/sqrt(fan in)), from `draws`."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            bound = 1.0 / float(np.sqrt(module.weight[0].numel()))
            nn.init.uniform_(module.weight, -bound, bound, generator=draws)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound, generator=draws)
    return network
