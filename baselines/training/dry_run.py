"""`--dry-run`: the whole config, and what it comes to: sizes, memory, data, epochs, validation."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from torch import nn

from baselines.configs.checking import check_config, check_given, check_turns
from baselines.configs.config import Config
from baselines.configs.reading import config_json
from baselines.networks.architecture import told_arguments
from baselines.objectives.turn import RESTORER, Objective, traits_of
from baselines.training.fit import (
    GIB,
    Known,
    Room,
    fit_stages,
    memories_of,
    objectives_of,
    room_of,
    shape_of,
)
from baselines.training.legs import Leg, build_restorer, legs_of, start_weights, take_over
from baselines.training.memory import MemoryUnknown
from baselines.training.options import RunOptions
from baselines.training.processes import Processes
from baselines.training.schedule import total_steps
from baselines.training_data.batches import open_batches
from baselines.training_data.preflight import check_sources
from evaluation.models.cost import SIDE, count_macs, count_parameters


def dry_run_lines(config: Config, *, options: RunOptions) -> list[str]:
    """What `train_run` would do, in lines for people; no step is taken and nothing is written.

    Raises as `train_run` does before its first step, of all legs: for the config, its options,
    every header of the data, judges and weights to start from. The validation's set is not opened.
    """
    processes = Processes(precision=config.precision, device=options.device)
    check_config(config, processes=processes.count)
    check_given(config, sources=options.sources, judges=options.judges)
    counts = _counts(config, options=options, processes=processes)
    memories: list[Known] = []
    networks: list[str] = []
    for leg, objective in objectives_of(config, judges=options.judges):
        check_turns(config, objective)
        networks += [*network_lines(leg, objective=objective), *start_lines(leg, objective)]
        memories += memories_of(config, leg=leg, objective=objective)
    room = room_of(processes)
    steps = stage_lines(config, memories=memories, room=room, processes=processes.count)
    if options.fit:
        _, steps = fit_stages(config, memories=memories, room=room, processes=processes.count)
    return [
        *config_json(config).decode().rstrip().split("\n"),
        "",
        *networks,
        *steps,
        *data_lines(config, counts=counts, drawn=_drawn(counts, options=options)),
        validation_line(config),
    ]


def network_lines(leg: Leg, *, objective: Objective) -> list[str]:
    """Parameters of every network of a leg, and the restorer's multiply-adds."""
    lines: list[str] = []
    scale = f" x{leg.scale}" if leg.scale else ""
    for name, network in objective.networks.items():
        macs = f", {_macs(network)}" if name == RESTORER else ""
        lines.append(f"{name}{scale}: {count_parameters(network):,} parameters{macs}")
    for name, network in objective.frozen.items():
        lines.append(f"{name}: {count_parameters(network):,} parameters, frozen")
    if objective.batch_coupled:
        lines.append(f"note: {objective.batch_coupled}")
    return lines + [f"note: {note}" for note in objective.notes]


def start_lines(leg: Leg, objective: Objective) -> list[str]:
    """What a leg starts from, where that is a checkpoint. Raises as `start_weights` does, and
    ValueError where none of its weights fits."""
    weights = start_weights(leg, before=None)
    if weights is None:
        return []
    return [f"step {leg.begin:,}: {take_over(objective.networks[RESTORER], weights)}"]


def stage_lines(
    config: Config, *, memories: Sequence[Known], room: Room, processes: int
) -> list[str]:
    """Steps, batch and memory of each stage."""
    lines: list[str] = []
    for number, (stage, memory) in enumerate(zip(config.stages, memories, strict=True)):
        own = stage.batch // (processes * stage.accumulate)
        if isinstance(memory, MemoryUnknown):
            need = f"memory: {memory}"
        else:
            bytes_ = memory.at(own, batches=stage.accumulate)
            need = f"needs about {bytes_ / GIB:.2f} of {room.free / GIB:.2f} GiB"
            if bytes_ > room.planned:
                need += "; --fit cuts it into micro-batches"
        shape = shape_of(stage, processes=processes)
        lines.append(f"stage {number + 1}: {stage.steps:,} steps, {shape}: {need}")
    return lines


def data_lines(config: Config, *, counts: Mapping[str, int], drawn: int) -> list[str]:
    """Samples of each root, steps and epochs. drawn: samples of an epoch."""
    roots = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    samples = sum(stage.steps * stage.batch for stage in config.stages)
    epochs = f", {samples / drawn:,.1f} epochs of {drawn:,}" if drawn else ""
    return [
        f"data: {roots}",
        f"steps: {total_steps(config.stages):,}, {samples:,} samples{epochs}",
    ]


def validation_line(config: Config) -> str:
    """On what, by what and how often."""
    chosen, total = config.validation, total_steps(config.stages)
    on = chosen.set or "the built dataset's val split, else the demo"
    limit = f", {chosen.limit} pictures at most" if chosen.limit else ""
    by = ", ".join(chosen.metrics) or "the protocol's metrics"
    every = f"every {chosen.every:,} steps and " if 0 < chosen.every < total else ""
    return f"validation: {on}{limit}; {by}; {every}at the end; best by {chosen.best}"


def _macs(network: nn.Module) -> str:
    """Multiply-adds at the size that papers state them at."""
    traits = traits_of(network)
    macs = count_macs(
        network,
        call=lambda module, picture: module(picture, *told_arguments(traits, picture)),
        channels=traits.channels,
        sizes=traits.sizes,
    )
    if macs is None:
        return "multiply-adds not counted"
    return f"{macs / 1e9:,.2f} G multiply-adds at {SIDE}x{SIDE}"


def _counts(config: Config, *, options: RunOptions, processes: Processes) -> dict[str, int]:
    """Pictures or pairs by root; every header is read, nothing is decoded."""
    batches = open_batches(
        config,
        sources=options.sources,
        network=build_restorer(config, legs_of(config.stages)[0]).traits,
        processes=processes,
        workers=0,
    )
    with contextlib.closing(batches):
        check_sources(batches, report=options.report)
        return batches.counts


def _drawn(counts: Mapping[str, int], *, options: RunOptions) -> int:
    """Samples of an epoch: of unpaired pictures the low ones count."""
    numbers = list(counts.values())
    return sum(numbers[: len(options.sources.low)] if options.sources.low else numbers)
