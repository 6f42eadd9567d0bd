"""Morris screening over all numbers, then Sobol's shares of variance of the foremost, both by the library SALib.

Sources: Morris MD. Technometrics 1991;33:161; Campolongo F et al. Environ Model Softw 2007;22:1509 (mean absolute
elementary effect); Saltelli A et al. Comput Phys Commun 2010;181:259 (estimators of Sobol's indices).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.study.prior_predictive import check_numbers
from her2sim.study.sensitivity.evaluations import evaluate, output_names
from her2sim.study.sensitivity.numbers import Varied, settings, varied

LIMITS = {"trajectories": (2, 1000), "points": (4, 2**16), "patients": (10, 10_000), "seed": (0, 2**31 - 1)}
LEVELS = 4
"""Levels of Morris' grid (the usual choice, with steps of two thirds of the range)."""


@dataclass(frozen=True)
class Screening:
    """Morris' elementary effects.

    Main arguments:
        numbers: what was varied.
        outputs: what was looked at.
        mean: (n_numbers, n_outputs) mean elementary effect, over the whole range of a number: its direction.
        mean_absolute: the same of absolute effects: its importance.
        deviation: standard deviation of effects: curvature and interactions.
        scale: (n_outputs,) standard deviation of each output over the design.
        evaluations: how many points were simulated.
    """

    numbers: tuple[Varied, ...]
    outputs: tuple[str, ...]
    mean: NDArray[np.float64]
    mean_absolute: NDArray[np.float64]
    deviation: NDArray[np.float64]
    scale: NDArray[np.float64]
    evaluations: int

    def importance(self) -> NDArray[np.float64]:
        """(n_numbers,) mean absolute effect relative to the spread of each output, averaged over outputs."""
        return (self.mean_absolute / self.scale).mean(axis=1)

    def ranking(self) -> list[int]:
        """Rows of ``numbers``, the most important first."""
        return [int(row) for row in np.argsort(-self.importance(), kind="stable")]


@dataclass(frozen=True)
class Decomposition:
    """Sobol's indices.

    Main arguments:
        numbers, outputs: as in ``Screening``.
        first, total: (n_numbers, n_outputs) share of variance by a number alone, and with all its interactions.
        first_error, total_error: half widths of their 95 % intervals, by bootstrap.
        evaluations: how many points were simulated.
    """

    numbers: tuple[Varied, ...]
    outputs: tuple[str, ...]
    first: NDArray[np.float64]
    total: NDArray[np.float64]
    first_error: NDArray[np.float64]
    total_error: NDArray[np.float64]
    evaluations: int


def screen(
    *,
    trajectories: int = 4,
    patients: int = 40,
    seed: int = 1,
    around: str = "prior",
    workers: int = 1,
    folder: Path = Path("runs/sensitivity"),
    numbers: Sequence[Varied] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> Screening:
    """Morris screening of all numbers.

    Main arguments:
        trajectories: how often each number is moved once; evaluations are this times the count of numbers plus one.
        patients, seed: per arm; of all random streams.
        around: ``prior``, the values before any fit, or ``calibrated``, the values in force.

    Other arguments:
        workers: processes; changes no result.
        folder: where evaluations are kept.
        numbers: what is varied; all by default, see ``varied``.
        on_progress: told as evaluations are finished.

    Raises:
        InputError: a number is out of range, or the library SALib is not installed.
    """
    check_numbers(LIMITS, trajectories=trajectories, patients=patients, seed=seed)
    chosen = tuple(numbers) or varied(around)
    problem = _problem(chosen)
    design: NDArray[np.float64] = _salib("sample.morris").sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    found = _outputs(design, chosen, folder, patients, seed, workers, on_progress)
    analyze, rows = _salib("analyze.morris").analyze, list[Mapping[str, Any]]()
    for column in found.T:
        rows.append(analyze(problem, design, column, num_levels=LEVELS, seed=seed))
    mean, mean_absolute, deviation = (
        np.column_stack([np.asarray(row[key], dtype=np.float64) for row in rows]) for key in ("mu", "mu_star", "sigma")
    )
    scale = np.maximum(found.std(axis=0), np.finfo(np.float64).tiny)
    return Screening(chosen, output_names(), mean, mean_absolute, deviation, scale, len(design))


def decompose(
    numbers: Sequence[Varied],
    *,
    points: int = 32,
    patients: int = 40,
    seed: int = 1,
    workers: int = 1,
    folder: Path = Path("runs/sensitivity"),
    on_progress: Callable[[Progress], None] | None = None,
) -> Decomposition:
    """Sobol's first-order and total indices of some numbers, all others staying as they are.

    Main arguments:
        numbers: usually the foremost of ``screen``.
        points: base points, a power of two; evaluations are this times the count of numbers plus two.
        patients, seed, workers, folder, on_progress: as in ``screen``.

    Raises:
        InputError: as in ``screen``; or ``points`` is no power of two.
    """
    check_numbers(LIMITS, points=points, patients=patients, seed=seed)
    if points & (points - 1):
        raise InputError(f"--points is {points}.", hint="Sobol's sequence needs a power of two, for example 32.")
    problem = _problem(numbers)
    sample = _salib("sample.sobol").sample
    design: NDArray[np.float64] = sample(problem, points, calc_second_order=False, seed=seed)
    found = _outputs(design, numbers, folder, patients, seed, workers, on_progress)
    analyze = _salib("analyze.sobol").analyze
    rows: list[Mapping[str, Any]] = []
    for column in found.T:
        scaled = (column - column.mean()) / max(float(column.std()), np.finfo(np.float64).tiny)
        rows.append(analyze(problem, scaled, calc_second_order=False, seed=seed))
    parts = [
        np.column_stack([np.asarray(row[k], dtype=np.float64) for row in rows])
        for k in ("S1", "ST", "S1_conf", "ST_conf")
    ]
    return Decomposition(tuple(numbers), output_names(), *parts, evaluations=len(design))


def foremost(screening: Screening) -> tuple[Varied, ...]:
    """The numbers that go from the screening to the decomposition."""
    return tuple(screening.numbers[row] for row in screening.ranking()[: int(settings()["top"])])


def _outputs(
    design: NDArray[np.float64],
    numbers: Sequence[Varied],
    folder: Path,
    patients: int,
    seed: int,
    workers: int,
    on_progress: Callable[[Progress], None] | None,
) -> NDArray[np.float64]:
    points = [{n.name: n.at(float(share)) for n, share in zip(numbers, row, strict=True)} for row in design]
    found = evaluate(points, folder, patients=patients, seed=seed, workers=workers, on_progress=on_progress)
    return np.array([[row[name] for name in output_names()] for row in found])


def _problem(numbers: Sequence[Varied]) -> dict[str, Any]:
    names = [number.name for number in numbers]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _salib(part: str) -> ModuleType:
    """A module of SALib, which is an optional dependency.

    Raises:
        InputError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(f"SALib.{part}")
    except ImportError:
        raise InputError(
            "the sensitivity study needs the library SALib, which is not installed.",
            hint="pip install 'her2sim[sensitivity]'",
        ) from None
