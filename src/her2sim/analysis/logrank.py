"""The log-rank test, with strata if wanted, as R's ``survival::survdiff`` gives it.

Sources: Mantel N. Cancer Chemother Rep 1966;50:163 (PMID 5910392). Peto R, Peto J. J R Stat Soc A 1972;135:185,
doi:10.2307/2344317.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.kaplan_meier import Bools, Floats, check_times
from her2sim.core.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LogRank:
    """Result of a log-rank test.

    Main arguments:
        groups: (n_groups,) the group numbers, in order.
        observed: (n_groups,) events seen, summed over strata.
        expected: (n_groups,) events expected if hazards were equal.
        chi2: test statistic; None where it cannot be formed (no events, or only one group at risk at each of them).
        degrees: of freedom.
        p_value: two-sided; None with ``chi2``.
    """

    groups: Ints
    observed: Floats
    expected: Floats
    chi2: float | None
    degrees: int
    p_value: float | None


def logrank(time: Floats, event: Bools, group: Ints, strata: Ints | None = None) -> LogRank:
    """Test whether groups have the same hazard at all times.

    Main arguments:
        time: (n,) times to event or censoring.
        event: (n,) bool.
        group: (n,) whole numbers, two or more different ones.

    Other arguments:
        strata: (n,) whole numbers; observed less expected is summed over strata.

    Raises:
        InputError: if there are fewer than two groups, or shapes differ.

    >>> result = logrank(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool), np.array([0, 0, 1, 1]))
    >>> result.observed.tolist(), round(result.chi2 or 0.0, 4)
    ([2.0, 2.0], 2.8824)
    """
    from scipy.stats import chi2 as chi2_distribution

    check_times(time, event)
    groups = np.unique(group)
    if group.shape != time.shape or len(groups) < 2:
        raise InputError("a log-rank test needs a group for each patient, and two groups at least.")
    observed, expected = np.zeros(len(groups)), np.zeros(len(groups))
    covariance = np.zeros((len(groups), len(groups)))
    blocks = [np.ones(len(time), dtype=np.bool_)] if strata is None else [strata == each for each in np.unique(strata)]
    for block in blocks:
        sums = _one_stratum(time[block], event[block], group[block], groups)
        observed, expected, covariance = observed + sums[0], expected + sums[1], covariance + sums[2]
    useful = np.diag(covariance) > 0.0
    degrees = int(useful.sum()) - 1
    if degrees < 1:
        return LogRank(groups, observed, expected, None, 0, None)
    keep = np.flatnonzero(useful)[1:]
    difference = (observed - expected)[keep]
    statistic = float(difference @ np.linalg.solve(covariance[np.ix_(keep, keep)], difference))
    return LogRank(groups, observed, expected, statistic, degrees, float(chi2_distribution.sf(statistic, degrees)))


def _one_stratum(time: Floats, event: Bools, group: Ints, groups: Ints) -> tuple[Floats, Floats, Floats]:
    times = np.unique(time[event])
    member = group[:, None] == groups
    at_risk = np.stack([_counted_from(times, time[member[:, k]]) for k in range(len(groups))], axis=1)
    deaths = np.stack([_counted_at(times, time[event & member[:, k]]) for k in range(len(groups))], axis=1)
    total, dying = at_risk.sum(axis=1), deaths.sum(axis=1)
    share = at_risk / total[:, None]
    spread = np.where(total > 1, dying * (total - dying) / np.maximum(total - 1, 1), 0.0)
    covariance = np.diag(spread @ share) - np.einsum("t,ti,tj->ij", spread, share, share)
    return deaths.sum(axis=0), (dying[:, None] * share).sum(axis=0), covariance


def _counted_from(times: Floats, found: Floats) -> Floats:
    """How many of ``found`` are at or after each of ``times``."""
    return (len(found) - np.searchsorted(np.sort(found), times, side="left")).astype(np.float64)


def _counted_at(times: Floats, found: Floats) -> Floats:
    """How many of ``found`` are at each of ``times``."""
    ordered = np.sort(found)
    return (np.searchsorted(ordered, times, side="right") - np.searchsorted(ordered, times, side="left")).astype(
        np.float64
    )
