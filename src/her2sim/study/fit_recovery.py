"""Synthetic recovery: does the fit find numbers that are known, and are its intervals as wide as they should be?

The whole way in a small problem of its own, design and emulator included: numbers are drawn from their prior; the
trials are simulated with them, the same patients as in the design; the figures get the trial's discrepancy; they are
fitted as published ones are. Over many such data sets 90 % intervals must hold the true numbers in 90 % of cases
(Talts 2018, arXiv:1804.06788, on checks of this kind). ``her2sim.study.fit_recovery_after`` asks the same of a
finished fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.study.fit_emulator import make_emulator
from her2sim.study.fit_posterior import find_mode, make_problem, sample
from her2sim.study.fit_runs import Evaluations

Floats = NDArray[np.float64]
TRIALS = ("EMILIA", "ToGA", "H0650g")
NAMES = (
    "doubling_time_days",
    "addiction_death_per_day",
    "kinase_ic50_translation",
    "payload_kill_DM1_per_day",
    "kill_fluoropyrimidine_breast_per_day",
    "kill_platinum_gastric_per_day",
    "growth_ratio_gastric",
    "death_rate_at_reference_burden_per_day",
)
SEED = 21
NORMAL = 1e6  # degrees of freedom: discrepancies are drawn from the normal distribution


@dataclass(frozen=True)
class Recovery:
    """How known numbers were found again.

    Main arguments:
        names: calibrated numbers.
        truth: (n_sets, n_free) scores with which the data were made.
        mean, sd: (n_sets, n_free) of the posterior.
        rank: (n_sets, n_free) share of the draws below the truth; uniform if the fit is calibrated.
    """

    names: tuple[str, ...]
    truth: Floats
    mean: Floats
    sd: Floats
    rank: Floats

    def coverage(self, level: float = 0.9) -> Floats:
        """Share of the data sets whose central interval holds the truth, (n_free,)."""
        inside = (self.rank >= 0.5 * (1.0 - level)) & (self.rank <= 0.5 * (1.0 + level))
        return inside.mean(axis=0)

    def overall(self, level: float = 0.9) -> tuple[float, float]:
        """Share of all numbers of all data sets whose interval holds the truth, and its error over data sets."""
        inside = (self.rank >= 0.5 * (1.0 - level)) & (self.rank <= 0.5 * (1.0 + level))
        each = inside.mean(axis=1)
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")


def recover(
    folder: Path,
    *,
    sets: int = 24,
    design: int = 48,
    patients: int = 80,
    seed: int | None = None,
    trials: Sequence[str] = TRIALS,
    names: Sequence[str] = NAMES,
    steps: int = 2000,
    workers: int = 1,
    tell: Callable[[str], object] = lambda line: None,
) -> Recovery:
    """Make data sets from known numbers, fit each, and compare.

    Main arguments:
        folder: where evaluations are kept.
        sets: data sets.
        design: points of the emulator's design.
        patients: per arm, in design and data sets; the sampling error of the published trial is drawn besides.
        seed: of designs and data sets; default 21.

    Other arguments:
        trials, names: the reduced problem.
        steps: of the sampler.
        workers, tell: as in ``her2sim.study.fit.fit``.
    """
    seed = SEED if seed is None else seed
    runs = Evaluations(folder, names, trials, workers=workers, accept=True, tell=tell)
    points = np.round(1.2 * _normal(design, len(names), seed), 4)
    figures = runs.at(points, patients=patients, seed=seed)
    emulator = make_emulator(points, figures)
    truth = np.round(stream(seed, 0, "fit/recovery").standard_normal((sets, len(names))), 4)
    noise = stream(seed, 1, "fit/recovery").standard_normal((sets, figures.shape[1]))
    mean, sd, rank = (np.empty(truth.shape) for _ in range(3))
    for number in range(sets):
        value = runs.at(truth[number][None], patients=patients, seed=seed)[0]
        errors = np.array([target.error for target in runs.data.targets])
        known = np.isfinite(value)
        observed = np.where(known, value, 0.0) + errors * noise[number]
        targets = [replace(t, value=float(x)) for t, x in zip(runs.data.targets, observed, strict=True)]
        usable = replace(emulator, error=np.where(known, emulator.error, np.inf))
        problem = make_problem(usable, targets, NORMAL)
        mode = find_mode(problem, np.zeros((0, len(names))), seed=seed, restarts=0)
        found = sample(problem, mode, seed=seed + number, steps=steps).points
        mean[number], sd[number] = found.mean(axis=0), found.std(axis=0)
        rank[number] = (found < truth[number]).mean(axis=0)
        tell(f"data set {number + 1} of {sets}")
    return Recovery(tuple(names), truth, mean, sd, rank)


def _normal(count: int, n_free: int, seed: int) -> Floats:
    from scipy.special import ndtri
    from scipy.stats import qmc

    uniform = qmc.Sobol(n_free, rng=stream(seed, 2, "fit/recovery")).random(1 << (count - 1).bit_length())[:count]
    return ndtri(np.clip(uniform, 1e-3, 1.0 - 1e-3))


def recovery_table(found: Recovery) -> str:
    """The page in Markdown: coverage and error of each number."""
    sets = len(found.truth)
    low, high = _between(0.9, sets * len(found.names))
    lines = [
        "# Synthetic recovery of the fit",
        "",
        f"{sets} data sets were simulated with numbers drawn from their priors, each fitted as published figures are. "
        f"Over all numbers the 90 % intervals hold the truth in {100.0 * found.coverage().mean():.0f} % of cases "
        f"(by chance alone {100 * low:.0f} to {100 * high:.0f} % would be seen if it were 90 %).",
        "",
        "| number | 90 % intervals that hold the truth | error of the mean, prior SD | SD of the posterior, prior SD |",
        "|---|---|---|---|",
    ]
    error = np.sqrt(((found.mean - found.truth) ** 2).mean(axis=0))
    for name, share, miss, sd in zip(found.names, found.coverage(), error, found.sd.mean(axis=0), strict=True):
        lines.append(f"| {name} | {100.0 * share:.0f} % | {miss:.2f} | {sd:.2f} |")
    return "\n".join(lines) + "\n"


def _between(share: float, count: int) -> tuple[float, float]:
    from scipy.stats import binom

    return float(binom.ppf(0.025, count, share)) / count, float(binom.ppf(0.975, count, share)) / count
