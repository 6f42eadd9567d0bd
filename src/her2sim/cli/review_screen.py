"""A review table on the screen: trial and arm in one column each, empty columns left out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from her2sim.study.evidence_tables import ReviewTable, Row

PIPED_WIDTH, LEAST_WIDTH = 160, 150
LONGEST_ABOUT = 120
EMPTY = "–"
WIDE, NARROW, GAP = 26, 8, 2


def show(table: ReviewTable) -> None:
    """Print a table, one part per heading, then footnotes and sources."""
    from rich.markup import escape

    console = _console()
    console.print(f"[bold]{escape(table.title)}[/bold]")
    for group in dict.fromkeys(row.group for row in table.rows):
        _print_group(console, table, group)
    for note in table.footnotes:
        console.print(escape(note), style="dim")
    for source in table.references:
        mark = "" if source.read else "*"
        console.print(f"{escape(f'[{source.number}]{mark} {source.citation}')} {escape(source.url)}", soft_wrap=True)


def _print_group(console: Console, table: ReviewTable, group: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    rows = [row for row in table.rows if row.group == group]
    names = [column.name for column in table.columns]
    together = {"population", "status", "regimen", "n"} & set(names) if "regimen" in names else set[str]()
    shown = [
        at for at, name in enumerate(names)
        if name not in together and any(row.cells[at].words() != EMPTY for row in rows)
    ]  # fmt: skip
    screen = Table(title=escape(group) or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for at, width in zip(shown, _widths([names[at] for at in shown], rows, shown, console.width), strict=True):
        screen.add_column(escape(names[at]), overflow="fold", width=width)
    for row in rows:
        words = {name: cell.words() for name, cell in zip(names, row.cells, strict=True)}
        cells = [escape(words[names[at]]) for at in shown]
        if together:
            about = f"{words['status']}. {_short(words['population'])}"
            cells[0] = f"[bold]{escape(words['trial'])}[/bold]\n{escape(about)}" if row.first else ""
            number = "" if words["n"] == EMPTY else f", n = {words['n']}"
            regimen = "" if words["regimen"] == words["arm"] else f"\n[dim]{escape(words['regimen'])}[/dim]"
            cells[1] = f"{escape(words['arm'] + number)}{regimen}"
        elif names[0] == "trial" and not row.first:
            cells[0] = ""
        screen.add_row(*cells)
    console.print(screen)
    console.print()


def _widths(names: list[str], rows: list[Row], shown: list[int], room: int) -> list[int]:
    """Widths that fill the screen: trial and arm first, the rest shared out, none wider than its longest cell."""
    longest = [
        max(len(name), *(len(row.cells[at].words()) for row in rows)) for name, at in zip(names, shown, strict=True)
    ]
    wide = [name in ("trial", "arm") for name in names]
    widths = [min(WIDE, most) if is_wide else 0 for most, is_wide in zip(longest, wide, strict=True)]
    left = room - sum(widths) - GAP * (len(names) - 1)
    others = sorted((most, at) for at, most in enumerate(longest) if not wide[at])
    for index, (most, at) in enumerate(others):
        widths[at] = max(NARROW, min(most, left // (len(others) - index)))
        left -= widths[at]
    return widths


def _short(text: str) -> str:
    if len(text) <= LONGEST_ABOUT:
        return text
    return text[: LONGEST_ABOUT - 1].rsplit(" ", 1)[0].rstrip(",;: ") + " …"


def _console() -> Console:
    """A console as wide as the screen; never so narrow that rich would cut columns off (the terminal wraps instead)."""
    from rich.console import Console

    screen = Console(highlight=False)
    wide_enough = sys.stdout.isatty() and screen.width >= LEAST_WIDTH
    return screen if wide_enough else Console(highlight=False, width=PIPED_WIDTH)
