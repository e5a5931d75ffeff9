"""The Makefile: what it lists, in which order it works, what it says when Python will not do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"setup", "demo", "test", "check", "bench", "clean"}

# Stands in for Python: makes a .venv whose interpreter is this script again, and logs what is
# asked of pip. `pip show pyiqa` succeeds once pip was told to install the extra iqa.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"pip show"*pyiqa*) test -e .venv/pyiqa ;;
  *"pip install"*iqa]*) echo "$*" >> log; touch .venv/pyiqa ;;
  *"pip install"*) echo "$*" >> log ;;
  *"pip uninstall"*) echo "$*" >> log; rm .venv/pyiqa ;;
esac
"""


def make(
    *arguments: str, folder: Path = ROOT, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs make in `folder`, without what an outer `make test` left in the environment."""
    inherited = {
        "MAKEFLAGS",
        "MFLAGS",
        "MAKEOVERRIDES",
        "MAKELEVEL",
        "IQA",
        "SLOW",
        "ALL",
        "PYTHON",
    }
    env = {name: value for name, value in os.environ.items() if name not in inherited}
    program = shutil.which("make")
    assert program, "make is not installed"
    return subprocess.run(
        [program, "--no-print-directory", *arguments],
        cwd=folder,
        env=env | ({"PATH": path} if path else {}),
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, *, name: str, script: str) -> None:
    """Puts an executable `script` into folder/bin."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / name
    program.write_text(script)
    program.chmod(0o755)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the Makefile and pyproject.toml and nothing else of the project."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_lists_the_targets(arguments: tuple[str, ...]) -> None:
    listed = re.findall(r"^ +make (\w+) +\S", make(*arguments).stdout, flags=re.MULTILINE)
    assert set(listed) == TARGETS | {"help"}
    assert len(listed) == len(set(listed))


def test_every_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^(\w+):(?!=)(.*)$", text, flags=re.MULTILINE)
    assert {name for name, _ in targets} == TARGETS | {"help"}
    assert [name for name, rest in targets if "## " not in rest] == []


def test_tests_come_last_and_after_the_checks() -> None:
    lines = make("-n", "test").stdout.splitlines()
    assert lines[-1] == '.venv/bin/python -m pytest -n 2 -q -m "not slow"'
    commands = [line for line in lines if line.startswith(".venv/bin/")]
    assert commands[-4:-1] == [
        ".venv/bin/ruff check .",
        ".venv/bin/ruff format --check .",
        ".venv/bin/pyright",
    ]


def test_slow_tests_run_when_asked_for() -> None:
    assert make("-n", "test", "SLOW=1").stdout.splitlines()[-1].endswith("pytest -n 2 -q")


def test_clean_spares_the_environment_unless_told() -> None:
    spared = make("-n", "clean").stdout
    assert "datasets/demo" in spared
    assert "rm -rf .venv" not in spared
    assert "rm -rf .venv" in make("-n", "clean", "ALL=1").stdout


@pytest.mark.parametrize("setting", ["IQA=no", "SLOW=yes"])
def test_switches_take_0_or_1(setting: str) -> None:
    done = make("-n", "test", setting)
    assert done.returncode != 0
    assert f"{setting}: " in done.stderr
    assert "0 or 1" in done.stderr


def test_setup_runs_once_and_again_when_pyproject_changes(copy: Path) -> None:
    fake_python(copy, name="python3", script=FAKE_PYTHON)
    path = f"{copy / 'bin'}:{os.environ['PATH']}"
    log = copy / "log"
    first = make("setup", folder=copy, path=path)
    assert first.returncode == 0, first.stderr
    assert "[dev,dask,iqa]" in log.read_text()
    assert first.stdout.count("licence is non-commercial") == 1
    assert "IQA=0" in first.stdout

    again = make("setup", folder=copy, path=path)
    assert len(log.read_text().splitlines()) == 1
    assert "licence" not in again.stdout

    later = (copy / ".venv" / ".ready").stat().st_mtime + 10
    os.utime(copy / "pyproject.toml", (later, later))
    changed = make("setup", folder=copy, path=path)
    assert len(log.read_text().splitlines()) == 2
    assert "licence" not in changed.stdout


def test_setup_remembers_that_pyiqa_is_unwanted(copy: Path) -> None:
    fake_python(copy, name="python3", script=FAKE_PYTHON)
    path = f"{copy / 'bin'}:{os.environ['PATH']}"
    log = copy / "log"
    first = make("setup", "IQA=0", folder=copy, path=path)
    assert "[dev,dask]" in log.read_text()
    assert "licence" not in first.stdout
    make("setup", folder=copy, path=path)
    assert len(log.read_text().splitlines()) == 1

    wanted = make("setup", "IQA=1", folder=copy, path=path)
    assert "[dev,dask,iqa]" in log.read_text().splitlines()[-1]
    assert "licence is non-commercial" in wanted.stdout
    make("setup", "IQA=0", folder=copy, path=path)
    assert "uninstall" in log.read_text().splitlines()[-1]


def test_an_opencv_that_does_not_load_is_replaced_by_the_headless_one(copy: Path) -> None:
    broken = FAKE_PYTHON.replace("esac", '  *"import cv2"*) exit 1 ;;\nesac')
    fake_python(copy, name="python3", script=broken)
    done = make("setup", folder=copy, path=f"{copy / 'bin'}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    last = (copy / "log").read_text().splitlines()[-1]
    assert last.endswith("--force-reinstall --no-deps opencv-python-headless")


def test_a_failed_install_is_tried_again(copy: Path) -> None:
    broken = FAKE_PYTHON.replace('iqa]*) echo "$*" >> log', "iqa]*) exit 1")
    fake_python(copy, name="python3", script=broken)
    done = make("setup", folder=copy, path=f"{copy / 'bin'}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert "ready" not in done.stdout
    assert not (copy / ".venv" / ".ready").exists()


def test_an_old_python_is_named(copy: Path) -> None:
    fake_python(copy, name="python3", script="#!/bin/sh\nexit 1\n")
    done = make("setup", folder=copy, path=str(copy / "bin"))
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (copy / ".venv").exists()


def test_a_missing_venv_module_is_named(copy: Path) -> None:
    script = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\n'
    fake_python(copy, name="python3.12", script=script)
    done = make("setup", folder=copy, path=str(copy / "bin"))
    assert done.returncode != 0
    assert "python3.12 is new enough, but its module venv is missing" in done.stderr
    assert "python3-venv" in done.stderr
