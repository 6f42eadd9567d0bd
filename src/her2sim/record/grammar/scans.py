"""Scan calendars: ``6 weeks``, ``6 weeks to week 24 then 9 weeks``."""

from __future__ import annotations

import re
from itertools import pairwise

from her2sim.core.errors import InputError
from her2sim.record.grammar.span import parse_end_point, parse_span

EXPECTED = "Expected 6 weeks, or 6 weeks to week 24 then 9 weeks."
_STEP = re.compile(r"(?:every )?(?P<every>\S+ \S+) (?:to|until) (?P<end>\S+ \S+),? then (?P<rest>.+)")


def checked(steps: tuple[tuple[float, float], ...], where: str = "") -> tuple[tuple[float, float], ...]:
    """``steps`` themselves, if they start at day 0, rise, and have intervals of 1 day or more.

    Raises:
        InputError: no step, a first step after day 0, steps out of order, or an interval below 1 day.
    """
    starts = [start for start, _ in steps]
    rising = all(later > earlier for earlier, later in pairwise(starts))
    if not steps or starts[0] != 0 or not rising or any(every < 1 for _, every in steps):
        raise InputError(f"{steps} is not a scan calendar", where=where, hint=EXPECTED)
    return steps


def parse_scans(text: str, where: str = "") -> tuple[tuple[float, float], ...]:
    """Steps (from study day, interval in days) of a scan calendar.

    Main arguments:
        text: one interval, or intervals with the points at which they change.

    Raises:
        InputError: not a calendar, or points that do not rise.

    >>> parse_scans("6 weeks to week 24 then 9 weeks")
    ((0.0, 42.0), (168.0, 63.0))
    """
    rest = " ".join(text.strip().lower().split())
    steps: list[tuple[float, float]] = []
    start = 0.0
    while (match := _STEP.fullmatch(rest)) is not None:
        end = parse_end_point(match["end"])
        if end is None:
            raise InputError(f"{match['end']!r} is not a point of the study", where=where, hint=EXPECTED)
        steps.append((start, parse_span(match["every"], where)))
        start, rest = end, match["rest"]
    steps.append((start, parse_span(rest.removeprefix("every "), where)))
    return checked(tuple(steps), where)
