"""One file per kind of build, and the table of them."""

from builders.kinds.degrade import DEGRADE
from builders.kinds.exposure import EXPOSURE
from builders.kinds.imported import IMPORTED
from builders.kinds.lowlight import LOWLIGHT
from builders.kinds.noise import NOISE
from builders.kinds.pyramid import PYRAMID
from builders.kinds.rawsr import RAWSR
from builders.kinds.scene import Kind

KINDS: dict[str, Kind] = {
    "exposure": EXPOSURE,
    "pyramid": PYRAMID,
    "degrade": DEGRADE,
    "import": IMPORTED,
    "noise": NOISE,
    "lowlight": LOWLIGHT,
    "rawsr": RAWSR,
}
