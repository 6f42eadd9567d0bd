"""A review table as CSV: every row complete, its sources in the last column."""

from __future__ import annotations

import csv
import io

from her2sim.evidence.tables.review_table import ReviewTable


def comma_separated(table: ReviewTable) -> str:
    """RFC 4180 text; the first column is the heading, the last the sources that the row cites."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["group", *(column.name for column in table.columns), "sources"])
    known = {source.number: source for source in table.references}
    for row in table.rows:
        cited = sorted({part.reference for cell in row.cells for part in cell.parts if part.reference})
        sources = "; ".join(f"[{number}] {known[number].citation} {known[number].url}".rstrip() for number in cited)
        writer.writerow([row.group, *(cell.words() for cell in row.cells), sources])
    return text.getvalue()
