"""The verbs for checkpoints: what one is, two mixed, one written for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pairsmith.console import out, user_errors

Opt = typer.Option

_CHECKPOINT = typer.Argument(help="Checkpoint: a file or a folder.", show_default=False)


def inspect(
    checkpoint: Annotated[Path | None, _CHECKPOINT] = None,
    network: Annotated[
        str, Opt("--network", help="Bundled network that the weights are of, by preset.")
    ] = "",
    networks: Annotated[bool, Opt("--networks", help="List the bundled networks.")] = False,
    as_json: Annotated[bool, Opt("--json", help="For programs.")] = False,
) -> None:
    """Print what a checkpoint is: network, arguments, costs, sizes, origin, licence.

    Example: pairsmith inspect RRDB_ESRGAN_x4.pth
    """
    with user_errors():
        from degrade.option_error import OptionError

        if networks == (checkpoint is not None):
            raise OptionError("inspect: give a checkpoint, or --networks")
        import msgspec

        from baselines.checkpoints.describing import (
            inspection_facts,
            inspection_lines,
            network_facts,
            network_lines,
        )

        if checkpoint is None:
            facts, lines = network_facts, network_lines
        else:
            from baselines.checkpoints.inspecting import inspect_checkpoint

            found = inspect_checkpoint(checkpoint, preset=network)
            facts, lines = lambda: inspection_facts(found), lambda: inspection_lines(found)
        if as_json:
            out.print(msgspec.json.format(msgspec.json.encode(facts()), indent=2).decode())
        else:
            out.print("\n".join(lines()))


def interpolate(
    a: Annotated[Path, typer.Argument(help="The first checkpoint.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="The second, same network.", show_default=False)],
    alpha: Annotated[float, Opt("--alpha", help="Share of the second, 0 to 1.")],
    out_path: Annotated[
        Path, Opt("--out", help="Folder, .safetensors or .pth.", show_default=False)
    ],
    overwrite: Annotated[bool, Opt("--overwrite", help="Replace --out.")] = False,
) -> None:
    """Mix two checkpoints of one network, weight by weight: (1 - alpha) * A + alpha * B.

    Example: pairsmith interpolate RRDB_PSNR_x4.pth RRDB_ESRGAN_x4.pth --alpha 0.8 --out mix.pth
    """
    with user_errors():
        from baselines.checkpoints.interpolating import interpolate as mix
        from baselines.checkpoints.writing import check_out, write_state

        check_out(out_path, overwrite=overwrite)
        mixed = mix(a, b, alpha=alpha)
        write_state(out_path, state=mixed.state, card=mixed.card)
        name = mixed.card.network if mixed.card else "no bundled network"
        out.print(
            f"{out_path}: {1 - alpha:g} of {a.name}, {alpha:g} of {b.name}; {name}, "
            f"{len(mixed.state)} tensors"
        )


def export_model(
    checkpoint: Annotated[Path, _CHECKPOINT],
    out_path: Annotated[Path, Opt("--out", help="File to write.", show_default=False)],
    file_format: Annotated[
        str, Opt("--format", help="onnx, torch-export, safetensors, pth.")
    ] = "onnx",
    half: Annotated[bool, Opt("--half", help="Weights and arithmetic in fp16.")] = False,
    sigma: Annotated[
        float | None,
        Opt(
            help="Of 0 to 255, built into a network that is told the noise.",
            show_default="a second input",
        ),
    ] = None,
    scale: Annotated[
        int | None, Opt(help="Built into a network that is told the scale.", min=1)
    ] = None,
    network: Annotated[
        str, Opt("--network", help="Bundled network that the weights are of, by preset.")
    ] = "",
    overwrite: Annotated[bool, Opt("--overwrite", help="Replace --out.")] = False,
) -> None:
    """Write a checkpoint for other programs, for pictures of any size, checked on two of them.

    Example: pairsmith export-model RRDB_ESRGAN_x4.pth --format onnx --out rrdb.onnx
    """
    with user_errors():
        from baselines.checkpoints.exporting import (
            ExportOptions,
            export_checkpoint,
            exported_lines,
        )
        from baselines.checkpoints.load import load_checkpoint
        from baselines.checkpoints.writing import check_out

        options = ExportOptions(format=file_format, half=half, sigma=sigma, scale=scale)
        check_out(out_path, overwrite=overwrite, suffixes=options.suffixes)
        loaded = load_checkpoint(checkpoint, preset=network)
        if loaded is None:
            raise ValueError(
                f"{checkpoint}: no bundled network (pairsmith inspect says what it is); only those "
                "are exported"
            )
        out.print("\n".join(exported_lines(export_checkpoint(loaded, out_path, options=options))))
