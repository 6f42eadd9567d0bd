"""Figures of a record in the words of a clinic: names of endpoints, values with their intervals."""

from __future__ import annotations

import math
import re

from her2sim.core.calendar import DAYS_PER_MONTH, DAYS_PER_YEAR
from her2sim.record.types import NOT_REACHED

ENDPOINTS = {
    "ORR": "Objective response",
    "CR": "Complete response",
    "PR": "Partial response",
    "SD": "Stable disease",
    "PD": "Progression as best response",
    "DCR": "Disease control",
    "CBR": "Clinical benefit",
    "pCR": "Pathological complete response",
    "DoR_median": "Median response duration",
    "CNS_ORR": "Response in the brain",
    "HER2_loss": "Loss of HER2",
    "grade3plus_AE": "Adverse event of grade 3 or more",
    "ILD": "Interstitial lung disease",
    "LVEF_drop": "Fall of ejection fraction",
    "diarrhea_g3": "Diarrhea of grade 3 or more",
    "neutropenia_g3": "Neutropenia of grade 3 or more",
    "thrombocytopenia_g3": "Thrombocytopenia of grade 3 or more",
    "discontinuation_AE": "Stopped for an adverse event",
}
BASELINE = {
    "n": "Patients",
    "median_age": "Median age (years)",
    "female_pct": "Women (%)",
    "hr_positive_pct": "Hormone receptor positive (%)",
    "visceral_pct": "Visceral disease (%)",
    "brain_mets_pct": "Brain metastases (%)",
    "brain_mets_active_pct": "Active brain metastases (%)",
    "brain_mets_untreated_pct": "Untreated brain metastases (%)",
    "liver_mets_pct": "Liver metastases (%)",
    "ihc3_pct": "HER2 IHC 3+ (%)",
    "ihc2_ish_positive_pct": "HER2 IHC 2+, ISH+ (%)",
    "pdl1_positive_pct": "PD-L1 positive (%)",
    "prior_lines_median": "Median earlier lines",
    "asia_pct": "Enrolled in Asia (%)",
}
_MEDIAN = re.compile(r"(\w+)_median")
_RATE = re.compile(r"(\w+?)_rate_(\d+(?:\.\d+)?)(mo|m|y|yr|w|wk)")
_JOINED = re.compile(r"(?<=\w)\+(?=\w)")
_LENGTHS = {"mo": "months", "m": "months", "y": "years", "yr": "years", "w": "weeks", "wk": "weeks"}
_IN_DAYS = {"months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR, "weeks": 7.0}


def endpoint_words(endpoint: str) -> str:
    """An endpoint's name in words; unknown names stay as they are, without underscores.

    >>> endpoint_words("PFS_rate_12mo"), endpoint_words("OS_median"), endpoint_words("iDFS_rate_3y")
    ('PFS at 12 months', 'Median OS', 'iDFS at 3 years')
    """
    if endpoint.endswith("_unconfirmed"):
        return f"{endpoint_words(endpoint.removesuffix('_unconfirmed'))}, unconfirmed"
    if endpoint in ENDPOINTS:
        return ENDPOINTS[endpoint]
    if match := _RATE.fullmatch(endpoint):
        return f"{match[1].replace('_', ' ')} at {match[2]} {_LENGTHS[match[3]]}"
    if match := _MEDIAN.fullmatch(endpoint):
        return f"Median {match[1].replace('_', ' ')}"
    return endpoint.replace("_", " ")


def landmark(endpoint: str) -> tuple[str, float] | None:
    """Endpoint and day of a landmark rate, or None for other names.

    >>> landmark("PFS_rate_2y")
    ('PFS', 730.5)
    """
    match = _RATE.fullmatch(endpoint)
    return (match[1], float(match[2]) * _IN_DAYS[_LENGTHS[match[3]]]) if match else None


def spaced(name: str) -> str:
    """The name of an arm with room around the plus signs that join drugs, so that it can be broken there.

    >>> spaced("tucatinib+trastuzumab"), spaced("IHC3+ only")
    ('tucatinib + trastuzumab', 'IHC3+ only')
    """
    return _JOINED.sub(" + ", name)


def baseline_words(name: str) -> str:
    """The name of a row of the baseline table in words."""
    return BASELINE.get(name, name.removesuffix("_pct").replace("_", " ") + (" (%)" if name.endswith("_pct") else ""))


def number(value: float | None, unit: str = "") -> str:
    """A number with the decimals that its unit deserves; a dash where there is none.

    >>> number(79.72, "percent"), number(0.3312, "ratio"), number(28.84, "months"), number(None)
    ('79.7', '0.33', '28.8', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.2f}" if unit == "ratio" else f"{value:.1f}"


def value_words(value: float | None, unit: str, not_reached: bool = False) -> str:
    """A value with its unit, or ``NR``.

    >>> value_words(79.7, "percent"), value_words(None, "months", True)
    ('79.7 %', 'NR')
    """
    if not_reached:
        return NOT_REACHED
    if value is None or math.isnan(value):
        return "–"
    suffix = {"percent": " %", "months": " mo", "ratio": "", "": "", "percentage points": " points"}.get(
        unit, f" {unit}"
    )
    return number(value, unit) + suffix


def interval_words(interval: tuple[float | None, float | None] | None, unit: str = "") -> str:
    """An interval; a bound that was not reached is ``NR``; nothing where there is no interval.

    >>> interval_words((22.4, None), "months")
    '22.4 to NR'
    """
    if interval is None:
        return ""
    low, high = (NOT_REACHED if bound is None or math.isnan(bound) else number(bound, unit) for bound in interval)
    return f"{low} to {high}"
