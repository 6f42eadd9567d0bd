"""Whether a fact holds: its checks on the simulated patients, and on resamples of them for the Monte Carlo error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.study.facts.cohorts import CohortOutcome
from her2sim.study.facts.fact import UNITS, Check, Fact, Figure
from her2sim.study.facts.figures import value_of

Ints = NDArray[np.int64]
LEVEL = (2.5, 97.5)


@dataclass(frozen=True)
class Checked:
    """One check with its simulated numbers.

    Main arguments:
        check: what was asked.
        value, low, high: the simulated figure and its Monte Carlo interval (95 %, over resampled patients).
        than: what it was compared with, ``times`` included; NaN for ``size`` and ``between``.
        holds: whether the check holds.
        certainty: share of resamples in which it holds.
    """

    check: Check
    value: float
    low: float
    high: float
    than: float
    holds: bool
    certainty: float


@dataclass(frozen=True)
class FactResult:
    """A fact with all its checks; it holds if all hold.

    Main arguments:
        fact, checked: the fact and its checks.
        certainty: share of resamples in which all checks hold.
    """

    fact: Fact
    checked: tuple[Checked, ...]
    certainty: float

    @property
    def holds(self) -> bool:
        """Whether all checks hold on the simulated patients."""
        return all(each.holds for each in self.checked)

    def reasons(self) -> list[str]:
        """What failed, in words."""
        return [_reason(each) for each in self.checked if not each.holds]


def resamples(patients: int, seed: int, count: int) -> list[Ints]:
    """All patients first, then ``count`` bootstrap samples of their numbers; the same for every cohort."""
    draws = [stream(seed, index, "facts/resample").integers(0, patients, patients) for index in range(count)]
    return [np.arange(patients, dtype=np.int64), *(np.asarray(d, dtype=np.int64) for d in draws)]


def judge(
    fact: Fact, outcomes: Mapping[str, CohortOutcome], samples: list[Ints], readings: Mapping[str, float]
) -> FactResult:
    """Judge one fact.

    Main arguments:
        outcomes: cohort -> outcome; all of one number of patients.
        samples: from ``resamples``; the first decides, the others give the Monte Carlo error.
        readings: ``FactBase.readings``.
    """

    def values(figure: Figure) -> NDArray[np.float64]:
        return np.array([value_of(figure, outcomes[figure.cohort], rows, readings) for rows in samples])

    checked: list[Checked] = []
    together = np.ones(len(samples), dtype=np.bool_)
    for check in fact.checks:
        found = values(check.figure)
        limit = np.full(len(samples), np.nan)
        if check.test in ("less", "more"):
            limit = check.times * (
                values(check.than) if isinstance(check.than, Figure) else np.full(len(samples), check.than)
            )
        holds = passes(check, found, limit)
        together &= holds
        low, high = (
            (float(np.percentile(found[1:], p, method="nearest")) for p in LEVEL)
            if len(samples) > 1
            else (found[0],) * 2
        )
        certainty = float(holds[1:].mean()) if len(samples) > 1 else float(holds[0])
        checked.append(
            Checked(check, float(found[0]), float(low), float(high), float(limit[0]), bool(holds[0]), certainty)
        )
    sure = float(together[1:].mean()) if len(samples) > 1 else float(together[0])
    return FactResult(fact, tuple(checked), sure)


def passes(check: Check, found: NDArray[np.float64], limit: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a check holds, (n_samples,).

    >>> from her2sim.study.facts.fact import load_facts
    >>> size = load_facts().facts[0].checks[0]
    >>> passes(size, np.array([0.70, 0.95]), np.array([np.nan, np.nan])).tolist()
    [True, False]
    """
    if check.test == "less":
        return found < limit
    if check.test == "more":
        return found > limit
    if check.test == "between":
        return (found >= check.low) & (found <= check.high)
    if check.factor:
        with np.errstate(divide="ignore"):
            return np.abs(np.log(found) - math.log(check.published)) <= math.log(check.factor)
    return np.abs(found - check.published) <= check.points


def asked(check: Check) -> str:
    """What a check asks, in words, without the figure's name."""
    if check.test == "between":
        return f"between {_plain(check.low)} and {_plain(check.high)}"
    if check.test == "size":
        within = f"a factor {check.factor:g}" if check.factor else f"{check.points:g} points"
        return f"within {within} of {_plain(check.published)}"
    word = "below" if check.test == "less" else "above"
    if isinstance(check.than, Figure):
        times = "" if check.times == 1.0 else f"{check.times:g} times "
        return f"{word} {times}{name_of(check.than, check.figure)}"
    return f"{word} {_plain(check.than * check.times)}"


def name_of(figure: Figure, beside: Figure | None = None) -> str:
    """A figure in words; only what differs from the figure ``beside``."""
    kind = figure.quantity.replace("_", " ")
    if figure.month:
        kind += f" at {figure.month:g} months"
    if figure.arm and figure.reference:
        kind += f" of {figure.arm} v {figure.reference}"
    elif figure.arm:
        kind += f" of {figure.arm}"
    if figure.where:
        kind += f", {figure.where}"
    if beside is None or beside.cohort != figure.cohort:
        kind += f" ({figure.cohort.replace('_', ' ')})"
    return kind


def number(value: float, quantity: str) -> str:
    """A value with the unit of its quantity."""
    if math.isinf(value):
        return "not reached"
    unit = UNITS.get(quantity, "percent")
    return f"{value:.2f}" if not unit else f"{value:.1f} {'mo' if unit == 'months' else '%'}"


def _plain(value: float) -> str:
    return f"{value:g}"


def _reason(each: Checked) -> str:
    figure = each.check.figure
    text = f"{name_of(figure)} is {number(each.value, figure.quantity)}, asked {asked(each.check)}"
    if not math.isnan(each.than) and isinstance(each.check.than, Figure):
        text += f" ({number(each.than, figure.quantity)})"
    return text
