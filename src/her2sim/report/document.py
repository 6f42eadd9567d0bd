"""A document of headings, paragraphs, lists and tables, as Markdown or as one HTML page with the same content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from her2sim.report.environment import page_environment

if TYPE_CHECKING:
    from markupsafe import Markup

NOTICE = "Research use only; not medical advice."


@dataclass(frozen=True)
class Heading:
    """A heading; level 2 is a section."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain words."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of texts; the first ``words`` columns are words, the others numbers.

    Main arguments:
        head: names of columns.
        rows: cells.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True)
class Picture:
    """A figure: inline in HTML, a link to its file in Markdown.

    Main arguments:
        svg: an SVG document of ``her2sim.plots.saving.figure_svg``.
        file: where it stands, from the place of the Markdown file.
        words: what it shows, to be read aloud.
    """

    svg: str
    file: str
    words: str


Block = Heading | Paragraph | Bullets | Table | Picture


@dataclass(frozen=True)
class Document:
    """A title and what follows."""

    title: str
    blocks: tuple[Block, ...]


def as_markdown(document: Document) -> str:
    """The document as Markdown; characters that Markdown would take for its own are escaped in tables only.

    >>> print(as_markdown(Document("A", (Table(("x", "y"), (("a|b", "1"),)),))))
    # A
    <BLANKLINE>
    Research use only; not medical advice.
    <BLANKLINE>
    | x | y |
    |---|---:|
    | a\\|b | 1 |
    <BLANKLINE>
    """
    parts = [f"# {document.title}", NOTICE]
    for block in document.blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {block.text}")
        elif isinstance(block, Paragraph):
            parts.append(_folded(block.text))
        elif isinstance(block, Bullets):
            parts.append("\n".join(_folded(f"* {item}", "  ") for item in block.items))
        elif isinstance(block, Picture):
            parts.append(f"![{block.words}]({block.file})")
        else:
            parts.append(_table(block))
    return "\n\n".join(parts) + "\n"


def as_html(document: Document) -> str:
    """The document as one HTML page without script or network."""
    environment = page_environment()
    blocks = [(type(block).__name__, block, _drawn(block, place)) for place, block in enumerate(document.blocks)]
    template = environment.get_template("document.html.j2")
    return template.render(title=document.title, blocks=blocks, notice=NOTICE) + "\n"


def _drawn(block: Block, place: int) -> Markup:
    """The picture of a block as SVG text that may stand in a page; empty for others."""
    from html import escape

    from markupsafe import Markup

    from her2sim.plots.saving import inline_svg

    if not isinstance(block, Picture):
        return Markup("")
    return Markup(inline_svg(block.svg, f"picture-{place}", escape(block.words)))


def _folded(text: str, indent: str = "") -> str:
    import textwrap

    return textwrap.fill(text, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _table(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    rule = "|" + "|".join("---" if i < table.words else "---:" for i in range(len(table.head))) + "|"
    return "\n".join([line(table.head), rule, *(line(row) for row in table.rows)])
