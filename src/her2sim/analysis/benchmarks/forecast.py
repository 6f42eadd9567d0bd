"""What the benchmarks say of a trial ahead of its results, or of a published one as if they were not known."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from her2sim.analysis.benchmarks.arm_figures import arm_figures, described, natural, outcome_rule
from her2sim.analysis.benchmarks.class_average import class_average, line_average
from her2sim.analysis.benchmarks.component_ratios import predicted_ratio
from her2sim.analysis.benchmarks.leave_one_out import AVERAGE, COMPONENTS, INDEPENDENT, LINE, RIDGE, curve_shapes
from her2sim.analysis.benchmarks.partners import IndependentAction, usual_correlation
from her2sim.analysis.benchmarks.prediction import Z90, Predictor
from her2sim.analysis.benchmarks.ridge import ridge
from her2sim.analysis.meta.treatments import components_of, drugs_of, groups_of
from her2sim.analysis.meta.trial_effects import trial_effects
from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.types import TrialRecord


@dataclass(frozen=True)
class Forecast:
    """One prediction in percent, months or as a ratio.

    Main arguments:
        outcome, method: what by what.
        arm, reference: the arm; the arm it is compared with, empty for figures of one arm.
        value: predicted.
        low, high: 90 % prediction interval without the sampling error of the trial; None where the method gives none.
        basis: what it rests on.
    """

    outcome: str
    method: str
    arm: str
    reference: str
    value: float
    low: float | None
    high: float | None
    basis: str


def forecast_arms(
    records: Sequence[TrialRecord], trial: TrialRecord, outcome: str, *, visible: Collection[str] | None = None
) -> tuple[Forecast, ...]:
    """What each benchmark says of the arms of a trial; nothing of the trial's own results is looked at.

    Main arguments:
        records: of the evidence base; the trial itself is left out if it is among them.
        trial: published, ongoing, withheld or made up.
        outcome: ``ORR``, ``PFS median``, ``OS median`` or ``pCR``.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Raises:
        InputError: unknown outcome.
    """
    rule = outcome_rule(outcome)
    others = [record for record in records if record.id != trial.id]
    known = arm_figures(others, outcome, visible=visible)
    wanted = [described(trial, arm) for arm in trial.arms]
    methods: dict[str, Predictor] = {LINE: line_average, AVERAGE: class_average, RIDGE: ridge}
    if outcome in ("ORR", "PFS median"):
        methods[INDEPENDENT] = IndependentAction(outcome, usual_correlation(), curve_shapes(others))
    rows: list[Forecast] = []
    for name, method in methods.items():
        for arm, each in zip(wanted, method(known, wanted), strict=True):
            if each is None:
                continue
            bounds = (
                (None, None)
                if math.isnan(each.error)
                else (each.value - Z90 * each.error, each.value + Z90 * each.error)
            )
            low, high = (None if bound is None else natural(bound, rule) for bound in bounds)
            rows.append(Forecast(outcome, name, arm.arm, "", natural(each.value, rule), low, high, each.basis))
    return tuple(rows)


def forecast_ratio(
    records: Sequence[TrialRecord],
    trial: TrialRecord,
    outcome: str,
    arm: str,
    reference: str,
    *,
    visible: Collection[str] | None = None,
) -> Forecast | None:
    """Hazard ratio of two arms of a trial by the additive component model of the other trials of its disease.

    Main arguments:
        records, trial: as for ``forecast_arms``.
        outcome: ``PFS``, ``OS`` or ``DFS``.
        arm, reference: names of two arms of the trial.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Returns None where the other trials do not tell it.

    Raises:
        InputError: unknown outcome or arm.
    """
    makeup = {each.name: components_of(groups_of(drugs_of(each))) for each in trial.arms}
    for name in (arm, reference):
        if name not in makeup:
            raise InputError(f"{trial.id} has no arm {name!r}.", hint=did_you_mean(name, makeup))
    beginning = trial.setting.split("-")[0] if trial.setting.startswith("metastatic") else trial.setting
    others = [record for record in records if record.id != trial.id]
    effects = trial_effects(others, outcome, disease=trial.disease, setting=beginning, visible=visible)
    found = predicted_ratio(effects.comparisons, effects.compositions, makeup[arm], makeup[reference])
    if found is None:
        return None
    low, high = (math.exp(found.value + sign * Z90 * found.error) for sign in (-1.0, 1.0))
    return Forecast(outcome, COMPONENTS, arm, reference, math.exp(found.value), low, high, found.basis)
