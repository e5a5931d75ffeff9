"""One process of a group: trains a toy and, as the main one, writes what came of it.

Run by torch.distributed.run: one_of_two.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from baselines.objectives.turn import Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.session import Session, Step
from tests.baselines.training.toy_objectives import ALONE_ONLY, TOYS
from tests.baselines.training.toy_run import toy_session

SHARED = [name for name in TOYS if name not in ALONE_ONLY | {"distilled"}]


def trained(name: str, *, processes: Processes) -> dict[str, list[float]]:
    """Every term of every step, in order, and the first weights' sums at the end."""
    session = toy_session(TOYS[name], processes=processes)
    losses: dict[str, list[float]] = {}

    def keep(_session: Session, step: Step) -> None:
        assert isinstance(step.where, Where)
        for term, value in step.terms.items():
            losses.setdefault(term, []).append(float(value))

    train(session, until=8, hooks=[keep])
    for network, module in session.objective.networks.items():
        losses[f"weights of {network}"] = [float(one.detach().sum()) for one in module.parameters()]
    return losses


def failure(group: Processes) -> str:
    """What becomes, here, of an error in what the main process does alone."""
    try:
        with group.by_main() as mine:
            if mine:
                raise OSError("disk full")
    except (OSError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    group = Processes(device="cpu")
    assert group.count == 2
    found: dict[str, object] = {name: trained(name, processes=group) for name in SHARED}
    own = torch.full((2,), float(group.rank + 1), requires_grad=True)
    (gradient,) = torch.autograd.grad(group.mean(own), own)
    found["means"] = group.gathered([float(group.mean(own).detach()), *gradient.tolist()])
    found["a failure of the main one"] = group.gathered(failure(group))
    if group.is_main:
        torch.save(found, Path(sys.argv[1]))
    with group.by_main():
        pass
    torch.distributed.destroy_process_group()
