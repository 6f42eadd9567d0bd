"""A review table as Markdown."""

from __future__ import annotations

from her2sim.evidence.tables.review_table import ReviewTable, Row


def markdown(table: ReviewTable) -> str:
    """GitHub Markdown: one table per heading, then footnotes and numbered sources."""
    lines = [f"# {table.title}", ""]
    group = None
    for row in table.rows:
        if row.group != group:
            group = row.group
            lines += [
                *(["", f"## {_cell(group)}", ""] if group else [""]),
                _line([column.name for column in table.columns]),
            ]
            lines.append(_line(["---"] * len(table.columns)))
        lines.append(_line([_cell(words) for words in visible(table, row)]))
    lines += ["", *(f"{note}  " for note in table.footnotes)]
    lines += ["", "## Sources", ""] if table.references else []
    for source in table.references:
        lines.append(f"{source.number}. {source.citation}{'' if source.read else ' (recalled)'} {source.url}".rstrip())
    return "\n".join(lines) + "\n"


def visible(table: ReviewTable, row: Row) -> list[str]:
    """The words of a row; what is said once per trial is left out in its further rows."""
    return [
        "" if column.whole_trial and not row.first else cell.words()
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(words: str) -> str:
    return " ".join(words.replace("|", "\\|").split())
