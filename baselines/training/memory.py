"""What a training step holds in memory, found without computing anything.

A turn's loss and its way back run on tensors that have shapes and no values (PyTorch's
FakeTensorMode), and the bytes alive are counted operation by operation. Activations grow in a
straight line with the samples of a micro-batch, so micro-batches of one and two give the law.

Counted as a processor in float32, or in its mixed precision, would hold them. What libraries take
besides (a convolution's scratch, memory in pieces too small to be used) is not among it, and
compiled networks hold less: whoever plans leaves room (see fit.py).
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode

from baselines.configs.config import Config, Data, Optimizer
from baselines.networks.architecture import Traits
from baselines.objectives.turn import RESTORER, Batch, Objective, Shared, Where, traits_of
from baselines.training.live_bytes import LiveBytes
from baselines.training_data.geometry import patch_sides
from degrade.draws import draw_u32

# What networks and losses raise where they look at values, which are not there.
_UNTRACED = (
    RuntimeError, TypeError, ValueError, AssertionError, AttributeError, IndexError, KeyError,
)  # fmt: skip
_MOMENTS = 2  # of Adam, each of the size of the weights


class MemoryUnknown(ValueError):
    """Why the memory of a stage cannot be told before it runs."""


@dataclass(frozen=True, kw_only=True)
class StepMemory:
    """Bytes of one process. weights: of all networks, learning or not, and the averaged ones;
    gradients: of what learns; moments: of the optimisers; apart: of a micro-batch whatever its
    size; sample: of each of its samples; waiting: of each sample of the step's other micro-batches
    (its pictures, and what turns leave for each other); moving: while the optimiser moves weights.
    """

    weights: int
    gradients: int
    moments: int
    apart: int
    sample: int
    waiting: int
    moving: int

    @property
    def fixed(self) -> int:
        """What is held at all times."""
        return self.weights + self.gradients + self.moments

    def at(self, samples: int, *, batches: int = 1) -> int:
        """With so many micro-batches of so many samples."""
        waiting = self.waiting * samples * (batches - 1)
        return self.fixed + waiting + max(self.apart + self.sample * samples, self.moving)


def training_memory(
    config: Config, *, stage: int, objective: Objective, apart: int | None = None
) -> StepMemory:
    """What a step of stage number `stage` holds, at the stage's end, when all its turns are due.

    objective: that of the stage, on the CPU; it is left as it was. apart: what another stage with
    the same networks was found to hold apart from samples, which halves the work. Raises
    MemoryUnknown, with the reason, for whole pictures and for code that needs values.
    """
    copies = _Copies(objective)
    one, left = _peak(config, stage=stage, samples=1, copies=copies)
    if apart is None:
        two, _ = _peak(config, stage=stage, samples=2, copies=copies)
        apart = max(0, 2 * one - two)
    sample = one - apart
    networks = objective.networks
    learning = {name for turn in objective.turns for name in turn.trains}
    modules = [*networks.values(), *objective.frozen.values()]
    weights = sum(map(_bytes, modules)) + (_bytes(networks[RESTORER]) if config.ema else 0)
    turns = {
        turn.name: sum(_learnable(networks[name]) for name in turn.trains)
        for turn in objective.turns
    }
    return StepMemory(
        weights=weights,
        gradients=sum(_learnable(networks[name]) for name in learning),
        moments=sum(
            _moments(config.optimizers[name]) * size
            for name, size in turns.items()
            if name in config.optimizers
        ),
        apart=apart,
        sample=sample,
        waiting=left,
        moving=max(turns.values()),
    )


def specimen(config: Config, *, stage: int, samples: int, traits: Traits) -> Batch:
    """A micro-batch of a stage's sizes, without values to speak of, at its last step.

    Raises MemoryUnknown for whole pictures, OptionError for a patch that the scale does not divide.
    """
    row = config.stages[stage]
    if not row.patch:
        raise MemoryUnknown(f"stage {stage + 1}: whole pictures, whose sizes are the data's")
    begin = sum(one.steps for one in config.stages[:stage])
    where = Where(step=begin + row.steps - 1, stage=stage, within=row.steps - 1)
    scale = heaviest_scale(config.data, traits=traits)
    sides = patch_sides(row.patch, of=config.data.patch_of, scale=scale, enlarged=False)
    shapes = {"lq": (traits.channels, sides.input), "gt": (traits.out_channels, sides.target)}
    if config.data.unpaired:
        shapes = dict.fromkeys(("low", "high"), shapes["lq"])
    told: Tensor | float | None = None
    if traits.told:
        told = torch.full((samples,), 0.1) if traits.told == "sigma" else float(scale)
    return Batch(
        where=where,
        pictures={
            name: torch.empty(samples, channels, side, side)
            for name, (channels, side) in shapes.items()
        },
        keys=tuple(map(str, range(samples))),
        told=told,
        draw=lambda name: torch.Generator().manual_seed(draw_u32("specimen", name)),
    )


def heaviest_scale(data: Data, *, traits: Traits) -> float:
    """The scale of the samples that take most memory, of all that are drawn."""
    if traits.pre_upsampled:
        return 1.0
    if traits.told != "scale":
        return float(traits.scale)
    scales = data.scales or (1.0,)
    return max(scales) if data.patch_of == "input" else min(scales)


class _Copies:
    """The networks of an objective without values, with gradients for what learns."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        with FakeCopyMode(self.mode):
            self.networks: Mapping[str, nn.Module] = {
                name: copy.deepcopy(network).train() for name, network in objective.networks.items()
            }
        self.learnable = {
            name: [one for one in network.parameters() if one.requires_grad]
            for name, network in self.networks.items()
        }

    def let_learn(self, names: tuple[str, ...]) -> None:
        """These alone have gradients, as `Session.let_learn` does it."""
        for name, parameters in self.learnable.items():
            for one in parameters:
                one.requires_grad_(name in names)

    def counted_apart(self) -> list[Tensor]:
        """Weights, running means and gradients, which are there from now on."""
        found: list[Tensor] = []
        for name, network in self.networks.items():
            for one in self.learnable[name]:
                one.grad = torch.zeros_like(one)
                found.append(one.grad)
            found += [*network.parameters(), *network.buffers()]
        return found


def _peak(config: Config, *, stage: int, samples: int, copies: _Copies) -> tuple[int, int]:
    """Bytes besides weights and gradients: (the most that the turns of a step hold, what is left of
    them at its end)."""
    objective = copies.objective
    precision = contextlib.nullcontext()
    if config.precision != "fp32":
        precision = torch.autocast("cpu", torch.bfloat16)  # of 16 bits, as fp16
    kept = {name: copy.deepcopy(part.state_dict()) for name, part in objective.parts.items()}
    traits = traits_of(objective.networks[RESTORER])
    try:
        with copies.mode, LiveBytes(apart=copies.counted_apart()) as live:
            batch = specimen(config, stage=stage, samples=samples, traits=traits)
            shared: Shared = {}
            for turn in objective.turns:
                if turn.due(batch.where):
                    copies.let_learn(turn.trains)
                    with precision:
                        terms = turn.loss(copies.networks, batch, shared)
                        total = torch.stack([one.float() for one in terms.values()]).sum()
                    total.backward()
                    del terms, total
            return live.peak, live.live
    except MemoryUnknown:
        raise
    except _UNTRACED as error:
        said = str(error).strip().split("\n")[0][:200]
        raise MemoryUnknown(
            f"stage {stage + 1}: not known before it runs ({type(error).__name__}: {said})"
        ) from error
    finally:
        for name, part in objective.parts.items():
            part.load_state_dict(kept[name])


def _bytes(module: nn.Module) -> int:
    return sum(
        one.numel() * one.element_size() for one in (*module.parameters(), *module.buffers())
    )


def _learnable(module: nn.Module) -> int:
    return sum(one.numel() * one.element_size() for one in module.parameters() if one.requires_grad)


def _moments(settings: Optimizer) -> int:
    """Tensors of the weights' size that an optimiser keeps."""
    if settings.kind == "sgd":
        return 1 if settings.momentum else 0
    return _MOMENTS
