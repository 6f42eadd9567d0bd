"""The correlation matrix of covariates and traits, and what it implies for some of them given the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.population.specification import Correlation

Floats = NDArray[np.float64]
SMALLEST_EIGENVALUE = 1e-6


@dataclass(frozen=True, eq=False)
class Copula:
    """A Gaussian copula.

    Main arguments:
        names: (k,) names in the order of the matrix.
        matrix: (k, k) correlation matrix, positive definite.

    Other arguments:
        largest_change: 0, or how far an entry moved when the given matrix was not positive definite and the nearest
            one was taken.
    """

    names: tuple[str, ...]
    matrix: Floats
    largest_change: float = 0.0

    def block(self, rows: Sequence[str], columns: Sequence[str]) -> Floats:
        """(n_rows, n_columns) part of the matrix."""
        place = {name: i for i, name in enumerate(self.names)}
        return self.matrix[np.ix_([place[r] for r in rows], [place[c] for c in columns])]

    def regression(self, of: Sequence[str], on: Sequence[str]) -> tuple[Floats, Floats]:
        """Scores ``of`` given scores ``on``: (n_of, n_on) coefficients and (n_of, n_of) covariance left over."""
        if not on:
            return np.zeros((len(of), 0)), self.block(of, of)
        between = self.block(of, on)
        solved = np.linalg.solve(self.block(on, on), between.T)
        coefficients = np.asarray(solved.T, dtype=np.float64)
        return coefficients, self.block(of, of) - coefficients @ between.T


def root_of(covariance: Floats) -> Floats:
    """(k, k) lower triangular matrix whose product with its transpose is the covariance (Cholesky); k may be 0."""
    return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64) if len(covariance) else covariance


def combine(scores: Floats, coefficients: Floats) -> Floats:
    """(n, m) linear combinations of scores (n, k) by coefficients (m, k), summed one score after the other.

    Not a matrix product: BLAS sums in an order that depends on the number of rows, and a patient must not depend in
    its last digit on who else is in its chunk.
    """
    out = np.zeros((len(scores), len(coefficients)))
    for j in range(scores.shape[1]):
        if coefficients[:, j].any():
            out += scores[:, j, None] * coefficients[:, j]
    return out


def build_copula(names: Sequence[str], correlations: Iterable[Correlation]) -> Copula:
    """The copula of named covariates and traits; pairs that are not listed are uncorrelated.

    Raises:
        InputError: a correlation names something unknown and is not optional, names a pair twice or a name with
            itself.
    """
    place = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for item in correlations:
        unknown = [n for n in (item.first, item.second) if n not in place]
        if unknown and item.optional:
            continue
        where = f"correlation {item.first} ~ {item.second}"
        if unknown:
            raise InputError(
                f"{unknown[0]} is neither a covariate nor a parameter with spread.",
                where=where,
                hint=did_you_mean(unknown[0], names) + " Or mark the entry `optional: true`.",
            )
        i, j = place[item.first], place[item.second]
        if i == j or matrix[i, j] != 0.0:
            raise InputError("the pair is named twice, or a name with itself", where=where)
        matrix[i, j] = matrix[j, i] = item.rho.value
    nearest = nearest_correlation(matrix)
    return Copula(tuple(names), nearest, float(np.abs(nearest - matrix).max(initial=0.0)))


def nearest_correlation(matrix: Floats, *, tolerance: float = 1e-9, most_rounds: int = 500) -> Floats:
    """The nearest positive definite correlation matrix (the matrix itself if it is one already).

    Alternating projections between positive semi-definite matrices and matrices of unit diagonal.

    Main arguments:
        matrix: (k, k) symmetric, unit diagonal.

    Source: Higham 2002, IMA J Numer Anal 22:329-343, doi:10.1093/imanum/22.3.329.

    >>> bool(np.linalg.eigvalsh(nearest_correlation(np.array([[1, .9, -.9], [.9, 1, .9], [-.9, .9, 1]]))).min() > 0)
    True
    """
    if not len(matrix) or np.linalg.eigvalsh(matrix).min() >= SMALLEST_EIGENVALUE:
        return matrix
    y, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(most_rounds):
        before = y
        values, vectors = np.linalg.eigh(y - correction)
        x = (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T
        correction = x - (y - correction)
        y = x.copy()
        np.fill_diagonal(y, 1.0)
        if np.abs(y - before).max() < tolerance:
            break
    # a last pull towards independence makes the eigenvalues positive beyond rounding
    smallest = float(np.linalg.eigvalsh(y).min())
    pull = max(0.0, (SMALLEST_EIGENVALUE - smallest) / (1.0 - smallest))
    return (1.0 - pull) * y + pull * np.eye(len(y))
