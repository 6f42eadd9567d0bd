"""Figures as the parts of a cell: value, interval, what tells versions apart, source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from her2sim.evidence.tables.review_table import RECALLED, Cell, Part, References
from her2sim.evidence.tidy import Figure

UNITS = {"months": "", "percent": "", "weeks": " wk", "days": " d"}
NAMES = {
    "PFS_median": "", "OS_median": "", "ORR": "", "TTP_median": "TTP", "pCR_total": "", "pCR_breast": "breast",
    "pCR": "definition not named", "pCR_strict": "ypT0 ypN0", "grade3plus_AE": "",
    "grade3plus_TRAE": "treatment related",
    "grade3_AE": "grade 3", "CNS_ORR": "", "CNS_PFS_median": "", "DoR_median": "", "ILD": "",
}  # fmt: skip
LONGEST_NOTE = 48


def figure_cell(rows: Sequence[Figure], references: References, named: bool = False) -> Cell:
    """The figures side by side; equal numbers once (the read one), versions told apart by cut, assessor and note.

    Main arguments:
        rows: figures of one arm that belong into one cell.
        references: gives the numbers of the sources.
        named: whether to name the endpoint of each figure.
    """
    kept: dict[tuple[str, str], Figure] = {}
    for row in rows:
        same = [x for x in kept.values() if number_words(x) == number_words(row) and x.citation == row.citation]
        key = (row.endpoint, number_words(row).removesuffix(RECALLED))
        if not number_words(row) or (same and not named and row.endpoint not in {x.endpoint for x in same}):
            continue  # one number under two names of the same outcome
        if key not in kept or (row.read and not kept[key].read):
            kept[key] = row
    several = len(kept) > 1
    return Cell(
        tuple(
            Part(_words(row, several, named), references.number(row.citation, row.url, row.read), row.read)
            for row in kept.values()
        )
    )


def number_words(figure: Figure) -> str:
    """Value and interval; a star behind the interval says that it was recalled although the value was read.

    >>> from her2sim.evidence.base import load_record
    >>> from her2sim.evidence.tidy import figures
    >>> [number_words(x) for x in figures(load_record("ToGA")) if x.endpoint == "OS" and x.level == "contrast"][0]
    '0.74 (0.60 to 0.91)'
    """
    if figure.value is None and not figure.not_reached:
        return ""
    ratio = figure.measure in ("hr", "odds_ratio", "risk_ratio")
    value = "NR" if figure.value is None else _number(figure.value, ratio)
    unit = UNITS.get(figure.unit, f" {figure.unit}") if figure.measure == "value" else ""
    if figure.level_of_interval is None:
        return f"{value}{unit}"
    low, high = ("NR" if bound is None else _number(bound, ratio) for bound in (figure.low, figure.high))
    level = "" if figure.level_of_interval == 95.0 else f"{figure.level_of_interval:g}% CI "
    recalled = RECALLED if figure.read and not figure.interval_read else ""
    return f"{value}{unit} ({level}{low} to {high}){recalled}"


def _number(value: float, ratio: bool) -> str:
    return f"{value:.2f}" if ratio and abs(value * 100 - round(value * 100)) < 1e-9 else f"{value:g}"


def _words(figure: Figure, several: bool, named: bool) -> str:
    name = NAMES.get(figure.endpoint, figure.endpoint.replace("_", " "))
    label = figure.endpoint.replace("_", " ") if named else name
    marks = [figure.assessor, figure.data_cut, short(figure.note, LONGEST_NOTE)] if several else []
    told = "; ".join(mark for mark in marks if mark)
    words = f"{label} {number_words(figure)}".strip()
    return f"{words}, {told}" if told else words


def short(text: str, length: int) -> str:
    """A text cut at a word, with an ellipsis.

    >>> short("central HER2 positive, untreated", 20)
    'central HER2 …'
    """
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(",;: ") + " …"


def of_endpoints(figures: Iterable[Figure], arm: str, names: Sequence[str]) -> list[Figure]:
    """Figures of all patients of an arm, of some endpoints (names, or patterns), in the order of the names."""
    rows = [x for x in figures if x.level == "arm" and x.arm == arm and not x.stratum and x.measure == "value"]
    return [row for name in names for row in rows if re.fullmatch(name, row.endpoint)]
