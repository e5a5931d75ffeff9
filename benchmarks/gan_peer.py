"""BasicSR's ESRGANModel out of a checkout, with networks and VGG19 weights that it is given.

Nothing of it is copied or installed. Its packages are put in place empty while its files are read,
for their own __init__ files import every model, operator and metric, and a version.py that only
installing makes. Options are those of its train_ESRGAN_x4.yml; what differs is said by the caller.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
import yaml
from torch import Tensor, nn
from torchvision.models import vgg as torchvision_vgg

OPTIONS = Path("options/train/ESRGAN/train_ESRGAN_x4.yml")
_MODEL = Path("basicsr/models/esrgan_model.py")
_ARCHS = ("rrdbnet_arch", "discriminator_arch")
_LOSSES = ("basic_loss", "gan_loss")
_PACKAGES = ("", ".models", ".archs", ".losses", ".metrics", ".utils", ".ops", ".ops.dcn")


def find_basicsr(folders: Sequence[Path]) -> Path | None:
    """A checkout among the folders or one level below them; None where there is none."""
    places = [place for folder in folders for place in (folder, folder / "BasicSR")]
    return next(
        (one for one in places if (one / _MODEL).is_file() and (one / OPTIONS).is_file()), None
    )


class ReleasedStep:
    """ESRGANModel as it trains, at given sizes of its networks.

    networks: options that differ, of 'network_g' and 'network_d'. layers: of VGG19 -> weight. vgg:
    VGG19's weights by torchvision's names.
    """

    def __init__(
        self,
        root: Path,
        *,
        networks: Mapping[str, Mapping[str, Any]],
        layers: Mapping[str, float],
        vgg: Mapping[str, Tensor],
        device: str,
    ) -> None:
        with_packages = _import(root, vgg=vgg)
        options: dict[str, Any] = yaml.safe_load((root / OPTIONS).read_text(encoding="utf-8"))
        for name, changed in networks.items():
            options[name] |= changed
        options["train"]["perceptual_opt"]["layer_weights"] = dict(layers)
        options["path"]["pretrain_network_g"] = None
        options |= {"is_train": True, "dist": False, "num_gpu": int(device == "cuda")}
        self.model: Any = with_packages.ESRGANModel(options)
        self.step = 0

    def take_weights(self, restorer: nn.Module, judge: nn.Module) -> None:
        """Those of ours, by their equal names."""
        self.model.net_g.load_state_dict(restorer.state_dict(), strict=True)
        self.model.net_d.load_state_dict(judge.state_dict(), strict=True)
        self.model.model_ema(0)

    def once(self, pictures: Mapping[str, Tensor]) -> None:
        """One training step: both turns and the averaged weights."""
        self.step += 1
        self.model.feed_data(pictures)
        self.model.optimize_parameters(self.step)

    def losses(self) -> dict[str, float]:
        """Of the last step, by our names."""
        found = self.model.get_current_log()
        return {
            "restorer/pixel": found["l_g_pix"],
            "restorer/perceptual": found["l_g_percep"],
            "restorer/gan": found["l_g_gan"],
            "judge/gan": found["l_d_real"] + found["l_d_fake"],
        }


def _import(root: Path, *, vgg: Mapping[str, Tensor]) -> Any:
    """The module of ESRGANModel."""
    for end in _PACKAGES:
        package = ModuleType(f"basicsr{end}")
        package.__path__ = [str(root.joinpath("basicsr", *end.split(".")))]
        sys.modules[package.__name__] = package
    held: dict[str, Any] = {end: sys.modules[f"basicsr{end}"] for end in _PACKAGES}
    held[".utils"].get_root_logger = lambda: logging.getLogger("basicsr")
    held[".utils"].imwrite = held[".utils"].tensor2img = held[".metrics"].calculate_metric = None
    held[".ops.dcn"].ModulatedDeformConvPack = nn.Module
    held[".ops.dcn"].modulated_deform_conv = None
    registries: Any = importlib.import_module("basicsr.utils.registry")
    for name in _ARCHS:
        importlib.import_module(f"basicsr.archs.{name}")
    features: Any = importlib.import_module("basicsr.archs.vgg_arch")
    # what it would download, without the classifier, which it takes no part of
    features.vgg = SimpleNamespace(vgg19=lambda **_: SimpleNamespace(features=_vgg(vgg)))
    for name in _LOSSES:
        importlib.import_module(f"basicsr.losses.{name}")
    held[".archs"].build_network = lambda options: _made(registries.ARCH_REGISTRY, options)
    held[".losses"].build_loss = lambda options: _made(registries.LOSS_REGISTRY, options)
    return importlib.import_module("basicsr.models.esrgan_model")


def _made(registry: Any, options: Mapping[str, Any]) -> Any:
    given = dict(options)
    return registry.get(given.pop("type"))(**given)


def _vgg(weights: Mapping[str, Tensor]) -> nn.Sequential:
    """torchvision's features; weights that are not given stay zero."""
    with torch.random.fork_rng(devices=[]):
        layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs["E"])
    own = {key.removeprefix("features."): value for key, value in weights.items()}
    layers.load_state_dict(own, strict=False)
    return layers
