"""What ``her2sim fit`` does: make a fit, weigh its figures, recover known numbers, write its page, freeze it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from her2sim.core.errors import InputError
from her2sim.model.frozen import Frozen
from her2sim.study.fit import RESULT, Fit, Plan, fit, load
from her2sim.study.fit_blind import leave_one_trial_out, repeats
from her2sim.study.fit_compare import compare_fits
from her2sim.study.fit_compare_page import comparison_section
from her2sim.study.fit_discrepancy import unseen_discrepancy
from her2sim.study.fit_freeze import freeze
from her2sim.study.fit_recovery import recover, recovery_table
from her2sim.study.fit_recovery_after import recover_after, recovery_section
from her2sim.study.fit_report import report
from her2sim.study.fit_runs import HEAD, pack
from her2sim.study.fit_sections import keep_section, kept_sections
from her2sim.study.fit_targets import settings
from her2sim.study.fit_weight import weigh_fit, weight_section

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
    hold: bool = False,
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
        hold=hold,
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
    page = report(result, left_out, repeats(result), unseen=unseen_discrepancy(result, left_out),
                  more=kept_sections(folder, result))  # fmt: skip
    to.write_text(page, encoding="utf-8")
    return to


def freeze_fit(folder: Path) -> Frozen:
    """Freeze a finished fit as the calibration of the package.

    Raises:
        InputError: there is no finished fit, or a figure of it may not be fitted.
    """
    return freeze(folder, load(folder), today=datetime.now(UTC).date())


def recovery_page(
    folder: Path, sets: int, *, workers: int, accept: bool = False, seed: int | None = None, tell: Tell
) -> str:
    """Fit data sets made from known numbers, and tell in Markdown how they were found again.

    In the folder of a finished fit the data sets are of all its trials, and the page of the fit then shows the section;
    in another folder a small problem of three trials is made anew.

    Raises:
        InputError: a library is missing, or the model has changed since the fit.
    """
    _check_libraries()
    if not (folder / RESULT).exists():
        return recovery_table(recover(folder, sets=sets, workers=workers, tell=tell, seed=seed))
    found = recover_after(folder, sets=sets, workers=workers, accept=accept, tell=tell, seed=seed)
    text = recovery_section(found)
    keep_section(folder, load(folder), "recovery", text)
    return text


def weight_page(folder: Path, sets: int, *, workers: int, accept: bool = False, tell: Tell) -> str:
    """Learn how much the figures of a finished fit may weigh, draw its posterior again, and tell of it in Markdown.

    Raises:
        InputError: a library is missing, there is no finished fit, or the model has changed since.
    """
    _check_libraries()
    text = weight_section(weigh_fit(folder, sets=sets, workers=workers, accept=accept, tell=tell), sets)
    keep_section(folder, load(folder), "weight", text)
    return text


def compare_with(folder: Path, other: Path, *, workers: int, tell: Tell) -> str:
    """Hold a finished fit against another; the section in Markdown, which the page of the fit then shows.

    Raises:
        InputError: there is no finished fit in one of the folders, or they share no number.
    """
    result = load(folder)
    text = comparison_section(compare_fits(result, load(other), workers=workers, tell=tell), other.name)
    keep_section(folder, result, "another fit", text)
    return text


def pack_fit(folder: Path) -> Path:
    """Pack the evaluations of a fit, to be kept.

    Raises:
        InputError: there is no fit in the folder.
    """
    if not (folder / HEAD).exists():
        raise InputError(
            "no fit is here.", where=str(folder), hint="Make one with her2sim fit --out FOLDER, then pack it."
        )
    return pack(folder)


def _check_libraries() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"a fit needs {' and '.join(missing)}, not installed here.", hint='Install with pip install "her2sim[fit]".'
        )
