"""baselines.restoring.{run,ledger}: going on, failures, full disks, kill -9."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from baselines.restoring import run as running
from baselines.restoring.inputs import find_jobs
from baselines.restoring.ledger import FILE
from baselines.restoring.models import Model
from baselines.restoring.options import RestoreOptions
from baselines.restoring.run import Outcome, Reports, restore_all
from baselines.restoring.waiting import told_while
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

PLAIN = RestoreOptions()


class Counted:
    """A model that counts its pictures, and fails where a picture is black."""

    def __init__(self, **facts: object) -> None:
        self.calls = 0
        restorer = Restorer(name="counted", restore=self.restore, scale=1, facts=facts)
        self.model = Model(restorer=restorer, scale=1)

    def restore(self, picture: Samples, scale: Scale) -> Samples:
        """One less than the picture."""
        assert scale == 1
        self.calls += 1
        if not picture.any():
            raise ValueError("is black")
        return 1 - picture


def _pictures(folder: Path, count: int = 4) -> Path:
    rng = np.random.Generator(np.random.Philox(5))
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(count):
        picture = rng.integers(1, 256, (9, 7, 3)).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{place}.png"), picture)
    return folder


def _go(
    counted: Counted, folder: Path, out: Path, options: RestoreOptions = PLAIN
) -> tuple[Outcome, list[tuple[str, str]]]:
    failed: list[tuple[str, str]] = []
    jobs = find_jobs([str(folder)], out=out, options=options)
    reports = Reports(failed=lambda name, reason: failed.append((name, reason)))
    return restore_all(jobs, model=counted.model, out=out, options=options, reports=reports), failed


def test_every_picture_is_restored_once_and_kept(tmp_path: Path) -> None:
    folder, out, counted = _pictures(tmp_path / "in"), tmp_path / "out", Counted()
    outcome, _ = _go(counted, folder, out)
    assert (outcome.finished, outcome.kept, outcome.failed) == (4, 0, [])
    for path in folder.iterdir():
        source, made = cv2.imread(str(path)), cv2.imread(str(out / path.name))
        assert source is not None
        np.testing.assert_array_equal(made, 255 - source)
    assert _go(counted, folder, out)[0].kept == 4
    assert counted.calls == 4
    # a changed source, a lost result and a new one are made, what was touched alone is not
    (folder / "0.png").touch()
    (out / "1.png").unlink()
    (folder / "2.png").write_bytes((folder / "3.png").read_bytes())
    _pictures(folder, 5)
    (folder / "2.png").write_bytes((folder / "3.png").read_bytes())
    outcome, _ = _go(counted, folder, out)
    assert (outcome.finished, outcome.kept) == (3, 2)
    assert (out / "2.png").read_bytes() == (out / "3.png").read_bytes()


def test_other_settings_are_refused_naming_what_differs(tmp_path: Path) -> None:
    folder, out = _pictures(tmp_path / "in", 1), tmp_path / "out"
    _go(Counted(sha256="a", options={"device": "cpu", "tile": 64}), folder, out)
    # where it runs changes nothing
    elsewhere = Counted(sha256="a", options={"device": "cuda", "tile": 64})
    assert _go(elsewhere, folder, out)[0].kept == 1
    other = Counted(sha256="b", options={"device": "cpu", "tile": 0})
    with pytest.raises(
        ValueError, match=r"\(the model was .* sha256 a, is of sha256 b\): .*--over"
    ):
        _go(other, folder, out)
    assert _go(other, folder, out, RestoreOptions(overwrite=True))[0].finished == 1
    assert _go(other, folder, out)[0].kept == 1


def test_a_file_that_no_run_made_is_not_replaced(tmp_path: Path) -> None:
    folder, out = _pictures(tmp_path / "in", 2), tmp_path / "out"
    out.mkdir()
    (out / "1.png").write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"out/1\.png: is there already and was made by no run"):
        _go(Counted(), folder, out)
    assert (out / "1.png").read_bytes() == b"mine"
    assert _go(Counted(), folder, out, RestoreOptions(overwrite=True))[0].finished == 2
    # a result whose line a kill took is the run's own
    lines = (out / FILE).read_bytes().splitlines(keepends=True)
    (out / FILE).write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert _go(Counted(), folder, out)[0].finished == 1
    assert _go(Counted(), folder, out)[0].kept == 2


def test_one_bad_file_never_stops_the_rest(tmp_path: Path) -> None:
    folder, out = _pictures(tmp_path / "in"), tmp_path / "out"
    (folder / "1.png").write_bytes(b"no picture")
    cv2.imwrite(str(folder / "2.png"), np.zeros((4, 4, 3), np.uint8))
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    counted = Counted()
    outcome, failed = _go(counted, folder, out)
    assert outcome.finished == 2
    assert outcome.failed == ["1.png", "2.png", "gone.png"]
    assert [Path(name).name for name, _ in failed] == ["1.png", "2.png", "gone.png"]
    assert failed[0][1].startswith("no whole picture") and failed[1][1] == "is black"
    assert failed[2][1] == "No such file or directory"
    assert {path.name for path in out.glob("*.png")} == {"0.png", "3.png"}
    cv2.imwrite(str(folder / "1.png"), np.ones((4, 4, 3), np.uint8))
    assert _go(counted, folder, out)[0].finished == 1


def test_a_picture_that_takes_long_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out, counted = _pictures(tmp_path / "in", 2), tmp_path / "out", Counted()
    monkeypatch.setattr(
        running, "told_while", lambda report: told_while(report, first=0.0, every=0.01)
    )
    told: list[tuple[str, float]] = []

    def slow(picture: Samples, _: Scale) -> Samples:
        until = len(told) + 3
        while len(told) < until:
            time.sleep(0.001)
        return picture

    model = Model(restorer=replace(counted.model.restorer, restore=slow), scale=1)
    jobs = find_jobs([str(folder)], out=out, options=PLAIN)
    reports = Reports(waiting=lambda name, seconds: told.append((name, seconds)))
    restore_all(jobs, model=model, out=out, options=PLAIN, reports=reports)
    assert list(dict(told)) == [str(folder / "0.png"), str(folder / "1.png")]
    for path in folder.iterdir():
        seconds = [one for name, one in told if name == str(path)]
        assert len(seconds) >= 3 and seconds == sorted(seconds)


def test_waiting_is_told_at_its_times() -> None:
    told: list[float] = []
    with told_while(told.append, first=0.02, every=0.05):
        while len(told) < 3:
            time.sleep(0.001)
    count = len(told)
    assert told[0] >= 0.02 and told[1] >= 0.05 and told[2] >= 0.1
    with pytest.raises(KeyError), told_while(told.append, first=0.01):
        raise KeyError
    time.sleep(0.05)
    assert len(told) == count  # never after the block


def test_a_full_disk_stops_and_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out, counted = _pictures(tmp_path / "in"), tmp_path / "out", Counted()
    write = running.write_whole

    def full(path: Path, data: bytes) -> None:
        if path.name == "2.png":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(running, "write_whole", full)
    said = r"2\.png: cannot be written \(No space left.* the 2 that"
    with pytest.raises(RuntimeError, match=said):
        _go(counted, folder, out)
    monkeypatch.undo()
    outcome, _ = _go(counted, folder, out)
    assert (outcome.finished, outcome.kept) == (2, 2)


def test_depth_alpha_and_reduction_go_through(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    deep = np.random.Generator(np.random.Philox(2)).integers(0, 65536, (40, 30, 4))
    opaque = deep.copy()
    opaque[..., 3] = 65535
    for name, picture in (("deep", deep), ("opaque", opaque), ("small", opaque[:10, :10, :3])):
        cv2.imwrite(str(folder / f"{name}.png"), picture.astype(np.uint16))

    def double(picture: Samples, scale: Scale) -> Samples:
        return np.repeat(np.repeat(picture, int(scale), axis=0), int(scale), axis=1)

    model = Model(restorer=Restorer(name="d", restore=double, scale=2), scale=2)
    options = RestoreOptions(max_side=20)
    jobs = find_jobs([str(folder)], out=out, options=options)
    outcome = restore_all(jobs, model=model, out=out, options=options, reports=Reports())
    assert outcome.reduced == 2
    made = {p.stem: cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in out.glob("*.png")}
    assert {name: one.shape for name, one in made.items() if one is not None} == {
        "deep": (40, 30, 4), "opaque": (40, 30, 4), "small": (20, 20, 3),
    }  # fmt: skip
    assert all(one is not None and one.dtype == np.uint16 for one in made.values())
    assert (made["opaque"][..., 3] == 65535).all()  # type: ignore[index]
    assert len(np.unique(made["deep"][..., 3])) > 100  # type: ignore[index]
    np.testing.assert_array_equal(
        made["small"], np.repeat(np.repeat(opaque[:10, :10, :3], 2, axis=0), 2, axis=1)
    )


def test_alpha_that_is_opaque_in_part_is_kept_exactly(tmp_path: Path) -> None:
    folder, out = _pictures(tmp_path / "in", count=1), tmp_path / "out"
    rng = np.random.Generator(np.random.Philox(3))
    picture = rng.integers(0, 256, (12, 8, 4)).astype(np.uint8)
    picture[:6, :, 3] = 255
    cv2.imwrite(str(folder / "0.png"), picture)
    _go(Counted(), folder, out)
    made = cv2.imread(str(out / "0.png"), cv2.IMREAD_UNCHANGED)
    assert made is not None
    np.testing.assert_array_equal(made[..., 3], picture[..., 3])
    np.testing.assert_array_equal(made[..., :3], 255 - picture[..., :3])


@pytest.mark.parametrize(("share", "levels"), [(0.4, 0), (0.6, 1)])
def test_16_bits_are_rounded(share: float, levels: int, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    deep = np.random.Generator(np.random.Philox(4)).integers(0, 65000, (9, 7, 3)).astype(np.uint16)
    cv2.imwrite(str(folder / "0.png"), deep)

    def raised(picture: Samples, scale: Scale) -> Samples:
        assert scale == 1
        return picture.astype(np.float64) + share / 65535.0

    model = Model(restorer=Restorer(name="r", restore=raised, scale=1), scale=1)
    jobs = find_jobs([str(folder)], out=out, options=PLAIN)
    restore_all(jobs, model=model, out=out, options=PLAIN, reports=Reports())
    made = cv2.imread(str(out / "0.png"), cv2.IMREAD_UNCHANGED)
    assert made is not None
    np.testing.assert_array_equal(made, deep + np.uint16(levels))


SLOW = """
import sys, time
from pathlib import Path
from baselines.restoring.inputs import find_jobs
from baselines.restoring.models import Model
from baselines.restoring.options import RestoreOptions
from baselines.restoring.run import Reports, restore_all
from evaluation.models.restorer import Restorer, Scale

def restore(picture, scale):
    time.sleep(0.03)
    return 1 - picture

out = Path(sys.argv[2])
jobs = find_jobs([sys.argv[1]], out=out, options=RestoreOptions())
model = Model(restorer=Restorer(name="counted", restore=restore, scale=1), scale=1)
restore_all(jobs, model=model, out=out, options=RestoreOptions(), reports=Reports())
"""


def test_kill_9_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    folder, out = _pictures(tmp_path / "in", 60), tmp_path / "out"
    _go(Counted(), folder, tmp_path / "whole")
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(folder), str(out)])
    until = time.monotonic() + 120
    while not (out / FILE).is_file() or (out / FILE).read_bytes().count(b"\n") < 8:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    lines = [json.loads(line) for line in (out / FILE).read_bytes().splitlines()]
    noted = [line["finished"]["name"] for line in lines if "finished" in line]
    assert 0 < len(noted) < 60
    for name in noted:  # whole, as an unbroken run writes it
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    outcome, _ = _go(Counted(), folder, out)
    assert (outcome.kept, outcome.finished) == (len(noted), 60 - len(noted))
    for path in folder.iterdir():
        assert (out / path.name).read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
