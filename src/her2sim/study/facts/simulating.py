"""All simulations that facts need: each cohort once for each model, kept in a folder, so that a stopped run goes on.

A unit of work is one cohort with one set of mechanisms removed. A mechanism that none of a cohort's regimens contains
changes nothing, so that cohort is not simulated again for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from her2sim.core.durable import replacing
from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.jobs.crew import results
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.mechanisms import all_mechanisms, chosen, mechanisms_of
from her2sim.study.facts.cohorts import ArmOutcome, CohortOutcome, cohort_plan, cohort_record, simulate_cohort
from her2sim.study.facts.fact import CohortSpec, Fact, FactBase
from her2sim.study.fingerprint import fingerprint

LIMITS = {"patients": (10, 20_000), "seed": (0, 2**31 - 1), "workers": (1, 256)}


@dataclass(frozen=True)
class Unit:
    """One cohort simulated with one set of mechanisms removed; ``without`` is sorted, empty for the whole model."""

    cohort: CohortSpec
    without: tuple[str, ...]
    patients: int
    seed: int
    measurable_brain_mm: float

    def key(self) -> str:
        """A name that changes with everything that may change the result."""
        text = f"{self.cohort}|{self.without}|{self.patients}|{self.seed}|{self.measurable_brain_mm}|{fingerprint()}"
        return f"{self.cohort.name}-{sha256(text.encode()).hexdigest()[:16]}"


def units_of(
    facts: Iterable[Fact], base: FactBase, *, patients: int, seed: int, without: Sequence[str] = ()
) -> list[Unit]:
    """The work for some facts with some mechanisms removed; cohorts that they do not touch are asked without them.

    Raises:
        InputError: a number is out of range, or no mechanism has such a name.
    """
    _check_numbers(patients=patients, seed=seed)
    found: dict[Unit, None] = {}
    for fact in facts:
        for name in fact.cohorts():
            spec = base.cohorts[name]
            touched = touching(spec, without)
            unit = Unit(spec, touched, patients, seed, base.readings["measurable_brain_mm"])
            found.setdefault(unit)
    return list(found)


def touching(spec: CohortSpec, without: Sequence[str]) -> tuple[str, ...]:
    """Those of the mechanisms that some regimen of the cohort, or of its earlier lines, contains; sorted."""
    names = chosen(without, all_mechanisms()) if without else {}
    return tuple(name for name in names if name in contained(spec))


@cache
def contained(spec: CohortSpec) -> frozenset[str]:
    """The mechanisms that the regimens of a cohort and of its earlier lines contain."""
    plan = cohort_plan(spec, patients=1, seed=0)
    arms = [arm.regimen for arm in plan.arms] if cohort_record(spec).arms else []
    regimens = [*arms, *(regimen for _, regimen in plan.prior)]
    given = [[item for item in regimen if not is_placebo(item.drug)] for regimen in regimens]
    parts = [
        (
            [load_drug(name) for name in dict.fromkeys(item.drug for item in items)],
            {load_drug(i.drug).id: i.route for i in items},
        )
        for items in given
    ]
    return frozenset(mechanisms_of(parts, plan.record.disease))


def simulate_units(
    units: Sequence[Unit],
    folder: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[Unit, CohortOutcome]:
    """Simulate what the folder does not hold yet, and read the rest.

    Main arguments:
        units: from ``units_of``, of one model or of several.
        folder: where outcomes are kept, one file for each unit; made if it does not exist.

    Other arguments:
        workers: processes; changes no result.
        on_progress: told after each unit, in patients of cohorts.

    Raises:
        InputError: ``workers`` is out of range, or the folder cannot be written.
    """
    import time

    _check_numbers(workers=workers)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder cannot be made: {error}", where=str(folder)) from error
    waiting = [unit for unit in dict.fromkeys(units) if not _place(folder, unit).exists()]
    total = sum(unit.patients for unit in units)
    before = total - sum(unit.patients for unit in waiting)
    done, begun = before, time.perf_counter()
    for unit in _simulated(waiting, folder, workers):
        done += unit.patients
        if on_progress is not None:
            took = time.perf_counter() - begun
            left = took * (total - done) / (done - before)
            on_progress(Progress("simulating", done, total, took, left, before))
    return {unit: _load(_place(folder, unit)) for unit in units}


def _simulated(units: Sequence[Unit], folder: Path, workers: int) -> Iterable[Unit]:
    """Units as they are finished; those of one cohort go to one worker, which compiles its models once."""
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.cohort.name, []).append(unit)
    if workers == 1 or len(groups) < 2:
        for unit in (unit for group in groups.values() for unit in group):
            yield _simulate_and_keep(unit, folder)
        return
    largest_first = sorted(groups.values(), key=len, reverse=True)
    for done in results(partial(_simulate_group, folder=folder), largest_first, workers):
        yield from done.result


def _simulate_group(units: Sequence[Unit], folder: Path) -> list[Unit]:
    return [_simulate_and_keep(unit, folder) for unit in units]


def _simulate_and_keep(unit: Unit, folder: Path) -> Unit:
    plan = cohort_plan(unit.cohort, patients=unit.patients, seed=unit.seed, without=unit.without)
    outcome = simulate_cohort(unit.cohort, plan, unit.measurable_brain_mm)
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "assessor": np.array(outcome.assessor),
        "confirmed": np.array(outcome.confirmed),
        "her2_share": outcome.her2_share,
        "her2low_before": outcome.her2low_before,
        "arms": np.array([f"{arm}\n{who}" for arm, who in outcome.arms], dtype=np.str_),
    }
    for index, arm in enumerate(outcome.arms.values()):
        arrays |= {f"{index} {field.name}": getattr(arm, field.name) for field in fields(ArmOutcome)}
    with replacing(_place(folder, unit)) as path, path.open("wb") as file:
        np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]
    return unit


def _load(path: Path) -> CohortOutcome:
    with np.load(path, allow_pickle=False) as kept:
        arms: dict[tuple[str, str], ArmOutcome] = {}
        for index, text in enumerate(kept["arms"].tolist()):
            name, who = text.split("\n")
            arms[name, who] = ArmOutcome(**{f.name: kept[f"{index} {f.name}"] for f in fields(ArmOutcome)})
        return CohortOutcome(
            arms, str(kept["assessor"]), bool(kept["confirmed"]), kept["her2_share"], kept["her2low_before"]
        )


def _place(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit.key()}.npz"


def _check_numbers(**given: int) -> None:
    for name, value in given.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise InputError(f"--{name} is {value}.", hint=f"Expected a whole number from {low} to {high}.")


def by_cohort(units: Iterable[Unit], outcomes: Mapping[Unit, CohortOutcome]) -> dict[str, CohortOutcome]:
    """Cohort name -> outcome, for the units of one model."""
    return {unit.cohort.name: outcomes[unit] for unit in units}
