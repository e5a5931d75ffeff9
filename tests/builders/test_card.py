"""The dataset card: YAML that the hub reads, and the words a user needs."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from built import build_here, take_raws

from builders.card import card
from builders.drops import REASONS
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import Manifest, load_manifest
from builders.planning import Store

STORE = Store(format="hf", split="train=0.5,val=0.5", licence="cc-by-4.0", attribution="Ada: 'X'")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    raw = take_raws(folder / "raw")
    (raw / "nothing.dng").touch()
    notes = {
        "cup.dng": {"licence": "CC0-1.0", "attribution": "Rachel", "source": "skimage"},
        "cat.dng": {"licence": "CC0-1.0", "attribution": "Rachel", "source": "skimage"},
        "face.dng": {"licence": "public domain"},
    }
    (raw / "sources.json").write_text(json.dumps(notes))
    return build_here(raw, folder / "my set", wishes=Wishes(size=64, ev=[1.0]), store=STORE)


def head_of(text: str) -> dict[str, object]:
    mark, head, body = text.split("---\n", 2)
    assert mark == ""
    assert body.lstrip().startswith("# ")
    return yaml.safe_load(head)


def changed(out: Path, **fields: object) -> Manifest:
    return msgspec.structs.replace(load_manifest(out), **fields)


def test_the_head_is_what_the_hub_reads(out: Path) -> None:
    assert head_of((out / "README.md").read_text()) == {
        "pretty_name": "my set",
        "license": "cc-by-4.0",
        "task_categories": ["image-to-image"],
        "tags": ["image-restoration", "exposure"],
        "size_categories": ["n<1K"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train-*.parquet"},
                    {"split": "val", "path": "data/val-*.parquet"},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("pairs", "size"), [(999, "n<1K"), (1000, "1K<n<10K"), (17_675, "10K<n<100K"), (10**7, "n>10M")]
)
def test_size_classes(pairs: int, size: str, out: Path) -> None:
    head = head_of(card(changed(out, splits={"train": pairs}), preview=True))
    assert head["size_categories"] == [size]


def test_only_hf_says_load_dataset(out: Path) -> None:
    text = (out / "README.md").read_text()
    assert 'load_dataset("my set")' in text
    assert 'open_pairs("my set", split="train")' in text
    other = card(changed(out, format="hdf5"), preview=True)
    assert "load_dataset" not in other
    assert "configs" not in head_of(other)


def test_licences_attribution_and_drops_are_told(out: Path) -> None:
    text = (out / "README.md").read_text()
    assert "- 5 files of `raw`" in text
    assert "- all: cc-by-4.0; Ada: 'X'" in text
    assert "- 2 files; CC0-1.0; Rachel; skimage" in text
    assert "- 1 files; public domain" in text
    assert f"| 1 x empty-file | {REASONS['empty-file']} |" in text
    assert "No licence was given" not in text
    assert "**No licence was given" in card(changed(out, notes=[], licence=""), preview=True)


def test_it_says_how_the_pairs_were_made(out: Path) -> None:
    text = (out / "README.md").read_text()
    manifest = load_manifest(out)
    for name, value in manifest.arguments.items():
        assert f"| {name} | `{json.dumps(value)}` |" in text
    assert manifest.recipe_digest[:12] in text
    assert "4 pairs of 4 scenes" in text
    assert "| train | 2 |" in text
    assert "render at EV +0" in text
    assert "a retouched target is better" in text
    assert "![contact sheet](preview.png)" in text
    assert "preview.png" not in card(manifest, preview=False)


def test_names_of_all_alphabets_stay_yaml(out: Path) -> None:
    for name in ('a "quoted": name', "été 日本", "- [x]"):
        assert head_of(card(changed(out, name=name), preview=True))["pretty_name"] == name
