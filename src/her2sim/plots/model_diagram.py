"""A picture of the model: modules as boxes from the drugs above to the lesions below, flows as lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from her2sim.plots.layers import Layout, layered
from her2sim.plots.style import ARMS, INK, MUTED, house_style, new_figure, quiet_axis
from her2sim.plots.wrapping import text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOX_IN, PAD_IN, LINE_IN, GAP_IN, LAYER_GAP_IN, EDGE_IN = 1.72, 0.075, 0.135, 0.26, 0.52, 0.12
TITLE_PT, TEXT_PT, NAME_PT = 8.5, 7.5, 6.5
MOST_LINES = 4
KINDS = {"drug": ARMS[0], "receptor": ARMS[2], "effect": ARMS[1], "tumor": INK}
KIND_WORDS = {
    "drug": "drug in plasma",
    "receptor": "receptor and signal",
    "effect": "effect on cells",
    "tumor": "tumor",
}


@dataclass(frozen=True)
class ModuleBox:
    """A module as it is drawn.

    Main arguments:
        name: unique; ``title`` is what is written.
        kind: ``drug``, ``receptor``, ``effect`` or ``tumor``: its color.
        about: a sentence.
        gives: names of what it gives, for the small print.
    """

    name: str
    title: str
    kind: str
    about: str
    gives: tuple[str, ...]


@dataclass(frozen=True)
class ModelDiagram:
    """Boxes in an order in which flows go forward, and (giver, taker) pairs; pairs that go back are feedbacks."""

    title: str
    subtitle: str
    boxes: tuple[ModuleBox, ...]
    flows: tuple[tuple[str, str], ...]


def model_diagram(diagram: ModelDiagram) -> Figure:
    """Draw the modules in layers. Boxes never overlap; lines run between them and bend around boxes."""
    written = {box.name: _lines(box) for box in diagram.boxes}
    heights = {name: 2 * PAD_IN + LINE_IN * sum(map(len, lines)) + 0.04 for name, lines in written.items()}
    layout = layered([box.name for box in diagram.boxes], diagram.flows, width=BOX_IN, gap=GAP_IN)
    title = wrapped([diagram.title], layout.width * 72, size=10, bold_first=True)
    subtitle = wrapped([diagram.subtitle], layout.width * 72, size=8)
    head = 0.2 * len(title) + 0.16 * len(subtitle) + 0.42
    tall = [max((heights[n] for n in layer if n in heights), default=0.0) for layer in layout.layers]
    tops = [head + sum(tall[:i]) + LAYER_GAP_IN * i for i in range(len(tall))]
    height, width = tops[-1] + tall[-1] + EDGE_IN, layout.width + 2 * EDGE_IN
    colors = {box.name: KINDS[box.kind] for box in diagram.boxes}
    with house_style():
        figure = new_figure(height, width)
        axes = figure.add_axes((0, 0, 1, 1))
        quiet_axis(axes)
        axes.set_xlim(-EDGE_IN, layout.width + EDGE_IN)
        axes.set_ylim(height, 0)
        for row, line in enumerate(title):
            axes.text(0, 0.1 + 0.2 * row, line, weight="bold", size=10, va="top")
        for row, line in enumerate(subtitle):
            axes.text(0, 0.1 + 0.2 * len(title) + 0.16 * row, line, size=8, color=MUTED, va="top")
        _legend(axes, 0.17 + 0.2 * len(title) + 0.16 * len(subtitle), {box.kind for box in diagram.boxes})
        _flows(axes, layout, tops, tall, heights, colors)
        for box in diagram.boxes:
            layer = layout.layer_of(box.name)
            _box(axes, layout.x[box.name], tops[layer], heights[box.name], written[box.name], KINDS[box.kind])
    return figure


def _lines(box: ModuleBox) -> tuple[list[str], list[str], list[str]]:
    """Title, sentence and small print, wrapped to the box."""
    room = (BOX_IN - 2 * PAD_IN) * 72
    title = [line.strip() for line in wrapped([box.title], room, size=TITLE_PT, bold_first=True)]
    about = [line.strip() for line in wrapped([box.about], room, size=TEXT_PT)] if box.about else []
    if len(about) > MOST_LINES:
        about = [*about[: MOST_LINES - 1], f"{about[MOST_LINES - 1].rstrip('.,;:')} …"]
    names = [_fitting(name, room) for name in box.gives[:3]]
    if len(box.gives) > 3:
        names[2] = f"and {len(box.gives) - 2} more"
    return title, about, names


def _fitting(name: str, room: float) -> str:
    while text_width(name, NAME_PT) > room:
        name = name[:-2].rstrip("…_") + "…"
    return name


def _box(
    axes: Axes, middle: float, top: float, height: float, lines: tuple[list[str], list[str], list[str]], color: str
) -> None:
    from matplotlib.patches import FancyBboxPatch

    left = middle - BOX_IN / 2
    shape = "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch(
            (left, top), BOX_IN, height, boxstyle=shape, facecolor="white", edgecolor=color, linewidth=1.3, zorder=3
        )
    )
    y = top + PAD_IN
    styles = ((TITLE_PT, INK, "bold"), (TEXT_PT, INK, "normal"), (NAME_PT, MUTED, "normal"))
    for block, (size, ink, weight) in zip(lines, styles, strict=True):
        for line in block:
            axes.text(left + PAD_IN, y, line, size=size, color=ink, weight=weight, va="top", zorder=4)
            y += LINE_IN
        y += 0.02


def _flows(
    axes: Axes,
    layout: Layout,
    tops: Sequence[float],
    tall: Sequence[float],
    heights: Mapping[str, float],
    colors: Mapping[str, str],
) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    for flow in layout.flows:
        color = colors[flow.giver]
        points: list[tuple[float, float]] = []
        codes: list[Any] = []
        for place, (name, x) in enumerate(zip(flow.through, flow.xs, strict=True)):
            layer = layout.layer_of(name)
            real = name in heights
            above, below = tops[layer], tops[layer] + (heights[name] if real else tall[layer])
            first, last = place == 0, place == len(flow.through) - 1
            if not first:
                start = points[-1][1]
                middle = (start + above) / 2
                points += [(points[-1][0], middle), (x, middle), (x, above)]
                codes += [Path.CURVE4] * 3
            if first:
                points.append((x, below))
                codes.append(Path.MOVETO)
            elif not last:
                points.append((x, below))
                codes.append(Path.LINETO)
        if flow.back:
            points, codes = points[::-1], [Path.MOVETO, *codes[1:][::-1]]
        axes.add_patch(
            FancyArrowPatch(
                path=Path(points, codes),
                arrowstyle="-|>,head_length=3.2,head_width=1.7",
                color=color,
                linewidth=1.0,
                linestyle=(0, (3, 2)) if flow.back else "-",
                alpha=0.85,
                zorder=2,
                shrinkA=0,
                shrinkB=0,
            )
        )


def _legend(axes: Axes, y: float, kinds: set[str]) -> None:
    x = 0.0
    entries: list[tuple[str, str, Any]] = [(KIND_WORDS[kind], KINDS[kind], "-") for kind in KINDS if kind in kinds]
    entries.append(("feedback", MUTED, (0, (3, 2))))
    for words, color, style in entries:
        axes.plot([x, x + 0.22], [y + 0.06, y + 0.06], color=color, linewidth=1.4, linestyle=style)
        axes.text(x + 0.27, y + 0.06, words, size=7.5, color=MUTED, va="center")
        x += 0.27 + text_width(words, 7.5) / 72 + 0.2
