"""Gray and colour pictures through networks of the other kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from degrade.color import BT601
from degrade.resize import resize_matlab
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

# Y', Cb, Cr of 8 bits less their black: 219 and 224 levels, zero at 16 and 128 (ITU-R BT.601-7,
# 2.5.3), in units of 255.
_BLACK = np.array([16.0, 128.0, 128.0]) / 255.0
_LEVELS = np.array([219.0, 224.0, 224.0]) / 255.0


def _matrix() -> NDArray[np.float64]:
    """RGB in 0 ... 1 -> Y', Cb, Cr less their black, [3,3]. The differences B - Y' and R - Y' reach
    1 - weight, and are scaled to half of their levels (2.5.2)."""
    luma = np.array(BT601)
    red, blue = np.array([1.0, 0, 0]) - luma, np.array([0, 0, 1.0]) - luma
    rows = np.stack([luma, blue / blue[2] / 2, red / red[0] / 2])
    return rows * _LEVELS[:, None]


TO_YCBCR = _matrix()
FROM_YCBCR: NDArray[np.float64] = np.linalg.inv(TO_YCBCR).astype(np.float64)


def to_ycbcr(picture: Samples) -> NDArray[np.float64]:
    """[H,W,3] RGB in 0 ... 1 -> Y'CbCr, studio range: Y' 16/255 ... 235/255. Not clipped."""
    return picture.astype(np.float64) @ TO_YCBCR.T + _BLACK


def from_ycbcr(picture: Samples) -> NDArray[np.float64]:
    """The inverse of `to_ycbcr`; not clipped."""
    return (picture.astype(np.float64) - _BLACK) @ FROM_YCBCR.T


def any_channels(model: Restorer) -> Restorer:
    """The model for gray and for RGB pictures, whichever it was made for.

    Colour through a model of luma: Y' goes through it, Cb and Cr are enlarged by MATLAB's bicubic;
    gray through one is a colour of three equal channels. Colour through another model of one
    channel: one channel after the other. Gray through a model of three: it is given three times,
    and the mean of the three results is taken, which keeps least of what the network adds to each.
    A model that takes both, or neither, is returned as it is.
    """
    takes = model.channels
    both = not takes or {1, 3} <= set(takes)
    if (both and not model.luma) or not {1, 3} & set(takes):
        return model
    told_noise = model.at_noise

    def restore(picture: Samples, scale: Scale) -> Samples:
        have = picture.shape[2]
        if model.luma and have in (1, 3):
            return _by_luma(model.restore, picture, scale=scale)
        if have == 1 and have not in takes:
            return model.restore(np.repeat(picture, 3, axis=2), scale).mean(axis=2, keepdims=True)
        if have == 3 and have not in takes:
            note = f"{model.name} takes one channel: colour goes through it channel by channel"
            if note not in model.notes:
                model.notes.append(note)
            parts = [model.restore(picture[..., c : c + 1], scale) for c in range(3)]
            return np.concatenate(parts, axis=2)
        return model.restore(picture, scale)

    def at_noise(sigma: float) -> Restorer:
        assert told_noise is not None
        return any_channels(told_noise(sigma))

    told = None if told_noise is None else at_noise
    return replace(model, restore=restore, channels=(), at_noise=told)


def _by_luma(
    restore: Callable[[Samples, Scale], Samples], picture: Samples, *, scale: Scale
) -> Samples:
    if picture.shape[2] == 1:
        luma = restore(picture.astype(np.float64) * _LEVELS[0] + _BLACK[0], scale)
        return (luma - _BLACK[0]) / _LEVELS[0]
    parts = to_ycbcr(picture)
    luma = restore(parts[..., :1], scale)
    chroma = parts[..., 1:]
    if scale != 1:
        chroma = resize_matlab(chroma, scale=float(scale), reading="matlab-bicubic-double")
        chroma = chroma[: luma.shape[0], : luma.shape[1]]
    return from_ycbcr(np.concatenate([luma, chroma], axis=2))
