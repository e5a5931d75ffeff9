"""From an sRGB picture back to a sensor's colours and forth: Brooks et al., CVPR 2019.

"Unprocessing Images for Learned Raw Denoising", with the constants and the order of the released
code (github.com/timothybrooks/unprocessing). All operators take [B,3,H,W] and work on
single pixels, but for `process`, which demosaics (bayer.py says how a mosaic is held).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from degrade.color import SRGB_TO_XYZ
from degrade.laws import Normal, Reciprocal, Uniform
from degrade.operator import Name, Number, Switch, operator
from degrade.operators.bayer import PATTERNS, PHASE_PADDING, demosaic

_BROOKS = "Brooks et al., CVPR 2019"
_GAMMA = 2.2  # the released code: a pure power, not the sRGB curve
_FLOOR = 1e-8  # the released code's floor, which keeps the power's slope finite
_INFLECTION = 0.9  # the released code: where the inverse gain starts to spare highlights

# XYZ -> camera matrices (DNG ColorMatrix) of the cameras of the DND benchmark, as the released code
# lists them.
_CAMERAS = np.array(
    [
        [[1.0234, -0.2969, -0.2266], [-0.5625, 1.6328, -0.0469], [-0.0703, 0.2188, 0.6406]],
        [[0.4913, -0.0541, -0.0202], [-0.613, 1.3513, 0.2906], [-0.1564, 0.2151, 0.7183]],
        [[0.838, -0.263, -0.0639], [-0.2887, 1.0725, 0.2496], [-0.0627, 0.1427, 0.5438]],
        [[0.6596, -0.2079, -0.0562], [-0.4782, 1.3016, 0.1933], [-0.097, 0.1581, 0.5181]],
    ]
)

# The released code draws each weight from U(1e-8, 1e8) and divides by their sum: ratios count.
_WEIGHT = Number(Uniform(1e-16, 1.0), low=0.0, high=1e9, unit="share", source=_BROOKS)
_WEIGHTS = dict.fromkeys(("nexus_6p", "sony_a7r", "olympus_em10", "sony_rx100m4"), _WEIGHT)
# The released code's random gains. The normal law ends 6.4 sigma off: no gain passes 1/0.16.
_RGB_LAW = Reciprocal(Normal(0.8, 0.1))
_RGB_GAIN = Number(_RGB_LAW, low=0.05, high=20.0, neutral=1.0, unit="factor", source=_BROOKS)
_RED = Number(Uniform(1.9, 2.4), low=0.05, high=20.0, neutral=1.0, unit="factor", source=_BROOKS)
_BLUE = Number(Uniform(1.5, 1.9), low=0.05, high=20.0, neutral=1.0, unit="factor", source=_BROOKS)
_INVERSE = Switch(False, unit="back from camera to sRGB colours", source=_BROOKS)


@operator(kind="pointwise", source=_BROOKS, differentiable=True, parameters={})
def tone(images: Tensor) -> Tensor:
    """A global tone curve, the smoothstep 3x^2 - 2x^3. Clips to [0,1] on entry."""
    return _smoothstep(images.clamp(0.0, 1.0))


@operator(kind="pointwise", source=_BROOKS, differentiable=True, parameters={})
def inverse_tone(images: Tensor) -> Tensor:
    """The tone curve undone: 1/2 - sin(asin(1 - 2y) / 3). Clips to [0,1] on entry.

    Its slope is infinite at 0 and 1.
    """
    y = images.clamp(0.0, 1.0)
    return 0.5 - torch.sin(torch.asin(1.0 - 2.0 * y) / 3.0)


@operator(kind="pointwise", source=_BROOKS, differentiable=True, parameters={})
def gamma_expand(images: Tensor) -> Tensor:
    """Encoded to linear light by max(x, 1e-8)^2.2. Clips below only."""
    return images.clamp(min=_FLOOR) ** _GAMMA


@operator(kind="pointwise", source=_BROOKS, differentiable=True, parameters={})
def gamma_compress(images: Tensor) -> Tensor:
    """Linear light to encoded by max(x, 1e-8)^(1/2.2). Clips below only."""
    return images.clamp(min=_FLOOR) ** (1.0 / _GAMMA)


def camera_matrices(
    *, nexus_6p: Tensor, sony_a7r: Tensor, olympus_em10: Tensor, sony_rx100m4: Tensor
) -> Tensor:
    """Linear sRGB -> camera [B,3,3] float64: the mix of four XYZ -> camera matrices by weight [B],
    times sRGB -> XYZ, each row divided by its sum, so that white stays white.

    Weights >= 0 of any sum; all 0 means an equal mix. Source: Brooks et al., released code.
    """
    weights = torch.stack([nexus_6p, sony_a7r, olympus_em10, sony_rx100m4], dim=1).double()
    weights = weights + 1e-30
    weights = weights / weights.sum(dim=1, keepdim=True)
    to_camera = torch.from_numpy(_CAMERAS @ SRGB_TO_XYZ).to(weights.device)
    mixed = (weights[:, :, None, None] * to_camera).sum(dim=1)
    return mixed / mixed.sum(dim=2, keepdim=True)


@operator(
    kind="pointwise",
    source=_BROOKS,
    differentiable=True,
    parameters={**_WEIGHTS, "inverse": _INVERSE},
)
def color_matrix(
    images: Tensor,
    *,
    nexus_6p: Tensor,
    sony_a7r: Tensor,
    olympus_em10: Tensor,
    sony_rx100m4: Tensor,
    inverse: Tensor,
) -> Tensor:
    """Linear sRGB to a camera's colours, or back, by a mix of four cameras' matrices.

    images [B,3,H,W] linear. Weights as `camera_matrices`. Not clipped.
    """
    to_camera = camera_matrices(
        nexus_6p=nexus_6p, sony_a7r=sony_a7r, olympus_em10=olympus_em10, sony_rx100m4=sony_rx100m4
    )
    return _times(torch.where(inverse[:, None, None], _inverse(to_camera), to_camera), images)


@operator(
    kind="pointwise",
    source=_BROOKS,
    differentiable=True,
    parameters={"rgb_gain": _RGB_GAIN, "red": _RED, "blue": _BLUE, "inverse": _INVERSE},
)
def camera_gains(
    images: Tensor, *, rgb_gain: Tensor, red: Tensor, blue: Tensor, inverse: Tensor
) -> Tensor:
    """White balance and brightening, or their inverse that spares highlights.

    images [B,3,H,W] linear camera colours. Forward: red, green and blue times rgb_gain * (red, 1,
    blue). Inverse: divided by these where the mean of the three is below 0.9, and above it less and
    less, so that white stays white. The two undo each other only below 0.9. Not clipped.
    """
    return torch.where(
        inverse[:, None, None, None],
        _darkened(images, _gains(rgb_gain, red, blue)),
        images * _gains(rgb_gain, red, blue).to(images),
    )


@operator(
    kind="pointwise",
    source=f"{_BROOKS}, released code's unprocess.py",
    differentiable=True,
    parameters={**_WEIGHTS, "rgb_gain": _RGB_GAIN, "red": _RED, "blue": _BLUE},
)
def unprocess(
    images: Tensor,
    *,
    nexus_6p: Tensor,
    sony_a7r: Tensor,
    olympus_em10: Tensor,
    sony_rx100m4: Tensor,
    rgb_gain: Tensor,
    red: Tensor,
    blue: Tensor,
) -> Tensor:
    """An sRGB picture as its camera's sensor may have seen it.

    images [B,3,H,W] sRGB -> linear camera colours in [0,1] at full resolution. In this order:
    inverse tone curve, gamma expansion, colour matrix, inverse gains, clip to [0,1]. The mosaic,
    last in the paper, is left to `demosaic` or `process`, which read one colour a pixel.
    """
    to_camera = camera_matrices(
        nexus_6p=nexus_6p, sony_a7r=sony_a7r, olympus_em10=olympus_em10, sony_rx100m4=sony_rx100m4
    )
    linear = _times(to_camera, gamma_expand(inverse_tone(images)))
    return _darkened(linear, _gains(rgb_gain, red, blue)).clamp(0.0, 1.0)


def _process_reach(values: Mapping[str, Any]) -> int:
    return 0 if values["pattern"] == "none" else 1


@operator(
    kind="neighbourhood",
    source=f"{_BROOKS}, released code's process.py",
    differentiable=True,
    radius=_process_reach,
    parameters={
        **_WEIGHTS,
        # The released code undoes the two white balance gains and not the brightening.
        "rgb_gain": Number(1.0, low=0.05, high=20.0, neutral=1.0, unit="factor", source=_BROOKS),
        "red": _RED,
        "blue": _BLUE,
        "pattern": Name("rggb", allowed=(*PATTERNS, "none"), neutral="none", unit="Bayer pattern"),
        "tone": Switch(False, neutral=False, unit="smoothstep last", source=_BROOKS),
        "padding": PHASE_PADDING,
    },
)
def process(
    images: Tensor,
    *,
    nexus_6p: Tensor,
    sony_a7r: Tensor,
    olympus_em10: Tensor,
    sony_rx100m4: Tensor,
    rgb_gain: Tensor,
    red: Tensor,
    blue: Tensor,
    pattern: Sequence[str],
    tone: Tensor,
) -> Tensor:
    """A sensor's colours as an sRGB picture: the forward model to `unprocess`.

    images [B,3,H,W] hold a mosaic, or full colours with pattern 'none'. In this order: gains, clip
    to [0,1], bilinear demosaicing, colour matrix back, clip, gamma compression and, with `tone` on,
    the smoothstep. The released code has neither that tone curve nor rgb_gain, so its result is
    flatter and darker than the picture it started from: with both set as in `unprocess`, and
    pattern 'none', the way there and back is the identity wherever nothing clipped and the inverse
    gains spared no highlight. Edges: the released code repeats the
    nearest sample of the colour, here the mosaic is reflected.
    """
    balanced = (images * _gains(rgb_gain, red, blue).to(images)).clamp(0.0, 1.0)
    camera = _demosaiced(balanced, pattern)
    to_camera = camera_matrices(
        nexus_6p=nexus_6p, sony_a7r=sony_a7r, olympus_em10=olympus_em10, sony_rx100m4=sony_rx100m4
    )
    encoded = gamma_compress(_times(_inverse(to_camera), camera).clamp(0.0, 1.0))
    return torch.where(tone[:, None, None, None], _smoothstep(encoded), encoded)


def _smoothstep(x: Tensor) -> Tensor:
    return x * x * (3.0 - 2.0 * x)


def _demosaiced(images: Tensor, pattern: Sequence[str]) -> Tensor:
    """Bilinear, the margin taken off; samples with pattern 'none' only lose their margin."""
    if all(name == "none" for name in pattern):
        return images
    names = ["rggb" if name == "none" else name for name in pattern]
    made = demosaic(images, pattern=names, method=("bilinear",) * len(names))
    if "none" not in pattern:
        return made
    plain = torch.tensor([name == "none" for name in pattern], device=images.device)
    return torch.where(plain[:, None, None, None], images[:, :, 1:-1, 1:-1], made)


def _gains(rgb_gain: Tensor, red: Tensor, blue: Tensor) -> Tensor:
    """[B,3,1,1] float64."""
    return (rgb_gain[:, None] * torch.stack([red, torch.ones_like(red), blue], dim=1))[
        :, :, None, None
    ]


def _darkened(images: Tensor, gains: Tensor) -> Tensor:
    """images divided by the gains, highlights spared (the released code's safe inverse)."""
    inverse = (1.0 / gains).to(images)
    grey = images.mean(dim=1, keepdim=True)
    mask = ((grey - _INFLECTION).clamp(min=0.0) / (1.0 - _INFLECTION)) ** 2
    return images * torch.maximum(mask + (1.0 - mask) * inverse, inverse)


def _times(matrix: Tensor, images: Tensor) -> Tensor:
    """out[b,i] = sum over j of matrix[b,i,j] * images[b,j]."""
    entries = matrix.to(images)[..., None, None]
    rows = [
        sum((entries[:, i, j] * images[:, j] for j in range(1, 3)), entries[:, i, 0] * images[:, 0])
        for i in range(3)
    ]
    return torch.stack(rows, dim=1)


def _inverse(matrix: Tensor) -> Tensor:
    """Inverse of [B,3,3] by cross products: no call that would wait for a GPU."""
    rows = matrix.unbind(dim=1)
    columns = [torch.linalg.cross(rows[(i + 1) % 3], rows[(i + 2) % 3]) for i in range(3)]
    determinant = (rows[0] * columns[0]).sum(dim=1)
    return torch.stack(columns, dim=2) / determinant[:, None, None]
