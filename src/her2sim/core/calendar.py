"""Calendar lengths used to turn protocol words into days. Not biology, so they may live in code."""

from __future__ import annotations

DAYS_PER_WEEK = 7.0
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0

DAYS_PER: dict[str, float] = {
    "day": 1.0,
    "week": DAYS_PER_WEEK,
    "month": DAYS_PER_MONTH,
    "year": DAYS_PER_YEAR,
}


def months(days: float) -> float:
    """Days as months of 30.4375 days.

    >>> months(365.25)
    12.0
    """
    return days / DAYS_PER_MONTH
