"""How far the model misses a trial that it was not fitted to, learned inside the fit set.

Each trial is left out of the fit in turn and predicted (``her2sim.study.fit_blind``). What its figures are off by is
more than sampling, posterior and emulator explain; the rest is the unseen-trial discrepancy. Its variance is found for
each kind of figure by the most likely value under the same Student's t as in the fit, with a prior around the
discrepancy that the fit assumes between trials of one regimen (a scaled inverse chi-square that counts as two trials),
and is never less than that.

PFS, and OS alike, have two parts on the scale of log time: one that the arms of a trial share, which a hazard ratio
does not see, and one of each arm, which it sees twice. So the intervals of medians, landmark rates and hazard ratios
agree.

Only figures that the fit may read come in (``her2sim.study.fit_targets``): published figures of other trials cannot.
Predictive intervals with an estimated between-trial variance: Higgins 2009, doi:10.1111/j.1467-985X.2008.00552.x.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.study.fit import Fit
from her2sim.study.fit_blind import Blind
from her2sim.study.fit_targets import Target, settings

Floats = NDArray[np.float64]
RESPONSES, CURVES = ("ORR", "CR"), ("PFS", "OS")
STRATUM = "stratum"
LEVEL = 0.90


@dataclass(frozen=True)
class Missed:
    """One figure of a trial that was left out.

    Main arguments:
        trial, arm, reference: whose figure it is.
        figure: ``ORR``, ``CR``, ``PFS_median``, ``PFS_rate``, ``PFS_HR`` and the like for OS; ``TTP_median``.
        by: predicted less published: logit of a rate of response, log of a median or ratio, log of the cumulative
            hazard at a landmark.
        variance: of what is known to add to it: sampling of the trial, posterior and emulator.
        stratum: whether it is of a part of the patients.
    """

    trial: str
    arm: str
    reference: str
    figure: str
    by: float
    variance: float
    stratum: bool = False

    @property
    def family(self) -> str:
        """``ORR``, ``CR``, ``PFS`` or ``OS``: figures that share their discrepancy."""
        family = self.figure.partition("_")[0]
        return "PFS" if family in ("TTP", "DoR") else family

    @property
    def kind(self) -> str:
        """The kind of discrepancy: the family, or ``PFS ratio`` and ``OS ratio``."""
        return f"{self.family} ratio" if self.reference else self.family


@dataclass(frozen=True)
class Discrepancy:
    """What to add to the interval of a figure of an unseen trial.

    Main arguments:
        sd: kind -> standard deviation; ``stratum`` is added in quadrature for strata.
        degrees: of freedom of Student's t.
        figures, trials: how many it was learned from.
        covered: kind of figure -> figures inside their 90 % interval and figures in all, each with a discrepancy
            learned without its trial.
        low, high: kind -> smallest and largest value with one trial left out.
    """

    sd: Mapping[str, float]
    degrees: float
    figures: int
    trials: int
    covered: Mapping[str, tuple[int, int]]
    low: Mapping[str, float]
    high: Mapping[str, float]


def missed_figures(result: Fit, left_out: Mapping[str, Blind]) -> list[Missed]:
    """What every figure of the fit is off by when its trial is left out.

    Main arguments:
        result: the fit.
        left_out: trial -> its prediction (``leave_one_trial_out``).
    """
    rows: list[Missed] = []
    for place, target in enumerate(result.data.targets):
        blind = left_out[target.trial]
        value, sd = float(blind.figures[place]), float(blind.sd[place])
        if math.isfinite(value) and math.isfinite(sd):
            rows.append(_missed(target, value, math.hypot(sd, target.sampling)))
    return rows


def _missed(target: Target, value: float, sd: float) -> Missed:
    by = value - target.value
    if target.kind.endswith("_rate"):  # from the logit of a share to the log of its cumulative hazard
        by = _log_hazard(value) - _log_hazard(target.value)
        share = 1.0 / (1.0 + math.exp(-target.value))
        sd *= (share - 1.0) / math.log(share)
    return Missed(target.trial, target.arm, target.reference, target.kind, by, sd**2, bool(target.words))


def _log_hazard(logit: float) -> float:
    return math.log(math.log1p(math.exp(-logit)))


def learned(rows: Sequence[Missed], degrees: float) -> dict[str, float]:
    """Kind -> standard deviation, from figures of trials that were left out.

    Main arguments:
        rows: the figures; those of strata serve for ``stratum`` only.
        degrees: of Student's t of an error over its standard deviation.

    >>> rows = [Missed(f"T{k}", "A", "", "ORR", by, 0.01) for k, by in enumerate([-0.5, 0.4, 0.5, -0.4, 0.45, -0.45])]
    >>> 0.3 < learned(rows, 1e6)["ORR"] < 0.5
    True
    """
    assumed = settings()["discrepancy"]
    found: dict[str, float] = {}
    for name in RESPONSES:
        mine = [row for row in rows if row.family == name and not row.stratum]
        (found[name],) = np.sqrt(_most_likely(mine, np.ones((len(mine), 1)), [assumed[name] ** 2], degrees))
    for name in CURVES:
        mine = [row for row in rows if row.family == name and not row.stratum]
        seen = np.array([[0.0, 2.0] if row.reference else [1.0, 1.0] for row in mine]).reshape(len(mine), 2)
        own = 0.5 * assumed[f"{name}_HR"] ** 2
        shared = max(assumed[f"{name}_median"] ** 2 - own, own)
        common, each = _most_likely(mine, seen, [shared, own], degrees)
        found[name], found[f"{name} ratio"] = math.sqrt(common + each), math.sqrt(2.0 * each)
    mine = [row for row in rows if row.stratum]
    known = np.array([found[row.kind] ** 2 for row in mine])
    prior = [settings()["discrepancy_stratum"] ** 2]
    (found[STRATUM],) = np.sqrt(_most_likely(mine, np.ones((len(mine), 1)), prior, degrees, known))
    return {kind: max(float(value), float(least)) for kind, value in found.items() for least in [_least(kind)]}


def _least(kind: str) -> float:
    """What the fit assumes between trials of one regimen: no trial that the model has not seen is missed by less."""
    assumed = settings()["discrepancy"]
    if kind == STRATUM:
        return settings()["discrepancy_stratum"]
    name, _, ratio = kind.partition(" ")
    return assumed[f"{name}_HR" if ratio else f"{name}_median" if name in CURVES else name]


def _most_likely(
    rows: Sequence[Missed], seen: Floats, assumed: Sequence[float], degrees: float, known: Floats | None = None
) -> Floats:
    """Variances of greatest posterior density.

    Main arguments:
        rows: figures, (n,).
        seen: (n, n_parts) how often a figure sees each part.
        assumed: (n_parts,) variances around which the prior lies.

    Other arguments:
        known: (n,) variance that is there already.
    """
    from scipy.optimize import minimize

    by = np.array([row.by for row in rows])
    base = np.array([row.variance for row in rows]) + (0.0 if known is None else known)
    count = Counter((row.trial, row.arm, row.reference, row.family, row.stratum) for row in rows)
    # figures of one arm tell the same thing several times, so they count as one together
    weight = np.array([1.0 / count[row.trial, row.arm, row.reference, row.family, row.stratum] for row in rows])
    around, worth = np.array(assumed), float(settings()["unseen_prior_degrees"])

    def cost(log_variance: Floats) -> float:
        parts = np.exp(log_variance)
        variance = base + seen @ parts
        like = 0.5 * (degrees + 1.0) * np.log1p(by**2 / variance / degrees) + 0.5 * np.log(variance)
        return float(weight @ like + 0.5 * worth * (log_variance + around / parts).sum())

    start = np.log(around)
    found = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7})
    return np.exp(np.asarray(found.x, dtype=np.float64))


def inside(rows: Sequence[Missed], sd: Mapping[str, float], degrees: float) -> list[bool]:
    """Whether each published figure lies in the 90 % interval of its prediction."""
    from scipy.stats import t

    width = float(t.ppf(0.5 + LEVEL / 2.0, degrees))
    return [
        abs(row.by) <= width * math.sqrt(row.variance + sd[row.kind] ** 2 + (sd[STRATUM] ** 2 if row.stratum else 0.0))
        for row in rows
    ]


def unseen_discrepancy(result: Fit, left_out: Mapping[str, Blind]) -> Discrepancy:
    """The discrepancy of unseen trials, learned from those of the fit, with a check that is blind to each trial.

    Main arguments:
        result: the fit.
        left_out: trial -> its prediction (``leave_one_trial_out``).
    """
    return discrepancy_of(missed_figures(result, left_out), float(settings()["robust_degrees"]))


def discrepancy_of(rows: Sequence[Missed], degrees: float) -> Discrepancy:
    """The same from figures of trials that were left out.

    Main arguments:
        rows: the figures.
        degrees: of Student's t.
    """
    trials = sorted({row.trial for row in rows})
    whole = learned(rows, degrees)
    without = {trial: learned([row for row in rows if row.trial != trial], degrees) for trial in trials}
    held: dict[str, list[bool]] = {}
    for row in rows:
        figure = "strata" if row.stratum else row.figure
        held.setdefault(figure, []).extend(inside([row], without[row.trial], degrees))
    return Discrepancy(
        sd=whole,
        degrees=degrees,
        figures=len(rows),
        trials=len(trials),
        covered={figure: (sum(told), len(told)) for figure, told in held.items()},
        low={kind: min(each[kind] for each in without.values()) for kind in whole},
        high={kind: max(each[kind] for each in without.values()) for kind in whole},
    )
