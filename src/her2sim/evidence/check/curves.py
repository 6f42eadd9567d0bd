"""Medians, landmark rates and hazard ratios of the same patients tell one story.

The bounds are those of a Weibull curve with a wide range of shapes; proportional hazards within a wide tolerance.
A figure is compared with every partner (other data cuts, other assessors); it is reported only if none fits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.evidence.check.finding import Case, Finding, describe, label
from her2sim.evidence.check.limits import limits
from her2sim.evidence.tidy import CURVES, Figure

RATE = re.compile(r"(?P<curve>\w+?)_rate_(?P<number>\d+)(?P<unit>wk|mo|y)")
MONTHS_PER = {"wk": 7 / DAYS_PER_MONTH, "mo": 1.0, "y": 12.0}
UNIT_MONTHS = {"months": 1.0, "weeks": 7 / DAYS_PER_MONTH, "days": 1 / DAYS_PER_MONTH}
BEFORE_DEATH = ("PFS", "TTP", "EFS", "DFS", "iDFS", "RFS")


def landmark(figure: Figure) -> tuple[str, float] | None:
    """Curve and time in months of a landmark rate.

    >>> from her2sim.evidence.base import load_record
    >>> from her2sim.evidence.tidy import figures
    >>> [landmark(x) for x in figures(load_record("EMILIA")) if x.endpoint == "OS_rate_24mo"][0]
    ('OS', 24.0)
    """
    found = RATE.fullmatch(figure.endpoint)
    if found is None or figure.value is None or figure.measure != "value":
        return None
    return found["curve"], float(found["number"]) * MONTHS_PER[found["unit"]]


def median_months(figure: Figure) -> float | None:
    """A median in months, or None."""
    scale = UNIT_MONTHS.get(figure.unit)
    return None if scale is None or figure.value is None else figure.value * scale


def _of(case: Case, arm: str, stratum: str) -> list[Figure]:
    return [x for x in case.figures if x.arm == arm and x.stratum == stratum and x.measure == "value"]


def rates_fall(case: Case) -> Iterator[Finding]:
    """A share without event cannot rise with time (of one arm, one stratum, one source)."""
    for figure in case.figures:
        here = landmark(figure)
        for other in _of(case, figure.arm, figure.stratum) if here else ():
            there = landmark(other)
            if here and there and other.source == figure.source and other.data_cut == figure.data_cut:
                later = there[0] == here[0] and there[1] > here[1]
                if later and (other.value or 0) > (figure.value or 0) + limits().rate_slack:
                    yield case.finding(other, "rates-fall", "error", describe(other), f"not above {label(figure)}")


def survival_above_progression(case: Case) -> Iterator[Finding]:
    """Everyone alive without progression is alive: OS at a landmark is not below PFS at the same landmark."""
    for figure in case.figures:
        here = landmark(figure)
        if not here or here[0] != "OS":
            continue
        for other in _of(case, figure.arm, figure.stratum):
            there = landmark(other)
            same = there is not None and there[0] in BEFORE_DEATH and abs(there[1] - here[1]) < 0.1
            if same and (other.value or 0) > (figure.value or 0) + limits().rate_slack:
                yield case.finding(
                    figure, "survival-above-progression", "error", describe(figure), f"not below {label(other)}"
                )


def medians_fit_rates(case: Case) -> Iterator[Finding]:
    """A landmark before the median is above 50 %, one after it below; a plausible Weibull shape joins both."""
    for figure in case.figures:
        here = landmark(figure)
        if not here or figure.value is None or not 2 < figure.value < 98:
            continue
        curve, time = here
        partners = [x for x in _of(case, figure.arm, figure.stratum) if x.endpoint == f"{curve}_median"]
        medians = [(x, months) for x in partners if (months := median_months(x))]
        partners_fit = [_joins(figure.value, time, months) for _, months in medians]
        if medians and not any(partners_fit):
            names = ", ".join(dict.fromkeys(f"{months:.3g} months" for _, months in medians))
            yield case.finding(
                figure, "medians-fit-rates", "warning", describe(figure), f"a rate that fits the median of {names}"
            )


def _joins(percent: float, time: float, median: float) -> bool:
    slack = limits().rate_slack
    if (time > median and percent > 50 + slack) or (time < median and percent < 50 - slack):
        return False
    distance = math.log(time / median)
    if abs(distance) < 0.25 or abs(percent - 50) < 3:
        return True
    shape = math.log(math.log(100 / percent) / math.log(2)) / distance
    least, most = limits().weibull_shape
    return least <= shape <= most


def ratios_fit_medians(case: Case) -> Iterator[Finding]:
    """With roughly proportional hazards, HR is near the reference's median over the arm's: swapped arms show here."""
    for figure in _hazard_ratios(case):
        arms = [x for x in _of(case, figure.arm, figure.stratum) if x.endpoint == f"{figure.endpoint}_median"]
        others = [x for x in _of(case, figure.reference, figure.stratum) if x.endpoint == f"{figure.endpoint}_median"]
        pairs = [(a, b) for x in arms for y in others if (a := median_months(x)) and (b := median_months(y))]
        if pairs and figure.value:
            off = [abs(math.log(figure.value) - math.log(b / a)) for a, b in pairs]
            if min(off) > limits().log_hr_medians:
                a, b = pairs[off.index(min(off))]
                yield case.finding(
                    figure, "ratios-fit-medians", "warning", describe(figure),
                    f"HR near {b / a:.2f} for medians of {a:.3g} against {b:.3g} months",
                )  # fmt: skip


def ratios_fit_rates(case: Case) -> Iterator[Finding]:
    """The ratio of cumulative hazards at a landmark is near the hazard ratio."""
    for figure in _hazard_ratios(case):
        off: list[tuple[float, str]] = []
        for one in _of(case, figure.arm, figure.stratum):
            here = landmark(one)
            for other in _of(case, figure.reference, figure.stratum) if here else ():
                same = landmark(other) == here and here is not None and here[0] == figure.endpoint
                if same and figure.value and all(5 < (x.value or 0) < 97 for x in (one, other)):
                    ratio = math.log((one.value or 1) / 100) / math.log((other.value or 1) / 100)
                    words = f"HR near {ratio:.2f} for {one.value:g} % against {other.value:g} % ({one.endpoint})"
                    off.append((abs(math.log(figure.value / ratio)), words))
        if off and min(off)[0] > limits().log_hr_rates:
            yield case.finding(figure, "ratios-fit-rates", "warning", describe(figure), min(off)[1])


def _hazard_ratios(case: Case) -> list[Figure]:
    return [x for x in case.figures if x.measure == "hr" and x.endpoint in CURVES and x.reference]
