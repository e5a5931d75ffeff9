"""The verb leaks, and what its two arguments may name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import Meter, err, out, user_errors

if TYPE_CHECKING:
    from evaluation.leaks.search import Leaks, Listed, Prints

    # Turns what a user named into its pictures.
    ListPictures = Callable[[str], list[Listed]]

SIDES = ("gt", "lq", "both")
SHOWN = 40  # lines on the terminal; the files of --out hold all
Opt = typer.Option


def leaks(
    a: Annotated[
        str,
        typer.Argument(
            help="Folder of pictures, dataset[:split], or benchmark.", show_default=False
        ),
    ],
    b: Annotated[str, typer.Argument(help="The other one.", show_default="A: look within it")] = "",
    root: Annotated[
        list[Path] | None, Opt(help="Where benchmarks lie, besides $PAIRSMITH_SETS.")
    ] = None,
    side: Annotated[str, Opt(help="Of a dataset's pairs: gt, lq or both.")] = "gt",
    out_path: Annotated[
        Path | None, Opt("--out", help="Folder: write leaks.csv, leaks.json and sheets.")
    ] = None,
) -> None:
    """Find pictures of A that show the content of pictures of B: copies, crops, other exposures.

    Exit code 0: none found; 1: leaks were found, or the search failed (an 'error:' line); 2: a
    wrong option.
    Example: pairsmith leaks datasets/mine:train datasets/mine:test --out leaks
    """
    with user_errors():
        from degrade.option_error import OptionError, nearest

        if side not in SIDES:
            raise OptionError(f"--side {side}: one of {', '.join(SIDES)}{nearest(side, SIDES)}")
        if out_path is not None and out_path.exists() and not out_path.is_dir():
            raise OptionError(f"--out {out_path}: a file, not a folder")
        found = search(
            a,
            b,
            list_pictures=lambda text: list_pictures(text, side=side, roots=root or []),
            to=out_path,
        )
        if found.found:
            raise typer.Exit(1)


def search(a: str, b: str, *, list_pictures: ListPictures, to: Path | None = None) -> Leaks:
    """The leaks between what A and B name (B '' or A's own text: within A), said on the terminal.

    list_pictures: called with A and with B; whoever has other names for sets than folders and
    datasets hands in one that knows them. to: the folder of the report, None for none.
    Raises ValueError where not one picture of A or of B could be read.
    """
    from evaluation.leaks.search import find_leaks
    from evaluation.leaks.sheet import write_report

    within = b in ("", a)
    first = list_pictures(a)
    second = None if within else list_pictures(b)
    prints_a = _take(a, first)
    prints_b = None if second is None else _take(b, second)
    with Meter("compare", "pictures") as meter:
        found = find_leaks(prints_a, prints_b, report=meter.show)
    for line in found.bad:
        err.print(f"left out: {line}")
    for leak in found.found[:SHOWN]:
        out.print(f"{leak.relation}  {leak.score:.2f}  {leak.a}  {leak.b}")
    if len(found.found) > SHOWN:
        rest = "all are in leaks.csv" if to else "--out FOLDER writes all"
        out.print(f"... and {len(found.found) - SHOWN} more: {rest}")
    if to is not None:
        files = write_report(found, out=to, a=first, b=second)
        out.print(f"{to}: {', '.join(path.name for path in files)}")
    out.print(_summary(found, a=a, b="" if within else b))
    return found


def _take(name: str, items: list[Listed]) -> Prints:
    from evaluation.leaks.search import take_prints

    with Meter(f"read {name}", "pictures") as meter:
        prints = take_prints(items, report=meter.show)
    if not prints.prints:
        why = f", the first: {prints.bad[0]}" if prints.bad else ""
        raise ValueError(f"{name}: not one of {len(items)} pictures could be read{why}")
    return prints


def _summary(found: Leaks, *, a: str, b: str) -> str:
    where = f"within {a}" if not b else f"between {a} and {b}"
    counts = f"{found.pictures_a}" + (f" x {found.pictures_b}" if b else "") + " pictures"
    notes = [f"{len(found.bad)} could not be read"] if found.bad else []
    if found.flat:
        notes.append(f"{found.flat} are flat and were compared by their pixels alone")
    pairs = "pair" if len(found.found) == 1 else "pairs"
    tail = f"; {'; '.join(notes)}" if notes else ""
    return f"{len(found.found)} leaking {pairs} {where} ({counts}{tail})"


def list_pictures(text: str, *, side: str = "gt", roots: Sequence[Path] = ()) -> list[Listed]:
    """The pictures of 'FOLDER' (any depth), of a built dataset 'FOLDER' or 'FOLDER:SPLIT', or the
    targets of a benchmark that is found below one of `roots`.

    side: which pictures of a dataset's pairs; a gt that several pairs share counts once.
    Raises FileNotFoundError where there is nothing of the kind, ValueError for an unknown split.
    """
    from builders.manifest import MANIFEST
    from evaluation.benchmarks.table import BENCHMARKS

    if text in BENCHMARKS:  # first, as --set has it
        return _list_benchmark(text, roots=roots)
    folder, colon, split = text.rpartition(":")
    if not Path(text).exists() and colon and Path(folder).is_dir():
        return _list_dataset(Path(folder), split=split, side=side)
    if (Path(text) / MANIFEST).is_file():
        return _list_dataset(Path(text), split=None, side=side)
    return _list_folder(Path(text))


def _list_benchmark(name: str, *, roots: Sequence[Path]) -> list[Listed]:
    """The targets of a benchmark as it is on disk; inputs, where it has no targets."""
    from degrade.reading.clean import read_clean
    from evaluation.benchmarks.table import BENCHMARKS
    from evaluation.leaks.search import Listed
    from evaluation.sets.find import find_set
    from evaluation.sets.places import sets_roots

    found = find_set(BENCHMARKS[name], roots=sets_roots(roots))
    files = {
        path: (" ".join(part for part in (entry.scene, reference) if part), entry.scene)
        for entry in found.entries
        for reference, path in (entry.targets or {"": entry.lqs[0]}).items()
    }
    if not files:
        raise ValueError(f"{name}: its pictures are no files of their own; give a folder of them")
    return [
        Listed(
            name=name,
            read=lambda path=path: read_clean(path),
            data=lambda path=path: path.read_bytes(),
            group=scene,
        )
        for path, (name, scene) in files.items()
    ]


def _list_folder(folder: Path) -> list[Listed]:
    from builders.sources import Root, list_sources
    from degrade.reading.clean import PICTURE_SUFFIXES, read_clean
    from evaluation.leaks.search import Listed

    sources = list_sources([Root(folder)], suffixes=PICTURE_SUFFIXES, what="picture")
    listed = []
    for source in sources:
        path = folder / source.path
        listed.append(
            Listed(
                name=source.path,
                read=lambda path=path: read_clean(path),
                data=lambda path=path: path.read_bytes(),
            )
        )
    return listed


def _list_dataset(folder: Path, *, split: str | None, side: str) -> list[Listed]:
    """Names are 'scene/variant lq' and 'scene/gt'; views of one scene are of one group, in which
    likeness is what the dataset is made of."""
    from builders.pairs import open_pairs
    from evaluation.leaks.search import Listed

    pairs = open_pairs(folder, split=split)
    listed: list[Listed] = []
    targets: set[tuple[str, str]] = set()
    for index in range(len(pairs)):
        row = pairs.row(index)
        if side != "lq" and (row.scene, row.gt_name) not in targets:
            targets.add((row.scene, row.gt_name))
            listed.append(
                Listed(
                    name=f"{row.scene}/{row.gt_name}",
                    read=lambda index=index: pairs.row(index).gt.picture(),
                    data=lambda index=index: pairs.row(index).gt.data,
                    group=row.scene,
                )
            )
        if side != "gt":
            listed.append(
                Listed(
                    name=f"{row.key} lq",
                    read=lambda index=index: pairs.row(index).lq.picture(),
                    data=lambda index=index: pairs.row(index).lq.data,
                    group=row.scene,
                )
            )
    return listed
