"""The options that every kind of build has, each written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

RENDERED, STORED, RUN = "What is rendered", "What is stored", "How it is run"
Opt = typer.Option

Out = Annotated[
    Path | None,
    Opt("--out", help="Dataset folder.", show_default="datasets/<kind>-<folder>"),
]
Format = Annotated[
    str, Opt("--format", help="hdf5, hf or folder.", show_default="hdf5", rich_help_panel=STORED)
]
Split = Annotated[str, Opt("--split", help="Fractions of scenes.", rich_help_panel=STORED)]
SplitFile = Annotated[
    Path | None,
    Opt("--split-file", help="Instead: JSON, split to list of scenes.", rich_help_panel=STORED),
]
Seed = Annotated[int, Opt("--seed", help="Of every draw: split, patches.", rich_help_panel=STORED)]
Limit = Annotated[
    int | None, Opt("--limit", help="Use the first N sources only.", rich_help_panel=STORED)
]
Licence = Annotated[
    str, Opt("--licence", help="Of all sources, for the card.", rich_help_panel=STORED)
]
Attribution = Annotated[
    str, Opt("--attribution", help="Of all sources, for the card.", rich_help_panel=STORED)
]
ScenesPerShard = Annotated[
    int, Opt("--scenes-per-shard", help="At most so many scenes in a file.", rich_help_panel=STORED)
]
Workers = Annotated[
    int, Opt("--workers", help="Processes; 0 = one per core.", min=0, rich_help_panel=RUN)
]
Timeout = Annotated[
    float, Opt("--timeout", help="Seconds for one file.", min=1.0, rich_help_panel=RUN)
]
Slice = Annotated[
    str, Opt("--shard", help="i/n: build every n-th shard, from i = 0.", rich_help_panel=RUN)
]
Dask = Annotated[
    str, Opt("--dask", help="Address of a Dask scheduler to run on.", rich_help_panel=RUN)
]
Append = Annotated[
    bool, Opt("--append", help="Add files that are new since the build.", rich_help_panel=RUN)
]
Overwrite = Annotated[
    bool, Opt("--overwrite", help="Delete the dataset in --out first.", rich_help_panel=RUN)
]
DryRun = Annotated[
    bool, Opt("--dry-run", help="Say what would be built; build nothing.", rich_help_panel=RUN)
]

# Defaults that the libraries own; a test holds them equal, so that --help need not import them.
SPLIT, SCENES_PER_SHARD, TIMEOUT = "train=0.9,val=0.05,test=0.05", 32, 300.0


@dataclass(frozen=True)
class How:
    """The run-time half of a build's options, as they were typed."""

    folder: Path
    workers: int
    timeout: float
    shard: str
    dask: str
    append: bool
    overwrite: bool
    dry_run: bool
