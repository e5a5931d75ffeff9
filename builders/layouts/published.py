"""The table of layouts, by the names that `--layout` takes."""

from __future__ import annotations

from builders.layouts import deblur, lowlight
from builders.layouts.denoise import SIDD
from builders.layouts.derain import RAIN13K
from builders.layouts.exposure import MSEC
from builders.layouts.layout import Layout
from builders.layouts.plain import folders, unpaired
from builders.layouts.sr import DIV2K

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        SIDD, deblur.GOPRO, deblur.HIDE, deblur.REALBLUR_J, deblur.REALBLUR_R, deblur.DPDD,
        deblur.DPDD_DUAL, RAIN13K, lowlight.LOL_V1, lowlight.LOL_V2_REAL, lowlight.LOL_V2_SYN,
        lowlight.LSRW, MSEC, DIV2K, unpaired(), folders(),
    )
}  # fmt: skip
