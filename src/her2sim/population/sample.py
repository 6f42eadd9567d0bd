"""Draw virtual patients. Patient i depends on the seed, its own number and the trial's plan, and on nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, SimulationError, did_you_mean
from her2sim.core.quantity import Quantity
from her2sim.core.random import normals
from her2sim.model.frozen import spread_name
from her2sim.population.copula import combine, root_of
from her2sim.population.geometry import SHAPE, lesion_columns
from her2sim.population.marginals import quantile, rows_by_level
from her2sim.population.organs import PLACED, growth_columns, organ_columns
from her2sim.population.patients import Patients
from her2sim.population.physiology import creatinine_clearance_mL_per_min
from her2sim.population.plan import SamplingPlan, plan_sampling
from her2sim.population.plausibility import implausible
from her2sim.population.specification import Covariate, Specification

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_ATTEMPTS = 200


@dataclass(frozen=True)
class SampledPatients:
    """Patients and how they came about.

    Main arguments:
        patients: the table.
        attempts: (n,) draws of traits that each patient took until it was plausible; 1 for most.
        plan: what they were drawn from; ``plan.targets.unused`` lists baseline keys without effect.
    """

    patients: Patients
    attempts: Ints
    plan: SamplingPlan


def sample_patients(
    specification: Specification,
    parameters: Mapping[str, Quantity],
    baseline: Mapping[str, Any] | None = None,
    *,
    seed: int,
    ids: Sequence[int] | Ints,
    rules: Mapping[str, Collection[str]] | None = None,
    typical: Mapping[str, float] | None = None,
    overrides: Mapping[str, float] | None = None,
) -> Patients:
    """Patients of a trial, matched to its published baseline table.

    Shares and medians of the trial's population are met exactly in expectation; a sample scatters around them as the
    trial's own patients do. For many chunks call ``plan_sampling`` once and ``draw_patients`` for each.

    Main arguments:
        specification: the population, from ``load_specification(disease, setting)``.
        parameters: model parameters, ``load_parameters().quantities``; those with spread become columns.
        baseline: the record's baseline figures.
        seed: seed of the study.
        ids: (n,) numbers of the patients to draw.

    Other arguments:
        rules: covariate -> classes allowed, from ``eligibility_rules``.
        typical: parameter -> typical value of this replicate, from ``draw_typical_values``; ``spread of NAME`` -> the
            standard deviation of a trait between patients, in place of its own.
        overrides: covariate or trait -> value that all patients take.

    Raises:
        InputError: see ``plan_sampling``.
        SimulationError: a patient stays implausible over many draws.
    """
    plan = plan_sampling(specification, parameters, baseline, rules=rules, overrides=overrides)
    return draw_patients(plan, seed=seed, ids=ids, typical=typical).patients


def draw_patients(
    plan: SamplingPlan, *, seed: int, ids: Sequence[int] | Ints, typical: Mapping[str, float] | None = None
) -> SampledPatients:
    """Patients of a plan; arguments as in ``sample_patients``."""
    numbers = np.asarray(ids, dtype=np.int64)
    _check_overrides(plan)
    known = {name: np.full(len(numbers), float(value)) for name, value in plan.overrides.items()}
    return from_scores(plan, covariate_scores(plan, seed, numbers), known, seed=seed, ids=numbers, typical=typical)


def from_scores(
    plan: SamplingPlan,
    scores: Floats,
    known: Mapping[str, Floats],
    *,
    seed: int,
    ids: Ints,
    typical: Mapping[str, float] | None = None,
) -> SampledPatients:
    """Patients from the normal scores of their covariates.

    Main arguments:
        scores: (n, n_covariates) in the order of ``plan.drawn``.
        known: column -> (n,) values that are given and not drawn.
        seed, ids, typical: as in ``sample_patients``; the traits are drawn here.
    """
    values = {name: quantity.value for name, quantity in plan.parameters.items()} | dict(typical or {})
    covariates = covariate_columns(plan, scores, known)
    columns, attempts = _with_traits(plan, seed, ids, scores, {**covariates, **known}, values)
    columns |= organ_columns(columns, plan.specification.disease, seed=seed, ids=ids)
    columns |= growth_columns(columns, _lesion_spreads(plan, values), values["organ_growth_correlation"])
    kept = {name: column for name, column in columns.items() if name not in SHAPE}
    return SampledPatients(Patients(ids, kept), attempts, plan)


def _lesion_spreads(plan: SamplingPlan, values: Mapping[str, float]) -> dict[str, float]:
    """Slot -> SD of the logarithm of its growth over the patient's."""
    traits = {slot: plan.traits[f"growth_{slot}"] for slot in PLACED if f"growth_{slot}" in plan.traits}
    return {slot: values.get(spread_name(trait.name), trait.spread) for slot, trait in traits.items()}


def covariate_scores(plan: SamplingPlan, seed: int, ids: Ints) -> Floats:
    """(n, n_covariates) normal scores. Matched ones are drawn within their cell; the others follow by regression
    (Matheron's rule), so that their own noise is the same in every trial."""
    names, matched = plan.drawn, plan.composition.names
    noise = normals(seed, ids, "population/covariates", len(names) + plan.composition.normals_needed)
    root = root_of(plan.copula.block(names, names))
    free = combine(noise[:, : len(names)], root)
    if not matched:
        return free
    place = [names.index(name) for name in matched]
    coefficients, _ = plan.copula.regression(names, matched)
    wanted = plan.composition.draw(noise[:, len(names) :])
    scores = free + combine(wanted - free[:, place], coefficients)
    scores[:, place] = wanted
    return scores


def covariate_columns(plan: SamplingPlan, scores: Floats, known: Mapping[str, Floats]) -> dict[str, Floats]:
    """Covariates by name, from their scores (n, n_covariates); ``known`` ones stay as given, and others follow them."""
    columns: dict[str, Floats] = {}
    place = {name: i for i, name in enumerate(plan.drawn)}
    for covariate in plan.specification.covariates:
        name = covariate.name
        if name in known:
            columns[name] = np.asarray(known[name], dtype=np.float64)
        elif covariate.distribution == "cockcroft_gault":
            columns[name] = creatinine_clearance_mL_per_min(
                columns["age_years"], columns["weight_kg"], columns["creatinine_mg_per_dL"], columns["female"]
            )
        else:
            z = np.ascontiguousarray(scores[:, place[name]]) if name in place else np.zeros(len(scores))
            columns[name] = _values(plan, covariate, z, columns)
    return columns


def _values(plan: SamplingPlan, covariate: Covariate, z: Floats, columns: Mapping[str, Floats]) -> Floats:
    given = [plan.specification.covariate(name) for name in covariate.given]
    shift = plan.shifts.get(covariate.name, 0.0)
    out = np.full(len(z), np.nan)
    for key, rows in rows_by_level(covariate, given, columns, len(z)).items():
        out[rows] = quantile(covariate, covariate.levels[key], z[rows], shift)
    if np.isnan(out).any():
        raise InputError(f"{covariate.name} has no distribution for some patients", where=plan.specification.name)
    return out


def _with_traits(
    plan: SamplingPlan,
    seed: int,
    ids: Ints,
    scores: Floats,
    given: Mapping[str, Floats],
    values: dict[str, float],
) -> tuple[dict[str, Floats], Ints]:
    """All columns of plausible patients, and the number of draws that each took."""
    names = tuple(plan.traits)
    coefficients, left = plan.copula.regression(names, plan.drawn)
    center, root = combine(scores, coefficients), root_of(left)
    constants = {name: quantity.value for name, quantity in plan.specification.constants.items()}
    fixed = {name: np.full(len(ids), value) for name, value in (values | constants).items()}
    z = np.empty((len(ids), len(names)))
    attempts = np.zeros(len(ids), dtype=np.int64)
    rows = np.arange(len(ids))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        purpose = "population/traits" if attempt == 1 else f"population/traits/attempt {attempt}"
        z[rows] = center[rows] + combine(normals(seed, ids[rows], purpose, len(names)), root)
        attempts[rows] = attempt
        columns = dict(given)
        for j, (name, quantity) in enumerate(plan.traits.items()):
            if name not in given:
                spread = values.get(spread_name(name), quantity.spread)
                columns[name] = _trait_values(quantity, values[name], spread, np.ascontiguousarray(z[:, j]))
        columns |= lesion_columns(columns, largest_mm=constants.get("largest_target_mm", np.inf), numbers=values)
        bad = implausible(plan.specification.plausible, {**fixed, **columns}, disease=plan.specification.disease)
        rows = rows[bad[rows]]
        if not len(rows):
            return columns, attempts
    raise SimulationError(
        f"no plausible traits in {MOST_ATTEMPTS} draws.",
        where=f"patient {ids[rows[0]]}",
        why=f"{len(rows)} of {len(ids)} patients have no draw within the bounds of {plan.specification.name}.",
        hint="Check typical values and overrides of growth and tumor size.",
    )


def _trait_values(quantity: Quantity, typical: float, spread: float, z: Floats) -> Floats:
    if quantity.spread_distribution == "logitnormal":
        odds = typical * np.exp(spread * z)
        return odds / (1.0 - typical + odds)
    if quantity.spread_distribution == "exponential":
        from scipy.special import log_ndtr

        return -typical * log_ndtr(-z)
    return typical * np.exp(spread * z)


def _check_overrides(plan: SamplingPlan) -> None:
    known = [*plan.specification.names, *plan.traits]
    for name in plan.overrides:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError("neither a covariate nor a trait.", where=f"override {name}", hint=hint)
