"""The options of every verb that runs a model, and what they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evaluation.models.options import ModelOptions

Opt = typer.Option

DeviceOption = Annotated[str, Opt(help="auto, cpu, cuda, cuda:1, mps.")]
TileOption = Annotated[str, Opt(help="Side of tiles in pixels of the input, 0 none, auto.")]
OverlapOption = Annotated[
    int | None, Opt(help="Pixels that tiles share.", show_default="an eighth of the tile")
]
BatchOption = Annotated[
    str, Opt(help="Tiles at a time; auto is 1 on a processor, what memory holds on CUDA.")
]
EnsembleOption = Annotated[
    bool, Opt("--self-ensemble", help="Mean over the eight flips and quarter turns.")
]
MedianOption = Annotated[bool, Opt("--median", help="Of the self-ensemble, not its mean.")]
HalfOption = Annotated[bool, Opt("--half", help="fp16, on a GPU.")]
Bf16Option = Annotated[bool, Opt("--bf16", help="bfloat16.")]
CompileOption = Annotated[bool, Opt("--compile", help="By torch.compile, at the first picture.")]
UpsampleOption = Annotated[
    bool,
    Opt(
        "--pre-upsample",
        help="Enlarge by bicubic before a network that keeps the size; bundled ones do it unasked.",
    ),
]
NetworkOption = Annotated[
    list[str] | None,
    Opt(
        help="Preset that the weights are of, where shapes do not tell; one a --model, - for none."
    ),
]


def read_model_options(
    *,
    device: str,
    tile: str,
    overlap: int | None,
    batch: str,
    self_ensemble: bool,
    median: bool,
    half: bool,
    bf16: bool,
    compile_model: bool,
    pre_upsample: bool,
) -> ModelOptions:
    """The options as evaluation takes them. Raises OptionError for what cannot hold together."""
    from degrade.option_error import OptionError
    from evaluation.models.options import ModelOptions

    if half and bf16:
        raise OptionError("--half with --bf16: one of them")
    if median and not self_ensemble:
        raise OptionError("--median: of what --self-ensemble makes; give that too")
    if not tile.isdecimal() and tile != "auto":
        raise OptionError(f"--tile {tile}: a number of pixels, 0 for none, or auto")
    if not batch.isdecimal() and batch != "auto":
        raise OptionError(f"--batch {batch}: a number of tiles, or auto")
    return ModelOptions(
        device=device,
        tile="auto" if tile == "auto" else int(tile),
        overlap=overlap,
        batch="auto" if batch == "auto" else int(batch),
        ensemble="median" if median else "mean" if self_ensemble else "",
        half="bf16" if bf16 else "fp16" if half else "",
        compile=compile_model,
        pre_upsample=pre_upsample,
    )
