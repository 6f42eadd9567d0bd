"""Figures as files and as text; the same figure gives the same bytes on any day."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from her2sim.core.durable import replacing, write_text
from her2sim.plots.style import ARMS, INK, MUTED, RESPONSES, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
_NO_DATE = {"Date": None, "Creator": "her2sim"}


def figure_svg(figure: Figure) -> str:
    """The figure as an SVG document; letters stay letters, so they can be searched and read aloud."""
    text = io.StringIO()
    with house_style():
        figure.savefig(text, format="svg", metadata=_NO_DATE)
    return text.getvalue()


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``name.svg`` and ``name.png`` into ``folder``; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    write_text(svg, figure_svg(figure))
    with replacing(png) as temporary, house_style():
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": "her2sim"})
    return svg, png


def inline_svg(svg: str, prefix: str, title: str) -> str:
    """An SVG to be put into a page: names that cannot clash, colors that follow the page, a title to be read aloud.

    The page may set ``--arm-1`` to ``--arm-6``, ``--muted`` and ``--complete``.

    Main arguments:
        svg: an SVG document of ``figure_svg``.
        prefix: put before each id.
        title: already escaped for HTML.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    body = re.sub(r'xlink:href="#', f'xlink:href="#{prefix}-', body)
    body = body.replace(INK, "currentColor")
    names = {color: f"arm-{number}" for number, color in enumerate(ARMS, start=1)}
    for color, name in {**names, MUTED: "muted", RESPONSES["CR"]: "complete"}.items():
        body = body.replace(color, f"var(--{name}, {color})")
    body = re.sub(r"(<g id=\"[\w-]*patch_1\">\s*<path[^>]*style=\")fill: #ffffff", r"\1fill: none", body, count=1)
    head = re.match(r"<svg[^>]*>", body)
    if head is None:
        raise ValueError("this is not an SVG document")
    opening = re.sub(r' (?:width|height)="[^"]*"', "", head[0])
    opening = opening[:-1] + f' role="img" aria-label="{title}">'
    return opening + body[head.end() :].strip()
