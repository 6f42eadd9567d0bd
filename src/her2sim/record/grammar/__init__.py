"""The words of a protocol: doses, schedules, durations, stopping rules, scan calendars. One parser per file.

Each parser takes text and a place (for the error message) and gives a frozen object that keeps the text. A parser never
guesses: what it does not know is an ``InputError`` that says what was expected.
"""

from __future__ import annotations

from her2sim.record.grammar.dose import DoseWords, parse_amount, parse_dose
from her2sim.record.grammar.scans import parse_scans
from her2sim.record.grammar.schedule import ScheduleWords, parse_schedule
from her2sim.record.grammar.span import parse_span, parse_start
from her2sim.record.grammar.until import parse_until

__all__ = [
    "DoseWords",
    "ScheduleWords",
    "parse_amount",
    "parse_dose",
    "parse_scans",
    "parse_schedule",
    "parse_span",
    "parse_start",
    "parse_until",
]
