"""What every benchmark shares: the machine's facts, timing of interleaved cases, the report."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

# Whose code is timed, ours or theirs, and what both stand on
_PACKAGES = (
    "pairsmith", "rawpy", "numpy", "numba", "opencv-python-headless", "opencv-python", "h5py",
    "pyarrow", "lmdb", "torch",
)  # fmt: skip
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class Timing:
    """Repeats of one case, the warm-up left out: seconds of the clock and of the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Median, least and greatest of both, in seconds, and the repeats themselves."""
        return {
            "n": len(self.wall),
            "wall": median(self.wall),
            "wall_range": [min(self.wall), max(self.wall)],
            "cpu": median(self.cpu),
            "cpu_range": [min(self.cpu), max(self.cpu)],
            "wall_all": self.wall,
        }


def one_thread() -> None:
    """OpenMP and BLAS of this process's children run in one thread; call it before they start."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))


def stopwatch(work: Callable[[], object]) -> tuple[float, float]:
    """(seconds of the clock, seconds of this process's processors) that `work` takes."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def interleave(
    cases: Mapping[str, Callable[[], tuple[float, float]]], *, repeats: int
) -> dict[str, Timing]:
    """Times each case once per round, so that a busy minute of the machine meets them all alike.

    cases: name -> function that returns (wall, cpu) seconds of one repeat. The first round is the
    warm-up and is not counted.
    """
    timings = {name: Timing() for name in cases}
    for turn in range(1 + repeats):
        for name, once in cases.items():
            wall, cpu = once()
            print(f"  {'warm-up' if turn == 0 else turn}: {name}: {wall:.3f} s", file=sys.stderr)
            if turn:
                timings[name].wall.append(wall)
                timings[name].cpu.append(cpu)
    return timings


def peak_memory() -> int:
    """The most bytes this process has had resident.

    Linux: VmHWM, because ru_maxrss of a new process starts at what its parent had.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    # getrusage counts kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def facts() -> dict[str, Any]:
    """Processor, cores, memory, versions, and how busy the machine is (load averages)."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
        "load": os.getloadavg(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines: dict[str, str] = {}
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            lines[name.strip()] = value.strip()
        return (
            f"{lines.get('model name', platform.machine())}, family "
            f"{lines.get('cpu family', '?')} model {lines.get('model', '?')}"
        )
    return platform.processor() or platform.machine()


def parser(about: str | None, *, result: str) -> argparse.ArgumentParser:
    """The options that every benchmark has; `result` names its JSON file."""
    asked = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / result)
    asked.add_argument("--quick", action="store_true", help="small and once: for tests")
    asked.add_argument("--repeats", type=int, help="counted repeats of each case")
    asked.add_argument("--temp", type=Path, help="folder for the temporary files")
    return asked


def save(report: dict[str, Any], *, out: Path) -> None:
    """Writes the report as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
