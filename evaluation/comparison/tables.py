"""A comparison as tables: for the terminal, in Markdown, in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.comparison.compare import Cell, Comparison, Part, Run
from evaluation.reports.charts import short_number
from evaluation.runs.summary import About

if TYPE_CHECKING:
    from rich.table import Table

# p below this is not printed in digits.
_LEAST_P = 1e-4
_ARROWS = {"higher": "↑", "lower": "↓"}
# What a model costs: name -> (in words, value of a run; None where it is not known).
COSTS: dict[str, tuple[str, Callable[[Run], float | None]]] = {
    "parameters": ("parameters", lambda run: run.summary.model.get("parameters")),
    "macs": ("multiply-adds at 256 x 256 input", lambda run: run.summary.model.get("macs")),
    "seconds": ("seconds per picture", lambda run: run.summary.seconds.mean),
}


@dataclass(frozen=True)
class Text:
    """What stands in a cell, before it is dressed for a format. rank: as in `compare.Cell`;
    more: in small print behind it."""

    words: str
    rank: int = 0
    more: str = ""


@dataclass(frozen=True)
class Grid:
    """A table. The first column is text, the others are figures."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


def grids(comparison: Comparison) -> list[Grid]:
    """The tables of a comparison: all pictures, each group and reference, and the paired tests."""
    made = [_scores(comparison, part) for part in comparison.parts]
    return [*made, _tests(comparison)] if comparison.paired else made


def caption(comparison: Comparison) -> str:
    """What the figures are of: set, protocol, pictures, interval, units."""
    summary = comparison.runs[0].summary
    return (
        f"{summary.title or summary.set} ({summary.set}, protocol {summary.protocol_digest}), "
        f"{summary.images} pictures. In brackets: 95 % bootstrap interval of the mean. MACs: "
        "multiply-adds at 256 x 256 input. Seconds: per picture."
    )


def rich_tables(comparison: Comparison, *, styled: bool) -> list[Table]:
    """For the terminal, intervals below their means. styled: best bold, second underlined; else *
    and + behind the figures, for where there are no styles."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Styled  # names are not rich's markup

    tables = []
    for grid in grids(comparison):
        table = Table(title=Styled(grid.title), title_justify="left", box=box.SIMPLE_HEAD)
        for number, head in enumerate(grid.heads):
            table.add_column(Styled(head), justify="right" if number else "left", overflow="fold")
        for row in grid.rows:
            cells = []
            for cell in row:
                style = ("", "bold", "underline")[cell.rank] if styled else ""
                words = cell.words + ("" if styled else ("", "*", "+")[cell.rank])
                cells.append(Styled(words, style))
                if cell.more:
                    cells[-1] = Styled.assemble(cells[-1], (f"\n{cell.more}", "dim"))
            table.add_row(*cells)
        tables.append(table)
    return tables


def markdown(comparison: Comparison) -> str:
    """GitHub's Markdown: best bold, second underlined."""
    lines = [_markdown_text(caption(comparison)), ""]
    for grid in grids(comparison):
        lines += [f"**{_markdown_text(grid.title)}**", ""]
        lines.append("| " + " | ".join(map(_markdown_text, grid.heads)) + " |")
        lines.append("|" + "|".join(["---", *["---:"] * (len(grid.heads) - 1)]) + "|")
        for row in grid.rows:
            cells = []
            for cell in row:
                words = _markdown_text(cell.words)
                words = (words, f"**{words}**", f"<u>{words}</u>")[cell.rank]
                cells.append(f"{words} {_markdown_text(cell.more)}".strip())
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    lines += [f"- {_markdown_text(note)}" for note in comparison.notes]
    return "\n".join(lines).rstrip() + "\n"


def latex(comparison: Comparison) -> str:
    """Tables for \\usepackage{booktabs}: best bold, second underlined."""
    lines = ["% needs \\usepackage{booktabs}"]
    notes = " ".join(comparison.notes)  # below the first table, of all pictures
    for grid in grids(comparison):
        title = _latex_text(f"{grid.title}. {caption(comparison)} {notes}")
        notes = ""
        lines += ["\\begin{table}", "  \\centering", f"  \\caption{{{title}}}"]
        lines.append(f"  \\begin{{tabular}}{{l{'r' * (len(grid.heads) - 1)}}}")
        lines += ["    \\toprule", f"    {' & '.join(map(_latex_text, grid.heads))} \\\\"]
        lines.append("    \\midrule")
        for row in grid.rows:
            cells = []
            for cell in row:
                words = _latex_text(cell.words)
                words = (words, f"\\textbf{{{words}}}", f"\\underline{{{words}}}")[cell.rank]
                small = f" {{\\scriptsize {_latex_text(cell.more)}}}" if cell.more else ""
                cells.append(words + small)
            lines.append(f"    {' & '.join(cells)} \\\\")
        lines += ["    \\bottomrule", "  \\end{tabular}", "\\end{table}", ""]
    return "\n".join(lines)


def _scores(comparison: Comparison, part: Part) -> Grid:
    heads = ["Method", *(metric_head(*item) for item in comparison.about.items()), "n"]
    if not part.title:  # costs are of the model, whatever the part
        heads += ["Params", "MACs", "Seconds"]
    rows = []
    for run, label, cells in comparison.lines(part):
        counts = {cell.score.n + cell.score.n_identical for cell in cells.values()}
        shared = max(counts, default=0)
        row = [Text(label)]
        row += [_figure(cells.get(name), fact, n=shared) for name, fact in comparison.about.items()]
        row.append(Text(str(shared)))
        if not part.title:
            costs = [value(run) for _, value in COSTS.values()]
            row += [Text("–" if cost is None else short_number(cost)) for cost in costs]
        rows.append(tuple(row))
    return Grid(part.title or "All pictures", tuple(heads), tuple(rows))


def _figure(cell: Cell | None, fact: About, *, n: int) -> Text:
    """A score with its interval, and with its n where that is not the row's."""
    if cell is None or cell.value is None:
        return Text("–")
    if not math.isfinite(cell.value):
        return Text("∞" if cell.value > 0 else "−∞", cell.rank)
    score, more = cell.score, ""
    if score.low is not None and score.high is not None:
        more = f"[{score.low:.{fact.decimals}f}, {score.high:.{fact.decimals}f}]"
    if score.n != n:
        more = f"{more} n={score.n}".strip()
    return Text(f"{cell.value:.{fact.decimals}f}", cell.rank, more)


def _tests(comparison: Comparison) -> Grid:
    one, two = comparison.labels
    heads = ("Metric", "Difference", "Wilcoxon p", "Better / worse / equal", "Sign test p", "n")
    rows = []
    for name, test in comparison.paired.items():
        fact = comparison.about[name]
        places, more = fact.decimals + 1, ""
        if test.low is not None and test.high is not None:
            more = f"[{test.low:+.{places}f}, {test.high:+.{places}f}]"
        difference = "–" if test.difference is None else f"{test.difference:+.{places}f}"
        counts = f"{test.wins} / {test.losses} / {test.ties}"
        figures = (_chance(test.wilcoxon_p), counts, _chance(test.sign_p), str(test.n))
        rows.append((Text(metric_head(name, fact)), Text(difference, 0, more), *map(Text, figures)))
    return Grid(f"{one} minus {two}, picture by picture", heads, tuple(rows))


def metric_head(name: str, fact: About) -> str:
    """Name, unit, and which way is better: 'PSNR (dB) ↑'. A metric of one's own (module:function)
    keeps its letters."""
    unit = f" ({fact.unit})" if fact.unit else ""
    short = name if ":" in name else name.upper()
    return f"{short}{unit} {_ARROWS.get(fact.better, '')}".strip()


def _chance(p: float | None) -> str:
    if p is None:
        return "–"
    return f"< {_LEAST_P:.4f}" if p < _LEAST_P else f"{p:.3g}"


def _markdown_text(words: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]|])", r"\\\1", " ".join(words.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "[": "{[}",  # after \\, a bracket would be that command's argument
    "↑": "$\\uparrow$",
    "↓": "$\\downarrow$",
    "∞": "$\\infty$",
    "−": "$-$",
    "–": "--",
}


def _latex_text(words: str) -> str:
    return "".join(_LATEX.get(char, char) for char in " ".join(words.split()))
