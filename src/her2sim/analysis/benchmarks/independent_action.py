"""Independent drug action: each patient does as well as on the better of the partners alone.

Sources: Palmer AC, Sorger PK. Cell 2017;171:1678, doi:10.1016/j.cell.2017.11.009; Palmer AC, Sorger PK et al. Cancer
Discov 2022;12:606. Times on the partners are tied by a Gaussian copula with one correlation for all pairs, so the
distribution of the best of them is one integral over what the partners have in common.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError

Floats = NDArray[np.float64]
_NODES = 64
_SURE = 1.0 - 1e-15


@dataclass(frozen=True)
class TimeCurve:
    """A Weibull curve of event-free times: S(t) = exp(-ln 2 (t / median)^shape).

    Main arguments:
        median: in months.
        shape: 1 for a constant hazard; below 1 where the hazard falls.
    """

    median: float
    shape: float = 1.0

    def survival(self, months: float) -> float:
        """Share without an event by ``months``.

        >>> TimeCurve(6.0).survival(12.0)
        0.25
        """
        return 2.0 ** -((months / self.median) ** self.shape)


def curve_through(median: float, landmarks: Sequence[tuple[float, float]] = ()) -> TimeCurve:
    """The curve through a median that comes nearest to published landmarks.

    Main arguments:
        median: in months, above 0.

    Other arguments:
        landmarks: (months, share without an event, 0 to 1); without any, the hazard is taken as constant.

    >>> curve_through(6.0, [(12.0, 0.25)])
    TimeCurve(median=6.0, shape=1.0)
    """
    if median <= 0.0:
        raise InputError(f"a median of {median} months is not above 0.")
    points = [
        (math.log(time / median), math.log(math.log(share) / -math.log(2.0)))
        for time, share in landmarks
        if time > 0.0 and time != median and 0.0 < share < 1.0
    ]
    if not points:
        return TimeCurve(median)
    shape = sum(x * y for x, y in points) / sum(x * x for x, _ in points)
    return TimeCurve(median, shape) if shape > 0.0 else TimeCurve(median)


def best_of(failing: Sequence[float], correlation: float) -> float:
    """Probability that every partner fails, if each fails with a given probability.

    Main arguments:
        failing: probability of failure of each partner, 0 to 1.
        correlation: Spearman's, between the partners, 0 or more and below 1.

    >>> round(best_of([0.5, 0.4], 0.0), 6)
    0.2
    >>> round(best_of([0.5, 0.5], 0.5), 4) > 0.25
    True
    """
    if not failing or not all(0.0 <= each <= 1.0 for each in failing):
        raise InputError("probabilities of failure must lie between 0 and 1.")
    if not 0.0 <= correlation < 1.0:
        raise InputError(f"a correlation of {correlation} is not 0 or more and below 1.")
    if min(failing) == 0.0:
        return 0.0
    normal = 2.0 * math.sin(math.pi * correlation / 6.0)
    from scipy.special import ndtr, ndtri

    nodes, weight = _gauss_hermite()
    limits = ndtri(np.minimum(np.asarray(failing), _SURE))
    inner = (limits[:, None] - math.sqrt(normal) * nodes[None, :]) / math.sqrt(1.0 - normal)
    found = float(np.sum(weight * np.prod(ndtr(inner), axis=0)))
    return min(max(found, math.prod(failing)), min(failing))  # quadrature may miss these bounds by 1e-4


def combined_median(curves: Sequence[TimeCurve], correlation: float) -> float:
    """Median time, in months, on all partners together.

    Main arguments:
        curves: of each partner alone.
        correlation: Spearman's, between times on different partners.

    >>> round(combined_median([TimeCurve(6.0), TimeCurve(6.0)], 0.0), 2)
    10.63
    """

    def failed(months: float) -> float:
        return best_of([1.0 - curve.survival(months) for curve in curves], correlation) - 0.5

    low = max(curve.median for curve in curves)
    return _root(failed, low, 4.0 * low)


def combined_response(rates: Sequence[float], correlation: float) -> float:
    """Response rate, 0 to 1, on all partners together.

    >>> round(combined_response([0.5, 0.4], 0.0), 6)
    0.7
    """
    return 1.0 - best_of([1.0 - rate for rate in rates], correlation)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    if function(low) >= 0.0:
        return low
    while function(high) < 0.0:
        high *= 2.0
    found: Any = brentq(function, low, high, xtol=1e-9)
    return float(found)


@lru_cache(maxsize=1)
def _gauss_hermite() -> tuple[Floats, Floats]:
    """Nodes and weights of the mean over a standard normal variable."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return nodes, weight / math.sqrt(2.0 * math.pi)
