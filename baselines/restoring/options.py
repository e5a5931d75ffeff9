"""What is asked of a restoring run besides its model."""

from __future__ import annotations

from dataclasses import dataclass

from degrade.option_error import OptionError, nearest

# --format -> the suffix of what is written.
FORMATS = {"png": ".png", "jpg": ".jpg", "tiff": ".tiff", "webp": ".webp"}
# Other formats of pictures: nobody who writes one means the nearest of ours.
_OTHERS = frozenset("gif bmp jp2 ppm pgm pnm pbm avif heic heif jxl exr hdr svg pdf".split())
LEAST_SIDE = 16  # of --max-side: below it nothing of a picture is left


@dataclass(frozen=True, kw_only=True)
class RestoreOptions:
    """A wrong value raises `OptionError`.

    format: key of FORMATS, of pictures; videos keep their container where it can. suffix: put
    behind each name ('_x4'). max_side: longer inputs are first reduced to it, None for as they
    are. limit: the first so many inputs only. overwrite: begins again in a folder of another model
    or other settings, and writes over files that no earlier run made.
    """

    format: str = "png"
    suffix: str = ""
    max_side: int | None = None
    limit: int | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            hint = "" if self.format.lower() in _OTHERS else nearest(self.format, FORMATS)
            raise OptionError(f"--format {self.format}: one of {', '.join(FORMATS)}{hint}")
        if self.max_side is not None and self.max_side < LEAST_SIDE:
            raise OptionError(f"--max-side {self.max_side}: {LEAST_SIDE} or more pixels")
        if self.limit is not None and self.limit < 1:
            raise OptionError(f"--limit {self.limit}: 1 or more")
        if set(self.suffix) & set('/\\:*?"<>|\0'):
            raise OptionError(f"--suffix {self.suffix}: letters, digits, '-', '_' and '.'")
