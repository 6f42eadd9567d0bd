"""Emulator, mode, posterior, resumption and recovery of the fit, on functions whose answer is known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.model.calibration import free_numbers
from her2sim.study import fit_runs
from her2sim.study.fit import Plan, first_wave, fit, load
from her2sim.study.fit_blind import leave_one_trial_out, repeats
from her2sim.study.fit_discrepancy import unseen_discrepancy
from her2sim.study.fit_emulator import Emulator, make_emulator
from her2sim.study.fit_figures import smooth_median, smooth_rate
from her2sim.study.fit_posterior import Problem, find_mode, information, r_hat, sample
from her2sim.study.fit_recovery import recover
from her2sim.study.fit_report import report
from her2sim.study.fit_runs import HEAD, Evaluations, Setting

Floats = NDArray[np.float64]
NAMES = ("doubling_time_days", "spread of growth_patient", "addiction_death_per_day")
TRIALS = ("EMILIA", "ToGA")


def normal(*shape: int, purpose: str = "test") -> Floats:
    return stream(3, 0, purpose).standard_normal(shape)


def random_quadratic(n_figures: int, n_free: int) -> Emulator:
    curved = 0.1 * normal(n_figures, n_free, n_free, purpose="curved")
    curved = 0.5 * (curved + curved.transpose(0, 2, 1))
    return Emulator(normal(n_figures), normal(n_figures, n_free, purpose="linear"), curved, np.zeros(n_figures))


def test_the_emulator_finds_a_quadratic_function_and_knows_its_error() -> None:
    truth = random_quadratic(4, 3)
    points, others = normal(60, 3, purpose="points"), normal(40, 3, purpose="others")
    exact = make_emulator(points, truth(points))
    assert np.abs(exact(others) - truth(others)).max() < 0.05 * truth(others).std()
    noise = 0.2 * normal(60, 4, purpose="noise")
    rough = make_emulator(points, truth(points) + noise)
    assert rough.error == pytest.approx(0.2, rel=0.6)
    assert (rough.error > 3.0 * exact.error).all()


def test_slopes_are_those_of_finite_differences() -> None:
    truth, point = random_quadratic(4, 3), normal(3)
    for j in range(3):
        step = 1e-6 * np.eye(3)[j]
        difference = (truth((point + step)[None]) - truth((point - step)[None]))[0] / 2e-6
        assert truth.slope(point)[:, j] == pytest.approx(difference, rel=1e-6)


def test_a_figure_that_cannot_be_simulated_is_not_emulated() -> None:
    points = normal(20, 2)
    figures = np.column_stack([points[:, 0], np.full(20, np.nan)])
    made = make_emulator(points, figures)
    assert math.isinf(made.error[1]) and np.isfinite(made.error[0])


def linear_problem() -> tuple[Problem, Floats, Floats]:
    """A linear problem with normal errors, its posterior mean and covariance in closed form."""
    slope, published = 2.0 * normal(6, 3, purpose="slope"), normal(6, purpose="data")
    error = np.full(6, 0.7)
    emulator = Emulator(np.zeros(6), slope, np.zeros((6, 3, 3)), np.zeros(6))
    precision = slope.T @ slope / 0.49 + np.eye(3)
    mean = np.asarray(np.linalg.solve(precision, slope.T @ published / 0.49), dtype=np.float64)
    return Problem(emulator, published, error, 1e7), mean, precision


def test_mode_and_draws_of_a_linear_problem_are_those_of_the_closed_form() -> None:
    problem, mean, precision = linear_problem()
    mode = find_mode(problem, np.zeros((0, 3)), seed=1, restarts=1)
    assert mode == pytest.approx(mean, abs=1e-4)
    assert information(problem, mode) == pytest.approx(precision, rel=1e-5)
    drawn = sample(problem, mode, seed=1, steps=3000, draws=5000)
    covariance = np.linalg.inv(precision)
    sd = np.sqrt(np.diag(covariance))
    assert drawn.points.mean(axis=0) == pytest.approx(mean, abs=0.15 * sd.max())
    assert drawn.contraction == pytest.approx(1.0 - sd, abs=0.05)
    assert drawn.r_hat.max() < 1.05
    assert np.array_equal(
        sample(problem, mode, seed=1, steps=50).points, sample(problem, mode, seed=1, steps=50).points
    )


def test_r_hat_tells_chains_that_have_not_met() -> None:
    chain = normal(200, 8, 2)
    assert r_hat(chain).max() < 1.05
    chain[:, ::4] += 3.0
    assert r_hat(chain).min() > 1.2


def test_one_odd_figure_moves_a_robust_fit_less() -> None:
    emulator = Emulator(np.zeros(8), np.ones((8, 1)), np.zeros((8, 1, 1)), np.zeros(8))
    published = np.append(np.zeros(7), 12.0)
    plain, robust = (
        find_mode(Problem(emulator, published, np.ones(8), degrees), np.zeros((0, 1)), seed=1, restarts=0)[0]
        for degrees in (1e7, 5.0)
    )
    assert abs(robust) < 0.4 * abs(plain)


def test_a_smooth_median_is_near_the_median_and_moves_when_times_do() -> None:
    time = 300.0 * stream(1, 0, "times").standard_exponential(2000)
    event = np.full(2000, True)
    months = math.exp(smooth_median(time, event))
    assert months == pytest.approx(np.median(time) / 30.4375, rel=0.03)
    assert math.exp(smooth_median(1.5 * time, event)) == pytest.approx(1.5 * months, rel=1e-9)
    cut = np.minimum(time, 100.0)  # not reached: carried on by the hazard seen so far
    assert math.exp(smooth_median(cut, time <= 100.0)) == pytest.approx(months, rel=0.15)
    share = 1.0 / (1.0 + math.exp(-smooth_rate(time, event, 208.0)))
    assert share == pytest.approx(0.5, abs=0.03)


class Simulator:
    """Stands in for the simulation of a trial: figures are linear in the scores."""

    calls = 0

    def __call__(self, setting: Setting, point: tuple[float, ...], trial: str) -> dict[str, Any]:
        Simulator.calls += 1
        _, targets = fit_runs._trial(setting.trials, trial)  # pyright: ignore[reportPrivateUsage]
        slope = np.array([np.sin((1.0 + k % 3) * np.arange(len(point)) + 3.0 * k) for k in range(len(targets))])
        figures = np.array([t.value for t in targets]) + 0.4 * slope @ (np.array(point) - 0.5)
        key = fit_runs._key(setting, np.array(point), trial)  # pyright: ignore[reportPrivateUsage]
        return {
            "key": key, "trial": trial, "patients": setting.patients, "seed": setting.seed, "scores": list(point),
            "figures": figures.tolist(), "seconds": 0.1,
        }  # fmt: skip


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> type[Simulator]:
    Simulator.calls = 0
    monkeypatch.setattr(fit_runs, "evaluate_trial", Simulator())
    return Simulator


SMALL = Plan(first=12, wave=6, waves=1, patients=20, patients_at_mode=40, minutes=9.0, steps=300, seed=2)


def test_a_fit_finds_the_numbers_and_is_the_same_when_taken_up_again(
    simulator: type[Simulator], tmp_path: Path
) -> None:
    found = fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    assert [n.number for n in found.free] == list(NAMES)
    assert (np.abs(found.mode - 0.5) < 2.0 * found.posterior.points.std(axis=0)).all()
    assert (found.posterior.contraction > 0.2).all()
    calls = simulator.calls
    taken_up = fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    assert simulator.calls == calls, "nothing is simulated twice"
    assert np.array_equal(taken_up.mode, found.mode)
    kept = load(tmp_path)
    told = ({k: v for k, v in fit.history[0].items() if k not in ("core_seconds", "minutes")} for fit in (kept, found))
    assert np.array_equal(kept.mode, found.mode) and next(told) == next(told)
    again = repeats(kept, (5,))
    assert again[0].farthest < 0.5 and again[0].figures < 0.2
    left_out = leave_one_trial_out(kept)
    page = report(kept, left_out, again, unseen=unseen_discrepancy(kept, left_out))
    assert "| ToGA | CX/CF alone | PFS median | 5.5 mo |" in page
    assert "| spread of growth_patient |" in page
    for k in range(3):
        assert f"| {kept.posterior.effective[k]:.0f} | {kept.posterior.r_hat[k]:.3f} |" in page
    assert "## What the model misses in trials left out" in page


@pytest.mark.usefixtures("simulator")
def test_a_fit_of_numbers_or_figures_that_are_gone_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    left = tuple(number for number in free_numbers() if number.number != NAMES[1])
    with monkeypatch.context() as patch:
        patch.setattr("her2sim.study.fit.free_numbers", lambda: left)
        with pytest.raises(InputError, match=rf"{tmp_path}.*: {NAMES[1]}\. .*core\.yaml.*her2sim fit"):
            load(tmp_path)
    head = json.loads((tmp_path / HEAD).read_text())
    (tmp_path / HEAD).write_text(json.dumps({**head, "trials": TRIALS[:1]}))
    with pytest.raises(InputError, match=r"of \d+ figures; its trials now give \d+ to be fitted"):
        load(tmp_path)


def test_a_freeze_keeps_what_the_model_misses_in_trials_left_out_and_where_that_comes_from(
    simulator: type[Simulator], tmp_path: Path
) -> None:
    from datetime import date

    import yaml

    from her2sim.model.frozen import read_frozen
    from her2sim.study.fit_freeze import freeze

    found = fit(tmp_path / "fit", SMALL, trials=TRIALS, names=NAMES)
    (tmp_path / "to").mkdir()
    frozen = freeze(tmp_path / "fit", found, today=date(2026, 11, 22), to=tmp_path / "to")
    left_out = leave_one_trial_out(found)
    assert frozen.unseen == pytest.approx(dict(unseen_discrepancy(found, left_out).sd), rel=1e-3)
    assert set(frozen.unseen) == {"ORR", "CR", "PFS", "PFS ratio", "OS", "OS ratio", "stratum"}
    assert frozen.unseen_degrees == 5.0 and read_frozen(tmp_path / "to").hash == frozen.hash
    told = yaml.safe_load((tmp_path / "to" / "frozen.yaml").read_text())["unseen_discrepancy"]
    assert "2 trials of the fit" in told["learned_from"] and told["in_90_percent_interval"]


def test_half_a_line_left_by_a_kill_is_simulated_again(simulator: type[Simulator], tmp_path: Path) -> None:
    points = first_wave(np.zeros(3), 3, 1)
    whole = Evaluations(tmp_path, NAMES, TRIALS).at(points, patients=20, seed=1)
    lines = (tmp_path / fit_runs.FILE).read_text().splitlines()
    (tmp_path / fit_runs.FILE).write_text("\n".join([*lines[:-1], lines[-1][:40]]))
    simulator.calls = 0
    assert np.array_equal(Evaluations(tmp_path, NAMES, TRIALS).at(points, patients=20, seed=1), whole)
    assert simulator.calls == 1
    assert np.array_equal(Evaluations(tmp_path, NAMES, TRIALS).at(points, patients=20, seed=1), whole)
    assert simulator.calls == 1, "what was added after the half line is read again"


def test_a_fit_goes_on_from_packed_evaluations_and_adds_to_them(simulator: type[Simulator], tmp_path: Path) -> None:
    points = first_wave(np.zeros(3), 3, 1)
    whole = Evaluations(tmp_path, NAMES, TRIALS).at(points[:2], patients=20, seed=1)
    packed = fit_runs.pack(tmp_path)
    assert packed.exists() and not (tmp_path / fit_runs.FILE).exists()
    simulator.calls = 0
    again = Evaluations(tmp_path, NAMES, TRIALS)
    assert np.array_equal(again.at(points[:2], patients=20, seed=1), whole) and simulator.calls == 0
    more = again.at(points, patients=20, seed=1)
    assert simulator.calls == len(TRIALS), "only the third point is new"
    fit_runs.pack(tmp_path)
    assert np.array_equal(Evaluations(tmp_path, NAMES, TRIALS).at(points, patients=20, seed=1), more)
    assert simulator.calls == len(TRIALS)


def test_held_numbers_stay_where_the_frozen_calibration_has_them(simulator: type[Simulator], tmp_path: Path) -> None:
    from dataclasses import replace

    from her2sim.model.parameters import fitted_values

    free, held = fit(tmp_path / "free", SMALL, trials=TRIALS, names=NAMES), replace(SMALL, hold=True)
    found = fit(tmp_path / "held", held, trials=TRIALS, names=NAMES)
    values = [number.from_score(float(z)) for number, z in zip(found.free, found.mode, strict=True)]
    assert values == pytest.approx([fitted_values()[name] for name in NAMES], rel=1e-12)
    # the figures speak of the same numbers in both: only what is called the mode differs
    apart = np.abs(found.posterior.points.mean(axis=0) - free.posterior.points.mean(axis=0))
    assert (apart < 0.3 * free.posterior.points.std(axis=0)).all()
    calls = simulator.calls
    fit(tmp_path / "held", held, trials=TRIALS, names=NAMES)
    assert simulator.calls == calls, "nothing is simulated twice"


def test_numbers_that_were_never_frozen_cannot_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr("her2sim.study.fit.fitted_values", dict[str, float])
    with pytest.raises(InputError, match=rf"no value of {NAMES[0]}.*Make the fit without --hold"):
        fit(tmp_path, replace(SMALL, hold=True), trials=TRIALS, names=NAMES)


def test_a_folder_of_another_fit_or_another_model_is_refused(
    simulator: type[Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from her2sim.core.errors import InputError

    Evaluations(tmp_path, NAMES, TRIALS)
    with pytest.raises(InputError, match="other numbers"):
        Evaluations(tmp_path, NAMES[:2], TRIALS)
    monkeypatch.setattr(fit_runs, "simulator_fingerprint", lambda: "another")
    with pytest.raises(InputError, match="model has changed"):
        Evaluations(tmp_path, NAMES, TRIALS)
    Evaluations(tmp_path, NAMES, TRIALS, accept=True)


def test_numbers_drawn_from_a_finished_fit_are_found_again_at_the_nominal_rate(
    simulator: type[Simulator], tmp_path: Path
) -> None:
    from her2sim.study.fit_recovery_after import recover_after, recovery_section

    fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    found = recover_after(tmp_path, sets=30, patients=20, steps=300)
    for level, margin in ((0.9, 0.09), (0.5, 0.14)):
        share, error = found.overall(level)
        assert share == pytest.approx(level, abs=margin) and 0.0 < error < margin
    before = load(tmp_path).posterior.points.std(axis=0)
    assert (found.sd.mean(axis=0) < before).all(), "a second data set tells more than one"
    page = recovery_section(found)
    assert "30 data sets were made" in page and "| doubling_time_days |" in page
    calls = simulator.calls
    recover_after(tmp_path, sets=30, patients=20, steps=100)
    assert simulator.calls == calls, "nothing is simulated twice"


def test_an_emulator_that_is_wrong_shows_as_coverage_that_is_too_low(
    simulator: type[Simulator], tmp_path: Path
) -> None:
    from dataclasses import replace

    from her2sim.study.fit import save
    from her2sim.study.fit_recovery_after import recover_after

    fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    kept = load(tmp_path)
    turned = replace(kept.emulator, linear=-kept.emulator.linear)
    save(tmp_path, replace(kept, emulator=turned.moved(kept.emulator(kept.mode[None])[0] - turned(kept.mode[None])[0])))
    assert recover_after(tmp_path, sets=12, patients=20, steps=300).overall(0.9)[0] < 0.8


def test_with_a_second_data_set_the_posterior_is_that_of_both_together(
    simulator: type[Simulator], tmp_path: Path
) -> None:
    from her2sim.study.fit_recovery_after import with_data

    found = fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    points, own = normal(5, 3), found.problem()
    again = with_data(found, np.array([target.value for target in found.data.targets]))
    assert again.misfit(points) == pytest.approx(2.0 * own.misfit(points))
    none = with_data(found, np.full(len(found.data.targets), np.nan))
    assert none.misfit(points) == pytest.approx(own.misfit(points))
    assert np.isfinite(find_mode(none, np.zeros((0, 3)), seed=1, restarts=0)).all()


def test_sections_are_kept_for_as_long_as_the_fit_is_the_same(simulator: type[Simulator], tmp_path: Path) -> None:
    from dataclasses import replace

    from her2sim.study.fit_sections import keep_section, kept_sections

    found = fit(tmp_path, SMALL, trials=TRIALS, names=NAMES)
    keep_section(tmp_path, found, "recovery", "old")
    keep_section(tmp_path, found, "recovery", "## Known numbers")
    assert kept_sections(tmp_path, load(tmp_path)) == ["## Known numbers"]
    assert kept_sections(tmp_path, replace(found, mode=found.mode + 0.1)) == []
    assert "## Known numbers\n" in report(found, more=kept_sections(tmp_path, found))


def test_known_numbers_are_found_again_at_the_nominal_rate(simulator: type[Simulator], tmp_path: Path) -> None:
    found = recover(tmp_path, sets=30, design=16, patients=20, trials=TRIALS, names=NAMES, steps=300)
    assert found.coverage(0.9).mean() == pytest.approx(0.9, abs=0.08)
    assert found.coverage(0.5).mean() == pytest.approx(0.5, abs=0.15)
    assert found.sd.max() < 0.9


def test_a_number_that_may_no_longer_be_fitted_keeps_the_value_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from her2sim.model import parameters

    left = tuple(number for number in free_numbers() if number.number != NAMES[0])
    monkeypatch.setattr(parameters, "free_numbers", lambda: left)
    kept = {number.number for number in left}
    assert set(parameters.fitted_values.__wrapped__()) == kept
    assert all(set(draw) == kept for draw in parameters.fitted_draws.__wrapped__())
