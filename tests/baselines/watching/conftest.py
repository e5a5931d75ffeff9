"""Pairs that runs are validated on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.baselines.watching.watched_run import pairs_folder


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs, inputs a tenth too bright."""
    return pairs_folder(tmp_path_factory.mktemp("pairs"))
