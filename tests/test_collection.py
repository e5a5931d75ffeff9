"""All tests can be collected together."""

from __future__ import annotations

from pathlib import Path


def test_test_files_have_names_of_their_own() -> None:
    """pytest imports them by their names alone."""
    seen: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        seen.setdefault(path.name, []).append(str(path))
    assert not {name: paths for name, paths in seen.items() if len(paths) > 1}
