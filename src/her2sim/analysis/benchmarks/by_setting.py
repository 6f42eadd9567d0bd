"""How wrong each benchmark is in each disease and setting: the same left-out trials, told apart by where they stand."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from her2sim.analysis.benchmarks.arm_figures import outcome_rule
from her2sim.analysis.benchmarks.component_ratios import RatioTrial
from her2sim.analysis.benchmarks.leave_one_out import COMPONENTS, MEAN_RATIO, NO_EFFECT, Judged
from her2sim.analysis.meta.treatments import choices
from her2sim.record.types import SETTINGS

RATIO = "hazard ratio"
_PART = re.compile(r" \(\d+\)$")


@dataclass(frozen=True)
class SettingError:
    """The error of one benchmark about one outcome in one disease and setting.

    Main arguments:
        outcome, disease, setting, method: what, where, by what.
        unit: ``percent``, ``months`` or ``ratio``.
        figures: number predicted; ``of`` is the most that any benchmark predicts there.
        median_error: in percentage points, or as a fold error of times and ratios.
    """

    outcome: str
    disease: str
    setting: str
    method: str
    unit: str
    figures: int
    of: int
    median_error: float


def judged_ratios(outcome: str, trials: Iterable[RatioTrial]) -> tuple[Judged, ...]:
    """Predictions of hazard ratios in the form of those of arms.

    Main arguments:
        outcome: ``PFS``, ``OS`` or ``DFS``.
        trials: from ``benchmark_ratios``.
    """
    rows: list[Judged] = []
    for each in trials:
        told = {NO_EFFECT: 0.0}
        told |= {MEAN_RATIO: each.average.value} if each.average is not None else {}
        told |= {COMPONENTS: each.predicted.value} if each.predicted is not None else {}
        rows += [
            Judged(
                f"{outcome} {RATIO}", method, _PART.sub("", each.trial), f"{each.treatment} vs {each.reference}",
                math.exp(each.observed), math.exp(value), None, "",
            )
            for method, value in told.items()
        ]  # fmt: skip
    return tuple(rows)


def errors_by_setting(judged: Sequence[Judged], places: Mapping[str, tuple[str, str]]) -> tuple[SettingError, ...]:
    """Median errors by outcome, disease, setting and benchmark, settings in the order of the disease's course.

    Main arguments:
        judged: predictions of arms and of ratios beside what was published.
        places: trial to its disease and setting.
    """
    groups: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for row in judged:
        methods = groups.setdefault((row.outcome, *places[row.trial]), {})
        methods.setdefault(row.method, []).append(_error(row))
    order = list(dict.fromkeys(row.outcome for row in judged))
    rows: list[SettingError] = []
    for key in sorted(groups, key=lambda key: (order.index(key[0]), key[1], SETTINGS.index(key[2]))):
        most = max(len(errors) for errors in groups[key].values())
        unit = _unit(key[0])
        rows += [
            SettingError(*key, method, unit, len(errors), most, median(errors))
            for method, errors in groups[key].items()
        ]
    return tuple(rows)


def _unit(outcome: str) -> str:
    return "ratio" if outcome not in choices().arm_figures else outcome_rule(outcome).unit


def _error(row: Judged) -> float:
    if _unit(row.outcome) == "percent":
        return abs(row.predicted - row.observed)
    return math.exp(abs(math.log(row.predicted / row.observed)))
