"""Published degradation code, run from its authors' own checkouts beside ours.

Nothing of it is copied or installed: files are loaded from the folders that --peer names (or from
where `basicsr` is installed), and what today's SciPy and torch break is mended while it runs.

BasicSR and Real-ESRGAN: kernels, filter2D, USMSharp, DiffJPEG and noises are theirs, called in the
order of RealESRGANDataset.__getitem__ and RealESRGANModel.feed_data with the laws of the released
train_realesrgan_x4plus.yml; the model class itself asks for CUDA and for a whole training set-up.
KAIR: utils_blindsr.py's degradation_bsrgan and degradation_bsrgan_plus as they are; the kernels and
blurs of SRMD and USRNet in the order of dataset_srmd.py and dataset_usrnet.py.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy
import torch
import yaml
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import interpolate

Floats = NDArray[Any]

_BASICSR = {
    "degradations": Path("basicsr/data/degradations.py"),
    "process": Path("basicsr/utils/img_process_util.py"),
    "diffjpeg": Path("basicsr/utils/diffjpeg.py"),
}
_OPTIONS = Path("options/train_realesrgan_x4plus.yml")
_KAIR = Path("utils/utils_blindsr.py")
_MODULES = ("blindsr", "sisr", "deblur", "image")  # the fields of Kair
_SIDES = range(7, 22, 2)  # RealESRGANDataset.kernel_range
_MODES = ("area", "bilinear", "bicubic")  # feed_data's list
_PAD = 21  # every kernel is padded to this side


@dataclass(frozen=True)
class RealEsrgan:
    """BasicSR's functions and Real-ESRGAN's released options."""

    degradations: Any
    filter2d: Callable[[Tensor, Tensor], Tensor]
    usm: Callable[[Tensor], Tensor]
    jpeg: Callable[..., Tensor]
    options: dict[str, Any]

    def kernels(self) -> tuple[Tensor, Tensor, Tensor]:
        """First, second and final kernel of one sample, each [21,21]."""
        data = self.options["datasets"]["train"]
        if random.random() < data["final_sinc_prob"]:
            side, cutoff = random.choice(_SIDES), random.uniform(math.pi / 3, math.pi)
            last = self.degradations.circular_lowpass_kernel(cutoff, side, pad_to=_PAD)
        else:
            last = np.zeros((_PAD, _PAD))
            last[_PAD // 2, _PAD // 2] = 1.0
        return self._kernel(data, ""), self._kernel(data, "2"), torch.from_numpy(last).float()

    def _kernel(self, data: dict[str, Any], order: str) -> Tensor:
        side = random.choice(_SIDES)
        if random.random() < data[f"sinc_prob{order}"]:
            cutoff = random.uniform(math.pi / 3 if side < 13 else math.pi / 5, math.pi)
            kernel = self.degradations.circular_lowpass_kernel(cutoff, side, pad_to=False)
        else:
            sigma = data[f"blur_sigma{order}"]
            kernel = self.degradations.random_mixed_kernels(
                data[f"kernel_list{order}"], data[f"kernel_prob{order}"], side, sigma, sigma,
                [-math.pi, math.pi], data[f"betag_range{order}"], data[f"betap_range{order}"],
                noise_range=None,
            )  # fmt: skip
        return torch.from_numpy(np.pad(kernel, (_PAD - side) // 2)).float()

    @torch.no_grad()
    def feed(self, gt: Tensor) -> tuple[Tensor, Tensor]:
        """(sharpened gt, lq) of a batch [B,3,H,W] on the CPU: feed_data up to its rounding.

        Left out: the random crop, the pool of older pairs, and the second sharpening of gt that
        these two make necessary.
        """
        opt, scale = self.options, self.options["scale"]
        first, second, last = (
            torch.stack(own) for own in zip(*(self.kernels() for _ in gt), strict=True)
        )
        target = self.usm(gt)
        out = self.filter2d(target, first)
        factor = _factor(opt["resize_prob"], opt["resize_range"])
        out = interpolate(out, scale_factor=factor, mode=random.choice(_MODES))
        out = self._coded(self._noised(out, ""), opt["jpeg_range"])
        if random.random() < opt["second_blur_prob"]:
            out = self.filter2d(out, second)
        factor = _factor(opt["resize_prob2"], opt["resize_range2"])
        size = [int(side / scale * factor) for side in gt.shape[2:]]
        out = self._noised(interpolate(out, size=size, mode=random.choice(_MODES)), "2")
        size = [side // scale for side in gt.shape[2:]]
        if random.random() < 0.5:
            out = self.filter2d(interpolate(out, size=size, mode=random.choice(_MODES)), last)
            out = self._coded(out, opt["jpeg_range2"])
        else:
            out = self._coded(out, opt["jpeg_range2"])
            out = self.filter2d(interpolate(out, size=size, mode=random.choice(_MODES)), last)
        return target, (out * 255.0).round().clamp(0, 255) / 255.0

    def _noised(self, out: Tensor, order: str) -> Tensor:
        opt = self.options
        gray = opt[f"gray_noise_prob{order}"]
        if random.random() < opt[f"gaussian_noise_prob{order}"]:
            return self.degradations.random_add_gaussian_noise_pt(
                out, sigma_range=opt[f"noise_range{order}"], clip=True, rounds=False, gray_prob=gray
            )
        return self.degradations.random_add_poisson_noise_pt(
            out, scale_range=opt[f"poisson_scale_range{order}"], gray_prob=gray, clip=True,
            rounds=False,
        )  # fmt: skip

    def _coded(self, out: Tensor, qualities: Sequence[float]) -> Tensor:
        quality = out.new_zeros(out.shape[0]).uniform_(*qualities)
        return self.jpeg(out.clamp(0, 1), quality=quality)


def _factor(chances: Sequence[float], bounds: Sequence[float]) -> float:
    way = random.choices(("up", "down", "keep"), chances)[0]
    if way == "keep":
        return 1
    return random.uniform(1, bounds[1]) if way == "up" else random.uniform(bounds[0], 1)


@dataclass(frozen=True)
class Kair:
    """KAIR's modules: of blind super-resolution, of kernels, and of pictures."""

    blind: Any
    sisr: Any
    deblur: Any
    image: Any

    def bsrgan(self, picture: Floats, *, lq: int) -> tuple[Floats, Floats]:
        """(gt, lq) of a float32 picture [H,W,3]; lq is a patch of this side, at a random place."""
        made, target = self.blind.degradation_bsrgan(picture, sf=4, lq_patchsize=lq)
        return target, made

    def bsrgan_plus(self, picture: Floats, *, lq: int) -> tuple[Floats, Floats]:
        """As `bsrgan`, by degradation_bsrgan_plus."""
        made, target = self.blind.degradation_bsrgan_plus(picture, sf=4, lq_patchsize=lq)
        return target, made

    def srmd(self, picture: Floats, *, lq: int) -> tuple[Floats, Floats]:
        """As `bsrgan`, in the order of dataset_srmd.py; the whole picture."""
        angle, first = np.pi * random.random(), 0.1 + 10 * random.random()
        second = 0.1 + (first - 0.1) * random.random()
        kernel = self.sisr.anisotropic_Gaussian(ksize=15, theta=angle, l1=first, l2=second)
        made = np.float32(self.sisr.srmd_degradation(picture, kernel, len(picture) // lq))
        level = 0.0 if random.random() < 0.1 else random.uniform(0, 50) / 255.0
        return picture, made + level * torch.randn(made.shape).numpy()

    def usrnet(self, picture: Floats, *, lq: int, cut: bool = True) -> tuple[Floats, Floats]:
        """As `bsrgan`, in the order of dataset_usrnet.py; the whole picture.

        cut: the blurred picture is uint8, as released, which scipy cuts off and does not round;
        without it, float64.
        """
        if random.randint(0, 7) > 3:
            kernel = self.deblur.blurkernel_synthesis(h=25)
        else:
            kernel = self.image.augment_img(self.sisr.gen_kernel(), mode=random.randint(0, 7))
        level = 0.0 if random.randint(0, 8) == 1 else random.randint(0, 24) / 255.0
        codes = self.image.single2uint(picture)
        codes = codes if cut else np.float64(codes)
        step = len(picture) // lq
        made = ndimage.convolve(codes, kernel[:, :, None], mode="wrap")[::step, ::step]
        return picture, made / 255.0 + level * torch.randn(made.shape).numpy()


def seed_peers(seed: int) -> None:
    """Their code draws from the global generators of random, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def find_realesrgan(folders: Sequence[Path]) -> RealEsrgan | None:
    """BasicSR with Real-ESRGAN's options from these checkouts; None where one of them is not."""
    spec = importlib.util.find_spec("basicsr")
    places = (
        [Path(place).parent for place in (spec.submodule_search_locations or [])] if spec else []
    )
    root = _first([*folders, *places], *_BASICSR.values())
    options = _first(folders, _OPTIONS)
    if root is None or options is None:
        return None
    code = {name: _load(f"peer_{name}", root / path) for name, path in _BASICSR.items()}

    def filter2d(images: Tensor, kernels: Tensor) -> Tensor:
        # .view on what DiffJPEG returns raises on a CPU: its memory is channels_last
        return released(images.contiguous(), kernels)

    process: Any = code["process"]
    released, process.filter2D = process.filter2D, filter2d
    return RealEsrgan(
        degradations=code["degradations"],
        filter2d=filter2d,
        usm=process.USMSharp(),
        jpeg=code["diffjpeg"].DiffJPEG(differentiable=False),
        options=yaml.safe_load((options / _OPTIONS).read_text()),
    )


def find_kair(folders: Sequence[Path]) -> Kair | None:
    """KAIR from one of these checkouts; None where it is in none of them."""
    root = _first(folders, _KAIR)
    if root is None:
        return None
    # its files import each other as `utils.…`
    sys.path.insert(0, str(root))
    try:
        modules: list[Any] = [importlib.import_module(f"utils.utils_{name}") for name in _MODULES]
    finally:
        sys.path.remove(str(root))
    if Path(modules[0].__file__) != root / _KAIR:
        raise ValueError(f"--peer {root}: another package named 'utils' was loaded before KAIR's")
    # gone from SciPy: `finfo`, which was NumPy's, and interp2d, of which it used the linear kind
    for module in modules:
        if hasattr(module, "scipy"):
            module.scipy = _WithFinfo(scipy)
    modules[0].interp2d = _Bilinear
    return Kair(*modules)


class _WithFinfo:
    """A module with `finfo`."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self.finfo = module, np.finfo

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Bilinear:
    """interp2d(x, y, z) of kind 'linear' on a regular grid."""

    def __init__(self, x: Floats, y: Floats, z: Floats) -> None:
        self._x, self._y, self._z = x, y, z

    def __call__(self, x: Floats, y: Floats) -> Floats:
        wide = np.stack([np.interp(x, self._x, row) for row in self._z])
        return np.stack([np.interp(y, self._y, column) for column in wide.T], axis=1)


def _first(folders: Sequence[Path], *files: Path) -> Path | None:
    """The first folder that holds all the files."""
    for folder in folders:
        if all((folder / path).is_file() for path in files):
            return folder
    return None


def _load(name: str, path: Path) -> Any:
    """One file as a module, without the package around it."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
