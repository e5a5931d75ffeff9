"""Builds as a user runs them: real processes, watched through /proc, and what they leave."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from raw_folder import Gate

from builders.parts import part_path
from builders.plan import BUILD_FOLDER, Plan, load_plan, plan_path
from builders.shards import load_state

# 15 scenes become 10 or 11 and the rest: two shards of one split, one of the other.
LAYOUT = ("--split", "train=0.7,val=0.3", "--scenes-per-shard", "6")
LIMIT = 180.0  # seconds: far beyond any of these builds, so that a hang fails and does not wait


# The kind of build and the option that names its sources.
Verb = tuple[str, str]
EXPOSURE: Verb = ("exposure", "--raw")


def command(raw: Path, out: Path, *options: str, verb: Verb = EXPOSURE) -> list[str]:
    """The command line of a build, of exposures unless `verb` is another."""
    program = str(Path(sys.executable).with_name("build-dataset"))
    return [program, *verb, str(raw), "--out", str(out), *options]


def run_build(
    raw: Path, out: Path, *options: str, verb: Verb = EXPOSURE
) -> subprocess.CompletedProcess[str]:
    """Runs a build to its end, however that is."""
    words = command(raw, out, *options, verb=verb)
    return subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)


def build_whole(raw: Path, out: Path, *options: str, verb: Verb = EXPOSURE) -> str:
    """Runs a build that must succeed; returns what it printed."""
    done = run_build(raw, out, *options, verb=verb)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(what: Callable[[], object], *, seconds: float = LIMIT, step: float = 0.002) -> bool:
    """Whether `what()` becomes true within `seconds`."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True


class RunningBuild:
    """A build in a session of its own, so that every process that belongs to it can be found."""

    def __init__(self, raw: Path, out: Path, *options: str, verb: Verb = EXPOSURE) -> None:
        # A shell that started the tests in the background has SIGINT ignored, and a child inherits
        # that; a handler is not inherited.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.process = subprocess.Popen(
                command(raw, out, *options, verb=verb),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.pid = self.process.pid
        self.out = out

    def members(self) -> list[int]:
        """Living processes of the session (zombies are not), the build's own process first."""
        return sorted(pid for pid in _processes() if _session_of(pid) == self.pid)

    def workers(self) -> list[int]:
        """Its worker processes: spawned by multiprocessing, and not its resource tracker."""
        return [pid for pid in self.members() if b"spawn_main" in _read(pid, "cmdline")]

    def running(self) -> bool:
        return self.process.poll() is None

    def reader_of(self, path: Path) -> int:
        """The worker that has `path` open."""
        found: list[int] = []

        def look() -> list[int]:
            found[:] = [pid for pid in self.workers() if str(path) in _open_files(pid)]
            return found

        assert wait_for(look), f"nobody reads {path}"
        return found[0]

    def kill(self) -> None:
        """kill -9 of the build's own process only."""
        self.process.kill()
        self.process.wait(LIMIT)

    def finish(self) -> tuple[int, str, str]:
        """Waits for its end: exit code, standard output, standard error."""
        stdout, stderr = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, stdout, stderr

    def leaves_nothing(self) -> bool:
        """Whether every process of it is gone within the five seconds that are promised."""
        return wait_for(lambda: not self.members(), seconds=5, step=0.02)

    def end(self) -> None:
        """Ends whatever is left of it: for the end of a test that may have failed."""
        for pid in self.members():
            os.kill(pid, signal.SIGKILL)
        self.process.communicate(timeout=LIMIT)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _read(pid: int, name: str) -> bytes:
    """A file of /proc/<pid>, b'' once the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _session_of(pid: int) -> int:
    """The session of a living process, 0 for a zombie (proc(5): state is field 3, session 6)."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[3]) if fields and fields[0] not in (b"Z", b"X") else 0


def _open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.add(str(link.readlink()))
        except FileNotFoundError:  # closed since it was listed
            continue
    return found


def memory_peak(pid: int) -> int:
    """Peak resident bytes of a process, 0 once it is gone (VmHWM, in kB, proc(5))."""
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def digests(out: Path) -> dict[str, str]:
    """sha256 of every file of the dataset, hidden ones too: all but what lies in OUT/.build."""
    paths = [path for path in out.rglob("*") if path.is_file()]
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
        if not (name := path.relative_to(out).as_posix()).startswith(f"{BUILD_FOLDER}/")
    }


def identities(paths: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Inode and time of last change of each file: equal means that nobody has rewritten it."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def planned(out: Path) -> Plan:
    """The plan that OUT was begun with."""
    plan = load_plan(out)
    assert plan is not None, f"{out}: no plan"
    return plan


def finished_shards(out: Path) -> list[Path]:
    """Files of the shards that are finished."""
    plan = load_plan(out)
    states = [load_state(out, shard=shard) for shard in plan.shards] if plan else []
    return [out / state.file for state in states if state and state.file]


def finished_sources(out: Path) -> list[Path]:
    """Sources that are done: their shard is finished, or their part is on disk."""
    plan = load_plan(out)
    if plan is None:
        return []
    done = []
    for shard in plan.shards:
        whole = load_state(out, shard=shard) is not None
        for index in range(shard.first, shard.last):
            if whole or part_path(out, shard=shard, index=index).is_file():
                scene = plan.scenes[index]
                done.append(Path(plan.roots[scene.root].folder, scene.path))
    return done


def parts(out: Path) -> list[Path]:
    """Parts on disk of shards that are not finished."""
    return sorted((out / BUILD_FOLDER / "parts").glob("*/[0-9]*.part"))


def drops(out: Path) -> list[dict[str, str]]:
    """The lines of drops.jsonl."""
    return [json.loads(line) for line in (out / "drops.jsonl").read_text().splitlines()]


def begin_gated(
    begin: Callable[..., RunningBuild], sources: Path, folder: Path, *options: str
) -> tuple[RunningBuild, Gate]:
    """A build in `folder` of a copy of the sources, one of which, shot-003.dng, cannot be read
    until its gate is opened."""
    raw, out = folder / "raw", folder / "set"
    shutil.copytree(sources, raw)
    build = begin(raw, out, *LAYOUT, *options)
    assert wait_for(plan_path(out).is_file)
    return build, Gate(raw / "shot-003.dng")
