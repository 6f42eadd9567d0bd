"""The weight of the likelihood: learned from known numbers, it widens the posterior as much as they need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.random import stream
from her2sim.study import fit_runs
from her2sim.study.fit import Fit, Plan, fit, load
from her2sim.study.fit_blind import leave_one_trial_out
from her2sim.study.fit_emulator import Emulator
from her2sim.study.fit_posterior import Problem, find_mode, information, sample
from her2sim.study.fit_recovery_after import Made
from her2sim.study.fit_runs import Setting
from her2sim.study.fit_weight import Weighing, weigh, weigh_fit, weight_section

Floats = NDArray[np.float64]
NAMES = ("doubling_time_days", "addiction_death_per_day")
SMALL = Plan(first=12, wave=6, waves=1, patients=20, patients_at_mode=40, minutes=9.0, steps=300, seed=2)


def linear_in_scores(setting: Setting, point: tuple[float, ...], trial: str) -> dict[str, object]:
    """Stands in for the simulation of a trial."""
    _, targets = fit_runs._trial(setting.trials, trial)  # pyright: ignore[reportPrivateUsage]
    slope = np.array([np.sin((1.0 + k % 3) * np.arange(len(point)) + 3.0 * k) for k in range(len(targets))])
    figures = np.array([t.value for t in targets]) + 0.2 * slope @ (np.array(point) - 0.5)
    key = fit_runs._key(setting, np.array(point), trial)  # pyright: ignore[reportPrivateUsage]
    return {"key": key, "trial": trial, "figures": figures.tolist(), "seconds": 0.1}


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fit:
    monkeypatch.setattr(fit_runs, "evaluate_trial", linear_in_scores)
    return fit(tmp_path, SMALL, trials=("EMILIA", "ToGA"), names=NAMES)


@pytest.fixture
def rough(finished: Fit, monkeypatch: pytest.MonkeyPatch) -> Fit:
    """A finished fit whose data sets of known numbers have errors four times those that it assumes."""

    def weighed(_result: Fit, _data: Made) -> Weighing:
        return weigh(finished, made(finished, 4.0))

    monkeypatch.setattr("her2sim.study.fit_weight.weigh", weighed)
    return finished


def made(result: Fit, excess: float, sets: int = 150) -> Made:
    """Data sets whose errors are ``excess`` times those that the fit assumes."""
    truth = result.posterior.points[:: len(result.posterior.points) // sets][:sets]
    figures = result.emulator(truth)
    errors = np.array([target.error for target in result.data.targets])
    noise = stream(7, 0, "test/noise").standard_t(5.0, figures.shape)
    return Made(truth, figures, figures + excess * errors * noise)


def test_a_likelihood_with_a_weight_gives_the_covariance_of_the_closed_form() -> None:
    slope = stream(3, 0, "test/slope").standard_normal((6, 2))
    emulator = Emulator(np.zeros(6), slope, np.zeros((6, 2, 2)), np.zeros(6))
    problem = Problem(emulator, np.ones(6), np.full(6, 0.5), 1e7, weight=0.4)
    precision = 0.4 * slope.T @ slope / 0.25 + np.eye(2)
    mode = find_mode(problem, np.zeros((0, 2)), seed=1, restarts=0)
    assert mode == pytest.approx(np.linalg.solve(precision, 0.4 * slope.T @ np.ones(6) / 0.25), abs=1e-4)
    assert information(problem, mode) == pytest.approx(precision, rel=1e-5)
    drawn = sample(problem, mode, seed=1, steps=3000, draws=5000).points
    assert drawn.std(axis=0) == pytest.approx(np.sqrt(np.diag(np.linalg.inv(precision))), rel=0.1)


def test_the_weight_is_one_where_errors_are_as_assumed_and_less_where_they_are_larger(finished: Fit) -> None:
    fair, rough = weigh(finished, made(finished, 1.0)), weigh(finished, made(finished, 4.0))
    assert fair.chosen >= 0.9
    assert rough.chosen < 0.75
    place = int(np.argmin(np.abs(rough.weights - rough.chosen)))
    assert rough.held[0.9][0] < 0.86, "with the full likelihood intervals are too narrow"
    assert rough.held[0.9][place] == pytest.approx(0.9, abs=0.06)
    assert (np.diff(rough.held[0.9]) >= 0.0).all(), "a smaller weight never narrows an interval"
    assert fair.missed == pytest.approx(0.0, abs=1e-6), "the figures lie on the emulator"


def test_a_weighted_fit_keeps_its_mode_and_spreads_wider(rough: Fit, tmp_path: Path) -> None:
    told = weigh_fit(tmp_path, sets=3, patients=20, steps=2000)
    after = load(tmp_path)
    assert len(told) == 2 and after.weight == told[-1].chosen < 0.8
    assert np.array_equal(after.mode, rough.mode)
    assert (after.posterior.points.std(axis=0) > 1.08 * rough.posterior.points.std(axis=0)).all()
    before, now = leave_one_trial_out(rough), leave_one_trial_out(after)
    for trial in before:
        assert np.array_equal(before[trial].figures, now[trial].figures)
        assert (now[trial].sd >= before[trial].sd).all() and now[trial].sd.mean() > before[trial].sd.mean()
    page = weight_section(told, 3)
    assert f"**{told[-1].chosen:.2f}**" in page and page.count("\n| 0.") == 7


@pytest.mark.usefixtures("rough")
def test_weighing_on_the_command_line_shows_its_section_in_the_page_of_the_fit(tmp_path: Path) -> None:
    words = ["fit", "--out", str(tmp_path)]
    told = CliRunner().invoke(app, [*words, "--weigh", "4"])
    assert told.exit_code == 0 and "4 data sets were made" in told.output
    page = tmp_path / "fit.md"
    assert CliRunner().invoke(app, [*words, "--report", str(page)]).exit_code == 0
    assert "## How much the figures weigh" in page.read_text()
    weight = load(tmp_path).weight
    assert weight < 0.8 and f"counts {weight:.2f} times" in page.read_text()


def test_the_records_of_one_trial_are_left_out_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fit_runs, "evaluate_trial", linear_in_scores)
    result = fit(tmp_path, SMALL, trials=("H0648g", "H0648g-paclitaxel", "ToGA"), names=NAMES)
    blind = leave_one_trial_out(result)
    assert blind["H0648g"] is blind["H0648g-paclitaxel"]
    alone = find_mode(result.problem(("H0648g", "H0648g-paclitaxel")), result.mode[None], seed=1, restarts=0)
    assert blind["H0648g"].figures == pytest.approx(result.emulator(alone[None])[0])
    assert blind["ToGA"].figures != pytest.approx(blind["H0648g"].figures)
    assert replace(result, weight=0.5).problem().weight == 1.0, "the mode is that of the full likelihood"
