"""Fixtures shared by all tests: where the real data is, and how many tests went without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REASON = "no real data"


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{_REASON}: {variable} is not set")
    folder = Path(value)
    if not folder.is_dir():
        pytest.fail(f"{variable}={value} is not a folder")
    return folder


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real pictures and RAW files; skips without $PAIRSMITH_TESTDATA."""
    return _folder("PAIRSMITH_TESTDATA")


@pytest.fixture(scope="session")
def testvectors() -> Path:
    """The folder of reference vectors; skips without $PAIRSMITH_TESTVECTORS."""
    return _folder("PAIRSMITH_TESTVECTORS")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests were skipped for want of real data."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if _REASON in str(r.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} real-data tests were skipped: set PAIRSMITH_TESTDATA and "
            "PAIRSMITH_TESTVECTORS to run them"
        )
