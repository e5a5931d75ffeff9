"""`--fit`: micro-batches for the memory at hand, the recipe's batch of every stage kept.

A stage's batch is processes x micro-batches x samples of each. The paper's batch stays; the fewest
micro-batches are taken whose samples fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from baselines.configs.config import Config, Stage
from baselines.configs.reading import parse_config
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import Objective
from baselines.training.legs import Leg, build_restorer, legs_of
from baselines.training.memory import MemoryUnknown, StepMemory, training_memory
from baselines.training.plan_file import NEUTRAL, STATE_FOLDER
from baselines.training.state_files import newest_path
from degrade.option_error import OptionError
from evaluation.models.memory import PLANNED, free_memory

if TYPE_CHECKING:
    from baselines.training.options import Judges
    from baselines.training.processes import Processes

# Of a card's free memory: the rest is for the convolutions' scratch, for what mixed precision keeps
# in float32 on a card and not on a processor, and for pieces too small to be used. Not measured on
# cards of every kind; where it runs out in spite of it, stages.N.accumulate sets more.
PLANNED_ON_CARDS = 0.8
GIB = 2**30
Known = StepMemory | MemoryUnknown


@dataclass(frozen=True)
class Room:
    """Memory for one process, in bytes. free: there is now; planned: of it, at most."""

    free: int
    planned: int


def room_of(processes: Processes) -> Room:
    """Of the process that has least. Processes on processors share theirs."""
    device = processes.device
    free = free_memory(str(device) if device.type != "cuda" else f"cuda:{device.index or 0}")
    if device.type == "cpu":
        free //= processes.count
    free = min(processes.gathered(free))
    return Room(free, int(free * (PLANNED_ON_CARDS if device.type == "cuda" else PLANNED)))


def objectives_of(config: Config, *, judges: Judges) -> Iterator[tuple[Leg, Objective]]:
    """The objective of each leg with first weights, one after the other, on the CPU.

    Raises as `open_objective` does."""
    for leg in legs_of(config.stages):
        ingredients = Ingredients(
            restorer=build_restorer(config, leg),
            seed=config.seed,
            patch=config.stages[leg.stages[0]].patch,
            vgg=judges.vgg,
            clip=judges.clip,
            teacher=judges.teacher,
            without=judges.without,
        )
        yield leg, open_objective(config.objective, ingredients=ingredients)


def memories_of(config: Config, *, leg: Leg, objective: Objective) -> list[Known]:
    """What a step of each stage of a leg holds, or why that is not known."""
    found: list[Known] = []
    apart: int | None = None
    for number in range(*leg.stages):
        try:
            memory = training_memory(config, stage=number, objective=objective, apart=apart)
            apart = memory.apart
            found.append(memory)
        except MemoryUnknown as error:
            found.append(error)
    return found


def fit_config(
    config: Config, *, judges: Judges, processes: Processes, folder: Path | None
) -> tuple[Config, list[str]]:
    """`config` with micro-batches that fit, and a line for each stage.

    A run that has a state in `folder` keeps what was chosen then, so that it can go on.
    Raises OptionError where one sample does not fit, before any step.
    """
    before = fitted_before(config, folder=folder) if folder is not None else None
    if before is not None:
        return before, ["--fit: micro-batches as they were chosen when this run began"]
    memories: list[Known] = []
    coupled = ""
    for leg, objective in objectives_of(config, judges=judges):
        memories += memories_of(config, leg=leg, objective=objective)
        coupled = objective.batch_coupled or coupled
    stages, lines = fit_stages(
        config, memories=memories, room=room_of(processes), processes=processes.count
    )
    if coupled and any(stage.accumulate > 1 for stage in stages):
        lines.append(f"note: micro-batches change what is learned here: {coupled}")
    return msgspec.structs.replace(config, stages=stages), lines


def fit_stages(
    config: Config, *, memories: Sequence[Known], room: Room, processes: int
) -> tuple[tuple[Stage, ...], list[str]]:
    """(the table with `accumulate` chosen, a line for each stage).

    memories: of each stage; a stage whose memory is not known stays as it is. Raises OptionError
    where a batch cannot be cut among the processes, or one sample does not fit.
    """
    stages: list[Stage] = []
    lines: list[str] = []
    for number, (stage, memory) in enumerate(zip(config.stages, memories, strict=True)):
        if isinstance(memory, MemoryUnknown):
            stages.append(stage)
            lines.append(f"{memory}; {shape_of(stage, processes=processes)} as it is")
            continue
        if stage.batch % processes:
            raise OptionError(
                f"--fit: stage {number + 1}: a batch of {stage.batch} cannot be cut among "
                f"{processes} processes; take a number of processes that divides it, or set "
                f"stages.{number}.batch"
            )
        own = stage.batch // processes
        cuts = (cut for cut in range(1, own + 1) if own % cut == 0)
        fitting = (cut for cut in cuts if memory.at(own // cut, batches=cut) <= room.planned)
        accumulate = next(fitting, 0)
        if not accumulate:
            raise OptionError(_too_large(config, number, need=memory.at(1, batches=own), room=room))
        new = msgspec.structs.replace(stage, accumulate=accumulate)
        stages.append(new)
        need = memory.at(own // accumulate, batches=accumulate)
        lines.append(
            f"stage {number + 1}: {shape_of(new, processes=processes)}: needs "
            f"{need / GIB:.2f} of {room.free / GIB:.2f} GiB"
        )
    return tuple(stages), lines


def shape_of(stage: Stage, *, processes: int) -> str:
    """'patch 128, batch 64 = 8 processes x 2 micro-batches x 4'."""
    own = stage.batch // (processes * stage.accumulate)
    parts = [f"{processes} processes"] if processes > 1 else []
    parts += [f"{stage.accumulate} micro-batches"] if stage.accumulate > 1 else []
    patch = f"patch {stage.patch}" if stage.patch else "whole pictures"
    how = f" = {' x '.join([*parts, str(own)])}" if parts else ""
    return f"{patch}, batch {stage.batch}{how}"


def fitted_before(config: Config, *, folder: Path) -> Config | None:
    """`config` with the micro-batches of the run in `folder`.

    None where that run is another one, apart from them and from what changes nothing that is
    learned, and where it has no state: what ran out of memory at once is chosen anew.
    """
    path = folder / "config.json"
    if newest_path(folder / STATE_FOLDER) is None or not path.is_file():
        return None
    try:
        old = parse_config(path.read_bytes(), file=str(path))
    except ValueError:  # of another version: what is there is told when the run's plan is compared
        return None
    if _learned(old) != _learned(config):
        return None
    cuts = [stage.accumulate for stage in old.stages]
    return msgspec.structs.replace(config, stages=_cut(config.stages, cuts))


def _learned(config: Config) -> dict[str, Any]:
    """What decides what is learned, whatever the micro-batches."""
    whole = _cut(config.stages, [1] * len(config.stages))
    plain = msgspec.structs.asdict(msgspec.structs.replace(config, stages=whole))
    return {name: value for name, value in plain.items() if name not in NEUTRAL}


def _cut(stages: Sequence[Stage], cuts: Sequence[int]) -> tuple[Stage, ...]:
    return tuple(
        msgspec.structs.replace(stage, accumulate=cut)
        for stage, cut in zip(stages, cuts, strict=True)
    )


def _too_large(config: Config, number: int, *, need: int, room: Room) -> str:
    stage = config.stages[number]
    remedies = [f"a smaller patch (stages.{number}.patch)"]
    if config.precision == "fp32":
        remedies.append("precision=bf16")
    remedies += ["a smaller network", "more memory"]
    return (
        f"--fit: stage {number + 1}: one sample of patch {stage.patch} needs {need / GIB:.2f} GiB, "
        f"planned with are {room.planned / GIB:.2f} of the {room.free / GIB:.2f} that are free; "
        f"take {', '.join(remedies[:-1])} or {remedies[-1]}"
    )
