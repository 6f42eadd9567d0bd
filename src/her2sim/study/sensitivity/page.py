"""The sensitivity study as text, as a page of the documentation, and as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from her2sim.study.sensitivity.numbers import Varied
from her2sim.study.sensitivity.study import Decomposition, Screening

SHOWN = 40
SMALL = 0.05
INTRODUCTION = """# What the results hang on

Global sensitivity analysis of first-line pertuzumab, trastuzumab and docetaxel (THP, protocol of CLEOPATRA), of T-DM1
and T-DXd in second line (DESTINY-Breast03) and of tucatinib in third line (HER2CLIMB): response, mean log time to
progression, and log hazard ratios of progression-free survival. Only protocols are used, no results. All evaluations
share the same patients and random numbers. Settings: `src/her2sim/data/facts/sensitivity.yaml`.

**What was varied.** All numbers that these trials depend on: those of the calibration over their priors, others over
the uncertainty that their data file states; those without one, and the action numbers of drugs, by a factor of 1.6
either way (assumed). From the 5 % to the 95 % point of each. Pharmacokinetics are not varied: they differ between
patients."""
MORRIS = """## Screening (Morris)

Each number was moved over its range in several places of the space of all others. *Importance*: mean absolute effect
over the whole range of the number, in standard deviations of each output, averaged over outputs. *Greatest on*: the
output moved most, with the direction of the mean effect (+ rises with the number). *Bend*: standard deviation of the
effects over their mean absolute size; near 0 the effect is straight and the same everywhere, near 1 or above it
depends on the other numbers."""
SOBOL = """## Shares of variance (Sobol)

The foremost numbers of the screening, all others held at the value in force. *Alone* is the first-order index, *total*
includes interactions; means over outputs with the half width of the 95 % interval of the bootstrap. Few points were
affordable: indices below their half width are not told from zero, and the order of neighbors is not certain."""
COLUMNS = ("", "number", "varied", "basis", "importance", "greatest on", "bend")


def lines_of(screening: Screening, decomposition: Decomposition | None) -> list[str]:
    """The rankings as lines of text."""
    lines = [f"Morris, {len(screening.numbers)} numbers, {screening.evaluations} evaluations:"]
    for place, row in enumerate(screening.ranking()[:25], 1):
        most, sign = _greatest(screening, row)
        number = screening.numbers[row]
        lines.append(f"{place:>3}  {number.name:<45} {screening.importance()[row]:.2f}  {sign}{most}")
    if decomposition is not None:
        lines.append(f"Sobol, {decomposition.evaluations} evaluations, mean over outputs:")
        for row in _order(decomposition)[:10]:
            alone, total = decomposition.first[row].mean(), decomposition.total[row].mean()
            lines.append(f"     {decomposition.numbers[row].name:<45} alone {alone:.2f}, total {total:.2f}")
    return lines


def page(screening: Screening, decomposition: Decomposition | None, made: str, image: str, meaning: str = "") -> str:
    """The page, in Markdown.

    Main arguments:
        made: one sentence: by which command, when, how large, by which model.
        image: address of the figure, seen from the page.

    Other arguments:
        meaning: what the ranking means, in words; from ``data/facts/sensitivity_meaning.md`` where that exists.
    """
    text = [INTRODUCTION, "", made, "", f"![Effects of the foremost numbers]({image})", ""]
    if meaning:
        text += ["## What it means", "", meaning.strip(), ""]
    size = f"{len(screening.numbers)} numbers, {screening.evaluations} evaluations."
    text += [MORRIS, "", size, "", f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    importance = screening.importance()
    for place, row in enumerate(screening.ranking()[:SHOWN], 1):
        number = screening.numbers[row]
        most, sign = _greatest(screening, row)
        bend = float(screening.deviation[row].sum() / max(screening.mean_absolute[row].sum(), 1e-12))
        cells = (
            str(place),
            number.name,
            _range(number),
            number.basis,
            f"{importance[row]:.2f}",
            f"{sign}{most}",
            f"{bend:.1f}",
        )
        text.append(f"| {' | '.join(cells)} |")
    silent = sum(value < SMALL for value in importance)
    text += ["", f"Of the others, {silent} have an importance below {SMALL:g}: {', '.join(_silent(screening))}."]
    if decomposition is not None:
        text += ["", SOBOL, "", f"{decomposition.evaluations} evaluations.", "", *_sobol_table(decomposition)]
    return "\n".join(text) + "\n"


def write_figure(screening: Screening, decomposition: Decomposition | None, folder: Path, name: str) -> Path:
    """Draw the effects of the 25 foremost numbers; returns the path of the image."""
    from her2sim.plots.saving import save_figure
    from her2sim.plots.sensitivity import sensitivity_figure

    order = screening.ranking()[:25]
    names = [screening.numbers[row].name for row in order]
    bars, bars_are = screening.importance()[order], "importance (Morris)"
    if decomposition is not None:
        totals = {
            n.name: float(t) for n, t in zip(decomposition.numbers, decomposition.total.mean(axis=1), strict=True)
        }
        if all(name in totals for name in names):
            bars, bars_are = np.array([max(totals[name], 0.0) for name in names]), "total share of variance (Sobol)"
    figure = sensitivity_figure(
        names,
        screening.outputs,
        (screening.mean / screening.scale)[order],
        np.asarray(bars, dtype=np.float64),
        title="What the results hang on",
        subtitle="Mean effect of moving a number from the 5 % to the 95 % point of what is believed of it,\n"
        "in standard deviations of the output over the design (red: rises with the number)",
        bars_are=bars_are,
    )
    return save_figure(figure, folder, name)[1]


def _greatest(screening: Screening, row: int) -> tuple[str, str]:
    column = int(np.argmax(screening.mean_absolute[row] / screening.scale))
    return screening.outputs[column], "+" if screening.mean[row, column] >= 0 else "−"


def _range(number: Varied) -> str:
    return f"{number.at(0.0):.3g} to {number.at(1.0):.3g}"


def _silent(screening: Screening) -> list[str]:
    importance = screening.importance()
    return [screening.numbers[row].name for row in screening.ranking() if importance[row] < SMALL]


def _order(found: Decomposition) -> list[int]:
    return [int(row) for row in np.argsort(-found.total.mean(axis=1), kind="stable")]


def _sobol_table(found: Decomposition) -> list[str]:
    lines = ["| number | alone | total | greatest total on |", "|---|---|---|---|"]
    for row in _order(found):
        column = int(np.argmax(found.total[row]))
        alone = f"{found.first[row].mean():.2f} ± {found.first_error[row].mean():.2f}"
        total = f"{found.total[row].mean():.2f} ± {found.total_error[row].mean():.2f}"
        lines.append(
            f"| {found.numbers[row].name} | {alone} | {total} "
            f"| {found.outputs[column]} {found.total[row, column]:.2f} |"
        )
    return lines
