"""Synthetic recovery with a finished fit: all its numbers, trials and figures, on its own emulator.

Numbers are drawn from the posterior; the trials are simulated with them, with other patients than those of the
emulator; the figures get the errors that the fit assumes; and they are fitted together with the published ones. If
the inference is right, intervals of these second fits hold the drawn numbers at their nominal rate (posterior
simulation-based calibration, Säilynoja 2025, arXiv:2502.03279). A wrong emulator or a sampler that does not mix shows
as coverage that is too low. It costs one simulation of all trials for each data set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.study.fit import Fit, load
from her2sim.study.fit_emulator import Emulator
from her2sim.study.fit_posterior import Problem, find_mode, sample
from her2sim.study.fit_recovery import Recovery
from her2sim.study.fit_runs import Evaluations

Floats = NDArray[np.float64]
SEED = 4001


@dataclass(frozen=True)
class Twice(Problem):
    """Two sets of the same figures, published and made: their emulator is worked out once for both.

    Main arguments:
        half: the emulator of one set; ``emulator``, ``published`` and ``error`` are of both, one after the other.
    """

    half: Emulator | None = None

    def misfit(self, points: Floats) -> Floats:
        """As of ``Problem``."""
        assert self.half is not None
        figures = self.half(points)
        residual = (np.hstack([figures, figures]) - self.published) / self.error
        return (self.degrees + 1.0) * np.log1p(residual**2 / self.degrees).sum(axis=1)


def with_data(result: Fit, observed: Floats) -> Twice:
    """The posterior given the published figures of a fit and a data set that was made, both with the fit's weight.

    Main arguments:
        result: the fit.
        observed: (n_targets,) on the scale of the residual; NaN where there is none.
    """
    own = result.problem()
    seen = observed[np.isfinite(result.emulator.error)]
    known = np.isfinite(seen)
    both = [np.concatenate(pair) for pair in zip(*2 * [_parts(own.emulator)], strict=True)]
    return Twice(
        Emulator(*both),
        np.append(own.published, np.where(known, seen, 0.0)),
        np.append(own.error, np.where(known, own.error, np.inf)),
        own.degrees,
        result.weight,
        own.emulator,
    )


def _parts(emulator: Emulator) -> tuple[Floats, Floats, Floats, Floats]:
    return emulator.constant, emulator.linear, emulator.curved, emulator.error


@dataclass(frozen=True)
class Made:
    """Data sets made by the simulator with known numbers.

    Main arguments:
        truth: (n_sets, n_free) scores.
        figures: (n_sets, n_targets) simulated; NaN where a figure could not be told.
        observed: the same with the errors that the fit assumes.
    """

    truth: Floats
    figures: Floats
    observed: Floats


def make_data(
    folder: Path,
    result: Fit,
    *,
    sets: int,
    patients: int,
    seed: int,
    workers: int,
    accept: bool,
    tell: Callable[[str], object],
) -> Made:
    """Make data sets with numbers drawn from the posterior of a finished fit.

    Main arguments:
        folder: of the fit; evaluations made here are kept there.
        result: the fit.
        sets, patients, seed, workers, accept, tell: as of ``recover_after``.

    Raises:
        InputError: the model has changed since the fit.
    """
    names = tuple(number.number for number in result.free)
    trials = tuple(record.id for record in result.data.records)
    runs = Evaluations(folder, names, trials, workers=workers, accept=accept, tell=tell)
    points = result.posterior.points
    truth = np.round(points[stream(seed, 0, "fit/recovery").integers(0, len(points), sets)], 4)
    figures = runs.at(np.vstack([result.mode, truth]), patients=patients, seed=seed)
    # same patients at all points: what these few are off by is a constant of each figure, and taken off. It is told by
    # all points; by the mode alone, the roughness of that one point would be in every data set
    off = figures - result.emulator(np.vstack([result.mode, truth]))
    figures = figures[1:] - np.nan_to_num(np.nanmean(off, axis=0))
    errors = np.array([target.error for target in result.data.targets])
    noise = stream(seed, 1, "fit/recovery").standard_t(result.problem().degrees, figures.shape)
    return Made(truth, figures, figures + errors * noise)


def recover_after(
    folder: Path,
    *,
    sets: int = 20,
    patients: int = 150,
    seed: int | None = None,
    steps: int = 1200,
    workers: int = 1,
    accept: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> Recovery:
    """Make data sets with numbers drawn from the posterior of a finished fit, fit each, and compare.

    Main arguments:
        folder: of the fit; its evaluations are used, and those made here are kept there.
        sets: data sets; each costs one simulation of all trials.
        patients: per arm; the sampling error of the published trial is drawn besides.
        seed: of the patients, who must be others than those of the fit, and of the data sets; default 4001.

    Other arguments:
        steps: of the sampler.
        workers, accept, tell: as in ``her2sim.study.fit.fit``.

    Raises:
        InputError: there is no finished fit, or the model has changed since.
    """
    result, seed = load(folder), SEED if seed is None else seed
    made = make_data(folder, result, sets=sets, patients=patients, seed=seed, workers=workers, accept=accept, tell=tell)
    mean, sd, rank = (np.empty(made.truth.shape) for _ in range(3))
    for number in range(sets):
        problem = with_data(result, made.observed[number])
        mode = find_mode(problem, result.mode[None], seed=seed, restarts=0)
        found = sample(problem, mode, seed=seed + number, steps=steps).points
        mean[number], sd[number] = found.mean(axis=0), found.std(axis=0)
        rank[number] = (found < made.truth[number]).mean(axis=0)
        tell(f"data set {number + 1} of {sets}")
    return Recovery(tuple(number.number for number in result.free), made.truth, mean, sd, rank)


def recovery_section(found: Recovery) -> str:
    """A section of the page of the fit on ``recover_after``."""
    sets = len(found.truth)
    told = [
        f"{100 * level:.0f} % intervals hold the true number in {100.0 * share:.0f} % of cases "
        f"(by the spread over data sets {100.0 * (share - 2.0 * error):.0f} to "
        f"{100.0 * min(share + 2.0 * error, 1.0):.0f} %)"
        for level in (0.5, 0.9)
        for share, error in [found.overall(level)]
    ]
    lines = [
        "## Known numbers, found again",
        "",
        f"{sets} data sets were made by the simulator with numbers drawn from the posterior, other patients than those "
        "of the fit, and the errors that the fit assumes. Each was fitted together with the published figures; if the "
        "inference is right, its intervals hold the drawn numbers at their nominal rate (posterior simulation-based "
        f"calibration, arXiv:2502.03279). Over {sets} data sets and {len(found.names)} numbers, "
        f"{' and '.join(told)}.",
        "",
        "| number | in 50 % interval | in 90 % interval | error of the mean, prior SD | posterior SD, prior SD |",
        "|---|---|---|---|---|",
    ]
    error = np.sqrt(((found.mean - found.truth) ** 2).mean(axis=0))
    columns = found.coverage(0.5), found.coverage(0.9), error, found.sd.mean(axis=0)
    for name, half, most, miss, sd in zip(found.names, *columns, strict=True):
        lines.append(f"| {name} | {sets * half:.0f} of {sets} | {sets * most:.0f} of {sets} | {miss:.2f} | {sd:.2f} |")
    return "\n".join(lines)
