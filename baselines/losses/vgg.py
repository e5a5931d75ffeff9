"""VGG19's features, frozen: what perceptual and texture losses compare pictures by.

Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015,
table 1, E. Names of parameters are torchvision's (`features.N.weight`), so that its file loads.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from builders.atomic import whole_file
from degrade.option_error import OptionError, nearest
from evaluation import reachable
from evaluation.models.pickles import load_weights

FILE = "vgg19-dcbb9e9d.pth"  # torchvision's IMAGENET1K_V1; the name ends with its SHA-256's begin
ADDRESS = f"https://download.pytorch.org/models/{FILE}"
# Of ImageNet's RGB in [0,1], as torchvision's weights were trained on it.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
SRGAN_SCALE = 1 / 12.75  # Ledig et al., CVPR 2017, section 3.2: brings the loss near MSE's scale
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))  # convolutions and channels, then a pool

_CHUNK = 1 << 20


def _names() -> list[str]:
    """The name of each of torchvision's `features`, in order."""
    named = []
    for block, (count, _) in enumerate(BLOCKS, start=1):
        for one in range(1, count + 1):
            named += [f"conv{block}_{one}", f"relu{block}_{one}"]
        named.append(f"pool{block}")
    return named


# conv: before its activation, relu: after it.
LAYERS: Sequence[str] = tuple(_names())


class VGG19Features(nn.Module):
    """RGB [B,3,H,W] in [0,1] -> {layer: features [B,C,h,w]} in the order of `layers`.

    Frozen and always in eval; gradients reach the picture. The picture is normalised inside with
    MEAN and DEVIATION. layers: names of LAYERS; nothing deeper than the deepest is built. scale:
    factor of the features (SRGAN_SCALE). generator: of the first weights, drawn as torchvision
    draws them; `load_vgg19` replaces them. Activations write tensors of their own, so that features
    before one stay what they were. Raises OptionError; a picture that the pools would shrink to
    nothing, or that is not RGB, raises ValueError.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        *,
        layers: Sequence[str],
        scale: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not layers:
            raise OptionError("vgg19: no layers; give one or more of conv1_1, relu1_1 ... pool5")
        for name in layers:
            if name not in LAYERS:
                raise OptionError(
                    f"vgg19: layer {name!r}: convN_M (before the activation), reluN_M or poolN, "
                    f"N of 1 to 5{nearest(name, LAYERS)}"
                )
        self.layers = tuple(layers)
        self.scale = scale
        deepest = max(map(LAYERS.index, layers))
        self.features = nn.Sequential(*_built()[: deepest + 1])
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu", generator=generator
                )
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # not a part of the state: torchvision's file has none
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> VGG19Features:  # noqa: ARG002 - nn.Module's signature
        """Stays in eval."""
        return super().train(False)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """See the class."""
        pools = sum(isinstance(module, nn.MaxPool2d) for module in self.features)
        if picture.dim() != 4 or picture.shape[1] != 3 or min(picture.shape[-2:]) < 1 << pools:
            raise ValueError(
                f"vgg19: a picture of shape {list(picture.shape)}; it takes RGB [B,3,H,W], "
                f"{1 << pools} or more a side for {', '.join(self.layers)}"
            )
        found = {}
        passed = (picture - self.mean) / self.deviation
        for name, module in zip(LAYERS, self.features, strict=False):
            passed = module(passed)
            if name in self.layers:
                found[name] = passed if self.scale == 1 else passed * self.scale
        return {name: found[name] for name in self.layers}


def _built() -> list[nn.Module]:
    """torchvision's `features`, weights not drawn yet."""
    modules: list[nn.Module] = []
    before = 3
    for count, channels in BLOCKS:
        for _ in range(count):
            # skip_init: drawing from PyTorch's generator what is drawn again would only move it
            convolution = nn.utils.skip_init(nn.Conv2d, before, channels, 3, padding=1)
            modules += [convolution, nn.ReLU()]
            before = channels
        modules.append(nn.MaxPool2d(2))
    return modules


def load_vgg19(
    path: Path | None = None, *, layers: Sequence[str], scale: float = 1.0
) -> VGG19Features:
    """VGG19Features with torchvision's ImageNet weights, on the CPU, float32.

    path: the file; None for torch.hub's cache ($TORCH_HOME), fetched into it where it is not there.
    Raises FileNotFoundError where there is none and none can be had, ValueError for a file of
    another network, OptionError.
    """
    # its weights are replaced: a generator of its own leaves PyTorch's where it was
    vgg = VGG19Features(layers=layers, scale=scale, generator=torch.Generator())
    if path is None:
        path = _from_hub()
    held = load_weights(path)
    wanted = vgg.state_dict()
    differ = [
        key for key, value in wanted.items()
        if not isinstance(held.get(key), Tensor) or held[key].shape != value.shape
    ]  # fmt: skip
    if differ:
        raise ValueError(
            f"{path}: not torchvision's VGG19: {len(differ)} of {len(wanted)} weights are not in "
            f"it or have another shape, {', '.join(differ[:3])} first; it takes {FILE} of {ADDRESS}"
        )
    vgg.load_state_dict({key: held[key] for key in wanted})
    return vgg


def _from_hub() -> Path:
    """The file in torch.hub's cache, fetched where it is not there."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / FILE
    if path.is_file():
        return path
    try:
        reachable.reach(ADDRESS)
        _fetch(path)
    except (OSError, http.client.HTTPException) as error:
        raise FileNotFoundError(
            f"VGG19: its weights are not at {path} and cannot be fetched "
            f"({' '.join(str(error).split())[:200]}). Download {ADDRESS} elsewhere and put it "
            "there, or give its path"
        ) from error
    return path


def _fetch(path: Path) -> None:
    """The file from PyTorch's server, whole or not at all. Raises OSError, HTTPException."""
    begin = Path(FILE).stem.rpartition("-")[2]
    digest = hashlib.sha256()
    with whole_file(path) as temporary:
        with (
            urllib.request.urlopen(ADDRESS, timeout=reachable.SECONDS) as answer,
            temporary.open("wb") as out,
        ):
            while piece := answer.read(_CHUNK):
                digest.update(piece)
                out.write(piece)
        if not digest.hexdigest().startswith(begin):
            raise OSError(f"{ADDRESS}: another file, or a part of it, came")
