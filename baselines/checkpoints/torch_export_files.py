"""A network as a program of torch.export (.pt2): PyTorch alone runs it, no class is needed."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import torch
from torch import Tensor

from baselines.checkpoints.exporting import (
    BOUND,
    Exported,
    ExportOptions,
    checked,
    example,
    facts_json,
    portable,
)
from baselines.checkpoints.load import Loaded
from builders.atomic import write_whole

FACTS = "pairsmith.json"  # name of the extra file inside


def write_program(
    loaded: Loaded, out: Path, *, options: ExportOptions, notes: tuple[str, ...] = ()
) -> Exported:
    """The network at `out`, as torch.export.load reads it: (picture [B,C,H,W]) or, where it is told
    the noise, (picture, sigma [B] of 0 ... 1) -> restored.

    Raises ValueError where the network cannot be followed, and where the file differs from it.
    """
    network = portable(loaded, options=options)
    inputs = example(loaded.module.traits, options=options, turn=0, count=2)  # 1 is frozen
    auto = torch.export.Dim.AUTO
    shapes = ({0: auto, 2: auto, 3: auto}, {0: auto} if len(inputs) > 1 else None)
    written = io.BytesIO()  # given a path, torch writes the file's own name into it
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.export.export(network, inputs, dynamic_shapes=shapes[: len(inputs)])
            extra = {FACTS: facts_json(loaded, options=options)}
            torch.export.save(program, written, extra_files=extra)
            again = torch.export.load(io.BytesIO(written.getvalue())).module()
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        said = " ".join(str(error).split())[:250]
        raise ValueError(
            f"{loaded.path}: {loaded.architecture.name} cannot be written as a program of "
            f"torch.export ({said})"
        ) from error

    def run(given: tuple[Tensor, ...]) -> Tensor:
        with torch.no_grad():
            return again(*given)

    checks = checked(loaded, run, options=options, runner="torch.export")
    write_whole(out, written.getvalue())
    return Exported(
        path=out,
        about=f"torch.export program of torch {torch.__version__}, any height, width and batch",
        runner="torch.export.load",
        checks=checks,
        bound=BOUND,
        notes=notes,
    )
