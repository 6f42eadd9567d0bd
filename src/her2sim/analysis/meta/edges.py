"""Weighted least squares on the edges of a network, with weights that allow for multi-arm studies.

A study of k arms is the complete graph of its k (k - 1) / 2 comparisons. Their effects are correlated; weights that
give the same least squares as the full covariance are found from the study's graph Laplacian, whose pseudoinverse
follows from the variances of the comparisons. Sources: Rücker G. Res Synth Methods 2012;3:312, doi:10.1002/jrsm.1058;
Rücker G, Schwarzer G. Stat Med 2014;33:4353, doi:10.1002/sim.6236; Gutman I, Xiao W. Bull Acad Serbe Sci Arts
2004;129:15 (Laplacian from resistance distances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.meta.comparisons import Comparison, by_study, treatments_of
from her2sim.analysis.meta.pairwise import minimized_variance
from her2sim.core.errors import InputError

Floats = NDArray[np.float64]
_RANK_TOLERANCE = 1e-10
_NEGLIGIBLE_NEGATIVE = 1e-3
"""A negative weight below this share of a study's weights comes from rounded standard errors and is taken as 0."""


@dataclass(frozen=True)
class Edges:
    """The comparisons of all studies as arrays.

    Main arguments:
        names: (n_treatments,) treatments, sorted.
        incidence: (n_edges, n_treatments), +1 for the treatment and -1 for the reference of each edge.
        effect, variance: (n_edges,) observed effects and their variances.
        study: (n_edges,) number of the study of each edge; edges of a study are together.
        arms: (n_studies,) number of arms.
    """

    names: tuple[str, ...]
    incidence: Floats
    effect: Floats
    variance: Floats
    study: NDArray[np.int64]
    arms: NDArray[np.int64]

    @property
    def observed(self) -> int:
        """Independent comparisons: arms less one, over all studies."""
        return int(self.arms.sum() - len(self.arms))


@dataclass(frozen=True)
class Solved:
    """Weighted least squares of edge effects on a design matrix.

    Main arguments:
        coefficients: (n_columns,) least squares of least norm.
        covariance: (n_columns, n_columns) pseudoinverse of the information.
        rank: of the information.
        q: weighted sum of squared residuals.
        moment: denominator of the moment estimator of tau2.
    """

    coefficients: Floats
    covariance: Floats
    rank: int
    q: float
    moment: float


def edges(comparisons: Sequence[Comparison]) -> Edges:
    """Arrays of a set of comparisons.

    Raises:
        InputError: no comparisons, a pair twice in one study, or a multi-arm study without all its pairs.
    """
    if not comparisons:
        raise InputError("there is no comparison to analyze.")
    studies = by_study(comparisons)
    names = treatments_of(comparisons)
    place = {name: number for number, name in enumerate(names)}
    ordered: list[Comparison] = []
    arms: list[int] = []
    for study, items in studies.items():
        count = len(treatments_of(items))
        if len({frozenset((each.treatment, each.reference)) for each in items}) < len(items):
            raise InputError("a pair of treatments is compared twice; give each study one effect.", where=study)
        if len(items) != count * (count - 1) // 2:
            raise InputError(
                f"a study of {count} arms has {count * (count - 1) // 2} comparisons, and {len(items)} are given.",
                where=study,
                hint="meta.comparisons.completed works out the missing ones.",
            )
        ordered += items
        arms.append(count)
    incidence = np.zeros((len(ordered), len(names)))
    for row, each in enumerate(ordered):
        incidence[row, place[each.treatment]] = 1.0
        incidence[row, place[each.reference]] = -1.0
    order = {study: number for number, study in enumerate(studies)}
    return Edges(
        names=names,
        incidence=incidence,
        effect=np.array([each.effect for each in ordered]),
        variance=np.array([each.std_error**2 for each in ordered]),
        study=np.array([order[each.study] for each in ordered], dtype=np.int64),
        arms=np.array(arms, dtype=np.int64),
    )


def weights(data: Edges, tau2: float = 0.0) -> Floats:
    """Weight of each edge, (n_edges,), after ``tau2`` was added to the variance of every comparison.

    Raises:
        InputError: the variances of a multi-arm study contradict each other (no covariance could give them).
    """
    found = 1.0 / (data.variance + tau2)
    for study in np.flatnonzero(data.arms > 2):
        rows = np.flatnonzero(data.study == study)
        found[rows] = _multi_arm_weights(data.incidence[rows], data.variance[rows] + tau2)
    return found


def solve(data: Edges, design: Floats, weight: Floats) -> Solved:
    """Regress the effects on ``design`` (n_edges, n_columns) with the given weights."""
    information = design.T @ (weight[:, None] * design)
    covariance, rank = pseudoinverse(information)
    coefficients = covariance @ design.T @ (weight * data.effect)
    residual = data.effect - design @ coefficients
    q = float(np.sum(weight * residual**2))
    same = data.study[:, None] == data.study[None, :]
    shared = np.where(same, data.incidence @ data.incidence.T, 0.0) / 2.0
    hat = design @ covariance @ (design.T * weight[None, :])
    moment = float(np.sum(np.diag(shared - hat @ shared) * weight))
    return Solved(coefficients, covariance, rank, q, moment)


def moment_variance(solved: Solved, df: int) -> float:
    """DerSimonian-Laird variance between studies, in its form for networks.

    Source: Jackson D, White IR, Riley RD. Stat Med 2012;31:3805, doi:10.1002/sim.5453.
    """
    return max(0.0, (solved.q - df) / solved.moment) if df > 0 and solved.moment > 0.0 else 0.0


def restricted_likelihood_variance(data: Edges, design: Floats) -> float:
    """Variance between studies that maximizes the restricted likelihood (REML)."""

    def loss(tau2: float) -> float:
        weight = weights(data, tau2)
        information = design.T @ (weight[:, None] * design)
        studies = 0.0
        for study in range(len(data.arms)):
            rows = data.study == study
            part = data.incidence[rows].T @ (weight[rows][:, None] * data.incidence[rows])
            studies += _log_pseudo_determinant(part)
        return solve(data, design, weight).q - studies + _log_pseudo_determinant(information)

    return minimized_variance(loss, float(np.var(data.effect) + np.max(data.variance)))


def pseudoinverse(matrix: Floats) -> tuple[Floats, int]:
    """Moore-Penrose inverse and rank of a symmetric matrix with no negative eigenvalues but rounding."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    keep = np.abs(values) > _RANK_TOLERANCE * max(float(np.max(np.abs(values), initial=0.0)), 1e-300)
    basis = vectors[:, keep]
    return basis @ (basis / values[keep]).T, int(keep.sum())


def _log_pseudo_determinant(matrix: Floats) -> float:
    values = np.linalg.eigvalsh(matrix)
    kept = values[values > _RANK_TOLERANCE * float(values[-1])]
    return float(np.sum(np.log(kept)))


def _multi_arm_weights(incidence: Floats, variance: Floats) -> Floats:
    """Weights of the edges of one study of several arms, from the variances of all its comparisons."""
    local = incidence[:, np.any(incidence != 0.0, axis=0)]
    count = local.shape[1]
    laplacian = local.T @ (variance[:, None] * local)
    distance = np.diag(np.diag(laplacian)) - laplacian
    center = np.eye(count) - 1.0 / count
    covariance = -0.5 * center @ distance @ center
    eigenvalues = np.linalg.eigvalsh(covariance)
    if int(np.sum(eigenvalues > _RANK_TOLERANCE * float(eigenvalues[-1]))) < count - 1:
        raise InputError(
            "the standard errors of a study of several arms contradict each other.",
            why="No variances of its arms could give them.",
            hint="Check its confidence intervals: they may stem from different analyses.",
        )
    weight = -pseudoinverse(covariance)[0]
    starts, ends = np.argmax(local > 0.0, axis=1), np.argmax(local < 0.0, axis=1)
    found: Floats = weight[starts, ends]
    total = float(np.sum(np.abs(found)))
    found[(found < 0.0) & (np.abs(found) < _NEGLIGIBLE_NEGATIVE * total)] = 0.0
    return found


def standard_errors(covariance: Floats) -> Floats:
    """Standard error of every difference of two coefficients, (n, n)."""
    diagonal = np.diag(covariance)
    return np.sqrt(np.maximum(diagonal[:, None] + diagonal[None, :] - 2.0 * covariance, 0.0))
