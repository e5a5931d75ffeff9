"""Which set a run is validated on, and what is refused before its first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from clean_folder import make_clean_folder, pyramid_here

from baselines.configs.config import Validation
from baselines.training_data.sources import Sources
from baselines.watching.validation_set import open_validation_set
from builders.planning import Store
from builders.sources import Root
from degrade.option_error import OptionError
from evaluation.models.restorer import Restorer
from tests.baselines.watching.watched_run import (
    watch,
    watched_config,
)


def test_what_is_wrong_is_found_before_the_first_step(tmp_path: Path, pairs: Path) -> None:
    def refused(error: type[Exception], match: str, **validation: Any) -> None:
        config = watched_config(pairs)
        choice = Validation(**{"set": str(pairs), **validation})
        watched = watch(tmp_path, msgspec.structs.replace(config, validation=choice))
        with pytest.raises(error, match=match):
            watched.validator.catch_up(watched.session)
        assert watched.log.lines == []

    refused(OptionError, r"^validation\.set set6-x4: .*did you mean 'set5-x4'", set="set6-x4")
    refused(FileNotFoundError, r"validation\.set \./none: no such", set="./none")
    refused(FileNotFoundError, "set12-gray-25: not found.*validation.set=demo", set="set12-gray-25")
    refused(ValueError, "last enlarges by 1, demo-x2 asks for 2", set="demo-x2")
    refused(OptionError, r"^validation\.best ssmi: not among .*psnr, ssim; did you.*'ssim'",
            best="ssmi")  # fmt: skip
    refused(OptionError, r"^validation\.metrics psrn: no such metric", metrics=("psrn",))


def named(restorer: Restorer, *, sources: Sources, name: str = "") -> str:
    """The name of the set that is found."""
    return open_validation_set(
        Validation(set=name), restorer=restorer, sources=sources, roots=(), device="cpu"
    ).benchmark.name


def fake(*, scale: int, default_scale: int = 0) -> Restorer:
    """A restorer that is not called."""
    return Restorer(
        name="fake", restore=lambda picture, _scale: picture, scale=scale,
        default_scale=default_scale,
    )  # fmt: skip


def test_without_a_name_the_datasets_own_val_split_is_meant(tmp_path: Path) -> None:
    make_clean_folder(tmp_path / "clean", count=4)
    for split in ("train=0.5,val=0.5", "train=0.5,test=0.5"):
        pyramid_here(tmp_path / "clean", tmp_path / split[10:], scales=(2, 4),
                     store=Store(split=split))  # fmt: skip
    with_val = Sources(pairs=(Root(tmp_path / "test=0.5"), Root(tmp_path / "val=0.5")))
    without = Sources(pairs=(Root(tmp_path / "test=0.5"),), clean=(Root(tmp_path / "clean"),))
    assert named(fake(scale=4), sources=with_val) == "val=0.5-val-x4"
    assert named(fake(scale=0, default_scale=2), sources=with_val) == "val=0.5-val-x2"
    assert named(fake(scale=4), sources=without) == "demo-x4"
    assert named(fake(scale=0, default_scale=2), sources=Sources()) == "demo-x2"
    assert named(fake(scale=1), sources=Sources()) == "demo-color-25"
    assert named(fake(scale=3), sources=Sources(), name="demo-x{scale}") == "demo-x3"
    with pytest.raises(OptionError, match=r"validation\.set demo-x\{scale\}: .* several scales"):
        named(fake(scale=0), sources=Sources(), name="demo-x{scale}")
