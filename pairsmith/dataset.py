"""The verbs for a dataset that is built: verify, rebuild, info, preview, export, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pairsmith.console import Meter, err, out, user_errors

Dataset = Annotated[Path, typer.Argument(help="Dataset folder.", show_default=False)]


def verify(folder: Dataset) -> None:
    """Check every shard, record, picture and hash; a line per fault, exit 1 if there is one.

    Example: pairsmith verify datasets/demo
    """
    with user_errors():
        from builders.manifest import load_manifest
        from builders.verify import verify as find_faults

        with Meter("verify", "shards") as meter:
            faults = find_faults(folder, report=meter.show)
        for fault in faults:
            err.print(fault)
        if faults:
            raise RuntimeError(f"{folder}: {len(faults)} faults")
        pairs = sum(load_manifest(folder).splits.values())
        out.print(f"{folder}: {pairs} pairs, each as it was built")


def rebuild(
    folder: Dataset,
    key: Annotated[str, typer.Argument(help="scene/variant", show_default=False)],
    raw: Annotated[
        list[Path] | None, typer.Option("--raw", "--gt", help="Where the source folder lies now.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--target", help="Where the target folder lies now.")
    ] = None,
) -> None:
    """Make one sample again from its source and say whether it equals the stored bytes.

    Example: pairsmith rebuild datasets/demo coffee-a/ev-1.5
    """
    with user_errors():
        from builders.rebuild import rebuild as remake

        result = remake(folder, key=key, sources=raw or (), targets=target)
        meaning = {
            "bytes": "the stored bytes, exactly",
            "pixels": "the stored pixels, in other bytes or with another record",
            "differs": "not the stored pixels",
        }[result.verdict]
        out.print(f"{result.verdict}: {key} made again is {meaning}")
        for change in result.changes:
            out.print(f"  {change}")
        if result.verdict == "differs":
            raise typer.Exit(1)


def info(folder: Dataset) -> None:
    """Say what a dataset holds and how it was made.

    Example: pairsmith info datasets/demo
    """
    with user_errors():
        from builders.card import argument_text
        from builders.manifest import load_manifest
        from builders.pairs import open_pairs

        manifest = load_manifest(folder)
        size = sum(shard.bytes for shard in manifest.shards)
        lines = {
            "kind": f"{manifest.kind}, format {manifest.format}, seed {manifest.seed}",
            "pairs": ", ".join(f"{name} {rows}" for name, rows in manifest.splits.items()),
            "scenes": f"{manifest.scenes}",
            "size": f"{size / 2**20:,.1f} MiB in {len(manifest.shards)} shards",
            "sources": ", ".join(f"{s.name} ({s.files} files)" for s in manifest.sources),
            "dropped": ", ".join(f"{n} {r}" for r, n in manifest.drops.items()) or "none",
            "recipe": manifest.recipe_digest,
            "versions": ", ".join(f"{n} {v}" for n, v in manifest.versions.items()),
            "keys": ", ".join(open_pairs(folder).keys()[:3]) + " ...",
        }
        for name, text in lines.items():
            out.print(f"{name + ':':10}{text}")
        for name, value in sorted(manifest.arguments.items()):
            out.print(f"  {name} = {argument_text(value)}")


def preview(
    folder: Dataset,
    picture: Annotated[Path, typer.Option("--out", help="PNG to write.")] = Path("sheet.png"),
    scenes: Annotated[int, typer.Option(help="How many scenes.", min=1)] = 12,
    split: Annotated[str | None, typer.Option(help="Of this split only.")] = None,
) -> None:
    """Draw a contact sheet: a row per scene, its inputs and its target.

    Example: pairsmith preview datasets/demo --out sheet.png
    """
    with user_errors():
        from builders.atomic import write_whole
        from builders.pairs import open_pairs
        from builders.sheet import contact_sheet, sample_rows
        from degrade.images import encode_picture
        from degrade.option_error import OptionError

        if picture.suffix.lower() != ".png":
            raise OptionError(f"--out {picture}: a sheet is a .png")
        files = open_pairs(folder, split=split).files()
        rows = sample_rows(folder, files=files, scenes=scenes)
        if not rows:
            raise RuntimeError(f"{folder}: holds no pair")
        write_whole(picture, encode_picture(contact_sheet(rows), codec="png"))
        out.print(f"{picture}")


def export(
    folder: Dataset,
    format_: Annotated[str, typer.Option("--format", help="hdf5, hf or folder.")],
    target: Annotated[Path, typer.Option("--out", help="Folder for the export.")],
) -> None:
    """Write the same pairs in another format; the coded bytes stay as they are.

    Example: pairsmith export datasets/demo --format hf --out datasets/demo-hf
    """
    with user_errors():
        from builders.export import export as write

        with Meter("export", "shards") as meter:
            manifest = write(folder, storage=format_, target=target, report=meter.show)
        out.print(f"{target}: {sum(manifest.splits.values())} pairs, format {manifest.format}")


def push(
    folder: Dataset,
    repository: Annotated[str, typer.Argument(help="user/name on the hub", show_default=False)],
    private: Annotated[bool, typer.Option(help="Make the repository private.")] = False,
) -> None:
    """Upload a dataset in the hf format to the Hugging Face hub.

    Example: pairsmith push datasets/demo-hf me/demo
    """
    with user_errors():
        from builders.push import push as upload

        out.print(upload(folder, repository=repository, private=private))
