"""The real still-picture codecs, JPEG and WebP, through OpenCV.

OpenCV and not Pillow, because the published pipelines with a real codec (BSRGAN, SwinIR's JPEG
data) call its encoder. Both wrap libjpeg-turbo and libwebp, which have no random state: the same
bytes on every run.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from degrade.laws import Integer
from degrade.operator import Name, Whole, operator
from degrade.separable import code_samples, decode_samples

JPEG_SUBSAMPLINGS = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}
# Suffix -> name and largest side, px: T.81, B.2.2; the frame header of VP8, RFC 6386, 9.1.
_KINDS = {".jpg": ("jpeg", 65535), ".webp": ("webp", 16383)}


@operator(
    kind="host",
    source="ITU-T T.81 by libjpeg-turbo; quality as BSRGAN (Zhang et al. 2021), add_JPEG_noise",
    differentiable=False,
    parameters={
        "quality": Whole(Integer(30, 95), low=1, high=100, unit="libjpeg quality", source="BSRGAN"),
        "subsampling": Name(
            "420", allowed=tuple(JPEG_SUBSAMPLINGS), unit="J:a:b", source="OpenCV's usual one"
        ),
    },
)
def jpeg(picture: NDArray[np.float32], *, quality: int, subsampling: str) -> NDArray[np.float32]:
    """Encodes as baseline JPEG and decodes again.

    picture float32 [C,H,W] encoded, C = 1 or 3 (RGB); clipped to [0,1] and rounded half up to 8
    bits on entry, so even quality 100 is not the identity. Chroma comes back by libjpeg's linear
    ("fancy") upsampling. A picture of one channel has no chroma, and subsampling no effect.
    Raises ValueError for other channels and for sides above 65535 px.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        JPEG_SUBSAMPLINGS[subsampling],
    ]
    return _code(picture, suffix=".jpg", options=options)


@operator(
    kind="host",
    source="lossy WebP (VP8 key frame, RFC 6386 and 9649) by libwebp",
    differentiable=False,
    parameters={
        "quality": Whole(
            Integer(30, 95),
            low=1,
            high=100,
            unit="libwebp quality",
            source="chosen: as for JPEG; the two scales are not the same",
        ),
    },
)
def webp(picture: NDArray[np.float32], *, quality: int) -> NDArray[np.float32]:
    """Encodes as lossy WebP (4:2:0) and decodes again.

    picture float32 [C,H,W] encoded, C = 1 or 3 (RGB); clipped to [0,1] and rounded half up to 8
    bits on entry. One channel is coded as grey RGB and comes back as the luma of that. Raises
    ValueError for other channels and for sides above 16383 px.
    """
    return _code(picture, suffix=".webp", options=[cv2.IMWRITE_WEBP_QUALITY, quality])


def to_bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """float [C,H,W] clipped to [0,1] and rounded half up, uint8 [H,W,C]."""
    codes = cv2.merge([*code_samples(picture, top=255)])
    return np.asarray(codes, np.uint8).reshape(*picture.shape[1:], len(picture))


def from_bytes(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [H,W,C] as float32 [C,H,W] in [0,1]."""
    return decode_samples(np.stack(cv2.split(np.ascontiguousarray(codes))), top=255)


def _code(picture: NDArray[np.float32], *, suffix: str, options: list[int]) -> NDArray[np.float32]:
    channels, height, width = picture.shape
    name, largest = _KINDS[suffix]
    if channels not in (1, 3):
        raise ValueError(
            f"{name} takes pictures of 1 or 3 channels, got {channels}; code them apart"
        )
    if max(height, width) > largest:
        raise ValueError(
            f"{name} takes sides up to {largest} px, got {width}x{height}; cut the picture first"
        )
    codes = to_bytes(picture)
    if channels == 3:
        codes = cv2.cvtColor(codes, cv2.COLOR_RGB2BGR)  # what OpenCV's files take
    done, data = cv2.imencode(suffix, codes, options)
    if not done:
        raise ValueError(f"OpenCV could not encode a picture of {width}x{height} as {name}")
    flag = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    decoded = cv2.imdecode(data, flag)
    if decoded is None:
        raise ValueError(f"OpenCV could not decode its own {name} of {width}x{height}")
    if channels == 3:
        decoded = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    return from_bytes(np.asarray(decoded, np.uint8).reshape(height, width, channels))
