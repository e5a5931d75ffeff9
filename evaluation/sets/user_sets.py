"""Sets of one's own: a folder, a dataset that was built here, or a literal in a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import field

from builders.layouts.layout import Branch, Layout
from builders.layouts.pairing import pair_files
from builders.layouts.plain import folders
from builders.manifest import load_manifest
from builders.pairs import Pairs, open_pairs
from builders.sources import list_files
from degrade.reading.clean import PICTURE_SUFFIXES
from evaluation.benchmark import Benchmark
from evaluation.inputs import Bicubic, GaussianNoise, Inputs, LumaBicubic, Stored
from evaluation.pictures import Case, Shown, contents_digest, to_unit
from evaluation.protocol import Protocol, digest_of
from evaluation.sets.find import Found, find_in, natural
from evaluation.sets.places import Place
from evaluation.sets.reading import read_header

_ALONE = Layout(
    name="pictures", citation="", forms=((Branch("test", "{name:.+}", "", "lq"),),), anchored=True
)
_OWN = "a set of your own"
VARIANTS = 12  # more are no groups to read: copies, noise levels drawn at random
Kind = TypeVar("Kind", bound=Inputs | Protocol)


def own_dataset(folder: Path, *, split: str) -> tuple[Benchmark, Found]:
    """A dataset built by `build-dataset`: its test split, or the one that is named.

    split: 'test', or 'test/x4' for one variant of it. Scale and depth are those of the first pair;
    16 bits are scored unrounded. Raises ValueError where it has no such split or variant, naming
    those it has, and where its pairs have several scales.
    """
    splits = load_manifest(folder).splits
    split, _, wanted = split.partition("/")
    name = split or ("test" if "test" in splits else "val")
    if name not in splits:
        held = ", ".join(f"{key} ({rows})" for key, rows in splits.items()) or "none"
        asked = f"no split {split!r}" if split else "no split 'test' or 'val'"
        raise ValueError(f"{folder}: {asked}; it has {held}: --set {folder}:SPLIT")
    pairs = open_pairs(folder, split=name)
    keys = list(enumerate(pairs.keys()))
    by_variant = {key.rpartition("/")[2]: index for index, key in reversed(keys)}
    if wanted and wanted not in by_variant:
        raise ValueError(f"{folder}: no variant {wanted!r} in {name}; it has {_few(by_variant)}")
    keys = [(index, key) for index, key in keys if wanted in ("", key.rpartition("/")[2])]
    _check_one_scale(pairs, {} if wanted else by_variant, where=f"{folder}:{name}")
    first = pairs[keys[0][0]]
    scale = first.gt.shape[0] // first.lq.shape[0]
    bits = 16 if first.gt.dtype == np.uint16 else 8

    def reader(index: int) -> Callable[[], Shown]:
        def show() -> Shown:
            pair = pairs[index]
            return Shown(to_unit(pair.lq), {"": pair.gt})

        return show

    files = tuple(str(folder / file) for file in pairs.files())
    cases = [
        Case(name=key, show=reader(index), groups=(key.rpartition("/")[2],), files=files)
        for index, key in keys
    ]
    variants = sorted({case.groups[0] for case in cases}, key=natural)
    groups = {v: (v,) for v in variants} if 1 < len(variants) <= VARIANTS else {}
    inputs = Stored(bits=bits, scale=scale)
    title = "-".join(part for part in (folder.resolve().name, name, wanted) if part)
    made = _benchmark(title, inputs, count=len(cases))
    found = Found(folder, cases)
    return _with_contents(replace(made, groups=groups), found), found


def _check_one_scale(pairs: Pairs, by_variant: Mapping[str, int], *, where: str) -> None:
    """Raises ValueError where variants are of several scales, by the first pair of each; a dataset
    of many variants (copies) is of one recipe, and its first few are looked at."""
    scales = {}
    for variant, index in sorted(by_variant.items())[:VARIANTS]:
        pair = pairs[index]
        scales[variant] = pair.gt.shape[0] // pair.lq.shape[0]
    if len(set(scales.values())) > 1:
        named = ", ".join(f"{variant} (x{scale})" for variant, scale in scales.items())
        raise ValueError(f"{where}: pairs of several scales, {named}: --set {where}/VARIANT")


def _few(names: Iterable[str]) -> str:
    listed = sorted(names, key=natural)
    return ", ".join(listed[:VARIANTS]) + (" ..." if len(listed) > VARIANTS else "")


def own_folder(folder: Path) -> tuple[Benchmark, Found]:
    """A folder of pairs (input/target and the like; its test split where it has splits), or of
    pictures alone, which no-reference metrics score.

    Names pair as `import --layout folders` pairs them; the scale is that of the first pair. Raises
    FileNotFoundError where it holds neither, ValueError for a file without a partner.
    """
    paths = [path for path, _ in list_files(folder, suffixes=PICTURE_SUFFIXES)[0]]
    if not paths:
        raise FileNotFoundError(f"--set {folder}: no picture in it or below it")
    notes: list[str] = []
    try:
        layout = folders()
        splits = {pair.split for pair in pair_files(paths, layout=layout).partners}
    except FileNotFoundError:
        layout, splits = _ALONE, {"test"}
        notes.append("pictures alone: no two folders of pairs are known there (input and target)")
    split = next(name for name in ("test", "val", "train") if name in splits)
    draft = replace(_benchmark(folder.resolve().name, Stored()), layout=layout, split=split)
    found = find_in(draft, Place(folder, tuple(paths), ""))
    first = found.entries[0]
    target = next((read_header(path) for path in first.targets.values()), None)
    if target is None:
        protocol = Protocol(metrics=("niqe",))
        draft = replace(draft, protocol=protocol, count=len(found.cases))
        return _with_contents(draft, found), replace(found, notes=[*found.notes, *notes])
    inputs = Stored(
        bits=target.bits, scale=max(target.height // read_header(first.lqs[0]).height, 1)
    )
    made = _benchmark(draft.name, inputs, count=len(found.cases))
    made = replace(made, layout=layout, split=split)
    found = find_in(made, Place(folder, tuple(paths), ""))
    return _with_contents(made, found), found


class MadeSo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How inputs come to be: a key of `KINDS` and that kind's own fields."""

    kind: str = "stored"
    options: dict[str, Any] = field(default_factory=dict)


class SetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A benchmark of one's own as JSON.

    folder: of its pictures, relative to the file. targets, inputs: templates below it without
    suffix, `{name}` being what partners share (as in layouts); `inputs` is left out where they are
    made. make: how inputs come to be. count: 0 for any.
    """

    name: str
    title: str = ""
    task: str = "restoration"
    citation: str = ""
    folder: str = "."
    targets: str = ""
    inputs: str = ""
    make: MadeSo = MadeSo()
    protocol: dict[str, Any] = field(default_factory=dict)
    count: int = 0


KINDS: dict[str, type[Inputs]] = {
    "stored": Stored,
    "bicubic": Bicubic,
    "luma-bicubic": LumaBicubic,
    "gaussian-noise": GaussianNoise,
}


def own_literal(path: Path) -> tuple[Benchmark, Found]:
    """The benchmark that a JSON file describes, and its pictures.

    Raises ValueError naming the file and the field that is wrong.
    """
    try:
        read = msgspec.json.decode(path.read_bytes(), type=SetFile)
        if read.make.kind not in KINDS:
            raise ValueError(f"make.kind {read.make.kind!r}: one of {', '.join(KINDS)}")
        if not read.name or set(read.name) & set("/\\") or read.name.startswith("."):
            raise ValueError(f"name {read.name!r}: it becomes a folder's name; no / and no first .")
        if not (read.targets or read.inputs):
            raise ValueError("targets: a template is wanted, such as hr/{name}")
        inputs = _strict(read.make.options, KINDS[read.make.kind], where="make.options")
        protocol = _strict(read.protocol, Protocol, where="protocol")
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    folder = path.parent / read.folder
    layout = replace(
        _ALONE, name=read.name, forms=((Branch("test", read.inputs, read.targets, ""),),)
    )
    made = _benchmark(read.name, inputs, count=read.count)
    made = replace(
        made, title=read.title or read.name, task=read.task, citation=read.citation,
        protocol=protocol, layout=layout,
    )  # fmt: skip
    paths = [name for name, _ in list_files(folder, suffixes=PICTURE_SUFFIXES)[0]]
    found = find_in(made, Place(folder, tuple(paths), ""))
    return _with_contents(made, found), found


def _strict(values: dict[str, Any], kind: type[Kind], *, where: str) -> Kind:
    """The dataclass of these values. Raises ValueError for a field that it has not."""
    known = [one.name for one in fields(kind)]
    for name in values:
        if name not in known:
            raise ValueError(f"{where} has {name!r}; it takes {', '.join(known)}")
    return msgspec.convert(values, kind)


def _with_contents(benchmark: Benchmark, found: Found) -> Benchmark:
    return replace(benchmark, contents=digest_of({"cases": contents_digest(found.cases)}))


def _benchmark(name: str, inputs: Inputs, *, count: int = 0) -> Benchmark:
    sixteen = isinstance(inputs, Stored) and inputs.bits == 16
    return Benchmark(
        name=name, title=f"{name}, {_OWN}", task="restoration", citation=_OWN, layout=None,
        count=count, inputs=inputs, protocol=Protocol(output="float" if sixteen else "u8"),
        folders=(name,), download="nothing: it is your own",
    )  # fmt: skip
