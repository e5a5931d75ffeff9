"""What a network's file declares, and what a caller must know of a network."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from evaluation.models.network import DEFAULT_SCALE, DEFAULT_SIGMA
from evaluation.models.sizes import SizeRule

State = Mapping[str, Tensor]
Kwargs = Mapping[str, Any]

# What a network's class raises on arguments of the wrong kind or beyond what it can be built with.
UNBUILT = (TypeError, ValueError, RuntimeError, KeyError, IndexError, ZeroDivisionError)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a caller must know of a network, its attribute `traits`.

    scale: output side by input side; 0 where each call is told it (Meta-SR).
    scales: of weights for several, what forward takes as its second argument in training (CARN);
    without one `scale` is meant.
    channels, out_channels: of pictures; a noise map that is added inside does not count.
    sizes: which inputs it takes. tiling: key of evaluation.models.network.TILINGS; 'discouraged'
    for what takes a mean over the whole picture (channel attention, instance norm).
    luma: trained on Y of YCbCr alone (BT.601, studio range, [0,1]).
    pre_upsampled: its input is already enlarged by bicubic; scale is 1.
    channels_last: whether a processor runs it faster with weights and pictures in that order of
    memory (measured by benchmarks/networks.py).
    told: the second argument of its forward: '' none, 'sigma' ([B], standard deviation of the noise
    on the scale of 0 ... 1) or 'scale' (a float); see `told_arguments`.
    bytes_per_pixel: most that a call holds by pixel of its input, float32; 0 for what is measured
    before it runs. For networks whose fast path that measuring does not take.
    """

    scale: int = 1
    scales: tuple[int, ...] = ()
    channels: int = 3
    out_channels: int = 3
    sizes: SizeRule = field(default_factory=SizeRule)
    tiling: str = "supported"
    luma: bool = False
    pre_upsampled: bool = False
    channels_last: bool = False
    told: str = ""
    bytes_per_pixel: float = 0.0

    def __post_init__(self) -> None:
        if self.told not in ("", "sigma", "scale"):
            raise ValueError(f"traits: told {self.told!r}; one of '', 'sigma', 'scale'")


def told_arguments(
    traits: Traits, picture: Tensor, *, sigma: float = DEFAULT_SIGMA, scale: float = DEFAULT_SCALE
) -> tuple[Any, ...]:
    """What a network's forward takes after the picture [B,C,H,W]: nothing, [sigma / 255] of each
    picture, or the scale. sigma: of 0 ... 255."""
    if traits.told == "sigma":
        # full_like: the batch stays a quantity of an exported graph
        return (torch.full_like(picture[:, 0, 0, 0], sigma / 255.0),)
    return (float(scale),) if traits.told == "scale" else ()


class RestorationNetwork(nn.Module):
    """A network of pictures [B,C,H,W] float32, 1 is white, to pictures; `traits` is set by each."""

    traits: Traits


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One row of NETWORKS.

    name: its key there. paper: title (authors, venue, year). method: what published tables call
    it. build: the network's class, keyword-only arguments. presets: name -> arguments that differ
    from the defaults; the first is the paper's main one. guess: (state under our key names) ->
    the arguments that would give such shapes, None where keys that it needs are missing; whether
    the keys are its own is for `kwargs_of` to check. Arguments that shapes do not tell are guessed
    as what the release uses and listed in `assumed`; all_told: whether shapes tell those too in a
    network of these arguments. renamed: (state under any release's key names) -> state under ours,
    the same object where nothing is to do or where it is not known. reference: the released code
    that the key names and quirks follow.
    """

    name: str
    paper: str
    method: str
    build: Callable[..., RestorationNetwork]
    presets: Mapping[str, Kwargs]
    guess: Callable[[State], dict[str, Any] | None]
    reference: str
    renamed: Callable[[State], State] = lambda state: state
    assumed: tuple[str, ...] = ()
    all_told: Callable[[Kwargs], bool] = lambda _kwargs: False
    inference: Callable[[Any, Tensor], Tensor] | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    def kwargs_of(self, state: State) -> dict[str, Any] | None:
        """The arguments of the network whose keys are exactly those of `state` (under our names),
        None where there is none.

        It is built without values (on the meta device), so that no list of names is kept twice.
        Shapes are left to loading, which names the weight that is wrong.
        """
        try:
            kwargs = self.guess(state)
            if kwargs is None:
                return None
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of weights without elements: a key is missing
                wanted = self.build(**kwargs).state_dict()
        except UNBUILT:  # keys as of ours on weights of other shapes
            return None
        return kwargs if wanted.keys() == state.keys() else None
