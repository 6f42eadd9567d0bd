"""One row per figure of a stratum: does the effect, or the outcome, differ by biomarker?"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.evidence.tables.figure_cell import number_words, short
from her2sim.evidence.tables.review_table import Cell, Column, Part, References, ReviewTable, Row, regrouped, text_cell
from her2sim.evidence.tables.trial_rows import DASH, STAR
from her2sim.evidence.tidy import Figure, figures
from her2sim.evidence.vocabulary import biomarkers_in
from her2sim.record.types import TrialRecord

NAMES = ("trial", "disease, setting", "stratum", "arm or comparison", "endpoint", "figure")
COLUMNS = tuple(Column(name, name == "trial") for name in NAMES)
LONGEST_FINDING = 160
NAMELESS = {"arm": "experimental arm", "reference": "control arm"}
TITLE = "Effects and outcomes by biomarker"


def biomarker_table(records: Sequence[TrialRecord]) -> ReviewTable:
    """Strata by biomarker, each with its figure; a stratum of two biomarkers stands under both."""
    references = References()
    found: list[tuple[str, Figure, TrialRecord]] = []
    for record in records:
        for figure in figures(record):
            found += [(name, figure, record) for name in biomarkers_in(figure.stratum or figure.arm)]
    ordered = sorted(found, key=lambda row: (row[0].lower(), row[2].disease, row[2].id.lower()))
    rows = [Row(name, record.id, _cells(record, figure, references)) for name, figure, record in ordered]
    return ReviewTable("biomarkers", TITLE, COLUMNS, regrouped(rows), references.listed(), (STAR, DASH))


def _cells(record: TrialRecord, figure: Figure, references: References) -> tuple[Cell, ...]:
    names = [NAMELESS.get(name, name) for name in (figure.arm, figure.reference) if name]
    source = references.number(figure.citation, figure.url, figure.read)
    words = number_words(figure) or short(figure.note or "no figure", LONGEST_FINDING)
    number = Cell((Part(words, source, figure.read),))
    names_of_measures = {"hr": "HR", "odds_ratio": "OR", "risk_ratio": "RR", "p_value": "p"}
    measure = names_of_measures.get(figure.measure, "") if figure.value is not None else ""
    endpoint = " ".join(part for part in (figure.endpoint.replace("_", " "), measure) if part)
    unit = {"percent": ", %", "months": ", months"}.get(figure.unit, "")
    disease = str(record.extra.get("disease_text") or record.disease)
    cells = (record.id, f"{disease}, {record.setting}", figure.stratum or "all", " vs ".join(names), endpoint + unit)
    return (*(text_cell(word) for word in cells), number)
