"""What the figures say of the calibrated numbers: mode and posterior, on the emulator.

Each residual (simulated minus published, over sampling error, between-trial discrepancy and emulator error together)
follows Student's t, so that one odd figure does not carry the fit; the prior of the scores is standard normal.
Mode by CMA-ES (Hansen 2016, arXiv:1604.00772) and Gauss-Newton steps; posterior by an ensemble sampler (Goodman and
Weare 2010, doi:10.2140/camcos.2010.5.65; Foreman-Mackey 2013, doi:10.1086/670067) with differential evolution moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.study.fit_emulator import Emulator
from her2sim.study.fit_targets import Target

Floats = NDArray[np.float64]
BOUND = 3.5


@dataclass(frozen=True)
class Problem:
    """The posterior of the scores given an emulator.

    Main arguments:
        emulator: figures as functions of the scores.
        published: (n_figures,) on the scale of the residual.
        error: (n_figures,) standard error of the residual, that of the emulator included.
        degrees: of freedom of Student's t.

    Other arguments:
        weight: power to which the likelihood is raised (``her2sim.study.fit_weight``).
    """

    emulator: Emulator
    published: Floats
    error: Floats
    degrees: float
    weight: float = 1.0

    def misfit(self, points: Floats) -> Floats:
        """Minus twice the log likelihood of points (n_points, n_free), up to a constant: (n_points,)."""
        residual = (self.emulator(points) - self.published) / self.error
        return (self.degrees + 1.0) * np.log1p(residual**2 / self.degrees).sum(axis=1)

    def log_posterior(self, points: Floats) -> Floats:
        """Log posterior density of points (n_points, n_free), up to a constant: (n_points,)."""
        inside = (np.abs(points) <= BOUND).all(axis=1)
        return np.where(inside, -0.5 * self.weight * self.misfit(points) - 0.5 * (points**2).sum(axis=1), -np.inf)


def make_problem(
    emulator: Emulator, targets: Sequence[Target], degrees: float, left_out: Sequence[str] = ()
) -> Problem:
    """The posterior given the figures of all trials but those left out.

    Main arguments:
        emulator: of all figures, in the order of ``targets``.
        targets: the published figures.
        degrees: of Student's t.
        left_out: ids of trials.
    """
    keep = np.array([t.trial not in left_out for t in targets]) & np.isfinite(emulator.error)
    own = emulator.of(keep)
    kept = [target for target, used in zip(targets, keep, strict=True) if used]
    errors = np.array([target.error for target in kept])
    return Problem(own, np.array([t.value for t in kept]), np.hypot(errors, own.error), degrees)


def find_mode(problem: Problem, starts: Floats, *, seed: int, restarts: int = 2, population: int = 40) -> Floats:
    """The scores of greatest posterior density, (n_free,).

    Main arguments:
        starts: (n_starts, n_free) points to start from besides the prior median.

    Other arguments:
        seed, restarts, population: of CMA-ES; each restart doubles the population.
    """
    import cma

    n_free = problem.emulator.linear.shape[1]
    begin = [np.zeros(n_free), *starts]
    best = [_descended(problem, start) for start in begin]
    for restart in range(restarts):
        options: dict[str, Any] = {
            "seed": seed + 1 + restart,
            "popsize": population * 2**restart,
            "bounds": [-BOUND, BOUND],
            "verbose": -9,
            "maxiter": 250,
        }
        search = cma.CMAEvolutionStrategy(begin[restart % len(begin)], 0.5, options)
        while not search.stop():
            asked = search.ask()
            search.tell(asked, (-problem.log_posterior(np.array(asked))).tolist())
        found = np.clip(np.array(search.result.xbest, dtype=np.float64), -BOUND, BOUND)
        best.append(_descended(problem, found))
    values = problem.log_posterior(np.array(best))
    return best[int(np.argmax(values))]


def _descended(problem: Problem, start: Floats) -> Floats:
    """Gauss-Newton steps with reweighted residuals, each no longer than improves the posterior."""
    point = np.clip(start, -BOUND, BOUND)
    value = float(problem.log_posterior(point[None])[0])
    for _ in range(60):
        residual = (problem.emulator(point[None])[0] - problem.published) / problem.error
        weight = problem.weight * (problem.degrees + 1.0) / (problem.degrees + residual**2)
        slope = problem.emulator.slope(point) / problem.error[:, None]
        gradient = slope.T @ (weight * residual) + point
        step = -np.linalg.solve((slope.T * weight) @ slope + np.eye(len(point)), gradient)
        length = 1.0
        while length > 1e-4:
            trial = np.clip(point + length * step, -BOUND, BOUND)
            reached = float(problem.log_posterior(trial[None])[0])
            if reached > value:
                break
            length *= 0.5
        else:
            return point
        gain, point, value = reached - value, trial, reached
        if gain < 1e-8:
            break
    return point


def information(problem: Problem, point: Floats) -> Floats:
    """Expected information of figures and prior, (n_free, n_free): inverse covariance of a linear posterior."""
    slope = problem.emulator.slope(point) / problem.error[:, None]
    weight = problem.weight * (problem.degrees + 1.0) / (problem.degrees + 3.0)
    return weight * slope.T @ slope + np.eye(len(point))


@dataclass(frozen=True)
class Posterior:
    """Draws and their diagnostics.

    Main arguments:
        points: (n_draws, n_free) scores, thinned over all walkers.
        r_hat: (n_free,) potential scale reduction between four groups of walkers, each chain split in two.
        effective: (n_free,) effective number of draws, by the autocorrelation time of the ensemble.
        accepted: mean share of accepted steps.
    """

    points: Floats
    r_hat: Floats
    effective: Floats
    accepted: float

    @property
    def contraction(self) -> Floats:
        """1 - SD of the posterior / SD of the prior, (n_free,): 0 where the figures say nothing of a number."""
        return 1.0 - self.points.std(axis=0)


def sample(problem: Problem, mode: Floats, *, seed: int, steps: int = 4000, draws: int = 2000) -> Posterior:
    """Draw from the posterior.

    Main arguments:
        mode: (n_free,) where the walkers start, spread by the curvature there.

    Other arguments:
        seed, steps: of the sampler; the first half is discarded.
        draws: points kept.
    """
    import emcee

    n_free = len(mode)
    walkers = 4 * ((2 * n_free + 7) // 4 + 1)
    covariance = np.linalg.inv(information(problem, mode))
    noise = stream(seed, 0, "fit/walkers").standard_normal((walkers, n_free))
    start = np.clip(mode + noise @ np.linalg.cholesky(covariance).T, -BOUND + 0.01, BOUND - 0.01)
    moves = [(emcee.moves.DEMove(), 0.7), (emcee.moves.DESnookerMove(), 0.1), (emcee.moves.StretchMove(), 0.2)]
    sampler = emcee.EnsembleSampler(walkers, n_free, problem.log_posterior, moves=moves, vectorize=True)
    state = stream(seed, 1, "fit/chains").integers(0, 2**32 - 1, size=1, dtype=np.uint32)
    sampler.random_state = ("MT19937", _mt_state(int(state[0])), 624, 0, 0.0)
    sampler.run_mcmc(start, steps)
    chain = np.asarray(sampler.get_chain(discard=steps // 2), dtype=np.float64)
    time = np.asarray(sampler.get_autocorr_time(discard=steps // 2, tol=0), dtype=np.float64)
    flat = chain.reshape(-1, n_free)
    keep = np.linspace(0, len(flat) - 1, min(draws, len(flat))).astype(np.int64)
    return Posterior(flat[keep], r_hat(chain), len(flat) / time, float(sampler.acceptance_fraction.mean()))


def _mt_state(seed: int) -> NDArray[np.uint32]:
    """The state of the Mersenne twister after seeding, which the sampler's library asks for."""
    from random import Random

    return np.array(Random(seed).getstate()[1][:-1], dtype=np.uint32)


def r_hat(chain: Floats) -> Floats:
    """Potential scale reduction (Gelman and Rubin 1992, doi:10.1214/ss/1177011136) of (n_steps, n_walkers, n_free).

    Four groups of walkers, each split into first and second half, are the chains.
    """
    half = len(chain) // 2
    halves = [chain[:half], chain[half : 2 * half]]
    groups = [part[:, group::4].reshape(-1, chain.shape[2]) for part in halves for group in range(4)]
    means = np.array([group.mean(axis=0) for group in groups])
    within = np.array([group.var(axis=0, ddof=1) for group in groups]).mean(axis=0)
    return np.sqrt(1.0 + means.var(axis=0, ddof=1) / np.maximum(within, 1e-300))
