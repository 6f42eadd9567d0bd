"""The prior predictive check: what the model says before any fitting, with parameters drawn from their priors.

Numbers that a calibration may change are drawn from the priors of ``data/calibration/core.yaml``, all others within the
uncertainty that their data file states; no fitted value is used. What comes out must be plausible for whole arms: the
ranges are those of ``data/facts/prior_predictive.yaml``. Only protocols of trials are used, never results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.kaplan_meier import kaplan_meier, survival_quantile
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.core.progress import Progress
from her2sim.core.random import stream
from her2sim.endpoints.time_to_event import progression_free_survival
from her2sim.evidence.base import load_record
from her2sim.evidence.roles import role_of
from her2sim.jobs.crew import in_order
from her2sim.model.calibration import free_numbers
from her2sim.model.frozen import spread_name
from her2sim.model.parameters import ParameterSet, read_parameter_folder
from her2sim.model.patient_parameters import growth_rate_per_day
from her2sim.population.plan import disease_parameters
from her2sim.population.specification import load_specification
from her2sim.population.uncertainty import draw_typical_values
from her2sim.record.types import TrialRecord
from her2sim.study.cohort import sample_cohort, typical_in_force
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import TrialPlan, make_plan

LIMITS = {"draws": (2, 10_000), "patients": (10, 10_000), "seed": (0, 2**31 - 1), "workers": (1, 256)}


@dataclass(frozen=True)
class ArmUnderPrior:
    """One arm over all draws of the parameters.

    Main arguments:
        trial, disease, setting, arm: which.
        orr_percent: (n_draws,) objective response, confirmed as the trial does.
        pfs_months: (n_draws,) median progression-free survival; infinity where it is not reached.
    """

    trial: str
    disease: str
    setting: str
    arm: str
    orr_percent: NDArray[np.float64]
    pfs_months: NDArray[np.float64]

    def inside(self, plausible: Mapping[str, Any]) -> tuple[float, float]:
        """Shares of draws with response and with median PFS in the plausible range of the setting."""
        low, high = plausible[self.setting]["ORR_percent"]
        early, late = plausible[self.setting]["PFS_median_months"]
        response = (self.orr_percent >= low) & (self.orr_percent <= high)
        return float(response.mean()), float(((self.pfs_months >= early) & (self.pfs_months <= late)).mean())


@dataclass(frozen=True)
class PriorPredictive:
    """The check: arms, and doubling times of untreated lesions by disease.

    Main arguments:
        arms: one for each simulated arm.
        doubling_days: disease -> (n_draws * n_patients,) doubling times of a small lesion without drugs.
        plausible: the ranges.
        asked_share: share inside, below which an arm is marked.
    """

    arms: tuple[ArmUnderPrior, ...]
    doubling_days: Mapping[str, NDArray[np.float64]]
    plausible: Mapping[str, Any]
    asked_share: float


def draw_prior(record: TrialRecord, seed: int, draw: int) -> dict[str, float]:
    """All parameters of one draw from the priors, as overrides of a plan.

    The same draw number gives the same value of a parameter in every trial of a disease, whichever others there are.
    A number that the disease has a value of its own for is drawn around that value.

    Main arguments:
        record: the trial; only its disease and setting matter.
        seed: seed of the study.
        draw: number of the draw, 1 or more.
    """
    specification = load_specification(record.disease, record.setting)
    quantities = disease_parameters(specification, _as_in_the_files().quantities)
    values = draw_typical_values(quantities, seed, draw)
    for number in free_numbers():
        score = float(np.clip(stream(seed, draw, f"prior/{number.what}/{number.name}").standard_normal(), -2.5, 2.5))
        own = number.what == "value" and number.name in specification.typical_values
        center = replace(number, median=quantities[number.name].value) if own else number
        name = number.name if number.what == "value" else spread_name(number.name)
        values[name] = center.from_score(score)
    return values


def prior_predictive(
    *,
    draws: int = 40,
    patients: int = 40,
    seed: int = 1,
    workers: int = 1,
    trials: Sequence[str] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> PriorPredictive:
    """Simulate first- and second-line arms under the priors.

    Main arguments:
        draws: of all parameters.
        patients: per arm and draw.
        seed: of all random streams.

    Other arguments:
        workers: processes; changes no result.
        trials: ids; those of the data file by default.
        on_progress: told as draws are finished, in patients of trials.

    Raises:
        InputError: a number is out of range, or a trial is not among those of the data file.
    """
    import time

    check_numbers(LIMITS, draws=draws, patients=patients, seed=seed, workers=workers)
    content = _settings()
    known = [trial for names in content["trials"].values() for trial in names]
    unknown = [trial for trial in trials if trial not in known]
    if unknown:
        raise InputError(f"{unknown[0]} is not part of the prior predictive check.", hint=f"Known: {', '.join(known)}.")
    asked = [(trial, draw, patients, seed) for draw in range(1, draws + 1) for trial in trials or known]
    begun, found = time.perf_counter(), list[_OneDraw]()
    for one in in_order(_one_draw, asked, workers):
        found.append(one)
        if on_progress is not None:
            took = time.perf_counter() - begun
            left = took * (len(asked) - len(found)) / len(found)
            on_progress(Progress("simulating", len(found) * patients, len(asked) * patients, took, left))
    arms: list[ArmUnderPrior] = []
    doubling: dict[str, list[NDArray[np.float64]]] = {}
    for trial in trials or known:
        record, mine = load_record(trial), [one for one in found if one.trial == trial]
        for index, arm in enumerate(record.arms):
            orr, pfs = (np.array([each.figures[index][k] for each in mine]) for k in (0, 1))
            arms.append(ArmUnderPrior(trial, record.disease, record.setting, arm.name, orr, pfs))
        doubling.setdefault(record.disease, []).extend(one.doubling_days for one in mine)
    together = {disease: np.concatenate(parts) for disease, parts in doubling.items()}
    return PriorPredictive(tuple(arms), together, content["plausible"], float(content["asked_share"]))


@dataclass(frozen=True)
class _OneDraw:
    trial: str
    figures: tuple[tuple[float, float], ...]
    doubling_days: NDArray[np.float64]


def _one_draw(asked: tuple[str, int, int, int]) -> _OneDraw:
    trial, draw, patients, seed = asked
    record = load_record(trial)
    if role_of(trial) == "withheld":
        raise InputError(f"{trial} is withheld.", where="data/facts/prior_predictive.yaml")
    days = float(_settings()["months"][record.setting]) * DAYS_PER_MONTH
    record = replace(record, assessment=replace(record.assessment, follow_up_days=days))
    plan = make_plan(record, patients=patients, seed=seed, overrides=draw_prior(record, seed, draw))
    plan = replace(plan, after_progression=False)
    chunk = simulate_chunk(plan, 0, 0, patients)
    who, figures = record.assessment.assessor, list[tuple[float, float]]()
    for arm in chunk.arms:
        judged, well = arm.judged[who], arm.status == 0
        response = judged.responders(confirmed=record.assessment.confirmed)[well]
        pfs = progression_free_survival(judged.day, judged.visits.overall, arm.follow_up[who]).of(well)
        median = survival_quantile(kaplan_meier(pfs.time_days, pfs.event)).value
        figures.append((100.0 * float(response.mean()), math.inf if median is None else median / DAYS_PER_MONTH))
    return _OneDraw(trial, tuple(figures), doubling_days(plan, patients))


def doubling_days(plan: TrialPlan, patients: int) -> NDArray[np.float64]:
    """(n_patients,) doubling times of a small untreated lesion, of patients as they are before any selection."""
    typical = typical_in_force(plan, 0)
    cohort = sample_cohort(plan, typical, 0, np.arange(patients, dtype=np.int64))
    values = {name: np.asarray(value) for name, value in typical.items()} | dict(cohort.patients.columns)
    rate = np.broadcast_to(growth_rate_per_day(values, plan.record.disease), (patients,))
    return math.log(2.0) / rate


@cache
def _as_in_the_files() -> ParameterSet:
    """The parameter files without any fitted value."""
    return read_parameter_folder(data_dir("parameters"))


@cache
def _settings() -> dict[str, Any]:
    import yaml

    return yaml.safe_load((data_dir("facts") / "prior_predictive.yaml").read_text())


def check_numbers(limits: Mapping[str, tuple[int, int]], **given: int) -> None:
    """Whole numbers of an option within reason.

    Raises:
        InputError: one is out of range.
    """
    for name, value in given.items():
        low, high = limits[name]
        if not low <= value <= high:
            raise InputError(f"--{name} is {value}.", hint=f"Expected a whole number from {low} to {high}.")
