"""The wheel holds the five packages and nothing else, and its commands lead somewhere."""

from __future__ import annotations

import configparser
import email
import importlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("degrade", "builders", "evaluation", "baselines", "pairsmith")
COMMANDS = {"pairsmith", "build-dataset", "evaluate", "train-baseline"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy: setuptools leaves build/ and an egg-info where it works."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for folder in (*PACKAGES, "tests", "benchmarks", "docs"):
        if (ROOT / folder).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / folder, tree / folder, ignore=ignore)
    out = tree / "dist"
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built)


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    """The text of one file of the wheel's dist-info."""
    (found,) = (n for n in wheel.namelist() if n.endswith(f".dist-info/{name}"))
    return wheel.read(found).decode("utf-8")


def test_holds_every_file_of_the_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there


def test_carries_its_licence(wheel: zipfile.ZipFile) -> None:
    assert metadata(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_non_commercial_pyiqa_is_an_extra(wheel: zipfile.ZipFile) -> None:
    needs = email.message_from_string(metadata(wheel, "METADATA")).get_all("Requires-Dist") or []
    pyiqa = [need for need in needs if need.startswith("pyiqa")]
    assert pyiqa
    assert all("extra ==" in need for need in pyiqa)


def test_commands_lead_to_functions(wheel: zipfile.ZipFile) -> None:
    entries = configparser.ConfigParser()
    entries.read_string(metadata(wheel, "entry_points.txt"))
    scripts = dict(entries["console_scripts"])
    assert set(scripts) == COMMANDS
    for target in scripts.values():
        module, _, attribute = target.partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))
