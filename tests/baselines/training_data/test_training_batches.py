"""Batches are functions of their step: workers, processes, parts and resuming change no bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clean_folder import degrade_here, make_clean_folder, save_picture, write_recipe
from training_samples import Process, config, facts, joined, keys, opened, step

from baselines.configs.config import Config, Jitter, Stage
from baselines.networks.architecture import Traits
from baselines.training.schedule import place
from baselines.training_data.sources import Sources
from builders.export import export
from builders.pairs import open_pairs
from builders.planning import Store
from builders.sources import Root
from degrade.option_error import OptionError

STAGES = (
    Stage(steps=3, batch=8, patch=16), Stage(steps=2, batch=4, patch=24, weights=(1.0,)),
)  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "stored": {},
    "clean": {"recipe": "realesrgan-x2", "context": 4},
    "mixed": {"recipe": "srmd-x2", "mixup": 1.2},
    "jittered": {"shuffle_channels": True, "jitter": Jitter(brightness=0.2, saturation=0.3)},
}


def sources(kind: str, clean: Path, pyramid: Path) -> Sources:
    folders = (Root(clean),)
    return (
        Sources(pairs=(Root(pyramid),))
        if KINDS[kind].get("recipe") is None
        else Sources(clean=folders)
    )


def everything(
    one: Config, given: Sources, *, workers: int = 0, count: int = 1, accumulate: int = 1
) -> list[tuple[tuple[str, ...], torch.Tensor, torch.Tensor]]:
    """(keys, lq, gt) of every step, the processes' parts behind one another."""
    stages = tuple(
        Stage(steps=s.steps, batch=s.batch, patch=s.patch, weights=s.weights, accumulate=accumulate)
        for s in one.stages
    )
    cut = config(*stages, **{f: getattr(one.data, f) for f in one.data.__struct_fields__})
    group = [
        opened(cut, given, network=Traits(scale=2), process=Process(rank, count), workers=workers)
        for rank in range(count)
    ]
    found = []
    for number in range(sum(stage.steps for stage in stages)):
        micro = [batch for each in group for batch in step(each, number)]
        assert len(micro) == count * accumulate
        found.append((keys(micro), joined(micro, "lq"), joined(micro, "gt")))
    for each in group:
        each.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_the_step_decides(kind: str, clean: Path, pyramid: Path) -> None:
    one, given = config(*STAGES, **KINDS[kind]), sources(kind, clean, pyramid)
    plain = everything(one, given)
    for other in (
        everything(one, given, workers=3),
        everything(one, given, count=2),
        everything(one, given, count=2, accumulate=2, workers=2),
    ):
        for (names, lq, gt), (names2, lq2, gt2) in zip(plain, other, strict=True):
            assert names == names2
            assert torch.equal(lq, lq2) and torch.equal(gt, gt2)
    shapes = {tuple(gt.shape) for _, _, gt in plain}
    assert shapes == {(8, 3, 16, 16), (4, 3, 24, 24)}


def test_a_run_that_begins_later_has_the_same_batches(pyramid: Path) -> None:
    one = config(*STAGES)
    first, later = (opened(one, pyramid, network=Traits(scale=2), workers=2) for _ in range(2))
    unbroken = [step(first, number) for number in range(5)]
    for number in (4, 2, 3):  # even backwards
        again = step(later, number)
        assert keys(again) == keys(unbroken[number])
        assert torch.equal(joined(again, "lq"), joined(unbroken[number], "lq"))
    assert later.waited > 0
    first.close()
    later.close()


def test_an_epoch_of_batches_holds_each_picture_once(clean: Path) -> None:
    one = config(Stage(steps=7, batch=2, patch=16), recipe="gaussian-25")
    batches = opened(one, Sources(clean=(Root(clean),)))
    names = [key.partition("@")[0] for n in range(7) for key in keys(step(batches, n))]
    assert sorted(names[:7]) == sorted(names[7:]) == [f"views:view-{i:03d}.png" for i in range(7)]
    assert batches.counts == {"views": 7}


def test_a_child_after_fork_reads_too(pyramid: Path) -> None:
    batches = opened(config(), pyramid, network=Traits(scale=2), workers=2)
    expected = joined(step(batches, 0), "lq")
    child = os.fork()
    if not child:
        same = torch.equal(joined(step(batches, 0), "lq"), expected)
        os._exit(0 if same and step(batches, 1) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert step(batches, 1)
    batches.close()


@pytest.mark.parametrize("storage", ["hf", "folder"])
def test_every_format_gives_the_same(storage: str, pyramid: Path, tmp_path: Path) -> None:
    export(pyramid, storage=storage, target=tmp_path / "steps")
    ours, theirs = (
        opened(config(), out, network=Traits(scale=4)) for out in (pyramid, tmp_path / "steps")
    )
    for number in range(3):
        assert keys(step(ours, number)) == keys(step(theirs, number))
        assert torch.equal(joined(step(ours, number), "lq"), joined(step(theirs, number), "lq"))
    outlines = [list(open_pairs(out).outlines()) for out in (pyramid, tmp_path / "steps")]
    assert [one._asdict() for one in outlines[0]] == [one._asdict() for one in outlines[1]]
    first = open_pairs(pyramid)[0]
    assert (outlines[0][0].key, outlines[0][0].lq_shape) == (first.key, first.lq.shape)


def test_pairs_whose_sides_are_equal_can_be_left_out(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=8, side=24)
    half = {"node": "one-of", "id": "some", "branches": [
        {"weight": 1.0, "steps": []},
        {"weight": 1.0, "steps": [
            {"node": "step", "id": "dark", "operator": "exposure", "set": {"ev": -1.0}}]},
    ]}  # fmt: skip
    recipe = write_recipe(tmp_path / "half.json", scale=1, steps=[half])
    out = degrade_here(folder, tmp_path / "out", recipe=recipe, store=Store(split="train=1"))
    equal = sum(pair.identical for pair in open_pairs(out))
    assert 0 < equal < 8
    assert sum(opened(config(), out).counts.values()) == 8
    kept = opened(config(identical=False), out)
    assert sum(kept.counts.values()) == 8 - equal
    for number in range(3):
        batch = step(kept, number)[0]
        assert all(not torch.equal(a, b) for a, b in zip(batch["lq"], batch["gt"], strict=True))


def test_generators_are_addressed(pyramid: Path) -> None:
    batches = opened(config(), pyramid, network=Traits(scale=2))
    other = opened(config(), pyramid, network=Traits(scale=2), process=Process(1, 2))
    drawn = torch.rand(4, generator=step(batches, 2)[0].draw("noise"))
    assert torch.equal(drawn, torch.rand(4, generator=step(other, 2)[0].draw("noise")))
    assert not torch.equal(drawn, torch.rand(4, generator=step(batches, 3)[0].draw("noise")))
    assert not torch.equal(drawn, torch.rand(4, generator=step(batches, 2)[0].draw("pool")))


def test_micro_batches_cut_alike_have_equal_numbers(pyramid: Path) -> None:
    four = config(Stage(steps=2, batch=8, patch=16, accumulate=4))
    two = config(Stage(steps=2, batch=8, patch=16, accumulate=2))
    alone = step(opened(four, pyramid, network=Traits(scale=2)), 1)
    cut = [
        one
        for rank in range(2)
        for one in step(opened(two, pyramid, network=Traits(scale=2), process=Process(rank, 2)), 1)
    ]
    assert [one.first for one in alone] == [one.first for one in cut] == [0, 2, 4, 6]
    assert [one.keys for one in alone] == [one.keys for one in cut]


def test_closing_closes_the_files(pyramid: Path) -> None:
    def held() -> int:
        return sum(
            one.resolve().is_relative_to(pyramid.resolve())
            for one in Path("/proc/self/fd").iterdir()
        )

    before = held()
    batches = opened(config(), pyramid, network=Traits(scale=2), workers=2)
    step(batches, 0)
    assert held() > before
    batches.close()
    assert held() == before


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=4, side=24)
    path = folder / "view-002.png"
    path.write_bytes(path.read_bytes()[:300])
    batches = opened(config(recipe="gaussian-25"), Sources(clean=(Root(folder),)), workers=2)
    with pytest.raises(ValueError, match=r"sample views:view-002\.png@\d.*view-002\.png"):
        for number in range(2):
            step(batches, number)
    batches.close()


def test_a_damaged_pair_is_named(pyramid: Path, tmp_path: Path) -> None:
    export(pyramid, storage="folder", target=tmp_path / "out")
    damaged = sorted((tmp_path / "out/data/train/lq").glob("*x2.png"))[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    batches = opened(config(), tmp_path / "out", network=Traits(scale=2))
    with pytest.raises(ValueError, match=r"pair 'view-000/x2'"):
        for number in range(2):
            step(batches, number)


def test_unpaired_pictures_have_orders_of_their_own(clean: Path, tmp_path: Path) -> None:
    low = make_clean_folder(tmp_path / "dark", count=3, first=20, side=60)
    one = config(
        Stage(steps=3, batch=2, patch=32), unpaired=True, fit="resize", quarter_turns=False
    )
    batches = opened(one, Sources(low=(Root(low),), high=(Root(clean),)))
    seen = [step(batches, number)[0] for number in range(3)]
    assert {batch["low"].shape for batch in seen} == {(2, 3, 32, 32)}
    assert {batch["high"].shape for batch in seen} == {(2, 3, 32, 32)}
    halves = [key.split("@")[0].split(" + ") for batch in seen for key in batch.keys]
    assert {half for half, _ in halves} == {f"dark:view-{i:03d}.png" for i in (20, 21, 22)}
    assert len({half for _, half in halves}) == 6


def test_whole_pictures_are_of_one_size(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=3, side=24)
    stage = Stage(steps=2, batch=3, patch=0)
    batches = opened(config(stage, recipe="bicubic-x2"), Sources(clean=(Root(folder),)),
                     network=Traits(scale=2))  # fmt: skip
    assert joined(step(batches, 0), "lq").shape == (3, 3, 12, 12)
    save_picture(folder / "wide.png", np.zeros((24, 26, 3), np.uint8))
    other = opened(config(stage, recipe="bicubic-x2"), Sources(clean=(Root(folder),)),
                   network=Traits(scale=2))  # fmt: skip
    with pytest.raises(ValueError, match=r"one size; set stages.patch"):
        for number in range(2):
            step(other, number)


WRONG: dict[str, tuple[Config, Traits, str]] = {
    "scale": (config(Stage(steps=1, batch=1, patch=15)), Traits(scale=3),
              r"no pairs of x3; there are x2, x4"),
    "weights": (config(Stage(steps=1, batch=1, patch=16, weights=(1.0, 2.0))), Traits(scale=2),
                r"stages\.0\.weights"),
    "unpaired": (config(unpaired=True), Traits(), r"--data"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_choices_that_do_not_go_together_are_refused(what: str, pyramid: Path) -> None:
    one, network, said = WRONG[what]
    with pytest.raises(OptionError, match=said):
        opened(one, pyramid, network=network)


def test_facts_are_those_of_the_batch(clean: Path) -> None:
    one = config(recipe="gaussian-blind", mixup=1.2)
    batches = opened(one, Sources(clean=(Root(clean),)))
    assert [f["key"] for f in facts(batches, 1)] == list(keys(step(batches, 1)))


def test_positions_go_on_from_stage_to_stage(clean: Path) -> None:
    stages = (Stage(steps=2, batch=3, patch=16), Stage(steps=2, batch=2, patch=16))
    one = config(*stages, recipe="gaussian-25")
    batches = opened(one, Sources(clean=(Root(clean),)))
    keys = [
        key
        for step in range(4)
        for batch in batches.at(place(stages, step), stages[step // 2])
        for key in batch.keys
    ]
    assert [int(key.rpartition("@")[2]) for key in keys] == list(range(10))


def test_means_are_those_of_the_group(pyramid: Path) -> None:
    one, two = Process(), Process(0, 2)
    means = []
    for process in (one, two):
        batches = opened(config(), pyramid, network=Traits(scale=2), process=process)
        means.append(batches.at(place(batches.config.stages, 0), batches.config.stages[0])[0].mean)
    assert means[1] == two.mean
    assert float(means[0](torch.tensor([1.0, 3.0]))) == 2.0
