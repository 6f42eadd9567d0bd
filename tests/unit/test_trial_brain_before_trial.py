"""Brain metastases treated before the trial: who they are, how small and how long ago, and that nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.model.lesions import clone_states, diameter_mm, volume_states
from her2sim.model.parameters import load_parameters
from her2sim.population.patients import Patients
from her2sim.record.reading import record_from_mapping
from her2sim.study.cohort import typical_in_force
from her2sim.study.course import simulate_chunk
from her2sim.study.entry import brain_at_entry, enter
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.trial.brain_before_trial import BrainAtEntry, last_stable_day, treated_before, waiting_days
from her2sim.trial.brain_radiotherapy import opened_barrier
from her2sim.trial.selection import Entry
from her2sim.trial.true_progression import ProgressionRule

NUMBERS = {name: quantity.value for name, quantity in load_parameters().quantities.items()}
RULE = ProgressionRule(1.2, 5.0, {})
N = 80
CNS = volume_states()["CNS"]


def entered(trial: str, *without: str, **eligibility: object) -> Entry:
    record = load_record(trial)
    record = replace(record, eligibility=replace(record.eligibility, prior=(), **eligibility))  # type: ignore[arg-type]
    plan = make_plan(record, patients=N, seed=3, without=without)
    return enter(plan, np.arange(N), typical_in_force(plan, 0))


def living(entry: Entry) -> np.ndarray:
    return sum(entry.start[name] for name in clone_states("CNS"))  # type: ignore[return-value]


def flag(entry: Entry, name: str) -> np.ndarray:
    return entry.cohort.patients[name] > 0.5


def barrier(entry: Entry) -> np.ndarray:
    return entry.cohort.patients["cns_barrier_antibody"]


ODDS = NUMBERS["brain_radiotherapy_barrier_odds"]
WHOLE, LESS = entered("DESTINY-Breast01"), entered("DESTINY-Breast01", "radiotherapy")
KNOWN = flag(WHOLE, "brain_metastases")


def test_where_the_trial_asks_for_stable_brain_metastases_all_of_them_were_irradiated() -> None:
    assert 5 < KNOWN.sum() < N
    assert np.array_equal(flag(WHOLE, "brain_irradiated"), KNOWN)
    assert not flag(LESS, "brain_irradiated").any()


def test_a_treated_lesion_has_less_living_tumor_and_an_open_barrier() -> None:
    # a small one may have grown a little beyond the size at which it was found, by less than 5 mm from its smallest
    assert (living(WHOLE)[KNOWN] < living(LESS)[KNOWN]).mean() > 0.8
    assert np.median(living(WHOLE)[KNOWN] / living(LESS)[KNOWN]) < 0.4
    np.testing.assert_allclose(barrier(WHOLE)[KNOWN], opened_barrier(barrier(LESS)[KNOWN], ODDS))


def test_a_treated_lesion_is_smaller_and_none_has_progressed_since() -> None:
    now, found = (diameter_mm(sum(entry.start[name][KNOWN] for name in CNS)) for entry in (WHOLE, LESS))
    assert (now < np.maximum(1.2 * found, found + 5.0)).all()
    assert np.median(now / found) < 0.9


def test_other_traits_and_other_lesions_do_not_move() -> None:
    for name, values in LESS.cohort.patients.columns.items():
        if name not in ("brain_irradiated", "cns_barrier_antibody"):
            np.testing.assert_array_equal(WHOLE.cohort.patients[name], values, err_msg=name)
    for name, values in LESS.start.items():
        same = ~KNOWN if name in CNS else np.ones(N, dtype=bool)
        np.testing.assert_array_equal(WHOLE.start[name][same], values[same], err_msg=name)


def test_a_trial_without_brain_metastases_is_what_it_was_to_the_last_bit() -> None:
    whole, less = (entered("EMILIA", *names, brain_metastases="excluded") for names in ((), ("radiotherapy",)))
    assert not flag(whole, "brain_irradiated").any()
    for name, values in less.start.items():
        np.testing.assert_array_equal(whole.start[name], values)
    np.testing.assert_array_equal(barrier(whole), barrier(less))


def test_a_patient_does_not_depend_on_who_enters_with_her() -> None:
    record = load_record("DESTINY-Breast01")
    plan: TrialPlan = make_plan(replace(record, eligibility=replace(record.eligibility, prior=())), patients=N, seed=3)
    some = enter(plan, np.arange(40, N), typical_in_force(plan, 0))
    for name in CNS:
        np.testing.assert_array_equal(some.start[name], WHOLE.start[name][40:])


def flags(n: int, active: float) -> Patients:
    return Patients(np.arange(n), {"brain_metastases": np.ones(n), "brain_metastases_active": np.full(n, active)})


def test_of_the_active_ones_the_share_of_the_record_was_irradiated_and_has_grown_back() -> None:
    said = brain_at_entry(load_record("HER2CLIMB"))
    found = treated_before(flags(4000, 1.0), 1, NUMBERS, said)
    assert not found.stable.any()
    assert found.regrown.mean() == pytest.approx(108 / 174, abs=0.03)
    default = treated_before(flags(4000, 1.0), 1, NUMBERS, BrainAtEntry())
    assert default.regrown.mean() == pytest.approx(NUMBERS["brain_entry_active_irradiated_share"], abs=0.03)
    none = NUMBERS | {"brain_entry_active_irradiated_share": 0.0, "brain_entry_stable_irradiated_share": 0.0}
    assert not treated_before(flags(50, 1.0), 1, none, said).regrown.any()
    assert not treated_before(flags(50, 0.0), 1, none, said).stable.any()


def test_active_brain_metastases_that_grew_back_are_as_large_as_found_with_an_open_barrier() -> None:
    whole, less = entered("HER2CLIMB"), entered("HER2CLIMB", "radiotherapy")
    regrown = flag(whole, "brain_metastases_active") & flag(whole, "brain_irradiated")
    assert regrown.sum() > 5
    np.testing.assert_array_equal(living(whole)[regrown], living(less)[regrown])
    np.testing.assert_allclose(barrier(whole)[regrown], opened_barrier(barrier(less)[regrown], ODDS))
    stable = flag(whole, "brain_metastases") & ~flag(whole, "brain_metastases_active")
    assert np.median(living(whole)[stable] / living(less)[stable]) < 0.4


def test_a_protocol_that_asks_for_a_longer_wait_gets_more_regrowth() -> None:
    later = entered("DESTINY-Breast01", extra={"brain_therapy_days": 200})
    assert living(later)[KNOWN].sum() > 1.1 * living(WHOLE)[KNOWN].sum()


@given(st.floats(0.0, 1.0), st.floats(0.0, 60.0), st.floats(0.0, 700.0), st.floats(10.0, 400.0))
def test_a_wait_lies_between_the_protocols_least_and_the_last_stable_day(
    quantile: float, least: float, beyond: float, mean: float
) -> None:
    wait = float(waiting_days(np.array([quantile]), least, np.array([least + beyond]), mean)[0])
    assert least - 1e-9 <= wait <= least + beyond + 1e-6


def test_a_lesion_is_stable_until_it_has_grown_from_its_smallest() -> None:
    days = np.broadcast_to(14.0 * np.arange(4), (3, 4))
    mm = np.array([[12.0, 8.0, 9.0, 14.0], [12.0, 8.0, 7.0, 7.0], [30.0, 30.0, 34.0, 35.9]])
    assert last_stable_day(days, mm, RULE).tolist() == [28.0, 42.0, 42.0]


def test_a_record_may_say_how_long_ago_and_only_in_days() -> None:
    content = {
        "id": "X", "disease": "breast", "setting": "metastatic-2L",
        "eligibility": {"brain_metastases": "stable", "brain_therapy_days": 60},
        "arms": [{"name": "A", "n": 10, "regimen": [
            {"drug": "trastuzumab", "dose": "6 mg/kg", "schedule": "q3w", "until": "progression"}]}],
    }  # fmt: skip
    assert brain_at_entry(record_from_mapping(content)).least_days == 60.0
    content["eligibility"]["brain_therapy_days"] = "two months"  # type: ignore[index]
    with pytest.raises(InputError, match="brain_therapy_days"):
        record_from_mapping(content)


def test_on_trial_the_treated_brain_lesions_stay_smaller() -> None:
    sizes: list[float] = []
    for without in ((), ("radiotherapy",)):
        plan = make_plan(load_record("DESTINY-Breast01"), patients=40, seed=3, without=without)
        chunk = simulate_chunk(replace(plan, after_progression=False), 0, 0, 40)
        known = chunk.patients["brain_metastases"] > 0.5
        sizes.append(float(np.nanmean(chunk.arms[0].readings["INV"].cns_mm[known])))
    assert sizes[0] < 0.8 * sizes[1]
