"""Lines of therapy: who has had which earlier line, what selection leaves, and how states cross from line to line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.evidence.base import load_record
from her2sim.model.lesions import CLONES, SLOTS, diameter_mm, volume_state, volumes
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.entry import progression_rule
from her2sim.study.plan import make_plan, standard_regimen
from her2sim.trial import selection
from her2sim.trial.lesion_state import clone_shares, lesion_start
from her2sim.trial.selection import ATTEMPTS, EarlierLines, admit, had_lines
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Cohort, Trajectory, treat
from her2sim.trial.true_progression import first_true_progression, progression_of

PLAN = make_plan(load_record("EMILIA"), patients=8, seed=3)
TYPICAL = typical_in_force(PLAN, 0)
COHORT = sample_cohort(PLAN, TYPICAL, 0, np.arange(8) * ATTEMPTS)
TUMOR = baseline_tumor(COHORT, "breast")
NAIVE = lesion_start(TUMOR.volume_mL, {slot.name: TUMOR.shares for slot in SLOTS}, TUMOR.dead_share)
RULE = progression_rule(TYPICAL)
MANNER = EarlierLines(42.0, 1512.0, 364.0, RULE)
DAYS = np.broadcast_to(np.arange(0.0, 253.0, 21.0), (8, 13)).copy()


def living(state: dict[str, np.ndarray], slot: str) -> np.ndarray:
    return sum(np.maximum(state[volume_state(slot, clone)], 0.0) for clone in CLONES)  # type: ignore[return-value]


def test_a_line_starts_from_the_volumes_it_is_given() -> None:
    course = treat(COHORT, "breast", (), NAIVE, DAYS)
    first = course.at(np.zeros(8))
    for slot in SLOTS:
        total = living(first, slot.name) + first[volume_state(slot.name, "dead")]
        np.testing.assert_allclose(total, TUMOR.volume_mL[slot.name], rtol=1e-9, atol=1e-12)


def test_without_drugs_every_visible_tumor_grows_and_with_thp_most_shrink() -> None:
    untreated = treat(COHORT, "breast", (), NAIVE, DAYS)
    thp = treat(COHORT, "breast", standard_regimen(["trastuzumab", "pertuzumab", "docetaxel"]), NAIVE, DAYS)
    when = np.full(8, 84.0)
    start = living(NAIVE, "T1")
    assert (living(untreated.at(when), "T1") > start).all()
    assert np.mean(living(thp.at(when), "T1") < 0.7 * start) > 0.5


def test_earlier_therapy_leaves_more_of_the_clones_that_it_does_not_kill() -> None:
    sample = lambda ids: sample_cohort(PLAN, TYPICAL, 0, ids)  # noqa: E731
    tumor = lambda cohort: baseline_tumor(cohort, "breast")  # noqa: E731
    entry = admit(np.arange(8), sample, tumor, "breast", PLAN.prior, manner=MANNER)
    sizes = baseline_tumor(entry.cohort, "breast")
    before = {slot.name: sizes.shares for slot in SLOTS}
    after = clone_shares(entry.start, before)
    assert after["T1"][:, 0].mean() < sizes.shares[:, 0].mean()
    # selection changes what a lesion is made of, never how large it is at randomization
    for slot in SLOTS:
        total = living(dict(entry.start), slot.name) + entry.start[volume_state(slot.name, "dead")]
        np.testing.assert_allclose(total, sizes.volume_mL[slot.name], rtol=1e-9, atol=1e-12)


def test_a_patient_is_admitted_alike_alone_and_in_company() -> None:
    sample = lambda ids: sample_cohort(PLAN, TYPICAL, 0, ids)  # noqa: E731
    tumor = lambda cohort: baseline_tumor(cohort, "breast")  # noqa: E731
    together = admit(np.arange(6), sample, tumor, "breast", PLAN.prior, manner=MANNER)
    alone = admit(np.array([4]), sample, tumor, "breast", PLAN.prior, manner=MANNER)
    assert together.cohort.patients.ids[4] == alone.cohort.patients.ids[0]
    for name, values in alone.start.items():
        assert together.start[name][4] == values[0], name


@given(st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=5), st.integers(0, 1000))
def test_each_line_comes_at_its_share_and_lines_of_all_patients_always(shares: list[float], seed: int) -> None:
    had = had_lines(shares, seed, np.arange(400))
    for column, share in enumerate(shares):
        assert had[:, column].mean() == pytest.approx(share, abs=0.13)
        if share == 1.0:
            assert had[:, column].all()


def test_lines_whose_shares_add_up_to_one_exclude_each_other() -> None:
    had = had_lines([0.66, 0.34, 1.0, 0.54], 1, np.arange(3000))
    assert (had[:, 0] ^ had[:, 1]).all()
    assert had[:, 0].mean() == pytest.approx(0.66, abs=0.03)
    assert had[:, 3].mean() == pytest.approx(0.54, abs=0.03)


def test_progression_by_true_sizes_needs_20_percent_and_5_mm_over_the_nadir_or_a_new_lesion() -> None:
    days = np.arange(5) * 42.0
    sums = np.array([[50, 30, 35.9, 36.1, 60], [15, 10, 12.5, 14.9, 15.1], [40, 40, 40, 40, 40.0]])
    none = np.zeros((3, 5), dtype=bool)
    when = first_true_progression(np.broadcast_to(days, (3, 5)), sums[..., None], none, RULE)
    assert when.tolist() == [126.0, 168.0, np.inf]
    new = none.copy()
    new[2, 2] = True
    assert first_true_progression(np.broadcast_to(days, (3, 5)), sums[..., None], new, RULE)[2] == 84.0


def test_a_state_between_two_times_is_linear_between_them() -> None:
    course = Trajectory(("x",), np.array([[0.0, 10.0, 30.0]]), np.array([[[0.0], [10.0], [50.0]]]),
                        np.zeros(1, dtype=np.int64), np.full(1, np.nan), ("",))  # fmt: skip
    assert course.at(np.array([5.0]))["x"] == pytest.approx(5.0)
    assert course.at(np.array([20.0]))["x"] == pytest.approx(30.0)
    assert course.at(np.array([99.0]))["x"] == pytest.approx(50.0)


def test_patients_with_different_earlier_lines_enter_one_trial() -> None:
    # a third line after alternatives: some have had capecitabine, whose effect has waned in them, and some have not
    plan = make_plan(load_record("DESTINY-Breast01"), patients=8, seed=3)
    typical = typical_in_force(plan, 0)
    entry = admit(
        np.arange(8),
        lambda ids: sample_cohort(plan, typical, 0, ids),
        lambda cohort: baseline_tumor(cohort, "breast"),
        "breast",
        plan.prior,
        manner=MANNER,
    )
    had = np.array(["capecitabine" in line.drugs for line, _ in plan.prior])
    waned = entry.start["W_fluoropyrimidine"] < 1.0
    assert 0 < waned.sum() < 8
    np.testing.assert_array_equal(waned, entry.prior[:, had].any(axis=1))


def test_an_adjuvant_line_acts_to_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    # 364 days are no whole number of 42-day steps
    last: list[float] = []

    def watched(
        cohort: Cohort, disease: str, regimen: object, start: object, days: np.ndarray, ended: object
    ) -> Trajectory:
        last.append(float(days[0, -1]))
        return treat_until(cohort, disease, regimen, start, days, ended)  # type: ignore[arg-type]

    monkeypatch.setattr(selection, "treat_until", watched)
    line, regimen = PLAN.prior[0]
    adjuvant = (replace(line, setting="adjuvant"), regimen)
    sample = lambda ids: sample_cohort(PLAN, TYPICAL, 0, ids)  # noqa: E731
    admit(np.arange(2), sample, lambda cohort: baseline_tumor(cohort, "breast"), "breast", [adjuvant], manner=MANNER)
    assert last == [364.0]


def test_a_lesion_that_is_there_when_a_line_begins_is_not_new_in_it() -> None:
    course = treat(COHORT, "breast", (), NAIVE, DAYS)
    found = volumes(course.values, course.names)
    occult = diameter_mm(found.total_mL[:, :, 4])
    still = replace(RULE, growth_ratio=np.inf)
    below = replace(still, detection_mm={"OC": float(occult[0, 0]) * 0.99})
    above = replace(still, detection_mm={"OC": float(occult[0, 0]) * 1.2})
    assert np.isinf(progression_of(course, below)[0])
    assert np.isfinite(progression_of(course, above)[0])
