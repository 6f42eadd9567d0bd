"""What ``her2sim fit`` does: make a fit, write its page, freeze it, recover known numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from her2sim.core.errors import InputError
from her2sim.model.frozen import Frozen
from her2sim.study.fit import Fit, Plan, fit, load
from her2sim.study.fit_blind import leave_one_trial_out, repeats
from her2sim.study.fit_discrepancy import unseen_discrepancy
from her2sim.study.fit_freeze import freeze
from her2sim.study.fit_recovery import recover, recovery_table
from her2sim.study.fit_report import report
from her2sim.study.fit_targets import settings

NEEDED = ("cma", "emcee")
Tell = Callable[[str], object]


def make_fit(
    folder: Path,
    *,
    first: int,
    wave: int,
    waves: int,
    patients: int | None,
    at_mode: int | None,
    minutes: float,
    seed: int | None,
    workers: int,
    accept: bool,
    tell: Tell,
) -> Fit:
    """Make a fit, or go on with one; arguments as of ``her2sim fit``, None for the values of the settings file.

    Raises:
        InputError: a library is missing, or the folder belongs to another fit.
    """
    _check_libraries()
    content = settings()
    plan = Plan(
        first=first,
        wave=wave,
        waves=waves,
        patients=content["patients"] if patients is None else patients,
        patients_at_mode=content["patients_at_mode"] if at_mode is None else at_mode,
        minutes=minutes,
        seed=content["seed"] if seed is None else seed,
    )
    return fit(folder, plan, workers=workers, accept=accept, tell=tell)


def write_report(folder: Path, to: Path) -> Path:
    """Write the page of a finished fit.

    Raises:
        InputError: there is no finished fit in the folder.
    """
    _check_libraries()
    result = load(folder)
    left_out = leave_one_trial_out(result)
    page = report(result, left_out, repeats(result), unseen=unseen_discrepancy(result, left_out))
    to.write_text(page, encoding="utf-8")
    return to


def freeze_fit(folder: Path) -> Frozen:
    """Freeze a finished fit as the calibration of the package.

    Raises:
        InputError: there is no finished fit, or a figure of it may not be fitted.
    """
    return freeze(folder, load(folder), today=datetime.now(UTC).date())


def recovery_page(folder: Path, sets: int, *, workers: int, tell: Tell) -> str:
    """Fit data sets made from known numbers, and tell in Markdown how they were found again."""
    _check_libraries()
    return recovery_table(recover(folder, sets=sets, workers=workers, tell=tell))


def _check_libraries() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"a fit needs {' and '.join(missing)}, not installed here.", hint='Install with pip install "her2sim[fit]".'
        )
