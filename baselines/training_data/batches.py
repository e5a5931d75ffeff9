"""Batches of a run: functions of their step, whatever the workers, processes and micro-batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from baselines.configs.config import Config, Stage
from baselines.networks.architecture import Traits
from baselines.objectives.turn import Batch, Where
from baselines.training.schedule import place, total_steps
from baselines.training_data.ahead import Ahead
from baselines.training_data.checking import check_kinds
from baselines.training_data.collection import Collection, Kept
from baselines.training_data.finishing import Finished, finish
from baselines.training_data.making import Maker
from baselines.training_data.mixing import mix_at
from baselines.training_data.opening import open_collections
from baselines.training_data.picking import Picker
from baselines.training_data.sample import Ready, Wanted
from baselines.training_data.sources import Sources
from baselines.training_data.stored import StoredPairs
from degrade.draws import draw_u32

CACHE_MIB = 1024.0  # of decoded pictures; 91-image and Train400 take 15 and 13


class Group(Protocol):
    """What must be known of the processes: `baselines.training.processes.Processes`."""

    rank: int
    count: int
    device: torch.device

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes' tensors of one shape; gradients pass through."""
        ...


class TrainingBatches:
    """See `open_batches`."""

    def __init__(
        self, config: Config, *, picker: Picker, maker: Maker, group: Group, workers: int
    ) -> None:
        self.config, self.picker, self.maker, self.group = config, picker, maker, group
        self.waited = 0.0  # seconds that `at` has waited for reading
        self._total = total_steps(config.stages)
        self._ahead = Ahead(self._own, maker.make, workers=workers)

    @property
    def collections(self) -> Sequence[Collection]:
        """The roots, in the order of the command line."""
        return self.maker.collections

    @property
    def counts(self) -> dict[str, int]:
        """Pictures or pairs by root."""
        return {one.name: len(one) for one in self.collections}

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        """This process's micro-batches of a step.

        Raises ValueError or OSError naming the sample and its file where one cannot be read."""
        ready = self._ahead.at(where.step)
        self.waited = self._ahead.waited
        size = stage.batch // (self.group.count * stage.accumulate)
        first = self.group.rank * size * stage.accumulate
        starts = range(first, first + size * stage.accumulate, size)
        return [self._batch(where, range(at, at + size), ready) for at in starts]

    def describe_samples(self, where: Where, stage: Stage) -> list[dict[str, Any]]:
        """What makes each sample of this process's part of a step, as JSON data: its key, file or
        pair, box, mirrors, colours, recipe and record (a stored pair's is the dataset's). Reads the
        pictures again."""
        share = stage.batch // self.group.count
        plan = self._own(where.step)
        mix = self._mix(where)
        found = []
        for number in range(self.group.rank * share, (self.group.rank + 1) * share):
            facts = dict(self.maker.make(plan[number]).facts)
            where_from, index = plan[number].places[0]
            root = self.collections[where_from]
            if isinstance(root, StoredPairs):
                facts["record"] = root.record(index)
            if mix is not None:
                partner = self.maker.key(plan[mix.partners[number]])
                facts["mixed"] = {"share": mix.share, "with": partner}
            found.append(facts)
        return found

    def close(self) -> None:
        """Ends the threads that read, and closes what they read."""
        self._ahead.close()
        for one in self.collections:
            one.close()

    def _mix(self, where: Where) -> Any:
        batch = self.config.stages[where.stage].batch
        return mix_at(self.config.seed, where.step, beta=self.config.data.mixup, batch=batch)

    def _own(self, step: int) -> Mapping[int, Wanted]:
        """What this process reads of a step, by number in it: its part, and partners in mixing."""
        if step >= self._total:
            return {}
        where = place(self.config.stages, step)
        share = self.config.stages[where.stage].batch // self.group.count
        numbers = list(range(self.group.rank * share, (self.group.rank + 1) * share))
        mix = self._mix(where)
        if mix is not None:
            numbers = list(dict.fromkeys([*numbers, *(mix.partners[n] for n in numbers)]))
        return {number: self.picker.wanted(where, number) for number in numbers}

    def _batch(self, where: Where, numbers: Sequence[int], ready: Mapping[int, Ready]) -> Batch:
        mix = self._mix(where)
        partners = [] if mix is None else [mix.partners[n] for n in numbers]
        needed = list(dict.fromkeys([*numbers, *partners]))
        made = finish(
            [ready[n] for n in needed], traits=self.maker.traits, device=self.group.device
        )
        pictures = dict(made.pictures)
        if mix is not None:
            own = torch.tensor([needed.index(n) for n in numbers], device=self.group.device)
            other = torch.tensor([needed.index(n) for n in partners], device=self.group.device)
            pictures = {
                side: mix.share * one[own] + (1.0 - mix.share) * one[other]
                for side, one in pictures.items()
            }
        if self.config.channels_last:
            pictures = {
                side: one.contiguous(memory_format=torch.channels_last)
                for side, one in pictures.items()
            }
        return Batch(
            where=where,
            pictures=pictures,
            keys=made.keys[: len(numbers)],
            told=_own_told(made, len(numbers)),
            first=numbers[0],
            draw=lambda name: _generator(self.config.seed, where.step, name),
            mean=_mean if self.group.count == 1 else self.group.mean,
        )


def _generator(seed: int, step: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(draw_u32(seed, "draw", step, name))


def _mean(values: Tensor) -> Tensor:
    return values.mean()


def _own_told(made: Finished, count: int) -> Tensor | float | None:
    return made.told[:count] if isinstance(made.told, Tensor) else made.told


def open_batches(
    config: Config,
    *,
    sources: Sources,
    network: Traits,
    processes: Group,
    workers: int = 2,
    cache_mib: float = CACHE_MIB,
) -> TrainingBatches:
    """The batches of a run: `at(where, stage)` gives this process's micro-batches of any step.

    config: it has been through `check_config`. network: traits of the network that learns. workers:
    threads that read ahead, 0 for none; they change no bit. cache_mib: of decoded pictures that are
    kept. Raises OptionError where config and data do not go together, FileNotFoundError or
    ValueError for data that is not there. Nothing is decoded before the first step:
    `preflight.check_sources` looks at every header.
    """
    recipe = check_kinds(config, sources=sources)
    opened = open_collections(sources, network=network, data=config.data)
    picker = Picker(config=config, opened=opened, traits=network)
    picker.check(recipe=recipe)
    maker = Maker(
        seed=config.seed,
        data=config.data,
        traits=network,
        collections=opened.collections,
        recipe=recipe,
        kept=Kept(mib=cache_mib),
    )
    return TrainingBatches(config, picker=picker, maker=maker, group=processes, workers=workers)
