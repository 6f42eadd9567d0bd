"""Network of treatments: a circle per part that hangs together, a line per direct comparison, thicker with more trials.

Lines between neighbors on the circle are short and cross few others, so the order of the treatments is chosen to keep
lines short.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from her2sim.analysis.meta.network_geometry import Geometry
from her2sim.plots.style import ARMS, MUTED, RULE, WIDTH_IN, house_style, new_figure, quiet_axis, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch

HEAD_IN, LINE_IN, LETTER_IN, MARGIN_IN = 0.52, 0.2, 0.062, 0.25
NODE_GAP_IN, SMALLEST_IN = 0.33, 0.6
LEGEND_IN, LEGEND_LETTERS = 0.14, 80
BEND = 0.3  # how far lines bow toward the center, so that those between neighbors can be seen
FEW = 2  # a part of so few treatments is a line of text, not a circle
MOST_LETTERS = 26
_SWEEPS = 20


def network_figure(
    geometry: Geometry, *, title: str, labels: Mapping[str, str] | None = None, legend: str = ""
) -> Figure:
    """Draw a network, also one that falls apart.

    Main arguments:
        geometry: treatments and direct comparisons.
        title: of the figure.

    Other arguments:
        labels: treatment to the name that is written; the treatment itself if not given.
        legend: a line under the figure, for example what short names stand for.
    """
    names = {name: shortened((labels or {}).get(name, name), MOST_LETTERS) for name in geometry.treatments}
    circles = [_placed(part, geometry, names) for part in geometry.subnetworks if len(part) > FEW]
    pairs = [part for part in geometry.subnetworks if len(part) <= FEW]
    below = LINE_IN * (len(pairs) + 1 if pairs else 0)
    explained = wrap(legend, LEGEND_LETTERS)
    below += LEGEND_IN * len(explained)
    height = HEAD_IN + sum(circle.above + circle.below for circle in circles) + below + 0.1
    with house_style():
        figure = new_figure(height)
        axes = figure.add_axes((0, 0, 1, 1))
        quiet_axis(axes)
        axes.set_xlim(0, WIDTH_IN)
        axes.set_ylim(height, 0)
        axes.text(0.06, 0.09, title, weight="bold", size=10, va="top")
        axes.text(0.06, 0.3, _summary(geometry), size=8, color=MUTED, va="top")
        top = HEAD_IN
        for circle in circles:
            _draw(axes, circle, geometry, names, (WIDTH_IN / 2, top + circle.above))
            top += circle.above + circle.below
        if pairs:
            axes.text(0.06, top + 0.02, "not connected to the above" if circles else "", size=8, color=MUTED, va="top")
            for number, part in enumerate(pairs, start=1):
                words = " – ".join(names[name] for name in part)
                trials = _between(part[0], part[-1], geometry)
                axes.text(0.06, top + 0.02 + number * LINE_IN, f"{words}  ({_trials(trials)})", size=8, va="top")
        for number, line in enumerate(reversed(explained)):
            axes.text(0.06, height - 0.05 - LEGEND_IN * number, line, size=7, color=MUTED, va="bottom")
    return figure


def circle_order(part: Sequence[str], direct: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """The treatments of a part in an order around the circle that keeps lines short.

    Main arguments:
        part: treatments.
        direct: pair of treatments (sorted) to the number of trials.
    """
    order = list(part)
    lines = [pair for pair in direct if pair[0] in part and pair[1] in part]

    def length(names: Sequence[str]) -> float:
        place = {name: number for number, name in enumerate(names)}
        return sum(math.sin(math.pi * abs(place[first] - place[second]) / len(names)) for first, second in lines)

    best = length(order)
    for _ in range(_SWEEPS):
        before = best
        for start in range(len(order)):
            for target in range(len(order)):
                moved = order[:start] + order[start + 1 :]
                moved.insert(target, order[start])
                found = length(moved)
                if found < best - 1e-9:
                    order, best = moved, found
        if best >= before - 1e-9:
            break
    return tuple(order)


@dataclass(frozen=True)
class _Circle:
    """A part on its circle: radius, angle of each treatment, and the room it needs above and below its center."""

    radius: float
    angle: Mapping[str, float]
    above: float
    below: float


def _placed(part: Sequence[str], geometry: Geometry, names: Mapping[str, str]) -> _Circle:
    order = circle_order(part, geometry.direct)
    angle = {name: 2 * math.pi * number / len(order) - math.pi / 2 for number, name in enumerate(order)}
    rooms = {name: MARGIN_IN + LETTER_IN * len(names[name]) for name in order}
    wanted = max(SMALLEST_IN, len(order) * NODE_GAP_IN / (2 * math.pi))
    radius = min(WIDTH_IN / 2 - max(rooms.values()), wanted)
    reach = [(radius + rooms[name]) * math.sin(turn) for name, turn in angle.items()]
    return _Circle(radius, angle, MARGIN_IN - min(reach), MARGIN_IN + max(reach))


def _draw(
    axes: Axes, circle: _Circle, geometry: Geometry, names: Mapping[str, str], center: tuple[float, float]
) -> None:
    radius, angle = circle.radius, circle.angle
    spot = {
        name: (center[0] + radius * math.cos(turn), center[1] + radius * math.sin(turn)) for name, turn in angle.items()
    }
    for (first, second), count in geometry.direct.items():
        if first in spot and second in spot:
            axes.add_patch(_bowed(spot[first], spot[second], center, width=1.0 + 1.4 * (count - 1)))
    for name, (x, y) in spot.items():
        studies = sum(name in treatments for treatments in geometry.studies.values())
        axes.scatter([x], [y], s=18 + 14 * studies, color=ARMS[0], zorder=2, edgecolors="white", linewidths=0.6)
        turn = math.degrees(angle[name]) % 360.0
        left = 90.0 < turn < 270.0
        out = radius + 0.09 + 0.012 * studies
        axes.text(
            center[0] + out * math.cos(angle[name]),
            center[1] + out * math.sin(angle[name]),
            names[name],
            size=7.6,
            ha="right" if left else "left",
            va="center",
            rotation=(180.0 - turn if left else -turn),
            rotation_mode="anchor",
        )


def _bowed(
    first: tuple[float, float], second: tuple[float, float], center: tuple[float, float], *, width: float
) -> PathPatch:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    middle = [
        (one + other) / 2 + BEND * (c - (one + other) / 2) for one, other, c in zip(first, second, center, strict=True)
    ]
    path = Path([first, (middle[0], middle[1]), second], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    return PathPatch(path, facecolor="none", edgecolor=RULE, linewidth=width, zorder=1)


def _summary(geometry: Geometry) -> str:
    parts = len(geometry.subnetworks)
    words = f"{_trials(len(geometry.studies))}, {len(geometry.treatments)} treatments"
    return words + ("; line width: trials" if parts == 1 else f", {parts} parts; line width: trials")


def _between(first: str, second: str, geometry: Geometry) -> int:
    one, two = sorted((first, second))
    return geometry.direct.get((one, two), 0)


def _trials(count: int) -> str:
    return f"{count} trial" if count == 1 else f"{count} trials"
