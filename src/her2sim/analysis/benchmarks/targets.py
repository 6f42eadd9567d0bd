"""What every benchmark says of given figures, each from the results of other trials only.

The entrance for those who judge a model of trials: a list of target figures goes in, a plain table of predictions comes
out. A figure's own trial, records of the same registry number and all excluded trials never enter what is learned from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, arm_figures, described, natural, outcome_rule
from her2sim.analysis.benchmarks.class_average import class_average, line_average
from her2sim.analysis.benchmarks.component_ratios import mean_ratio, predicted_ratio
from her2sim.analysis.benchmarks.independent_action import TimeCurve
from her2sim.analysis.benchmarks.leave_one_out import (
    AVERAGE,
    COMPONENTS,
    INDEPENDENT,
    LINE,
    MEAN_RATIO,
    NO_EFFECT,
    RIDGE,
    curve_shapes,
)
from her2sim.analysis.benchmarks.partners import IndependentAction, usual_correlation
from her2sim.analysis.benchmarks.prediction import Z90, Prediction, Predictor
from her2sim.analysis.benchmarks.ridge import ridge
from her2sim.analysis.common_terms import common_endpoint, landmark_of
from her2sim.analysis.meta.treatments import choices, components_of, drugs_of, groups_of
from her2sim.analysis.meta.trial_effects import TrialEffects, trial_effects
from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.types import Arm, TrialRecord

_WITH_PARTNERS = ("ORR", "PFS median")
_PART = re.compile(r" \(\d+\)$")


@dataclass(frozen=True)
class Target:
    """A figure to predict.

    Main arguments:
        trial: id of its record.
        arm: name of the arm.
        endpoint: as in records: ``ORR``, ``PFS_median``, ``OS_rate_12mo``, ``pCR_total`` …; of a comparison ``PFS``,
            ``OS``, ``iDFS`` …

    Other arguments:
        reference: the arm it is compared with; empty for figures of one arm.
    """

    trial: str
    arm: str
    endpoint: str
    reference: str = ""


@dataclass(frozen=True)
class TargetPrediction:
    """What one benchmark says of one target.

    Main arguments:
        trial, arm, reference, endpoint: the target, as asked.
        benchmark: its name.
        predicted: percent, months, or a hazard ratio.
        unit: ``percent``, ``months`` or ``ratio``.
        low, high: 90 % prediction interval without the sampling error of the figure; None where there is none.
        basis: what it rests on.
    """

    trial: str
    arm: str
    reference: str
    endpoint: str
    benchmark: str
    predicted: float
    unit: str
    low: float | None
    high: float | None
    basis: str


def predict_targets(
    records: Sequence[TrialRecord],
    targets: Sequence[Target],
    *,
    excluded: Collection[str] = (),
    visible: Collection[str] | None = None,
) -> tuple[TargetPrediction, ...]:
    """Predictions of every benchmark for given figures, leaving out the trial of each.

    Main arguments:
        records: of the evidence base, the targets' trials among them (or made up and added); results of a target's own
            trial are not looked at, so withheld and ongoing trials can be predicted too.
        targets: figures to predict.

    Other arguments:
        excluded: ids of trials to learn nothing from, beside the target's own.
        visible: ids of the trials to learn from; all but the withheld ones if not given.

    Returns one row for each target and benchmark that has something to say, in the order of the targets. Endpoints of
    which no benchmark speaks (adverse events …) have no row.

    Raises:
        InputError: a target names a trial or an arm that the records lack.

    >>> from her2sim.evidence.base import all_records
    >>> rows = predict_targets(all_records(), [Target("NeoSphere", "TH", "pCR_total")])
    >>> [row.benchmark for row in rows]
    ['line average', 'class average', 'ridge regression']
    """
    by_id = {record.id: record for record in records}
    learned = _Learned(records, frozenset(excluded), None if visible is None else frozenset(visible))
    rows: list[TargetPrediction] = []
    for target in targets:
        if target.trial not in by_id:
            raise InputError(f"no trial {target.trial!r} among the records.", hint=did_you_mean(target.trial, by_id))
        trial = by_id[target.trial]
        arms = {arm.name: arm for arm in trial.arms}
        for name in (target.arm, target.reference) if target.reference else (target.arm,):
            if name not in arms:
                raise InputError(f"{trial.id} has no arm {name!r}.", hint=did_you_mean(name, arms))
        found = _ratio(learned, trial, target) if target.reference else _figure(learned, trial, target)
        rows += list(found)
    return tuple(rows)


def outcome_of(endpoint: str) -> str:
    """The outcome that benchmarks predict an endpoint of an arm by; empty where there is none.

    >>> outcome_of("PFS_rate_12mo"), outcome_of("TTP_median"), outcome_of("ORR_confirmed"), outcome_of("ILD")
    ('PFS median', 'PFS median', 'ORR', '')
    """
    name = common_endpoint(endpoint)
    mark = landmark_of(name)
    wanted = f"{mark[0]}_median" if mark else name
    return next((outcome for outcome, rule in choices().arm_figures.items() if wanted in rule.endpoints), "")


@dataclass
class _Learned:
    """What may be learned from, worked out once for all targets; predictions of a trial's arms are kept."""

    records: Sequence[TrialRecord]
    excluded: frozenset[str]
    visible: frozenset[str] | None
    _figures: dict[str, tuple[ArmFigure, ...]] = field(default_factory=dict[str, tuple[ArmFigure, ...]])
    _effects: dict[tuple[str, str, str], TrialEffects] = field(default_factory=dict[tuple[str, str, str], TrialEffects])
    _shapes: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict[str, dict[tuple[str, str], float]])
    _told: dict[tuple[str, str], dict[tuple[str, str], Prediction]] = field(
        default_factory=dict[tuple[str, str], dict[tuple[str, str], Prediction]]
    )

    @cached_property
    def numbers(self) -> Mapping[str, str]:
        """Registry number of each record."""
        return {record.id: record.nct for record in self.records}

    def hides(self, other: str, trial: TrialRecord) -> bool:
        """Whether nothing may be learned from a record about this trial."""
        if other == trial.id or other in self.excluded:
            return True
        return bool(trial.nct) and self.numbers.get(other) == trial.nct

    def figures(self, outcome: str, trial: TrialRecord) -> list[ArmFigure]:
        """Figures of other trials."""
        if outcome not in self._figures:
            self._figures[outcome] = arm_figures(self.records, outcome, visible=self.visible)
        return [each for each in self._figures[outcome] if not self.hides(each.trial, trial)]

    def shapes(self, curve: str) -> dict[tuple[str, str], float]:
        """Weibull shape of each published curve, ``PFS`` or ``OS``."""
        if curve not in self._shapes:
            self._shapes[curve] = curve_shapes(self.records, curve)
        return self._shapes[curve]

    def shape(self, outcome: str, trial: TrialRecord) -> float:
        """Mean Weibull shape of the published curves of other trials of the disease; 1 where there is none."""
        shapes = self.shapes(outcome.split()[0])
        near = [each for each in self.figures(outcome, trial) if each.disease == trial.disease]
        known = [shapes[each.trial, each.arm] for each in near if (each.trial, each.arm) in shapes]
        return math.exp(sum(math.log(each) for each in known) / len(known)) if known else 1.0

    def effects(self, outcome: str, trial: TrialRecord) -> TrialEffects:
        """Comparisons of other trials of the same disease and stage."""
        stage = trial.setting.split("-")[0] if trial.setting.startswith("metastatic") else trial.setting
        key = outcome, trial.disease, stage
        if key not in self._effects:
            self._effects[key] = trial_effects(
                self.records, outcome, disease=trial.disease, setting=stage, visible=self.visible
            )
        whole = self._effects[key]
        kept = tuple(each for each in whole.comparisons if not self.hides(_PART.sub("", each.study), trial))
        return TrialEffects(whole.outcome, kept, whole.compositions, whole.left_out, whole.recalled)

    def told(self, outcome: str, trial: TrialRecord) -> dict[tuple[str, str], Prediction]:
        """(benchmark, arm) to its prediction on the transformed scale."""
        key = outcome, trial.id
        if key not in self._told:
            known, wanted = self.figures(outcome, trial), [described(trial, arm) for arm in trial.arms]
            methods: dict[str, Predictor] = {LINE: line_average, AVERAGE: class_average, RIDGE: ridge}
            if outcome in _WITH_PARTNERS:
                methods[INDEPENDENT] = IndependentAction(outcome, usual_correlation(), self.shapes("PFS"))
            self._told[key] = {
                (name, arm.arm): each
                for name, method in methods.items()
                for arm, each in zip(wanted, method(known, wanted), strict=True)
                if each is not None
            }
        return self._told[key]


def _figure(learned: _Learned, trial: TrialRecord, target: Target) -> Iterator[TargetPrediction]:
    """A rate, a median, or a landmark read off the curve through a predicted median."""
    outcome = outcome_of(target.endpoint)
    if not outcome or not trial.setting.startswith(choices().arm_figures[outcome].settings):
        return
    rule = outcome_rule(outcome)
    mark = landmark_of(common_endpoint(target.endpoint))
    for (name, arm), each in learned.told(outcome, trial).items():
        if arm != target.arm:
            continue
        value, low, high = (None if x is None else natural(x, rule) for x in _bounds(each))
        assert value is not None
        basis, unit = each.basis, rule.unit
        if mark is not None:
            shape = learned.shape(outcome, trial)
            value, low, high = (
                None if x is None else 100.0 * TimeCurve(x, shape).survival(mark[1]) for x in (value, low, high)
            )
            assert value is not None
            basis, unit = (
                f"median {natural(each.value, rule):.1f} months, Weibull shape {shape:.2f}; {basis}",
                "percent",
            )
        yield TargetPrediction(trial.id, arm, "", target.endpoint, name, value, unit, low, high, basis)


def _ratio(learned: _Learned, trial: TrialRecord, target: Target) -> Iterator[TargetPrediction]:
    """A hazard ratio: from published ratios, and from the medians that other benchmarks predict."""
    table = choices().ratios
    endpoint = common_endpoint(target.endpoint)
    outcome = next((x for x, rule in table.items() if endpoint in rule.endpoints and rule.measure[0] == "h"), "")
    if not outcome:
        return

    def row(name: str, each: Prediction) -> TargetPrediction:
        value, low, high = (None if x is None else math.exp(x) for x in _bounds(each))
        assert value is not None
        return TargetPrediction(
            trial.id, target.arm, target.reference, target.endpoint, name, value, "ratio", low, high, each.basis
        )

    arms = {arm.name: arm for arm in trial.arms}
    effects = learned.effects(outcome, trial)
    yield row(NO_EFFECT, Prediction(0.0, math.nan, "a ratio of 1"))
    average = mean_ratio(effects.comparisons)
    if average is not None:
        yield row(MEAN_RATIO, average)
    one, other = _makeup(arms[target.arm]), _makeup(arms[target.reference])
    found = predicted_ratio(effects.comparisons, effects.compositions, one, other)
    if found is not None:
        yield row(COMPONENTS, found)
    if outcome in ("PFS", "OS") and trial.setting.startswith(choices().arm_figures[f"{outcome} median"].settings):
        for name, value, basis in _median_ratios(learned, trial, f"{outcome} median", target):
            yield row(name, Prediction(value, math.nan, basis))


def _median_ratios(
    learned: _Learned, trial: TrialRecord, outcome: str, target: Target
) -> Iterator[tuple[str, float, str]]:
    """Benchmark, log hazard ratio and its basis where both arms' medians are predicted; hazards in proportion."""
    told, shape = learned.told(outcome, trial), learned.shape(outcome, trial)
    for name in (AVERAGE, RIDGE, INDEPENDENT):
        arm, reference, way = told.get((name, target.arm)), told.get((name, target.reference)), name
        if reference is None and name == INDEPENDENT:
            reference, way = told.get((AVERAGE, target.reference)), AVERAGE
        if arm is not None and reference is not None:
            medians = f"{math.exp(arm.value):.1f} against {math.exp(reference.value):.1f} months"
            words = "" if way == name else f", the reference by {way}"
            yield name, shape * (reference.value - arm.value), f"medians {medians}{words}; Weibull shape {shape:.2f}"


def _makeup(arm: Arm) -> Mapping[str, float]:
    return components_of(groups_of(drugs_of(arm)))


def _bounds(each: Prediction) -> tuple[float | None, float | None, float | None]:
    if math.isnan(each.error):
        return each.value, None, None
    return each.value, each.value - Z90 * each.error, each.value + Z90 * each.error
