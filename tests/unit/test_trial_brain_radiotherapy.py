"""Radiotherapy of the brain: who gets it, what it kills, what it opens, and that nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.evidence.base import load_record
from her2sim.model.lesions import DEAD, SLOTS, clone_states, sphere_volume_mL, volume_state, volume_states
from her2sim.model.parameters import load_parameters
from her2sim.population.patients import Patients
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.course import simulate_chunk
from her2sim.study.entry import progression_rule
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.trial.brain_radiotherapy import (
    irradiate,
    opened_barrier,
    progressed_in_brain,
    surviving_shares,
    whole_brain,
)
from her2sim.trial.lesion_state import lesion_start
from her2sim.trial.next_lines import Leaving, death_after
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.treatment import Cohort, Trajectory
from her2sim.trial.true_progression import ProgressionRule

NUMBERS = {name: quantity.value for name, quantity in load_parameters().quantities.items()}
ALWAYS = NUMBERS | {"brain_radiotherapy_share": 1.0}
RULE = ProgressionRule(1.2, 5.0, {"OC": 8.0, "CNS": 15.0, "OB": 15.0})
NAMES = tuple(name for states in volume_states().values() for name in states)


def course_of(brain_mm: list[list[float]]) -> Trajectory:
    """Courses with these diameters in the brain every six weeks, and nothing elsewhere."""
    mm = np.array(brain_mm)
    values = np.zeros((*mm.shape, len(NAMES)))
    values[..., NAMES.index(volume_state("CNS", "bypass"))] = sphere_volume_mL(mm)
    days = np.broadcast_to(42.0 * np.arange(mm.shape[1]), mm.shape).copy()
    n = len(mm)
    return Trajectory(NAMES, days, values, np.zeros(n, dtype=np.int64), np.full(n, np.nan), ("",) * n)


def patients(n: int, barrier: float = 0.1) -> Cohort:
    table = Patients(np.arange(n), {"cns_barrier_antibody": np.full(n, barrier), "tumor_delivery": np.ones(n)})
    return Cohort(table, seed=5, typical=ALWAYS)


def lesions(n: int) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(0)
    return {name: draws.random(n) for name in (*NAMES, "W_taxane")}


@pytest.mark.parametrize(
    ("brain_mm", "found"),
    [
        ([4.0, 9.0, 16.0], True),  # found anew
        ([4.0, 9.0, 14.0], False),  # too small to be found
        ([30.0, 28.0, 30.0], False),  # known before, not grown by a fifth
        ([30.0, 20.0, 26.0], True),  # known before, grown from its smallest
        ([15.0, 15.0, 19.0], False),  # a fifth, but under 5 mm
        ([0.0, 0.0, 0.0], False),
    ],
)
def test_progression_in_the_brain_is_a_lesion_found_or_grown(brain_mm: list[float], found: bool) -> None:
    assert progressed_in_brain(course_of([brain_mm]), np.array([84.0]), RULE).tolist() == [found]


def test_a_new_lesion_beside_a_known_one_is_progression_in_the_brain() -> None:
    course = course_of([[30.0, 28.0, 28.0], [30.0, 28.0, 28.0]])
    for row, hidden in enumerate((14.0, 16.0)):
        course.values[row, 2, NAMES.index(volume_state("OB", "sensitive"))] = sphere_volume_mL(np.asarray(hidden))
    assert progressed_in_brain(course, np.array([84.0, 84.0]), RULE).tolist() == [False, True]


def test_what_nobody_has_seen_is_hit_only_where_the_whole_brain_is_irradiated() -> None:
    n = 400
    before = lesions(n)
    _, after = irradiate(patients(n), before, np.ones(n, dtype=bool))
    whole = whole_brain(5, np.arange(n), ALWAYS)
    assert whole.mean() == pytest.approx(ALWAYS["brain_radiotherapy_whole_share"], abs=0.08)
    for name in clone_states("OB"):
        assert (after[name][whole] < 0.5 * before[name][whole]).all()
        assert np.array_equal(after[name][~whole], before[name][~whole])


def test_what_comes_after_the_end_of_a_line_does_not_count() -> None:
    course = course_of([[4.0, 9.0, 30.0], [30.0, 25.0, 60.0], [4.0, 20.0, 4.0]])
    assert progressed_in_brain(course, np.array([42.0, 42.0, 42.0]), RULE).tolist() == [False, False, True]


def test_ninety_percent_of_patients_keep_five_to_fifteen_percent_of_the_tumor() -> None:
    shares = surviving_shares(1, np.arange(4000), ALWAYS)
    assert np.quantile(shares, [0.05, 0.5, 0.95]) == pytest.approx([0.05, 0.09, 0.15], abs=0.01)


def test_the_share_of_the_data_file_is_irradiated() -> None:
    given_to = surviving_shares(1, np.arange(4000), NUMBERS) < 1.0
    assert given_to.mean() == pytest.approx(NUMBERS["brain_radiotherapy_share"], abs=0.03)


def test_a_draw_is_the_patients_own_whatever_her_neighbors() -> None:
    everyone = surviving_shares(1, np.arange(50), NUMBERS)
    assert surviving_shares(1, np.array([31, 7]), NUMBERS).tolist() == everyone[[31, 7]].tolist()


def test_volume_in_the_brain_is_conserved_and_clones_die_alike() -> None:
    before = lesions(6)
    _, after = irradiate(patients(6), before, np.ones(6, dtype=bool))
    names = volume_states()["CNS"]
    np.testing.assert_allclose(sum(after[n] for n in names), sum(before[n] for n in names), rtol=1e-14)
    left = np.stack([after[name] / before[name] for name in clone_states("CNS")])
    np.testing.assert_allclose(left, np.broadcast_to(left[0], left.shape))
    assert (left < 0.3).all()
    assert (after[volume_state("CNS", DEAD)] > before[volume_state("CNS", DEAD)]).all()


def test_nothing_changes_outside_the_brain_or_for_the_others() -> None:
    before, who = lesions(5), np.array([True, False, True, False, False])
    cohort, after = irradiate(patients(5), before, who)
    whole = whole_brain(5, np.arange(5), ALWAYS)
    spared = {"CNS": ~who, "OB": ~(who & whole)}
    for name in before:
        same = next((rows for slot, rows in spared.items() if name in volume_states()[slot]), np.ones(5, dtype=bool))
        assert np.array_equal(after[name][same], before[name][same]), name
        assert len(after) == len(before)
    barrier = cohort.patients["cns_barrier_antibody"]
    assert barrier[~who].tolist() == [0.1] * 3
    assert (barrier[who] > 0.3).all()
    assert np.array_equal(cohort.patients["tumor_delivery"], np.ones(5))
    nobody, same_state = irradiate(patients(5), before, np.zeros(5, dtype=bool))
    assert nobody.patients["cns_barrier_antibody"].tolist() == [0.1] * 5
    assert all(np.array_equal(same_state[name], before[name]) for name in before)


@given(st.floats(1e-4, 0.999), st.floats(1.0, 50.0))
def test_a_barrier_opens_and_never_beyond_none(barrier: float, factor: float) -> None:
    opened = float(opened_barrier(np.array(barrier), factor))
    assert barrier * (1.0 - 1e-12) <= opened <= 1.0


def test_in_cerebrospinal_fluid_the_ratio_is_that_of_stemmler2007() -> None:
    factor = NUMBERS["brain_radiotherapy_barrier_odds"]
    assert 1.0 / float(opened_barrier(np.array(1.0 / 420.0), factor)) == pytest.approx(76.0, rel=0.02)


TRIAL_SHARES = (
    "brain_radiotherapy_share", "brain_entry_stable_irradiated_share", "brain_entry_active_irradiated_share",
)  # fmt: skip
N = 4
PLAN = make_plan(load_record("EMILIA"), patients=N, seed=3)
TYPICAL = typical_in_force(PLAN, 0) | {"brain_radiotherapy_share": 1.0}


def test_who_is_irradiated_lives_longer_with_a_large_lesion_in_the_brain() -> None:
    cohort = replace(sample_cohort(PLAN, TYPICAL, 0, np.arange(N) * ATTEMPTS), typical=TYPICAL)
    tumor = baseline_tumor(cohort, "breast")
    sizes = {slot.name: tumor.volume_mL[slot.name] for slot in SLOTS} | {"CNS": np.full(N, 20.0)}
    start = lesion_start(sizes, {slot.name: tumor.shares for slot in SLOTS}, tumor.dead_share)
    levels, until = np.full(N, 1.0), np.full(N, 2500.0)

    def days(brain: bool) -> np.ndarray:
        leaving = Leaving(cohort, np.full(N, 200.0), start, levels, until, np.ones(N), [frozenset[str]()] * N,
                          np.full(N, brain))  # fmt: skip
        found = death_after(leaving, "breast", PLAN.policy, parameters=TYPICAL, rule=progression_rule(TYPICAL))
        return np.minimum(found.death, until)

    later, sooner = days(True), days(False)
    assert (later >= sooner).all()
    assert later.sum() > sooner.sum() + 50.0


def plan_of(*without: str) -> TrialPlan:
    return make_plan(load_record("EMILIA"), patients=24, seed=3, without=without)


def test_the_knock_out_takes_it_from_everybody_and_changes_nothing_on_trial_for_the_others() -> None:
    whole, less = (simulate_chunk(plan, 0, 0, 24) for plan in (plan_of(), plan_of("radiotherapy")))
    irradiated = whole.patients["brain_irradiated"] > 0.5
    assert irradiated.any()
    assert not (less.patients["brain_irradiated"] > 0.5).any()
    for a, b in zip(whole.arms, less.arms, strict=True):
        mine = ~irradiated[np.searchsorted(whole.numbers, a.numbers)]
        np.testing.assert_array_equal(a.readings["INV"].target_mm[mine], b.readings["INV"].target_mm[mine])
    moved = [a.death_day != b.death_day for a, b in zip(whole.arms, less.arms, strict=True)]
    assert any(part.any() for part in moved)
    assert np.mean(np.concatenate(moved)) < 0.5
    assert plan_of("radiotherapy").removed.values == dict.fromkeys(TRIAL_SHARES, 0.0)


def test_a_patients_course_does_not_depend_on_who_shares_her_chunk() -> None:
    together = simulate_chunk(plan_of(), 0, 0, 12).arms[0].death_day
    apart = np.concatenate([simulate_chunk(plan_of(), 0, first, first + 6).arms[0].death_day for first in (0, 6)])
    np.testing.assert_array_equal(together, apart)
