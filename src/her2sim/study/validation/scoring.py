"""Predicted beside published: one row per published figure, with its error and what every benchmark says of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from her2sim.analysis.benchmarks.targets import Target, predict_targets
from her2sim.analysis.common_terms import Interval
from her2sim.analysis.meta.treatments import counts_as_arm
from her2sim.record.types import TrialRecord
from her2sim.study.validation.figures import Key
from her2sim.study.validation.interval import Predicted
from her2sim.study.validation.published import Published

UNSEEN, FITTED = "unseen", "fitted"


@dataclass(frozen=True)
class Scored:
    """One published figure beside the model's prediction and the benchmarks'.

    Main arguments:
        trial, disease, setting: where it comes from.
        group: ``unseen`` or ``fitted``, by the role of the figure.
        measure: what it counts as in the summary: ``ORR``, ``CR``, ``PFS median`` (times to progression included),
            ``OS median``, ``PFS rate``, ``OS rate``, ``PFS hazard ratio``, ``OS hazard ratio``.
        published, predicted: both in the unit of ``predicted``.
        error: percentage points, or log of predicted over published; NaN where a published median was not reached.
        inside: whether the published figure lies in the predictive interval; None where that cannot be told.

    Other arguments:
        at_least: the predicted median was not reached, so the error is taken to the end of follow-up and is a lower
            bound.
        benchmarks: name -> predicted value.
    """

    trial: str
    disease: str
    setting: str
    group: str
    measure: str
    published: Published
    predicted: Predicted
    error: float
    inside: bool | None
    at_least: bool = False
    benchmarks: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def key(self) -> Key:
        """The figure."""
        return self.predicted.key


def measure_of(key: Key) -> str:
    """What a figure counts as in the summary.

    >>> measure_of(Key("A", "TTP_median")), measure_of(Key("A", "OS", reference="B")), measure_of(Key("A", "ORR"))
    ('PFS median', 'OS hazard ratio', 'ORR')
    """
    curve, _, kind = key.endpoint.partition("_")
    curve = "PFS" if curve == "TTP" else curve
    if key.reference:
        return f"{curve} hazard ratio"
    return f"{curve} {kind.partition('_')[0]}".strip()


def score(
    record: TrialRecord, figures: Sequence[Published], predicted: Sequence[Predicted], horizon: float
) -> list[Scored]:
    """Rows of one trial, without benchmarks.

    Main arguments:
        record: the trial.
        figures: its published figures.
        predicted: predictions.
        horizon: months of simulated follow-up, which stands for a median that was not reached.
    """
    by_key = {each.key: each for each in predicted}
    rows: list[Scored] = []
    for one in figures:
        guess = by_key.get(one.key)
        if guess is None:
            continue
        error, at_least = error_of(one.value, guess.value, guess.unit, horizon)
        rows.append(
            Scored(
                record.id,
                record.disease,
                record.setting,
                FITTED if one.role == "fit" else UNSEEN,
                measure_of(one.key),
                one,
                guess,
                error,
                _inside(one.value, one.ci95, guess),
                at_least,
            )
        )
    return rows


def error_of(published: float, predicted: float, unit: str, horizon: float) -> tuple[float, bool]:
    """Error, and whether it is a lower bound.

    >>> error_of(40.0, 46.0, "percent", 60.0), error_of(10.0, math.inf, "months", 10.0)
    ((6.0, False), (0.0, True))
    """
    if not math.isfinite(published):
        return math.nan, False
    if unit == "percent":
        return predicted - published, False
    if not math.isfinite(predicted):
        return max(math.log(horizon / published), 0.0), True
    return math.log(predicted / published), False


def with_benchmarks(
    rows: Sequence[Scored], records: Sequence[TrialRecord], visible: Collection[str] | None = None
) -> list[Scored]:
    """The rows with what every benchmark says, each trained on the other visible trials.

    Strata, complete responses and arms of HER2-low patients have no benchmark: those are of HER2-positive disease.
    """
    by_id = {record.id: record for record in records}
    asked = [row for row in rows if not row.key.stratum and _known_disease(row, by_id[row.trial])]
    targets = [Target(row.trial, row.key.arm, row.key.endpoint, row.key.reference) for row in asked]
    found: dict[Target, dict[str, float]] = {}
    for told in predict_targets(records, list(dict.fromkeys(targets)), visible=visible):
        target = Target(told.trial, told.arm, told.endpoint, told.reference)
        found.setdefault(target, {})[told.benchmark] = told.predicted
    return [
        replace(row, benchmarks=found.get(Target(row.trial, row.key.arm, row.key.endpoint, row.key.reference), {}))
        if row in asked
        else row
        for row in rows
    ]


def _known_disease(row: Scored, record: TrialRecord) -> bool:
    names = {row.key.arm, row.key.reference} - {""}
    return all(counts_as_arm(arm, record) for arm in record.arms if arm.name in names)


def _inside(published: float, ci95: Interval | None, guess: Predicted) -> bool | None:
    """A median that was not reached lies inside where the interval goes beyond its own lower confidence bound."""
    if math.isfinite(published):
        return guess.low <= published <= guess.high
    if guess.high == math.inf:
        return True
    return guess.high >= ci95[0] if ci95 and ci95[0] else None


def row_mapping(row: Scored) -> dict[str, Any]:
    """A row as plain columns, for tables."""
    one, guess, key = row.published, row.predicted, row.key
    low, high = one.ci95 or (None, None)
    columns: dict[str, Any] = {
        "trial": row.trial, "disease": row.disease, "setting": row.setting, "group": row.group,
        "measure": row.measure, "arm": key.arm, "reference": key.reference, "stratum": key.stratum,
        "endpoint": key.endpoint, "assessor": key.assessor, "confirmed": key.confirmed, "unit": guess.unit,
        "published": one.value, "published_low95": low, "published_high95": high, "read": one.read,
        "source": one.source, "predicted": guess.value, "low90": guess.low, "high90": guess.high,
        "center": guess.center, "n": guess.n, "error": row.error, "at_least": row.at_least, "inside": row.inside,
        "sd_parameters": guess.sd_parameters, "sd_sampling": guess.sd_sampling,
        "sd_discrepancy": guess.sd_discrepancy,
    }  # fmt: skip
    return columns | {f"benchmark: {name}": value for name, value in row.benchmarks.items()}
