"""The report of a validation in plain words, weak points first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from her2sim.report.document import Block, Bullets, Document, Heading, Paragraph, Picture, Table
from her2sim.study.validation.plain_words import plain_words
from her2sim.study.validation.scoring import FITTED, UNSEEN, Scored
from her2sim.study.validation.summary import IN_POINTS, RATIOS, Summary, size_of

if TYPE_CHECKING:
    from her2sim.study.validate import Validation

NAMES = {UNSEEN: "Unseen trials", FITTED: "Fitted trials"}
SHOWN_WORST = 12
PICTURED = ("ORR", "PFS median", "OS median", "PFS hazard ratio")
NOT_FROZEN = (
    "fitted values without posterior draws (nothing is frozen yet): intervals leave out the uncertainty of parameters"
)


def validation_document(found: Validation, image: str = "predicted.svg") -> Document:
    """The whole report.

    Other arguments:
        image: where its picture stands, from the place of the Markdown file.
    """
    from her2sim.study.explain.in_validation import explaining_blocks

    blocks: list[Block] = [Paragraph(_opening(found))]
    words = plain_words(found)
    if words:
        blocks += [Heading("In plain words"), Bullets(words)]
    blocks += picture(found, image)
    for group in (UNSEEN, FITTED):
        table = summary_table(found.summary(group))
        if table.rows:
            blocks += [Heading(NAMES[group]), table, *_parts(found, group)]
    blocks += _strata(found)
    blocks += explaining_blocks(found)
    blocks += [Heading("How to read it"), Bullets(HOW_TO_READ)]
    blocks += _worst(found)
    blocks += [Heading("Every figure"), rows_table([r for r in found.rows if r.group == UNSEEN])]
    fitted = [row for row in found.rows if row.group == FITTED]
    if fitted:
        blocks += [Heading("Every figure of fitted trials", 3), rows_table(fitted)]
    blocks += _scope(found)
    return Document("Validation: predictions of published trials", tuple(blocks))


def picture(found: Validation, file: str) -> list[Picture]:
    """Predicted against published figures; nothing where there is none."""
    from her2sim.plots.predicted_published import Pair, predicted_figure
    from her2sim.plots.saving import figure_svg

    panels: dict[str, tuple[str, list[Pair]]] = {}
    for measure in PICTURED:
        rows = [
            row
            for row in found.rows
            if row.measure == measure and not row.key.stratum and row.published.read and math.isfinite(row.error)
        ]
        if rows:
            pairs = [
                Pair(
                    row.published.value,
                    row.predicted.value,
                    row.predicted.low,
                    row.predicted.high,
                    row.group == FITTED,
                )
                for row in rows
            ]
            panels[measure] = rows[0].predicted.unit, pairs
    if not panels:
        return []
    words = f"Predicted against published: {', '.join(panels)}"
    return [Picture(figure_svg(predicted_figure(panels)), file, words)]


HOW_TO_READ = (
    "error: median absolute error; percentage points for rates, |log of predicted over published| for medians and "
    "hazard ratios (0.10 is about 10 %, 0.20 about 22 %), with its 95 % interval over trials drawn with repetition. "
    "bias: median signed error.",
    "in 90 % interval: published figures inside the model's predictive interval, which joins posterior draws, sampling "
    "at the trial's own size and, for unseen trials, what the model was seen to miss in trials left out of its fit.",
    "sign: hazard ratios on the right side of 1; in brackets those whose published 95 % interval excludes 1.",
    "benchmarks: their median error on the figures that both predict, the model's on the same figures after the slash, "
    "and the 95 % interval of the difference over trials (below 0: the model is better). Each was trained on all other "
    "visible trials, unseen ones among them, which the model was not.",
    "Only figures seen at their source count here; recalled ones are in the list, marked *. Times to progression count "
    "with PFS. A median that is not reached in the simulation counts with the end of follow-up, so its error is a "
    "lower bound (marked >).",
)


def summary_table(summaries: Sequence[Summary]) -> Table:
    """One row per kind of figure, benchmarks in the last column."""
    rows = tuple(
        (
            each.measure,
            f"{each.figures} ({each.trials})",
            error_words(each.measure, each.error) + interval(each.measure, each.low, each.high),
            _signed(each.measure, each.bias),
            f"{each.covered} of {each.asked}" + (f" ({100 * each.covered / each.asked:.0f} %)" if each.asked else ""),
            _signs(each),
            benchmarks_cell(each),
        )
        for each in summaries
    )
    head = ("figure", "figures (trials)", "error (95 %)", "bias", "in 90 % interval", "sign", "benchmarks")
    return Table(head, rows)


def benchmarks_cell(each: Summary) -> str:
    """``ridge regression 8.0 / 7.1 (-3.0 to 1.2)`` for each benchmark."""
    return "; ".join(
        f"{other.benchmark} {error_words(each.measure, other.other)} / {error_words(each.measure, other.model)}"
        f"{interval(each.measure, other.low, other.high)}"
        for other in each.against
        if other.figures > 1
    )


def rows_table(rows: Sequence[Scored]) -> Table:
    """Every figure, trial by trial."""
    cells = tuple(
        (
            row.trial,
            row.key.arm + (f" against {row.key.reference}" if row.key.reference else ""),
            row.key.endpoint + (f", {row.key.stratum}" if row.key.stratum else ""),
            number(row.published.value, row.predicted.unit) + ("" if row.published.read else " *"),
            number(row.predicted.value, row.predicted.unit),
            f"{number(row.predicted.low, row.predicted.unit)} to {number(row.predicted.high, row.predicted.unit)}",
            "" if math.isnan(row.error) else (">" if row.at_least else "") + _signed(row.measure, row.error),
            {True: "yes", False: "no", None: ""}[row.inside],
            _best(row),
        )
        for row in rows
    )
    head = ("trial", "arm", "figure", "published", "predicted", "90 % interval", "error", "inside", "ridge, mean ratio")
    return Table(head, cells, words=3)


def number(value: float, unit: str) -> str:
    """A figure in its unit; NR for a median that is not reached.

    >>> number(12.34, "months"), number(0.5, "ratio"), number(float("inf"), "months")
    ('12.3', '0.50', 'NR')
    """
    if math.isinf(value):
        return "NR"
    return f"{value:.2f}" if unit == "ratio" else f"{value:.1f}"


def interval(measure: str, low: float, high: float) -> str:
    """`` (low to high)``, empty where there is none."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f" ({error_words(measure, low)} to {error_words(measure, high)})"


def _best(row: Scored) -> str:
    name = "mean ratio" if row.measure in RATIOS else "ridge regression"
    return number(row.benchmarks[name], row.predicted.unit) if name in row.benchmarks else ""


def error_words(measure: str, value: float) -> str:
    """An error in points or as a log ratio, as the measure has it.

    >>> error_words("ORR", 6.04), error_words("PFS median", 0.204)
    ('6.0', '0.20')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if measure in IN_POINTS else f"{value:.2f}"


def _signed(measure: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:+.1f}" if measure in IN_POINTS else f"{value:+.2f}"


def _signs(each: Summary) -> str:
    if not each.signs[1]:
        return ""
    return f"{each.signs[0]} of {each.signs[1]} ({each.clear_signs[0]} of {each.clear_signs[1]})"


def _opening(found: Validation) -> str:
    facts = found.facts
    frozen = f"the calibration frozen on {facts['frozen_date']} ({str(facts['frozen'])[:12]})"
    model = f"{frozen}, {facts['draws']} posterior draws" if facts["frozen"] else NOT_FROZEN
    removed = f" Without: {', '.join(facts['without'])}." if facts["without"] else ""
    failed = facts["trials_failed"]
    return (
        f"Each trial was predicted from its protocol and baseline table alone, by {model}. {facts['trials']} trials, "
        f"{facts['patients_simulated']} patients simulated, {facts['patients_failed']} of them failed; "
        f"{len(failed)} trials could not be simulated{': ' + ', '.join(failed) if failed else ''}. "
        f"Seed {facts['seed']}, {facts['seconds']:.0f} s.{removed}"
    )


def _parts(found: Validation, group: str) -> list[Block]:
    blocks: list[Block] = []
    settings = sorted({(row.disease, row.setting) for row in found.rows if row.group == group})
    rows: list[tuple[str, ...]] = []
    for disease, setting in [*((disease, "") for disease in ("breast", "gastric")), *settings]:
        for each in found.summary(group, disease=disease, setting=setting):
            if each.measure in IN_POINTS[1:]:
                continue
            name = f"{disease} {setting.removeprefix('metastatic-')}".strip()
            rows.append((name, *summary_table([each]).rows[0][:6]))
    if rows:
        head = ("part", "figure", "figures (trials)", "error (95 %)", "bias", "in 90 % interval", "sign")
        blocks += [Heading("By disease and line", 3), Table(head, tuple(rows), words=2)]
    return blocks


def _strata(found: Validation) -> list[Block]:
    blocks: list[Block] = []
    for group in (UNSEEN, FITTED):
        table = summary_table(found.summary(group, strata=True))
        if table.rows:
            blocks += [
                Heading(f"Strata of {NAMES[group].lower()}", 3),
                Table(table.head[:6], tuple(r[:6] for r in table.rows)),
            ]
    return blocks


def _worst(found: Validation) -> list[Block]:
    rows = [
        r for r in found.rows if r.group == UNSEEN and math.isfinite(r.error) and not r.key.stratum and r.published.read
    ]
    if not rows:
        return []
    scale = {"ORR": 100.0, "CR": 100.0, "PFS rate": 100.0, "OS rate": 100.0}
    ordered = sorted(
        rows, key=lambda row: -size_of(row) / scale.get(row.measure, 1.0) * (4.0 if row.measure in scale else 1.0)
    )
    return [
        Heading("Largest errors on unseen trials"),
        rows_table(ordered[:SHOWN_WORST]),
    ]


def _scope(found: Validation) -> list[Block]:
    out = [each for each in found.scope if not each.protocols]
    reasons = Counter(_short(reason) for each in out for reason in each.reasons[:1])
    partly = [f"{each.trial}: {'; '.join(each.reasons)}" for each in found.scope if each.protocols and each.reasons]
    rows = tuple((reason, str(count)) for reason, count in reasons.most_common())
    blocks: list[Block] = [
        Heading("What is scored, and what is not"),
        Paragraph(
            "Decided by rule from the protocol: metastatic breast or gastric cancer, a regimen that can be simulated, "
            "and a mechanism in the model for every drug of the arm. No result and no error was looked at. scope.csv "
            "lists every trial."
        ),
    ]
    if rows:
        blocks.append(Table(("reason (trials out of scope)", "trials"), rows))
    if partly:
        blocks += [Paragraph("Trials with some arms out of scope:"), Bullets(tuple(partly))]
    return blocks


def _short(reason: str) -> str:
    return reason.partition(": ")[2] if reason.startswith("arm ") and ": " in reason else reason
