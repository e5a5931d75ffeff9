"""The files of weights that papers' authors released, by name, and what their shapes do not tell.

A name alone proves nothing: a row is taken only where the file's name and the network that its
shapes tell agree. Facts are those of each repository's README and options; unknown ones are ''.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baselines.networks.nafnet import GOPRO_LOCAL

_BASICSR = "https://github.com/XPixelGroup/BasicSR"
_CARN = "https://github.com/nmhkahn/CARN-pytorch"
_DPIR = "https://github.com/cszn/DPIR"
_EDSR = "https://github.com/sanghyun-son/EDSR-PyTorch"
_ESRGAN = "https://github.com/xinntao/ESRGAN"
_FSRCNN = "https://github.com/yjn870/FSRCNN-pytorch"
_ESPCN = "https://github.com/yjn870/ESPCN-pytorch"
_KAIR = "https://github.com/cszn/KAIR"
_MSEC = "https://github.com/mahmoudnafifi/Exposure_Correction"
_NAFNET = "https://github.com/megvii-research/NAFNet"
_NERCO = "https://github.com/Ysz2022/NeRCo"
_RCAN = "https://github.com/yulunzhang/RCAN"
_REAL = "https://github.com/xinntao/Real-ESRGAN"
_RESTORMER = "https://github.com/swz30/Restormer"
_SRCNN = "https://github.com/yjn870/SRCNN-pytorch"

# Of each repository, as its LICENSE file is titled; '' where it has none.
LICENCES: Mapping[str, str] = {
    _BASICSR: "Apache-2.0",
    _CARN: "MIT",
    _DPIR: "MIT",
    _EDSR: "MIT",
    _ESRGAN: "Apache-2.0",
    _FSRCNN: "",
    _ESPCN: "",
    _KAIR: "MIT",
    _MSEC: "CC-BY-NC-SA-4.0",
    _NAFNET: "MIT",
    _NERCO: "",
    _RCAN: "",
    _REAL: "BSD-3-Clause",
    _RESTORMER: "Academic Public License (non-commercial)",
    _SRCNN: "",
}

DFWB = "DIV2K, Flickr2K, BSD400, WaterlooED"  # Restormer 4.4, as the DRUNet paper names it
DF2K = "DIV2K, Flickr2K"


@dataclass(frozen=True, kw_only=True)
class Released:
    """One file.

    file: its name. network: key of NETWORKS. method: as printed tables call it, with the setting
    behind it in brackets where they print several, '' where none prints these weights. task: what
    it does. url: the repository that publishes it. trained_on: data sets. sigma: of 0 ... 255, the
    one noise level of its training, 0 where it is blind, told, or of another task. has: arguments
    that must have been found, which tell namesakes of one network apart. tells: arguments that no
    shape tells. trained_scale: of its training, where the network itself has none (SRCNN).
    """

    file: str
    network: str
    method: str
    task: str
    url: str
    trained_on: str = ""
    sigma: float = 0.0
    has: Mapping[str, Any] = field(default_factory=dict)
    tells: Mapping[str, Any] = field(default_factory=dict)
    trained_scale: int = 0

    @property
    def licence(self) -> str:
        """Of the repository that publishes it, '' where it names none."""
        return LICENCES[self.url]


def _restormer() -> list[Released]:
    rows = [
        Released(
            file=f"{name}.pth", network="restormer", method=method, task=task, url=_RESTORMER,
            trained_on=data,
        )
        for name, method, task, data in (
            ("deraining", "Restormer", "derain", "Rain13K"),
            ("motion_deblurring", "Restormer", "motion deblur", "GoPro"),
            ("single_image_defocus_deblurring", "Restormer (single)", "defocus deblur", "DPDD"),
            ("dual_pixel_defocus_deblurring", "Restormer (dual)", "defocus deblur", "DPDD"),
            ("real_denoising", "Restormer", "denoise (camera)", "SIDD-Medium"),
        )
    ]  # fmt: skip
    for kind in ("gray", "color"):
        for level in ("blind", "sigma15", "sigma25", "sigma50"):
            blind = level == "blind"
            row = Released(
                file=f"gaussian_{kind}_denoising_{level}.pth",
                network="restormer",
                method="Restormer (blind)" if blind else "Restormer (nonblind)",
                task="denoise (Gaussian)",
                url=_RESTORMER,
                trained_on=DFWB,
                sigma=0.0 if blind else float(level.removeprefix("sigma")),
            )
            rows.append(row)
    return rows


def _denoisers() -> list[Released]:
    gaussian = "denoise (Gaussian)"
    rows = [
        Released(
            file=f"dncnn_{sigma}.pth", network="dncnn", method="DnCNN-S", task=gaussian, url=_KAIR,
            trained_on="Train400", sigma=float(sigma), has={"depth": 17, "channels": 1},
        )
        for sigma in (15, 25, 50)
    ]  # fmt: skip
    for file, network, method, task, channels in (
        ("dncnn_gray_blind", "dncnn", "DnCNN-B", gaussian, 1),
        ("dncnn_color_blind", "dncnn", "DnCNN (blind)", gaussian, 3),
        ("fdncnn_gray", "fdncnn", "FDnCNN", gaussian, 1),
        ("fdncnn_color", "fdncnn", "", gaussian, 3),
        ("dncnn3", "dncnn", "DnCNN-3", "denoise, sr, deblock", 1),
    ):
        row = Released(
            file=f"{file}.pth", network=network, method=method, task=task, url=_KAIR,
            has={"depth": 20, "channels": channels},
        )  # fmt: skip
        rows.append(row)
    for file, task, method in (
        ("drunet_gray", gaussian, "DRUNet"),
        ("drunet_color", gaussian, "DRUNet"),
        ("drunet_deblocking_grayscale", "deblock", ""),
        ("drunet_deblocking_color", "deblock", ""),
    ):
        rows.append(
            Released(
                file=f"{file}.pth", network="drunet", method=method, task=task, url=_DPIR,
                trained_on=DFWB if task == gaussian else "",
            )
        )  # fmt: skip
    for data, task in (("SIDD", "denoise (camera)"), ("GoPro", "motion deblur")):
        for width in (32, 64):
            row = Released(
                file=f"NAFNet-{data}-width{width}.pth", network="nafnet",
                method=f"NAFNet-width{width}", task=task, url=_NAFNET,
                trained_on="SIDD-Medium" if data == "SIDD" else data, has={"width": width},
                tells={"local": 0 if data == "SIDD" else GOPRO_LOCAL},  # options/test/*.yml
            )  # fmt: skip
            rows.append(row)
    reds = Released(
        file="NAFNet-REDS-width64.pth", network="nafnet", method="", task="motion deblur, JPEG",
        url=_NAFNET, trained_on="REDS", has={"width": 64}, tells={"local": GOPRO_LOCAL},
    )  # fmt: skip
    return [*rows, reds]


def _edsr() -> list[Released]:
    """EDSR-PyTorch's names, with and without the digests that it downloads them by, and BasicSR's
    conversions of the same weights."""
    rows = []
    for size, width, residual, method, names, converted in (
        (
            "edsr_baseline", 64, 1.0, "EDSR baseline",
            ("x2-1bc95232", "x3-abf2a44e", "x4-6b446fab"),
            ("Mx2_f64b16_DIV2K_official-3ba7b086", "Mx3_f64b16_DIV2K_official-6908f88a",
             "Mx4_f64b16_DIV2K_official-0c287733"),
        ),
        (
            "edsr", 256, 0.1, "EDSR",
            ("x2-0edfb8a3", "x3-ea3ef2c6", "x4-4f62e9ef"),
            ("Lx2_f256b32_DIV2K_official-be38e77d", "Lx3_f256b32_DIV2K_official-3660f70d",
             "Lx4_f256b32_DIV2K_official-76ee1c8f"),
        ),
    ):  # fmt: skip
        for name, other in zip(names, converted, strict=True):
            scale = int(name[1])
            plain = f"{size}_x{scale}.pt".replace("edsr", "EDSR")
            for file, url, called in (
                (f"{size}_{name}.pt", _EDSR, method),
                (plain, _EDSR, method),
                (f"EDSR_{other}.pth", _BASICSR, f"EDSR_{other.partition('_')[0]} official"),
            ):
                rows.append(
                    Released(
                        file=file, network="edsr", method=called, task="sr", url=url,
                        trained_on="DIV2K", has={"scale": scale, "width": width},
                        tells={"residual_scale": residual},
                    )
                )  # fmt: skip
    return rows


def _rrdb() -> list[Released]:
    plain = [
        #  file                                         method       url      trained on
        ("RRDB_PSNR_x4.pth",                            "RRDB_PSNR", _ESRGAN, DF2K),
        ("RRDB_ESRGAN_x4.pth",                          "",          _ESRGAN, f"{DF2K}, OST"),
        ("ESRGAN_PSNR_SRx4_DF2K_official-150ff491.pth", "RRDB_PSNR", _BASICSR, DF2K),
        ("ESRGAN_SRx4_DF2KOST_official-ff704c30.pth",   "",          _BASICSR, f"{DF2K}, OST"),
        ("RealESRGAN_x4plus.pth",                       "",          _REAL,   f"{DF2K}, OST"),
        ("RealESRNet_x4plus.pth",                       "",          _REAL,   f"{DF2K}, OST"),
        ("RealESRGAN_x2plus.pth",                       "",          _REAL,   f"{DF2K}, OST"),
        ("RealESRGAN_x4plus_anime_6B.pth",              "",          _REAL,   ""),
        ("rrdb_x4_psnr.pth",                            "RRDB_PSNR", _KAIR,   DF2K),
        ("rrdb_x4_esrgan.pth",                          "",          _KAIR,   f"{DF2K}, OST"),
        ("BSRGAN.pth",                                  "",          _KAIR,   ""),
        ("BSRNet.pth",                                  "",          _KAIR,   ""),
        ("BSRGANx2.pth",                                "",          _KAIR,   ""),
    ]  # fmt: skip
    return [
        Released(
            file=file, network="rrdb", method=method, task="sr", url=url, trained_on=data,
            has={"scale": 2 if "x2" in file else 4},
        )
        for file, method, url, data in plain
    ]  # fmt: skip


def _others() -> list[Released]:
    rows = [
        Released(
            file=f"RCAN_{kind}X{scale}.pt", network="rcan", task="sr", url=_RCAN,
            method="RCAN" if kind == "BI" else "", trained_on="DIV2K", has={"scale": scale},
        )
        for kind, scale in (("BI", 2), ("BI", 3), ("BI", 4), ("BI", 8), ("BD", 3))
    ]  # fmt: skip
    rows += [
        Released(
            file=f"{name}.pth", network=network, method=method, task="sr", url=_CARN,
            trained_on="DIV2K",
        )
        for name, network, method in (("carn", "carn", "CARN"), ("carn_m", "carn", ""))
    ]  # fmt: skip
    # Trained anew by another author: the paper's printed figures are of other weights.
    for network, url, scales in (
        ("srcnn", _SRCNN, (2, 3, 4)),
        ("fsrcnn", _FSRCNN, (2, 3, 4)),
        ("espcn", _ESPCN, (3,)),
    ):
        for scale in scales:
            row = Released(
                file=f"{network}_x{scale}.pth", network=network, method="", task="sr", url=url,
                trained_on="91 images",
                has={"scale": scale} if network == "espcn" else {},
                tells={"srcnn": {"edges": "zeros"}, "fsrcnn": {"scale": scale}}.get(network, {}),
                trained_scale=scale if network == "srcnn" else 0,
            )  # fmt: skip
            rows.append(row)
    rows += [
        Released(
            file=f"msrresnet_x4_{kind}.pth", network="msrresnet", method="", task="sr", url=_KAIR
        )
        for kind in ("psnr", "gan")
    ]
    low = "LSRW or LOL: the authors publish one of each under the same names"
    rows += [
        Released(
            file=f"latest_net_{part}.pth", network="nerco", method="NeRCo", task="low light",
            url=_NERCO, trained_on=low,
        )
        for part in ("G_A", "Pre", "H")
    ]  # fmt: skip
    msec = Released(  # written from the release's model.mat, as msec/matlab.py says
        file="msec_weights.mat", network="msec", method="MSEC", task="exposure", url=_MSEC,
        trained_on="MSEC training set (MIT-Adobe FiveK)",
    )  # fmt: skip
    return [*rows, msec]


RELEASED: tuple[Released, ...] = (
    *_restormer(), *_denoisers(), *_edsr(), *_rrdb(), *_others()
)  # fmt: skip


def find_released(path: Path, *, network: str, kwargs: Mapping[str, Any]) -> Released | None:
    """The row of a file, or of a folder of parts, None where its name or its network is another.

    network, kwargs: as found by the shapes of its weights; what a row `tells` is not compared.
    """
    for row in RELEASED:
        named = (path / row.file).is_file() if path.is_dir() else path.name == row.file
        agrees = all(kwargs.get(name) == value for name, value in row.has.items())
        if named and row.network == network and agrees:
            return row
    return None
