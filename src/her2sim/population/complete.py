"""A user's own table of patients, completed: what it lacks is drawn given what it has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.population.composition import truncated
from her2sim.population.copula import combine
from her2sim.population.marginals import class_probabilities, cuts, rows_by_level, score
from her2sim.population.patients import Patients
from her2sim.population.plan import SamplingPlan
from her2sim.population.sample import covariate_columns, covariate_scores, from_scores
from her2sim.population.specification import Covariate

Floats = NDArray[np.float64]
FAREST = 5.0  # beyond this score a known value tells no more of the others


def complete_patients(
    plan: SamplingPlan, table: Patients, *, seed: int, typical: Mapping[str, float] | None = None
) -> Patients:
    """All columns that the model needs, for patients of whom some are known.

    Known values stay. Unknown covariates and traits are drawn through the copula given the known ones, so a patient
    with low albumin gets the larger tumor that goes with it. The draws of a patient depend on the seed and its number,
    as in ``draw_patients``.

    Main arguments:
        plan: the population to complete from; without a baseline, so that nothing but the table selects.
        table: columns are covariates or traits; from ``Patients.from_frame``.
        seed: seed of the study.

    Other arguments:
        typical: parameter -> typical value of this replicate.

    Raises:
        InputError: the plan has a baseline of its own; a flag has a value that is no class of the population; or a
            column follows from another one that the table lacks (``ihc3`` from ``her2_class``).
    """
    if plan.targets.medians or plan.targets.keys or plan.overrides:
        raise InputError(
            "the plan has a baseline or overrides.",
            where="complete_patients",
            why="A table selects its patients itself.",
            hint="Make the plan with the specification and parameters only.",
        )
    for covariate in plan.specification.covariates:
        if covariate.distribution == "constant" and covariate.name in table and covariate.given:
            lacking = [name for name in covariate.given if name not in table]
            if lacking:
                hint = f"Give {', '.join(lacking)} instead."
                raise InputError("the column follows from another one.", where=f"patients, {covariate.name}", hint=hint)
    free = covariate_scores(plan, seed, table.ids)
    drawn = covariate_columns(plan, free, table.columns)
    known = [name for name in plan.drawn if name in table]
    place = [plan.drawn.index(name) for name in known]
    wanted = free[:, place].copy()
    for j, name in enumerate(known):
        covariate = plan.specification.covariate(name)
        wanted[:, j] = _known_scores(plan, covariate, np.asarray(table[name], dtype=np.float64), wanted[:, j], drawn)
    coefficients, _ = plan.copula.regression(plan.drawn, known)
    scores = free + combine(wanted - free[:, place], coefficients)
    scores[:, place] = wanted
    return from_scores(plan, scores, table.columns, seed=seed, ids=table.ids, typical=typical).patients


def _known_scores(
    plan: SamplingPlan, covariate: Covariate, values: Floats, free: Floats, columns: Mapping[str, Floats]
) -> Floats:
    """(n,) normal scores that give the known values: of a flag or class, some score within its borders."""
    from scipy.special import ndtr

    given = [plan.specification.covariate(name) for name in covariate.given]
    out = np.zeros(len(values))
    for key, rows in rows_by_level(covariate, given, columns, len(values)).items():
        level = covariate.levels[key]
        if covariate.discrete:
            codes = np.asarray(covariate.codes)
            number = np.searchsorted(codes, values[rows])
            if not np.isin(values[rows], codes).all():
                wrong = values[rows][~np.isin(values[rows], codes)][0]
                raise InputError(f"{wrong:g} is no class of {covariate.name}.", where=f"patients, {covariate.name}")
            borders = cuts(class_probabilities(covariate, level))
            out[rows] = _within(ndtr(free[rows]), borders[number], borders[number + 1])
        elif covariate.distribution == "poisson":
            out[rows] = free[rows]  # counts take part in no correlation of the shipped populations
        else:
            found = np.array([score(covariate, level, float(x)) for x in values[rows]])
            out[rows] = np.clip(found, -FAREST, FAREST)
    return out


def _within(u: Floats, low: Floats, high: Floats) -> Floats:
    """Scores between borders; a class that the population says cannot be (borders meet) gets the border itself."""
    possible = high > low
    out = np.where(np.isfinite(low), low, high)
    out[possible] = truncated(u[possible], low[possible], high[possible])
    return np.clip(out, -FAREST, FAREST)
