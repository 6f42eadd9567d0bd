"""Kaplan-Meier curves with Greenwood's error, as R's ``survival::survfit`` gives them.

Sources: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457, doi:10.1080/01621459.1958.10501452. Brookmeyer R, Crowley J.
Biometrics 1982;38:29, doi:10.2307/2530286 (interval of the median).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.estimate import Estimate
from her2sim.core.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ConfidenceType = Literal["log-log", "log", "plain"]
_CONFIDENCE_TYPES = ("log-log", "log", "plain")
_TIE = 1e-9
"""Two survival probabilities closer than this are the same (R: sqrt of the machine precision is coarser)."""


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier curve at its distinct times (of events and of censoring).

    Main arguments:
        time: (n_times,) increasing.
        at_risk, events, censored: (n_times,) whole counts; at risk just before the time.
        survival: (n_times,) probability of no event up to and including the time.
        std_error: (n_times,) Greenwood's standard error of ``survival``; NaN where survival is 0.
        low, high: (n_times,) pointwise confidence limits; NaN where survival is 0.
        n: number of patients.
        confidence: how the limits were made, and their level.
    """

    time: Floats
    at_risk: Ints
    events: Ints
    censored: Ints
    survival: Floats
    std_error: Floats
    low: Floats
    high: Floats
    n: int
    confidence: tuple[ConfidenceType, float]

    def frame(self) -> pd.DataFrame:
        """The curve as a table, from which figures are drawn: one row per time, starting at time 0."""
        import pandas as pd

        zero, one = [0.0], [1.0]
        return pd.DataFrame(
            {
                "time": np.concatenate([zero, self.time]),
                "at_risk": np.concatenate([[self.n], self.at_risk]).astype(np.int64),
                "events": np.concatenate([[0], self.events]).astype(np.int64),
                "censored": np.concatenate([[0], self.censored]).astype(np.int64),
                "survival": np.concatenate([one, self.survival]),
                "std_error": np.concatenate([zero, self.std_error]),
                "low": np.concatenate([one, self.low]),
                "high": np.concatenate([one, self.high]),
            }
        )


def kaplan_meier(
    time: Floats, event: Bools, *, confidence: ConfidenceType = "log-log", level: float = 0.95
) -> SurvivalCurve:
    """Estimate the probability of no event over time.

    S(t) is the product over event times of (1 - d/n); Greenwood's variance of log S is the sum of d / (n (n - d)).
    Patients censored at the time of an event are at risk for it.

    Main arguments:
        time: (n,) times to event or censoring, in any unit.
        event: (n,) bool.

    Other arguments:
        confidence: ``log-log`` (usual in oncology, SAS default), ``log`` (R default) or ``plain``.
        level: of the confidence limits.

    Raises:
        InputError: if there is no patient, a time is NaN or negative, or shapes differ.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True]))
    >>> curve.survival.tolist(), curve.at_risk.tolist()
    ([0.75, 0.5, 0.5, 0.0], [4, 3, 2, 1])
    """
    check_times(time, event)
    if confidence not in _CONFIDENCE_TYPES:
        raise InputError(
            f"unknown type of confidence limits {confidence!r}.", hint=did_you_mean(confidence, _CONFIDENCE_TYPES)
        )
    times, position = np.unique(time, return_inverse=True)
    events = np.bincount(position, weights=event, minlength=len(times)).astype(np.int64)
    leaving = np.bincount(position, minlength=len(times))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    survival = np.cumprod(1.0 - events / at_risk).astype(np.float64)
    survival[np.cumsum(at_risk == events) > 0] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        log_error = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64))))
    log_error[survival == 0.0] = np.nan
    low, high = _limits(survival, log_error, confidence, level)
    return SurvivalCurve(
        time=times,
        at_risk=at_risk.astype(np.int64),
        events=events,
        censored=(leaving - events).astype(np.int64),
        survival=survival,
        std_error=survival * log_error,
        low=low,
        high=high,
        n=len(time),
        confidence=(confidence, level),
    )


def survival_quantile(curve: SurvivalCurve, fraction: float = 0.5) -> Estimate:
    """Time by which ``fraction`` of the patients have had the event; 0.5 is the median.

    Where the curve runs flat exactly at the level, the middle of that stretch, as in R. The interval holds the times at
    which the confidence limits cross the same level (Brookmeyer and Crowley 1982). A bound is None where its limit
    never falls that low.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, True, True]))
    >>> survival_quantile(curve).value
    2.5
    """
    level = 1.0 - fraction
    value = _crossing(curve.time, curve.survival, level)
    low = _crossing(curve.time, curve.low, level)
    high = _crossing(curve.time, curve.high, level)
    return Estimate(value, low, high, reason="" if value is not None else "not reached")


def survival_at(curve: SurvivalCurve, time: float) -> Estimate:
    """Probability of no event by ``time``, with its limits; unknown after the last patient was censored.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, False, False]))
    >>> survival_at(curve, 2.5).value, survival_at(curve, 9.0).reason
    (0.75, 'no patient followed so long')
    """
    place = int(np.searchsorted(curve.time, time, side="right")) - 1
    if place < 0:
        return Estimate(1.0, 1.0, 1.0)
    survival = float(curve.survival[place])
    if time > curve.time[-1] and survival > 0.0:
        return Estimate(None, reason="no patient followed so long")
    low, high = float(curve.low[place]), float(curve.high[place])
    return Estimate(survival, None if np.isnan(low) else low, None if np.isnan(high) else high)


def risk_table(curve: SurvivalCurve, times: Sequence[float]) -> pd.DataFrame:
    """Numbers under a Kaplan-Meier figure, as whole counts.

    Columns: ``time``; ``at_risk``, patients without event and still followed just before it; ``events`` and
    ``censored``, cumulative up to and including it. At every time at_risk = n - events - censored counted before it.

    Main arguments:
        times: times of the columns under the figure, in the unit of the curve.
    """
    import pandas as pd

    asked = np.asarray(times, dtype=np.float64)
    before = np.searchsorted(curve.time, asked, side="left")
    until = np.searchsorted(curve.time, asked, side="right")
    events = np.concatenate([[0], np.cumsum(curve.events)])
    censored = np.concatenate([[0], np.cumsum(curve.censored)])
    return pd.DataFrame(
        {
            "time": asked,
            "at_risk": curve.n - events[before] - censored[before],
            "events": events[until],
            "censored": censored[until],
        }
    )


def restricted_mean(curve: SurvivalCurve, horizon: float) -> Estimate:
    """Mean time without event up to ``horizon`` (area under the curve), with a normal interval.

    The variance is the sum over event times of A^2 d / (n (n - d)), A the area right of the time (Klein and
    Moeschberger, Survival Analysis, 2nd ed., section 4.5).

    >>> curve = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))
    >>> restricted_mean(curve, 2.0).value
    1.5
    """
    if horizon > curve.time[-1] and curve.survival[-1] > 0.0:
        return Estimate(None, reason="no patient followed so long")
    inside = curve.time < horizon
    edges = np.concatenate([[0.0], curve.time[inside], [horizon]])
    heights = np.concatenate([[1.0], curve.survival[inside]])
    areas = np.diff(edges) * heights
    remaining = np.cumsum(areas[::-1])[::-1][1:]
    at_risk, events = curve.at_risk[inside], curve.events[inside]
    left = at_risk - events
    terms = np.where(left > 0, remaining**2 * events / np.where(left > 0, at_risk * left, 1), 0.0)
    half = NormalDist().inv_cdf(0.5 + curve.confidence[1] / 2.0) * float(np.sqrt(terms.sum()))
    mean = float(areas.sum())
    return Estimate(mean, max(mean - half, 0.0), min(mean + half, horizon))


def check_times(time: Floats, event: Bools) -> None:
    """Refuse times that cannot be analyzed.

    Raises:
        InputError: if there is no patient, a time is NaN or negative, or shapes differ.
    """
    if time.ndim != 1 or time.shape != event.shape:
        raise InputError(f"times have shape {time.shape} and events {event.shape}; both must be (n_patients,).")
    if len(time) == 0:
        raise InputError("there is no patient to analyze.")
    if bool(np.isnan(time).any()) or bool((time < 0.0).any()):
        raise InputError(
            "a time to event is missing or negative.", hint="Leave out patients to whom the endpoint does not apply."
        )


def _limits(survival: Floats, log_error: Floats, confidence: ConfidenceType, level: float) -> tuple[Floats, Floats]:
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    gone, full = survival == 0.0, survival == 1.0
    inner = np.where(gone | full, 0.5, survival)
    if confidence == "plain":
        low, high = survival * (1.0 - z * log_error), survival * (1.0 + z * log_error)
    elif confidence == "log":
        low, high = inner * np.exp(-z * log_error), inner * np.exp(z * log_error)
    else:
        half = z * log_error / np.log(inner)
        center = np.log(-np.log(inner))
        low, high = np.exp(-np.exp(center - half)), np.exp(-np.exp(center + half))
    low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    low, high = np.where(full, 1.0, low), np.where(full, 1.0, high)
    return np.where(gone, np.nan, low), np.where(gone, np.nan, high)


def _crossing(time: Floats, curve: Floats, level: float) -> float | None:
    known = ~np.isnan(curve)
    times, values = time[known], curve[known]
    below = np.flatnonzero(values < level - _TIE)
    level_hits = np.flatnonzero(np.abs(values - level) <= _TIE)
    if len(level_hits):
        end = times[below[0]] if len(below) else times[level_hits[-1]]
        return float((times[level_hits[0]] + end) / 2.0)
    return float(times[below[0]]) if len(below) else None
