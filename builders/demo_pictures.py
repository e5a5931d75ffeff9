"""The demo's clean pictures: the photographs that scikit-image's wheel carries, as they are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from builders.atomic import write_whole
from builders.demo import PHOTOGRAPHS, photograph_path
from builders.sources import SourceNote


def make_demo_pictures(folder: Path) -> list[Path]:
    """Copies the photographs and writes `sources.json` into `folder`; returns the pictures' paths.

    What is there already is left alone; each file is written beside and renamed. Errors:
    FileNotFoundError when scikit-image's photographs are not installed.
    """
    paths = []
    for photograph in PHOTOGRAPHS.values():
        path = folder / photograph.file
        if not path.is_file():
            write_whole(path, photograph_path(photograph.file).read_bytes())
        paths.append(path)
    notes = {
        taken.file: SourceNote(
            licence=taken.licence, attribution=taken.attribution, source=taken.source
        )
        for taken in PHOTOGRAPHS.values()
    }
    if not (folder / "sources.json").is_file():
        data = msgspec.json.format(msgspec.json.encode(notes), indent=2) + b"\n"
        write_whole(folder / "sources.json", data)
    return paths
