"""A dataset is one plan's: what another plan made is never adopted, and sizes are as documented."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from built import build_here, make_plan, run_here, take_raws
from PIL import Image

from builders import open_pairs
from builders.kinds.capture import output_size
from builders.kinds.exposure_arguments import Wishes
from builders.parts import part_path
from builders.plan import load_plan, save_plan
from builders.planning import Store
from builders.shards import is_finished
from builders.verify import verify
from degrade.images import encode_picture, read_picture


def test_shards_of_another_plan_are_made_again(tmp_path: Path) -> None:
    raw, out = take_raws(tmp_path / "raw"), tmp_path / "set"
    build_here(raw, out, wishes=Wishes(size=64))
    theirs = load_plan(out)
    assert theirs is not None
    ours = make_plan(raw, wishes=Wishes(size=64, style="acr-like"))
    assert not {s.digest for s in ours.shards} & {s.digest for s in theirs.shards}
    save_plan(ours, out=out)  # two builders raced, or --overwrite was killed
    assert not any(is_finished(out, shard=shard) for shard in ours.shards)
    run_here(ours, out)
    assert {pair.record["style"] for pair in open_pairs(out)} == {"acr-like"}
    assert verify(out) == []


def test_parts_of_another_plan_lie_elsewhere(tmp_path: Path) -> None:
    raw = take_raws(tmp_path / "raw")
    one, two = (
        {
            part_path(tmp_path / "set", shard=shard, index=shard.first)
            for shard in make_plan(raw, wishes=Wishes(size=64, style=style)).shards
        }
        for style in ("srgb", "acr-like")
    )
    assert one and not one & two


@pytest.mark.parametrize(
    ("fraction", "full", "wanted"),
    [
        (0.3, (2014, 3040), (605, 912)),  # 604.2 -> 605: MATLAB's ceil
        (0.3, (1001, 1337), (301, 402)),
        (0.5, (65, 67), (33, 34)),
        (1.0, (65, 67), (65, 67)),
    ],
)
def test_a_fraction_is_rounded_up(
    fraction: float, full: tuple[int, int], wanted: tuple[int, int]
) -> None:
    assert output_size(*full, size=None, fraction=fraction) == wanted


def test_linear_light_renders_have_that_size(tmp_path: Path) -> None:
    raw = take_raws(tmp_path / "raw")
    out = build_here(raw, tmp_path / "set", wishes=Wishes(fraction=0.3), store=Store())
    for pair in open_pairs(out):
        _, _, height, width = pair.record["capture"]["crop"]
        assert list(pair.lq.shape[:2]) == [-(-height * 3 // 10), -(-width * 3 // 10)]


def test_jpeg_tables_are_those_of_the_msec_release(testdata: Path) -> None:
    theirs = sorted((testdata / "msec_inputs").iterdir())[0]
    ours = encode_picture(read_picture(theirs), codec="jpeg75")
    with Image.open(theirs) as released, Image.open(io.BytesIO(ours)) as made:
        assert released.quantization == made.quantization  # type: ignore[attr-defined]
        assert released.layer == made.layer  # type: ignore[attr-defined]
