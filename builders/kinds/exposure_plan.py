"""The plan of an exposure build: which RAW files, which targets, which arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from builders.kinds.exposure_arguments import ExposureArguments, Wishes, resolve
from builders.layouts.fivek import beside, find_experts
from builders.layouts.partners import match_partners
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
from builders.sources import RAW_SUFFIXES, Root, Source, list_sources
from degrade.option_error import OptionError


def plan_exposure(
    roots: Sequence[Root], *, target: Path | None, wishes: Wishes, store: Store
) -> Planned:
    """The plan of an exposure build. Raises OptionError for a wrong option, ValueError,
    FileNotFoundError or PermissionError for what the folders hold."""
    released = wishes.preset == "msec"
    store = check_store(store, default_format="folder" if released else "hdf5")
    check_roots(roots)
    sources = list_sources(roots, suffixes=RAW_SUFFIXES, what="camera RAW file")
    folders, notes = _target_folders(roots, target)
    arguments = resolve(wishes, retouched=bool(folders))
    _check_together(store, arguments, released=released, target=next(iter(folders), ""))
    if arguments.gt_kind == "render":
        notes.append(
            f"no --target: the render at EV {arguments.gt_ev:+g} is the target and is not an "
            "input. Many captures are backlit or wrongly exposed themselves: a retouched target "
            "is better"
        )
    placed = place_sources(sources, store=store, notes=notes)
    matches = _match([source for source, _, _ in placed], folders)
    ours = matches.get("target", [])  # FiveK's experts are ProPhoto: nothing to say
    if any(path and path.lower().endswith((".tif", ".tiff")) for path in ours):
        notes.append(
            "16-bit TIFF targets without an embedded ICC profile are read as ProPhoto RGB, which "
            "FiveK's are; embed a profile in others"
        )
    rows = [
        # the release's test set is scored against five experts
        PlacedSource(source, scene, split, _targets(matches, i, every=released and split == "test"))
        for i, (source, scene, split) in enumerate(placed)
    ]
    recipe = KindPlan("exposure", arguments, "msec" if released else "pairs", folders)
    return Planned(make_plan(rows, recipe=recipe, roots=roots, store=store), notes)


def _check_together(
    store: Store, arguments: ExposureArguments, *, released: bool, target: str
) -> None:
    """Refuses what each option allows by itself, but not together with another."""
    if store.format == "hf" and arguments.encode == "raw":
        raise OptionError("--format hf stores coded pictures: use --encode png or jpeg75")
    if not released:
        return
    if store.format != "folder":
        raise OptionError(
            f"--format {store.format}: --preset msec makes the release's folders; leave --format "
            "out, and use pairsmith export afterwards"
        )
    if target not in ("expert_c", "target"):
        raise OptionError(f"--preset msec: its targets are Expert C's, --target gives {target}'s")


def _target_folders(
    roots: Sequence[Root], target: Path | None
) -> tuple[dict[str, Path], list[str]]:
    """Target folders by name, the pairs' own first; and what was found without being asked."""
    if target is not None:
        if not target.is_dir():
            raise FileNotFoundError(f"{target}: no such folder (--target)")
        return beside(target) or find_experts(target, depth=1) or {"target": target}, []
    for root in roots:
        experts = find_experts(root.folder)
        if "expert_c" not in experts:
            continue
        if len(roots) > 1:
            raise OptionError(
                f"--raw {root.folder}: it holds FiveK's experts, which are found by themselves for "
                "a single --raw; with several, give --target"
            )
        found = f"{experts['expert_c']}"
        return experts, [f"FiveK's tree: Expert C's retouches in {found} are the targets"]
    return {}, []


def _match(sources: Sequence[Source], folders: Mapping[str, Path]) -> dict[str, list[str | None]]:
    """Target's name -> for each source, the path of that target or None."""
    paths = [source.path for source in sources]
    matches = {name: match_partners(paths, folder=folder) for name, folder in folders.items()}
    if folders and not any(matches[main := next(iter(folders))]):
        raise FileNotFoundError(
            f"{folders[main]}: none of its pictures has the stem of one of the "
            f"{len(sources)} sources ({Path(paths[0]).stem if paths else 'none'} ...)"
        )
    return matches


def _targets(
    matches: Mapping[str, Sequence[str | None]], index: int, *, every: bool
) -> dict[str, str]:
    """A source's targets by name, its own first; {} if that one is missing."""
    found = {name: path for name, paths in matches.items() if (path := paths[index]) is not None}
    main = next(iter(matches), None)
    if main is None or main not in found:
        return {}
    return found if every else {main: found[main]}
