"""What a protocol is: every choice that changes a number, as a value with a digest.

Papers print scores of the same set that differ by more than a decibel because they choose
differently here. Two runs may be compared only where all of these are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from degrade.option_error import nearest

# What the scores of fidelity are taken of -> in words.
CHANNELS = {
    "rgb": "all three channels of RGB",
    "gray": "the one channel of gray pictures",
    "luma": "luma, which is all that the set's pictures have",
    "y-round": "luma of BT.601 in 16 ... 235, rounded to 8 bits (MATLAB's rgb2ycbcr of uint8)",
    "y-float": "luma of BT.601 in 16 ... 235, not rounded (rgb2ycbcr of double)",
}
# How a network's output becomes what is scored -> in words.
OUTPUTS = {
    "u8": "clipped and rounded to 8 bits, half to even",
    "float": "clipped to [0,1], not rounded",
}
SSIMS = {
    "wang": "Wang's: Gaussian window 11, sigma 1.5, only where it fits; channels averaged",
    "matlab-2d": "MATLAB's ssim of a 2-D array: Gaussian window 11, sigma 1.5, replicated edges",
    "matlab-3d": "MATLAB's ssim of H x W x 3 taken as a volume: Gaussian window of 11 in all three "
    "dimensions, replicated edges",
    "skimage-uniform": "scikit-image's: uniform window 7, sample covariance, only where it fits; "
    "channels averaged",
    "skimage-gauss": "scikit-image's: Gaussian window 11, sigma 1.5, population covariance, only "
    "where it fits; channels averaged",
}
ALIGNMENTS = {
    "none": "none",
    "ecc": "the output is scaled to the target's brightness and warped onto it by a homography "
    "(ECC, 100 iterations); only pixels that the warp covers count (RealBlur's evaluation)",
}
BRIGHTNESS = {
    "none": "none",
    "gt-mean": "the output is multiplied by mean(gray target) / mean(gray output): it is told the "
    "target's brightness (KinD, LLFlow)",
}


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How outputs are scored.

    metrics: what the papers of this set print, in their order; keys of `metrics.METRICS`.
    channel, output, ssim, alignment, brightness: keys of the tables above. border: pixels left out
    on every side. version: raised when code that a score depends on is corrected.
    Scores are taken per picture and averaged, never of pooled errors, unless a metric says so.
    """

    metrics: tuple[str, ...] = ("psnr", "ssim")
    channel: str = "rgb"
    border: int = 0
    output: str = "u8"
    ssim: str = "wang"
    alignment: str = "none"
    brightness: str = "none"
    version: int = 1

    def __post_init__(self) -> None:
        tables = {
            "channel": CHANNELS,
            "output": OUTPUTS,
            "ssim": SSIMS,
            "alignment": ALIGNMENTS,
            "brightness": BRIGHTNESS,
        }
        for name, table in tables.items():
            if (value := getattr(self, name)) not in table:
                raise ValueError(
                    f"protocol {name} {value!r}: one of {', '.join(table)}{nearest(value, table)}"
                )
        if self.border < 0:
            raise ValueError(f"protocol border {self.border}: 0 or more pixels")
        if self.alignment == "ecc" and (self.channel, self.ssim) != ("rgb", "skimage-gauss"):
            raise ValueError("protocol alignment 'ecc': takes channel rgb and ssim skimage-gauss")


def digest_of(choices: Mapping[str, Any]) -> str:
    """The first 12 hexadecimal digits of the sha256 of the choices, written canonically."""
    data = msgspec.json.encode(choices, order="deterministic")
    return hashlib.sha256(data).hexdigest()[:12]


def protocol_choices(protocol: Protocol) -> dict[str, Any]:
    """The choices by name, without the metrics: which ones are printed changes none of them."""
    return {name: value for name, value in asdict(protocol).items() if name != "metrics"}
