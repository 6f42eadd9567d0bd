"""Network meta-analysis, contrast-based and frequentist, as R's netmeta does it.

The network is an electrical one: treatments are nodes, comparisons are wires with weights, and the variance of the
effect between two treatments is the resistance between them. Sources: Rücker G. Res Synth Methods 2012;3:312,
doi:10.1002/jrsm.1058; Balduzzi S et al. J Stat Softw 2023;106(2), doi:10.18637/jss.v106.i02.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.edges import (
    Edges,
    edges,
    moment_variance,
    restricted_likelihood_variance,
    solve,
    standard_errors,
    weights,
)
from her2sim.analysis.meta.network_geometry import Geometry, geometry, within
from her2sim.analysis.meta.pairwise import chi2_tail, i_squared, two_sided
from her2sim.core.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Model = Literal["random", "fixed"]
TauMethod = Literal["DL", "REML"]


@dataclass(frozen=True)
class Effect:
    """Effect of one treatment against another, on the additive scale.

    Main arguments:
        treatment, reference: what is compared.
        value, std_error: the effect.
        low, high: its interval.
        z, p_value: its test against no effect; None where the error is 0.
    """

    treatment: str
    reference: str
    value: float
    std_error: float
    low: float
    high: float
    z: float | None
    p_value: float | None


@dataclass(frozen=True)
class Effects:
    """All differences between treatments under one model.

    Main arguments:
        names: (n,) treatments, sorted.
        values, std_errors: (n, n); row less column.
        tau2: variance between studies that was added to each comparison; 0 under a common effect.
        level: of the intervals.
    """

    names: tuple[str, ...]
    values: Floats
    std_errors: Floats
    tau2: float
    level: float

    def of(self, treatment: str, reference: str) -> Effect:
        """Effect of ``treatment`` against ``reference``.

        Raises:
            InputError: a treatment is not in the network.
        """
        row, column = (_place(self.names, name) for name in (treatment, reference))
        return effect_of(
            treatment, reference, float(self.values[row, column]), float(self.std_errors[row, column]), self.level
        )

    def against(self, reference: str) -> tuple[Effect, ...]:
        """Effect of every other treatment against ``reference``, by name."""
        return tuple(self.of(name, reference) for name in self.names if name != reference)


@dataclass(frozen=True)
class Network:
    """A connected network of studies and what follows from it.

    Main arguments:
        comparisons: what went in.
        geometry: treatments, designs, direct comparisons.
        fixed, random: all effects under a common effect, and under effects that vary between studies.
        tau2: variance between studies; ``tau_method`` says how it was found.
        q, df, p_value: Cochran's Q of the whole network (heterogeneity and inconsistency) and its test.
        i2: share of the variation beyond chance, 0 to 1.
    """

    comparisons: tuple[Comparison, ...]
    geometry: Geometry
    fixed: Effects
    random: Effects
    tau2: float
    tau_method: TauMethod
    q: float
    df: int
    p_value: float | None
    i2: float

    def effects(self, model: Model = "random") -> Effects:
        """All effects under one of the two models."""
        return self.random if model == "random" else self.fixed

    def frame(self, reference: str, *, model: Model = "random") -> pd.DataFrame:
        """Effects of all treatments against ``reference`` as a table."""
        import pandas as pd

        return pd.DataFrame([vars(each) for each in self.effects(model).against(reference)])


def network(comparisons: Sequence[Comparison], *, tau_method: TauMethod = "DL", level: float = 0.95) -> Network:
    """Analyze a connected network.

    Main arguments:
        comparisons: of all studies; a study of k arms gives all its k (k - 1) / 2 comparisons.

    Other arguments:
        tau_method: of the variance between studies: ``DL`` (moments, as netmeta's default) or ``REML``.
        level: of the intervals.

    Raises:
        InputError: the network falls apart (its parts are named), or the data contradict themselves.

    >>> trials = [Comparison("1", "A", "P", -1.0, 0.3), Comparison("2", "B", "P", -0.4, 0.4)]
    >>> found = network(trials).fixed.of("A", "B")
    >>> round(found.value, 6), round(found.std_error, 6)
    (-0.6, 0.5)
    """
    if tau_method not in ("DL", "REML"):
        raise InputError(f"unknown method {tau_method!r}.", hint="Choose DL or REML.")
    data, shape = edges(comparisons), geometry(comparisons)
    if not shape.connected:
        parts = "; ".join(", ".join(part) for part in shape.subnetworks)
        raise InputError(
            f"the network falls into {len(shape.subnetworks)} parts: {parts}.",
            why="Treatments of different parts cannot be compared.",
            hint="Analyze the parts one by one (networks), or assume additive components (component_network).",
        )
    solved = solve(data, data.incidence, weights(data))
    df = data.observed - (len(data.names) - 1)
    tau2 = 0.0
    if df > 0:
        by_moments = tau_method == "DL"
        tau2 = moment_variance(solved, df) if by_moments else restricted_likelihood_variance(data, data.incidence)
    return Network(
        comparisons=tuple(comparisons),
        geometry=shape,
        fixed=_effects(data, 0.0, level),
        random=_effects(data, tau2, level),
        tau2=tau2,
        tau_method=tau_method,
        q=solved.q,
        df=df,
        p_value=chi2_tail(solved.q, df),
        i2=i_squared(solved.q, df),
    )


def networks(
    comparisons: Sequence[Comparison], *, tau_method: TauMethod = "DL", level: float = 0.95
) -> tuple[Network, ...]:
    """One analysis for each part of a network that falls apart, larger parts first."""
    parts = geometry(comparisons).subnetworks
    return tuple(network(within(comparisons, part), tau_method=tau_method, level=level) for part in parts)


def effect_of(treatment: str, reference: str, value: float, error: float, level: float) -> Effect:
    """An effect with its interval and test."""
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * error
    z = value / error if error > 0.0 else None
    return Effect(
        treatment, reference, value, error, value - half, value + half, z, None if z is None else two_sided(z)
    )


def _effects(data: Edges, tau2: float, level: float) -> Effects:
    solved = solve(data, data.incidence, weights(data, tau2))
    theta = solved.coefficients
    return Effects(data.names, theta[:, None] - theta[None, :], standard_errors(solved.covariance), tau2, level)


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise InputError(f"{name!r} is not in the network.", hint=did_you_mean(name, names))
    return list(names).index(name)
