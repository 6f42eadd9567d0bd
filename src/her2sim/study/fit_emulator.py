"""A quick stand-in for the simulator: each figure as a quadratic function of the scores, with its own error.

The simulated figures at the points of a design are fitted by a Gaussian process whose kernel is a polynomial of
degree two in the scores: a constant, linear terms, squares and all products, shrunk by variances chosen by marginal
likelihood for each figure (Rasmussen and Williams 2006, chapters 2 and 5). Directions that matter little to a figure at
first order are given little room for curvature. The prediction is an explicit quadratic form, so a search or a Markov
chain costs microseconds; its error is that of leaving out one point at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LINEAR = (0.03, 0.1, 0.3)
CURVED = (0.0, 0.02, 0.1)
NOISE = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
CONSTANT = 10.0
LEAST_RELEVANCE = 0.05


@dataclass(frozen=True)
class Emulator:
    """Figures as quadratic functions of the scores.

    Main arguments:
        constant: (n_figures,).
        linear: (n_figures, n_free).
        curved: (n_figures, n_free, n_free), symmetric.
        error: (n_figures,) standard deviation of the simulator around the function.
    """

    constant: Floats
    linear: Floats
    curved: Floats
    error: Floats

    def __call__(self, points: Floats) -> Floats:
        """Figures (n_points, n_figures) at points (n_points, n_free)."""
        flat = self.curved.reshape(len(self.constant), -1)
        squares = (points[:, :, None] * points[:, None, :]).reshape(len(points), -1)
        return self.constant + points @ self.linear.T + squares @ flat.T

    def slope(self, point: Floats) -> Floats:
        """Derivative of the figures, (n_figures, n_free), at a point (n_free,)."""
        return self.linear + 2.0 * self.curved @ point

    def moved(self, by: Floats) -> Emulator:
        """The same with ``by`` (n_figures,) added to each figure."""
        return replace(self, constant=self.constant + by)

    def of(self, keep: NDArray[np.bool_]) -> Emulator:
        """Some of the figures."""
        return Emulator(self.constant[keep], self.linear[keep], self.curved[keep], self.error[keep])


def make_emulator(points: Floats, figures: Floats, weight_center: Floats | None = None) -> Emulator:
    """Fit the figures of a design.

    Main arguments:
        points: (n_points, n_free) scores.
        figures: (n_points, n_figures) simulated; NaN where a figure could not be told.

    Other arguments:
        weight_center: (n_free,) the point around which the function must be right; points far from it count as noisier.
    """
    # far points are noisier in proportion to what degree two cannot follow, the cube of their distance
    noise = np.ones(len(points))
    if weight_center is not None:
        far = np.sqrt(((points - weight_center) ** 2).mean(axis=1))
        noise = (0.3 + far**3) / np.median(0.3 + far**3)
    fits = [_one(points, figures[:, k], noise) for k in range(figures.shape[1])]
    return Emulator(*(np.array([fit[part] for fit in fits]) for part in range(4)))


def _one(points: Floats, values: Floats, noise: Floats) -> tuple[float, Floats, Floats, float]:
    known = np.isfinite(values)
    n_free = points.shape[1]
    if known.sum() < 3:
        return 0.0, np.zeros(n_free), np.zeros((n_free, n_free)), np.inf
    x, y, rough = points[known], values[known], noise[known]
    center, scale = float(np.mean(y)), max(float(np.std(y)), 1e-6)
    y = (y - center) / scale
    ones = np.ones(n_free)
    first = _best(x, y, rough, ones, curved=(0.0,))
    size = np.abs(first.linear)
    relevance = np.maximum(size / max(float(size.max()), 1e-12), LEAST_RELEVANCE) ** 0.5
    fit = _best(x, y, rough, relevance, curved=CURVED)
    return center + scale * fit.constant, scale * fit.linear, scale * fit.curved, scale * fit.error


@dataclass(frozen=True)
class _Fit:
    constant: float
    linear: Floats
    curved: Floats
    error: float
    evidence: float


def _best(x: Floats, y: Floats, rough: Floats, relevance: Floats, curved: tuple[float, ...]) -> _Fit:
    """The fit of greatest marginal likelihood over a grid of variances."""
    from scipy.linalg import eigh

    scaled = x * relevance
    gram, whitened = scaled @ scaled.T, y / rough
    best: _Fit | None = None
    for linear in LINEAR:
        for bend in curved:
            kernel = (CONSTANT + linear * gram + bend * gram**2) / np.outer(rough, rough)
            values, vectors = eigh(kernel)
            turned = vectors.T @ whitened
            for noise in NOISE:
                size = np.maximum(values, 0.0) + noise
                evidence = -0.5 * float(turned @ (turned / size) + np.log(size).sum())
                if best is None or evidence > best.evidence:
                    solved = vectors @ (turned / size)
                    own = (vectors**2 / size) @ np.ones(len(size))
                    best = _made(scaled, relevance, rough, (linear, bend), solved, own, evidence)
    assert best is not None
    return best


def _made(
    scaled: Floats, relevance: Floats, rough: Floats, sizes: tuple[float, float], solved: Floats, own: Floats,
    evidence: float,
) -> _Fit:  # fmt: skip
    weights = solved / rough
    left_out = rough * solved / own  # residual of each point predicted from the others
    near = rough <= np.quantile(rough, 0.5)
    error = float(np.sqrt(np.mean(left_out[near] ** 2)))
    linear, bend = sizes
    beta = linear * (weights @ scaled) * relevance
    form = bend * (scaled * weights[:, None]).T @ scaled * np.outer(relevance, relevance)
    return _Fit(CONSTANT * float(weights.sum()), beta, form, error, evidence)


def checked(emulator: Emulator, points: Floats, figures: Floats) -> Floats:
    """Root mean square difference of each figure (n_figures,) between simulator and emulator at points not used."""
    return np.sqrt(np.nanmean((emulator(points) - figures) ** 2, axis=0))


def left_out_error(points: Floats, figures: Floats, make: Callable[[Floats, Floats], Emulator], parts: int) -> Floats:
    """Error of each figure by leaving out one part of the points at a time, (n_figures,)."""
    place = np.arange(len(points)) % parts
    squares = np.zeros(figures.shape)
    for part in range(parts):
        out = place == part
        squares[out] = (make(points[~out], figures[~out])(points[out]) - figures[out]) ** 2
    return np.sqrt(np.nanmean(squares, axis=0))
