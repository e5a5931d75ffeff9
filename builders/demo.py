"""The demo RAWs: DNG files made by code from photographs that scikit-image's wheel carries.

Each crop of a photograph is unprocessed in the sense of Brooks et al., "Unprocessing Images for
Learned Raw Denoising", CVPR 2019: sRGB curve undone, colour matrix undone, white balance and
exposure undone with their safe inverse gain, mosaic, shot and read noise, quantisation. Their
inverse tone curve is left out: at EV 0 the render then shows the photograph's own contrast.

Nothing is downloaded, and every file has the same bytes each time: the noise is a function of the
file's name.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from builders.atomic import whole_file, write_whole
from builders.dng import DngColor, DngShot, cfa_tile, write_dng
from builders.sources import SourceNote
from degrade.color import SRGB_TO_XYZ, srgb_decode
from degrade.draws import draw_u32
from degrade.images import Picture, read_picture


@dataclass(frozen=True)
class Photograph:
    """A photograph in scikit-image's data folder, and its terms as `skimage.data` states them."""

    file: str
    licence: str
    attribution: str
    source: str


@dataclass(frozen=True)
class DemoScene:
    """One demo RAW: which part of which photograph, and how the demo camera takes it.

    crop: (top, left, height, width) in pixels of the photograph. iso: sets the noise. Scenes of
    one photograph share its name as their group, which a split keeps together.
    """

    photograph: str
    crop: tuple[int, int, int, int]
    pattern: str
    iso: int


PHOTOGRAPHS: dict[str, Photograph] = {
    "astronaut": Photograph(
        "astronaut.png",
        "public domain",
        "NASA: Eileen Collins",
        "scikit-image, skimage.data.astronaut; NASA Great Images, https://flic.kr/p/r9qvLn",
    ),
    "chelsea": Photograph(
        "chelsea.png",
        "CC0-1.0",
        "Stefan van der Walt: Chelsea the cat",
        "scikit-image, skimage.data.chelsea",
    ),
    "coffee": Photograph(
        "coffee.png",
        "CC0-1.0",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "scikit-image, skimage.data.coffee",
    ),
    "rocket": Photograph(
        "rocket.jpg",
        "public domain",
        "SpaceX: launch of DSCOVR on Falcon 9",
        "scikit-image, skimage.data.rocket; https://www.flickr.com/photos/spacexphotos/16511594820",
    ),
}

DEMO_SCENES: dict[str, DemoScene] = {
    "astronaut-a": DemoScene("astronaut", (0, 0, 512, 256), "RGGB", 400),
    "astronaut-b": DemoScene("astronaut", (0, 256, 512, 256), "GBRG", 800),
    "chelsea-a": DemoScene("chelsea", (0, 0, 300, 450), "BGGR", 1600),
    "coffee-a": DemoScene("coffee", (0, 0, 400, 300), "GRBG", 200),
    "coffee-b": DemoScene("coffee", (0, 300, 400, 300), "RGGB", 800),
    "rocket-a": DemoScene("rocket", (0, 0, 426, 320), "GBRG", 200),
    "rocket-b": DemoScene("rocket", (0, 320, 426, 320), "BGGR", 400),
}

# XYZ (D65) -> camera RGB of the Canon EOS 5D, the camera of most FiveK pictures: Adobe's
# ColorMatrix2 for it, as LibRaw's table lists it (src/tables/colordata.cpp).
MATRIX = ((0.6347, -0.0479, -0.0972), (-0.8297, 1.5954, 0.2480), (-0.1968, 0.2131, 0.7649))

# Noise of a Canon EOS 5D Mark IV, calibrated by Wei et al., "A Physics-Based Noise Formation Model
# for Extreme Low-Light Raw Denoising", CVPR 2020: gain K at ISO 100 in 14-bit numbers an electron,
# proportional to ISO; ln of the read noise's deviation = slope ln K + bias (their Gaussian model).
_GAIN_ISO_100 = 0.218
_READ_SLOPE, _READ_BIAS = 0.6771, 1.5122

BLACK, WHITE = 512, 16383  # 14 bits; the pedestal keeps the noise of the shadows on both sides of 0
# Brooks et al. take the exposure back by a gain of 1 / N(0.8, 0.1); its mean, and their inflection.
EXPOSURE, INFLECTION = 0.8, 0.9


def make_demo(folder: Path) -> list[Path]:
    """Writes the demo's DNG files and `sources.json` into `folder`; returns the DNGs' paths.

    A file that is there already is left alone; each is written beside and renamed, sources.json
    last, so a kill leaves no half of one. Errors: FileNotFoundError when scikit-image's
    photographs are not installed.
    """
    paths = {name: folder / f"{name}.dng" for name in DEMO_SCENES}
    for name, path in paths.items():
        if path.is_file():
            continue
        with whole_file(path) as temporary:
            _write(temporary, name=name)
    notes = folder / "sources.json"
    if not notes.is_file():
        write_whole(notes, msgspec.json.format(msgspec.json.encode(_notes()), indent=2) + b"\n")
    return list(paths.values())


def _notes() -> dict[str, SourceNote]:
    """sources.json: licence, attribution, source and group of each file."""
    notes: dict[str, SourceNote] = {}
    for name, scene in DEMO_SCENES.items():
        taken = PHOTOGRAPHS[scene.photograph]
        notes[f"{name}.dng"] = SourceNote(
            licence=taken.licence,
            attribution=taken.attribution,
            source=taken.source,
            group=scene.photograph,
        )
    return notes


def _write(path: Path, *, name: str) -> None:
    scene = DEMO_SCENES[name]
    top, left, height, width = scene.crop
    picture = read_picture(photograph_path(PHOTOGRAPHS[scene.photograph].file))
    picture = picture[top : top + height, left : left + width]
    signal = unprocess(picture)
    shot, read = camera_noise(scene.iso)
    mosaic = expose(
        take_mosaic(signal, pattern=scene.pattern),
        shot=shot,
        read=read,
        seed=draw_u32("demo", name),
    )
    red, green, blue = daylight_gains()
    write_dng(
        path,
        mosaic,
        color=DngColor(
            pattern=scene.pattern,
            black=float(BLACK),
            white=WHITE,
            white_balance=(red, green, blue),
            matrix=MATRIX,
        ),
        shot=DngShot(camera="pairsmith demo", iso=scene.iso),
    )


def photograph_path(file: str) -> Path:
    """Where scikit-image keeps a photograph; FileNotFoundError where it is not installed."""
    # The folder is found without importing the package, which would load SciPy.
    found = importlib.util.find_spec("skimage")
    path = Path((found.origin if found else None) or "skimage").parent / "data" / file
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: the demo's photographs come with scikit-image's wheel and this one is not "
            "there; reinstall it (pip install --force-reinstall scikit-image) or give your own "
            "folder with --raw or --gt"
        )
    return path


def daylight_gains() -> tuple[float, float, float]:
    """White balance gains of the demo camera in daylight (D65): green 1, from MATRIX alone."""
    red, green, blue = (np.asarray(MATRIX) @ SRGB_TO_XYZ).sum(axis=1)
    return float(green / red), 1.0, float(green / blue)


def unprocess(picture: Picture) -> NDArray[np.float64]:
    """sRGB [h,w,3] -> the light on the sensor: linear camera RGB [h,w,3], 0 black, 1 saturation.

    sRGB curve undone (IEC 61966-2-1); linear sRGB to camera RGB by the row-normalised matrix, so
    that white stays (1, 1, 1); exposure undone; divided by the white balance. Above 1 nothing is
    cut: the sensor does that, after the noise (`expose`), or a blown site would not be at white.

    Exposure is a factor of EXPOSURE up to a pixel mean m of t = INFLECTION, from where it rises
    with ((m - t) / (1 - t))^2 to the greatest gain at m = 1. That is the shape of Brooks et al.'s
    safe inverse gain, but one factor for all three channels instead of one each: what was blown in
    the photograph saturates every channel, and what nearly was keeps its colour and lies above
    the green channel's white, as headroom for the darker exposures.
    """
    gains = np.array(daylight_gains())
    to_camera = np.asarray(MATRIX) @ SRGB_TO_XYZ
    to_camera /= to_camera.sum(axis=1, keepdims=True)
    top = np.iinfo(picture.dtype).max
    camera = np.clip(srgb_decode(picture / top) @ to_camera.T, 0.0, 1.0)
    mean = camera.mean(axis=2, keepdims=True)
    blown = (np.maximum(mean - INFLECTION, 0.0) / (1.0 - INFLECTION)) ** 2
    factor = EXPOSURE + blown * (gains.max() - EXPOSURE)
    return camera * factor / gains


def camera_noise(iso: int) -> tuple[float, float]:
    """(shot, read): variance = shot * x + read at a signal x of 0 (black) to 1 (white)."""
    gain = _GAIN_ISO_100 * iso / 100.0
    deviation = math.exp(_READ_SLOPE * math.log(gain) + _READ_BIAS)
    return gain / (WHITE - BLACK), (deviation / (WHITE - BLACK)) ** 2


def take_mosaic(signal: NDArray[np.float64], *, pattern: str) -> NDArray[np.float64]:
    """[h,w,3] -> [h,w]: at each site the channel that the CFA tile names, from the top left."""
    height, width = signal.shape[:2]
    tile = cfa_tile(pattern)
    repeats = (-(-height // tile.shape[0]), -(-width // tile.shape[1]))
    channels = np.tile(tile, repeats)[:height, :width].astype(np.intp)
    return np.take_along_axis(signal, channels[:, :, None], axis=2)[:, :, 0]


def expose(
    mosaic: NDArray[np.float64], *, shot: float, read: float, seed: int
) -> NDArray[np.uint16]:
    """Light -> noisy 14-bit numbers: N(x, shot x + read), scaled to BLACK..WHITE, rounded.

    The noise goes in before clipping, below black too; only 0 and WHITE cut the numbers. It comes
    from the Philox 4x64-10 counter (Salmon et al. 2011), whose stream NumPy keeps the same between
    versions, by Box-Muller's transform in float64.
    """
    count = mosaic.size + mosaic.size % 2
    raw = np.random.Philox(key=seed).random_raw(count).reshape(2, -1)
    # The upper 53 bits, in the middle of their step: never 0, so the logarithm is finite.
    unit = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    radius, angle = np.sqrt(-2.0 * np.log(unit[0])), 2.0 * math.pi * unit[1]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    noise = normal[: mosaic.size].reshape(mosaic.shape) * np.sqrt(shot * mosaic + read)
    numbers = np.floor(BLACK + (mosaic + noise) * (WHITE - BLACK) + 0.5)
    return np.clip(numbers, 0, WHITE).astype(np.uint16)
