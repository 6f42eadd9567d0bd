"""The p value, the interval and the ratio of a comparison say the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

from her2sim.evidence.check.finding import Case, Finding, describe
from her2sim.evidence.check.limits import limits
from her2sim.evidence.tidy import RATIOS


def p_value_fits_interval(case: Case) -> Iterator[Finding]:
    """z of the interval (log ratio over its standard error) against z of the printed two-sided p value.

    Very small p values are printed as bounds (p < 0.0001), so they are compared from one side only.
    """
    normal = NormalDist()
    for figure in case.figures:
        low, high, value, p = figure.low, figure.high, figure.value, figure.p_value
        if figure.measure not in RATIOS or low is None or high is None or not value or not p or low <= 0:
            continue
        level = (figure.level_of_interval or 95.0) / 100
        error = math.log(high / low) / (2 * normal.inv_cdf(0.5 + level / 2))
        z = abs(math.log(value)) / error if error else 0.0
        printed = normal.inv_cdf(1 - min(p, 1.0) / 2)
        bound = p <= 0.001 and z > printed
        one_sided = abs(z - normal.inv_cdf(1 - min(p, 0.5))) <= limits().p_value_z
        if abs(z - printed) > limits().p_value_z + 0.1 * printed and not bound and not one_sided:
            expected = 2 * (1 - normal.cdf(z))
            yield case.finding(
                figure, "p-value-fits-interval", "warning", f"{describe(figure)}, p {p:g}", f"p near {expected:.2g}"
            )


def interval_and_verdict(case: Case) -> Iterator[Finding]:
    """A p value below 0.01 with an interval across 1, or above 0.1 with one that excludes 1, cannot both be right."""
    for figure in case.figures:
        low, high, p = figure.low, figure.high, figure.p_value
        if figure.measure not in RATIOS or low is None or high is None or p is None or figure.level_of_interval != 95.0:
            continue
        across = low <= 1 <= high
        if (across and p < 0.01) or (not across and p > 0.1):
            yield case.finding(
                figure, "interval-and-verdict", "error", f"{describe(figure)}, p {p:g}",
                "an interval that excludes 1 just where p is small",
            )  # fmt: skip
