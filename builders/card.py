"""The dataset card: README.md with the YAML head that Hugging Face reads."""

from __future__ import annotations

import json

from builders.drops import REASONS
from builders.formats import FORMATS
from builders.manifest import Manifest
from builders.packed import BLACK, PLANES, WHITE

# The hub's size classes, by number of rows (huggingface.co/docs/hub/datasets-cards).
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"),
          (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))  # fmt: skip
_LONG_ARGUMENT = 200  # characters: more than fits beside its name


def card(manifest: Manifest, *, preview: bool) -> str:
    """README.md of a dataset: YAML head, how it was made, how to load it, licences, drops."""
    pairs = sum(manifest.splits.values())
    parts = [
        _head(manifest, pairs),
        f"# {manifest.name}",
        f"{pairs} pairs of {manifest.scenes} scenes, made by "
        f"`pairsmith` {manifest.versions.get('pairsmith', '')} "
        f"(kind `{manifest.kind}`, format `{manifest.format}`, seed {manifest.seed}, "
        f"recipe `{manifest.recipe_digest[:12]}`).",
        "![contact sheet](preview.png)" if preview else "",
        _table(("split", "pairs"), manifest.splits.items()),
        "## How it was made",
        _table(("argument", "value"),
               ((k, f"`{argument_text(v)}`") for k, v in sorted(manifest.arguments.items()))),
        _recipe_note(manifest),
        f"Split: {manifest.split_rule}, by scene. Every pair's `record` holds each parameter that "
        "made it, with the path and sha256 of its source.",
        _target_note(manifest),
        _mosaic_note(manifest),
        "## Load it",
        _loading(manifest),
        "## Sources and licences",
        _licences(manifest),
        _drops(manifest),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def argument_text(value: object) -> str:
    """A build's argument as JSON; where that is long, its name or where to find it."""
    text = json.dumps(value)
    if len(text) > _LONG_ARGUMENT and isinstance(value, dict) and "name" in value:
        return f"{value['name']} (in full in dataset.json)"
    return text if len(text) <= _LONG_ARGUMENT else "(see dataset.json)"


def _recipe_note(manifest: Manifest) -> str:
    """What the recipe of a degraded dataset is, in its own words."""
    recipe = manifest.arguments.get("recipe")
    if not isinstance(recipe, dict):
        return ""
    lines = [f"Recipe `{recipe['name']}`: {recipe['about']}. {recipe['cite']}."]
    lines += [f"- differs: {text}" for text in recipe.get("differs", [])]
    return "\n".join(lines)


def _head(manifest: Manifest, pairs: int) -> str:
    lines = ["---", f"pretty_name: {json.dumps(manifest.name)}"]
    if manifest.licence:
        lines.append(f"license: {json.dumps(manifest.licence)}")
    lines += ["task_categories:", "- image-to-image", "tags:", "- image-restoration",
              f"- {manifest.kind}", "size_categories:",
              f"- {next((name for top, name in _SIZES if pairs < top), 'n>10M')}"]  # fmt: skip
    if manifest.format == "hf" and manifest.splits:
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for split in manifest.splits:
            lines += [f"  - split: {split}", f"    path: data/{split}-*{FORMATS['hf'].suffix}"]
    return "\n".join([*lines, "---"])


def _table(head: tuple[str, str], rows: object) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    lines += [f"| {a} | {b} |" for a, b in rows]  # type: ignore[attr-defined]
    return "\n".join(lines)


def _target_note(manifest: Manifest) -> str:
    if manifest.arguments.get("gt_kind") != "render":
        return ""
    return (
        "The target is the capture's own render at "
        f"EV {manifest.arguments.get('gt_ev', 0):+g}. Many captures are backlit or wrongly exposed "
        "themselves: a retouched target is better where there is one."
    )


def _mosaic_note(manifest: Manifest) -> str:
    """How to read the inputs that are packed mosaics."""
    if manifest.kind != "rawsr":
        return ""
    return (
        f"An input is a packed mosaic, uint16 [h, w, 4] with the planes {', '.join(PLANES)} of "
        f"2x2 cells that begin with red. Black is {BLACK} and white {WHITE}: light = (code - "
        f"{BLACK}) / {WHITE - BLACK}, below black too. It is not white-balanced: each record's "
        "`capture` holds the gains and the matrix. Input pixel (y, x) lies over target pixels from "
        "(2 scale y, 2 scale x). Both stay as the sensor lies. As PNG it has PNG's four channels; "
        "the fourth is no transparency."
    )


def _loading(manifest: Manifest) -> str:
    code = ["from builders import open_pairs", f'pairs = open_pairs("{manifest.name}", split='
            f'"{next(iter(manifest.splits), "train")}")', "pairs[0].lq, pairs[0].gt"]  # fmt: skip
    if manifest.format == "hf":
        code += ["", "from datasets import load_dataset", f'load_dataset("{manifest.name}")']
    return "\n".join(["```python", *code, "```"])


def _licences(manifest: Manifest) -> str:
    lines = [f"- {folder.files} files of `{folder.name}`" for folder in manifest.sources]
    if manifest.licence or manifest.attribution:
        lines.append(f"- all: {manifest.licence or 'licence not given'}; {manifest.attribution}")
    for note in manifest.notes:
        texts = (f"{note.files} files", note.licence, note.attribution, note.source)
        lines.append("- " + "; ".join(text for text in texts if text))
    if not (manifest.notes or manifest.licence):
        lines.append("- **No licence was given for the sources.** Find it out before you share.")
    return "\n".join(lines)


def _drops(manifest: Manifest) -> str:
    if not manifest.drops:
        return ""
    rows = ((f"{count} x {reason}", REASONS.get(reason, "")) for reason, count in
            manifest.drops.items())  # fmt: skip
    return "## Left out\n\n" + _table(("drop", "meaning"), rows) + "\n\nEach is in `drops.jsonl`."
