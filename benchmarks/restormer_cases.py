"""One training step of Restormer, ours and the released one, with the same weights and batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from network_cases import Case, find_peer, released_network
from torch import Tensor, nn

from baselines.configs.config import Stage
from baselines.configs.table import CONFIGS
from baselines.networks.presets import find_preset
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import RESTORER, Batch, Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.session import Session, Step

CONFIG = "restormer-derain"
POOL = 16  # batches that are gone through again and again


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a step works on. kwargs: of our network, in place of the preset's."""

    device: str
    batch: int
    patch: int
    channels_last: bool
    kwargs: Mapping[str, Any]


class Pool:
    """Batches of smooth pictures and the same with streaks, on the device, the same in each run."""

    waited = 0.0

    def __init__(self, load: Load) -> None:
        generator = torch.Generator().manual_seed(0)
        shape = (load.batch, 3, load.patch, load.patch)
        self.pictures: list[dict[str, Tensor]] = []
        for _ in range(POOL):
            coarse = torch.rand(load.batch, 3, 8, 8, generator=generator)
            gt = nn.functional.interpolate(coarse, size=shape[2:], mode="bicubic").clamp(0, 1)
            streaks = torch.rand(load.batch, 1, 1, load.patch, generator=generator) > 0.9
            lq = (gt + 0.3 * streaks).clamp(0, 1)
            pair = {"lq": lq, "gt": gt}
            self.pictures.append({name: one.to(load.device) for name, one in pair.items()})

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        """One batch, whatever the stage says."""
        keys = tuple(str(n) for n in range(stage.batch))
        pictures = self.pictures[where.step % POOL]
        return [Batch(where=where, pictures=pictures, keys=keys, draw=_seeded)]

    def close(self) -> None:
        """Nothing is open."""


def _seeded(_name: str) -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _network(load: Load) -> Any:
    config = CONFIGS[CONFIG]
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, **load.kwargs}
    return first_weights(lambda: architecture.build(**kwargs), seed=config.seed, name=RESTORER)


def our_step(
    load: Load,
    pool: Pool,
    *,
    processes: Processes,
    precision: str,
    compiled: bool,
    losses: list[float],
) -> Callable[[], None]:
    """One step of the trainer's loop at a call; its loss is added to `losses`."""
    config = msgspec.structs.replace(
        CONFIGS[CONFIG],
        stages=(Stage(steps=10**6, batch=load.batch, patch=load.patch),),
        precision=precision,
        compile=compiled,
        channels_last=load.channels_last,
    )
    ingredients = Ingredients(restorer=_network(load), seed=config.seed, patch=load.patch)
    objective = open_objective(config.objective, ingredients=ingredients)
    session = Session(config, objective, processes, pool)

    def keep(_session: Session, step: Step) -> None:
        losses.append(float(step.terms["restorer/pixel"]))

    return lambda: train(session, until=session.step + 1, hooks=[keep])


def released_restormer(load: Load, peers: Sequence[Path]) -> nn.Module | None:
    """Their class with our first weights, learning; None where the checkout is not."""
    given = load.kwargs
    named: dict[str, Any] = {
        "dim": given["width"], "num_blocks": given["blocks"],
        "num_refinement_blocks": given["refinement"], "heads": given["heads"],
    } if given else {}  # fmt: skip
    case = Case(
        preset="restormer", side=load.patch, folder="Restormer",
        module="basicsr.models.archs.restormer_arch", kind="Restormer", kwargs=named,
    )  # fmt: skip
    root = find_peer(case, peers)
    if root is None:
        return None
    network = released_network(case, root=root, ours=_network(load))
    return network.train().requires_grad_(True).to(load.device)


def released_step(
    network: nn.Module, pool: Pool, *, processes: Processes, losses: list[float]
) -> Callable[[], None]:
    """One step as the release takes it at a call; its loss is added to `losses`."""
    settings = CONFIGS[CONFIG].optimizers[RESTORER]  # of their Deraining_Restormer.yml
    adamw = torch.optim.AdamW(
        network.parameters(), lr=settings.rate, betas=settings.betas,
        weight_decay=settings.weight_decay,
    )  # fmt: skip

    def step() -> None:
        pair = pool.pictures[len(losses) % POOL]
        adamw.zero_grad()
        with processes.autocast():
            loss = nn.functional.l1_loss(network(pair["lq"]), pair["gt"])
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_at)
        adamw.step()
        losses.append(loss.item())

    return step
