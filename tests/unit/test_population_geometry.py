"""Sizes of lesions and shares of clones at the start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.model.lesions import CLONES
from her2sim.model.parameters import load_parameters
from her2sim.model.patient_parameters import untreated_shares
from her2sim.population.geometry import clone_fractions, hidden_volume_mL, initial_volumes_mL, target_diameters_mm
from her2sim.population.patients import Patients
from her2sim.population.sample import sample_patients
from her2sim.population.specification import load_specification

SAMPLE = sample_patients(
    load_specification("breast", "metastatic-3L+"), load_parameters().quantities, {}, seed=2, ids=range(400)
)


@settings(deadline=None)
@given(st.floats(10.0, 300.0), st.integers(1, 3), st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))
def test_targets_sum_to_the_published_sum_and_can_be_measured(sld: float, count: int, a: float, b: float) -> None:
    one = target_diameters_mm(np.array([sld]), np.array([float(count)]), np.array([a]), np.array([b]), 100.0)[0]
    assert one.sum() == pytest.approx(sld, rel=1e-9)
    present = one[one > 0]
    assert present.min() >= 10.0 - 1e-9 and present.max() <= 100.0 + 1e-9
    assert list(one) == sorted(one, reverse=True)
    assert len(present) >= min(count, int(sld // 10))


def test_slots_hold_what_the_flags_say() -> None:
    volumes = initial_volumes_mL(SAMPLE)
    assert set(volumes) == {"T1", "T2", "T3", "NT", "OC", "CNS", "OB"}
    np.testing.assert_allclose(volumes["T1"], np.pi / 6 * SAMPLE["target_1_mm"] ** 3 / 1000, rtol=1e-12)
    assert ((volumes["NT"] > 0) == (SAMPLE["nontarget"] == 1)).all()
    known = SAMPLE["brain_metastases"] == 1
    assert known.any() and (~known).any()
    np.testing.assert_allclose(volumes["CNS"][known], np.pi / 6 * SAMPLE["cns_mm"][known] ** 3 / 1000, rtol=1e-12)
    assert (SAMPLE["cns_mm"][~known] == 0).all()
    assert volumes["CNS"][~known].max() <= 0.03 and (volumes["CNS"][~known] > 0).all()
    limit = {
        name: np.pi / 6 * load_parameters().value(name) ** 3 / 1000
        for name in ("detection_new_mm", "detection_cns_mri_mm")
    }
    assert (volumes["OC"] > 0).all() and volumes["OC"].max() < limit["detection_new_mm"]
    assert ((volumes["OB"] > 0) == known).all() and volumes["OB"].max() < limit["detection_cns_mri_mm"]
    assert ((SAMPLE["target_lesions"] == 3) == (volumes["T3"] > 0)).all()


@pytest.mark.parametrize("exponent", [0.4, 0.66, 1.2])
@pytest.mark.parametrize("seen", [1.0, 3.0, 8.0])
def test_the_largest_hidden_lesion_is_that_of_a_power_law_of_sizes(exponent: float, seen: float) -> None:
    """Against lesions drawn one by one: with N above the limit on average N (v/V_d)^-exponent lie above v."""
    draws = np.random.default_rng(4)
    n = 4000
    hidden = hidden_volume_mL(draws.exponential(size=n), np.full(n, seen), 8.0, exponent)
    limit = np.pi / 6 * 8.0**3 / 1000
    smallest = limit * 1e-3
    largest = np.zeros(n)
    for row in range(n):
        below = draws.poisson(seen * ((smallest / limit) ** -exponent - 1.0))
        top, bottom = 1.0, (smallest / limit) ** -exponent
        sizes = limit * draws.uniform(top, bottom, below) ** (-1.0 / exponent)
        largest[row] = sizes.max(initial=smallest)
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(hidden, share) == pytest.approx(np.quantile(largest, share), rel=0.1)


def test_early_disease_is_a_primary_a_node_and_perhaps_micrometastases() -> None:
    numbers = load_parameters().quantities
    before = sample_patients(load_specification("breast", "neoadjuvant"), numbers, {}, seed=2, ids=range(600))
    volumes = initial_volumes_mL(before)
    np.testing.assert_allclose(volumes["T1"], np.pi / 6 * before["primary_mm"] ** 3 / 1000, rtol=1e-12)
    assert ((volumes["T2"] > 0) == (before["node_positive"] == 1)).all()
    assert ((volumes["OC"] > 0) == (before["micrometastases"] > 0)).all()
    assert (
        not volumes["NT"].any()
        and not volumes["CNS"].any()
        and not volumes["OB"].any()
        and not before["brain_metastases"].any()
    )
    many = before["micrometastases"][before["node_positive"] == 1]
    assert many.mean() > before["micrometastases"][before["node_positive"] == 0].mean()
    after = sample_patients(load_specification("breast", "adjuvant"), numbers, {}, seed=2, ids=range(600))
    assert not initial_volumes_mL(after)["T1"].any() and initial_volumes_mL(after)["OC"].any()
    assert np.median(after["primary_mm"]) == pytest.approx(23.2, rel=0.08)


def test_there_is_no_population_where_none_was_written() -> None:
    with pytest.raises(InputError, match="early gastric"):
        load_specification("gastric", "neoadjuvant")


def test_a_users_table_of_diameters_is_enough() -> None:
    volumes = initial_volumes_mL(Patients(np.arange(1), {"target_1_mm": np.array([20.0])}))
    assert volumes["T1"][0] == pytest.approx(4.18879, rel=1e-5)
    assert volumes["T2"][0] == volumes["CNS"][0] == 0.0


def test_shares_of_clones_are_those_of_the_models_lesions() -> None:
    shares = clone_fractions(SAMPLE)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-14)
    values = {name: np.asarray(column, dtype=np.float64) for name, column in SAMPLE.columns.items()}
    expected, _ = untreated_shares(values, "breast")
    np.testing.assert_allclose(shares, expected, rtol=1e-9)


def test_a_missing_or_impossible_share_is_named() -> None:
    with pytest.raises(InputError, match="fraction_bypass"):
        clone_fractions(Patients(np.arange(1), {"fraction_her2low": np.array([0.1])}))
    wrong = {f"fraction_{clone}": np.array([1.2]) for clone in CLONES[1:]}
    with pytest.raises(InputError, match="fraction_her2low"):
        clone_fractions(Patients(np.arange(1), wrong))


def test_a_setting_of_brain_metastases_has_only_such_patients() -> None:
    numbers = load_parameters().quantities
    patients = sample_patients(load_specification("breast", "brain-metastases"), numbers, {}, seed=2, ids=range(300))
    assert patients["brain_metastases"].all()
    assert 0.4 < patients["brain_metastases_active"].mean() < 0.8
