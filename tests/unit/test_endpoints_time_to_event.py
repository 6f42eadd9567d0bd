"""Progression-free survival, overall survival and duration of response: one test per rule of censoring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.endpoints.censoring import censoring_rules, reasons
from her2sim.endpoints.response import LABELS, Response
from her2sim.endpoints.time_to_event import (
    FollowUp,
    TimeToEvent,
    duration_of_response,
    overall_survival,
    progression_free_survival,
    time_to_progression,
    time_to_response,
)

NAN = float("nan")
PLANNED = np.array([0.0, 42.0, 84.0, 126.0, 168.0, 210.0])


def pfs(
    visits: str,
    *,
    death: float = NAN,
    end: float = 1000.0,
    new_therapy: float = NAN,
    withdrawn: bool = False,
    baseline: float = 0.0,
    missed_visits: int | None = -1,
    therapy_rule: str = "censor",
) -> tuple[float, str]:
    """Time and reason of one patient, seen every 42 days; ``-`` is a visit not done."""
    words = visits.split()
    codes = [0, *(0 if word == "-" else LABELS.index(word) for word in words)]
    day = [baseline, *(NAN if word == "-" else PLANNED[k + 1] for k, word in enumerate(words))]
    follow_up = FollowUp(
        end_day=np.array([end]),
        planned_day=PLANNED[: len(day)],
        death_day=np.array([death]),
        withdrawn=np.array([withdrawn]),
        new_therapy_day=np.array([new_therapy]),
    )
    rules = censoring_rules(missed_visits, therapy_rule)
    found = progression_free_survival(np.array([day]), np.array([codes], dtype=np.int8), follow_up, rules)
    assert bool(found.event[0]) == (found.reason[0] in ("PROGRESSION", "DEATH"))
    return float(found.time_days[0]), str(found.reason[0])


class TestEvents:
    def test_progression_counts_on_the_day_of_its_scan_plus_one(self) -> None:
        assert pfs("SD PR PD") == (127.0, "PROGRESSION")

    def test_only_the_first_progression_counts(self) -> None:
        assert pfs("SD PD SD PD") == (85.0, "PROGRESSION")

    def test_death_without_progression_counts(self) -> None:
        assert pfs("SD PR", death=100.0) == (101.0, "DEATH")

    def test_progression_before_death_wins(self) -> None:
        assert pfs("SD PD", death=300.0) == (85.0, "PROGRESSION")

    def test_progression_and_death_on_one_day_is_progression(self) -> None:
        assert pfs("SD PD", death=84.0) == (85.0, "PROGRESSION")

    def test_death_before_any_scan_counts(self) -> None:
        assert pfs("- -", death=20.0) == (21.0, "DEATH")


class TestCensoring:
    def test_without_event_the_last_adequate_assessment_counts_not_the_cutoff(self) -> None:
        assert pfs("SD PR PR", end=160.0) == (127.0, "CUTOFF")

    def test_a_visit_not_evaluable_is_not_adequate(self) -> None:
        assert pfs("SD PR NE") == (85.0, "CUTOFF")

    def test_scans_after_the_cutoff_are_not_seen(self) -> None:
        assert pfs("SD PR PD", end=100.0) == (85.0, "CUTOFF")

    def test_deaths_after_the_cutoff_are_not_seen(self) -> None:
        assert pfs("SD PR", death=120.0, end=100.0) == (85.0, "CUTOFF")

    def test_withdrawal_is_named(self) -> None:
        assert pfs("SD PR", end=100.0, withdrawn=True) == (85.0, "WITHDRAWAL")

    def test_no_scan_after_baseline_is_censored_at_randomization(self) -> None:
        assert pfs("- -") == (1.0, "NO_ASSESSMENT")

    def test_a_baseline_before_randomization_does_not_make_time_negative(self) -> None:
        assert pfs("- -", baseline=-14.0) == (1.0, "NO_ASSESSMENT")

    def test_no_baseline_is_censored_on_day_one_whatever_scans_show(self) -> None:
        assert pfs("SD PD", baseline=NAN) == (1.0, "NO_BASELINE")

    def test_no_baseline_but_an_early_death_counts(self) -> None:
        assert pfs("- -", baseline=NAN, death=30.0) == (31.0, "DEATH")

    def test_no_baseline_and_a_late_death_is_censored_on_day_one(self) -> None:
        assert pfs("- - - -", baseline=NAN, death=150.0) == (1.0, "NO_BASELINE")


class TestMissedVisitsAsInFDA2018:
    def test_progression_after_one_missed_visit_counts(self) -> None:
        assert pfs("SD - PD") == (127.0, "PROGRESSION")

    def test_progression_after_two_missed_visits_is_censored_before_them(self) -> None:
        assert pfs("SD - - PD") == (43.0, "MISSED_VISITS")

    def test_a_visit_not_evaluable_counts_as_missed(self) -> None:
        assert pfs("SD NE - PD") == (43.0, "MISSED_VISITS")

    def test_death_after_one_missed_visit_counts(self) -> None:
        assert pfs("SD -", death=100.0) == (101.0, "DEATH")

    def test_death_after_two_missed_visits_is_censored_before_them(self) -> None:
        assert pfs("SD - -", death=140.0) == (43.0, "MISSED_VISITS")

    def test_visits_planned_after_death_are_not_missed(self) -> None:
        assert pfs("SD - - - -", death=100.0) == (101.0, "DEATH")

    def test_two_missed_visits_that_were_followed_by_a_scan_do_not_matter(self) -> None:
        assert pfs("SD - - SD PD") == (211.0, "PROGRESSION")

    def test_progression_after_two_missed_visits_from_baseline_is_censored_at_randomization(self) -> None:
        assert pfs("- - PD") == (1.0, "MISSED_VISITS")

    def test_the_rule_can_be_switched_off(self) -> None:
        assert pfs("SD - - PD", missed_visits=None) == (169.0, "PROGRESSION")

    def test_and_set_to_one(self) -> None:
        assert pfs("SD - PD", missed_visits=1) == (43.0, "MISSED_VISITS")


class TestNewTherapy:
    def test_it_censors_at_the_last_adequate_assessment_before_it(self) -> None:
        assert pfs("SD PR PD", new_therapy=100.0) == (85.0, "NEW_THERAPY")

    def test_started_after_progression_it_does_not_matter(self) -> None:
        assert pfs("SD PD", new_therapy=90.0) == (85.0, "PROGRESSION")

    def test_started_on_the_day_of_progression_it_does_not_matter(self) -> None:
        assert pfs("SD PD", new_therapy=84.0) == (85.0, "PROGRESSION")

    def test_it_censors_death_after_it(self) -> None:
        assert pfs("SD PR", new_therapy=90.0, death=100.0) == (85.0, "NEW_THERAPY")

    def test_it_censors_also_without_any_event(self) -> None:
        assert pfs("SD PR SD", new_therapy=90.0) == (85.0, "NEW_THERAPY")

    def test_treatment_policy_ignores_it(self) -> None:
        assert pfs("SD PR PD", new_therapy=100.0, therapy_rule="ignore") == (127.0, "PROGRESSION")


def test_the_living_are_censored_when_last_seen_and_the_lost_are_named() -> None:
    follow_up = FollowUp(
        end_day=np.array([500.0, 200.0, 500.0, 100.0]),
        planned_day=PLANNED,
        death_day=np.array([NAN, NAN, 400.0, 400.0]),
        withdrawn=np.array([False, True, False, False]),
    )
    found = overall_survival(follow_up)
    assert found.time_days.tolist() == [501.0, 201.0, 401.0, 101.0]
    assert found.reason.tolist() == ["ALIVE", "LOST", "DEATH", "ALIVE"]
    assert found.event.tolist() == [False, False, True, False]


def test_duration_of_response_runs_from_first_response_to_the_event_of_pfs() -> None:
    end = TimeToEvent(
        np.array([127.0, 127.0, 85.0]),
        np.array([True, False, True]),
        np.array(["PROGRESSION", "CUTOFF", "DEATH"]),
    )
    found = duration_of_response(end, np.array([42.0, 126.0, NAN]), np.array([True, True, False]))
    assert found.time_days[:2].tolist() == [85.0, 1.0]
    assert np.isnan(found.time_days[2])
    assert found.event.tolist() == [True, False, False]
    assert found.reason.tolist() == ["PROGRESSION", "CUTOFF", "NOT_RESPONDER"]


def test_time_to_progression_censors_who_died_without_it() -> None:
    end = TimeToEvent(
        np.array([127.0, 127.0, 85.0]),
        np.array([True, False, True]),
        np.array(["PROGRESSION", "CUTOFF", "DEATH"]),
    )
    found = time_to_progression(end)
    assert found.event.tolist() == [True, False, False]
    assert found.time_days.tolist() == end.time_days.tolist()


def test_time_to_response_is_counted_like_all_times() -> None:
    found = time_to_response(np.array([42.0, 42.0]), np.array([True, False]))
    assert found[0] == 43.0
    assert np.isnan(found[1])


def random_trial(seed: int, patients: int = 60) -> tuple[np.ndarray, np.ndarray, FollowUp]:
    random = stream(seed, 0, "test/pfs")
    shape = (patients, len(PLANNED))
    day = PLANNED + random.uniform(-6, 6, shape)
    day[random.random(shape) < 0.15] = NAN
    overall = random.choice([1, 2, 3, 4, 5, 6], p=[0.1, 0.3, 0.3, 0.1, 0.1, 0.1], size=shape).astype(np.int8)
    overall[:, 0] = 0
    overall[np.isnan(day)] = 0
    follow_up = FollowUp(
        end_day=random.uniform(20, 260, patients),
        planned_day=PLANNED,
        death_day=np.where(random.random(patients) < 0.4, random.uniform(1, 300, patients), NAN),
        withdrawn=random.random(patients) < 0.1,
        new_therapy_day=np.where(random.random(patients) < 0.2, random.uniform(1, 300, patients), NAN),
    )
    return day, overall, follow_up


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_one_is_timed_beyond_what_was_observed(seed: int) -> None:
    day, overall, follow_up = random_trial(seed)
    found = progression_free_survival(day, overall, follow_up)
    survival = overall_survival(follow_up)
    assert np.all(found.time_days >= 1.0)
    assert np.all(found.time_days <= np.maximum(follow_up.end_day + 1.0, 1.0))
    assert np.all(found.time_days <= survival.time_days + 1e-9)
    assert set(found.reason) | set(survival.reason) <= set(reasons())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_dropping_a_censoring_rule_can_only_add_events(seed: int) -> None:
    day, overall, follow_up = random_trial(seed)
    strict = progression_free_survival(day, overall, follow_up)
    loose = progression_free_survival(day, overall, follow_up, censoring_rules(None, "ignore"))
    assert np.all(loose.event | ~strict.event)
    np.testing.assert_array_equal(loose.time_days[strict.event], strict.time_days[strict.event])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_later_cutoff_never_takes_an_event_away(seed: int) -> None:
    day, overall, follow_up = random_trial(seed)
    later = FollowUp(
        follow_up.end_day + 50.0, PLANNED, follow_up.death_day, follow_up.withdrawn, follow_up.new_therapy_day
    )
    early = progression_free_survival(day, overall, follow_up)
    late = progression_free_survival(day, overall, later)
    assert np.all(late.event[early.event])
    np.testing.assert_array_equal(late.time_days[early.event], early.time_days[early.event])


def test_shapes_that_do_not_fit_are_refused() -> None:
    day, overall, follow_up = random_trial(1)
    with pytest.raises(InputError, match="end_day"):
        progression_free_survival(day[:3], overall[:3], follow_up)
    with pytest.raises(InputError, match="planned_day"):
        progression_free_survival(day, overall, FollowUp(follow_up.end_day, PLANNED[:2], follow_up.death_day))
    with pytest.raises(InputError, match="responses have shape"):
        progression_free_survival(day, overall[:, :2], follow_up)


def test_a_baseline_is_no_assessment_even_where_a_response_stands_in_its_column() -> None:
    codes = np.array([[Response.PD, Response.SD]], dtype=np.int8)
    found = progression_free_survival(
        np.array([[0.0, 42.0]]), codes, FollowUp(np.array([100.0]), PLANNED[:2], np.array([NAN]))
    )
    assert (float(found.time_days[0]), str(found.reason[0])) == (43.0, "CUTOFF")
