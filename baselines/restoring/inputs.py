"""Which files are restored, and where each result goes: all of it known before any is read."""

from __future__ import annotations

import glob
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.restoring.options import FORMATS, RestoreOptions
from baselines.restoring.video import VIDEO_SUFFIXES, is_video, result_suffix
from builders.demo_pictures import make_demo_pictures
from builders.sources import RAW_SUFFIXES, list_files
from degrade.option_error import OptionError
from degrade.reading.clean import PICTURE_SUFFIXES

# Endings that other programs use too: such files are camera files only where they are named.
_DOUBTFUL = {".bin", ".cap", ".raw", ".sti", ".bay"}
DEMO_FOLDER = Path("datasets/demo-pictures")
_LISTED = PICTURE_SUFFIXES | (RAW_SUFFIXES - _DOUBTFUL) | VIDEO_SUFFIXES


@dataclass(frozen=True, kw_only=True)
class Job:
    """source: the file. name: of the result below the folder of results, '/'-separated, by which
    it is told of. target: where the result goes. own_suffix: whether the source's suffix stands in
    the name (IMG_1.cr2.png), as another result would have had the same one."""

    source: Path
    name: str
    target: Path
    own_suffix: bool = False


def find_jobs(texts: Sequence[str], *, out: Path, options: RestoreOptions) -> list[Job]:
    """What the inputs stand for, sorted within each.

    texts: 'demo' where nothing has that name: photographs that come with the installation, put into
    DEMO_FOLDER; pictures, videos and camera files; folders, with all below them that is one by its
    suffix, whose tree is kept; and patterns (* ? [] **), whose tree is kept below their part
    without such signs. What lies below `out` is left out of folders and patterns. Results that
    would have one name keep the suffixes of their sources in it. Raises FileNotFoundError for what
    is not there, OptionError where `out` is no folder and where an input would be written over,
    ValueError where two inputs would become one file even so, and where nothing is found.
    """
    _check_folder(out)
    here = out.resolve()
    found: dict[tuple[Path, str], tuple[Path, str]] = {}  # a file given twice is one
    for text in texts:
        if text == "demo" and not Path(text).exists():
            make_demo_pictures(DEMO_FOLDER)
            text = str(DEMO_FOLDER)
        some = [
            (source, name)
            for source, name in _expand(text)
            if Path(text) == source or not source.resolve().is_relative_to(here)
        ]
        if not some:
            raise ValueError(
                f"{text}: no picture, camera file or video in it"
                + (" outside of --out" if Path(text).is_dir() else "")
            )
        for source, name in some:
            plain = _result(source, name, own_suffix=False, options=options)
            found.setdefault((source.resolve(), plain), (source, name))
    jobs = _named(list(found.values()), out=out, options=options)
    _check_inputs_stay(jobs)
    return jobs[: options.limit]


def _check_folder(out: Path) -> None:
    for path in (out, *out.parents):
        if path.exists():
            if not path.is_dir():
                raise OptionError(
                    f"--out {out}: {'' if path == out else f'{path} '}is a file; give a folder, "
                    "which is made where it is not there"
                )
            return


def _result(source: Path, name: str, *, own_suffix: bool, options: RestoreOptions) -> str:
    """The result's name, of an input's."""
    own = Path(name).suffix
    suffix = result_suffix(source) if is_video(source) else FORMATS[options.format]
    kept = own.lower() if own_suffix else ""
    return f"{name.removesuffix(own)}{kept}{options.suffix}{suffix}"


def _named(inputs: Sequence[tuple[Path, str]], *, out: Path, options: RestoreOptions) -> list[Job]:
    """Every input with a name of its own. Raises ValueError where suffixes do not give one."""
    kept: set[int] = set()  # those whose suffix stands in the name
    while True:
        names = [
            _result(source, name, own_suffix=place in kept, options=options)
            for place, (source, name) in enumerate(inputs)
        ]
        places: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            places[name].append(place)
        alike = [some for some in places.values() if len(some) > 1]
        new = {place for some in alike for place in some} - kept
        if not new:
            break
        kept |= new  # such a name may be that of a third: look again
    if alike:
        _refuse([[inputs[place][0] for place in some] for some in alike])
    return [
        Job(source=source, name=name, target=out / name, own_suffix=place in kept)
        for place, ((source, _), name) in enumerate(zip(inputs, names, strict=True))
    ]


def _refuse(alike: Sequence[Sequence[Path]]) -> None:
    said = "; ".join(" and ".join(map(str, some)) for some in alike[:3])
    more = f"; and {len(alike) - 3} more" if len(alike) > 3 else ""
    many = f"{len(alike)} results" if len(alike) > 1 else "one result"
    raise ValueError(
        f"several inputs would be written to {many} of the same name: {said}{more}. Restore them "
        "in several runs, each into a folder of its own"
    )


def _check_inputs_stay(jobs: Iterable[Job]) -> None:
    sources = {job.source.resolve() for job in jobs}
    for job in jobs:
        if job.target.resolve() in sources:
            raise OptionError(
                f"--out {job.target.parent}: {job.target} is an input, and inputs are never "
                "written over: another --out, or --suffix _restored"
            )


def _expand(text: str) -> list[tuple[Path, str]]:
    """(file, its name with the tree that is kept) of one input."""
    path = Path(text).expanduser()
    if path.is_dir():
        return _below(path)
    if path.is_file():
        return [(Path(text) if text == str(path) else path, path.name)]
    if glob.has_magic(text):
        return _matching(str(path))
    raise FileNotFoundError(f"{text}: no such file or folder")


def _below(folder: Path) -> list[tuple[Path, str]]:
    files, _ = list_files(folder, suffixes=frozenset(_LISTED))
    return [(folder / name, name) for name, _ in files]


def _matching(pattern: str) -> list[tuple[Path, str]]:
    parts = Path(pattern).parts
    plain = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:plain])
    found = []
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 it has a fixed part
        path = Path(match)
        if path.is_file() and path.suffix.lower() in _LISTED:
            found.append((path, path.relative_to(base).as_posix()))
    if not found:
        raise FileNotFoundError(f"{pattern}: no picture, camera file or video has such a name")
    return found
