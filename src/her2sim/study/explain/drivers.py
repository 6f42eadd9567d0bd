"""Which calibrated numbers the uncertainty of a prediction hangs on, told from posterior draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_DRAWS = 6


@dataclass(frozen=True)
class Driver:
    """A number that a figure moves with over the posterior.

    Main arguments:
        name: the calibrated number.
        correlation: rank correlation of the figure with it over the draws.
        draws: how many draws that rests on.
    """

    name: str
    correlation: float
    draws: int


def drivers(changes: Sequence[float], draws: Sequence[Mapping[str, float]], *, most: int = 3) -> tuple[Driver, ...]:
    """The numbers whose rank correlation with a figure is beyond chance among so many numbers, largest first.

    The limit is that of a two-sided 5 % test, Bonferroni-corrected, by Fisher's z: the draws of a posterior depend on
    each other's numbers, so a driver may stand for another that it is tied to.

    Main arguments:
        changes: the figure under each draw.
        draws: the numbers of each draw.

    Other arguments:
        most: how many to give.

    >>> names = [{"a": float(k), "b": float((7 * k) % 16)} for k in range(16)]
    >>> [driver.name for driver in drivers([2.0 * k for k in range(16)], names)]
    ['a']
    """
    n = len(changes)
    if n < LEAST_DRAWS or n != len(draws) or float(np.ptp(changes)) == 0.0:
        return ()
    varied = [name for name in draws[0] if len({draw[name] for draw in draws}) > 1]
    if not varied:
        return ()
    limit = _limit(n, len(varied))
    figure = _ranks(changes)
    found = [
        Driver(name, float(np.corrcoef(figure, _ranks([draw[name] for draw in draws]))[0, 1]), n) for name in varied
    ]
    strong = [each for each in found if abs(each.correlation) >= limit]
    return tuple(sorted(strong, key=lambda each: -abs(each.correlation))[:most])


def _limit(draws: int, names: int) -> float:
    from statistics import NormalDist

    z = NormalDist().inv_cdf(1.0 - 0.025 / names)
    return math.tanh(z / math.sqrt(max(draws - 3, 1)))


def _ranks(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Ranks, ties sharing their mean."""
    array = np.asarray(values, dtype=np.float64)
    order = array.argsort(kind="stable")
    ranks = np.empty(len(array))
    ranks[order] = np.arange(len(array), dtype=np.float64)
    for value in np.unique(array):
        same = array == value
        ranks[same] = ranks[same].mean()
    return ranks
