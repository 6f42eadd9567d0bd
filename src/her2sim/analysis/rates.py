"""Intervals of proportions: Clopper-Pearson (exact) and Wilson, and of their differences.

Sources: Clopper CJ, Pearson ES. Biometrika 1934;26:404, doi:10.1093/biomet/26.4.404. Wilson EB. J Am Stat Assoc
1927;22:209, doi:10.1080/01621459.1927.10502953. Newcombe RG. Stat Med 1998;17:873 (method 10), PMID 9595617.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from her2sim.analysis.estimate import Estimate
from her2sim.core.errors import InputError


def clopper_pearson(count: int, n: int, level: float = 0.95) -> Estimate:
    """Exact interval of a proportion, the usual one for response rates.

    Main arguments:
        count: patients with the event.
        n: patients.

    Other arguments:
        level: of confidence.

    >>> found = clopper_pearson(10, 20)
    >>> round(found.low or 0.0, 4), round(found.high or 0.0, 4)
    (0.272, 0.728)
    """
    from scipy.stats import beta

    _check(count, n)
    if n == 0:
        return Estimate(None, reason="no patient")
    tail = (1.0 - level) / 2.0
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count == n else float(beta.ppf(1.0 - tail, count + 1, n - count))
    return Estimate(count / n, low, high)


def wilson(count: int, n: int, level: float = 0.95) -> Estimate:
    """Score interval of a proportion, closer to its nominal level on average.

    >>> found = wilson(10, 20)
    >>> round(found.low or 0.0, 4), round(found.high or 0.0, 4)
    (0.2993, 0.7007)
    """
    _check(count, n)
    if n == 0:
        return Estimate(None, reason="no patient")
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    rate = count / n
    center = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if count == 0 else center - half
    high = 1.0 if count == n else center + half
    return Estimate(rate, low, high)


def rate_difference(count: int, n: int, count_reference: int, n_reference: int, level: float = 0.95) -> Estimate:
    """Difference of two independent proportions with Newcombe's interval (method 10, from Wilson's).

    >>> found = rate_difference(56, 70, 48, 80)
    >>> round(found.value or 0.0, 4), round(found.low or 0.0, 4), round(found.high or 0.0, 4)
    (0.2, 0.0524, 0.3339)
    """
    first, second = wilson(count, n, level), wilson(count_reference, n_reference, level)
    if first.value is None or second.value is None:
        return Estimate(None, reason="no patient")
    assert first.low is not None and first.high is not None and second.low is not None and second.high is not None
    difference = first.value - second.value
    low = difference - math.hypot(first.value - first.low, second.high - second.value)
    high = difference + math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(difference, low, high)


def _check(count: int, n: int) -> None:
    if not 0 <= count <= n:
        raise InputError(f"{count} of {n} patients is not a proportion.")
