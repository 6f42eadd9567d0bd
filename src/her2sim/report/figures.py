"""The figures of a report: drawn once, kept as SVG and PNG in the run folder, and given to the page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from her2sim.plots.design import DesignArm, design_figure
from her2sim.plots.forest import ForestRow, forest_figure
from her2sim.plots.saving import inline_svg, save_figure
from her2sim.plots.spider import spider_figure
from her2sim.plots.survival import survival_figure
from her2sim.plots.waterfall import waterfall_figure
from her2sim.report.pairing import Pair, Shown
from her2sim.report.protocol_words import assessment_lines, drug_lines, population_lines
from her2sim.report.response_data import best_changes, change_tracks
from her2sim.report.run_files import RunFiles
from her2sim.report.survival_data import AXES, TITLES, survival_arms
from her2sim.report.words import spaced

if TYPE_CHECKING:
    from her2sim.plots.style import Figure

Place = Literal["design", "survival", "response", "forest"]
FOREST_UNITS = ("ratio", "months", "percent")
MOST_FOREST_ROWS = 24


@dataclass(frozen=True)
class PageFigure:
    """A figure for the page: where it belongs, its SVG, and a sentence for those who cannot see it."""

    place: Place
    name: str
    title: str
    svg: str


def draw_figures(files: RunFiles, pairs: Sequence[Pair]) -> tuple[PageFigure, ...]:
    """Draw what the files allow and write it to ``figures/``.

    Main arguments:
        files: the run folder.
        pairs: simulated beside published figures, for the forest.
    """
    drawn: list[PageFigure] = []

    def keep(place: Place, name: str, title: str, figure: Figure) -> None:
        svg, _ = save_figure(figure, files.folder / "figures", name)
        drawn.append(PageFigure(place, name, title, _inline(svg, name, title)))

    keep("design", "design", f"Design of {files.record.id}", _design(files))
    for endpoint, title, figure in _survival(files):
        keep("survival", f"km_{_plain(endpoint)}", title, figure)
    for number, arm in enumerate(files.record.arms, start=1):
        for kind, title, figure in _responses(files, arm.name):
            keep("response", f"{kind}_{number}", title, figure)
    rows = forest_rows(pairs)
    if rows:
        interval = "90% prediction interval" if any(_has_pi90(p) for p in pairs) else "95% interval"
        title = "Simulated beside published figures"
        keep("forest", "forest", title, forest_figure(rows, title="Simulated beside published", interval=interval))
    return tuple(drawn)


def forest_rows(pairs: Sequence[Pair]) -> list[ForestRow]:
    """The pairs that have both sides, hazard ratios first, as rows of the forest."""
    both = [p for p in pairs if p.simulated and p.published and p.unit in FOREST_UNITS]
    both.sort(key=lambda p: FOREST_UNITS.index(p.unit))
    return [
        ForestRow(
            group=spaced(pair.group),
            label=pair.label,
            unit=pair.unit,
            simulated=_finite(pair.simulated, pair.simulated.interval),
            published=_finite(pair.published, pair.published.ci95),
            simulated_text=_text(pair.simulated.words, pair.simulated.interval_words),
            published_text=_text(pair.published.words, pair.published.ci95_words),
            read=pair.read,
        )
        for pair in both[:MOST_FOREST_ROWS]
        if pair.simulated and pair.published
    ]


def _design(files: RunFiles) -> Figure:
    arms = [DesignArm(spaced(arm.name), arm.n, drug_lines(arm)) for arm in files.record.arms]
    return design_figure(
        arms,
        population=population_lines(files.record),
        assessment=assessment_lines(files.record.assessment),
        title="Design",
    )


def _survival(files: RunFiles) -> list[tuple[str, str, Figure]]:
    events, record = files.events, files.record
    if events is None or not len(events):
        return []
    main = record.assessment.assessor
    replicates = int(events["replicate"].max()) + 1
    found: list[tuple[str, str, Figure]] = []
    for endpoint in [e for e in TITLES if e in set(events["endpoint"]) and e != "DOR"]:
        assessor = "" if endpoint == "OS" else main
        arms = survival_arms(events, record, files.published, endpoint, assessor)
        if not arms:
            continue
        title = TITLES[endpoint] + (f" ({assessor})" if assessor else "")
        figure = survival_figure(
            arms,
            title=title,
            y_label=AXES.get(endpoint, "Without event (%)"),
            scan_days=record.assessment.scan_every_days[0][1] if assessor else None,
            band_label=f"the range of 90% of {replicates} trials" if replicates > 1 else "95% confidence band",
        )
        found.append((endpoint, title, figure))
    return found


def _responses(files: RunFiles, arm: str) -> list[tuple[str, str, Figure]]:
    patients, scans, main = files.patients, files.scans, files.record.assessment.assessor
    if patients is None or scans is None or f"bor_{main}" not in patients:
        return []
    found: list[tuple[str, str, Figure]] = []
    changes = best_changes(patients, scans, arm, main)
    if changes["best_change_pct"].notna().any():
        title = f"{arm}: best change of target lesions"
        found.append(("waterfall", title, waterfall_figure(changes, title=spaced(arm))))
    tracks = change_tracks(patients, scans, arm, main)
    if len(tracks):
        title = f"{arm}: target lesions over time"
        found.append(("spider", title, spider_figure(tracks, title=spaced(arm))))
    return found


def _inline(svg: Path, name: str, title: str) -> str:
    return inline_svg(svg.read_text(encoding="utf-8"), name, html.escape(title))


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _has_pi90(pair: Pair) -> bool:
    return bool(pair.simulated and pair.simulated.pi90)


def _finite(
    shown: Shown, interval: tuple[float | None, float | None] | None
) -> tuple[float | None, float | None, float | None]:
    value = None if shown.value == float("inf") else shown.value
    low, high = interval or (None, None)
    return value, low, high


def _text(value: str, interval: str) -> str:
    return f"{value.removesuffix(' %').removesuffix(' mo')} ({interval})" if interval else value
