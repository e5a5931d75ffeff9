"""The sources of a build: which files a folder holds, and the scene's name in each.

Listing reads no file, so 50,000 of them take seconds. A folder may carry `sources.json`, which
says for each file (by its path in the folder) its licence, attribution, source and group:
    {"a/b.dng": {"licence": "CC0-1.0", "attribution": "...", "source": "...", "group": "a"}}
Files of one group are views of one thing and never fall into different splits.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from degrade.option_error import OptionError

# The file name extensions LibRaw 0.22 lists cameras for; a file with another is not a source.
RAW_SUFFIXES = frozenset(
    ".3fr .ari .arw .bay .bin .cap .cr2 .cr3 .crw .dcr .dcs .dng .drf .eip .erf .fff .gpr .iiq "
    ".k25 .kdc .mdc .mef .mos .mrw .nef .nrw .orf .pef .ptx .pxn .r3d .raf .raw .rw2 .rwl .rwz "
    ".sr2 .srf .srw .sti .x3f".split()
)


class SourceNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `sources.json` says of one file."""

    licence: str = ""
    attribution: str = ""
    source: str = ""
    group: str = ""


@dataclass(frozen=True)
class Root:
    """One folder given on the command line, with its weight for whoever samples from it later."""

    folder: Path
    weight: float = 1.0


@dataclass(frozen=True)
class Source:
    """One file: index of its root, path relative to it ('/'-separated), size in bytes and note."""

    root: int
    path: str
    size: int
    note: SourceNote


def parse_root(text: str, *, option: str = "--raw") -> Root:
    """'DIR' or 'DIR:2' (weight > 0). A folder whose own name ends in ':2' is taken as it is.

    Raises ValueError, opening with the command line's `option`, for another weight.
    """
    folder, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return Root(Path(text))
    try:
        value = float(weight)
    except ValueError:
        return Root(Path(text))
    if not 0 < value < float("inf"):
        raise OptionError(f"{option} {text}: the weight is {weight}, it must be above 0 and finite")
    return Root(Path(folder), value)


def list_files(folder: Path, *, suffixes: frozenset[str]) -> tuple[list[tuple[str, int]], Counter]:
    """(path, size) of every file below `folder` with one of the suffixes, sorted by path.

    Links are followed, each real folder once, so a loop of links ends. Hidden names are left
    out. The second value counts the other files by suffix. Raises FileNotFoundError,
    NotADirectoryError or PermissionError that name the folder.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: a file; give the folder that holds it")
    found: list[tuple[str, int]] = []
    others: Counter = Counter()
    seen: set[tuple[int, int]] = set()

    def stop(error: OSError) -> None:
        raise PermissionError(f"{error.filename}: this folder cannot be listed ({error.strerror})")

    for parent, folders, names in os.walk(folder, followlinks=True, onerror=stop):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            suffix = path.suffix.lower()
            there = path.is_file()
            if name.startswith(".") or not (there or (path.is_symlink() and not path.exists())):
                continue
            if suffix in suffixes:  # a link to nothing is listed too: it becomes a counted drop
                found.append((_name_in(folder, path), path.stat().st_size if there else 0))
            else:
                others[suffix or "no suffix"] += 1
    return sorted(found), others


def _name_in(folder: Path, path: Path) -> str:
    """The path below the folder, '/'-separated, as it goes into records: it must be UTF-8."""
    name = path.relative_to(folder).as_posix()
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{folder}: the name {name!a} is not UTF-8; rename the file"
            ) from error
    return name


def list_sources(roots: Sequence[Root], *, suffixes: frozenset[str], what: str) -> list[Source]:
    """Every source below the roots, in the order of roots and paths.

    Raises FileNotFoundError if a root holds none, saying what it does hold.
    """
    found: list[Source] = []
    for index, root in enumerate(roots):
        files, others = list_files(root.folder, suffixes=suffixes)
        if not files:
            held = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(5))
            raise FileNotFoundError(
                f"{root.folder}: no {what} in it or below it; it holds {held or 'no file at all'}. "
                f"Looked for {' '.join(sorted(suffixes))}"
            )
        notes = read_notes(root.folder)
        found += [Source(index, path, size, notes.get(path, SourceNote())) for path, size in files]
    return found


def read_notes(folder: Path) -> dict[str, SourceNote]:
    """The folder's `sources.json`, {} without one. Raises ValueError if it is not of that form."""
    path = folder / "sources.json"
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, SourceNote])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: {error}; it maps file names to licence, attribution, source, group"
        ) from error


def unique_scenes(files: Sequence[tuple[int, str]], *, taken: Iterable[str] = ()) -> list[str]:
    """A scene name for each (root, path): the stem, and where stems repeat, more of the path.

    Tried in turn until all differ from each other and from `taken`: stem; folders and stem joined
    by '-'; the same with the suffix; the same with the root's number; the stem and eight digits of
    the sha256 of root and path ("a/b.dng" and "a-b.dng" need them). Case does not tell two names
    apart (it would not on macOS and Windows). Raises ValueError where a file is given twice.
    """
    parts = [(root, PurePosixPath(path)) for root, path in files]
    rules = (
        [path.stem for _, path in parts],
        ["-".join([*path.parts[:-1], path.stem]) for _, path in parts],
        ["-".join([*path.parts[:-1], path.name.replace(".", "-")]) for _, path in parts],
        ["-".join([*path.parts[:-1], path.name.replace(".", "-"), f"{r}"]) for r, path in parts],
        [f"{path.stem}-{_digits(root, path)}" for root, path in parts],
    )
    held = {name.lower() for name in taken}
    names = list(rules[0])
    for rule in rules[1:]:
        unclear = _repeated(names) | held
        names = [
            longer if name.lower() in unclear else name
            for name, longer in zip(names, rule, strict=True)
        ]
    if again := _repeated(names) | (held & {name.lower() for name in names}):
        raise ValueError(
            f"two sources cannot be told apart: {', '.join(sorted(again))}; rename one"
        )
    return names


def _digits(root: int, path: PurePosixPath) -> str:
    return hashlib.sha256(f"{root}/{path}".encode()).hexdigest()[:8]


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(name.lower() for name in names).items() if count > 1}
