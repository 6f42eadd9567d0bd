"""The discrepancy of unseen trials: found again in made-up trials, of nominal coverage, and from the fit set only."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2sim.core.random import stream
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.roles import role_of
from her2sim.study import fit_targets
from her2sim.study.fit_blind import Blind
from her2sim.study.fit_discrepancy import Missed, discrepancy_of, inside, learned, missed_figures
from her2sim.study.fit_freeze import unseen_remarks
from her2sim.study.fit_targets import FitData, fit_data

SHARED, OWN, ORR = 0.25, 0.20, 0.6
DEGREES = 5.0


def made_up(trials: int, seed: int) -> list[Missed]:
    """Two arms a trial: medians, hazard ratio, ORR and a stratum, with known discrepancies and errors of many sizes."""
    rng = stream(seed, 0, "test/discrepancy")

    def heavy(variance: float) -> float:
        return math.sqrt(variance / rng.gamma(0.5 * DEGREES, 2.0 / DEGREES)) * float(rng.standard_normal())

    rows: list[Missed] = []
    for number in range(trials):
        known = float(rng.uniform(0.005, 0.04))
        for name in ("new", "old"):
            for figure, variance in (("PFS_median", SHARED**2 + OWN**2), ("ORR", ORR**2)):
                rows.append(Missed(f"T{number}", name, "", figure, heavy(known + variance), known))
        rows.append(Missed(f"T{number}", "new", "old", "PFS_HR", heavy(known + 2.0 * OWN**2), known))
        rows.append(Missed(f"T{number}", "new", "", "ORR", heavy(known + ORR**2 + 0.3**2), known, stratum=True))
    return rows


def test_a_known_discrepancy_is_found_again() -> None:
    found = learned(made_up(400, 1), DEGREES)
    assert found["PFS"] == pytest.approx(math.hypot(SHARED, OWN), rel=0.12)
    assert found["PFS ratio"] == pytest.approx(math.sqrt(2.0) * OWN, rel=0.12)
    assert found["ORR"] == pytest.approx(ORR, rel=0.12)
    assert found["stratum"] == pytest.approx(0.3, rel=0.5)


def test_intervals_of_new_trials_hold_their_figures_at_the_nominal_rate() -> None:
    held: list[bool] = []
    for seed in range(12):
        sd = learned(made_up(23, seed), DEGREES)
        held += inside(made_up(40, 100 + seed), sd, DEGREES)
    assert np.mean(held) == pytest.approx(0.90, abs=0.025)
    assumed = fit_targets.settings()["discrepancy"]
    narrow = {"PFS": assumed["PFS_median"], "PFS ratio": assumed["PFS_HR"], "ORR": assumed["ORR"], "stratum": 0.15}
    assert np.mean(inside(made_up(400, 7), narrow, 1e6)) < 0.75, "what was assumed before would not do here"


def test_one_wild_figure_does_not_widen_the_intervals_of_all() -> None:
    rows = made_up(23, 3)
    place = next(k for k, row in enumerate(rows) if row.kind == "ORR" and not row.stratum)
    wild = [replace(row, by=8.0) if k == place else row for k, row in enumerate(rows)]
    assert learned(wild, DEGREES)["ORR"] < 1.3 * learned(rows, DEGREES)["ORR"]


def test_kinds_that_hardly_occur_keep_what_was_assumed() -> None:
    found = learned(made_up(23, 3), DEGREES)
    assumed = fit_targets.settings()["discrepancy"]
    assert found["CR"] == pytest.approx(assumed["CR"], rel=0.01)
    assert found["OS ratio"] == pytest.approx(assumed["OS_HR"], rel=0.01)


def test_an_unseen_trial_is_never_missed_by_less_than_trials_of_one_regimen_differ() -> None:
    exact = [replace(row, by=0.1 * row.by) for row in made_up(60, 4)]
    found, assumed = learned(exact, DEGREES), fit_targets.settings()["discrepancy"]
    assert (found["ORR"], found["PFS"], found["PFS ratio"]) == (
        assumed["ORR"],
        assumed["PFS_median"],
        assumed["PFS_HR"],
    )


def test_coverage_is_told_with_each_trial_left_out_of_its_own_discrepancy() -> None:
    rows = made_up(12, 5)
    found = discrepancy_of(rows, DEGREES)
    assert (found.figures, found.trials) == (len(rows), 12)
    without = learned([row for row in rows if row.trial != "T3"], DEGREES)
    assert all(found.low[kind] <= without[kind] <= found.high[kind] for kind in found.sd)
    assert sum(n for _, n in found.covered.values()) == len(rows)
    blind = sum(
        sum(inside([r for r in rows if r.trial == t], learned([r for r in rows if r.trial != t], DEGREES), DEGREES))
        for t in {row.trial for row in rows}
    )
    assert sum(held for held, _ in found.covered.values()) == blind
    assert unseen_remarks(found)["learned_from"].startswith("72 figures of 12 trials of the fit")


class _Result:
    def __init__(self, data: FitData) -> None:
        self.data = data


def blind_rows(data: FitData) -> list[Missed]:
    n = len(data.targets)
    predicted = {t.trial: Blind(np.full(n, 0.1), np.full(n, 0.2)) for t in data.targets}
    result: Any = _Result(data)
    return missed_figures(result, predicted)


def test_no_figure_of_an_unseen_trial_reaches_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = blind_rows(fit_data())
    assert {role_of(row.trial) for row in rows} == {"fit"}

    def poisoned() -> list[Any]:
        return [
            record
            if role_of(record.id) == "fit"
            else replace(
                record,
                arms=tuple(
                    replace(arm, results=tuple(replace(r, value=0.001) for r in arm.results)) for arm in record.arms
                ),
            )
            for record in all_records()
        ]

    monkeypatch.setattr(fit_targets, "all_records", poisoned)
    assert blind_rows(fit_data()) == rows


def test_landmark_rates_are_missed_on_the_scale_of_their_cumulative_hazard() -> None:
    data = fit_data(["HER2CLIMB"])
    place, target = next((k, t) for k, t in enumerate(data.targets) if t.kind == "OS_rate" and not t.words)
    row = next(r for r in blind_rows(data) if r.figure == "OS_rate" and r.arm == target.arm and not r.stratum)
    predicted, published = (1.0 / (1.0 + math.exp(-logit)) for logit in (0.1, target.value))
    assert place >= 0
    assert row.by == pytest.approx(math.log(math.log(predicted) / math.log(published)))
    step = 1e-5
    slope = (math.log(-math.log(1 / (1 + math.exp(-target.value - step)))) - math.log(-math.log(published))) / step
    assert row.variance == pytest.approx((0.2**2 + target.sampling**2) * slope**2, rel=1e-3)
    assert load_record("HER2CLIMB").id == row.trial
