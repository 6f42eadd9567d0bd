"""The populations against figures of the papers that they were written from, and closed forms behind the sampler."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.model.parameters import load_parameters
from her2sim.population.composition import compose
from her2sim.population.copula import nearest_correlation
from her2sim.population.patients import Patients
from her2sim.population.plan import SamplingPlan, plan_sampling
from her2sim.population.sample import draw_patients
from her2sim.population.specification import load_specification, quantities

NUMBERS = load_parameters().quantities
BREAST = load_specification("breast", "metastatic-2L")
EARLY = load_specification("breast", "adjuvant")
GASTRIC = load_specification("gastric", "metastatic-1L")


def sample(plan: SamplingPlan, n: int = 8000) -> Patients:
    return draw_patients(plan, seed=11, ids=range(n)).patients


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.4, 0.9])
def test_quadrant_probability_as_in_Sheppard1899(rho: float) -> None:
    # P(z1 > 0, z2 > 0) = 1/4 + asin(rho) / (2 pi): the cells of the population before any matching
    half = np.array([0.5, 0.5])
    halves = np.array([-np.inf, 0.0, np.inf])
    mix = compose(("a", "b"), np.array([[1.0, rho], [rho, 1.0]]), [halves, halves], [half, half])
    assert mix.shares[-1] == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=2e-4)


def test_octant_probability_of_three_scores_as_in_David1953() -> None:
    rho = np.array([[1.0, 0.3, 0.2], [0.3, 1.0, -0.4], [0.2, -0.4, 1.0]])
    halves, half = np.array([-np.inf, 0.0, np.inf]), np.array([0.5, 0.5])
    mix = compose(("a", "b", "c"), rho, [halves] * 3, [half] * 3)
    expected = 1 / 8 + (np.arcsin(0.3) + np.arcsin(0.2) + np.arcsin(-0.4)) / (4 * np.pi)
    assert mix.shares[-1] == pytest.approx(expected, abs=6e-4)


def test_nearest_correlation_matrix_as_in_Higham2002() -> None:
    given = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    published = np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]])
    np.testing.assert_allclose(nearest_correlation(given), published, atol=1e-4)


def test_brain_metastases_by_receptor_status_as_in_PMID40163696() -> None:
    # 60-month incidence 23 % HR+/HER2+ and 34 % HR-/HER2+: the copula's correlation must give their ratio, 0.68
    mix = plan_sampling(BREAST, NUMBERS, {"hr_positive_pct": 69.0, "brain_mets_pct": 26.4})
    hr = mix.composition.names.index("hr_positive")
    brain = mix.composition.names.index("brain_metastases")
    shares, low = mix.composition.shares, mix.composition.low

    def risk(positive: bool) -> float:
        of_status = np.isfinite(low[:, hr]) == positive
        return float(shares[of_status & np.isfinite(low[:, brain])].sum() / shares[of_status].sum())

    assert risk(True) == pytest.approx(0.23, abs=0.015)
    assert risk(False) == pytest.approx(0.34, abs=0.02)


def test_covariates_outside_asia_as_in_Lu2014() -> None:
    patients = sample(plan_sampling(BREAST, NUMBERS, {"asia_pct": 0, "female_pct": 100}))
    assert np.percentile(patients["weight_kg"], [5, 50, 95]) == pytest.approx([49, 70, 98], rel=0.03)
    assert np.percentile(patients["albumin_g_per_L"], [5, 50, 95]) == pytest.approx([33, 41, 48], rel=0.03)
    assert np.percentile(patients["ast_U_per_L"], [50, 95]) == pytest.approx([27, 64], rel=0.06)


def test_weight_of_a_mixed_asian_and_western_cohort_as_in_Yin2021() -> None:
    # 639 patients, mostly from Asia: median 57.8 kg, nine tenths between about 39 and 86 kg
    patients = sample(plan_sampling(BREAST, NUMBERS, {"asia_pct": 70}))
    assert np.median(patients["weight_kg"]) == pytest.approx(57.8, rel=0.03)
    assert np.percentile(patients["weight_kg"], [5, 95]) == pytest.approx([39, 86], rel=0.1)


def test_fcgr3a_genotypes_as_in_B31_are_in_Hardy_Weinberg_proportion() -> None:
    patients = sample(plan_sampling(BREAST, NUMBERS))
    shares = np.bincount(patients["fcgr3a_genotype"].astype(int)) / len(patients)
    assert shares == pytest.approx([0.46, 0.42, 0.12], abs=0.02)
    v = (2 * shares[2] + shares[1]) / 2
    assert shares == pytest.approx([(1 - v) ** 2, 2 * v * (1 - v), v**2], abs=0.03)


def test_her2_heterogeneity_of_breast_as_in_Filho2021_and_of_gastric_as_in_Yagi2019() -> None:
    # heterogeneous: more than 12 % HER2-low cells; 16 of 157 breast cancers, 53 of 87 gastric cancers
    breast = sample(plan_sampling(BREAST, NUMBERS))
    gastric = sample(plan_sampling(GASTRIC, NUMBERS))
    assert np.mean(breast["fraction_her2low"] > 0.12) == pytest.approx(16 / 157, abs=0.04)
    assert np.mean(gastric["fraction_her2low"] > 0.12) == pytest.approx(53 / 87, abs=0.07)


def test_her2_per_cell_of_ihc3_tumors_as_in_Scheuher2024() -> None:
    patients = sample(plan_sampling(BREAST, NUMBERS))
    assert np.median(patients["her2_log10_per_cell"][patients["ihc3"] == 1]) == pytest.approx(6.0, abs=0.03)


def test_size_of_resected_tumors_as_in_N9831_and_B31() -> None:
    patients = sample(plan_sampling(EARLY, NUMBERS))
    assert np.mean(patients["primary_mm"] <= 20) == pytest.approx(0.39, abs=0.025)
    assert np.mean(patients["primary_mm"] > 40) == pytest.approx(0.15, abs=0.025)


@pytest.mark.parametrize("specification", [BREAST, GASTRIC, EARLY], ids=lambda s: s.name)
def test_every_number_of_a_population_has_a_unit_and_a_home(specification: object) -> None:
    for quantity in quantities(specification):  # pyright: ignore[reportArgumentType]
        assert quantity.unit, quantity.name
        assert quantity.source == "assumed" or quantity.source in specification.sources, quantity.name  # pyright: ignore
        assert not (quantity.read and quantity.source == "assumed"), f"{quantity.name} cannot be read and assumed"
