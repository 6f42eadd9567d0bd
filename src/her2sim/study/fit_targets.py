"""The published figures of the fit: which are used, on which scale, and with which error.

Figures come through ``her2sim.evidence.roles.fittable`` and ``fittable_strata`` and nothing else, so a figure that is
kept for validation cannot be seen here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from her2sim.analysis.common_terms import (
    common_assessor,
    common_confirmed,
    common_endpoint,
    in_common_unit,
    landmark_of,
)
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.evidence.base import all_records
from her2sim.evidence.roles import fittable, fittable_strata
from her2sim.model.assembly import actions_without_mechanism
from her2sim.model.drug_file import load_drug
from her2sim.record.types import Arm, Contrast, Result, TrialRecord
from her2sim.study.plan import make_plan

MEDIANS, SHARES = ("PFS_median", "TTP_median", "OS_median", "DoR_median"), ("ORR", "CR")
LATE, EARLY = ("final", "end of study", "update"), ("interim", "primary", "first")


@dataclass(frozen=True)
class Stratum:
    """A part of the patients: those whose ``column`` lies above ``low`` and not above ``high``."""

    column: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Target:
    """One published figure of the fit.

    Main arguments:
        trial, arm: whose figure it is; for a hazard ratio the experimental arm.
        kind: ``ORR``, ``CR``, ``PFS_median``, ``TTP_median``, ``OS_median``, ``DoR_median``, ``PFS_rate``, ``OS_rate``,
            ``PFS_HR`` or ``OS_HR``.
        published: as published: months, percent, or the ratio.
        value: on the scale of the residual: log for medians and ratios, logit for shares.
        sampling, discrepancy: standard errors on that scale: of the trial's own patients, and between trials.

    Other arguments:
        assessor: ``INV`` or ``BICR``.
        confirmed: whether responses must be confirmed.
        months: of a landmark rate.
        reference: the arm that a hazard ratio compares with.
        words, stratum: the part of the patients, in the record's words and as the model names it.
    """

    trial: str
    arm: str
    kind: str
    published: float
    value: float
    sampling: float
    discrepancy: float
    assessor: str = ""
    confirmed: bool = True
    months: float = 0.0
    reference: str = ""
    words: str = ""
    stratum: Stratum | None = None

    @property
    def error(self) -> float:
        """Standard error of the residual."""
        return math.hypot(self.sampling, self.discrepancy)

    @property
    def name(self) -> str:
        """What the figure is, in words."""
        kind = self.kind.replace("_rate", f" rate at {self.months:g} months").replace("_", " ")
        return f"{kind}, {self.words}" if self.words else kind


@dataclass(frozen=True)
class LeftOut:
    """A trial, an arm or a figure that the fit could read but does not use, and why."""

    trial: str
    what: str
    why: str


@dataclass(frozen=True)
class FitData:
    """All figures of the fit, by trial, and what was left out."""

    records: tuple[TrialRecord, ...]
    targets: tuple[Target, ...]
    left_out: tuple[LeftOut, ...]


@cache
def settings() -> dict[str, Any]:
    """The settings of the fit, ``data/calibration/fit.yaml``."""
    import yaml

    return yaml.safe_load((data_dir("calibration") / "fit.yaml").read_text())


def fit_data(trials: Sequence[str] = ()) -> FitData:
    """The figures of all trials that may be fitted, or of these trials among them.

    >>> {target.kind for target in fit_data(["EMILIA"]).targets} >= {"ORR", "PFS_median", "OS_median", "PFS_HR"}
    True
    """
    records: list[TrialRecord] = []
    targets: list[Target] = []
    left_out: list[LeftOut] = []
    for record in all_records():
        if trials and record.id not in trials:
            continue
        if next(fittable(record), None) is None or not record.setting.startswith("metastatic"):
            continue
        found, lacking = targets_of(record)
        left_out += lacking
        if found:
            records.append(record)
            targets += found
    return FitData(tuple(records), tuple(targets), tuple(left_out))


def targets_of(record: TrialRecord) -> tuple[list[Target], list[LeftOut]]:
    """The figures of one trial, one for each arm, endpoint and stratum, and what was left out.

    Of several figures for the same thing the one by the trial's own assessor is used, then the later data cut, then
    the one with an interval that was read, then the first listed. They are never averaged.
    """
    left_out: list[LeftOut] = []
    try:
        make_plan(record, patients=1, seed=1)
    except InputError as problem:
        return [], [LeftOut(record.id, "the trial", problem.what)]
    arms = {arm.name: arm for arm in record.arms}
    mute = {name: why for name, arm in arms.items() if (why := _without_effect(arm))}
    left_out += [LeftOut(record.id, f"arm {name}", why) for name, why in mute.items()]
    best: dict[tuple[Any, ...], tuple[tuple[Any, ...], Target]] = {}
    for target, rank in _candidates(record, arms):
        if target.arm in mute or target.reference in mute:
            continue
        why = _why_left_out(target)
        if why:
            left_out.append(LeftOut(record.id, f"{target.arm}: {target.name}", why))
            continue
        key = (target.arm, target.reference, target.kind, target.months, target.words)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, target)
    return [target for _, target in best.values()], left_out


def _without_effect(arm: Arm) -> str:
    for item in arm.regimen:
        try:
            drug = load_drug(item.drug)
        except InputError:
            continue  # a placebo
        lacking = actions_without_mechanism([drug])
        if drug.actions and len(lacking) == len(drug.actions):
            return f"the model has no mechanism for {drug.inn}"
    return ""


def _why_left_out(target: Target) -> str:
    if target.months > settings()["longest_rate_months"]:
        return f"a landmark later than {settings()['longest_rate_months']} months"
    for row in settings()["left_out"]:
        same = row["endpoint"] in (target.kind, target.kind.split("_")[0])
        if same and row["trial"] == target.trial and row.get("arm", target.arm) == target.arm:
            return str(row["why"])
    return ""


def _candidates(record: TrialRecord, arms: Mapping[str, Arm]) -> Iterator[tuple[Target, tuple[Any, ...]]]:
    place = 0
    for arm, figure in fittable(record):
        place -= 1
        target = (
            _of_contrast(record, figure, arms)
            if isinstance(figure, Contrast)
            else _of_result(record, arms[arm], figure)
        )
        if target is not None:
            yield target, (*_rank(record, figure), place)
    medians: set[tuple[str, str]] = set()
    for row in fittable_strata(record):
        target = _of_stratum(record, row, arms)
        if target is not None and target.kind.endswith("_HR") and (target.kind[:3], target.words) in medians:
            continue  # the medians of the same stratum say it already
        if target is not None:
            medians.add((target.kind[:3], target.words))
            place -= 1
            yield target, (1, 0, 0, 0, place)


def _rank(record: TrialRecord, figure: Result | Contrast) -> tuple[int, int, int, int]:
    who, words = common_assessor(figure.assessor), f"{figure.note} ".lower()
    own = 2 if who == record.assessment.assessor else 1 if not who else 0
    confirmed = getattr(figure, "confirmed", None)
    fits = 0 if confirmed is None else 1 if confirmed == record.assessment.confirmed else -1
    ripe = any(word in words for word in LATE) - any(word in words for word in EARLY)
    return own, fits, ripe, int(_interval(figure) is not None)


def _of_result(record: TrialRecord, arm: Arm, figure: Result) -> Target | None:
    common = in_common_unit(figure.value, figure.unit, _interval(figure), None, not_reached=figure.not_reached)
    if common.value is None or not math.isfinite(common.value):
        return None
    n = int(figure.extra.get("n_evaluated") or getattr(figure, "n_evaluated", None) or arm.n or 100)
    who = common_assessor(figure.assessor) or record.assessment.assessor
    confirmed = common_confirmed(figure.endpoint, figure.confirmed)
    if common_endpoint(figure.endpoint) == "DoR_median":
        n = _responders(record, arm.name, n)
    target = _target(record.id, arm.name, figure.endpoint, common.value, common.ci95, n)
    if target is None:
        return None
    return replace(
        target, assessor=who, confirmed=record.assessment.confirmed if confirmed is None else bool(confirmed)
    )


def _responders(record: TrialRecord, arm: str, n: int) -> int:
    """How many patients of an arm responded, by its first response rate; all where none is told."""
    for name, figure in fittable(record):
        if name == arm and isinstance(figure, Result) and common_endpoint(figure.endpoint) == "ORR" and figure.value:
            return max(1, round(n * figure.value / 100.0))
    return n


def _of_contrast(record: TrialRecord, figure: Contrast, arms: Mapping[str, Arm]) -> Target | None:
    if figure.endpoint not in ("PFS", "OS") or figure.hr is None or figure.reference not in arms:
        return None
    sizes = [arms[name].n or 100 for name in (figure.arm, figure.reference)]
    who = common_assessor(figure.assessor) or record.assessment.assessor
    return _ratio(
        record.id, figure.arm, figure.reference, figure.endpoint, figure.hr, _interval(figure), sum(sizes), who
    )


def _of_stratum(record: TrialRecord, row: Mapping[str, Any], arms: Mapping[str, Arm]) -> Target | None:
    words, endpoint = str(row["subgroup"]), str(row.get("endpoint", ""))
    known = [s for s in settings()["strata"] if re.fullmatch(s["words"], words)]
    if not known:
        return None
    stratum = Stratum(known[0]["column"], known[0].get("low", -math.inf), known[0].get("high", math.inf))
    share, ci = float(known[0]["share"]), row.get("ci95")
    interval = (ci[0], ci[1]) if ci and all(isinstance(bound, int | float) for bound in ci) else None
    size = re.search(r"n=(\d+)", words)
    n = int(row.get("n") or (size[1] if size else 0))
    who = common_assessor(str(row.get("assessor", ""))) or record.assessment.assessor
    if row.get("hr") is not None and endpoint in ("PFS", "OS") and len(arms) == 2:
        arm, reference = arms
        total = n or round(share * sum(a.n or 100 for a in arms.values()))
        target = _ratio(record.id, arm, reference, endpoint, float(row["hr"]), interval, total, who)
    elif row.get("arm") in arms and isinstance(row.get("value"), int | float):
        common = in_common_unit(float(row["value"]), str(row.get("unit", "")), interval, None)
        n = n or round(share * (arms[str(row["arm"])].n or 100))
        assert common.value is not None
        target = _target(record.id, str(row["arm"]), endpoint, common.value, common.ci95, n)
    else:
        return None
    if target is None:
        return None
    more = math.hypot(target.discrepancy, settings()["discrepancy_stratum"])
    return replace(target, assessor=who, words=words, stratum=stratum, discrepancy=more,
                   confirmed=record.assessment.confirmed)  # fmt: skip


def _target(
    trial: str, arm: str, endpoint: str, value: float, interval: tuple[float | None, float | None] | None, n: int
) -> Target | None:
    endpoint = common_endpoint(endpoint)
    spread = settings()["discrepancy"]
    if endpoint in MEDIANS:
        sampling = _log_error(interval) or 1.3 / math.sqrt(n)
        return Target(trial, arm, endpoint, value, math.log(value), sampling, spread[endpoint])
    landmark = landmark_of(endpoint)
    if endpoint in SHARES or (landmark is not None and landmark[0] in ("PFS", "OS")):
        share = (n * value / 100.0 + 0.5) / (n + 1.0)
        sampling = 1.0 / math.sqrt(n * share * (1.0 - share))
        kind = endpoint if landmark is None else f"{landmark[0]}_rate"
        months = 0.0 if landmark is None else landmark[1]
        logit = math.log(share / (1.0 - share))
        return Target(trial, arm, kind, value, logit, sampling, spread[kind], months=months)
    return None


def _ratio(
    trial: str,
    arm: str,
    reference: str,
    endpoint: str,
    hr: float,
    interval: tuple[float | None, float | None] | None,
    n: int,
    who: str,
) -> Target:
    kind = f"{endpoint}_HR"
    sampling = _log_error(interval) or 2.0 / math.sqrt(0.7 * n)
    return Target(
        trial, arm, kind, hr, math.log(hr), sampling, settings()["discrepancy"][kind], who, reference=reference
    )


def _interval(figure: Result | Contrast) -> tuple[float | None, float | None] | None:
    """The interval of a figure, unless only its value was read at the source."""
    return figure.ci95 if figure.ci95 and figure.extra.get("ci_read", True) else None


def _log_error(interval: tuple[float | None, float | None] | None) -> float | None:
    if interval is None or not interval[0] or not interval[1] or math.isinf(interval[1]):
        return None
    return math.log(interval[1] / interval[0]) / 3.92
