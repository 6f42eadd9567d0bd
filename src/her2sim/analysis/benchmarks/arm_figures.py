"""The figures of arms that benchmarks learn from and are judged by: response rates, median times, pCR.

One figure per arm and outcome: seen at its source rather than recalled, by the trial's main assessor, from the latest
data cut, with an interval, in this order; the first listed among equals. Strata and arms that repeat patients of other
arms are left out. Times are in months, rates in percent, whatever the source's unit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.common_terms import common_endpoint, in_common_unit
from her2sim.analysis.meta.treatments import (
    ArmOutcome,
    choices,
    counts_as_arm,
    drugs_of,
    groups_of,
    kinds_of,
    of_stratum,
)
from her2sim.analysis.meta.trial_effects import main_assessor, usable
from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.types import Arm, Result, TrialRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ArmFigure:
    """A published figure of an arm with what a benchmark may know of the arm.

    Main arguments:
        trial, arm: where it comes from.
        disease, setting: of the trial.
        drugs, groups: drug, and group of drugs, to the share of patients.
        kinds: kinds of treatment, the class of the arm.
        value: months or percent.
        transformed: ``value`` on the scale of the outcome (log, or logit of the counts with half a patient added).
        variance: sampling variance of ``transformed``.
        n: patients.
        read: whether the figure was seen at its source.
    """

    trial: str
    arm: str
    disease: str
    setting: str
    drugs: Mapping[str, float]
    groups: Mapping[str, float]
    kinds: tuple[str, ...]
    value: float
    transformed: float
    variance: float
    n: int
    read: bool


def arm_figures(
    records: Iterable[TrialRecord], outcome: str, *, visible: Collection[str] | None = None
) -> tuple[ArmFigure, ...]:
    """All figures of an outcome.

    Main arguments:
        records: of the evidence base.
        outcome: a name of ``arm_figures`` in ``data/meta/treatments.yaml``: ``ORR``, ``PFS median``, ``OS median``,
            ``pCR``.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Raises:
        InputError: unknown outcome.
    """
    rule = outcome_rule(outcome)
    found: list[ArmFigure] = []
    for record in records:
        if not usable(record, visible) or record.disease == "other" or not record.setting.startswith(rule.settings):
            continue
        for arm in record.arms:
            n = arm.n
            result = _main_figure(arm, record, rule) if counts_as_arm(arm, record) else None
            if result is None:
                continue
            n = result.n_evaluated or n
            figure = in_common_unit(result.value, result.unit, None, None)
            if not n or figure.value is None or figure.unit != rule.unit or (rule.scale == "log" and figure.value <= 0):
                continue
            transformed, variance = transformed_figure(figure.value, n, rule)
            found.append(
                replace(
                    described(record, arm),
                    value=figure.value,
                    transformed=transformed,
                    variance=variance,
                    n=n,
                    read=result.read,
                )
            )
    return tuple(found)


def described(record: TrialRecord, arm: Arm) -> ArmFigure:
    """What a benchmark may know of an arm, without any figure (they are NaN): for predictions ahead of results."""
    drugs = drugs_of(arm)
    groups = groups_of(drugs)
    return ArmFigure(
        trial=record.id,
        arm=arm.name,
        disease=record.disease,
        setting=record.setting,
        drugs=drugs,
        groups=groups,
        kinds=kinds_of(groups),
        value=math.nan,
        transformed=math.nan,
        variance=math.nan,
        n=arm.n or 0,
        read=False,
    )


def outcome_rule(outcome: str) -> ArmOutcome:
    """The definition of an outcome. Raises ``InputError`` for an unknown one."""
    table = choices().arm_figures
    if outcome not in table:
        raise InputError(f"unknown outcome {outcome!r}.", hint=did_you_mean(outcome, table))
    return table[outcome]


def transformed_figure(value: float, n: int, rule: ArmOutcome) -> tuple[float, float]:
    """A figure on the scale of its outcome, and its sampling variance there.

    The variance of a log median is that of exponential times: one over the number of events.

    Main arguments:
        value: percent or months.
        n: patients.
    """
    if rule.scale == "log":
        return math.log(value), 1.0 / (choices().event_share * n)
    count = value / 100.0 * n
    share = (count + 0.5) / (n + 1.0)
    return math.log(share / (1.0 - share)), 1.0 / (count + 0.5) + 1.0 / (n - count + 0.5)


def natural(transformed: float, rule: ArmOutcome) -> float:
    """Back from the scale of the outcome to percent or months.

    >>> natural(0.0, outcome_rule("ORR")), natural(0.0, outcome_rule("PFS median"))
    (50.0, 1.0)
    """
    if rule.scale == "log":
        return math.exp(transformed)
    return 100.0 / (1.0 + math.exp(-transformed))


def _main_figure(arm: Arm, record: TrialRecord, rule: ArmOutcome) -> Result | None:
    for endpoint in rule.endpoints:
        known = [
            each
            for each in arm.results
            if common_endpoint(each.endpoint) == endpoint and each.value is not None and not of_stratum(each)
        ]
        if known:
            return max(known, key=lambda each: (each.read, main_assessor(each, record), each.data_cut, bool(each.ci95)))
    return None


def values(figures: Sequence[ArmFigure]) -> tuple[Floats, Floats]:
    """Transformed figures and their sampling variances, (n,) each."""
    return np.array([each.transformed for each in figures]), np.array([each.variance for each in figures])
