"""Durations and points in time: ``6 weeks``, ``1 year``, ``week 13``."""

from __future__ import annotations

import re

from her2sim.core.calendar import DAYS_PER
from her2sim.core.errors import InputError

NUMBER = r"\d+(?:\.\d+)?(?:e\d+)?"
UNIT_NAMES: dict[str, str] = {
    alias: unit
    for unit, aliases in {
        "day": "d day days",
        "week": "w wk wks week weeks",
        "month": "mo month months",
        "year": "y yr yrs year years",
    }.items()
    for alias in aliases.split()
}
MAX_DAYS = 40 * DAYS_PER["year"]
_SPAN = re.compile(rf"({NUMBER})\s*-?\s*([a-z]+)")
_POINT = re.compile(rf"([a-z]+)\s*({NUMBER})")
EXPECTED = "Expected a number and a unit: 6 weeks, 36 months, 1 year, 42 days."


def parse_span(text: str, where: str = "") -> float:
    """A length of time in days.

    Main arguments:
        text: number and unit (day, week, month, year and their usual short forms).

    Other arguments:
        where: place named by the error message.

    Raises:
        InputError: no unit, an unknown unit, or a length of 0 or of more than 40 years.

    >>> parse_span("6 weeks"), parse_span("1 year")
    (42.0, 365.25)
    """
    words = text.strip().lower()
    match = _SPAN.fullmatch(words)
    if match is None or match[2] not in UNIT_NAMES:
        raise InputError(f"{text!r} is not a length of time", where=where, hint=EXPECTED)
    days = float(match[1]) * DAYS_PER[UNIT_NAMES[match[2]]]
    if not 0 < days <= MAX_DAYS:
        raise InputError(f"{text!r} is {days:g} days", where=where, hint="Expected more than 0 and at most 40 years.")
    return days


def parse_start(text: str, where: str = "") -> float:
    """The study day (first day 0) on which something starts: ``week 13`` starts after twelve full weeks.

    Raises:
        InputError: the text is neither a point (``week 13``, ``day 1``) nor ``after 12 weeks``.

    >>> parse_start("week 13"), parse_start("day 1"), parse_start("after 12 weeks")
    (84.0, 0.0, 84.0)
    """
    words = text.strip().lower()
    if words.startswith("after "):
        return parse_span(words.removeprefix("after "), where)
    match = _POINT.fullmatch(words)
    if match is None or match[1] not in UNIT_NAMES or float(match[2]) < 1:
        raise InputError(
            f"{text!r} is not a start", where=where, hint="Expected week 13, day 1, month 4 (from 1) or after 12 weeks."
        )
    days = (float(match[2]) - 1.0) * DAYS_PER[UNIT_NAMES[match[1]]]
    if days > MAX_DAYS:
        raise InputError(f"{text!r} is {days:g} days after the start", where=where, hint="At most 40 years.")
    return days


def parse_end_point(text: str) -> float | None:
    """Days from study start to the end of ``week 12`` (84); None if the text is no point in time."""
    match = _POINT.fullmatch(text.strip().lower())
    if match is None or match[1] not in UNIT_NAMES:
        return None
    return float(match[2]) * DAYS_PER[UNIT_NAMES[match[1]]]
