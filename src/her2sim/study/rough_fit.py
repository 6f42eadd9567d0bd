"""A first rough fit of the core to few trials: ORR, medians of PFS and OS and hazard ratios, role ``fit`` and read.

Run as ``python -m her2sim.study.rough_fit``. What may change, and which trials count, is
``data/calibration/rough.yaml``; the result is written to ``data/calibration/fitted.yaml`` with the fit's log, and from
then on is what the model uses. Figures come through ``her2sim.evidence.roles.fittable`` and nothing else, so a figure
that is kept for validation cannot be seen here. CMA-ES (Hansen 2016, arXiv:1604.00772) by its library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from her2sim.analysis.common_terms import common_assessor
from her2sim.core.paths import data_dir
from her2sim.evidence.base import load_record
from her2sim.evidence.roles import fittable
from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.study.plan import TrialPlan, make_plan


@dataclass(frozen=True)
class Target:
    """One published figure of the fit: its value on the scale of the residual, and that scale's standard error."""

    trial: str
    arm: str
    endpoint: str
    assessor: str
    published: float
    transformed: float
    se: float


@dataclass(frozen=True)
class Free:
    """One parameter that the fit may change: its scale, prior median and prior SD on that scale."""

    name: str
    scale: str
    median: float
    sd: float

    def value(self, z: float) -> float:
        """The parameter at ``z`` prior standard deviations from its median."""
        if self.scale == "log":
            return self.median * math.exp(self.sd * z)
        return 1.0 / (1.0 + math.exp(-(math.log(self.median / (1.0 - self.median)) + self.sd * z)))


def targets_of(record: TrialRecord, floors: Mapping[str, float]) -> list[Target]:
    """Figures of a trial that the fit uses: the last listed of each arm, endpoint and assessor that is fittable.

    Main arguments:
        floors: endpoint kind (ORR, PFS, OS, HR) -> between-trial standard deviation added to the sampling error;
            a kind without one is not fitted.
    """
    found: dict[tuple[str, str], Target] = {}
    sizes = {arm.name: arm.n or 100 for arm in record.arms}
    for arm, figure in fittable(record):
        who = common_assessor(figure.assessor) or record.assessment.assessor
        target = _target(record, arm, figure, who, sizes[arm], floors)
        if target is not None:
            found[arm, target.endpoint] = target
    return list(found.values())


def _target(
    record: TrialRecord, arm: str, figure: Result | Contrast, who: str, n: int, floors: Mapping[str, float]
) -> Target | None:
    if isinstance(figure, Contrast):
        if figure.endpoint != "PFS" or figure.hr is None or figure.reference != record.arms[-1].name:
            return None
        se = _log_se(_read_interval(figure)) or 2.0 / math.sqrt(n)
        return Target(record.id, arm, "HR", who, figure.hr, math.log(figure.hr), math.hypot(se, floors["HR"]))
    if figure.value is None or figure.extra.get("population"):
        return None
    if figure.endpoint == "ORR" and figure.unit == "percent":
        share = min(max(figure.value / 100.0, 0.005), 0.995)
        se = 1.0 / math.sqrt(n * share * (1.0 - share))
        logit = math.log(share / (1.0 - share))
        return Target(record.id, arm, "ORR", who, figure.value, logit, math.hypot(se, floors["ORR"]))
    kind = figure.endpoint.removesuffix("_median")
    if kind in ("PFS", "OS") and kind in floors and kind != figure.endpoint and figure.unit == "months":
        se = _log_se(_read_interval(figure)) or 1.3 / math.sqrt(n)
        return Target(record.id, arm, kind, who, figure.value, math.log(figure.value), math.hypot(se, floors[kind]))
    return None


def _read_interval(figure: Result | Contrast) -> tuple[float | None, float | None] | None:
    """The interval of a figure, unless only its value was read at the source."""
    return figure.ci95 if figure.extra.get("ci_read", True) else None


def _log_se(interval: tuple[float | None, float | None] | None) -> float | None:
    if interval is None or not interval[0] or not interval[1]:
        return None
    return math.log(interval[1] / interval[0]) / 3.92


def simulate_figures(plan: TrialPlan, overrides: Mapping[str, float]) -> dict[tuple[str, str, str], float]:
    """Simulated (arm, endpoint, assessor) -> transformed figure, with parameters replaced.

    Patients whose simulation failed are left out, as they are in a run's results.
    """
    from her2sim.analysis.contrasts import hazards
    from her2sim.analysis.kaplan_meier import kaplan_meier, survival_quantile
    from her2sim.core.calendar import DAYS_PER_MONTH
    from her2sim.endpoints.response import Response, is_in
    from her2sim.endpoints.time_to_event import TimeToEvent, overall_survival, progression_free_survival
    from her2sim.study.course import simulate_chunk
    from her2sim.study.plan import ASSESSORS

    chunk = simulate_chunk(replace(plan, overrides=dict(overrides)), 0, 0, plan.patients)
    out: dict[tuple[str, str, str], float] = {}
    for who in ASSESSORS:
        free: list[tuple[str, TimeToEvent]] = []
        for arm in chunk.arms:
            judged, well = arm.judged[who], arm.status == 0
            best = judged.best.confirmed if plan.record.assessment.confirmed else judged.best.unconfirmed
            best = best[well]
            share = (is_in(best, Response.CR, Response.PR).sum() + 0.5) / (len(best) + 1.0)
            pfs = progression_free_survival(judged.day, judged.visits.overall, arm.follow_up[who]).of(well)
            median = survival_quantile(kaplan_meier(pfs.time_days, pfs.event)).value
            os = overall_survival(arm.follow_up[who]).of(well)
            free.append((arm.arm, pfs))
            out[arm.arm, "ORR", who] = math.log(share / (1.0 - share))
            reached = median if median is not None else plan.record.assessment.follow_up_days
            out[arm.arm, "PFS", who] = math.log(reached / DAYS_PER_MONTH)
            lived = survival_quantile(kaplan_meier(os.time_days, os.event)).value
            lived = lived if lived is not None else plan.record.assessment.follow_up_days
            out[arm.arm, "OS", who] = math.log(lived / DAYS_PER_MONTH)
        reference, reference_pfs = free[-1]
        for name, pfs in free[:-1]:
            hr = hazards("PFS", (name, reference), pfs, reference_pfs).hr
            out[name, "HR", who] = math.log(hr) if hr else 0.0
    return out


def objective(
    z: Sequence[float], free: Sequence[Free], plans: Sequence[TrialPlan], targets: Sequence[Target]
) -> tuple[float, dict[Target, float]]:
    """Misfit (pseudo-Huber of each residual) plus prior, and the simulated figure of each target."""
    overrides = {f.name: f.value(x) for f, x in zip(free, z, strict=True)}
    simulated: dict[Target, float] = {}
    for plan in plans:
        figures = simulate_figures(plan, overrides)
        for target in targets:
            if target.trial == plan.record.id:
                simulated[target] = figures[target.arm, target.endpoint, target.assessor]
    residuals = [(simulated[t] - t.transformed) / t.se for t in targets]
    return sum(8.0 * (math.sqrt(1.0 + r * r / 4.0) - 1.0) for r in residuals) + sum(x * x for x in z), simulated


def settings() -> dict[str, Any]:
    """The settings of the fit, ``data/calibration/rough.yaml``."""
    import yaml

    return yaml.safe_load((data_dir("calibration") / "rough.yaml").read_text())


def _evaluate(z: Sequence[float]) -> tuple[float, list[float]]:
    free, plans, targets = _problem()
    value, simulated = objective(z, free, plans, targets)
    return value, [simulated[t] for t in targets]


def _problem() -> tuple[list[Free], list[TrialPlan], list[Target]]:
    content = settings()
    free = [Free(name, **row) for name, row in content["free"].items()]
    records = [load_record(name) for name in content["trials"]]
    plans = [
        replace(
            make_plan(_short(r, content), patients=content["patients"], seed=content["seed"]),
            after_progression="OS" in content["floors"],
        )
        for r in records
    ]
    targets = [t for r in records for t in targets_of(r, content["floors"])]
    return free, plans, targets


def _short(record: TrialRecord, content: Mapping[str, Any]) -> TrialRecord:
    days = min(record.assessment.follow_up_days, float(content["follow_up_days"]))
    return replace(record, assessment=replace(record.assessment, follow_up_days=days))


def main() -> None:
    """Fit, print each generation, and write the result."""
    import json
    from concurrent.futures import ProcessPoolExecutor

    import cma
    import yaml

    content = settings()
    free, _, targets = _problem()
    path = data_dir("calibration") / "fitted.yaml"
    options = {"seed": content["seed"], "popsize": content["population"], "bounds": [-3, 3], "verbose": -9}
    before: dict[str, Any] = yaml.safe_load(path.read_text()) if content["go_on"] else {}
    start = [before.get("distance_from_prior_sd", {}).get(f.name, 0.0) for f in free]
    search = cma.CMAEvolutionStrategy(np.array(start), content["step"], options)
    best: tuple[float, list[float], list[float]] = (math.inf, [], [])
    history: list[float] = []
    with ProcessPoolExecutor(max_workers=content["workers"]) as pool:
        for generation in range(content["generations"]):
            asked = [list(map(float, x)) for x in search.ask()]
            told = list(pool.map(_evaluate, asked))
            search.tell(asked, [value for value, _ in told])
            top = min(range(len(told)), key=lambda i: told[i][0])
            if told[top][0] < best[0]:
                best = (told[top][0], asked[top], told[top][1])
            history.append(round(best[0], 2))
            print(
                json.dumps({"generation": generation, "best": history[-1], "step": round(search.sigma, 3)}), flush=True
            )
            fitted = {
                "what": "values that the rough fit gave to parameters; they replace those of data/parameters",
                "made_by": "python -m her2sim.study.rough_fit",
                "objective": round(best[0], 2),
                "generations": generation + 1,
                "history": history,
                "went_on_from": before.get("history", []),
                "values": {f.name: float(f"{f.value(x):.4g}") for f, x in zip(free, best[1], strict=True)},
                "distance_from_prior_sd": {f.name: round(x, 2) for f, x in zip(free, best[1], strict=True)},
                "figures": [
                    {"trial": t.trial, "arm": t.arm, "endpoint": t.endpoint, "assessor": t.assessor,
                     "published": t.published, "simulated": round(_back(t.endpoint, s), 2)}
                    for t, s in zip(targets, best[2], strict=True)
                ],
            }  # fmt: skip
            path.with_suffix(".tmp").write_text(yaml.safe_dump(fitted, sort_keys=False, width=118))
    path.with_suffix(".tmp").replace(path)


def _back(endpoint: str, value: float) -> float:
    return 100.0 / (1.0 + math.exp(-value)) if endpoint == "ORR" else math.exp(value)


if __name__ == "__main__":
    main()
