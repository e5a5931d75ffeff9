"""Reports as tests read them: strictly, as text and elements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from evaluation.reports.report import write_report

VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """A page read strictly: every element is closed in its turn, every id is there once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"
        ids = [held["id"] for _, held in self.seen if "id" in held]
        assert len(ids) == len(set(ids)), "an id is there twice"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element; void ones are not waited for."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """SVG closes elements so."""
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Only the innermost element may end."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text of the page, and of its scripts apart."""
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        elif data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        """All that is written, in one line."""
        return " ".join(self.texts)

    def data(self) -> dict[str, Any]:
        """What the table's script is given."""
        (found,) = (script for script in self.scripts if script.startswith('{"columns"'))
        return json.loads(found)


def page_of(run: Path) -> Page:
    """The report of a run, written and read."""
    path = write_report(run)
    assert path == run / "report.html"
    return Page(path.read_text(encoding="utf-8"))
