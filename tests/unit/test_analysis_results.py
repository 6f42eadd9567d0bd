"""From endpoints of patients to figures of a record, and over replicates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.analysis.arm_results import ArmEndpoints, arm_results, landmark, median, proportion
from her2sim.analysis.contrasts import arm_contrasts, hazards, proportions
from her2sim.analysis.estimate import median_of, predictive_interval
from her2sim.analysis.kaplan_meier import kaplan_meier, survival_at
from her2sim.analysis.replicates import combine_contrasts, combine_results
from her2sim.core.random import stream
from her2sim.endpoints.response import Response
from her2sim.endpoints.time_to_event import TimeToEvent
from her2sim.record.endpoints import is_endpoint
from her2sim.record.types import Contrast, Result

MONTH = 30.4375


def times(days: np.ndarray, event: np.ndarray) -> TimeToEvent:
    return TimeToEvent(days, event, np.where(event, "PROGRESSION", "CUTOFF"))


def simulated_arm(name: str, seed: int, scale: float, n: int = 120) -> ArmEndpoints:
    random = stream(seed, 0, f"test/{name}")
    confirmed = random.choice([1, 2, 3, 5, 6], n, p=[0.1, 0.4, 0.3, 0.1, 0.1]).astype(np.int8)
    unconfirmed = np.where((confirmed == Response.SD) & (random.random(n) < 0.3), Response.PR, confirmed)
    pfs = times(np.ceil(random.exponential(scale, n)) + 1.0, random.random(n) < 0.8)
    survival = times(pfs.time_days + np.ceil(random.exponential(scale, n)), random.random(n) < 0.6)
    responder = np.isin(confirmed, [Response.CR, Response.PR])
    dor = TimeToEvent(np.where(responder, pfs.time_days, np.nan), pfs.event & responder, pfs.reason)
    return ArmEndpoints(name, "BICR", confirmed, unconfirmed.astype(np.int8), pfs, survival, dor)


def by_name(results: tuple[Result, ...]) -> dict[str, Result]:
    named: dict[str, Result] = {}
    for result in results:
        named.setdefault(result.endpoint, result)
    return named


def test_an_arm_gives_every_figure_of_the_contract_once_and_orr_both_ways() -> None:
    results = arm_results(simulated_arm("A", 1, 300.0))
    assert [r.endpoint for r in results] == [
        "ORR", "ORR", "CR", "DCR", "DoR_median", "PFS_median", "PFS_rate_6mo", "PFS_rate_12mo", "PFS_rate_24mo",
        "OS_median", "OS_rate_6mo", "OS_rate_12mo", "OS_rate_24mo",
    ]  # fmt: skip
    assert all(is_endpoint(r.endpoint) for r in results)
    assert [r.confirmed for r in results[:2]] == [True, False]
    assert (results[0].value or 0) < (results[1].value or 0)
    assert all(r.assessor == ("" if r.endpoint.startswith("OS") else "BICR") for r in results)


def test_response_rates_count_all_patients_and_carry_exact_intervals() -> None:
    arm = simulated_arm("A", 1, 300.0)
    found = by_name(arm_results(arm))
    count = int(np.isin(arm.confirmed, [Response.CR, Response.PR]).sum())
    assert found["ORR"].value == pytest.approx(100 * count / 120)
    assert (found["ORR"].n_evaluated, found["ORR"].extra["count"]) == (120, count)
    assert found["DCR"].value == pytest.approx(100 * np.mean(arm.confirmed <= Response.SD))
    assert found["ORR"].ci95 is not None and found["ORR"].ci95[0] is not None


def test_medians_are_in_months_and_rates_in_percent_of_kaplan_meier() -> None:
    arm = simulated_arm("A", 1, 300.0)
    found = by_name(arm_results(arm))
    curve = kaplan_meier(arm.pfs.time_days, arm.pfs.event)
    assert found["PFS_rate_12mo"].value == pytest.approx(100 * (survival_at(curve, 12 * MONTH).value or 0))
    middle = found["PFS_median"].value
    assert middle is not None
    assert (survival_at(curve, middle * MONTH).value or 0) <= 0.5
    assert found["PFS_median"].extra["events"] == int(arm.pfs.event.sum())


def test_duration_of_response_is_of_responders_only() -> None:
    arm = simulated_arm("A", 1, 300.0)
    found = by_name(arm_results(arm))
    assert found["DoR_median"].n_evaluated == found["ORR"].extra["count"]


def test_unconfirmed_trials_lead_with_unconfirmed_responses() -> None:
    results = arm_results(simulated_arm("A", 1, 300.0), confirmed=False)
    assert [r.confirmed for r in results[:2]] == [False, True]


def test_a_median_that_is_not_reached_is_marked_and_has_its_lower_bound() -> None:
    days = np.arange(1.0, 101.0) * 10
    found = median("OS", times(days, np.arange(100) < 45))
    assert (found.value, found.not_reached) == (None, True)
    assert found.ci95 is not None and found.ci95[0] is not None and found.ci95[1] is None


def test_no_responder_gives_no_median_but_is_not_called_not_reached() -> None:
    nobody = TimeToEvent(np.full(5, np.nan), np.zeros(5, dtype=bool), np.full(5, "NOT_RESPONDER"))
    found = median("DoR", nobody)
    assert (found.value, found.not_reached, found.n_evaluated, found.note) == (None, False, 0, "no patient")


def test_a_landmark_beyond_follow_up_is_not_made_up() -> None:
    found = landmark("PFS", times(np.array([100.0, 200.0]), np.array([True, False])), 24)
    assert (found.value, found.note) == (None, "no patient followed so long")


def test_contrasts_of_an_arm_against_itself_are_null() -> None:
    arm = simulated_arm("A", 1, 300.0)
    pfs, survival, response = arm_contrasts(arm, replace(arm, name="B"))
    assert pfs.hr == pytest.approx(1.0)
    assert survival.hr == pytest.approx(1.0)
    assert pfs.p_value == pytest.approx(1.0)
    assert (response.difference, response.odds_ratio) == (0.0, 1.0)


def test_a_better_arm_has_a_hazard_ratio_below_one_and_names_its_ties() -> None:
    better, worse = simulated_arm("A", 1, 600.0), simulated_arm("B", 2, 200.0)
    pfs = arm_contrasts(better, worse)[0]
    assert (pfs.arm, pfs.reference, pfs.assessor) == ("A", "B", "BICR")
    assert pfs.hr is not None and pfs.hr < 0.6
    assert pfs.p_value is not None and pfs.p_value < 0.01
    assert pfs.extra["ties"] == "efron"


def test_a_contrast_without_events_has_a_note_instead_of_a_number() -> None:
    quiet = times(np.array([10.0, 20.0]), np.zeros(2, dtype=bool))
    found = hazards("OS", ("A", "B"), quiet, quiet)
    assert (found.hr, found.ci95, found.p_value, found.note) == (None, None, None, "no events")


def test_odds_ratio_is_left_out_where_it_is_infinite() -> None:
    everyone, no_one = np.ones(5, dtype=bool), np.zeros(5, dtype=bool)
    assert proportions("pCR", ("A", "B"), everyone, no_one).odds_ratio is None
    assert proportions("pCR", ("A", "B"), np.array([True, False]), no_one).odds_ratio is None
    assert proportions("pCR", ("A", "B"), everyone, no_one).difference == 100.0


class TestReplicates:
    def test_value_is_the_middle_and_interval_holds_nine_tenths(self) -> None:
        sets = [[Result("PFS_median", float(k), "months", ci95=(k - 1.0, k + 1.0))] for k in range(1, 101)]
        (found,) = combine_results(sets)
        assert found.value == 50.5
        assert found.pi90 == (5.0, 95.0)
        assert found.ci95 == (49.5, 51.5)
        assert found.extra["replicates"] == 100

    def test_not_reached_counts_as_longer_than_all(self) -> None:
        reached = [[Result("OS_median", float(k), "months")] for k in range(40, 44)]
        never = [[Result("OS_median", None, "months", not_reached=True)] for _ in range(6)]
        (found,) = combine_results([*reached, *never])
        assert (found.value, found.not_reached) == (None, True)
        assert found.pi90 == (40.0, None)

    def test_not_estimable_is_left_out_and_counted(self) -> None:
        sets = [[Result("PFS_rate_24mo", value, "percent")] for value in (20.0, None, 30.0)]
        (found,) = combine_results(sets)
        assert (found.value, found.not_reached) == (25.0, False)
        assert found.note == "not estimable in 1 of 3 replicates"

    def test_one_replicate_has_no_predictive_interval(self) -> None:
        (found,) = combine_results([[Result("ORR", 50.0, "percent", ci95=(40.0, 60.0))]])
        assert (found.value, found.pi90, found.ci95) == (50.0, None, (40.0, 60.0))

    def test_confirmed_and_unconfirmed_are_kept_apart(self) -> None:
        sets = [
            [Result("ORR", 50.0 + k, "percent", confirmed=True), Result("ORR", 60.0 + k, "percent", confirmed=False)]
            for k in range(3)
        ]
        assert [(r.confirmed, r.value) for r in combine_results(sets)] == [(True, 51.0), (False, 61.0)]

    def test_contrasts_keep_hazard_ratios_and_say_what_was_left_out(self) -> None:
        sets = [[Contrast("PFS", "A", "B", hr=hr, ci95=(0.1, 0.9))] for hr in (0.4, 0.5, 0.6)]
        (found,) = combine_contrasts([*sets, [Contrast("PFS", "A", "B", note="no events")]])
        assert (found.hr, found.pi90) == (0.5, (0.4, 0.6))
        assert found.note == "not estimable in 1 of 4 replicates"

    def test_nothing_gives_nothing(self) -> None:
        assert combine_results([]) == ()
        assert combine_contrasts([]) == ()


@given(values=st.lists(st.one_of(st.none(), st.floats(0.0, 100.0)), min_size=1, max_size=50))
def test_predictive_interval_holds_at_least_its_share(values: list[float | None]) -> None:
    low, high = predictive_interval(values, 0.9)
    ordered = [float("inf") if value is None else value for value in values]
    bottom = float("inf") if low is None else low
    top = float("inf") if high is None else high
    assert sum(bottom <= value <= top for value in ordered) >= 0.9 * len(values) - 1e-9
    middle = median_of(values)
    assert bottom <= (float("inf") if middle is None else middle) <= top


def test_proportion_of_no_one_is_unknown() -> None:
    assert proportion("pCR", np.zeros(0, dtype=bool)).value is None
