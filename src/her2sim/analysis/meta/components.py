"""Additive component network meta-analysis: the effect of a combination is the sum of those of its components.

It can compare treatments of a network that falls apart, if its parts share components. Sources: Rücker G, Petropoulou
M, Schwarzer G. Biom J 2020;62:808, doi:10.1002/bimj.201800167; for disconnected networks Rücker G, Schmitz S, Schwarzer
G. Biom J 2021;63:447, doi:10.1002/bimj.201900339.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.meta.comparisons import Comparison, treatments_of
from her2sim.analysis.meta.edges import (
    edges,
    moment_variance,
    pseudoinverse,
    restricted_likelihood_variance,
    solve,
    weights,
)
from her2sim.analysis.meta.inconsistency import QTest
from her2sim.analysis.meta.network import Effect, Effects, Model, TauMethod, effect_of
from her2sim.analysis.meta.network_geometry import geometry
from her2sim.analysis.meta.pairwise import chi2_tail, i_squared
from her2sim.core.errors import InputError, did_you_mean

Floats = NDArray[np.float64]
Composition = Mapping[str, float]
_ESTIMABLE = 1e-8


@dataclass(frozen=True)
class ComponentModel:
    """Effects of components under one model.

    Main arguments:
        names: (n,) components that act, sorted.
        values: (n,) effects, of least norm where the data do not tell components apart.
        covariance: (n, n) of ``values``.
        projection: (n, n) onto what the data tell: a composition is estimable if this leaves it as it is.
        tau2: variance between studies.
        level: of the intervals.
    """

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    projection: Floats
    tau2: float
    level: float

    def estimable(self, composition: Composition) -> bool:
        """Whether the data tell the effect of a sum of components, against none of them."""
        vector = self._vector(composition)
        return bool(np.max(np.abs(self.projection @ vector - vector), initial=0.0) < _ESTIMABLE)

    def of(self, composition: Composition, reference: Composition | None = None) -> Effect | None:
        """Effect of a sum of components against another, or against none; None where the data do not tell it.

        Main arguments:
            composition: component to its share in the treatment (1 for all patients). Inactive ones are left out.

        Raises:
            InputError: an unknown component.
        """
        difference = dict(composition)
        for name, share in (reference or {}).items():
            difference[name] = difference.get(name, 0.0) - share
        if not self.estimable(difference):
            return None
        vector = self._vector(difference)
        error = float(np.sqrt(max(0.0, vector @ self.covariance @ vector)))
        label = "+".join(sorted(composition))
        return effect_of(label, "+".join(sorted(reference or {})), float(vector @ self.values), error, self.level)

    def components(self) -> tuple[Effect | None, ...]:
        """Effect of each component against nothing, in the order of ``names``."""
        return tuple(self.of({name: 1.0}) for name in self.names)

    def _vector(self, composition: Composition) -> Floats:
        vector = np.zeros(len(self.names))
        for name, share in composition.items():
            if share == 0.0:
                continue
            if name not in self.names:
                raise InputError(f"{name!r} is not a component of this network.", hint=did_you_mean(name, self.names))
            vector[self.names.index(name)] = share
        return vector


@dataclass(frozen=True)
class ComponentNetwork:
    """An additive component network meta-analysis.

    Main arguments:
        compositions: treatment to its active components and their shares.
        fixed, random: effects of the components.
        combinations_fixed, combinations_random: effects between all treatments of the network; NaN where the data do
            not tell them.
        tau2, i2: variance between studies, and share of the variation beyond chance.
        additive: Q of the additive model.
        difference: what the additive model fits worse than the network without that assumption: a test of additivity;
            each part of a network that falls apart is fitted on its own for it.
        subnetworks: parts of the network.
    """

    compositions: Mapping[str, Composition]
    fixed: ComponentModel
    random: ComponentModel
    combinations_fixed: Effects
    combinations_random: Effects
    tau2: float
    i2: float
    additive: QTest
    difference: QTest
    subnetworks: tuple[tuple[str, ...], ...]

    def model(self, model: Model = "random") -> ComponentModel:
        """Components under one of the two models."""
        return self.random if model == "random" else self.fixed


def split_names(treatments: Sequence[str], *, separator: str = "+", inactive: str = "") -> dict[str, dict[str, float]]:
    """Compositions from names such as ``A+B``; the inactive component adds nothing.

    >>> split_names(["A+B", "placebo"], inactive="placebo")
    {'A+B': {'A': 1.0, 'B': 1.0}, 'placebo': {}}
    """
    return {
        name: {part.strip(): 1.0 for part in name.split(separator) if part.strip() != inactive} for name in treatments
    }


def component_network(
    comparisons: Sequence[Comparison],
    compositions: Mapping[str, Composition],
    *,
    tau_method: TauMethod = "DL",
    level: float = 0.95,
) -> ComponentNetwork:
    """Fit the additive model; the network may fall apart.

    Main arguments:
        comparisons: as for ``network``.
        compositions: treatment to its active components; a share below 1 is of the patients who get it.

    Other arguments:
        tau_method: ``DL`` (as netmeta's netcomb) or ``REML``.
        level: of the intervals.

    Raises:
        InputError: a treatment has no composition.

    >>> trials = [Comparison("1", "A+B", "A", -0.5, 0.1), Comparison("2", "A", "P", -0.2, 0.1)]
    >>> found = component_network(trials, split_names(["A+B", "A", "P"], inactive="P"))
    >>> round(found.random.of({"A": 1.0, "B": 1.0}).value, 6)
    -0.7
    """
    missing = [name for name in treatments_of(comparisons) if name not in compositions]
    if missing:
        raise InputError(f"the components of {', '.join(missing)} are not given.")
    data = edges(comparisons)
    names = tuple(sorted({part for name in data.names for part, share in compositions[name].items() if share != 0.0}))
    makeup = np.array([[compositions[name].get(part, 0.0) for part in names] for name in data.names])
    makeup = makeup.reshape(len(data.names), len(names))
    design = data.incidence @ makeup
    weight = weights(data)
    solved = solve(data, design, weight)
    df = data.observed - solved.rank
    tau2 = 0.0
    if df > 0:
        by_moments = tau_method == "DL"
        tau2 = moment_variance(solved, df) if by_moments else restricted_likelihood_variance(data, design)
    standard = solve(data, data.incidence, weight)
    difference = max(0.0, solved.q - standard.q), standard.rank - solved.rank
    projection = pseudoinverse(design.T @ design)[0] @ (design.T @ design)
    fits: list[ComponentModel] = []
    for each in (0.0, tau2):
        fit = solve(data, design, weights(data, each))
        fits.append(ComponentModel(names, fit.coefficients, fit.covariance, projection, each, level))
    return ComponentNetwork(
        compositions={name: dict(compositions[name]) for name in data.names},
        fixed=fits[0],
        random=fits[1],
        combinations_fixed=_combinations(fits[0], data.names, makeup),
        combinations_random=_combinations(fits[1], data.names, makeup),
        tau2=tau2,
        i2=i_squared(solved.q, df),
        additive=QTest(solved.q, df, chi2_tail(solved.q, df)),
        difference=QTest(*difference, chi2_tail(*difference)),
        subnetworks=geometry(comparisons).subnetworks,
    )


def _combinations(model: ComponentModel, treatments: tuple[str, ...], makeup: Floats) -> Effects:
    differences = makeup[:, None, :] - makeup[None, :, :]
    values = differences @ model.values
    variances = np.einsum("ijk,kl,ijl->ij", differences, model.covariance, differences)
    told = np.max(np.abs(differences @ model.projection.T - differences), axis=2, initial=0.0) < _ESTIMABLE
    values = np.where(told, values, np.nan)
    errors = np.where(told, np.sqrt(np.maximum(variances, 0.0)), np.nan)
    return Effects(treatments, values, errors, model.tau2, model.level)
