"""All operators, one file for each family; importing them fills the table."""

from degrade.operator import OPERATORS
from degrade.operators import (
    artifacts,
    bayer,
    blur,
    camera_blur,
    chroma,
    compression,
    defocus,
    dither,
    film,
    jpeg_simulated,
    levels,
    light,
    noise,
    photon_noise,
    resampling,
    sensor,
    video,
    weather,
)

FAMILIES = (
    resampling, blur, camera_blur, defocus, noise, photon_noise, film, compression, jpeg_simulated,
    video, sensor, bayer, light, weather, artifacts, chroma, dither, levels,
)  # fmt: skip

__all__ = ["FAMILIES", "OPERATORS"]
