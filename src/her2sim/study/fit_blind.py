"""Cross-validation inside the fit: each trial predicted by numbers that were fitted without it; repeats of the search.

On the emulator, so it costs seconds. It is what a change of the model's structure is judged by, since unseen trials
must not be looked at for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.study.fit import Fit
from her2sim.study.fit_posterior import find_mode, information

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blind:
    """Figures predicted by a fit without one trial.

    Main arguments:
        figures: (n_targets,) of all targets at the mode, on the scale of the residual; those of the trial are blind.
        sd: (n_targets,) their posterior standard deviation, the emulator's error included; infinite where a figure is
            not emulated.
    """

    figures: Floats
    sd: Floats


def leave_one_trial_out(result: Fit, *, tell: Callable[[str], object] = lambda line: None) -> dict[str, Blind]:
    """Figures predicted by the mode of a fit without a trial, for each trial, with their posterior spread.

    The posterior is taken as normal with the curvature at the mode (``fit_posterior.information``), so 23 trials cost
    seconds; sampling each would cost half an hour. Records that are parts of one trial are left out together.

    Main arguments:
        result: a finished fit.

    Other arguments:
        tell: called with a line for each trial.
    """
    found: dict[str, Blind] = {}
    whole = find_mode(result.problem(), result.mode[None], seed=1, restarts=0)  # of a held fit another than its mode
    for parts in _whole_trials(result):
        problem = result.problem(parts)
        mode = find_mode(problem, result.mode[None], seed=1, restarts=0)
        slope = result.emulator.slope(mode)
        spread = np.linalg.inv(information(replace(problem, weight=result.weight), mode))
        variance = np.einsum("ki,ij,kj->k", slope, spread, slope)
        blind = Blind(result.emulator(mode[None])[0], np.hypot(np.sqrt(variance), result.emulator.error))
        found.update(dict.fromkeys(parts, blind))
        far = float(np.linalg.norm(mode - whole))
        tell(f"{' and '.join(parts)}: the mode without it is {far:.2f} prior SD away")
    return found


def _whole_trials(result: Fit) -> list[tuple[str, ...]]:
    """Ids of the records of each trial; most trials have one."""
    whole: dict[str, list[str]] = {}
    used = {target.trial for target in result.data.targets}
    for record in result.data.records:
        if record.id in used:
            whole.setdefault(str(record.extra.get("part_of") or record.id), []).append(record.id)
    return [tuple(parts) for _, parts in sorted(whole.items())]


@dataclass(frozen=True)
class Repeat:
    """A search for the mode from the prior medians with another seed.

    Main arguments:
        seed: of the search.
        better: log posterior density of its mode less that of the fit's.
        farthest: largest distance of a number from the fit's mode, in posterior standard deviations.
        figures: root mean square change of the figures, in their standard errors.
    """

    seed: int
    better: float
    farthest: float
    figures: float


def repeats(result: Fit, seeds: tuple[int, ...] = (101, 202)) -> list[Repeat]:
    """Search for the mode again, on the same emulator."""
    problem, sd = result.problem(), result.posterior.points.std(axis=0)
    errors = np.array([target.error for target in result.data.targets])
    known = np.isfinite(result.emulator.error)
    here = result.emulator(result.mode[None])[0]
    out: list[Repeat] = []
    for seed in seeds:
        mode = find_mode(problem, np.zeros((0, len(result.mode))), seed=seed, restarts=1)
        change = (result.emulator(mode[None])[0] - here)[known] / errors[known]
        gain = problem.log_posterior(mode[None])[0] - problem.log_posterior(result.mode[None])[0]
        far = np.abs((mode - result.mode) / sd).max()
        out.append(Repeat(seed, float(gain), float(far), float(np.sqrt(np.mean(change**2)))))
    return out
