"""Doses in protocol words: ``5.4 mg/kg``, ``1000 mg/m2 bid``, ``AUC 6``, ``75 mg/m2 (to 100)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.record.types import Dose

PER_DAY: dict[str, int] = {"od": 1, "qd": 1, "daily": 1, "/d": 1, "/day": 1, "bid": 2, "tid": 3, "qid": 4}
_SPELLINGS = {"µg": "ug", "μg": "ug", "mcg": "ug", "m²": "m2", "m^2": "m2"}
_TO_CANONICAL = {"g": (1000.0, "mg"), "g/m2": (1000.0, "mg/m2")}
_NUMBER = r"(?P<number>[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)"
_FREQUENCY = r"(?:\s*(?P<frequency>/d(?:ay)?|od|qd|daily|bid|tid|qid))?"
_EXTRA = r"(?:\s*\(\s*(?:(?:to|escalated? to)\s+(?P<to>[^)]*)|(?:max|cap|capped at)\s+(?P<cap>[^)]*))\s*\))?"
_AMOUNT = re.compile(rf"{_NUMBER}\s*(?P<unit>[a-zµμ]+(?:/[a-z]+[2²]?|/m\^2)?)?{_FREQUENCY}{_EXTRA}")
_AUC = re.compile(rf"auc\s*{_NUMBER}{_FREQUENCY}{_EXTRA}")
EXPECTED = "Expected a number and a unit: 5.4 mg/kg, 75 mg/m2, 840 mg, 1000 mg/m2 bid, AUC 6, 1e8 cells."


@dataclass(frozen=True)
class DoseWords:
    """What one dose text says: the dose, and the dose it may be raised to, or None."""

    dose: Dose
    escalate_to: Dose | None = None


@dataclass(frozen=True)
class DoseLimit:
    """Largest plausible amount of a unit, and why."""

    high: float
    reason: str


@lru_cache(maxsize=1)
def dose_limits() -> dict[str, DoseLimit]:
    """Largest plausible amount by unit, from ``data/defaults/dose_limits.yaml``."""
    table: dict[str, Any] = yaml.safe_load((data_dir("defaults") / "dose_limits.yaml").read_text(encoding="utf-8"))
    return {unit: DoseLimit(float(row["high"]), str(row["reason"])) for unit, row in table["units"].items()}


def checked(dose: Dose, where: str = "") -> Dose:
    """``dose`` itself, if its unit is known and its amount is positive and below the limit of the unit.

    Raises:
        InputError: unknown unit, or an amount that is not above 0 or is beyond what any patient can get.
    """
    limits = dose_limits()
    if dose.unit not in limits:
        raise InputError(f"unknown dose unit {dose.unit!r}", where=where, hint=did_you_mean(dose.unit, limits))
    limit = limits[dose.unit]
    if not 0 < dose.amount <= limit.high:
        raise InputError(
            f"a dose of {dose.amount:g} {dose.unit} is not plausible",
            where=where,
            why=f"Largest accepted: {limit.high:g} {dose.unit} ({limit.reason}).",
            hint="Check the number and the unit." if dose.amount > 0 else "A dose must be above 0; leave the drug out.",
        )
    if dose.cap_mg is not None and not 0 < dose.cap_mg <= limits["mg"].high:
        raise InputError(
            f"a cap of {dose.cap_mg:g} mg is not plausible", where=where, hint="Expected for example 150 mg."
        )
    return dose


def parse_dose(text: str, where: str = "") -> DoseWords:
    """A dose in protocol words.

    Main arguments:
        text: amount and unit, if wished followed by ``bid`` or ``tid``, ``(to 100)`` (may be raised to) or
            ``(max 150 mg)`` (cap).

    Other arguments:
        where: place named by the error message.

    Raises:
        InputError: unknown unit, no unit, an amount of 0 or below, or one beyond ``data/defaults/dose_limits.yaml``.

    >>> parse_dose("1000 mg/m2 bid").dose.per_day
    2
    >>> parse_dose("75 mg/m2 (to 100)").escalate_to.amount
    100.0
    """
    words = " ".join(text.strip().lower().split())
    for spelling, plain in _SPELLINGS.items():
        words = words.replace(spelling, plain)
    auc = _AUC.fullmatch(words)
    match = auc or _AMOUNT.fullmatch(words)
    if match is None:
        raise InputError(f"{text!r} is not a dose", where=where, hint=EXPECTED)
    amount = float(match["number"].replace(",", ""))
    unit = "AUC" if auc else match["unit"]
    if unit is None:
        raise InputError(
            f"dose {text!r} has no unit", where=where, hint=f"Did you mean {match['number']} mg or mg/kg? {EXPECTED}"
        )
    if unit in PER_DAY:
        raise InputError(f"dose {text!r} has no unit", where=where, hint=EXPECTED)
    factor, unit = _TO_CANONICAL.get(unit, (1.0, unit))
    cap = parse_amount(match["cap"], where) if match["cap"] else None
    if cap is not None and cap.unit != "mg":
        raise InputError(f"the cap of {text!r} must be in mg", where=where, hint="Expected for example (max 150 mg).")
    per_day = PER_DAY[match["frequency"]] if match["frequency"] else 1
    dose = checked(Dose(amount * factor, unit, per_day, cap.amount if cap else None, text.strip()), where)
    return DoseWords(dose, _escalation(match["to"], dose, where) if match["to"] else None)


def _escalation(words: str, start: Dose, where: str) -> Dose:
    """The dose of ``(to 100)``: in the unit of the starting dose unless it names its own."""
    full = words if re.search("[a-z]", words) else f"{words} {start.unit}"
    target = parse_dose(full, where).dose
    if target.unit != start.unit or target.amount <= start.amount:
        raise InputError(
            f"an escalation from {start.text!r} to {words!r} does not go up",
            where=where,
            hint=f"Expected more than {start.amount:g} {start.unit}, in the same unit.",
        )
    return Dose(target.amount, target.unit, start.per_day, start.cap_mg, full)


def parse_amount(text: str, where: str = "") -> Dose:
    """A dose that may not carry an escalation: ``loading``, ``cap``, ``escalate_to``, a ``reduce`` step."""
    words = parse_dose(text, where)
    if words.escalate_to is not None:
        raise InputError(f"{text!r} must be a single dose", where=where, hint=EXPECTED)
    return words.dose
