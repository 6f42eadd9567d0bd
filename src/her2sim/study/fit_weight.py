"""How much the figures may weigh: as much as makes known numbers most likely.

The emulator's errors are alike for figures that depend on the same numbers; a likelihood that multiplies them is too
sure of itself. It is raised to a power below one. Such a power may be chosen so that intervals hold what they should
(Syring and Martin 2019, doi:10.1093/biomet/asy054); here it is learned from data sets that the simulator made with
known numbers: each is fitted with every weight of a grid, and the weight of the best mean log density of a known number
is taken, which uses more of few data sets than shares of intervals do. The mode of the fit stays where it is; only the
spread about it changes. Whether intervals then are as wide as they should be is for
``her2sim.study.fit_recovery_after`` to tell, with other data sets. Errors of published figures of one trial that are
tied to each other are not in these data sets, and the weight does not make up for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2sim.study.fit import Fit, load, save
from her2sim.study.fit_posterior import find_mode, information, sample
from her2sim.study.fit_recovery_after import Made, make_data, with_data
from her2sim.study.fit_targets import settings

Floats = NDArray[np.float64]
WEIGHTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
LEVELS = (0.5, 0.9)


@dataclass(frozen=True)
class Weighing:
    """How known numbers were found again with each weight, taking posteriors as normal.

    Main arguments:
        weights: (n_weights,).
        score: (n_weights,) mean log density of a known number in its marginal posterior.
        held: level -> (n_weights,) share of the known numbers in intervals of this level.
        missed: root mean square of what the emulator is off by at the known numbers, over the error that the fit
            assumes of it, median over figures.
    """

    weights: Floats
    score: Floats
    held: dict[float, Floats]
    missed: float

    @property
    def chosen(self) -> float:
        """The weight of the best score, between grid points by a parabola."""
        best = int(np.argmax(self.score))
        if best in (0, len(self.weights) - 1):
            return float(self.weights[best])
        x, y = self.weights[best - 1 : best + 2], self.score[best - 1 : best + 2]
        bend, slope, _ = np.polyfit(x - x[1], y - y[1], 2)
        return round(float(x[1] - slope / (2.0 * bend)), 3)


def weigh(result: Fit, made: Made, weights: tuple[float, ...] = WEIGHTS) -> Weighing:
    """Fit data sets of known numbers with each weight.

    Main arguments:
        result: a finished fit.
        made: the data sets.

    Other arguments:
        weights: to be tried, in order.
    """
    from scipy.special import ndtri

    problems = [with_data(result, observed) for observed in made.observed]
    score, held = np.zeros(len(weights)), {level: np.zeros(len(weights)) for level in LEVELS}
    for place, weight in enumerate(weights):
        away = np.empty(made.truth.shape)
        logs = np.empty(made.truth.shape)
        for number, full in enumerate(problems):
            problem = replace(full, weight=weight)
            mode = find_mode(problem, result.mode[None], seed=1, restarts=0)
            sd = np.sqrt(np.diag(np.linalg.inv(information(problem, mode))))
            away[number] = (made.truth[number] - mode) / sd
            logs[number] = -0.5 * away[number] ** 2 - np.log(sd)
        score[place] = logs.mean()
        for level in LEVELS:
            held[level][place] = (np.abs(away) <= ndtri(0.5 + 0.5 * level)).mean()
    known = np.isfinite(result.emulator.error)
    off = (made.figures - result.emulator(made.truth))[:, known] / result.emulator.error[known]
    missed = float(np.median(np.sqrt(np.nanmean(off**2, axis=0))))
    return Weighing(np.array(weights), score, held, missed)


def weigh_fit(
    folder: Path,
    *,
    sets: int = 12,
    rounds: int = 2,
    patients: int = 150,
    seed: int = 5001,
    steps: int = 4000,
    workers: int = 1,
    accept: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> list[Weighing]:
    """Learn the weight of a finished fit and draw its posterior again with it; the fit in the folder is replaced.

    In rounds, since numbers drawn from the wider posterior lie where the emulator is less right.

    Main arguments:
        folder: of the fit.
        sets: data sets of a round; each costs one simulation of all trials.
        rounds: how often the weight is learned, from numbers drawn with the last one.
        patients: per arm.
        seed: of patients and data sets of the first round: others than those of the fit, and of ``recover_after``.

    Other arguments:
        steps: of the sampler.
        workers, accept, tell: as in ``her2sim.study.fit.fit``.

    Raises:
        InputError: there is no finished fit, or the model has changed since.
    """
    result = load(folder)
    if result.weight != 1.0:
        result = _drawn(result, 1.0, steps)
    found: list[Weighing] = []
    for turn in range(rounds):
        made = make_data(
            folder, result, sets=sets, patients=patients, seed=seed + turn, workers=workers, accept=accept, tell=tell
        )
        found.append(weigh(result, made))
        tell(f"round {turn + 1}: weight {found[-1].chosen}")
        result = _drawn(result, found[-1].chosen, steps)
    save(folder, result)
    return found


def _drawn(result: Fit, weight: float, steps: int) -> Fit:
    problem = replace(result.problem(), weight=weight)
    drawn = sample(problem, result.mode, seed=int(settings()["seed"]), steps=steps)
    return replace(result, weight=weight, posterior=drawn)


def weight_section(rounds: Sequence[Weighing], sets: int) -> str:
    """A section of the page of the fit on how its weight was learned.

    Main arguments:
        rounds: by ``weigh_fit``.
        sets: data sets of a round.
    """
    found = rounds[-1]
    steps = ", then ".join(f"{each.chosen:.2f}" for each in rounds)
    lines = [
        "## How much the figures weigh",
        "",
        f"In {len(rounds)} rounds {sets} data sets were made by the simulator with numbers drawn from the posterior so "
        "far, and fitted with the likelihood raised to several powers (doi:10.1093/biomet/asy054). The power under "
        f"which the known numbers are most likely was {steps}: the posterior, and with it the draws of validation and "
        f"ledger, is made with **{found.chosen:.2f}**. The mode stays. At the known numbers the simulator, with "
        f"other patients, is {found.missed:.2f} times as far from the emulator as the fit assumes (median over "
        "figures). Of the last round, with posteriors taken as normal:",
        "",
        "| power | mean log density of a known number | in 50 % interval | in 90 % interval |",
        "|---|---|---|---|",
    ]
    for place, weight in enumerate(found.weights):
        shares = " | ".join(f"{100.0 * found.held[level][place]:.0f} %" for level in LEVELS)
        lines.append(f"| {weight:.1f} | {found.score[place]:.3f} | {shares} |")
    return "\n".join(lines)
