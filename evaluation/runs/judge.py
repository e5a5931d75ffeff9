"""From a model's output to what the metrics see: brightness, rounding, types."""

from __future__ import annotations

import numpy as np

from evaluation.metrics.luma import luma_float
from evaluation.metrics.metric import Judged
from evaluation.pictures import Samples, to_u8, to_unit
from evaluation.protocol import Protocol

_FAR = 16.0  # no overshoot of a picture in 0 ... 1 comes near; the middle of 0 ... 255 is beyond
# BT.601's weights on RGB in [0,1]: cv2's RGB2GRAY, as LLFlow's test script takes gray.
_GRAY = np.array([0.299, 0.587, 0.114])


def judge(output: Samples, target: Samples | None, *, lq: Samples, protocol: Protocol) -> Judged:
    """One output, as the model gave it, beside its target, as the protocol wants them.

    output: float [H,W,C], 1 is white. target: [H,W,C] uint8, uint16 or float, or None. Raises
    ValueError where the sizes differ or the output holds values that are no numbers.
    """
    if not np.isfinite(output).all():
        bad = int(np.count_nonzero(~np.isfinite(output)))
        raise ValueError(
            f"the model's output holds {bad} values that are NaN or infinite; where --half was "
            "given, try without"
        )
    if float(np.abs(output).max(initial=0.0)) > _FAR:
        raise ValueError(
            f"the model's output reaches {float(np.abs(output).max()):g}, where 1 is white: it "
            "looks like 0 to 255; divide by 255"
        )
    if target is not None and output.shape[:2] != target.shape[:2]:
        raise ValueError(
            f"the model's output is {output.shape[1]}x{output.shape[0]}, the target "
            f"{target.shape[1]}x{target.shape[0]}"
        )
    luma = output.shape[2] == 1 and protocol.channel.startswith("y-")
    if target is not None and output.shape[2] != target.shape[2] and not luma:
        raise ValueError(
            f"the model's output has {output.shape[2]} channel(s), the target {target.shape[2]}"
        )
    if protocol.brightness == "gt-mean":
        if target is None:
            raise ValueError("brightness 'gt-mean': this set has no targets")
        output = np.clip(output, 0.0, 1.0)
        output = output * (_mean_gray(to_unit(target)) / max(_mean_gray(output), 1e-8))
    if protocol.output == "u8":
        return Judged(to_u8(output), None if target is None else to_u8(target), lq, protocol)
    held = None if target is None else to_unit(target)
    return Judged(np.clip(output, 0.0, 1.0), held, lq, protocol)


def model_input(lq: Samples, *, channels: tuple[int, ...], protocol: Protocol) -> Samples:
    """The picture as a model with these input channels gets it.

    A model of luma alone, on a set that is scored by luma, gets the luma of BT.601 / 255 in place
    of RGB, and its output is scored as luma: how SRCNN, VDSR or FSRCNN are run on RGB sets.
    """
    if takes_luma(channels, given=lq.shape[2], protocol=protocol):
        return (luma_float(lq * 255.0) / 255.0)[..., None].astype(np.float32)
    return lq


def takes_luma(channels: tuple[int, ...], *, given: int, protocol: Protocol) -> bool:
    """Whether a model of these input channels is run on the luma of RGB pictures."""
    alone = 1 in channels and 3 not in channels
    return alone and given == 3 and protocol.channel.startswith("y-")


def _mean_gray(picture: Samples) -> float:
    if picture.shape[2] == 1:
        return float(np.mean(picture, dtype=np.float64))
    return float(np.mean(picture.reshape(-1, picture.shape[2])[:, :3].astype(np.float64) @ _GRAY))
