"""All operators: importing this file fills the table in degrade/operator.py."""

from degrade import (
    artifacts,
    bayer,
    blur,
    camera_blur,
    chroma,
    compression,
    defocus,
    dither,
    film,
    jpeg,
    levels,
    light,
    noise,
    photon_noise,
    resampling,
    sensor,
    video,
    weather,
)
from degrade.operator import OPERATORS

FAMILIES = (
    resampling, blur, camera_blur, defocus, noise, photon_noise, film, compression, jpeg, video,
    sensor, bayer, light, weather, artifacts, chroma, dither, levels,
)  # fmt: skip

__all__ = ["FAMILIES", "OPERATORS"]
