"""One file per kind of build, and the table of them."""

from builders.kinds.exposure import EXPOSURE
from builders.kinds.scene import Kind

KINDS: dict[str, Kind] = {"exposure": EXPOSURE}
