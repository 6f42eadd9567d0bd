"""One row per arm of the trials that a question is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from her2sim.evidence.roles import role_of
from her2sim.evidence.tables.figure_cell import of_endpoints
from her2sim.evidence.tables.outcomes import Outcome, outcome_cell, ratio_cell
from her2sim.evidence.tables.review_table import Column, References, ReviewTable, Row, regrouped, text_cell
from her2sim.evidence.tidy import Figure, figures
from her2sim.record.types import SETTINGS, Arm, TrialRecord

TRIAL_COLUMNS = (Column("trial", True), Column("population", True), Column("status", True))
ARM_COLUMNS = (Column("arm"), Column("regimen"), Column("n"))
RATIOS = Column("ratios against the reference (95% CI)")
STAR = (
    "* recalled, not seen at its source. Versions and conflicts stand side by side, divided by bars; none is averaged."
)
DASH = "– the base has no figure. kept back: predicted before its results are looked at. Ratios: HR unless named."
COLLECTIONS = "pooled and observational collections"
STATUS_ORDER = ("completed", "terminated", "withheld", "ongoing", "")


@dataclass(frozen=True)
class TrialQuestion:
    """A question that is answered by the arms of some trials.

    Main arguments:
        name, title: as in ``her2sim evidence table --question NAME``.
        group: heading of a trial, or None where the trial does not belong to the question.
        outcomes: the columns of figures.

    Other arguments:
        order: headings in this order, others after them by name.
    """

    name: str
    title: str
    group: Callable[[TrialRecord], str | None]
    outcomes: tuple[Outcome, ...]
    order: tuple[str, ...] = ()


def trial_table(question: TrialQuestion, records: Sequence[TrialRecord]) -> ReviewTable:
    """The table of a question. Trials are ordered by heading, disease, setting, status and id."""
    references = References()
    grouped = [(_heading(group, record), record) for record in records if (group := question.group(record)) is not None]
    rows: list[Row] = []
    for group, record in sorted(grouped, key=lambda pair: _order(question, *pair)):
        laid_out = figures(record)
        for arm in record.arms:
            if record.kind != "collection" or _says_something(question, arm, laid_out):
                rows.append(_row(question, group, record, arm, laid_out, references))
    columns = (*TRIAL_COLUMNS, *ARM_COLUMNS, *(Column(outcome.name) for outcome in question.outcomes), RATIOS)
    return ReviewTable(question.name, question.title, columns, regrouped(rows), references.listed(), (STAR, DASH))


def _heading(group: str, record: TrialRecord) -> str:
    """Collections are not trials; they stand under a heading of their own, at the end."""
    return COLLECTIONS if record.kind == "collection" else group


def _says_something(question: TrialQuestion, arm: Arm, laid_out: Sequence[Figure]) -> bool:
    """Whether an arm has a figure of the question's outcomes; groups of a collection that have none are left out."""
    names = tuple(name for outcome in question.outcomes for name in (*outcome.endpoints, *outcome.otherwise))
    return bool(of_endpoints(laid_out, arm.name, names))


def regimen_names(arm: Arm) -> str:
    """The drugs of an arm; alternatives that only a share of the patients gets stand behind a share.

    >>> from her2sim.evidence.base import load_record
    >>> regimen_names(load_record("CLEOPATRA").arms[0])
    'pertuzumab + trastuzumab + docetaxel'
    """
    shares: dict[str, float] = {}
    for item in arm.regimen:
        shares[item.drug] = min(1.0, shares.get(item.drug, 0.0) + item.share)
    return " + ".join(drug if share >= 0.995 else f"{drug} ({share:.0%})" for drug, share in shares.items())


def _row(
    question: TrialQuestion, group: str, record: TrialRecord, arm: Arm, laid_out: Sequence[Figure],
    references: References,
) -> Row:  # fmt: skip
    role = role_of(record.id, str(record.extra.get("part_of", "")))
    about = f"{record.id} ({record.nct})" if record.nct else record.id
    disease = str(record.extra.get("disease_text") or record.disease)
    population = f"{disease}, {record.setting}: {_described(record.population)}"
    size = arm.n or (f"{record.baseline['n']} in all" if record.baseline.get("n") else "")
    planned = record.extra.get("planned_n")
    status = record.status + (f", {planned} planned" if planned and record.status == "ongoing" else "")
    words = (about, population, status, arm.name, regimen_names(arm) or arm.note, str(size))
    cells = [text_cell(word) for word in words]
    cells += [outcome_cell(x, record, arm, laid_out, role, references) for x in question.outcomes]
    cells.append(ratio_cell(record, arm, laid_out, role, references))
    return Row(group, record.id, tuple(cells))


def _described(population: str) -> str:
    """The first description of the patients: what later collections repeat of them, and addresses, are left out."""
    first = re.split(r"[.;]? (?:Second|Third) collection:", population)[0]
    return re.sub(r"; [^;]*https?://\S+", "", first)


def _order(question: TrialQuestion, group: str, record: TrialRecord) -> tuple[object, ...]:
    place = question.order.index(group) if group in question.order else len(question.order) + (group == COLLECTIONS)
    setting = SETTINGS.index(record.setting) if record.setting in SETTINGS else len(SETTINGS)
    status = STATUS_ORDER.index(record.status) if record.status in STATUS_ORDER else len(STATUS_ORDER)
    return place, group, record.disease, setting, status, record.id.lower()
