from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.lesions import CLONES, SLOTS, diameter_mm, sphere_volume_mL, volume_states, volumes

NAMES = [name for states in volume_states().values() for name in states]


@given(st.floats(0.0, 500.0))
def test_diameter_and_volume_are_inverse(diameter: float) -> None:
    assert diameter_mm(sphere_volume_mL(np.array(diameter))) == pytest.approx(diameter, abs=1e-9)


def test_a_volume_just_below_zero_has_no_diameter() -> None:
    assert diameter_mm(np.array([-1e-15]))[0] == 0.0


def test_volumes_are_read_by_name_not_by_place() -> None:
    rng = np.arange(2 * 3 * len(NAMES), dtype=float).reshape(2, 3, len(NAMES))
    order = np.argsort([n[::-1] for n in NAMES])
    straight = volumes(rng, NAMES)
    shuffled = volumes(rng[..., order], [NAMES[i] for i in order])
    np.testing.assert_array_equal(straight.total_mL, shuffled.total_mL)
    np.testing.assert_array_equal(straight.clone_mL, shuffled.clone_mL)


def test_total_is_living_plus_dead_plus_scar() -> None:
    values = np.ones((1, 1, len(NAMES)))
    found = volumes(values, NAMES, stroma_mL=np.full((1, len(SLOTS)), 0.5))
    assert found.viable_mL.tolist() == [[[float(len(CLONES))] * len(SLOTS)]]
    assert found.total_mL.tolist() == [[[len(CLONES) + 1.5] * len(SLOTS)]]


def test_an_empty_slot_has_no_clone_shares_and_a_full_one_sums_to_one() -> None:
    values = np.ones((1, 1, len(NAMES)))
    values[..., [NAMES.index(f"V_CNS_{clone}_mL") for clone in CLONES]] = 0.0
    shares = volumes(values, NAMES).clone_fractions()
    assert np.isnan(shares[0, 0, 5]).all()
    np.testing.assert_allclose(np.delete(shares[0, 0], 5, axis=0).sum(axis=-1), 1.0)


def test_a_trajectory_without_all_slots_is_refused() -> None:
    with pytest.raises(ValueError, match="V_OB_dead_mL"):
        volumes(np.zeros((1, 1, len(NAMES) - 1)), NAMES[:-1])
