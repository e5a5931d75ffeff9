"""The loop: steps of turns over addressed batches. It knows nothing of what is learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from baselines.objectives.turn import Batch, Shared, Turn, Where
from baselines.training.schedule import place
from baselines.training.session import Session, Step

Hook = Callable[[Session, Step], None]


class Diverged(RuntimeError):
    """A loss or gradient is not finite. step: where it happened, before any weight was moved by it;
    keys: of the samples of this process's batch; values: the turn's terms and gradients' norms."""

    def __init__(
        self, message: str, *, step: int, keys: Sequence[str], values: Mapping[str, float]
    ) -> None:
        super().__init__(message)
        self.step, self.keys, self.values = step, tuple(keys), dict(values)


def train(
    session: Session, *, until: int, hooks: Sequence[Hook] = (), stop: Callable[[], bool] = bool
) -> None:
    """Takes steps up to `until`, or until `stop` says so in one of the processes.

    Hooks are called after each step. Raises Diverged, naming the turn and the terms.
    """
    stages = session.config.stages
    while session.step < until and not session.processes.any(stop()):
        where = place(stages, session.step)
        batches = session.batches.at(where, stages[where.stage])
        shared: list[Shared] = [{} for _ in batches]
        terms: dict[str, Tensor] = {}
        norms: dict[str, float] = {}
        rates: dict[str, float] = {}
        for turn in session.objective.turns:
            if turn.due(where):
                rates[turn.name] = _set_rate(session, turn, where)
                own = _learn(session, turn, batches, shared)
                norms |= _move(session, turn, own, batches, rate=rates[turn.name])
                terms |= own
        session.averaged.update()
        session.step += 1
        done = Step(where, terms, norms, rates)
        for hook in hooks:
            hook(session, done)


def _set_rate(session: Session, turn: Turn, where: Where) -> float:
    return session.optimizers[turn.name].set_rate(where, session.config.stages[where.stage])


def _learn(
    session: Session, turn: Turn, batches: Sequence[Batch], shared: Sequence[Shared]
) -> dict[str, Tensor]:
    """Gradients of a turn over all micro-batches: its terms' means, by 'turn/term'."""
    optimizer, processes = session.optimizers[turn.name], session.processes
    session.let_learn(turn.trains)
    optimizer.inner.zero_grad(set_to_none=True)
    means: dict[str, Tensor] = {}
    for batch, left in zip(batches, shared, strict=True):
        with processes.autocast():
            found = turn.loss(session.called, batch, left)
            total = torch.stack([one.float() for one in found.values()]).sum() / len(batches)
        processes.backward(total)
        for name, value in found.items():
            key = f"{turn.name}/{name}"
            means[key] = means.get(key, value.new_zeros(())) + value.detach() / len(batches)
    processes.average_gradients(list(optimizer.networks.values()))
    processes.average(means.values())
    return means


def _move(
    session: Session,
    turn: Turn,
    terms: Mapping[str, Tensor],
    batches: Sequence[Batch],
    *,
    rate: float,
) -> dict[str, float]:
    """Clips and moves a turn's networks: the norms of their gradients, by 'turn/network'."""
    optimizer, processes = session.optimizers[turn.name], session.processes
    processes.unscale(optimizer.inner)
    norms = {f"{turn.name}/{name}": one for name, one in optimizer.norms().items()}
    # all at once: each value that leaves a graphics card waits for it
    known = torch.stack([one.float() for one in (*terms.values(), *norms.values())]).tolist()
    values = dict(zip(terms, known, strict=False))
    found = dict(zip(norms, known[len(values) :], strict=True))
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if processes.accelerator.scaler is None:  # fp16's scaler leaves such a step out by itself
        bad += [f"{name}'s gradient" for name, norm in found.items() if not math.isfinite(norm)]
    if bad:
        keys = [key for batch in batches for key in batch.keys]
        message = f"step {session.step}: {', '.join(bad)} is not finite"
        values |= {f"{name}'s gradient": norm for name, norm in found.items()}
        raise Diverged(message, step=session.step, keys=keys, values=values)
    optimizer.clip(rate, norm=math.hypot(*found.values()))
    processes.move(optimizer.inner)
    processes.average(_running_means(session, turn))
    return found


def _running_means(session: Session, turn: Turn) -> list[Tensor]:
    """Buffers that batch norm moves, of the networks that this turn trains."""
    return [
        buffer
        for name in turn.trains
        for module in session.objective.networks[name].modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
        for buffer in (module.running_mean, module.running_var)
        if buffer is not None
    ]
