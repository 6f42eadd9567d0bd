"""Hidden lesions between lines: what was found joins known disease, and the next hidden one follows."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.model.lesions import clone_states, diameter_mm, sphere_volume_mL, volume_states
from her2sim.population.patients import Patients
from her2sim.trial.hidden_lesions import JOINS, follow_found_lesions
from her2sim.trial.treatment import Cohort

LIMITS = {"OC": 8.0, "CNS": 15.0, "OB": 15.0}
COHORT = Cohort(
    Patients(np.arange(2), {"V0_OC_mL": np.array([0.1, 0.2]), "V0_OB_mL": np.array([0.03, 0.05])}), seed=1, typical={
        "V0_OC_mL": 0.2, "V0_OB_mL": 0.0}
)  # fmt: skip


def state(hidden_mm: float) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(2)
    found = {name: draws.random(2) for names in volume_states().values() for name in names}
    for slot in JOINS:
        names = volume_states()[slot]
        total = sum(found[name] for name in names)
        for name in names:
            found[name] = found[name] / total * sphere_volume_mL(np.asarray(hidden_mm))
    return found


@pytest.mark.parametrize(("slot", "known"), JOINS.items())
def test_what_was_found_joins_known_disease_and_a_smaller_one_of_the_same_clones_follows(slot: str, known: str) -> None:
    before = state(20.0)
    after = follow_found_lesions(COHORT, before, LIMITS)
    names, joined = volume_states()[slot], volume_states()[known]
    for hidden, name in zip(names, joined, strict=True):
        np.testing.assert_allclose(after[name], before[name] + before[hidden])
    np.testing.assert_allclose(sum(after[name] for name in names), COHORT.patients[f"V0_{slot}_mL"])
    shares = [np.stack([held[name] for name in clone_states(slot)]) for held in (before, after)]
    np.testing.assert_allclose(shares[0] / shares[0].sum(axis=0), shares[1] / shares[1].sum(axis=0))


def test_what_is_still_hidden_stays_as_it_is() -> None:
    before = state(7.9)
    after = follow_found_lesions(COHORT, before, LIMITS)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_the_next_hidden_lesion_is_below_the_limit() -> None:
    large = Cohort(
        Patients(np.arange(2), {"V0_OC_mL": np.full(2, 5.0)}), seed=1, typical={"V0_OC_mL": 0.2, "V0_OB_mL": 0.0}
    )
    after = follow_found_lesions(large, state(30.0), LIMITS)
    total = np.asarray(sum(after[name] for name in volume_states()["OC"]))
    assert (diameter_mm(total) <= LIMITS["OC"] + 1e-9).all()
