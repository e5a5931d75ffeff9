"""--fit: the recipe's batch stays, more memory never gives smaller micro-batches."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from baselines.configs.config import Config, Stage
from baselines.configs.reading import config_json
from baselines.training.fit import (
    GIB,
    Room,
    fit_config,
    fit_stages,
    fitted_before,
    memories_of,
    objectives_of,
    room_of,
)
from baselines.training.memory import MemoryUnknown, StepMemory
from baselines.training.options import Judges
from baselines.training.plan_file import STATE_FOLDER
from baselines.training.processes import Processes
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config

# Restormer's progressive table (paper, section 4): per card 8, 5, 4, 2, 1, 1 of 128 ... 384 px.
RESTORMER = tuple(
    Stage(steps=1, batch=batch, patch=patch)
    for batch, patch in ((64, 128), (40, 160), (32, 192), (16, 256), (8, 320), (8, 384))
)


def _law(sample: float, *, fixed: float = 0.5, waiting: float = 0.0) -> StepMemory:
    """In GiB."""
    return StepMemory(
        weights=int(fixed * GIB), gradients=0, moments=0, apart=0, sample=int(sample * GIB),
        waiting=int(waiting * GIB), moving=0,
    )  # fmt: skip


def _room(planned: float) -> Room:
    return Room(int(planned * GIB / 0.8), int(planned * GIB))


def _config(stages: tuple[Stage, ...], *, precision: str = "fp32") -> Config:
    return msgspec.structs.replace(toy_config(stages=stages), precision=precision)


def _restormer_laws() -> list[StepMemory]:
    return [_law(2.6 * (stage.patch / 128) ** 2) for stage in RESTORMER]


def test_the_paper_s_table_on_eight_cards() -> None:
    stages, lines = fit_stages(
        _config(RESTORMER), memories=_restormer_laws(), room=_room(30.0), processes=8
    )
    assert [one.accumulate for one in stages] == [1, 1, 1, 1, 1, 1]
    assert [one.batch for one in stages] == [64, 40, 32, 16, 8, 8]
    assert lines[0].startswith("stage 1: patch 128, batch 64 = 8 processes x 8: needs 21.30 of")
    stages, lines = fit_stages(
        _config(RESTORMER), memories=_restormer_laws(), room=_room(30.0), processes=1
    )
    assert [one.accumulate for one in stages] == [8, 8, 8, 8, 8, 8]
    assert "batch 64 = 8 micro-batches x 8" in lines[0]


@given(
    some.floats(0.6, 500.0), some.floats(0.001, 50.0), some.floats(0.0, 1.0),
    some.sampled_from([1, 2, 4, 8]), some.integers(1, 12),
)  # fmt: skip
def test_the_batch_is_kept_and_fits(
    planned: float, sample: float, share: float, processes: int, times: int
) -> None:
    batch = processes * times
    law, room = _law(sample, waiting=sample * share), _room(planned)
    config = _config((Stage(steps=1, batch=batch, patch=8),))
    try:
        (stage,), _ = fit_stages(config, memories=[law], room=room, processes=processes)
    except OptionError:
        assert law.at(1, batches=times) > room.planned
        return
    micro, rest = divmod(batch, processes * stage.accumulate)
    assert rest == 0 and stage.batch == batch
    assert law.at(micro, batches=stage.accumulate) <= room.planned
    # the fewest micro-batches that fit
    for fewer in range(1, stage.accumulate):
        if times % fewer == 0:
            assert law.at(times // fewer, batches=fewer) > room.planned


@given(some.floats(0.6, 500.0), some.floats(0.0, 500.0), some.integers(1, 60))
def test_more_memory_never_gives_smaller_micro_batches(
    planned: float, more: float, batch: int
) -> None:
    config = _config((Stage(steps=1, batch=batch, patch=8),))
    found = []
    for room in (_room(planned), _room(planned + more)):
        try:
            (stage,), _ = fit_stages(config, memories=[_law(1.0)], room=room, processes=1)
            found.append(stage.accumulate)
        except OptionError:
            found.append(batch + 1)
    assert found[1] <= found[0]


def test_one_sample_that_does_not_fit() -> None:
    config, laws = _config(RESTORMER), _restormer_laws()
    with pytest.raises(OptionError) as caught:
        fit_stages(config, memories=laws, room=_room(20.0), processes=1)
    said = str(caught.value)
    assert said.startswith("--fit: stage 6: one sample of patch 384 needs 23.90 GiB")
    assert "stages.5.patch" in said and "precision=bf16" in said
    half = _config(RESTORMER, precision="bf16")
    with pytest.raises(OptionError) as caught:
        fit_stages(half, memories=laws, room=_room(20.0), processes=1)
    assert "precision=bf16" not in str(caught.value)


def test_a_batch_that_processes_do_not_divide() -> None:
    with pytest.raises(OptionError, match=r"stage 1: a batch of 64 .* 3 processes"):
        fit_stages(_config(RESTORMER), memories=_restormer_laws(), room=_room(30.0), processes=3)


def test_a_stage_of_unknown_memory_stays_as_it_is() -> None:
    stage = Stage(steps=1, batch=4, patch=0, accumulate=2)
    memory = MemoryUnknown("stage 1: whole pictures, whose sizes are the data's")
    stages, lines = fit_stages(_config((stage,)), memories=[memory], room=_room(1), processes=1)
    assert stages == (stage,)
    assert lines[0] == f"{memory}; whole pictures, batch 4 = 2 micro-batches x 2 as it is"


def test_the_memory_of_this_machine(tmp_path: Path) -> None:
    processes = Processes(device="cpu")
    room = room_of(processes)
    assert 0 < room.planned < room.free
    config = toy_config(stages=[Stage(steps=1, batch=4, patch=24, accumulate=4)])
    fitted, lines = fit_config(config, judges=Judges(), processes=processes, folder=None)
    assert fitted.stages == (Stage(steps=1, batch=4, patch=24),)  # it fits in one
    assert len(lines) == 1 and "needs 0.00 of" in lines[0]
    # a run that was begun goes on with what was chosen then
    (tmp_path / "config.json").write_bytes(config_json(config))
    anew, _ = fit_config(config, judges=Judges(), processes=processes, folder=tmp_path)
    assert anew == fitted, "no state: what is there may have run out of memory at once"
    (tmp_path / STATE_FOLDER).mkdir()
    (tmp_path / STATE_FOLDER / "step-00000002.pt").touch()
    again, _ = fit_config(fitted, judges=Judges(), processes=processes, folder=tmp_path)
    assert again == config
    said = msgspec.structs.replace(fitted, log_every=7, about="other words")
    assert fitted_before(said, folder=tmp_path) == msgspec.structs.replace(
        config, log_every=7, about="other words"
    )
    other = msgspec.structs.replace(config, seed=5)
    assert fitted_before(other, folder=tmp_path) is None
    (tmp_path / "config.json").write_bytes(b"{")
    assert fitted_before(config, folder=tmp_path) is None


def test_each_leg_has_its_own_law() -> None:
    stages = (
        Stage(steps=1, batch=2, patch=24, scale=2),
        Stage(steps=1, batch=2, patch=48, scale=4),
    )
    config = toy_config(stages=stages)
    found = [
        memory
        for leg, objective in objectives_of(config, judges=Judges())
        for memory in memories_of(config, leg=leg, objective=objective)
    ]
    assert [type(one) for one in found] == [StepMemory, StepMemory]
    first, second = found
    assert isinstance(first, StepMemory) and isinstance(second, StepMemory)
    assert second.weights > first.weights  # x4 has more channels before its shuffle
