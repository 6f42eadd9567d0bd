"""A review table before it is printed: groups of rows, cells with their sources, numbered references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

RECALLED = "*"
EMPTY = "–"


@dataclass(frozen=True)
class Part:
    """One figure of a cell as text, with the number of its reference (0 for none) and whether it was read."""

    text: str
    reference: int = 0
    read: bool = True

    def words(self) -> str:
        """The text with its reference; recalled figures carry a star.

        >>> Part("52.6 (48.7 to NR)", 3, read=False).words()
        '52.6 (48.7 to NR) [3]*'
        """
        return f"{self.text} [{self.reference}]{'' if self.read else RECALLED}" if self.reference else self.text


@dataclass(frozen=True)
class Cell:
    """All figures that the base has for one cell, side by side."""

    parts: tuple[Part, ...] = ()

    def words(self) -> str:
        """The parts, divided by bars; a dash where the base has nothing."""
        return " | ".join(part.words() for part in self.parts) or EMPTY


@dataclass(frozen=True)
class Row:
    """One arm of a trial (or one stratum).

    Main arguments:
        group: heading under which the row stands.
        trial: id of the record; ``first`` says whether the row is the first of its trial in the group.
        cells: one per column of the table.
    """

    group: str
    trial: str
    cells: tuple[Cell, ...]
    first: bool = True


@dataclass(frozen=True)
class Reference:
    """A source behind the table."""

    number: int
    citation: str
    url: str
    read: bool


@dataclass(frozen=True)
class Column:
    """Name of a column; ``whole_trial`` for what is said once per trial (population, status)."""

    name: str
    whole_trial: bool = False


@dataclass(frozen=True)
class ReviewTable:
    """A finished table. ``footnotes`` explain marks and what is not shown."""

    question: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    references: tuple[Reference, ...]
    footnotes: tuple[str, ...] = ()

    def trials(self) -> tuple[str, ...]:
        """Ids of the trials in the table, each once."""
        return tuple(dict.fromkeys(row.trial for row in self.rows))


@dataclass
class References:
    """Numbers the sources in the order in which a table cites them."""

    numbers: dict[tuple[str, str, bool], int] = field(default_factory=dict[tuple[str, str, bool], int])

    def number(self, citation: str, url: str, read: bool) -> int:
        """The number of a source, new or known; 0 where there is none."""
        if not citation:
            return 0
        return self.numbers.setdefault((citation, url, read), len(self.numbers) + 1)

    def listed(self) -> tuple[Reference, ...]:
        """All sources, by number."""
        return tuple(Reference(number, *key) for key, number in self.numbers.items())


def text_cell(text: str) -> Cell:
    """A cell of plain words."""
    return Cell((Part(text),) if text else ())


def regrouped(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows with ``first`` set where a new trial (or group) begins."""
    made: list[Row] = []
    for row in rows:
        last = made[-1] if made else None
        first = last is None or (last.group, last.trial) != (row.group, row.trial)
        made.append(Row(row.group, row.trial, row.cells, first))
    return tuple(made)
