"""When a drug is stopped by protocol: ``progression``, ``6 cycles``, ``1 year``, ``week 12``, ``surgery``."""

from __future__ import annotations

import re

from her2sim.core.errors import InputError
from her2sim.record.grammar.span import MAX_DAYS, NUMBER, parse_end_point, parse_span
from her2sim.record.types import Until

MAX_CYCLES = 5000.0
EXPECTED = "Expected progression, surgery, 6 cycles, >=6 cycles, 1 year, 24 weeks or week 12."
_PROGRESSION = re.compile(
    r"(?:until )?(?:pd|progression|disease progression)(?: or (?:unacceptable )?(?:toxicity|death))?"
)
_CYCLES = re.compile(rf"(?:>=|≥|at least )?\s*({NUMBER})\s*(?:cycles?|doses?)")
_OR_PROGRESSION = re.compile(r"\s+or (?:until )?(?:pd|progression)$")


def checked(until: Until, where: str = "") -> Until:
    """``until`` itself, if its number fits its kind.

    Raises:
        InputError: cycles or days that are missing, not above 0, or absurdly many; a number where none belongs.
    """
    high = {"cycles": MAX_CYCLES, "days": MAX_DAYS}.get(until.kind)
    if high is None:
        if until.value is not None:
            raise InputError(f"until {until.kind!r} takes no number", where=where, hint=EXPECTED)
    elif until.value is None or not 0 < until.value <= high:
        raise InputError(f"{until.value} {until.kind}", where=where, hint=f"Expected above 0 and at most {high:g}.")
    return until


def parse_until(text: str, where: str = "", start_day: float = 0.0) -> Until:
    """When a drug is stopped by protocol. Progression stops it in any case.

    Main arguments:
        text: ``progression``, ``surgery``, a number of cycles (``>=6 cycles`` counts as 6, the words are kept), a
            length of time from the drug's own start (``1 year``), or a point of the study (``week 12``: its end).

    Other arguments:
        where: place named by the error message.
        start_day: study day on which the drug starts; a point of the study is counted from it.

    Raises:
        InputError: none of these.

    >>> parse_until(">=6 cycles")
    Until(kind='cycles', value=6.0, text='>=6 cycles')
    >>> parse_until("week 24", start_day=84.0).value
    84.0
    """
    kept = text.strip()
    words = " ".join(kept.lower().split())
    if _PROGRESSION.fullmatch(words):
        return Until("progression", None, kept)
    if words == "surgery":
        return Until("surgery", None, kept)
    words = _OR_PROGRESSION.sub("", words)
    match = _CYCLES.fullmatch(words)
    if match is not None:
        return checked(Until("cycles", float(match[1]), kept), where)
    end = parse_end_point(words)
    if end is not None:
        if end <= start_day:
            raise InputError(
                f"{text!r} ends before the drug starts (study day {start_day:g})", where=where, hint=EXPECTED
            )
        return checked(Until("days", end - start_day, kept), where)
    try:
        days = parse_span(words)
    except InputError:
        raise InputError(f"{text!r} is not a stopping rule", where=where, hint=EXPECTED) from None
    return Until("days", days, kept)
