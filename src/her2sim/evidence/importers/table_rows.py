"""CSV with a header, row by row, each row knowing its line: columns known, cells typed, errors placed."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.importers.source_text import SourceText

MAX_ROWS = 200_000
MAX_CELL = 20_000


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Main arguments:
        file, line: where it stands, lines counted from 1.
        cells: column to its text, without surrounding blanks.
    """

    file: str
    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell, or "" where it is empty or the column is not given."""
        return self.cells.get(column, "")

    def error(self, column: str, what: str, hint: str = "") -> InputError:
        """An ``InputError`` placed at this row and column."""
        return InputError(what, where=f"{self.file}:{self.line}: {column}", hint=hint)

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """The cell as a finite number from ``low`` to ``high``; None where empty."""
        text = self.text(column)
        if not text:
            return None
        try:
            value = float(text if "_" not in text else "")
        except ValueError:
            hint = "Write decimals with a point." if "," in text else "Expected a number."
            raise self.error(column, f"{text[:40]!r} is not a number", hint) from None
        if not math.isfinite(value):
            raise self.error(column, f"{text[:40]!r} is not a finite number")
        if not low <= value <= high:
            raise self.error(column, f"{text[:40]} is impossible", f"Expected a number from {low:g} to {high:g}.")
        return value

    def count(self, column: str, low: int = 0, high: int = 1_000_000) -> int | None:
        """The cell as a whole number; None where empty."""
        value = self.number(column, low, high)
        if value is not None and not value.is_integer():
            raise self.error(column, f"{self.text(column)[:40]} is not a whole number")
        return None if value is None else int(value)


def table_rows(source: SourceText, known: Collection[str], needed: Collection[str]) -> list[Row]:
    r"""The rows of a comma- or semicolon- or tab-separated table. Lines that are blank or begin with # are skipped.

    Raises:
        InputError: no header, an unknown or missing column, a column given twice, a row with another number of cells,
            quotes that do not close, or no rows at all.

    >>> rows = table_rows(SourceText("t.csv", "time,survival\n0,1\n"), ("time", "survival"), ("time",))
    >>> rows[0].number("survival"), rows[0].line
    (1.0, 2)
    """
    lines = source.text.split("\n")
    start = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        raise InputError("this table has no header", where=source.name, hint=f"Expected columns {_listed(needed)}.")
    separator = next((mark for mark in (",", ";", "\t") if mark in lines[start]), ",")
    header = [cell.strip().lstrip("\ufeff").lower() for cell in next(csv.reader([lines[start]], delimiter=separator))]
    _check_header(header, source.name, start + 1, known, needed)
    rows: list[Row] = []
    reader = csv.reader(lines[start + 1 :], delimiter=separator, strict=True)
    line = start + 2
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise InputError(f"not a table: {error}", where=f"{source.name}:{line}", hint="Check the quotes.") from None
        here, line = line, start + 2 + reader.line_num
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{len(cells)} cells, and the header has {len(header)}",
                where=f"{source.name}:{here}",
                hint="Put a text that holds the separator between quotes.",
            )
        if len(rows) >= MAX_ROWS:
            raise InputError(f"more than {MAX_ROWS} rows", where=f"{source.name}:{here}")
        rows.append(Row(source.name, here, {key: cell.strip() for key, cell in zip(header, cells, strict=True)}))
    if not rows:
        raise InputError("this table has a header and no rows", where=f"{source.name}:{start + 1}")
    return rows


def _check_header(header: list[str], file: str, line: int, known: Collection[str], needed: Collection[str]) -> None:
    where = f"{file}:{line}"
    for name in header:
        if name not in known:
            raise InputError(f"unknown column {name[:40]!r}", where=where, hint=did_you_mean(name[:40], known))
        if header.count(name) > 1:
            raise InputError(f"column {name!r} is given twice", where=where)
    missing = [name for name in needed if name not in header]
    if missing:
        raise InputError(f"the table has no column {_listed(missing)}", where=where, hint=f"Known: {_listed(known)}.")


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
