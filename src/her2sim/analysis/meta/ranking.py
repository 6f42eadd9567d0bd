"""Ranking of treatments by P-scores: the mean certainty that a treatment is better than each other one.

Source: Rücker G, Schwarzer G. BMC Med Res Methodol 2015;15:58, doi:10.1186/s12874-015-0060-8.
"""

from __future__ import annotations

from statistics import NormalDist

from her2sim.analysis.meta.network import Effects


def p_scores(effects: Effects, *, small_is_good: bool = True) -> dict[str, float]:
    """P-score of each treatment, 0 to 1, best first.

    A P-score ranks, it does not tell how much better a treatment is: always show the effects with it.

    Main arguments:
        effects: of a network under one model.

    Other arguments:
        small_is_good: whether smaller effects are better, as for hazard ratios; False for response.

    >>> from her2sim.analysis.meta.comparisons import Comparison
    >>> from her2sim.analysis.meta.network import network
    >>> scores = p_scores(network([Comparison("1", "A", "B", -3.0, 0.1)]).fixed)
    >>> [(name, round(score, 3)) for name, score in scores.items()]
    [('A', 1.0), ('B', 0.0)]
    """
    normal = NormalDist()
    sign = -1.0 if small_is_good else 1.0
    found: dict[str, float] = {}
    for row, name in enumerate(effects.names):
        certainties: list[float] = []
        for column in range(len(effects.names)):
            if column == row:
                continue
            value, error = float(effects.values[row, column]), float(effects.std_errors[row, column])
            certainties.append(normal.cdf(sign * value / error) if error > 0.0 else 0.5)
        found[name] = sum(certainties) / len(certainties) if certainties else 0.5
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
