"""Schedules in protocol words: ``q3w``, ``daily``, ``d1,8 q3w``, ``bid d1-14 q21d``, ``q3w x6``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from her2sim.core.calendar import DAYS_PER
from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.grammar.dose import PER_DAY
from her2sim.record.types import Schedule, Until

EXAMPLES = (
    "q3w", "q1w", "q2w", "q4w", "q6w", "weekly", "daily", "bid", "tid", "d1,8 q3w", "d1-14 q3w", "d1,8,15 q4w",
    "bid d1-14 q3w", "q3w x6",
)  # fmt: skip
MAX_CYCLE_DAYS = 366.0
_WORDS: dict[str, str] = {"weekly": "q1w", "qw": "q1w", "q1wk": "q1w", "monthly": "q1mo", "once": "q1d x1"}
_CYCLE = re.compile(r"q(\d+)(d|w|wk|mo)")
_DAYS = re.compile(r"d(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)")
_REPEATS = re.compile(r"x(\d+)")


@dataclass(frozen=True)
class ScheduleWords:
    """What one schedule text says: the schedule, and the number of cycles of a trailing ``x6``, or None."""

    schedule: Schedule
    until: Until | None = None


def checked(schedule: Schedule, where: str = "") -> Schedule:
    """``schedule`` itself, if its cycle is 1 to 366 days long and its days lie inside it, in order.

    Raises:
        InputError: a day outside the cycle, a repeated day, or a cycle of 0 or of more than 366 days.
    """
    if not 1 <= schedule.cycle_days <= MAX_CYCLE_DAYS:
        raise InputError(
            f"a cycle of {schedule.cycle_days:g} days", where=where, hint="Expected 1 to 366 days, as in q3w."
        )
    days = schedule.days
    if not days or days[0] < 1 or days[-1] > schedule.cycle_days or any(b <= a for a, b in pairwise(days)):
        raise InputError(
            f"dosing days {days} do not fit a cycle of {schedule.cycle_days:g} days",
            where=where,
            hint="Expected rising days from 1 to the length of the cycle, as in d1,8,15 q4w.",
        )
    if not 1 <= schedule.per_day <= max(PER_DAY.values()):
        raise InputError(
            f"{schedule.per_day} doses per day", where=where, hint="Expected 1 to 4 (daily, bid, tid, qid)."
        )
    return schedule


def parse_schedule(text: str, where: str = "") -> ScheduleWords:
    """A schedule in protocol words, the order of the words being free.

    Main arguments:
        text: a cycle (``q3w``, ``q21d``, ``weekly``, ``daily``), dosing days in it (``d1,8``, ``d1-14``),
            administrations per dosing day (``bid``, ``tid``) and a number of cycles (``x6``). Without a cycle, ``bid``
            is every day.

    Other arguments:
        where: place named by the error message.

    Raises:
        InputError: an unknown word, days outside the cycle, or a word given twice.

    >>> parse_schedule("bid d1-14 q21d").schedule.days[-1]
    14
    >>> parse_schedule("q3w x6").until.value
    6.0
    """
    words = re.sub(r"\s*,\s*", ",", text.strip().lower())
    words = re.sub(r"\bx\s+(?=\d)", "x", words)
    found: dict[str, str] = {}
    for word in " ".join(_WORDS.get(w, w) for w in words.split()).split():
        kind = _kind(word)
        if kind is None:
            raise InputError(
                f"{word!r} in {text!r} is not part of a schedule", where=where, hint=did_you_mean(words, EXAMPLES)
            )
        if kind in found:
            raise InputError(f"{text!r} says {found[kind]!r} and {word!r}", where=where, hint="Give each of them once.")
        found[kind] = word
    if not found.keys() & {"cycle", "per_day"}:
        raise InputError(f"schedule {text!r} has no cycle", where=where, hint=did_you_mean(f"{words} q3w", EXAMPLES))
    if "days" in found and "cycle" not in found:
        raise InputError(f"schedule {text!r} has days without a cycle", where=where, hint=f"Did you mean {words} q3w?")
    cycle = _cycle_days(found["cycle"]) if "cycle" in found else 1.0
    days = _days(found["days"]) if "days" in found else (1,)
    if "cycle" in found and "per_day" in found and "days" not in found and cycle > 1:
        raise InputError(
            f"schedule {text!r} does not say on which days of the cycle",
            where=where,
            hint=f"Did you mean {found['per_day']}, or {found['per_day']} d1-14 {found['cycle']}?",
        )
    per_day = PER_DAY[found["per_day"]] if "per_day" in found else 1
    schedule = checked(Schedule(cycle, days, per_day, text.strip()), where)
    if "repeats" not in found:
        return ScheduleWords(schedule)
    cycles = float(found["repeats"][1:])
    if cycles < 1:
        raise InputError(f"{text!r} asks for 0 cycles", where=where, hint="Expected x1 or more.")
    return ScheduleWords(schedule, Until("cycles", cycles, text.strip()))


def _kind(word: str) -> str | None:
    if _CYCLE.fullmatch(word):
        return "cycle"
    if _DAYS.fullmatch(word):
        return "days"
    if _REPEATS.fullmatch(word):
        return "repeats"
    return "per_day" if word in PER_DAY and not word.startswith("/") else None


def _cycle_days(word: str) -> float:
    match = _CYCLE.fullmatch(word)
    assert match is not None  # _kind matched it
    unit = {"d": "day", "w": "week", "wk": "week", "mo": "month"}[match[2]]
    return float(match[1]) * DAYS_PER[unit]


def _days(word: str) -> tuple[int, ...]:
    days: list[int] = []
    for part in word[1:].split(","):
        first, _, last = part.partition("-")
        stop = min(int(last or first), int(MAX_CYCLE_DAYS) + 1)  # a longer range is refused by ``checked``
        days.extend(range(int(first), stop + 1))
    return tuple(days)
