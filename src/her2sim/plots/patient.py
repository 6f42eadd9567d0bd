"""One virtual patient on one page: drug, block, signal, clones, lesions and HER2 over the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.plots.style import ARMS, INK, MUTED, RESPONSES, RULE, decade_ticks, house_style, new_figure
from her2sim.plots.wrapping import text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
WIDTH_IN, LEFT_IN, RIGHT_IN = 7.4, 0.86, 1.78
PANEL_IN, GAP_IN, FOOT_IN = 0.86, 0.19, 0.5
LEAST_ML, LEAST_SHARE, BRAIN_ML = 1e-3, 1e-4, 0.05
CLONE_COLORS = (ARMS[0], ARMS[2], ARMS[1], ARMS[3], ARMS[4], ARMS[5])
LABEL_PT, LEAST_DNA_PCT = 7.5, 1e-3
_RING: Any = {"markersize": 4.2, "markeredgecolor": INK, "markeredgewidth": 0.6}


@dataclass(frozen=True)
class ScanPoint:
    """A scan: day, sum of target diameters as read, response, and why it was a progression."""

    day: float
    sum_mm: float
    overall: str
    why: str


@dataclass(frozen=True)
class Tube:
    """A tube of blood: day, tumor fraction as counted (percent), and whether that is enough to be called found."""

    day: float
    tumor_dna_pct: float
    found: bool


@dataclass(frozen=True)
class LinePanel:
    """What is drawn of one line of therapy; days count from the start of the first line, series are (n_days,).

    Main arguments:
        blocked: words -> share covered or blocked; words that end in ``, brain`` are drawn dashed.
        her2_per_cell: NaN where too little tumor is left.
        biopsies: (day, words).
        soluble_ng_per_mL: in blood, or None.
        irradiated: whether radiotherapy of the brain came before the line.
        tumor_dna_pct: share of the tumor in cell-free DNA of plasma, percent, or None; ``blood``: tubes of it.
        erbb2_plasma_ratio: ERBB2 over other genes in plasma, or None.
    """

    title: str
    start: float
    end: float
    ended_by: str
    days: Floats
    drugs_mg_per_L: Mapping[str, Floats]
    blocked: Mapping[str, Floats]
    signal: Mapping[str, Floats]
    net_per_day: Mapping[str, Floats]
    clone_mL: Mapping[str, Floats]
    brain_mL: Mapping[str, Floats]
    sum_mm: Floats
    brain_mm: Floats
    scans: tuple[ScanPoint, ...]
    her2_per_cell: Floats
    biopsies: tuple[tuple[float, str], ...]
    soluble_ng_per_mL: Floats | None
    irradiated: bool = False
    tumor_dna_pct: Floats | None = None
    blood: tuple[Tube, ...] = ()
    erbb2_plasma_ratio: Floats | None = None


@dataclass(frozen=True)
class PatientFigure:
    """A patient and her lines.

    Main arguments:
        sentences: what happened, one for each line.
        clones: name -> words.
        ihc_edges: HER2 per cell between the classes of ``ihc_classes``.
        death_day: infinity if she is alive at the end.
    """

    title: str
    subtitle: str
    sentences: tuple[str, ...]
    lines: tuple[LinePanel, ...]
    clones: Mapping[str, str]
    ihc_edges: tuple[float, ...]
    ihc_classes: tuple[str, ...]
    death_day: float


def patient_figure(data: PatientFigure) -> Figure:
    """Draw the course. Panels share the time; what a line means stands at its right end or beside the panel."""
    room = (WIDTH_IN - 0.3) * 72
    title = [line.strip() for line in wrapped([data.title], room, size=10, bold_first=True)]
    words = wrapped([*data.sentences], room, size=8.5)
    panels: list[tuple[str, float, Callable[[Axes, PatientFigure], list[tuple[str, str, str]]]]] = [
        ("drug in\nplasma, mg/L", PANEL_IN, _drugs),
        ("covered\nor blocked", PANEL_IN, _blocked),
        ("survival\nsignal left", PANEL_IN, _signal),
        ("living tumor outside\nthe brain, mL", 1.5 * PANEL_IN, _clones),
        ("its growth less deaths,\n% per day", 1.2 * PANEL_IN, _net),
        ("diameters, mm", 1.5 * PANEL_IN, _lesions),
        ("HER2 per\ntumor cell", 1.3 * PANEL_IN, _her2),
    ]
    if any(float(np.max(_total(line.brain_mL))) > BRAIN_ML for line in data.lines):
        panels.insert(5, ("living tumor in\nthe brain, mL", PANEL_IN, _brain_clones))
    if any(line.soluble_ng_per_mL is not None for line in data.lines):
        panels.append(("soluble HER2\nin blood, ng/mL", 0.9 * PANEL_IN, _soluble))
    if any(line.tumor_dna_pct is not None for line in data.lines):
        panels.append(("tumor DNA in\nplasma, % of all", 1.2 * PANEL_IN, _tumor_dna))
    head = 0.14 + 0.2 * len(title) + (0.17 if data.subtitle else 0.0) + 0.16 * len(words) + 0.34
    height = head + sum(tall + GAP_IN for _, tall, _ in panels) + FOOT_IN - GAP_IN
    last = max(line.end for line in data.lines)
    with house_style():
        figure = new_figure(height, WIDTH_IN)
        _head(figure, height, title, data.subtitle, words)
        top = head
        for number, (name, tall, draw) in enumerate(panels):
            box = (LEFT_IN / WIDTH_IN, 1 - (top + tall) / height, 1 - (LEFT_IN + RIGHT_IN) / WIDTH_IN, tall / height)
            axes = figure.add_axes(box)
            axes.set_xlim(0.0, last / DAYS_PER_MONTH)
            labels = draw(axes, data)
            axes.set_ylabel(name, size=8)
            axes.yaxis.set_label_coords(-0.5 * LEFT_IN / (WIDTH_IN - LEFT_IN - RIGHT_IN) - 0.012, 0.5)
            axes.tick_params(labelsize=7.5)
            for line in data.lines:
                axes.axvline(line.end / DAYS_PER_MONTH, color=RULE, linewidth=0.9, zorder=0)
            if number == 0:
                _line_titles(axes, data, last)
            if number == len(panels) - 1:
                axes.set_xlabel("months since the start of the first line shown", size=8)
            else:
                axes.tick_params(labelbottom=False)
            _side_labels(axes, labels, tall)
            top += tall + GAP_IN
    return figure


def _head(figure: Figure, height: float, title: Sequence[str], subtitle: str, words: Sequence[str]) -> None:
    y = 0.1
    for line in title:
        figure.text(0.15 / WIDTH_IN, 1 - y / height, line, weight="bold", size=10, va="top")
        y += 0.2
    if subtitle:
        figure.text(0.15 / WIDTH_IN, 1 - y / height, subtitle, size=8.5, va="top", color=ARMS[1])
        y += 0.17
    for line in words:
        figure.text(0.15 / WIDTH_IN, 1 - y / height, line, size=8.5, va="top")
        y += 0.16


def _line_titles(axes: Axes, data: PatientFigure, last: float) -> None:
    """Names of the lines above the first panel, each over its time; a short line has its number only."""
    inches = WIDTH_IN - LEFT_IN - RIGHT_IN
    for number, line in enumerate(data.lines, start=1):
        room = (line.end - line.start) / last * inches * 72 - 4
        words = f"{number}. {line.title}" if len(data.lines) > 1 else line.title
        words += ", after radiotherapy of the brain" if line.irradiated else ""
        if text_width(words, 8, True) > room:
            words = f"{number}."
        axes.text(line.start / DAYS_PER_MONTH, 1.06, words, size=8, weight="bold", transform=axes.get_xaxis_transform())


def _drugs(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    names = list(dict.fromkeys(name for line in data.lines for name in line.drugs_mg_per_L))
    highest = 0.0
    for line in data.lines:
        for name, values in line.drugs_mg_per_L.items():
            axes.plot(_months(line), np.maximum(values, 1e-12), color=_color(names.index(name)), linewidth=0.9)
            highest = max(highest, float(np.max(values)))
    axes.set_yscale("log")
    if highest > 0:
        peaks = [float(np.max(values)) for line in data.lines for values in line.drugs_mg_per_L.values()]
        axes.set_ylim(min(peaks) / 300.0, highest * 2.0)
    decade_ticks(axes)
    return [(name, _color(i), "-") for i, name in enumerate(names)]


def _blocked(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    words = list(dict.fromkeys(name.removesuffix(", brain") for line in data.lines for name in line.blocked))
    brain = False
    for line in data.lines:
        for name, values in line.blocked.items():
            inside = name.endswith(", brain")
            brain |= inside
            color = _color(words.index(name.removesuffix(", brain")))
            axes.plot(_months(line), values, color=color, linewidth=1.0, linestyle=(0, (2, 1.5)) if inside else "-")
    _share_axis(axes)
    return [(name, _color(i), "-") for i, name in enumerate(words)] + ([("in the brain", MUTED, "--")] if brain else [])


def _signal(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    for color, clone in _colored(data):
        for line in data.lines:
            if clone in line.signal and _present(line, clone):
                axes.plot(_months(line), line.signal[clone], color=color, linewidth=1.1)
    _share_axis(axes)
    return [("by clone, colors as below", INK, "")]


def _net(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    low, high = -0.5, 0.5
    for color, clone in _colored(data):
        for line in data.lines:
            if clone in line.net_per_day and _present(line, clone):
                values = 100.0 * line.net_per_day[clone]
                axes.plot(_months(line), values, color=color, linewidth=1.0)
                inside = values[np.isfinite(values)]
                low, high = min(low, float(np.min(inside, initial=0.0))), max(high, float(np.max(inside, initial=0.0)))
    axes.axhline(0.0, color=MUTED, linewidth=0.7)
    axes.set_ylim(max(low, -12.0) * 1.05, min(high, 6.0) * 1.1)
    axes.locator_params(axis="y", nbins=4)
    return [("by clone, in the first target lesion: above 0 it grows, below it shrinks", INK, "")]


def _colored(data: PatientFigure) -> list[tuple[str, str]]:
    return [(CLONE_COLORS[i % len(CLONE_COLORS)], clone) for i, clone in enumerate(data.clones)]


def _clones(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    return _volumes(axes, data, [line.clone_mL for line in data.lines])


def _brain_clones(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    outside = [words for words, _, _, _ in _shown(data, [line.clone_mL for line in data.lines])]
    inside = _volumes(axes, data, [line.brain_mL for line in data.lines])
    return [("colors as above", INK, ""), *(label for label in inside[:-1] if label[0] not in outside)]


def _volumes(axes: Axes, data: PatientFigure, volumes: Sequence[Mapping[str, Floats]]) -> list[tuple[str, str, str]]:
    least, highest = _span(volumes)
    shown = _shown(data, volumes)
    for _, clone, color, lines in shown:
        for index in lines:
            level = np.maximum(volumes[index][clone], least / 10)
            axes.plot(_months(data.lines[index]), level, color=color, linewidth=1.3)
    for line, volume in zip(data.lines, volumes, strict=True):
        axes.plot(_months(line), np.maximum(_total(volume), least / 10), color=INK, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylim(least, highest * 2.0)
    decade_ticks(axes)
    return [*((words, color, "-") for words, _, color, _ in shown), ("all living cells", INK, ":")]


def _shown(data: PatientFigure, volumes: Sequence[Mapping[str, Floats]]) -> list[tuple[str, str, str, list[int]]]:
    """Clones that are large enough to be drawn: words, name, color and the lines in which they are."""
    least, _ = _span(volumes)
    found: list[tuple[str, str, str, list[int]]] = []
    for color, clone in _colored(data):
        lines = [index for index, volume in enumerate(volumes) if float(np.max(volume[clone])) > least]
        if lines:
            found.append((data.clones[clone], clone, color, lines))
    return found


def _span(volumes: Sequence[Mapping[str, Floats]]) -> tuple[float, float]:
    highest = max(LEAST_ML, *(float(np.max(_total(volume))) for volume in volumes))
    return max(LEAST_ML, highest * LEAST_SHARE), highest


def _lesions(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    highest = 1.0
    labels: list[tuple[str, str, str]] = [("sum of targets", INK, "-")]
    for line in data.lines:
        axes.plot(_months(line), line.sum_mm, color=INK, linewidth=1.1)
        highest = max(highest, float(np.max(line.sum_mm)), *(scan.sum_mm for scan in line.scans))
        if float(np.max(line.brain_mm)) > 2.0:
            axes.plot(_months(line), line.brain_mm, color=MUTED, linewidth=1.1, linestyle=(0, (2, 1.5)))
            labels = [*labels[:1], ("brain lesion", MUTED, "--")]
        if line.scans:
            base, nadir = line.scans[0].sum_mm, min(scan.sum_mm for scan in line.scans)
            span = [line.start / DAYS_PER_MONTH, line.end / DAYS_PER_MONTH]
            for level in (0.7 * base, max(1.2 * nadir, nadir + 5.0)):
                axes.plot(span, [level, level], color=RULE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        for scan in line.scans:
            color = RESPONSES.get(scan.overall, "white")
            month = scan.day / DAYS_PER_MONTH
            axes.plot([month], [scan.sum_mm], "o", color=color, clip_on=False, zorder=4, **_RING)
            if scan.why:
                axes.plot(
                    [month],
                    [scan.sum_mm],
                    "x",
                    markersize=8,
                    color=RESPONSES["PD"],
                    markeredgewidth=1.6,
                    clip_on=False,
                    zorder=5,
                )
    if np.isfinite(data.death_day):
        axes.text(data.death_day / DAYS_PER_MONTH, 0.9 * highest, "† ", size=9, ha="right")
    axes.set_ylim(0.0, 1.12 * highest)
    axes.locator_params(axis="y", nbins=4)
    shown = dict.fromkeys(scan.overall for line in data.lines for scan in line.scans if scan.overall in RESPONSES)
    labels += [(f"read as {name}", RESPONSES[name], "o") for name in ("CR", "PR", "SD", "NE") if name in shown]
    labels += [("progression", RESPONSES["PD"], "x")] if "PD" in shown else []
    return [*labels, ("-30 %; nadir +20 %", MUTED, "- -")]


def _her2(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    known = np.concatenate([line.her2_per_cell[np.isfinite(line.her2_per_cell)] for line in data.lines])
    low, high = (float(known.min()), float(known.max())) if len(known) else (1e6, 1e6)
    bottom, top = min(low / 2.0, data.ihc_edges[-1] / 2.0), max(high * 2.5, data.ihc_edges[-1] * 4.0)
    axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    edges = [bottom, *(edge for edge in data.ihc_edges), top]
    last = axes.get_xlim()[1]
    for place, name in enumerate(data.ihc_classes):
        lower, upper = max(edges[place], bottom), min(edges[place + 1], top)
        if upper > lower * 1.15:
            axes.axhspan(lower, upper, color=RULE, alpha=0.08 + 0.1 * place, linewidth=0, zorder=-2)
            axes.text(last * 0.012, lower * 1.12, f"IHC {name}", size=7, color=MUTED, va="bottom")
    for line in data.lines:
        axes.plot(_months(line), line.her2_per_cell, color=INK, linewidth=1.2)
    labels: list[tuple[str, str, str]] = [("mean of living cells", INK, "-"), ("biopsy:", MUTED, "D")]
    for line in data.lines:
        for day, _ in line.biopsies:
            level = line.her2_per_cell[int(np.argmin(np.abs(line.days - day)))]
            if np.isfinite(level):
                axes.plot([day / DAYS_PER_MONTH], [level], "D", markersize=4, color=MUTED, clip_on=False)
    for day, words in _biopsies(data.lines):
        labels.append((f"{day / DAYS_PER_MONTH:.0f} mo: {words}", INK, ""))
    decade_ticks(axes)
    return labels


def _biopsies(lines: Sequence[LinePanel]) -> list[tuple[float, str]]:
    """What the biopsies found, in order; one taken as a line ends also stands for that as the next begins."""
    found: dict[int, tuple[float, str]] = {}
    for line in lines:
        for day, words in line.biopsies:
            found.setdefault(round(day), (day, words))
    return list(found.values())


def _soluble(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    highest = 0.0
    for line in data.lines:
        if line.soluble_ng_per_mL is not None:
            axes.plot(_months(line), line.soluble_ng_per_mL, color=INK, linewidth=1.1)
            highest = max(highest, float(np.max(line.soluble_ng_per_mL)))
    axes.set_ylim(0.0, 1.15 * highest)
    axes.locator_params(axis="y", nbins=4)
    return [("free and bound", INK, "-")]


def _tumor_dna(axes: Axes, data: PatientFigure) -> list[tuple[str, str, str]]:
    told = [line.tumor_dna_pct for line in data.lines if line.tumor_dna_pct is not None]
    counted = [tube.tumor_dna_pct for line in data.lines for tube in line.blood]
    highest = max(10.0 * LEAST_DNA_PCT, *(float(np.max(values)) for values in told), *counted)
    above = [level for level in (*(float(np.min(values)) for values in told), *counted) if level > 0.0]
    least = max(LEAST_DNA_PCT, min([0.05 * highest, *above]) / 3.0)
    drawn: set[bool] = set()
    for line in data.lines:
        if line.tumor_dna_pct is None:
            continue
        axes.plot(_months(line), np.maximum(line.tumor_dna_pct, least), color=INK, linewidth=1.1)
        for tube in line.blood:
            drawn.add(tube.found)
            level, color = max(tube.tumor_dna_pct, least), ARMS[1] if tube.found else "white"
            axes.plot([tube.day / DAYS_PER_MONTH], [level], "o", color=color, clip_on=False, zorder=4, **_RING)
    axes.set_yscale("log")
    axes.set_ylim(least, min(highest * 2.5, 100.0))
    decade_ticks(axes)
    marks = {True: ("counted in a tube", ARMS[1], "o"), False: ("not found in it", "white", "o")}
    labels = [("at her usual background", INK, "-"), *(marks[found] for found in (True, False) if found in drawn)]
    first, last = data.lines[0].erbb2_plasma_ratio, data.lines[-1].erbb2_plasma_ratio
    if first is not None and last is not None:
        labels.append((f"its ERBB2 ratio: {first[0]:.2f} at first, {last[-1]:.2f} at the end", MUTED, ""))
    return labels


def _side_labels(axes: Axes, labels: Sequence[tuple[str, str, str]], tall: float) -> None:
    """What the lines of a panel mean, at its right, from the top."""
    step = 0.145 / tall
    width = WIDTH_IN - LEFT_IN - RIGHT_IN
    room = (RIGHT_IN - 0.42) * 72
    y = 1.0
    for words, color, mark in labels:
        indent = 0.32 if mark else 0.1
        for place, part in enumerate(wrapped([words], room + (0.2 * 72 if not mark else 0), size=LABEL_PT)):
            if place == 0 and mark:
                _mark(axes, color, mark, y - 0.4 * step, width)
            axes.text(1 + indent / width, y, part.strip(), size=LABEL_PT, va="top", transform=axes.transAxes)
            y -= step


def _mark(axes: Axes, color: str, mark: str, y: float, width: float) -> None:
    across = [1 + 0.08 / width, 1 + 0.27 / width]
    style: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False, "color": color}
    if mark in ("-", "--", ":", "- -"):
        dashes: Any = {"-": "-", "--": (0, (2, 1.5)), ":": ":", "- -": (0, (4, 3))}[mark]
        axes.plot(across, [y, y], linewidth=1.3, linestyle=dashes, **style)
        return
    look: Any = {"o": _RING, "x": {"markersize": 6.0}, "D": {"markersize": 4.0}}[mark]
    axes.plot([sum(across) / 2], [y], mark, **style, **look)


def _present(line: LinePanel, clone: str) -> bool:
    total = _total(line.clone_mL)
    return bool(np.max(line.clone_mL[clone] / np.maximum(total, 1e-300)) > 0.01)


def _total(volume: Mapping[str, Floats]) -> Floats:
    return np.sum(list(volume.values()), axis=0)


def _share_axis(axes: Axes) -> None:
    axes.set_ylim(-0.02, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])


def _months(line: LinePanel) -> Floats:
    return line.days / DAYS_PER_MONTH


def _color(number: int) -> str:
    return ARMS[number % len(ARMS)]
