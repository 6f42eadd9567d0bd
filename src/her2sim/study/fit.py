"""The global fit: a design around the best point, an emulator, the mode, a check there, the posterior.

Waves of points are simulated (``her2sim.study.fit_runs`` keeps each finished task, so a fit that was stopped goes on).
The first wave lies around the start; each later one is drawn from the posterior so far, widened. At the mode the
trials are simulated with more and other patients, and each figure of the emulator is moved by the difference, so that
the fit does not follow the draw of patients from which the emulator was made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.model.calibration import FreeNumber, free_numbers
from her2sim.model.parameters import fitted_values
from her2sim.study.fit_emulator import Emulator, make_emulator
from her2sim.study.fit_posterior import Posterior, Problem, find_mode, make_problem, sample
from her2sim.study.fit_runs import Evaluations
from her2sim.study.fit_targets import FitData, settings

Floats = NDArray[np.float64]
WIDE = 0.6
WIDER = 1.3
FARTHEST = 3.0
RESULT = "result.json"


@dataclass(frozen=True)
class Plan:
    """How much a fit may do.

    Main arguments:
        first: points of the first wave.
        wave: points of each later wave.
        waves: how many later waves.
        patients: per arm in the design.
        patients_at_mode: per arm in the check at the mode; 0 for no check.
        minutes: no new wave is begun after this time.
        steps: of the sampler.
        seed: of the patients and of the search.

    Other arguments:
        hold: keep the numbers where the frozen calibration has them and find only how far they may lie: the design is
            made around them, and no mode is searched.
    """

    first: int = 90
    wave: int = 30
    waves: int = 4
    patients: int = 200
    patients_at_mode: int = 1000
    minutes: float = 60.0
    steps: int = 4000
    seed: int = 11
    hold: bool = False


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Main arguments:
        free: the calibrated numbers.
        data: figures used and left out.
        mode: (n_free,) scores.
        posterior: draws and diagnostics.
        fitted: (n_targets,) simulated figures at the mode with the most patients.
        emulator: of all figures, corrected at the mode.
        history: one entry per stage: what was done, how good it was.

    Other arguments:
        weight: power to which the likelihood is raised where spread is told (``her2sim.study.fit_weight``); the mode
            is that of the full likelihood.
    """

    free: tuple[FreeNumber, ...]
    data: FitData
    mode: Floats
    posterior: Posterior
    fitted: Floats
    emulator: Emulator
    history: tuple[Mapping[str, Any], ...]
    weight: float = 1.0

    def problem(self, left_out: Sequence[str] = ()) -> Problem:
        """The posterior of the scores, without the figures of some trials."""
        return make_problem(self.emulator, self.data.targets, float(settings()["robust_degrees"]), left_out)


def start_scores(free: Sequence[FreeNumber]) -> Floats:
    """Where a fit starts: the numbers of the last fit where there are any, else the prior medians."""
    known = fitted_values()
    found = [number.score(known[number.number]) if number.number in known else 0.0 for number in free]
    return np.clip(found, -1.5, 1.5)


def held_scores(free: Sequence[FreeNumber]) -> Floats:
    """Where the frozen calibration has the numbers.

    Raises:
        InputError: it lacks one of them.
    """
    known = fitted_values()
    lacking = [number.number for number in free if number.number not in known]
    if lacking:
        raise InputError(
            f"the frozen calibration has no value of {', '.join(lacking)}.",
            where="data/calibration/frozen.yaml",
            why="What is not known cannot be held.",
            hint="Make the fit without --hold.",
        )
    return np.array([number.score(known[number.number]) for number in free])


def fit(
    folder: Path,
    plan: Plan | None = None,
    *,
    trials: Sequence[str] = (),
    names: Sequence[str] = (),
    workers: int = 1,
    accept: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> Fit:
    """Fit the calibrated numbers to the figures that may be fitted.

    Main arguments:
        folder: where evaluations and the result are kept; a fit that was stopped goes on from there.
        plan: how much to do; default ``Plan()`` with the patients of ``data/calibration/fit.yaml``.

    Other arguments:
        trials: ids of the trials; default: all that may be fitted.
        names: calibrated numbers; default: all of ``data/calibration/core.yaml``.
        workers: processes.
        accept: go on although the model's code or data have changed.
        tell: called with lines of progress.

    Raises:
        InputError: the folder belongs to another fit.
    """
    content = settings()
    plan = plan or Plan(
        patients=content["patients"], patients_at_mode=content["patients_at_mode"], seed=content["seed"]
    )
    free = tuple(n for n in free_numbers() if not names or n.number in names)
    runs = Evaluations(folder, [n.number for n in free], trials, workers=workers, accept=accept, tell=tell)
    begun, history = time.monotonic(), list[Mapping[str, Any]]()
    degrees = float(content["robust_degrees"])
    center = held_scores(free) if plan.hold else start_scores(free)
    points = first_wave(center, plan.first, plan.seed)
    mode = center
    tried = np.empty((0, len(free)))
    emulator: Emulator | None = None
    for wave in range(plan.waves + 1):
        if wave and time.monotonic() - begun > 60.0 * plan.minutes:
            break
        tried = np.vstack([tried, points])
        emulator, problem = _emulated(runs, plan, tried, mode, degrees)
        mode = center if plan.hold else find_mode(problem, np.array([mode, center]), seed=plan.seed + wave)
        history.append(_entry(f"wave {wave}", runs, problem, mode, begun, emulator, len(tried)))
        tell(json.dumps(history[-1]))
        if wave < plan.waves:
            drawn = sample(problem, mode, seed=plan.seed + wave, steps=max(400, plan.steps // 5), draws=plan.wave - 1)
            points = next_wave(mode, drawn.points)
    assert emulator is not None
    shift = np.zeros(len(emulator.constant))
    fitted = runs.at(mode[None], patients=plan.patients, seed=plan.seed)[0]
    for check in range(2 if plan.patients_at_mode and not plan.hold else 0):
        tried = np.vstack([tried, mode])
        emulator, _ = _emulated(runs, plan, tried, mode, degrees)
        fitted = runs.at(mode[None], patients=plan.patients_at_mode, seed=plan.seed + 1)[0]
        shift = np.nan_to_num(fitted - emulator(mode[None])[0])
        emulator = emulator.moved(shift)
        problem = make_problem(emulator, runs.data.targets, degrees)
        at_check = mode
        mode = find_mode(problem, np.array([mode, center]), seed=plan.seed + 50 + check)
        history.append(_entry(f"check {check + 1} at the mode", runs, problem, mode, begun, emulator, len(tried)))
        tell(json.dumps({**history[-1], "moved": round(float(np.linalg.norm(mode - at_check)), 2)}))
    if plan.patients_at_mode:
        fitted = runs.at(mode[None], patients=plan.patients_at_mode, seed=plan.seed + 1)[0]
        emulator = emulator.moved(np.nan_to_num(fitted - emulator(mode[None])[0]))
    problem = make_problem(emulator, runs.data.targets, degrees)
    posterior = sample(problem, mode, seed=plan.seed, steps=plan.steps)
    history.append(_entry("posterior", runs, problem, mode, begun, emulator, len(tried)))
    result = Fit(free, runs.data, mode, posterior, fitted, emulator, tuple(history))
    save(folder, result)
    return result


def _emulated(runs: Evaluations, plan: Plan, tried: Floats, mode: Floats, degrees: float) -> tuple[Emulator, Problem]:
    """The emulator of the points tried so far: with all of the folder, a fit taken up again would go another way."""
    points = np.unique(tried, axis=0)
    emulator = make_emulator(points, runs.at(points, patients=plan.patients, seed=plan.seed), mode)
    return emulator, make_problem(emulator, runs.data.targets, degrees)


def first_wave(center: Floats, count: int, seed: int) -> Floats:
    """Scores around a start, (count, n_free), the start first: a Sobol sequence made normal."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(center), rng=stream(seed, 0, "fit/design"))
    uniform = sequence.random(1 << max(1, (count - 1).bit_length()))[: count - 1]
    spread = WIDE * ndtri(np.clip(uniform, 1e-3, 1.0 - 1e-3))
    return np.round(np.clip(np.vstack([center, center + spread]), -FARTHEST, FARTHEST), 4)


def next_wave(mode: Floats, draws: Floats) -> Floats:
    """The mode and draws of the posterior so far, widened about it, (1 + n_draws, n_free)."""
    points = np.vstack([mode, mode + WIDER * (draws - mode)])
    return np.round(np.clip(points, -FARTHEST, FARTHEST), 4)


def _entry(
    what: str, runs: Evaluations, problem: Problem, mode: Floats, begun: float, emulator: Emulator, points: int
) -> Mapping[str, Any]:
    error = emulator.error[np.isfinite(emulator.error)]
    return {
        "stage": what,
        "points": points,
        "core_seconds": round(runs.seconds),
        "minutes": round((time.monotonic() - begun) / 60.0, 1),
        "misfit": round(float(problem.misfit(mode[None])[0]), 2),
        "prior": round(float(mode @ mode), 2),
        "emulator_error": round(float(np.median(error)), 4),
        "farthest": round(float(np.abs(mode).max()), 2),
    }


def save(folder: Path, result: Fit) -> None:
    """Write the result of a fit as ``result.json`` and ``result.npz``."""
    emulator, posterior = result.emulator, result.posterior
    np.savez_compressed(
        folder / "result.npz", mode=result.mode, fitted=result.fitted, points=posterior.points, r_hat=posterior.r_hat,
        effective=posterior.effective, accepted=posterior.accepted, constant=emulator.constant,
        linear=emulator.linear, curved=emulator.curved, error=emulator.error,
    )  # fmt: skip
    told = {
        "names": [number.number for number in result.free],
        "mode": [round(float(z), 4) for z in result.mode],
        "values": {n.number: n.from_score(float(z)) for n, z in zip(result.free, result.mode, strict=True)},
        "history": list(result.history),
        "weight": result.weight,
    }
    (folder / RESULT).write_text(json.dumps(told, indent=1))


def load(folder: Path) -> Fit:
    """The result of a finished fit.

    Raises:
        InputError: there is none in this folder, or it is one of other numbers or figures than may be fitted now.
    """
    from her2sim.study.fit_runs import HEAD
    from her2sim.study.fit_targets import fit_data

    if not (folder / "result.npz").exists():
        raise InputError("no finished fit is here.", where=str(folder), hint="Make one with her2sim fit --out FOLDER.")
    head, told = json.loads((folder / HEAD).read_text()), json.loads((folder / RESULT).read_text())
    kept = np.load(folder / "result.npz")
    known = {number.number: number for number in free_numbers()}
    again = "Make the fit anew with her2sim fit and another --out."
    gone = [name for name in told["names"] if name not in known]
    if gone:
        raise InputError(
            f"the fit is of numbers that may no longer be fitted: {', '.join(gone)}.",
            where=str(folder),
            why="What a fit says of a number is read with its prior, and data/calibration/core.yaml has none for them.",
            hint=again,
        )
    data = fit_data(tuple(head["trials"]))
    if len(data.targets) != len(kept["fitted"]):
        raise InputError(
            f"the fit is of {len(kept['fitted'])} figures; its trials now give {len(data.targets)} to be fitted.",
            where=str(folder),
            why="Published figures have come or gone since, and what is kept can no longer be told apart.",
            hint=again,
        )
    emulator = Emulator(kept["constant"], kept["linear"], kept["curved"], kept["error"])
    posterior = Posterior(kept["points"], kept["r_hat"], kept["effective"], float(kept["accepted"]))
    return Fit(tuple(known[name] for name in told["names"]), data, kept["mode"], posterior, kept["fitted"], emulator,
               tuple(told["history"]), float(told.get("weight", 1.0)))  # fmt: skip
