"""`pairsmith restore` from the command line: what is printed, refused, written; exit codes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from baselines.networks.dncnn import DnCNN
from degrade.resize import resize_matlab
from pairsmith.main import app


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """(exit code, everything that was printed)."""
    with pytest.raises(SystemExit) as stop:
        app(["restore", *(str(argument) for argument in arguments)])
    said = capsys.readouterr()
    return int(stop.value.code or 0), said.out + said.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with in/cat.png (colour), in/sub/moon.png (gray) and net.pth (gray DnCNN)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in/sub").mkdir(parents=True)
    cv2.imwrite("in/cat.png", data.chelsea()[:40, :60, ::-1])
    cv2.imwrite("in/sub/moon.png", data.moon()[:30, :50])
    torch.save(DnCNN(width=4, depth=3).state_dict(), "net.pth")
    return tmp_path


def test_a_folder_by_bicubic(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--model", "bicubic", "--scale", 4, "in", "--out", "out")
    assert code == 0 and "2 restored into out" in said
    cat = cv2.imread("out/cat.png")
    np.testing.assert_array_equal(cat, resize_matlab(data.chelsea()[:40, :60, ::-1], scale=4))
    moon = cv2.imread("out/sub/moon.png", cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(moon, resize_matlab(data.moon()[:30, :50], scale=4))
    code, said = run(capsys, "--model", "bicubic", "--scale", 4, "in", "--out", "out")
    assert code == 0 and "0 restored into out, 2 were there from before" in said
    code, said = run(capsys, "--model", "bicubic", "--scale", 2, "in", "--out", "out")
    assert code == 1 and "of other settings (--scale was 4, is 2)" in said
    assert (here / "out/restored.jsonl").is_file()
    code, said = run(capsys, "--model", "bicubic", "--scale", 2, "in", "--out", "other")
    assert code == 0
    left = {path.name for path in Path("other").iterdir()}
    assert left == {"cat.png", "sub", "restored.jsonl"}


def test_a_chain_of_a_checkpoint_and_a_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(
        capsys, "--model", "net.pth", "--model", "bicubic", "--scale", 2, "--bf16", "--tile", 64,
        "--batch", 2, "--max-side", 50, "--format", "tiff", "--suffix", "_r", "in/*.png", "--out",
        here / "out",
    )  # fmt: skip
    assert code == 0, said
    assert "dB to float32 on the first picture (largest difference" in said
    assert "note: net takes one channel: colour goes through it channel by channel" in said
    assert "--max-side 50: 1 were reduced first" in said
    made = cv2.imread("out/cat_r.tiff")
    assert made is not None and made.shape == (66, 100, 3)


def test_failures_are_lines_and_the_rest_is_done(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "in/bad.png").write_bytes(b"GIF89a")
    code, said = run(capsys, "--model", "identity", "in", "--out", "out")
    assert code == 1
    assert "in/bad.png: no whole picture" in said and "error: 1 of 3 failed" in said
    assert "2 restored into out" in said
    assert Path("out/sub/moon.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--model", "bicubic", "in"), 2, "--scale: bicubic enlarges by any"),
        (("--model", "bycubic", "in"), 2, "did you mean 'bicubic'"),
        (("--model", "bicubicc", "in"), 2, "gamma, zssr, dip; a file"),
        (("--model", "gone.pth", "in"), 1, "gone.pth: no such file"),
        (("--model", "identity", "gone"), 1, "gone: no such file or folder"),
        (("--model", "identity", "in", "--half", "--bf16"), 2, "--half with --bf16"),
        (("--model", "identity", "in", "--median"), 2, "--median: of what"),
        (("--model", "identity", "in", "--batch", "many"), 2, "--batch many"),
        (("--model", "identity", "in", "--format", "gif"), 2, "--format gif"),
        (("--model", "gone.pth", "in", "--sigma", "300"), 2, "--sigma 300: 0 to 255"),
        (("--model", "gone.pth", "in", "--scale", "0"), 2, "--scale 0: 1 to 64"),
        (("--model", "gone.pth", "in", "--time-limit", "-1"), 2, "--time-limit -1: seconds"),
        (("--model", "identity", "in", "--device", "cuda:99"), 2, "--device cuda:99: torch sees"),
        (("--model", "identity", "in", "--sigma", "5"), 2, "--sigma 5: identity is told no"),
        (("--model", "net.pth", "--network", "dncn-s", "in"), 2, "dncnn-s"),
        (("--model", "identity", "in", "--bf16"), 2, "--bf16: identity is no network"),
        (("--model", "zssr", "in", "--scale", "2", "--self-ensemble"), 2, "--self-ensemble: zssr"),
        (
            ("--model", "net.pth", "--model", "identity", "--network", "dncnn-s", "in"),
            2,
            "--network: given 1 times, and --model 2 times",
        ),
    ],
)
@pytest.mark.usefixtures("here")
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    got, said = run(capsys, *arguments, "--out", "out")
    assert got == code and message in said
    assert not Path("out").exists()


def test_two_of_one_stem_are_both_restored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite("in/cat.webp", data.chelsea()[:20, :30, ::-1])
    code, said = run(capsys, "--model", "identity", "in", "--out", "out")
    assert code == 0 and "3 restored into out" in said
    assert said.count("note: 2 results would have had the names of others") == 1
    assert "cat.png.png" in said
    left = {path.name for path in (here / "out").iterdir()}
    assert left == {"cat.png.png", "cat.webp.png", "sub", "restored.jsonl"}


@pytest.mark.usefixtures("here")
def test_a_file_is_refused_for_results(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--model", "identity", "in", "--out", "net.pth")
    assert code == 2 and "error: --out net.pth: is a file; give a folder" in said


@pytest.mark.usefixtures("here")
def test_long_waits_are_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(report: Callable[[float], None]) -> AbstractContextManager[None]:
        report(30.0)
        return nullcontext()

    monkeypatch.setattr("baselines.restoring.run.told_while", at_once)
    _, said = run(capsys, "--model", "identity", "in", "--out", "out")
    assert "in/cat.png: 30 s so far\n" in said and "in/sub/moon.png: 30 s so far\n" in said
    # videos tell their frames
    Path("film.mp4").write_bytes(b"none")
    code, said = run(capsys, "--model", "identity", "film.mp4", "--out", "films")
    assert code == 1 and "1 of 1 failed" in said and "so far" not in said
    # those that learn from the picture tell their steps
    monkeypatch.setattr("baselines.zero_shot.as_restorer.dip", lambda picture, **_: picture)
    _, said = run(capsys, "--model", "dip", "in/sub/moon.png", "--out", "other")
    assert "1 restored into other" in said and "so far" not in said


@pytest.mark.usefixtures("here")
def test_ctrl_c_says_what_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("baselines.restoring.run._quantised", stop)
    code, said = run(capsys, "--model", "identity", "in", "--out", "out")
    assert code == 1 and "What is finished is kept" in said
