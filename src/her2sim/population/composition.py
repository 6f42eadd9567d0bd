"""The mix of patients in a trial: published shares of flags and classes, met exactly.

A trial's patients are a selection from the population. Flags and classes with a published share (or an eligibility
rule, which is a share of 0 or 1) divide the space of normal scores into boxes, "cells". The mix of cells is the one
nearest to the population's own (in Kullback-Leibler divergence) that has the published shares; within a cell patients
are as in the population. So a trial of hormone receptor positive patients has the traits of such patients, and all
shares are exact, without weights and without rejecting anyone.

Sources: raking, Deming and Stephan 1940, Ann Math Stat 11:427-444, doi:10.1214/aoms/1177731829; that it minimizes the
divergence, Csiszar 1975, Ann Probab 3:146-158, doi:10.1214/aop/1176996454; box probabilities by sequential
conditioning, Genz 1992, J Comput Graph Stat 1:141-149, doi:10.1080/10618600.1992.10477010; draws within a box by
Gibbs sampling, Geweke 1991 and Robert 1995, Stat Comput 5:121-125, doi:10.1007/BF00143942.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from her2sim.population.copula import combine

Floats = NDArray[np.float64]
SWEEPS = 10
NODES_IN_ALL = 1 << 14


@dataclass(frozen=True, eq=False)
class Composition:
    """The mix of cells of the matched covariates.

    Main arguments:
        names: (k,) matched covariates.
        correlation: (k, k) correlation of their scores in the population.
        low, high: (n_cells, k) borders of the cells on the score scale.
        shares: (n_cells,) share of each cell in the trial; they sum to 1.
        nodes, weights: (m, k) and (m,) quadrature of the scores' distribution in the trial; weights sum to 1.
    """

    names: tuple[str, ...]
    correlation: Floats
    low: Floats
    high: Floats
    shares: Floats
    nodes: Floats
    weights: Floats

    @property
    def normals_needed(self) -> int:
        """Standard normal draws per patient that ``draw`` uses."""
        return 1 + SWEEPS * len(self.names) if self.names else 0

    def draw(self, normals: Floats) -> Floats:
        """(n, k) scores of patients, from (n, normals_needed) independent standard normal draws."""
        from scipy.special import ndtr

        n, k = len(normals), len(self.names)
        if not k:
            return np.zeros((n, 0))
        u = ndtr(normals)
        cell = np.searchsorted(np.cumsum(self.shares)[:-1], u[:, 0], side="right")
        low, high = self.low[cell], self.high[cell]
        precision = np.asarray(np.linalg.inv(self.correlation), dtype=np.float64)
        z = np.empty((n, k))
        for j in range(k):
            z[:, j] = truncated(np.full(n, 0.5), low[:, j], high[:, j])
        for sweep in range(SWEEPS):
            for j in range(k):
                sd = 1.0 / np.sqrt(precision[j, j])
                mean = z[:, j] - combine(z, precision[j : j + 1])[:, 0] / precision[j, j]
                share = u[:, 1 + sweep * k + j]
                z[:, j] = mean + sd * truncated(share, (low[:, j] - mean) / sd, (high[:, j] - mean) / sd)
        return z


def compose(
    names: Sequence[str], correlation: Floats, borders: Sequence[Floats], targets: Sequence[Floats]
) -> Composition:
    """The nearest mix of cells with the given shares.

    Main arguments:
        names: (k,) covariates to match.
        correlation: (k, k) correlation of their scores.
        borders: for each covariate (n_classes + 1,) borders of its classes on the score scale.
        targets: for each covariate (n_classes,) shares in the trial; 0 leaves a class out.
    """
    k = len(names)
    if not k:
        return Composition((), np.eye(0), np.zeros((1, 0)), np.zeros((1, 0)), np.ones(1), np.zeros((1, 0)), np.ones(1))
    classes = [np.flatnonzero(t > 0) for t in targets]
    cells = list(product(*classes))
    low = np.array([[borders[j][c] for j, c in enumerate(cell)] for cell in cells])
    high = np.array([[borders[j][c + 1] for j, c in enumerate(cell)] for cell in cells])
    points = _lattice(max(64, NODES_IN_ALL // len(cells)), k)
    nodes, weights = zip(*(_box(low[i], high[i], correlation, points) for i in range(len(cells))), strict=True)
    base = np.array([w.mean() for w in weights]).reshape([len(c) for c in classes])
    shares = rake(base, [t[c] for t, c in zip(targets, classes, strict=True)]).ravel()
    spread = np.concatenate([s * w / w.sum() if s > 0 else 0.0 * w for s, w in zip(shares, weights, strict=True)])
    return Composition(tuple(names), correlation, low, high, shares, np.concatenate(nodes), spread)


def rake(table: Floats, margins: Sequence[Floats], *, tolerance: float = 1e-13, most_rounds: int = 10_000) -> Floats:
    """The table nearest to ``table`` that has the given margins, by iterative proportional fitting.

    Main arguments:
        table: any shape, positive.
        margins: for each axis its sums; each sums to 1.

    >>> rake(np.array([[0.4, 0.1], [0.1, 0.4]]), [np.array([0.9, 0.1]), np.array([0.5, 0.5])]).sum(axis=1)
    array([0.9, 0.1])
    """
    fitted = table / table.sum()
    for _ in range(most_rounds):
        worst = 0.0
        for axis, margin in enumerate(margins):
            others = tuple(a for a in range(fitted.ndim) if a != axis)
            now = fitted.sum(axis=others)
            worst = max(worst, float(np.abs(now - margin).max()))
            shape = [-1 if a == axis else 1 for a in range(fitted.ndim)]
            fitted = fitted * (margin / now).reshape(shape)
        if worst < tolerance:
            break
    return fitted


def truncated(u: Floats, low: Floats, high: Floats) -> Floats:
    """(n,) standard normal quantiles at ``u``, between ``low`` and ``high``; the tails keep their precision."""
    from scipy.special import ndtr, ndtri

    flip = low > 0.0
    a = ndtr(np.where(flip, -high, low))
    b = ndtr(np.where(flip, -low, high))
    x = ndtri(a + (b - a) * np.where(flip, 1.0 - u, u))
    return np.clip(np.where(flip, -x, x), low, high)


def _box(low: Floats, high: Floats, correlation: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Scores (m, k) spread over a box, and weights (m,) whose mean is the probability of the box."""
    from scipy.special import ndtr

    root = np.linalg.cholesky(correlation)
    m, k = points.shape
    e = np.zeros((m, k))
    weight = np.ones(m)
    for j in range(k):
        mean = e[:, :j] @ root[j, :j]
        a, b = (low[j] - mean) / root[j, j], (high[j] - mean) / root[j, j]
        # differences of upper tails where both borders are positive
        weight *= np.where(a > 0, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))
        e[:, j] = truncated(points[:, j], a, b)
    return e @ root.T, np.maximum(weight, 1e-300)


def _lattice(count: int, dimensions: int) -> Floats:
    """(count, dimensions) evenly spread points of the unit cube: an additive recurrence (Weyl sequence)."""
    ratio = 2.0
    for _ in range(60):  # the root of x^(d+1) = x + 1
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    return (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0
