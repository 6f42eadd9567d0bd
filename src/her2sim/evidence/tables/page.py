"""A review table as one HTML page without outside parts."""

from __future__ import annotations

from html import escape

from her2sim.evidence.tables.markdown import visible
from her2sim.evidence.tables.review_table import Cell, ReviewTable

STYLE = """body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%}th{position:sticky;top:0;background:#eef2f6;text-align:left}
th,td{border-bottom:1px solid #d7dde3;padding:.35em .5em;vertical-align:top}
th.group{background:#dfe7ee;font-size:15px}td.recalled,span.recalled{color:#6b6b6b;font-style:italic}
sup a{text-decoration:none}div.part{margin-bottom:.2em}ol{font-size:13px}td:nth-child(2){max-width:26em}"""


def html_page(table: ReviewTable) -> str:
    """A page with the table, its footnotes and its sources; recalled figures are in grey italics with a star."""
    head = "".join(f"<th scope='col'>{escape(column.name)}</th>" for column in table.columns)
    body: list[str] = []
    group = None
    for row in table.rows:
        if row.group != group:
            group = row.group
            body.append(
                f"<tr><th class='group' scope='rowgroup' colspan='{len(table.columns)}'>{escape(group)}</th></tr>"
            )
        cells = zip(row.cells, visible(table, row), strict=True)
        body.append("<tr>" + "".join(f"<td>{_cell(cell) if words else ''}</td>" for cell, words in cells) + "</tr>")
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.footnotes)
    sources = "".join(_source(x.number, x.citation, x.url, x.read) for x in table.references)
    title = escape(table.title)
    lines = [
        "<!doctype html>",
        f"<html lang='en'><head><meta charset='utf-8'><title>{title}</title><style>{STYLE}</style></head>",
        f"<body><h1>{title}</h1>",
        f"<table><thead><tr>{head}</tr></thead>",
        f"<tbody>{chr(10).join(body)}</tbody></table>",
        f"{notes}<h2>Sources</h2><ol>{sources}</ol></body></html>" if sources else f"{notes}</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _cell(cell: Cell) -> str:
    parts: list[str] = []
    for part in cell.parts:
        link = f"<sup><a href='#s{part.reference}'>{part.reference}</a></sup>" if part.reference else ""
        words = escape(part.text) + link
        parts.append(f"<div class='part'>{words if part.read else f'<span class=recalled>{words}*</span>'}</div>")
    return "".join(parts) or "–"


def _source(number: int, citation: str, url: str, read: bool) -> str:
    words = escape(citation) + ("" if read else " (recalled)")
    safe = url.startswith(("https://", "http://"))
    link = f" <a href='{escape(url, quote=True)}'>{escape(url)}</a>" if safe else ""
    return f"<li id='s{number}'>{words}{link}</li>"
