"""The plans of the builds that simulate a camera: which sources, which arguments, what to know."""

from __future__ import annotations

from collections.abc import Sequence

from builders.kinds.camera_arguments import (
    CameraArguments,
    LowlightArguments,
    NoiseArguments,
    RawsrArguments,
)
from builders.planning import (
    KindPlan,
    PlacedSource,
    Planned,
    Store,
    check_roots,
    check_store,
    make_plan,
    place_sources,
)
from builders.sources import RAW_SUFFIXES, Root, list_sources
from degrade.option_error import OptionError
from degrade.reading.clean import PICTURE_SUFFIXES

_OWN_NOISE = (
    "the noise that a source has itself is in lq and gt alike: RAW files of low ISO, or of long "
    "exposure, are the right sources"
)


def plan_noise(roots: Sequence[Root], *, arguments: NoiseArguments, store: Store) -> Planned:
    """The plan of a noise build from RAW files, or from clean pictures as the arguments say.

    Raises OptionError for a wrong option, ValueError, FileNotFoundError or PermissionError for
    what the folders hold; so do the other two.
    """
    clean = arguments.source == "clean"
    notes = _size_notes(arguments.size)
    if not clean:
        notes.insert(0, _OWN_NOISE)
    return _plan("noise", roots, arguments=arguments, store=store, notes=notes, clean=clean)


def plan_lowlight(roots: Sequence[Root], *, arguments: LowlightArguments, store: Store) -> Planned:
    """The plan of a lowlight build."""
    notes = [_OWN_NOISE, *_size_notes(arguments.size)]
    return _plan("lowlight", roots, arguments=arguments, store=store, notes=notes)


def plan_rawsr(roots: Sequence[Root], *, arguments: RawsrArguments, store: Store) -> Planned:
    """The plan of a rawsr build."""
    notes = [
        "the noise that a source has itself is in the gt: RAW files of low ISO, or of long "
        "exposure, are the right sources",
        "pictures stay as the sensor lies, so that the mosaic keeps its filter; each record holds "
        "the orientation",
    ]
    return _plan("rawsr", roots, arguments=arguments, store=store, notes=notes)


def _size_notes(size: int | None) -> list[str]:
    if size is None:
        return []
    return [
        f"--size {size}: a smaller render averages the noise of the pixels it joins; --patch keeps "
        "it as the camera has it"
    ]


def _plan(
    kind: str,
    roots: Sequence[Root],
    *,
    arguments: CameraArguments,
    store: Store,
    notes: list[str],
    clean: bool = False,
) -> Planned:
    store = check_store(store, default_format="hdf5")
    if store.format == "hf" and arguments.encode == "raw":
        raise OptionError("--format hf stores coded pictures: use --encode png")
    check_roots(roots, option="--gt" if clean else "--raw")
    sources = list_sources(
        roots,
        suffixes=PICTURE_SUFFIXES if clean else RAW_SUFFIXES,
        what="picture" if clean else "camera RAW file",
    )
    rows = [
        PlacedSource(source, scene, split, {})
        for source, scene, split in place_sources(sources, store=store, notes=notes)
    ]
    recipe = KindPlan(kind, arguments, "pairs", {}, packages=["torch"] if clean else [])
    return Planned(make_plan(rows, recipe=recipe, roots=roots, store=store), notes)
