"""Rules and words of censoring, read from ``data/recist/censoring.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from her2sim.endpoints.rules import read_table

NewTherapy = Literal["censor", "ignore"]


@dataclass(frozen=True)
class CensoringRules:
    """When a time to an event is censored.

    Main arguments:
        missed_visits: progression or death right after this many consecutive missed (or not evaluable) visits is
            censored at the last adequate assessment before them; None: it counts.
        new_therapy: ``censor`` at the last adequate assessment before a new anti-cancer therapy (FDA), or ``ignore``
            it and go on (treatment policy, EMA).
        first_day: number of the day of randomization (1 in ADaM: AVAL = ADT - STARTDT + 1).
    """

    missed_visits: int | None
    new_therapy: NewTherapy
    first_day: float


@cache
def censoring_rules(missed_visits: int | None = -1, new_therapy: NewTherapy = "censor") -> CensoringRules:
    """The rules with the documented defaults: two missed visits, new therapy censors.

    Other arguments:
        missed_visits: as in ``CensoringRules``; -1: the default of ``data/recist/censoring.yaml``.

    >>> censoring_rules().missed_visits
    2
    """
    table = read_table("censoring.yaml")["rules"]
    missed = int(table["missed_visits"]["value"]) if missed_visits == -1 else missed_visits
    return CensoringRules(missed, new_therapy, float(table["first_day"]["value"]))


@cache
def reasons() -> Mapping[str, str]:
    """Code of each reason to the words for it (ADaM EVNTDESC or CNSDTDSC)."""
    return read_table("censoring.yaml")["reasons"]
