"""A figure lies in its interval, and the interval looks like one of its kind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding, describe
from her2sim.evidence.check.limits import limits
from her2sim.evidence.check.rounding import half_digit
from her2sim.evidence.tidy import RATIOS, Figure

NORMAL_975 = 1.959964


def value_in_interval(case: Case) -> Iterator[Finding]:
    """A point estimate outside its own interval is a misprint of one of the three numbers."""
    for figure in case.figures:
        below = figure.value is not None and figure.low is not None and figure.value < figure.low
        above = figure.value is not None and figure.high is not None and figure.value > figure.high
        if below or above:
            yield case.finding(figure, "value-in-interval", "error", describe(figure), "a value inside its interval")


def ratio_in_the_middle(case: Case) -> Iterator[Finding]:
    """A hazard or odds ratio is the middle of its interval on the log scale, as the interval is log ± z·SE."""
    for figure in case.figures:
        low, high, value = figure.low, figure.high, figure.value
        if figure.measure not in RATIOS or low is None or high is None or not value or low <= 0:
            continue
        half = math.log(high / low) / 2
        off = math.log(value) - math.log(low * high) / 2
        digit = min(half_digit(value), half_digit(low), half_digit(high))  # all three are printed alike; zeros get lost
        rounding = digit / value + (digit / low + digit / high) / 2
        if abs(off) > limits().ratio_asymmetry * half + rounding:
            middle = math.sqrt(low * high)
            yield case.finding(
                figure, "ratio-in-the-middle", "warning", describe(figure), f"a ratio near {middle:.2f}, the log middle"
            )


def percentage_interval(case: Case) -> Iterator[Finding]:
    """A percentage lies near the middle of its interval (plain or logit scale), whose width fits the patients."""
    for figure in case.figures:
        low, high, value = figure.low, figure.high, figure.value
        if figure.unit != "percent" or figure.measure != "value" or low is None or high is None or value is None:
            continue
        if not 0 <= low < value < high <= 100:
            continue  # 0 % and 100 % have one-sided intervals
        first, last = limits().proportion_position
        places = [(value - low) / (high - low)]
        if low > 0 and high < 100:
            places.append((_logit(value) - _logit(low)) / (_logit(high) - _logit(low)))
        if not any(first <= place <= last for place in places):
            yield case.finding(
                figure, "percentage-in-the-middle", "warning", describe(figure), "a value near the middle"
            )
        yield from _width(case, figure, value, high - low)


def _width(case: Case, figure: Figure, value: float, width: float) -> Iterator[Finding]:
    """Against the binomial interval with the patients evaluated, or else with those of the arm."""
    arm_n = next((arm.n for arm in case.record.arms if arm.name == figure.arm), None)
    n = figure.n or (arm_n if not figure.stratum else None)
    if not n or figure.level_of_interval != 95.0:
        return
    least, most = limits().curve_width if "_rate_" in figure.endpoint else limits().proportion_width
    binomial = 2 * NORMAL_975 * math.sqrt(value * (100 - value) / n)
    if not least * binomial - 1 <= width <= most * binomial + 1:
        yield case.finding(
            figure, "interval-width", "warning", describe(figure), f"a width near {binomial:.1f} points for n = {n}"
        )


def _logit(percent: float) -> float:
    return math.log(percent / (100 - percent))
