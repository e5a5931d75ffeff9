"""Restormer: Efficient Transformer for High-Resolution Image Restoration.

Zamir, Arora, Khan, Hayat, Khan, Yang, CVPR 2022. Key names and numbers as in the authors' release
(swz30/Restormer, restormer_arch.py). No convolution has a bias. What its code does beyond the
paper: the first level's decoder keeps both halves of its concatenation, so it and the refinement
are twice as wide as the encoder's first level; the bias-free norm divides by the deviation about
the mean but does not take the mean away; for dual-pixel defocus (6 channels, left view and right
view) the features, not the input, are added back. Initial weights are PyTorch's own, temperatures
and norms 1, as released.

`restormer.rows` computes the same numbers faster where only a CPU's result is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.inference_paths import is_hurried
from baselines.networks.shapes import count_blocks, width_of
from evaluation.models.sizes import SizeRule

EXPANSION = 2.66  # hidden channels of the feed-forward by its channels (paper, section 4)
BYTES = 90.0  # by pixel and `width` on a processor: 3.3 to 5.3 kB a pixel measured at width 48, for
# sides of 256 to 512 and one or two threads, each of which has its own rows
DUAL = 6  # channels of a dual-pixel input


class _Scale(nn.Module):
    """weight and, where asked for, bias of a norm."""

    def __init__(self, width: int, *, norm_bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if norm_bias else None


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel, [B,C,H,W]; see the file's head on `norm_bias`."""

    epsilon = 1e-5  # added to the variance (release)

    def __init__(self, width: int, *, norm_bias: bool) -> None:
        super().__init__()
        self.body = _Scale(width, norm_bias=norm_bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class. In float32 under autocast too: a variance needs it."""
        last = picture.permute(0, 2, 3, 1).float()
        weight, bias = self.body.weight, self.body.bias
        if bias is not None:
            last = functional.layer_norm(last, (len(weight),), weight, bias, self.epsilon)
        else:
            variance = last.var(-1, keepdim=True, unbiased=False)
            last = last * torch.rsqrt(variance + self.epsilon) * weight
        return last.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Multi-Dconv head transposed attention: channels attend to channels (paper, equation 1)."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(
            3 * width, 3 * width, 3, padding=1, groups=3 * width, bias=False
        )
        self.project_out = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, picture: Tensor) -> Tensor:
        """[B,C,H,W] -> the same."""
        parts = self.qkv_dwconv(self.qkv(picture)).chunk(3, dim=1)
        query, key, value = (part.unflatten(1, (self.heads, -1)).flatten(3) for part in parts)
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        return self.project_out((weights @ value).reshape(picture.shape))


class FeedForward(nn.Module):
    """Gated-Dconv feed-forward network (paper, equation 2); GELU by the error function."""

    def __init__(self, width: int, *, expansion: float) -> None:
        super().__init__()
        hidden = int(width * expansion)
        self.project_in = nn.Conv2d(width, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, width, 1, bias=False)

    def forward(self, picture: Tensor) -> Tensor:
        """[B,C,H,W] -> the same."""
        gate, passed = self.dwconv(self.project_in(picture)).chunk(2, dim=1)
        return self.project_out(functional.gelu(gate) * passed)


class TransformerBlock(nn.Module):
    """x + attention(norm(x)), then the same with the feed-forward."""

    def __init__(self, width: int, *, heads: int, expansion: float, norm_bias: bool) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(width, norm_bias=norm_bias)
        self.attn = Attention(width, heads=heads)
        self.norm2 = ChannelNorm(width, norm_bias=norm_bias)
        self.ffn = FeedForward(width, expansion=expansion)

    def forward(self, picture: Tensor) -> Tensor:
        """[B,C,H,W] -> the same."""
        picture = picture + self.attn(self.norm1(picture))
        return picture + self.ffn(self.norm2(picture))


class _Under(nn.Module):
    """A layer under one more key, `body` or `proj`, as the release has it."""

    def __init__(self, name: str, layer: nn.Module) -> None:
        super().__init__()
        self.add_module(name, layer)

    def forward(self, picture: Tensor) -> Tensor:
        (layer,) = self.children()
        return layer(picture)


def _conv(width: int, out: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(width, out, size, padding=size // 2, bias=False)


class Restormer(RestorationNetwork):
    """[B,C,H,W] -> the same, sides a multiple of 8; of dual pixels [B,6,H,W] -> [B,3,H,W]."""

    def __init__(
        self,
        *,
        channels: int = 3,
        width: int = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        refinement: int = 4,
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = EXPANSION,
        norm_bias: bool = True,
    ) -> None:
        """channels: 6 are two views of dual pixels. blocks, heads: by level, finest first.
        norm_bias: False for the release's denoisers."""
        super().__init__()
        self.dual = channels == DUAL
        out = 3 if self.dual else channels
        self.traits = Traits(
            channels=channels,
            out_channels=out,
            sizes=SizeRule(multiple=8),
            tiling="discouraged",
            bytes_per_pixel=BYTES * width,
        )

        def stage(width: int, level: int, count: int) -> nn.Sequential:
            return nn.Sequential(
                *(
                    TransformerBlock(
                        width, heads=heads[level], expansion=expansion, norm_bias=norm_bias
                    )
                    for _ in range(count)
                )
            )

        def down(width: int) -> nn.Module:
            body = nn.Sequential(_conv(width, width // 2, 3), nn.PixelUnshuffle(2))
            return _Under("body", body)

        def up(width: int) -> nn.Module:
            return _Under("body", nn.Sequential(_conv(width, width * 2, 3), nn.PixelShuffle(2)))

        w1, w2, w3, w4 = (width * 2**level for level in range(4))
        self.patch_embed = _Under("proj", _conv(channels, w1, 3))
        self.encoder_level1 = stage(w1, 0, blocks[0])
        self.down1_2 = down(w1)
        self.encoder_level2 = stage(w2, 1, blocks[1])
        self.down2_3 = down(w2)
        self.encoder_level3 = stage(w3, 2, blocks[2])
        self.down3_4 = down(w3)
        self.latent = stage(w4, 3, blocks[3])
        self.up4_3 = up(w4)
        self.reduce_chan_level3 = _conv(w4, w3, 1)
        self.decoder_level3 = stage(w3, 2, blocks[2])
        self.up3_2 = up(w3)
        self.reduce_chan_level2 = _conv(w3, w2, 1)
        self.decoder_level2 = stage(w2, 1, blocks[1])
        self.up2_1 = up(w2)
        self.decoder_level1 = stage(w2, 0, blocks[0])
        self.refinement = stage(w2, 0, refinement)
        if self.dual:
            self.skip_conv = _conv(w1, w2, 1)
        self.output = _conv(w2, out, 3)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        from baselines.networks.restormer.rows import run_stage

        run = run_stage if is_hurried(picture, beyond_torch=True) else _plain_stage
        shallow = self.patch_embed(picture)
        level1 = run(self.encoder_level1, shallow)
        level2 = run(self.encoder_level2, self.down1_2(level1))
        level3 = run(self.encoder_level3, self.down2_3(level2))
        deep = self.up4_3(run(self.latent, self.down3_4(level3)))
        deep = self.reduce_chan_level3(torch.cat([deep, level3], 1))
        deep = self.up3_2(run(self.decoder_level3, deep))
        deep = self.reduce_chan_level2(torch.cat([deep, level2], 1))
        deep = self.up2_1(run(self.decoder_level2, deep))
        deep = run(self.decoder_level1, torch.cat([deep, level1], 1))
        deep = run(self.refinement, deep)
        if self.dual:
            return self.output(deep + self.skip_conv(shallow))
        return self.output(deep) + picture


def _plain_stage(stage: nn.Sequential, picture: Tensor) -> Tensor:
    return stage(picture)


def _guess(state: State) -> dict[str, Any] | None:
    embed = "patch_embed.proj.weight"
    stages = ("encoder_level1", "encoder_level2", "encoder_level3", "latent")
    temperatures = [f"{stage}.0.attn.temperature" for stage in stages]
    if embed not in state or not all(key in state for key in temperatures):
        return None
    hidden = {
        width_of(state, f"{stage}.0.ffn.project_out.weight"): width_of(
            state, f"{stage}.0.ffn.project_out.weight", axis=1
        )
        for stage in stages
    }
    return {
        "channels": width_of(state, embed, axis=1),
        "width": width_of(state, embed),
        "blocks": tuple(count_blocks(state, rf"{stage}\.(\d+)\.") for stage in stages),
        "refinement": count_blocks(state, r"refinement\.(\d+)\."),
        "heads": tuple(width_of(state, key) for key in temperatures),
        "expansion": _expansion_of(hidden),
        "norm_bias": "encoder_level1.0.norm1.body.bias" in state,
    }


def _expansion_of(hidden: Mapping[int, int]) -> float:
    """A factor with int(width * factor) = hidden for each width; the paper's where it is one."""

    def fits(factor: float) -> bool:
        return all(int(width * factor) == count for width, count in hidden.items())

    low = max(count / width for width, count in hidden.items())
    found = (round(low + 0.5 * 10.0**-digits, digits) for digits in range(1, 9))
    return EXPANSION if fits(EXPANSION) else next((one for one in found if fits(one)), low)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name                         channels       norms
    "restormer":               {"channels": 3, "norm_bias": True},
    "restormer-biasfree":      {"channels": 3, "norm_bias": False},
    "restormer-gray":          {"channels": 1, "norm_bias": True},  # in no paper
    "restormer-gray-biasfree": {"channels": 1, "norm_bias": False},
    "restormer-dual-pixel":    {"channels": 6, "norm_bias": True},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="restormer",
    paper="Restormer: Efficient Transformer for High-Resolution Image Restoration (Zamir et al., "
    "CVPR 2022)",
    method="Restormer",
    build=Restormer,
    presets=PRESETS,
    guess=_guess,
    reference="swz30/Restormer basicsr/models/archs/restormer_arch.py",
)
