"""Several figures of one thing: versions in order, and conflicts shown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding, describe, label
from her2sim.evidence.check.limits import limits
from her2sim.evidence.check.rounding import half_digit
from her2sim.evidence.tidy import Figure

DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-[0-3]\d)?)?")
EARLY = re.compile(r"\b(first|1st|interim|primary|IA1)\b", re.IGNORECASE)
LATE = re.compile(r"\b(final|updated?|long-term)\b", re.IGNORECASE)


def data_cuts_in_order(case: Case) -> Iterator[Finding]:
    """A final figure does not have an earlier data cut than an interim figure of the same thing."""
    for group in _same_thing(case).values():
        dated = [x for x in group if DATE.fullmatch(x.data_cut)]
        first = [x for x in dated if EARLY.search(x.note) and not LATE.search(x.note)]
        last = [x for x in dated if LATE.search(x.note) and not EARLY.search(x.note)]
        for late in last:
            for early in first:
                if late.data_cut < early.data_cut:
                    yield case.finding(
                        late, "data-cuts-in-order", "error", f"cut {late.data_cut}", f"not before {early.data_cut}"
                    )


def data_cut_is_a_date(case: Case) -> Iterator[Finding]:
    """A data cut is a date (year, month, day as far as known) or named in words without digits."""
    for figure in case.figures:
        if figure.data_cut and not DATE.fullmatch(figure.data_cut) and re.search(r"\d", figure.data_cut):
            yield case.finding(figure, "data-cut-is-a-date", "warning", figure.data_cut, "2021-05 or words")


def sources_agree(case: Case) -> Iterator[Finding]:
    """Two figures of one thing that nothing tells apart (cut, assessor, note, confirmation) are a conflict: shown."""
    for group in _same_thing(case).values():
        kinds: dict[tuple[object, ...], list[Figure]] = defaultdict(list)
        for figure in group:
            kinds[(figure.assessor, figure.data_cut, figure.note, figure.confirmed, figure.n)].append(figure)
        for rows in kinds.values():
            first = rows[0]
            others = [x for x in rows[1:] if not _same_but_for_rounding(first, x)]
            if others:
                words = "; ".join(f"{describe(x)} ({x.source})" for x in others)
                yield case.finding(first, "sources-agree", "shown", f"{describe(first)} ({first.source})", words)


def _same_but_for_rounding(one: Figure, other: Figure) -> bool:
    """93 and 92.7 are one number, printed with and without its decimal."""
    if one.value is None or other.value is None:
        return one.not_reached == other.not_reached
    return abs(one.value - other.value) <= max(half_digit(one.value), half_digit(other.value)) + 1e-9


def said_once(case: Case) -> Iterator[Finding]:
    """The same number of the same thing from the same source stands once."""
    seen: dict[tuple[object, ...], Figure] = {}
    for figure in case.figures:
        key = (figure.level, figure.arm, figure.reference, figure.endpoint, figure.measure, figure.stratum)
        key = (*key, figure.value, figure.source, figure.assessor, figure.data_cut, figure.note)
        if figure.value is not None and key in seen:
            yield case.finding(figure, "said-once", "warning", f"{label(figure)} twice", "one row")
        seen[key] = figure


def one_name(case: Case) -> Iterator[Finding]:
    """One number of one source stands under one name: 58.9 is of all adverse events or of the treatment related."""
    for figure in case.figures:
        for other in case.figures:
            pair = (figure.endpoint, other.endpoint) in limits().synonyms
            same = (figure.arm, figure.stratum, figure.value, figure.source) == (
                other.arm, other.stratum, other.value, other.source
            )  # fmt: skip
            if pair and same and figure.value is not None and "value" == figure.measure == other.measure:
                yield case.finding(figure, "one-name", "warning", label(figure), f"not also {other.endpoint}")


def _same_thing(case: Case) -> dict[tuple[str, ...], list[Figure]]:
    groups: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
    for x in case.figures:
        groups[(x.level, x.arm, x.reference, x.endpoint, x.measure, x.stratum, x.unit)].append(x)
    return groups
