"""Design schema: who is enrolled, how they are allocated, what each arm gets, how it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from her2sim.plots.style import INK, MUTED, WIDTH_IN, arm_color, house_style, new_figure, quiet_axis
from her2sim.plots.wrapping import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE_IN, PAD_IN, GAP_IN = 0.168, 0.11, 0.30
TEXT_IN_BOX = 0.026
SIZE, EDGE, GAP = 8.5, 0.012, 0.02  # letters in points; margins as shares of the width


@dataclass(frozen=True)
class DesignArm:
    """An arm as it is drawn: name, patients, and one line of text per drug."""

    name: str
    n: int | None
    drugs: tuple[str, ...]


def design_figure(
    arms: Sequence[DesignArm], *, population: Sequence[str], assessment: Sequence[str], title: str
) -> Figure:
    """The design from top to bottom, arms beside each other.

    Main arguments:
        arms: at least one.
        population: lines about the patients.
        assessment: lines about scans, readers and follow-up.
        title: of the figure.
    """
    across = min(len(arms), 3)
    full = 1 - 2 * EDGE
    width = (full - GAP * (across - 1)) / across
    headings = [wrapped([_heading(arm)], _room(width), size=SIZE, bold_first=True) for arm in arms]
    drugs = [wrapped(arm.drugs or ("–",), _room(width), size=SIZE) for arm in arms]
    blocks = [[*heading, *lines] for heading, lines in zip(headings, drugs, strict=True)]
    rows = [blocks[i : i + across] for i in range(0, len(blocks), across)]
    top = wrapped(population or ("–",), _room(full), size=SIZE)
    bottom = wrapped(assessment or ("–",), _room(full), size=SIZE)
    arm_heights = [max(_height(len(block)) for block in row) for row in rows]
    allocated = len(arms) > 1
    height = 0.36 + _height(len(top)) + GAP_IN + (0.25 + GAP_IN if allocated else 0.0)
    height += sum(arm_heights) + 0.12 * (len(rows) - 1) + GAP_IN + _height(len(bottom)) + 0.08
    with house_style():
        figure = new_figure(height)
        axes = figure.add_axes((0, 0, 1, 1))
        quiet_axis(axes)
        axes.set_xlim(0, 1)
        axes.set_ylim(height, 0)
        axes.text(EDGE, 0.09, title, weight="bold", size=10, va="top")
        y = 0.36
        y = _box(axes, EDGE, y, full, top, MUTED)
        if allocated:
            _arrow(axes, 0.5, y, y + GAP_IN)
            y += GAP_IN
            axes.text(0.5, y + 0.125, _allocation(arms), ha="center", va="center", weight="bold", size=9)
            y += 0.25
        for column in range(across):
            middle = EDGE + column * (width + GAP) + width / 2
            _arrow(axes, 0.5 if across == 1 else middle, y, y + GAP_IN)
        y += GAP_IN
        for line, (row, tall) in enumerate(zip(rows, arm_heights, strict=True)):
            for column, block in enumerate(row):
                number = line * across + column
                _box(
                    axes,
                    EDGE + column * (width + GAP),
                    y,
                    width,
                    block,
                    arm_color(number),
                    height=tall,
                    bold=len(headings[number]),
                )
            y += tall + 0.12
        y -= 0.12
        for column in range(across):
            _arrow(axes, EDGE + column * (width + GAP) + width / 2, y, y + GAP_IN)
        y += GAP_IN
        _box(axes, EDGE, y, full, bottom, MUTED)
    return figure


def _allocation(arms: Sequence[DesignArm]) -> str:
    sizes = [arm.n for arm in arms]
    if any(size is None for size in sizes):
        return "Randomized"
    return "Randomized " + " : ".join(str(size) for size in sizes)


def _heading(arm: DesignArm) -> str:
    return arm.name + (f" (n = {arm.n})" if arm.n is not None else "")


def _room(width: float) -> float:
    """Points of text that fit into a box of a share ``width`` of the figure."""
    return (width - 2 * TEXT_IN_BOX) * WIDTH_IN * 72


def _height(lines: int) -> float:
    return 2 * PAD_IN + LINE_IN * lines


def _box(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    lines: Sequence[str],
    color: str,
    *,
    height: float | None = None,
    bold: int = 0,
) -> float:
    from matplotlib.patches import Rectangle

    height = height or _height(len(lines))
    axes.add_patch(Rectangle((x, y), width, height, facecolor="none", edgecolor=color, linewidth=1.2))
    if bold:
        axes.add_patch(Rectangle((x, y), 0.009, height, facecolor=color, edgecolor="none"))
    for number, line in enumerate(lines):
        axes.text(
            x + TEXT_IN_BOX,
            y + PAD_IN + LINE_IN * (number + 0.5),
            line,
            size=SIZE,
            va="center",
            weight="bold" if number < bold else "normal",
            color=color if number < bold else INK,
        )
    return y + height


def _arrow(axes: Axes, x: float, y_from: float, y_to: float) -> None:
    axes.annotate(
        "",
        xy=(x, y_to - 0.02),
        xytext=(x, y_from + 0.02),
        arrowprops={"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0},
    )
