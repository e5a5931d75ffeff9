"""What an unpaired run is watched on where its config names no set: its own low pictures, without a
score, for no other picture says what they should become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from baselines.configs.config import Config
from baselines.training_data.sources import Sources
from baselines.watching.sheets import MOST, spread, write_sheet
from builders.sources import list_sources
from degrade.reading.clean import PICTURE_SUFFIXES, read_clean
from evaluation.benchmark import Benchmark
from evaluation.inputs import Stored
from evaluation.models.restorer import Restorer
from evaluation.pictures import Case, Shown, to_unit
from evaluation.protocol import Protocol
from evaluation.runs.scoring import check_suits

NOTE = (
    "unpaired pictures have no targets: sheets of low pictures are written, without scores, and no "
    "model is called the best; validation.set names a set with targets"
)


def has_no_targets(config: Config) -> bool:
    """Whether a run of this config is watched without scores."""
    return config.data.unpaired and not config.validation.set


def write_low_sheet(path: Path, *, title: str, sources: Sources, restorer: Restorer) -> None:
    """A PNG, input | output, of up to 4 pictures of the low folders, evenly through them.

    Raises FileNotFoundError for a folder without pictures, ValueError naming a picture that cannot
    be read, or where the model does not suit them.
    """
    scale = restorer.scale or restorer.default_scale or 1
    benchmark = Benchmark(
        name="low", title="low pictures", task="restoration", citation="", layout=None, count=0,
        inputs=Stored(scale=scale), protocol=Protocol(metrics=()), folders=(), download="",
    )  # fmt: skip
    check_suits(benchmark, restorer)
    cases = spread(_low_cases(sources), most=MOST)
    write_sheet(
        path, title=title, cases=cases, benchmark=benchmark, restorer=restorer, scores={}
    )  # fmt: skip


def _low_cases(sources: Sources) -> Sequence[Case]:
    """The low pictures, sRGB and upright, in the order that they are read in for training."""
    files = list_sources(sources.low, suffixes=PICTURE_SUFFIXES, what="picture")
    return [
        Case(name=one.path, show=_reader(sources.low[one.root].folder / one.path), has_target=False)
        for one in files
    ]


def _reader(path: Path) -> Callable[[], Shown]:
    return lambda: Shown(to_unit(read_clean(path)), {})
