"""The hazard ratio of two arms: Cox's model with one 0/1 covariate, solved directly.

With one covariate of two values the partial likelihood needs only counts: who is at risk and who has the event, by
arm, at each event time. It is concave, so Newton's method finds its maximum in a few steps; and whether it has one is
decided exactly, from its slope at both ends, instead of by a guess at whether an optimizer has diverged.
Sources: Cox DR. J R Stat Soc B 1972;34:187. Efron B. J Am Stat Assoc 1977;72:557, doi:10.1080/01621459.1977.10480613.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from her2sim.analysis.cox import Ties
from her2sim.analysis.estimate import Estimate
from her2sim.analysis.kaplan_meier import Bools, Floats, check_times
from her2sim.analysis.logrank import Ints

_STEPS = 100
_CLOSE = 1e-10


def hazard_ratio(
    time: Floats,
    event: Bools,
    treated: Bools,
    *,
    strata: Ints | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> Estimate:
    """Hazard of the treated over that of the others, with Wald's interval on the log scale.

    ``value`` is None, with the reason, where no estimate exists: no events, or events that fall in one arm only
    whenever both arms are at risk (the likelihood then rises for ever, and a program that gives a number gives noise).

    Main arguments:
        time: (n,) times to event or censoring.
        event: (n,) bool.
        treated: (n,) bool.

    Other arguments:
        strata: (n,) whole numbers; each stratum has a baseline hazard of its own.
        ties: ``efron`` (default of R and of most trials) or ``breslow`` (default of SAS).
        level: of confidence.

    >>> time, event = np.array([1.0, 2.0, 9.0, 9.0]), np.array([True, True, False, False])
    >>> hazard_ratio(time, event, np.array([False, False, True, True])).reason
    'all events fall in the reference arm while both arms are at risk'
    """
    check_times(time, event)
    if not event.any():
        return Estimate(None, reason="no events")
    if treated.all() or not treated.any():
        return Estimate(None, reason="only one arm")
    blocks = [np.ones(len(time), dtype=np.bool_)] if strata is None else [strata == each for each in np.unique(strata)]
    terms = [_terms(time[block], event[block], treated[block], ties) for block in blocks]
    reference_risk, treated_risk = np.concatenate([t[0] for t in terms]), np.concatenate([t[1] for t in terms])
    both = (reference_risk > 0.0) & (treated_risk > 0.0)
    if not both.any():
        return Estimate(None, reason="no event while both arms are at risk")
    deaths = int((event & treated).sum()) - int((treated_risk[~both] > 0.0).sum())
    if deaths in (0, int(both.sum())):
        side = "reference" if deaths == 0 else "treated"
        return Estimate(None, reason=f"all events fall in the {side} arm while both arms are at risk")
    log_ratio, information = _maximum(reference_risk[both], treated_risk[both], deaths)
    half = NormalDist().inv_cdf(0.5 + level / 2.0) / math.sqrt(information)
    return Estimate(math.exp(log_ratio), math.exp(log_ratio - half), math.exp(log_ratio + half))


def _terms(time: Floats, event: Bools, treated: Bools, ties: Ties) -> tuple[Floats, Floats]:
    """Numbers at risk in (reference, treated) for each event; tied events share theirs by Efron's or Breslow's rule."""
    times = np.unique(time[event])
    counts: list[Floats] = []
    for arm in (~treated, treated):
        ordered, dying = np.sort(time[arm]), np.sort(time[arm & event])
        at_risk = len(ordered) - np.searchsorted(ordered, times, side="left")
        deaths = np.searchsorted(dying, times, side="right") - np.searchsorted(dying, times, side="left")
        counts += [at_risk.astype(np.float64), deaths.astype(np.float64)]
    total = (counts[1] + counts[3]).astype(np.int64)
    of_time = np.repeat(np.arange(len(times)), total)
    order = np.arange(len(of_time)) - np.repeat(np.cumsum(total) - total, total)
    share = order / total[of_time] if ties == "efron" else np.zeros(len(of_time))
    return counts[0][of_time] - share * counts[1][of_time], counts[2][of_time] - share * counts[3][of_time]


def _maximum(reference_risk: Floats, treated_risk: Floats, deaths: int) -> tuple[float, float]:
    """Log hazard ratio of the greatest likelihood, and the information there."""
    log_ratio = 0.0
    for _ in range(_STEPS):
        share = treated_risk / (treated_risk + reference_risk * math.exp(-log_ratio))
        information = float((share * (1.0 - share)).sum())
        step = (deaths - float(share.sum())) / information
        step = math.copysign(min(abs(step), 1.0), step)
        log_ratio += step
        if abs(step) < _CLOSE:
            break
    share = treated_risk / (treated_risk + reference_risk * math.exp(-log_ratio))
    return log_ratio, float((share * (1.0 - share)).sum())
