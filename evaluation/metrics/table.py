"""The table of metrics, and how a metric is opened by its name.

Ours: PSNR, SSIM, MAE, RMSE and LOE, exact to the protocol. pyiqa's: see `pyiqa_table`. A NIQE
fitted to one's own pictures: `niqe-fit:FILE`. A user's own function: `module:function`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from degrade.option_error import OptionError, nearest
from evaluation.metrics import fidelity, ssim
from evaluation.metrics.metric import Judged, Metric, Scorer, Unavailable
from evaluation.metrics.niqe import load_pristine, niqe_score
from evaluation.metrics.own import open_own
from evaluation.metrics.pyiqa_table import ENTRIES
from evaluation.pictures import Samples

FITTED = "niqe-fit:"
_WANG = "Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment, TIP 13(4), 2004"


def _psnr(judged: Judged) -> float:
    if judged.protocol.alignment == "ecc":
        return judged.aligned[0]
    output, target, peak = judged.pair
    return fidelity.psnr(output, target, peak=peak)


def _ssim(judged: Judged) -> float:
    if judged.protocol.alignment == "ecc":
        return judged.aligned[1]
    output, target, peak = judged.pair
    return ssim.ssim(output, target, variant=judged.protocol.ssim, peak=peak)


def _in_channel(judged: Judged, *, channel: str, score: Scorer) -> float:
    """A score in this channel and the protocol's border, without alignment."""
    protocol = judged.protocol
    if channel == "rgb" and judged.output.shape[2] == 1:
        raise ValueError("an output of one channel has no score of RGB")
    if channel.startswith("y-") and protocol.ssim == "matlab-3d":
        protocol = replace(protocol, ssim="matlab-2d")
    protocol = replace(protocol, channel=channel, alignment="none")
    return score(replace(judged, protocol=protocol))


def _mae(judged: Judged) -> float:
    output, target, peak = judged.pair
    return fidelity.mae(output, target, peak=peak)


def _rmse(judged: Judged) -> float:
    output, target, peak = judged.pair
    return fidelity.rmse(output, target) * (255.0 / peak)


def _loe(judged: Judged) -> float:
    from evaluation.metrics.lightness import loe

    given, output = (_three(side) for side in (judged.lq, judged.output))
    if given.shape != output.shape:
        raise ValueError(
            f"loe compares output and input: {output.shape[1]}x{output.shape[0]} of "
            f"{output.shape[2]} channels, and {given.shape[1]}x{given.shape[0]} of {given.shape[2]}"
        )
    return loe(output, given)


def _three(picture: Samples) -> Samples:
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def _fidelity(name: str, title: str, *, source: str, checked: str) -> Metric:
    """PSNR or SSIM."""
    psnr = name.startswith("psnr")
    return Metric(
        name=name,
        title=title,
        mode="full",
        better="higher",
        low=0.0 if psnr else -1.0,
        high=math.inf if psnr else 1.0,
        source=source,
        checked=checked,
        unit="dB" if psnr else "",
        decimals=2 if psnr else 4,
    )


_PSNR_CHECK = "21.11, 20.99, 27.01 of RGB on I03, I04, I06 (pyiqa's calibration): all decimals"
_SSIM_CHECK = (
    "wang on rgb2gray: the authors' 0.6993, 0.9978, 0.9989 on I03, I04, I06 (pyiqa's calibration): "
    "all decimals"
)
_OURS: dict[str, tuple[Metric, Scorer]] = {
    metric.name: (metric, scorer)
    for metric, scorer in (
        (
            _fidelity(
                "psnr",
                "PSNR",
                source="10 log10(peak^2 / MSE)",
                checked=_PSNR_CHECK,
            ),
            _psnr,
        ),
        (
            _fidelity(
                "ssim", "SSIM", source=_WANG,
                checked=_SSIM_CHECK,
            ),
            _ssim,
        ),
        *(
            (
                _fidelity(
                    f"{kind}-{short}",
                    f"{kind.upper()} of {words}, the protocol's border, not aligned",
                    source=source,
                    checked=check,
                ),
                partial(_in_channel, channel=channel, score=score),
            )
            for kind, source, check, score in (
                ("psnr", "10 log10(peak^2 / MSE)", _PSNR_CHECK, _psnr),
                ("ssim", _WANG, _SSIM_CHECK, _ssim),
            )
            for short, channel, words in (
                ("rgb", "rgb", "RGB"),
                ("y", "y-float", "BT.601 luma, not rounded"),
            )
        ),
        (
            Metric(
                name="mae", title="MAE, mean absolute error, white is 1", mode="full",
                better="lower",
                low=0.0, high=1.0, source="Abuolaim and Brown, DPDNet, ECCV 2020",
                checked="its sum written out",
            ),
            _mae,
        ),
        (
            Metric(
                name="rmse", title="RMSE, in 8-bit levels, over the set too",
                mode="full", better="lower", low=0.0, high=255.0, unit="levels", decimals=2,
                mean="root-mean-square", checked="its sum written out",
                source="Blau et al., The 2018 PIRM Challenge, ECCV Workshops 2018",
            ),
            _rmse,
        ),
        (
            Metric(
                name="loe", title="LOE, lightness order error of the output against its input",
                mode="none", better="lower", low=0.0, high=math.inf, decimals=1,
                source="Wang et al., Naturalness Preserved Enhancement, TIP 22(9), 2013",
                checked="its definition written out",
            ),
            _loe,
        ),
    )
}  # fmt: skip

METRICS: dict[str, Metric] = {
    **{name: metric for name, (metric, _) in _OURS.items()},
    **{name: entry.metric for name, entry in ENTRIES.items()},
}


def open_scorer(name: str, *, device: str) -> tuple[Metric, Scorer]:
    """A metric and its scorer.

    name: a key of METRICS, `niqe-fit:FILE` or `module:function`. device: 'cpu', 'cuda' ..., of
    pyiqa's networks. Raises Unavailable where pyiqa or weights are missing, OptionError for an
    unknown name or function. Metrics of mode 'set' are only checked here: `distribution` scores.
    """
    if name in _OURS:
        return _OURS[name]
    if name.startswith(FITTED):
        pristine = load_pristine(Path(name.removeprefix(FITTED)))
        metric = Metric(
            name=f"niqe-fit-{pristine.digest}",
            title=f"NIQE fitted to {pristine.pictures} pictures, {pristine.patches} patches",
            mode="none", better="lower", low=0.0, high=math.inf,
            source=ENTRIES["niqe"].metric.source,
            checked="with the authors' model: their figures on I03, I04, I06 within 0.1 %",
        )  # fmt: skip
        return metric, lambda judged: niqe_score(judged.output, pristine)
    if ":" in name:
        return open_own(name)
    if name not in ENTRIES:
        raise OptionError(
            f"--metrics {name}: no such metric{nearest(name, METRICS)}; `pairsmith metrics` lists "
            "them; a function of yours is given as module:function"
        )
    if METRICS[name].mode == "set":
        from evaluation.metrics.distribution import open_distribution

        open_distribution(name, device="cpu")
        return METRICS[name], partial(_of_a_set, name=name)
    from evaluation.metrics.perceptual import open_perceptual

    return METRICS[name], open_perceptual(name, device=device)


def open_scorers(
    names: Iterable[str], *, device: str, targets: bool = True
) -> tuple[dict[str, tuple[Metric, Scorer]], list[Unavailable]]:
    """(metric's name -> (metric, scorer), those that cannot be had and why).

    targets: whether the set has them; without, metrics of the modes 'full' and 'set' cannot be had.
    A wrong name raises OptionError, before any is opened.
    """
    found: dict[str, tuple[Metric, Scorer]] = {}
    missing: list[Unavailable] = []
    asked = list(dict.fromkeys(names))
    for name in asked:
        if ":" not in name and name not in METRICS:
            open_scorer(name, device=device)
    for name in asked:
        try:
            if not targets and name in METRICS and METRICS[name].mode != "none":
                raise Unavailable(name, why="this set has no targets")
            metric, scorer = open_scorer(name, device=device)
        except Unavailable as error:
            missing.append(error)
        else:
            found[metric.name] = (metric, scorer)
    return found, missing


def _of_a_set(judged: Judged, *, name: str) -> float:  # noqa: ARG001 - a scorer's signature
    raise ValueError(f"{name} judges a set of pictures, not one")
