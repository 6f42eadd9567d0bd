"""Leave one trial out: how wrong each benchmark is about trials it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, arm_figures, natural, outcome_rule
from her2sim.analysis.benchmarks.class_average import class_average, line_average
from her2sim.analysis.benchmarks.component_ratios import RatioTrial, leave_one_trial_out_ratios
from her2sim.analysis.benchmarks.independent_action import curve_through
from her2sim.analysis.benchmarks.partners import IndependentAction, usual_correlation
from her2sim.analysis.benchmarks.prediction import Prediction, Predictor
from her2sim.analysis.benchmarks.ridge import ridge
from her2sim.analysis.common_terms import landmark_of
from her2sim.analysis.meta.treatments import of_stratum
from her2sim.analysis.meta.trial_effects import trial_effects
from her2sim.record.types import TrialRecord

INDEPENDENT = "independent drug action"
AVERAGE, LINE, RIDGE = "class average", "line average", "ridge regression"
COMPONENTS, MEAN_RATIO, NO_EFFECT = "additive components", "mean ratio", "no effect"


@dataclass(frozen=True)
class Judged:
    """One arm and what a benchmark said of it without having seen its trial; percent or months."""

    outcome: str
    method: str
    trial: str
    arm: str
    observed: float
    predicted: float
    inside: bool | None
    basis: str


@dataclass(frozen=True)
class ScoreRow:
    """How wrong a benchmark is about one outcome.

    Main arguments:
        outcome, method: what by what.
        unit: ``percent``, ``months`` or ``ratio``.
        figures, trials: number predicted; ``of`` is the number there are.
        median_error: median absolute error in percentage points, or median fold error of times and ratios.
        root_mean_square: of errors on the transformed scale (logit or log).
        bias: mean of predicted less observed on the transformed scale.
        coverage: share of figures in the 90 % prediction interval; None where the method gives none.
    """

    outcome: str
    method: str
    unit: str
    figures: int
    of: int
    trials: int
    median_error: float
    root_mean_square: float
    bias: float
    coverage: float | None


def leave_one_trial_out(figures: Sequence[ArmFigure], predictor: Predictor) -> list[Prediction | None]:
    """Predictions of all figures, each from the figures of the other trials only.

    Main arguments:
        figures: of one outcome.
        predictor: a benchmark.
    """
    found: dict[int, Prediction | None] = {}
    for trial in dict.fromkeys(each.trial for each in figures):
        known = [each for each in figures if each.trial != trial]
        places = [place for place, each in enumerate(figures) if each.trial == trial]
        found |= dict(zip(places, predictor(known, [figures[place] for place in places]), strict=True))
    return [found[place] for place in range(len(figures))]


def benchmark_arms(
    records: Sequence[TrialRecord],
    outcome: str,
    *,
    visible: Collection[str] | None = None,
    correlation: float | None = None,
) -> tuple[tuple[ScoreRow, ...], tuple[Judged, ...]]:
    """Judge every benchmark of arms on one outcome.

    Main arguments:
        records: of the evidence base.
        outcome: ``ORR``, ``PFS median``, ``OS median`` or ``pCR``.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.
        correlation: of independent drug action; that of the data file if not given.

    Raises:
        InputError: unknown outcome.
    """
    rule = outcome_rule(outcome)
    figures = arm_figures(records, outcome, visible=visible)
    methods: dict[str, Predictor] = {LINE: line_average, AVERAGE: class_average, RIDGE: ridge}
    if outcome in ("ORR", "PFS median"):
        rho = usual_correlation() if correlation is None else correlation
        methods[INDEPENDENT] = IndependentAction(outcome, rho, curve_shapes(records))
    predicted = {name: leave_one_trial_out(figures, method) for name, method in methods.items()}
    rows: list[ScoreRow] = []
    judged: list[Judged] = []
    for name, found in predicted.items():
        told = [(figure, each) for figure, each in zip(figures, found, strict=True) if each is not None]
        rows.append(_score(outcome, name, rule.unit, told, len(figures)))
        judged += [
            Judged(
                outcome, name, figure.trial, figure.arm, figure.value, natural(each.value, rule),
                each.covers(figure.transformed, figure.variance), each.basis,
            )
            for figure, each in told
        ]  # fmt: skip
    if INDEPENDENT in predicted:
        few = [place for place, each in enumerate(predicted[INDEPENDENT]) if each is not None]
        for name in (LINE, AVERAGE, RIDGE):
            told = [(figures[p], each) for p in few if (each := predicted[name][p]) is not None]
            rows.append(_score(outcome, f"{name}, the same arms", rule.unit, told, len(few)))
    return tuple(rows), tuple(judged)


def benchmark_ratios(
    records: Sequence[TrialRecord],
    outcome: str,
    *,
    setting: str = "metastatic",
    disease: str = "breast",
    visible: Collection[str] | None = None,
) -> tuple[tuple[ScoreRow, ...], tuple[RatioTrial, ...]]:
    """Judge the additive component model on hazard ratios, beside "no effect" and the mean effect of other trials.

    Main arguments:
        records: of the evidence base.
        outcome: ``PFS``, ``OS`` or ``DFS``.

    Other arguments:
        setting, disease, visible: as for ``trial_effects``.
    """
    effects = trial_effects(records, outcome, disease=disease, setting=setting, visible=visible)
    found = leave_one_trial_out_ratios(effects)
    label = f"{outcome} hazard ratio, {disease}"
    ways: dict[str, Callable[[RatioTrial], Prediction | None]] = {
        NO_EFFECT: lambda row: Prediction(0.0, math.nan, ""),
        MEAN_RATIO: lambda row: row.average,
        COMPONENTS: lambda row: row.predicted,
    }
    rows = [_score_ratios(label, name, found, way) for name, way in ways.items()]
    few = [row for row in found if row.predicted is not None]
    rows += [_score_ratios(label, f"{name}, the same trials", few, ways[name]) for name in (NO_EFFECT, MEAN_RATIO)]
    return tuple(row for row in rows if row.figures), found


def curve_shapes(records: Sequence[TrialRecord], curve: str = "PFS") -> dict[tuple[str, str], float]:
    """Weibull shape of the curve of each arm with a median and a landmark, by (trial, arm).

    Main arguments:
        records: of the evidence base.

    Other arguments:
        curve: ``PFS`` or ``OS``.
    """
    found: dict[tuple[str, str], float] = {}
    for record in records:
        for arm in record.arms:
            whole = [each for each in arm.results if not of_stratum(each) and each.value is not None]
            median = next((x.value for x in whole if x.endpoint == f"{curve}_median" and x.unit == "months"), None)
            marks = [
                (mark[1], each.value / 100.0)
                for each in whole
                if each.value is not None and (mark := landmark_of(each.endpoint)) is not None and mark[0] == curve
            ]
            if median and marks:
                found[record.id, arm.name] = curve_through(median, marks).shape
    return found


def _score(outcome: str, method: str, unit: str, told: Sequence[tuple[ArmFigure, Prediction]], total: int) -> ScoreRow:
    rule = outcome_rule(outcome)
    errors = [each.value - figure.transformed for figure, each in told]
    if rule.scale == "log":
        sizes = [math.exp(abs(error)) for error in errors]
    else:
        sizes = [abs(natural(each.value, rule) - figure.value) for figure, each in told]
    inside = [each.covers(figure.transformed, figure.variance) for figure, each in told]
    trials = len({figure.trial for figure, _ in told})
    return _row((outcome, method, unit), errors, sizes, inside, total, trials)


def _score_ratios(
    outcome: str,
    method: str,
    rows: Sequence[RatioTrial],
    way: Callable[[RatioTrial], Prediction | None],
) -> ScoreRow:
    told = [(row, each) for row in rows if (each := way(row)) is not None]
    errors = [each.value - row.observed for row, each in told]
    inside = [each.covers(row.observed, row.std_error**2) for row, each in told]
    trials = len({row.trial for row, _ in told})
    sizes = [math.exp(abs(error)) for error in errors]
    return _row((outcome, method, "ratio"), errors, sizes, inside, len(rows), trials)


def _row(
    names: tuple[str, str, str],
    errors: Sequence[float],
    sizes: Sequence[float],
    inside: Sequence[bool | None],
    total: int,
    trials: int,
) -> ScoreRow:
    known = [each for each in inside if each is not None]
    count = len(errors)
    return ScoreRow(
        *names,
        figures=count,
        of=total,
        trials=trials,
        median_error=_median(sizes),
        root_mean_square=math.sqrt(sum(error**2 for error in errors) / count) if count else math.nan,
        bias=sum(errors) / count if count else math.nan,
        coverage=sum(known) / len(known) if known else None,
    )


def _median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    if not ordered:
        return math.nan
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0


def rows_by_outcome(rows: Sequence[ScoreRow]) -> Mapping[str, tuple[ScoreRow, ...]]:
    """The rows of each outcome, in order of appearance."""
    found: dict[str, tuple[ScoreRow, ...]] = {}
    for row in rows:
        found[row.outcome] = (*found.get(row.outcome, ()), row)
    return found
