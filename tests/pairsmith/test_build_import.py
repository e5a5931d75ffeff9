"""`build-dataset import` as a user types it: results, notes, messages and exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trees

from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.verify import verify
from pairsmith.main import app, build_dataset

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `build-dataset import ...` in this process: exit code, output, error output."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            build_dataset(["import", *(str(argument) for argument in arguments)])
        said = capfd.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


def test_workers_and_slices_change_no_byte(run: Run, tmp_path: Path) -> None:
    top = trees.tree(tmp_path, "gopro")
    common = ("--layout", "gopro", "--from", top, "--patch", 16, "--scenes-per-shard", 2)
    code, said, err = run(*common, "--out", tmp_path / "one", "--workers", 1)
    assert code == 0
    assert err == (
        "note: gopro: targets with inputs here: train 6, test 2; published: train 2103, test 1111\n"
    )
    assert said.splitlines()[0].endswith("26 pairs of 8 scenes (train 24, test 2)")
    for slice_ in ("0/2", "1/2", "0/1"):
        assert run(*common, "--out", tmp_path / "two", "--workers", 2, "--shard", slice_)[0] == 0
    one, two = load_manifest(tmp_path / "one"), load_manifest(tmp_path / "two")
    assert len(one.shards) == 4
    assert one.shards == two.shards
    assert verify(tmp_path / "two") == []


def test_a_dry_run_counts_and_builds_nothing(run: Run, tmp_path: Path) -> None:
    top, out = trees.tree(tmp_path, "msec"), tmp_path / "out"
    code, said, _ = run("--layout", "msec", "--from", top, "--out", out, "--dry-run")
    assert code == 0
    assert said.startswith("would build 30 pairs (train 10, val 10, test 10)\nfrom 6 sources")
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--layout", "gopor"), 2, "--layout gopor: one of sidd, gopro, hide"),
        (("--layout", "sidd"), 1, "no pair of sidd: wanted <instance>/<id>_NOISY_SRGB_<shot>"),
        (("--layout", "folders"), 1, "Known folders: input/target"),
        (("--layout", "folders", "--input", "a"), 2, "name both folders"),
        (("--layout", "gopro", "--target", "x"), 2, "--target x: gopro: it has one target"),
        (("--layout", "gopro", "--input", "x4"), 2, "--input x4: gopro holds blur, blur_gamma"),
        (("--layout", "gopro", "--stride", "9"), 2, "--stride 9: goes with --patch SIDE"),
        (("--layout", "gopro", "--split", "test=1"), 2, "the set has its own test"),
        (("--layout", "gopro", "--append"), 2, "--append: test, train are the set's own splits"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    options: tuple[str, ...], code: int, said: str, run: Run, tmp_path: Path
) -> None:
    top = trees.tree(tmp_path, "gopro")
    got, _, err = run(*options, "--from", top, "--out", tmp_path / "out")
    assert got == code
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert not (tmp_path / "out").exists()


def test_the_dataset_may_not_lie_among_its_sources(run: Run, tmp_path: Path) -> None:
    top = trees.tree(tmp_path, "gopro")
    got, _, err = run("--layout", "gopro", "--from", top, "--out", top / "out")
    assert got == 2
    assert "inside --from" in err


def test_a_file_that_is_no_picture_is_a_drop(run: Run, tmp_path: Path) -> None:
    top = trees.tree(tmp_path, "lol-v1")
    (top / "our485/low/2.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    code, said, _ = run("--layout", "lol-v1", "--from", top, "--out", out, "--workers", 2)
    assert code == 0
    assert "1 dropped (1 unreadable)" in said
    assert (out / "drops.jsonl").read_text().count("our485/low/2.png") == 1
    assert open_pairs(out).keys() == ["10/low", "1/low"]


def test_the_long_name_is_the_same_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["build", "import", "--help"])
    assert "--layout" in capsys.readouterr().out
