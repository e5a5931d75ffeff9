"""The documentation is true: its Python runs, its commands and options exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from pairsmith.main import app, build_dataset

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_python_page_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    body = "\n".join(blocks)
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    script = tmp_path / "page.py"
    script.write_text(f"if __name__ == '__main__':\n{indented}\n")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "upload" in done.stdout
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def _options(command: object) -> set[str]:
    return {name for p in getattr(command, "params", []) for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_the_pages_exist(page: Path) -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    kinds = typer.main.get_command(build_dataset).commands  # type: ignore[attr-defined]
    text = page.read_text()
    for program, verb, rest in re.findall(
        r"^(?:\.venv/bin/)?(pairsmith|build-dataset) (\S+)(.*)$", text, re.MULTILINE
    ):
        known = kinds if program == "build-dataset" else verbs
        assert verb in known, f"{page.name}: {program} {verb}"
        for option in re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest.partition("#")[0]):
            assert option in _options(known[verb]), f"{page.name}: {program} {verb} {option}"
    for rest in re.findall(r"^(?:\.venv/bin/)?evaluate (.*)$", text, re.MULTILINE):
        for option in re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest.partition("#")[0]):
            assert option in _options(verbs["evaluate"]), f"{page.name}: evaluate {option}"


def test_every_verb_is_on_the_python_page() -> None:
    text = (ROOT / "docs/python.md").read_text()
    verbs = set(typer.main.get_command(app).commands) - {"build"}  # type: ignore[attr-defined]
    missing = {verb for verb in verbs if not re.search(rf"^## .*\b{verb}\b", text, re.MULTILINE)}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_counts_on_the_pages_are_those_of_the_tables() -> None:
    from evaluation.benchmarks.table import BENCHMARKS
    from evaluation.metrics.pyiqa_table import ENTRIES

    for page in ("README.md", "CHANGELOG.md"):
        (count,) = re.findall(r"(\d+) benchmarks", (ROOT / page).read_text())
        assert int(count) == len(BENCHMARKS), page
    (count,) = re.findall(r"(\d+) of pyiqa's", (ROOT / "CHANGELOG.md").read_text())
    assert int(count) == len(ENTRIES)
