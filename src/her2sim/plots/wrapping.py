"""Break lines of text by their measured width, so that capitals and narrow letters fill a box alike."""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.plots.style import any_script

SPACE = " "  # a no-break space is not one, so a dose stays with its unit


def wrapped(lines: Sequence[str], width_pt: float, *, size: float, bold_first: bool = False) -> list[str]:
    """The lines, broken at spaces where they are wider than ``width_pt``; what continues is indented.

    Main arguments:
        lines: paragraphs, one each.
        width_pt: room in points.
        size: size of the letters in points.

    Other arguments:
        bold_first: the first paragraph is a bold heading, not indented where it continues.

    A single word that is too wide is broken between letters.
    """
    out: list[str] = []
    for number, line in enumerate(lines):
        bold = bold_first and number == 0
        indent = "" if bold else "  "
        current = ""
        for word in _words(line, width_pt, size, bold):
            longer = f"{current}{SPACE}{word}" if current else word
            if current and text_width(longer, size, bold) > width_pt:
                out.append(current)
                current = indent + word
            else:
                current = longer
        out.append(current)
    return out


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text in the house font, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    with any_script():
        return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def _words(line: str, width_pt: float, size: float, bold: bool) -> list[str]:
    pieces: list[str] = []
    for word in line.split(SPACE):
        while word and text_width("  " + word, size, bold) > width_pt:
            cut = max(1, int(len(word) * width_pt / text_width("   " + word, size, bold)) - 1)
            pieces.append(word[:cut])
            word = word[cut:]
        if word:
            pieces.append(word)
    return pieces
