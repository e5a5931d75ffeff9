"""ZSSR: "Zero-Shot" Super-Resolution using Deep Internal Learning.

Shocher, Cohen, Irani, CVPR 2018. A network of eight convolutions learns, from the one picture and
its own reduced copies, what it adds to a bicubic enlargement; then it is applied to the picture.
Laws and constants are those of the authors' configs.py: one jump to the scale, bicubic kernel.

What differs: fathers at borders and quarter turns (see zssr_fathers); their side is a multiple of
the scale, so that positions of the two enlargements agree; the reconstruction error is of the
middle 256 pixels, not of the whole; with a time limit the last quarter of the time runs at a tenth
of the learning rate, where the release's own rule has not lowered it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from baselines.zero_shot.clock import Clock
from baselines.zero_shot.zssr_fathers import FatherSettings, Floats, draw_father
from degrade.resize import resize_matlab

_LAST_QUARTER = 0.75
_TESTED = 256  # pixels, side of what the reconstruction error is taken of


@dataclass(frozen=True, kw_only=True)
class ZssrSettings:
    """The release's configs.py.

    steps: for the caller's clock, the most that are made (its max_iters).
    The learning rate is divided by 10 where the reconstruction error, tested every `test` steps, no
    longer falls: looked at every `check` steps, `settle` or more after the last time, over the last
    `window` steps, where -slope * ratio is below its standard error; at `least_rate` the fit ends.
    noise: standard deviation added to sons, on 0 ... 1, for real pictures. variance: of the first
    weights, times their fan in.
    """

    steps: int = 3000
    rate: float = 1e-3
    least_rate: float = 9e-6
    ratio: float = 1.5
    check: int = 60
    settle: int = 256
    window: int = 256
    test: int = 50
    back_projections: int = 10
    noise: float = 0.0
    width: int = 64
    depth: int = 8
    variance: float = 0.1
    fathers: FatherSettings = field(default_factory=FatherSettings)


class ZssrNetwork(nn.Module):
    """[B,C,H,W] enlarged by bicubic -> the same with what was learnt added; no biases."""

    def __init__(self, *, channels: int, settings: ZssrSettings, draws: torch.Generator) -> None:
        super().__init__()
        widths = [channels, *[settings.width] * (settings.depth - 1), channels]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in itertools.pairwise(widths)
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d)
            fan_in = layer.in_channels * 9
            nn.init.normal_(layer.weight, std=(settings.variance / fan_in) ** 0.5, generator=draws)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        x = picture
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return picture + self.layers[-1](x)


def zssr(
    picture: Floats,
    *,
    scale: int,
    clock: Clock,
    settings: ZssrSettings,
    seed: int = 0,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """float32 [H,W,C] in 0..1 -> [H*scale,W*scale,C] in 0..1, by a network fitted to it.

    Raises ValueError for a scale below 2, and for pictures too small to have a reduced copy.
    """
    if scale < 2:
        raise ValueError(f"zssr enlarges: scale 2 or more, not {scale}")
    least = 8 * scale
    if min(picture.shape[:2]) < least:
        raise ValueError(
            f"zssr x{scale}: a picture of {picture.shape[1]}x{picture.shape[0]} has no reduced "
            f"copy to learn from; its sides must be {least} or more"
        )
    fit = _Fit(picture, scale=scale, settings=settings, seed=seed, device=device)
    fit.train(clock)
    outputs = []
    for turns in range(8):
        turned = np.rot90(picture, turns)
        turned = turned[:, ::-1] if turns >= 4 else turned
        output = fit.enlarged(np.ascontiguousarray(turned))
        output = np.rot90(output[:, ::-1] if turns >= 4 else output, -turns)
        outputs.append(_projected(output, picture, scale=scale, times=settings.back_projections))
    median = np.median(np.stack(outputs), axis=0).astype(np.float32)
    return _projected(median, picture, scale=scale, times=settings.back_projections)


class _Fit:
    """The network of one picture and its training."""

    def __init__(
        self, picture: Floats, *, scale: int, settings: ZssrSettings, seed: int, device: str
    ) -> None:
        self.picture, self.scale, self.settings, self.device = picture, scale, settings, device
        self.draws = np.random.default_rng(seed)
        generator = torch.Generator().manual_seed(seed)
        network = ZssrNetwork(channels=picture.shape[2], settings=settings, draws=generator)
        self.network = network.to(device)
        self.rate = settings.rate
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.rate)
        self.tested: list[tuple[int, float]] = []
        self.lowered_at = 0

    def train(self, clock: Clock) -> None:
        """Until the clock is over, or the learning rate is below the least."""
        side = min(self.settings.fathers.crop, *self.picture.shape[:2]) // self.scale * self.scale
        for step in clock.run():
            father = draw_father(
                self.picture, settings=self.settings.fathers, side=side, draws=self.draws
            )
            self._step(self._son_of(father), father)
            if step % self.settings.test == 0:
                self.tested.append((step, self._reconstruction_error()))
            self._lower(step, late=clock.spent() >= _LAST_QUARTER)
            if self.rate < self.settings.least_rate:
                break

    def enlarged(self, picture: Floats) -> Floats:
        """[H,W,C] -> [H*scale,W*scale,C] in 0..1."""
        with torch.no_grad():
            output = self.network(self._bicubic(picture))[0].cpu().numpy()
        return np.clip(output.transpose(1, 2, 0), 0.0, 1.0)

    def _son_of(self, father: Floats) -> Floats:
        son = resize_matlab(father, scale=1.0 / self.scale, reading="matlab-bicubic-double")
        if self.settings.noise:
            son = son + self.draws.normal(size=son.shape).astype(np.float32) * self.settings.noise
        return np.clip(son, 0.0, 1.0).astype(np.float32)

    def _bicubic(self, picture: Floats) -> Tensor:
        large = resize_matlab(picture, scale=float(self.scale), reading="matlab-bicubic-double")
        return torch.from_numpy(large.transpose(2, 0, 1)[None].copy()).to(self.device)

    def _step(self, son: Floats, father: Floats) -> None:
        target = torch.from_numpy(father.transpose(2, 0, 1)[None].copy()).to(self.device)
        loss = l1_loss(self.network(self._bicubic(son)), target)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def _reconstruction_error(self) -> float:
        """Mean squared error of the picture's middle made from its own reduced copy."""
        sides = [min(n, _TESTED) // self.scale * self.scale for n in self.picture.shape[:2]]
        (top, height), (left, width) = (
            ((n - side) // 2, side) for n, side in zip(self.picture.shape[:2], sides, strict=True)
        )
        whole = self.picture[top : top + height, left : left + width]
        return float(np.mean((self.enlarged(self._son_of(whole)) - whole) ** 2))

    def _lower(self, step: int, *, late: bool) -> None:
        settings = self.settings
        due = (step + 1) % settings.check == 0 and step - self.lowered_at > settings.settle
        recent = self.tested[-(settings.window // settings.test) :]
        settled = due and len(recent) > 3 and _stopped_falling(recent, ratio=settings.ratio)
        if settled or (late and self.rate == settings.rate):
            self.rate /= 10.0
            self.lowered_at = step
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate


def _stopped_falling(tested: list[tuple[int, float]], *, ratio: float) -> bool:
    """Whether the slope of errors over steps is within `ratio` of its standard error."""
    steps, errors = np.array(tested, dtype=np.float64).T
    (slope, _), covariance = np.polyfit(steps, errors, 1, cov=True)
    return bool(-ratio * slope < np.sqrt(covariance[0, 0]))


def _projected(large: NDArray[np.float32], small: Floats, *, scale: int, times: int) -> Floats:
    """Back projection (Irani and Peleg 1991): what reducing it misses of `small` is enlarged and
    added, again and again."""
    large = np.ascontiguousarray(large, dtype=np.float32)
    for _ in range(times):
        reduced = resize_matlab(large, scale=1.0 / scale, reading="matlab-bicubic-double")
        missed = resize_matlab(
            (small - reduced).astype(np.float32),
            scale=float(scale),
            reading="matlab-bicubic-double",
        )
        large = np.clip(large + missed, 0.0, 1.0)
    return large
