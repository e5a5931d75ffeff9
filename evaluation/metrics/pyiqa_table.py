"""The metrics that come from pyiqa: one table, data only.

File names, folders and settings are those of pyiqa 0.1.16 (its archs and default_model_configs).
Figures that a row was checked against are in pyiqa's calibration table (ResultsCalibra): what the
metrics' own code gives on I03, I04 and I06 of TID2013.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evaluation.metrics.metric import Metric

# Folders of torch's hub folder; the last is the Hugging Face hub's cache.
PYIQA, TORCHVISION, CLIP, HUB = "pyiqa", "checkpoints", "clip", "huggingface"

_CODE = "code: PolyForm Noncommercial 1.0.0, parts S-Lab License 1.0 (pyiqa)"
_STORE = "pyiqa's store of weights: CC BY-NC-SA 4.0"
_NONE = f"{_CODE}; no weights"
_UNCHECKED = "values not checked here: the weights were not at hand"
_FEATURES = "features: equal to pyiqa's with random weights; Inception's were not at hand"
_PRINTED = f"{_UNCHECKED}; pyiqa prints the authors' {{}} on I03, I04, I06"


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """A file that a metric needs. folder: one of the above. source: its address; empty for pyiqa's
    own store, which pyiqa knows; for the hub the repository. sha256: how the file's begins."""

    name: str
    folder: str = PYIQA
    source: str = ""
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How pyiqa is asked for a metric.

    call: pyiqa's name. options: beside pyiqa's own. files: weights. side: the least height and
    width that it can judge, found by trying. patches, border: NIQE's, which needs two patches of
    96x96 inside a border. gray: 1 or 3 where the authors' code was given rgb2gray of 8 bits, and
    the channels that carry it; 0 for RGB.
    """

    metric: Metric
    call: str
    options: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[WeightsFile, ...] = ()
    side: int = 1
    patches: int = 0
    border: int = 0
    gray: int = 0


def _stored(name: str) -> WeightsFile:
    return WeightsFile(name=name)


def _torchvision(name: str) -> WeightsFile:
    # torch's names end in what the file's sha256 begins with
    digest = name.rpartition("-")[2].partition(".")[0]
    address = f"https://download.pytorch.org/models/{name}"
    return WeightsFile(name=name, folder=TORCHVISION, source=address, sha256=digest)


def _timm(repository: str) -> WeightsFile:
    return WeightsFile(name="model.safetensors", folder=HUB, source=f"timm/{repository}")


_ALEX = _torchvision("alexnet-owt-7be5be79.pth")
_VGG = _torchvision("vgg16-397923af.pth")
_NIQE = _stored("niqe_modelparameters.mat")
_NRQM = _stored("NRQM_model.mat")
_INCEPTION = _stored("pt_inception-2015-12-05-6726825d.pth")
_RN50_SHA = "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"
_RN50 = WeightsFile(
    name="RN50.pt",
    folder=CLIP,
    source=f"https://openaipublic.azureedge.net/clip/models/{_RN50_SHA}/RN50.pt",
    sha256=_RN50_SHA,
)


def _metric(
    title: str,
    span: tuple[float, float],
    *,
    mode: str = "full",
    better: str = "lower",
    weights: str = "",
    checked: str = _UNCHECKED,
    source: str,
) -> Metric:
    """One row, its name and files still to be set. weights: their licence, '' where none."""
    licence = f"{_CODE}; {weights}; {_STORE}" if weights else _NONE
    return Metric(
        name="", title=title, mode=mode, better=better, low=span[0], high=span[1],
        source=source, checked=checked, licence=licence,
    )  # fmt: skip


_INF = math.inf
_ZHANG = "Zhang et al., The Unreasonable Effectiveness of Deep Features, CVPR 2018"
_FREE, _UP = {"mode": "none"}, {"better": "higher"}
_DECIMALS = {"brisque": 2, "ilniqe": 2, "piqe": 2, "musiq": 2, "fid": 2}

_ROWS: dict[str, Entry] = {
    "lpips": Entry(
        metric=_metric(
            "LPIPS 0.1, AlexNet", (0, 1), source=_ZHANG,
            weights="LPIPS: BSD-2-Clause; torchvision's AlexNet: not stated",
            checked=_PRINTED.format("0.7237, 0.2572, 0.0508"),
        ), call="lpips", options={"net": "alex", "version": "0.1"}, side=31,
        files=(_ALEX, _stored("LPIPS_v0.1_alex-df73285e.pth")),
    ),
    "lpips-vgg": Entry(
        metric=_metric(
            "LPIPS 0.1, VGG-16", (0, 1), source=_ZHANG,
            weights="LPIPS: BSD-2-Clause; torchvision's VGG-16: not stated",
        ), call="lpips-vgg", options={"net": "vgg", "version": "0.1"}, side=16,
        files=(_VGG, _stored("LPIPS_v0.1_vgg-a78928a0.pth")),
    ),
    "dists": Entry(
        metric=_metric(
            "DISTS", (0, 1), weights="DISTS and torchvision's VGG-16: not stated",
            source="Ding et al., Unifying Structure and Texture Similarity, TPAMI 2020",
            checked=_PRINTED.format("0.4742, 0.1424, 0.0682"),
        ), call="dists", files=(_VGG, _stored("DISTS_weights-f5e65c96.pth")),
    ),
    "ms-ssim": Entry(
        metric=_metric(
            "MS-SSIM, luma", (0, 1), **_UP,
            source="Wang, Simoncelli and Bovik, Multi-scale Structural Similarity, Asilomar 2003",
            checked="authors' 0.6733, 0.9996, 0.9998 on I03, I04, I06: within 0.003",
        ), call="ms_ssim", side=161,
    ),
    "fsim": Entry(
        metric=_metric(
            "FSIMc", (0, 1), **_UP, source="Zhang et al., FSIM, TIP 20(8), 2011",
            checked="authors' 0.6890, 0.9702, 0.9927 on I03, I04, I06: within 0.0001",
        ), call="fsim", side=2,
    ),
    "vif": Entry(
        metric=_metric(
            "VIF, wavelet domain, luma", (0, _INF), **_UP,
            source="Sheikh and Bovik, Image Information and Visual Quality, TIP 15(2), 2006",
            checked="authors' 0.0172, 0.9891, 0.9924 on I03, I04, I06: within 0.0001",
        ), call="vif", side=33,
    ),
    "gmsd": Entry(
        metric=_metric(
            "GMSD, luma", (0, 1), source="Xue et al., GMSD, TIP 23(2), 2014",
            checked="authors' 0.220348, 0.000522, 0.000448 on I03, I04, I06: within 0.000002",
        ), call="gmsd", side=4,
    ),
    "vsi": Entry(
        metric=_metric(
            "VSI", (0, 1), **_UP, source="Zhang, Shen and Li, VSI, TIP 23(10), 2014",
            checked="off by up to 0.013: IQA-Optimization's port has 0.9139, 0.9620, 0.9922 on "
            "I03, I04, I06, pyiqa 0.9244, 0.9497, 0.9877; the authors' code has no figures there",
        ), call="vsi",
    ),
    "nlpd": Entry(
        metric=_metric(
            "NLPD, of rgb2gray", (0, _INF),
            source="Laparra et al., Normalized Laplacian Pyramid, Electronic Imaging 2016",
            checked="authors' 0.56161, 0.01953, 0.01592 on I03, I04, I06: within 0.3 %",
        ), call="nlpd", gray=3,
    ),
    "niqe": Entry(
        metric=_metric(
            "NIQE, the authors' model (not MATLAB's built-in), of rgb2gray", (0, _INF), **_FREE,
            source="Mittal, Soundararajan and Bovik, SPL 20(3), 2013", weights="NIQE: not stated",
            checked="authors' 15.7536, 3.6549, 3.2355 on I03, I04, I06: within 0.1 %",
        ), call="niqe", files=(_NIQE,), patches=96, gray=1,
    ),
    "pi": Entry(
        metric=_metric(
            "Perceptual Index, ((10 - NRQM) + NIQE) / 2 of BT.601 luma without 4 pixels",
            (-_INF, _INF), **_FREE, weights="NIQE: not stated; NRQM: MIT",
            source="Blau et al., The 2018 PIRM Challenge, ECCV Workshops 2018",
            checked=_PRINTED.format("11.9235, 3.0720, 2.6180"),
        ), call="pi", options={"color_space": "ycbcr"}, files=(_NIQE, _NRQM), patches=96, border=4,
    ),
    "nrqm": Entry(
        metric=_metric(
            "NRQM (Ma's score), luma", (0, 10), mode="none", **_UP, weights="NRQM: MIT",
            source="Ma et al., Learning a No-Reference Quality Metric, CVIU 158, 2017",
            checked=_PRINTED.format("1.3894, 8.9394, 8.9735"),
        ), call="nrqm", files=(_NRQM,), side=45,
    ),
    "brisque": Entry(
        metric=_metric(
            "BRISQUE, the authors' model (not MATLAB's built-in), luma", (-_INF, _INF), **_FREE,
            source="Mittal, Moorthy and Bovik, TIP 21(12), 2012", weights="BRISQUE: not stated",
            checked=_PRINTED.format("94.6421, -0.1076, 0.9929"),
        ), call="brisque", files=(_stored("brisque_svm_weights.pth"),), side=7,
    ),
    "ilniqe": Entry(
        metric=_metric(
            "IL-NIQE", (0, _INF), **_FREE, weights="IL-NIQE: not stated",
            source="Zhang, Zhang and Bovik, TIP 24(8), 2015",
            checked=_PRINTED.format("113.4801, 23.9968, 19.9750"),
        ), call="ilniqe", files=(_stored("ILNIQE_templateModel.mat"),),
    ),
    "piqe": Entry(
        metric=_metric(
            "PIQE, luma", (0, 100), **_FREE, source="Venkatanath et al., PIQE, NCC 2015",
            checked="MATLAB's 100.00, 21.62, 35.86 on I03, I04, I06: within 0.01",
        ), call="piqe", side=8,
    ),
    "nima": Entry(
        metric=_metric(
            "NIMA, Inception-ResNet-v2, AVA", (1, 10), mode="none", **_UP,
            source="Talebi and Milanfar, NIMA, TIP 27(8), 2018",
            weights="NIMA as trained by pyiqa; timm's Inception-ResNet-v2: Apache-2.0",
        ), call="nima", files=(_timm("inception_resnet_v2.tf_in1k"),
                            _stored("NIMA_InceptionV2_ava-b0c77c00.pth")),
    ),
    "musiq": Entry(
        metric=_metric(
            "MUSIQ, KonIQ-10k", (0, 100), mode="none", **_UP, weights="MUSIQ: not stated",
            source="Ke et al., MUSIQ, ICCV 2021", checked=_PRINTED.format("12.494, 75.332, 73.429"),
        ), call="musiq", files=(_stored("musiq_koniq_ckpt-e95806b9.pth"),),
    ),
    "maniqa": Entry(
        metric=_metric(
            "MANIQA, KonIQ-10k", (0, 1), mode="none", **_UP,
            source="Yang et al., MANIQA, CVPR Workshops 2022",
            weights="MANIQA: not stated; timm's ViT-B/8: Apache-2.0",
        ), call="maniqa",
        files=(_timm("vit_base_patch8_224.augreg2_in21k_ft_in1k"), _stored("ckpt_koniq10k.pt")),
    ),
    "clip-iqa": Entry(
        metric=_metric(
            "CLIP-IQA, RN50, pyiqa's five pairs of prompts", (0, 1), mode="none", **_UP,
            source="Wang, Chan and Loy, Exploring CLIP, AAAI 2023", weights="CLIP: MIT",
        ), call="clipiqa", files=(_RN50,), side=32,
    ),
    "topiq": Entry(
        metric=_metric(
            "TOPIQ, full reference, KADID-10k", (0, 1), **_UP,
            source="Chen et al., TOPIQ, TIP 33, 2024", weights="TOPIQ as trained by pyiqa",
        ), call="topiq_fr", options={"backbone_pretrain": False},  # TOPIQ's file has all of it
        files=(_stored("cfanet_fr_kadid_res50-2c4cc61d.pth"),),
    ),
    "topiq-nr": Entry(
        metric=_metric(
            "TOPIQ, no reference, KonIQ-10k", (0, 1), mode="none", **_UP,
            source="Chen et al., TOPIQ, TIP 33, 2024", weights="TOPIQ as trained by pyiqa",
        ), call="topiq_nr", options={"backbone_pretrain": False},
        files=(_stored("cfanet_nr_koniq_res50-9a73138b.pth"),),
    ),
    "fid": Entry(
        metric=_metric(
            "FID, of outputs against targets (clean-fid's resizing)", (0, _INF), mode="set",
            source="Heusel et al., NeurIPS 2017; Parmar, Zhang and Zhu, CVPR 2022",
            weights="TensorFlow's Inception-v3 of 2015: not stated",
            checked="the distance: Gaussians of known distance; " + _FEATURES,
        ), call="fid", files=(_INCEPTION,),
    ),
    "kid": Entry(
        metric=_metric(
            "KID, of outputs against targets (clean-fid's resizing, all pictures at once)",
            (-_INF, _INF), mode="set", source="Binkowski et al., Demystifying MMD GANs, ICLR 2018",
            weights="TensorFlow's Inception-v3 of 2015: not stated",
            checked="the estimator: its sums written out; " + _FEATURES,
        ), call="fid", files=(_INCEPTION,),
    ),
}  # fmt: skip

# name -> how pyiqa is asked for it
ENTRIES: dict[str, Entry] = {
    name: replace(
        row,
        metric=replace(
            row.metric,
            name=name,
            decimals=_DECIMALS.get(name, 4),
            weights=tuple(file.name for file in row.files),
        ),
    )
    for name, row in _ROWS.items()
}
