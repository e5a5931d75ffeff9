"""What a folder of results was made with, and which of them are finished: OUT/restored.jsonl.

Lines of JSON: one of the settings, then names that are about to be written, then one of each
finished result. A line cut short by a kill is left aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from baselines.restoring.differing import difference
from baselines.restoring.inputs import Job
from builders.atomic import sha256_file, write_whole

FILE = "restored.jsonl"
LOCK_FOLDER = ".restore"
# How a network is run, where that changes no more than the last bits.
_FREE = {"device", "batch", "compile"}


class Finished(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One result: of which source (bytes, time of change in ns, sha256), and its size."""

    name: str
    size: int
    changed: int
    sha256: str
    seconds: float


class _Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    settings: dict[str, Any] | None = None
    planned: list[str] | None = None
    finished: Finished | None = None


class Ledger:
    """The file, open for one run at a time (`builders.lock.folder_lock` holds the folder)."""

    def __init__(self, out: Path) -> None:
        self.path = out / FILE
        self.finished: dict[str, Finished] = {}
        self.planned: set[str] = set()

    def begin(self, settings: Mapping[str, Any], *, jobs: Iterable[Job], overwrite: bool) -> None:
        """Goes on with the folder. Raises ValueError where it holds results of other settings,
        naming what differs, and where a result would replace a file that no run made."""
        mine = msgspec.json.decode(msgspec.json.encode(_settled(dict(settings))))
        lines = self._lines()
        theirs = next((line.settings for line in lines if line.settings is not None), None)
        if theirs is not None and theirs != mine and not overwrite:
            raise ValueError(
                f"{self.path.parent}: holds results of other settings ({difference(theirs, mine)})"
                ": another --out, or --overwrite to begin again"
            )
        if theirs == mine and not overwrite:
            for line in lines:
                self.planned.update(line.planned or ())
                if line.finished is not None:
                    self.finished[line.finished.name] = line.finished
        new = [job for job in jobs if job.name not in self.planned]
        foreign = [job.target for job in new if job.target.exists()]
        if foreign and not overwrite:
            raise ValueError(
                f"{foreign[0]}: is there already and was made by no run in this folder"
                + (f", as {len(foreign) - 1} more" if len(foreign) > 1 else "")
                + ": another --out, --suffix _restored, or --overwrite"
            )
        if theirs != mine or overwrite:
            write_whole(self.path, msgspec.json.encode(_Line(settings=mine)) + b"\n")
        else:
            self._end_line()
        self._append(_Line(planned=[job.name for job in new]))

    def has(self, job: Job) -> bool:
        """Whether the job's result is there, of the source as it is now."""
        row = self.finished.get(job.name)
        if row is None or not job.target.is_file() or not job.source.is_file():
            return False
        status = job.source.stat()
        if status.st_size != row.size:
            return False
        return status.st_mtime_ns == row.changed or sha256_file(job.source) == row.sha256

    def add(self, row: Finished) -> None:
        """Notes a result that is written whole."""
        self.finished[row.name] = row
        self._append(_Line(finished=row))

    def _append(self, line: _Line) -> None:
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")

    def _end_line(self) -> None:
        """What a kill cut short gets a line of its own."""
        if not self.path.read_bytes().endswith(b"\n"):
            with self.path.open("ab") as file:
                file.write(b"\n")

    def _lines(self) -> list[_Line]:
        if not self.path.is_file():
            return []
        lines = []
        for data in self.path.read_bytes().splitlines():
            try:
                lines.append(msgspec.json.decode(data, type=_Line))
            except msgspec.DecodeError:  # cut short: what it stood for is made again
                continue
        return lines


def digest_of(settings: Mapping[str, Any]) -> str:
    """What tells settings apart, 16 hexadecimal digits."""
    data = msgspec.json.encode(_settled(dict(settings)), order="sorted")
    return hashlib.sha256(data).hexdigest()[:16]


def _settled(value: Any) -> Any:
    """Without what changes no more than the last bits, at any depth."""
    if isinstance(value, Mapping):
        return {str(key): _settled(one) for key, one in value.items() if key not in _FREE}
    if isinstance(value, list | tuple):
        return [_settled(one) for one in value]
    return value
