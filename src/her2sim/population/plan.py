"""The plan of sampling for one trial: everything that does not depend on the patient, solved once.

Solving is deterministic: shares and medians of the trial's population are integrals over the distribution of normal
scores, not averages over a sample, so no patient depends on another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.quantity import Quantity
from her2sim.population.composition import Composition, compose
from her2sim.population.copula import Copula, build_copula
from her2sim.population.geometry import TARGETS
from her2sim.population.marginals import class_probabilities, cuts, score
from her2sim.population.specification import Covariate, Specification
from her2sim.population.targets import Targets, read_targets

Floats = NDArray[np.float64]
FROM_COVARIATES = tuple(f"V0_{slot}_mL" for slot in TARGETS)
NEGLIGIBLE = 1e-9
FAR = 40.0  # a shift on the probit scale beyond which a probability is 0 or 1


@dataclass(frozen=True, eq=False)
class SamplingPlan:
    """What ``her2sim.population.sample`` needs to draw any patient of a trial.

    Main arguments:
        specification: the population.
        parameters: all model parameters, with the typical values of the disease.
        traits: those that differ between patients and do not follow from covariates, in alphabetical order.
        copula: over covariates and traits.
        composition: the mix of matched flags and classes.
        shifts: covariate -> shift of its distribution that meets a published median or share.
        targets: what was asked.

    Other arguments:
        overrides: covariate or trait -> value that all patients take.
    """

    specification: Specification
    parameters: Mapping[str, Quantity]
    traits: Mapping[str, Quantity]
    copula: Copula
    composition: Composition
    shifts: Mapping[str, float]
    targets: Targets
    overrides: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of the covariates that have a normal score."""
        return tuple(c.name for c in self.specification.covariates if not c.derived)

    def expected_shares(self, name: str) -> Floats:
        """(n_classes,) shares of a flag's or class's values in the trial's population, by integration."""
        return self.composition.weights @ _class_shares(self, self.specification.covariate(name))


def disease_parameters(specification: Specification, parameters: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """The parameters with the specification's typical values and spreads where these differ in the disease.

    Raises:
        InputError: the specification names an unknown parameter.
    """
    merged = dict(parameters)
    for name, quantity in specification.typical_values.items():
        own = _known(specification, merged, name)
        if quantity.spread_distribution == "none":
            quantity = replace(quantity, spread_distribution=own.spread_distribution, spread=own.spread)
        merged[name] = quantity
    for name, spread in specification.spreads.items():
        own = _known(specification, merged, name)
        if own.spread == 0.0:
            merged[name] = replace(own, spread_distribution="lognormal", spread=spread.value)
    return merged


def _known(specification: Specification, parameters: Mapping[str, Quantity], name: str) -> Quantity:
    if name not in parameters:
        raise InputError(f"{name} is no parameter.", where=specification.name, hint=did_you_mean(name, parameters))
    return parameters[name]


def plan_sampling(
    specification: Specification,
    parameters: Mapping[str, Quantity],
    baseline: Mapping[str, Any] | None = None,
    *,
    rules: Mapping[str, Collection[str]] | None = None,
    overrides: Mapping[str, float] | None = None,
) -> SamplingPlan:
    """Match a population to a trial's baseline table and eligibility.

    Main arguments:
        specification: the population.
        parameters: model parameters by name; those with spread become traits of the patients.
        baseline: figures of the baseline table, by the keys of the evidence format.

    Other arguments:
        rules: covariate -> classes allowed; see ``eligibility_rules``.
        overrides: covariate or trait -> value for all patients.

    Raises:
        InputError: see ``read_targets`` and ``build_copula``; or a published share or median cannot be reached.
    """
    merged = disease_parameters(specification, parameters)
    covariates = {*specification.names, *FROM_COVARIATES}
    varying = (n for n, q in sorted(merged.items()) if q.spread > 0 and q.spread_distribution != "none")
    spread = {n: merged[n] for n in varying if n not in covariates}
    targets = read_targets(specification, baseline or {}, rules or {})
    names = [c.name for c in specification.covariates if not c.derived]
    copula = build_copula([*names, *spread], specification.correlations)
    matched = [n for n in names if n in targets.shares and not specification.covariate(n).given]
    to_match = [specification.covariate(n) for n in matched]
    composition = compose(
        matched,
        copula.block(matched, matched),
        [cuts(class_probabilities(c, c.levels[()])) for c in to_match],
        [np.array(targets.shares[n]) for n in matched],
    )
    plan = SamplingPlan(specification, merged, spread, copula, composition, {}, targets, dict(overrides or {}))
    shifts: dict[str, float] = {}
    for covariate in specification.covariates:
        if covariate.name in targets.shares and covariate.given:
            shifts[covariate.name] = _shift_to_share(plan, covariate, targets.shares[covariate.name])
        elif covariate.name in targets.medians:
            shifts[covariate.name] = _shift_to_median(plan, covariate, targets.medians[covariate.name])
        plan = replace(plan, shifts=dict(shifts))
    return plan


def _class_shares(plan: SamplingPlan, covariate: Covariate, shift: float | None = None) -> Floats:
    """(m, n_classes) probability of each class at each node of the composition."""
    composition = plan.composition
    if covariate.name in composition.names:
        borders = cuts(class_probabilities(covariate, covariate.levels[()]))
        column = composition.nodes[:, composition.names.index(covariate.name)]
        return np.eye(len(covariate.classes))[np.searchsorted(borders[1:-1], column, side="left")]
    moved = plan.shifts.get(covariate.name, 0.0) if shift is None else shift
    return _at_nodes(plan, covariate, lambda key: cuts(class_probabilities(covariate, covariate.levels[key]), moved))


def _at_nodes(plan: SamplingPlan, covariate: Covariate, borders: Callable[[tuple[int, ...]], Floats]) -> Floats:
    """(m, n_intervals) probability that the score lies between borders, which depend on the covariate's level."""
    from scipy.special import ndtr

    coefficients, left = plan.copula.regression([covariate.name], plan.composition.names)
    center, sd = plan.composition.nodes @ coefficients[0], float(np.sqrt(left[0, 0]))
    given = [_class_shares(plan, plan.specification.covariate(name)) for name in covariate.given]
    total: Floats = np.zeros(1)
    for key in covariate.levels:
        share = np.ones(len(center))
        for classes, number in zip(given, key, strict=True):
            share = share * classes[:, number]
        edges = ndtr((borders(key)[None, :] - center[:, None]) / sd)
        total = total + share[:, None] * np.diff(edges, axis=1)
    return total


def _shift_to_share(plan: SamplingPlan, covariate: Covariate, shares: tuple[float, ...]) -> float:
    if covariate.distribution != "bernoulli":
        raise InputError(f"shares of {covariate.name} cannot be matched: it depends on other covariates")
    wanted, weights = shares[-1], plan.composition.weights
    if wanted in (0.0, 1.0):
        return FAR if wanted == 1.0 else -FAR
    return _root(lambda x: float(weights @ _class_shares(plan, covariate, x)[:, 1]) - wanted, 10.0, covariate.name)


def _shift_to_median(plan: SamplingPlan, covariate: Covariate, median: float) -> float:
    if covariate.distribution == "poisson":
        # the median of a Poisson variable of whole mean is that mean
        return float(np.log(max(median, 1e-12) / max(covariate.levels[()]["mean"].value, 1e-12)))
    weights, level = plan.composition.weights, next(iter(covariate.levels.values()))
    low, high = level["low"].value, level["high"].value
    widest = float(np.log(high / low)) if covariate.distribution == "lognormal" else high - low

    def above_half(shift: float) -> float:
        def borders(key: tuple[int, ...]) -> Floats:
            return np.array([-np.inf, score(covariate, covariate.levels[key], median, shift)])

        return float(weights @ _at_nodes(plan, covariate, borders)[:, 0]) - 0.5

    return _root(above_half, widest, covariate.name)


def _root(function: Callable[[float], float], widest: float, name: str) -> float:
    from scipy.optimize import brentq

    ends = {x: function(x) for x in (-widest, widest)}
    for end, value in ends.items():
        if abs(value) < NEGLIGIBLE:  # all who can: the liver in every patient with visceral disease
            return end
    if ends[-widest] * ends[widest] > 0:
        raise InputError(
            f"the published figure for {name} cannot be reached.",
            where="baseline",
            why="The rules of eligibility or other figures leave no room for it.",
        )
    return float(brentq(function, -widest, widest, xtol=1e-10))
