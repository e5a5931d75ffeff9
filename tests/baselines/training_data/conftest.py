"""Small datasets, folders and configs that training data is tested with."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_folder import make_clean_folder, pyramid_here

from builders.planning import Store
from builders.sources import Root


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven pictures of 52x52."""
    return make_clean_folder(tmp_path_factory.mktemp("clean") / "views", count=7, side=52)


@pytest.fixture(scope="session")
def pyramid(tmp_path_factory: pytest.TempPathFactory, clean: Path) -> Path:
    """The same at x2 and x4, all in one split."""
    out = tmp_path_factory.mktemp("pyramid") / "steps"
    return pyramid_here([Root(clean)], out, scales=(2, 4), store=Store(split="train=1"))
