"""DnCNN: Beyond a Gaussian Denoiser, Residual Learning of Deep CNN for Image Denoising.

Zhang, Zuo, Chen, Meng, Zhang, IEEE TIP 2017. Key names and form as in the authors' PyTorch release
(KAIR, network_dncnn.py): batch normalisation is merged into the convolutions, weights stand at even
indices of one sequence. The form of training, with batch normalisation, is `norm=True`
(KAIR's 'BR': momentum 0.9, eps 1e-4, affine; convolutions keep their bias); `merge_norm` makes the
former of the latter. SaoYan's DnCNN-PyTorch (dncnn.{i}, no biases, eps 1e-5; it gives the noise,
which is then taken away) is renamed, its normalisation merged on the way.
Initialisation: convolutions normal with variance 2 / (9 * width), biases 0; the normalisation's
gains normal likewise, moved away from 0 to 0.025 at least (the authors' MATLAB code,
DnCNN_init_model_64_25_Res_Bnorm_Adam.m).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of

EPSILON = 1e-4  # of KAIR's batch normalisation, basicblock.py
LEAST_GAIN = 0.025  # b_min of the MATLAB code
SAOYAN_EPSILON = 1e-5  # PyTorch's default, which models.py leaves


def convolutions(
    channels: int, *, out_channels: int, width: int, depth: int, norm: bool = False
) -> nn.Sequential:
    """`depth` convolutions 3x3 with ReLU between; norm: and normalisation, but after the first."""
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
    for _ in range(depth - 2):
        layers.append(nn.Conv2d(width, width, 3, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(width, momentum=0.9, eps=EPSILON))
        layers.append(nn.ReLU(inplace=True))
    layers.append(nn.Conv2d(width, out_channels, 3, padding=1))
    return nn.Sequential(*layers)


class DnCNN(RestorationNetwork):
    """Predicts the noise and takes it away: [B,C,H,W] -> [B,C,H,W], any size."""

    def __init__(
        self, *, channels: int = 1, width: int = 64, depth: int = 17, norm: bool = False
    ) -> None:
        """depth: convolutions, the first and last included (17 for one sigma, 20 for blind)."""
        super().__init__()
        self.traits = Traits(channels=channels, out_channels=channels, channels_last=True)
        self.model = convolutions(
            channels, out_channels=channels, width=width, depth=depth, norm=norm
        )
        self._initialise(sqrt(2 / (9 * width)))

    def _initialise(self, deviation: float) -> None:
        for layer in self.model:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=deviation)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, std=deviation)
                with torch.no_grad():
                    size = layer.weight.abs().clamp(min=LEAST_GAIN)
                    layer.weight.copy_(torch.where(layer.weight < 0, -size, size))

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return picture - self.model(picture)


def merge_norm(network: DnCNN) -> DnCNN:
    """A network without normalisation that restores as `network` does in eval; `network` stays.

    As KAIR does before its release (utils_bnorm.py, merge_bn): a convolution's weights and bias are
    multiplied by gain / sqrt(variance + eps), and the bias is shifted by the running mean and the
    normalisation's own bias.
    """
    sequence = network.model
    first, last = sequence[0], sequence[-1]
    assert isinstance(first, nn.Conv2d) and isinstance(last, nn.Conv2d)
    convolved = sum(isinstance(layer, nn.Conv2d) for layer in sequence)
    merged = DnCNN(channels=last.out_channels, width=first.out_channels, depth=convolved)
    state = _merged(network.state_dict(), epsilon=EPSILON)
    merged.load_state_dict({key: value.clone() for key, value in state.items()})
    return merged.to(first.weight.device, first.weight.dtype).train(network.training)


def _merged(state: State, *, epsilon: float) -> State:
    """State under our names of the form without normalisation; convolutions may lack biases."""
    kept: dict[str, Tensor] = {}
    numbers = sorted({int(key.split(".")[1]) for key in state})
    here = 0
    for number in numbers:
        weight = state[f"model.{number}.weight"]
        if weight.dim() == 4:
            kept[f"model.{here}.weight"] = weight
            bias = state.get(f"model.{number}.bias", weight.new_zeros(len(weight)))
            kept[f"model.{here}.bias"] = bias
            here += 2
            continue
        before = here - 2
        variance = state[f"model.{number}.running_var"]
        gain = weight / (variance + epsilon).sqrt()
        shifted = kept[f"model.{before}.bias"] - state[f"model.{number}.running_mean"]
        kept[f"model.{before}.weight"] = kept[f"model.{before}.weight"] * gain.view(-1, 1, 1, 1)
        kept[f"model.{before}.bias"] = shifted * gain + state[f"model.{number}.bias"]
    return kept


def _renamed(state: State) -> State:
    """SaoYan's names, where all keys are such."""
    pattern = r"dncnn\.(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)"
    if not state or not all(re.fullmatch(pattern, key) for key in state):
        return state
    weights = {key.replace("dncnn.", "model.", 1): value for key, value in state.items()}
    return _merged(weights, epsilon=SAOYAN_EPSILON)


def _guess(state: State) -> dict[str, Any] | None:
    first = "model.0.weight"
    last = count_blocks(state, r"model\.(\d+)\.") - 1
    channels = width_of(state, first, axis=1)
    if not channels or width_of(state, f"model.{last}.weight") != channels:
        return None
    norm = "model.3.running_mean" in state
    return {
        "channels": channels,
        "width": width_of(state, first),
        # without norm: conv 0, conv 2, 4 ... last; with it: conv 0, conv 2, norm 3, conv 5 ... last
        "depth": (last - 2) // 3 + 2 if norm else last // 2 + 1,
        "norm": norm,
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name            channels       depth
    "dncnn-s":        {"channels": 1, "depth": 17},
    "dncnn-b":        {"channels": 1, "depth": 20},
    "dncnn-color":    {"channels": 3, "depth": 20},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="dncnn",
    paper="Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising (Zhang et "
    "al., IEEE TIP 2017)",
    method="DnCNN",
    build=DnCNN,
    presets=PRESETS,
    guess=_guess,
    reference="cszn/KAIR models/network_dncnn.py; SaoYan/DnCNN-PyTorch models.py",
    renamed=_renamed,
)
