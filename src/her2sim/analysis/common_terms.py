"""One word for one thing: units, landmark names and assessors of published and simulated figures on common terms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from her2sim.core.calendar import DAYS_PER_MONTH, DAYS_PER_WEEK, DAYS_PER_YEAR

Interval = tuple[float | None, float | None]

_UNITS = {
    "months": ("months", 1.0),
    "month": ("months", 1.0),
    "mo": ("months", 1.0),
    "weeks": ("months", DAYS_PER_WEEK / DAYS_PER_MONTH),
    "week": ("months", DAYS_PER_WEEK / DAYS_PER_MONTH),
    "days": ("months", 1.0 / DAYS_PER_MONTH),
    "day": ("months", 1.0 / DAYS_PER_MONTH),
    "years": ("months", DAYS_PER_YEAR / DAYS_PER_MONTH),
    "year": ("months", DAYS_PER_YEAR / DAYS_PER_MONTH),
    "percent": ("percent", 1.0),
    "%": ("percent", 1.0),
    "fraction": ("percent", 100.0),
}
_LANDMARK = re.compile(r"(?P<curve>\w+)_rate_(?P<count>\d+)(?P<unit>wk|mo|y)")
_LANDMARK_MONTHS = {"mo": 1.0, "y": 12.0}
_CENTRAL = ("bicr", "irf", "irc", "icr", "cba", "central", "independent")
_LOCAL = ("inv", "local", "site")


@dataclass(frozen=True)
class Figure:
    """A value with its intervals in a common unit; ``inf`` where it was not reached.

    Main arguments:
        value: None where there is none.
        unit: ``months``, ``percent``, or the unit as it stands where it has no common one.
        ci95, pi90: None where not given; a bound of None was not reached, or not given.
    """

    value: float | None
    unit: str
    ci95: Interval | None = None
    pi90: Interval | None = None


def in_common_unit(
    value: float | None, unit: str, ci95: Interval | None, pi90: Interval | None, *, not_reached: bool = False
) -> Figure:
    """A figure in months or percent.

    >>> in_common_unit(52.0, "weeks", (26.0, None), None).value
    11.958932238193018
    """
    name, factor = _UNITS.get(unit.strip().lower(), (unit, 1.0))
    if not_reached:
        return Figure(float("inf"), name, _times(ci95, factor), _times(pi90, factor))
    return Figure(None if value is None else value * factor, name, _times(ci95, factor), _times(pi90, factor))


def common_endpoint(name: str) -> str:
    """One name for one endpoint: ``OS_rate_2y`` and ``OS_rate_24mo`` are the same.

    >>> common_endpoint("OS_rate_2y"), common_endpoint("ORR_confirmed"), common_endpoint("PFS_rate_16wk")
    ('OS_rate_24mo', 'ORR', 'PFS_rate_16wk')
    """
    match = _LANDMARK.fullmatch(name)
    if match and match["unit"] in _LANDMARK_MONTHS:
        return f"{match['curve']}_rate_{int(match['count']) * _LANDMARK_MONTHS[match['unit']]:g}mo"
    return name.removesuffix("_confirmed").removesuffix("_unconfirmed")


def landmark_of(name: str) -> tuple[str, float] | None:
    """Curve and time in months of a landmark rate; None for other endpoints.

    >>> landmark_of("OS_rate_2y"), landmark_of("PFS_rate_12mo"), landmark_of("ORR")
    (('OS', 24.0), ('PFS', 12.0), None)
    """
    match = _LANDMARK.fullmatch(name)
    if match is None:
        return None
    weeks = DAYS_PER_WEEK / DAYS_PER_MONTH
    return match["curve"], int(match["count"]) * _LANDMARK_MONTHS.get(match["unit"], weeks)


def common_confirmed(name: str, confirmed: bool | None) -> bool | None:
    """Whether responses are confirmed ones, from the name where the record does not say.

    >>> common_confirmed("ORR_unconfirmed", None), common_confirmed("ORR", None)
    (False, None)
    """
    if confirmed is not None:
        return confirmed
    if name.endswith("_unconfirmed"):
        return False
    return True if name.endswith("_confirmed") else None


def common_assessor(words: str) -> str:
    """``BICR`` for any central reading (IRF, IRC, ICR, …), ``INV`` for the investigator, empty where not said.

    >>> common_assessor("IRF"), common_assessor("investigator"), common_assessor("")
    ('BICR', 'INV', '')
    """
    lower = words.strip().lower()
    if lower.startswith(_CENTRAL):
        return "BICR"
    return "INV" if lower.startswith(_LOCAL) else words.strip()


def _times(interval: Interval | None, factor: float) -> Interval | None:
    if interval is None:
        return None
    low, high = (None if bound is None else bound * factor for bound in interval)
    return low, high


def within(value: float | None, interval: Interval | None) -> bool | None:
    """Whether a value lies in an interval; None where that cannot be told.

    A value that was not reached is ``inf``; an upper bound of None was not reached, so it bounds nothing.

    >>> within(30.0, (20.0, None)), within(float("inf"), (20.0, None)), within(10.0, (20.0, None))
    (True, True, False)
    """
    if value is None or interval is None:
        return None
    low, high = interval
    if low is None:
        return None if high is None or value <= high else False
    return low <= value and (high is None or value <= high)
