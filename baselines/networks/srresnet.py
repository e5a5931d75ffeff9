"""SRResNet, SRGAN's generator: Photo-Realistic Single Image Super-Resolution Using a GAN.

Ledig et al., CVPR 2017 (figure 4): 9x9 convolutions first and last, 16 residual blocks with batch
normalisation and PReLU, a skip over them, pixel shuffles with PReLU. The authors released no code;
key names are those of twtygqyy/pytorch-SRResNet, with its normalisations named bn1 and bn2 and
PReLU's weights at `relu` and in `upscale4x`. Convolutions have no bias: its 1,542,528 weights of
convolutions are the 1,543K that published tables count.
That release differs from the paper: instance normalisation (affine, never running statistics) in
place of batch normalisation, and LeakyReLU 0.2 in place of PReLU; that is `instance_norm`, and its
keys in1, in2 tell it. The paper trains for outputs in -1 ... 1; here they are in 0 ... 1.
Initialisation as there: normal, standard deviation sqrt(2 / (k*k*out)).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of
from baselines.networks.upsampling import shuffle_steps
from evaluation.models.sizes import SizeRule


def _activation(instance_norm: bool) -> nn.Module:
    return nn.LeakyReLU(0.2) if instance_norm else nn.PReLU()


def _norm(width: int, *, instance_norm: bool) -> nn.Module:
    return nn.InstanceNorm2d(width, affine=True) if instance_norm else nn.BatchNorm2d(width)


def _conv(inside: int, outside: int, *, side: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, side, padding=side // 2, bias=False)


class _ResidualBlock(nn.Module):
    """x + norm(conv(activation(norm(conv(x)))))."""

    def __init__(self, width: int, *, instance_norm: bool) -> None:
        super().__init__()
        name = "in" if instance_norm else "bn"
        self.conv1 = _conv(width, width)
        self.relu = _activation(instance_norm)
        self.conv2 = _conv(width, width)
        self.norms = (f"{name}1", f"{name}2")
        for one in self.norms:
            self.add_module(one, _norm(width, instance_norm=instance_norm))

    def forward(self, features: Tensor) -> Tensor:
        first, second = (self.get_submodule(name) for name in self.norms)
        return features + second(self.conv2(self.relu(first(self.conv1(features)))))


class SRResNet(RestorationNetwork):
    """RGB [B,3,H,W] -> [B,3,H*scale,W*scale], any size; 2x2 or more with `instance_norm`."""

    def __init__(
        self, *, scale: int = 4, width: int = 64, blocks: int = 16, instance_norm: bool = False
    ) -> None:
        """scale: 2, 3, 4 or 8; the paper's is 4."""
        super().__init__()
        self.traits = Traits(scale=scale, channels_last=True)
        if instance_norm:  # means over the whole picture, which one pixel does not give
            self.traits = Traits(scale=scale, tiling="discouraged", sizes=SizeRule(minimum=2))
        self.conv_input = _conv(3, width, side=9)
        self.relu = _activation(instance_norm)
        self.residual = nn.Sequential(
            *(_ResidualBlock(width, instance_norm=instance_norm) for _ in range(blocks))
        )
        self.conv_mid = _conv(width, width)
        self.bn_mid = _norm(width, instance_norm=instance_norm)
        steps: list[nn.Module] = []
        for step in shuffle_steps(scale):
            steps += [_conv(width, width * step**2), nn.PixelShuffle(step)]
            steps.append(_activation(instance_norm))
        self.upscale4x = nn.Sequential(*steps)
        self.conv_output = _conv(width, 3, side=9)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        first = self.relu(self.conv_input(picture))
        deep = first + self.bn_mid(self.conv_mid(self.residual(first)))
        return self.conv_output(self.upscale4x(deep))


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "conv_input.weight")
    if not width:
        return None
    three = width_of(state, "upscale4x.0.weight") == 9 * width
    # a convolution, a shuffle and an activation each
    shuffles = sum(f"upscale4x.{place}.weight" in state for place in (0, 3, 6))
    kwargs = {
        "scale": 3 if three else 2**shuffles,
        "width": width,
        "blocks": count_blocks(state, r"residual\.(\d+)\.conv1\."),
        "instance_norm": "residual.0.in1.weight" in state,
    }
    if kwargs["scale"] == 1:
        return None
    return kwargs


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name                    scale
    "srresnet-x4":          {"scale": 4},
    "srresnet-instance-x4": {"scale": 4, "instance_norm": True},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="srresnet",
    paper="Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network "
    "(Ledig et al., CVPR 2017)",
    method="SRResNet",
    build=SRResNet,
    presets=PRESETS,
    guess=_guess,
    reference="twtygqyy/pytorch-SRResNet srresnet.py",
)
