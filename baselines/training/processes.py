"""One process or several: device, precision, and what must be equal in all of them.

Accelerate finds the device and makes the group of processes. Gradients are averaged here, in one
message a turn, and not by DistributedDataParallel: a turn calls networks several times, in part
(pyramid levels, features), and leaves others out, which its hooks do not take.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed.nn
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object
from torch import Tensor, nn
from torch.optim import Optimizer

from degrade.option_error import OptionError
from evaluation.models.options import ModelOptions, find_device

# How long others wait for what the main process does alone (validating takes its time); what all do
# together has the group's own, shorter patience.
PATIENCE = timedelta(hours=12)
PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


class Processes:
    """This process among its group. device: as --device of every verb; among several processes
    each has a card of its own, and 'cuda' is its.

    Raises OptionError for a device that is not there, or a precision that it has not.
    """

    def __init__(self, *, precision: str = "fp32", device: str = "auto") -> None:
        if precision not in PRECISIONS:
            raise OptionError(f"precision {precision!r}: one of {', '.join(PRECISIONS)}")
        wanted = torch.device(find_device(ModelOptions(device=device)))
        if precision == "fp16" and wanted.type == "cpu":
            raise OptionError("precision fp16: takes a graphics card; bf16 runs on a processor")
        if wanted.index is not None:
            torch.cuda.set_device(wanted)
        # Accelerate keeps the first run's precision and device for all; a later one may differ
        AcceleratorState._reset_state(not torch.distributed.is_initialized())
        self.accelerator = Accelerator(
            mixed_precision=PRECISIONS[precision],
            cpu=wanted.type == "cpu",
            step_scheduler_with_optimizer=False,
        )
        self.device: torch.device = self.accelerator.device
        if self.device.type != wanted.type:
            raise OptionError(f"--device {device}: Accelerate chose {self.device.type} here")
        self.rank: int = self.accelerator.process_index
        self.count: int = self.accelerator.num_processes
        self.is_main: bool = self.accelerator.is_main_process
        self._patient: Any = None
        if self.count > 1:
            self._patient = torch.distributed.new_group(backend="gloo", timeout=PATIENCE)

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Mixed precision where the run has it."""
        return self.accelerator.autocast()

    def backward(self, loss: Tensor) -> None:
        """Gradients of `loss`, scaled up under fp16."""
        scaler = self.accelerator.scaler
        (loss if scaler is None else scaler.scale(loss)).backward()

    def unscale(self, optimizer: Optimizer) -> None:
        """Gradients as they are without fp16's scale."""
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.unscale_(optimizer)

    def move(self, optimizer: Optimizer) -> None:
        """The optimiser's step; left out where fp16 overflowed, and the scale lowered."""
        scaler = self.accelerator.scaler
        if scaler is None:
            optimizer.step()
            return
        scaler.step(optimizer)
        scaler.update()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes' tensors of one shape; gradients pass through."""
        own = values.mean()
        if self.count == 1:
            return own
        return torch.distributed.nn.all_reduce(own) / self.count

    @torch.no_grad()
    def average(self, tensors: Iterable[Tensor]) -> None:
        """Each tensor becomes the mean of all processes' ones, in one message."""
        if self.count == 1:
            return
        found = [one for one in tensors if one.is_floating_point()]
        if not found:
            return
        flat = torch.cat([one.reshape(-1).float() for one in found])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        begin = 0
        for one in found:
            one.copy_(flat[begin : begin + one.numel()].view_as(one))
            begin += one.numel()

    def average_gradients(self, networks: Sequence[nn.Module]) -> None:
        """Of every parameter that has one in any process; where others have none, theirs is 0."""
        if self.count == 1:
            return
        found = [one for network in networks for one in network.parameters() if one.requires_grad]
        there = torch.tensor([float(one.grad is not None) for one in found], device=self.device)
        torch.distributed.all_reduce(there)
        for one, count in zip(found, there.tolist(), strict=True):
            if count and one.grad is None:
                one.grad = torch.zeros_like(one)
        self.average(one.grad for one in found if one.grad is not None)

    def gathered(self, value: Any) -> list[Any]:
        """`value` of every process, in their order."""
        return list(gather_object([value])) if self.count > 1 else [value]

    def any(self, here: bool) -> bool:
        """Whether it holds in one of the processes."""
        if self.count == 1:
            return here
        flag = torch.tensor(float(here), device=self.device)
        torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
        return bool(flag)

    @contextlib.contextmanager
    def by_main(self) -> Iterator[bool]:
        """Within it the main process works, as the value says; the others wait for it.

        Raises RuntimeError in the others where the main one fails, whose own error says why."""
        patient = self._patient
        if patient is None:
            yield True
            return
        done = torch.zeros(1)
        try:
            yield self.is_main
            done.fill_(1.0)
        finally:
            torch.distributed.broadcast(done, src=0, group=patient)
        if not done.item():
            raise RuntimeError("the main process failed; its own message says why")
