"""An estimate with its interval; what every analysis of one number gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A value and its confidence interval.

    Main arguments:
        value: None where it was not reached (a median) or cannot be estimated.
        low, high: None where the bound was not reached or cannot be estimated.
        reason: why ``value`` is None; empty where it is not.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def scaled(self, factor: float) -> Estimate:
        """The same estimate in another unit.

        >>> Estimate(0.5, 0.4, None).scaled(100.0)
        Estimate(value=50.0, low=40.0, high=None, reason='')
        """
        scale = (None if bound is None else bound * factor for bound in (self.value, self.low, self.high))
        return Estimate(*scale, reason=self.reason)


def predictive_interval(values: Sequence[float | None], level: float = 0.90) -> tuple[float | None, float | None]:
    """Interval that holds the share ``level`` of simulated values, both tails alike.

    Bounds are simulated values (nearest rank outward), so that a median that was not reached in some replicates can be
    ordered: it is longer than any that was.

    Main arguments:
        values: one per replicate; None: not reached.

    Other arguments:
        level: share of the values.

    Returns None for a bound that was not reached, and for both where there are no values.

    >>> predictive_interval([3.0, 1.0, None, 2.0], level=0.5)
    (1.0, 3.0)
    """
    finite = [math.inf if value is None else value for value in values]
    if not finite:
        return None, None
    tail = (1.0 - level) / 2.0
    low = float(np.quantile(finite, tail, method="inverted_cdf"))
    high = float(np.quantile(finite, 1.0 - tail, method="inverted_cdf"))
    return (None if math.isinf(low) else low), (None if math.isinf(high) else high)


def median_of(values: Sequence[float | None]) -> float | None:
    """Median of replicates; None (not reached) counts as longer than all others.

    >>> median_of([3.0, None, 1.0])
    3.0
    """
    finite = sorted(math.inf if value is None else value for value in values)
    if not finite:
        return None
    low, high = finite[(len(finite) - 1) // 2], finite[len(finite) // 2]
    return None if math.isinf(high) else (low + high) / 2.0
