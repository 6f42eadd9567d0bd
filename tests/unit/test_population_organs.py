"""Organs of lesions: they agree with the baseline, meet published shares, and move nothing else of a patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.parameters import load_parameters
from her2sim.population import organs, sample
from her2sim.population.organs import (
    PLACED,
    TARGETS,
    UNKNOWN,
    growth_columns,
    load_organs,
    organ_column,
    organ_columns,
    organ_words,
)
from her2sim.population.patients import Patients
from her2sim.population.sample import sample_patients
from her2sim.population.specification import load_specification

NUMBERS = load_parameters().quantities
ORGANS = load_organs()
LISTED = (*TARGETS, "NT")


def drawn(disease: str, n: int = 4000, setting: str = "metastatic-2L") -> Patients:
    return sample_patients(load_specification(disease, setting), NUMBERS, seed=5, ids=np.arange(n))


def codes_of(patients: Patients) -> np.ndarray:
    return np.stack([patients[organ_column(slot)] for slot in LISTED], axis=1).astype(int)


@pytest.fixture(scope="module", params=["breast", "gastric"])
def population(request: pytest.FixtureRequest) -> tuple[str, Patients]:
    return request.param, drawn(request.param)


def has(codes: np.ndarray, *names: str) -> np.ndarray:
    return np.asarray(np.isin(codes, [ORGANS.code(name) for name in names]).any(axis=1))


def test_organs_agree_with_the_flags_of_the_baseline(population: tuple[str, Patients]) -> None:
    _, patients = population
    codes, visceral = codes_of(patients), patients["visceral"] > 0.5
    names = [name for name, inner in zip(ORGANS.names, ORGANS.visceral, strict=True) if inner]
    np.testing.assert_array_equal(has(codes, "LIVER"), patients["liver_metastases"] > 0.5)
    np.testing.assert_array_equal(has(codes, *names), visceral)
    assert not has(codes, "BRAIN").any()


def test_every_lesion_has_an_organ_and_what_is_no_lesion_has_none(population: tuple[str, Patients]) -> None:
    _, patients = population
    codes = codes_of(patients)
    present = np.stack([patients[f"V0_{slot}_mL"] > 0 for slot in LISTED], axis=1)
    np.testing.assert_array_equal(codes != UNKNOWN, present)
    assert (patients["organ_OC"] != UNKNOWN).all()


def test_targets_are_measurable_where_they_lie(population: tuple[str, Patients]) -> None:
    _, patients = population
    codes = codes_of(patients)[:, :3]
    sizes = np.stack([patients[f"target_{i}_mm"] for i in (1, 2, 3)], axis=1)
    least = np.append(0.0, ORGANS.least_target_mm)[codes]
    assert (sizes >= least).all()
    assert not has(codes, "BONE").any()


def test_no_organ_has_three_targets_where_another_fits(population: tuple[str, Patients]) -> None:
    _, patients = population
    codes = codes_of(patients)[:, :3]
    same = (codes[:, 0] == codes[:, 1]) & (codes[:, 1] == codes[:, 2]) & (codes[:, 0] != UNKNOWN)
    small = np.stack([patients[f"target_{i}_mm"] for i in (1, 2, 3)], axis=1).min(axis=1) < 15.0
    only_soft_tissue_fits = small & (patients["visceral"] < 0.5)
    assert not (same & ~only_soft_tissue_fits).any()


@pytest.mark.parametrize(
    ("disease", "organ", "low", "high"),
    [
        ("breast", "BONE", 0.45, 0.56),  # 47 and 51 percent
        ("breast", "LUNG", 0.34, 0.45),
        ("gastric", "PERITONEUM", 0.27, 0.37),  # 32 percent
        ("gastric", "LUNG", 0.11, 0.19),  # 15 percent
        ("gastric", "BONE", 0.07, 0.15),  # 12 percent
    ],
)
def test_shares_of_patients_are_those_published(disease: str, organ: str, low: float, high: float) -> None:
    assert low < has(codes_of(drawn(disease)), organ).mean() < high


def test_the_shares_of_volume_in_the_data_file_are_those_of_the_population(population: tuple[str, Patients]) -> None:
    disease, patients = population
    codes = codes_of(patients)
    volume = np.stack([patients[f"V0_{slot}_mL"] for slot in LISTED], axis=1)
    own = volume / volume.sum(axis=1, keepdims=True)
    found = [(own * (codes == place)).sum(axis=1).mean() for place in range(1, len(ORGANS.names) + 1)]
    np.testing.assert_allclose(found, ORGANS.shares[disease]["volume"], atol=0.03)


def no_organs(*_: object, **__: object) -> dict[str, np.ndarray]:
    return {}


def test_organs_move_nothing_else_of_a_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn("breast", 200)
    monkeypatch.setattr(sample, "organ_columns", no_organs)
    plain = drawn("breast", 200)
    added = {organ_column(slot) for slot in PLACED} | {f"organ_growth_{slot}" for slot in PLACED}
    assert set(whole) - set(plain) == added
    for name in plain:
        np.testing.assert_array_equal(whole[name], plain[name], err_msg=name)


def test_an_organ_does_not_depend_on_who_else_is_drawn() -> None:
    some = sample_patients(load_specification("breast", "metastatic-2L"), NUMBERS, seed=5, ids=[40, 3])
    np.testing.assert_array_equal(codes_of(some), codes_of(drawn("breast", 41))[[40, 3]])


def test_lesions_of_an_organ_grow_alike_and_as_wide_as_before() -> None:
    patients = drawn("breast")
    growth = {slot: np.log(patients[f"growth_{slot}"] * patients[f"organ_growth_{slot}"]) for slot in PLACED}
    same = (patients["organ_T1"] == patients["organ_T2"]) & (patients["organ_T2"] > 0)
    other = (patients["organ_T1"] != patients["organ_T2"]) & (patients["organ_T2"] > 0)
    wanted = NUMBERS["organ_growth_correlation"].value
    assert np.corrcoef(growth["T1"][same], growth["T2"][same])[0, 1] == pytest.approx(wanted, abs=0.08)
    assert np.corrcoef(growth["T1"][other], growth["T2"][other])[0, 1] == pytest.approx(0.0, abs=0.08)
    for slot in PLACED:
        assert growth[slot].std() == pytest.approx(NUMBERS[f"growth_{slot}"].spread, rel=0.06)
    np.testing.assert_array_equal(patients["organ_growth_T1"], 1.0)  # so the bounds on her doubling time hold


def test_an_organ_that_a_table_says_stays_and_early_disease_has_none() -> None:
    columns = {"visceral": np.ones(1), "liver_metastases": np.ones(1), "target_1_mm": np.full(1, 30.0)}
    told = organ_columns(columns | {"organ_T1": np.full(1, 3.0)}, "breast", seed=1, ids=np.arange(1))
    assert told["organ_T1"].tolist() == [3.0]
    assert organ_columns(columns | {"primary_mm": np.ones(1)}, "breast", seed=1, ids=np.arange(1)) == {}


def test_a_required_organ_is_in_nontarget_disease_where_there_is_no_target() -> None:
    columns = {"visceral": np.ones(1), "liver_metastases": np.ones(1), "V0_NT_mL": np.full(1, 20.0)}
    found = organ_columns(columns, "gastric", seed=1, ids=np.arange(1))
    assert organ_words(found["organ_NT"]).tolist() == ["LIVER"]
    assert found["organ_T1"].tolist() == [UNKNOWN]


@given(
    st.lists(st.integers(0, len(ORGANS.names)), min_size=5, max_size=5),
    st.lists(st.floats(-3.0, 3.0), min_size=5, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_without_correlation_or_without_a_shared_organ_growth_is_as_it_was(places: list[int], z: list[float]) -> None:
    spreads = dict.fromkeys(PLACED, 0.3)
    columns = {organ_column(slot): np.full(1, float(place)) for slot, place in zip(PLACED, places, strict=True)}
    columns |= {f"growth_{slot}": np.exp(0.3 * np.full(1, value)) for slot, value in zip(PLACED, z, strict=True)}
    for values in growth_columns(columns, spreads, 0.0).values():
        np.testing.assert_allclose(values, 1.0)
    for slot, place in zip(PLACED, places, strict=True):
        if place == UNKNOWN or places.count(place) == 1:
            np.testing.assert_allclose(growth_columns(columns, spreads, 0.7)[f"organ_growth_{slot}"], 1.0)


def test_weights_of_each_kind_of_lesion_sum_to_one_and_bone_is_no_target() -> None:
    for kinds in ORGANS.shares.values():
        for name, weights in kinds.items():
            assert weights.sum() == pytest.approx(1.0, abs=0.011), name
        assert (np.isfinite(ORGANS.least_target_mm) | (kinds["target"] == 0.0)).all()
    assert organs.load_organs().names.index("BRAIN") == len(ORGANS.names) - 1
