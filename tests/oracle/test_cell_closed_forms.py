"""The reduced cell where mass action has a formula: single sites, homodimers, covalent inhibitors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.cell import cell_drug, cell_line, cell_numbers, quasi_steady
from her2sim.model.cell.dimer_equilibrium import free_monomers
from her2sim.model.parameters import ParameterSet

ALONE = {**cell_line("SK-BR-3").traits, "EGFR_per_cell": 0.0, "HER3_per_cell": 0.0, "HER4_per_cell": 0.0}


def numbers_with(**values: float) -> ParameterSet:
    known = cell_numbers()
    changed = {name: replace(known[name], value=value) for name, value in values.items()}
    return ParameterSet({**known.quantities, **changed}, known.sources)


@given(her2=st.floats(1e3, 1e7))
@settings(deadline=None, max_examples=25)
def test_homodimers_follow_the_quadratic(her2: float) -> None:
    k = cell_numbers().value("dimer_affinity_per_receptor")
    rest = quasi_steady({**ALONE, "HER2_per_cell": her2})
    free = (np.sqrt(1.0 + 8.0 * k * her2) - 1.0) / (4.0 * k)
    assert rest.dimers["HER2_HER2"][0] == pytest.approx(k * free**2, rel=1e-9)


def test_shares_in_dimers_are_those_that_set_the_affinity() -> None:
    rest = quasi_steady({**ALONE, "HER2_per_cell": np.array([1e6, 2e4])})  # type: ignore[dict-item]
    high, low = 2.0 * rest.dimers["HER2_HER2"] / rest.her2_surface
    assert 0.3 < high < 0.5
    assert 0.01 < low < 0.03


@given(level=st.floats(1e-3, 1e4), drug=st.sampled_from(["trastuzumab", "pertuzumab", "margetuximab"]))
@settings(deadline=None, max_examples=25)
def test_a_site_on_cells_that_stand_still_is_occupied_by_f_over_f_plus_kd(level: float, drug: str) -> None:
    still = numbers_with(endocytosis_per_day=1e-9, shedding_left_domain_IV=1.0, shedding_per_day=1e-9)
    acting = cell_drug(drug)
    rest = quasi_steady({**ALONE, "HER2_per_cell": 10.0}, [acting], {acting.id: level}, numbers=still)
    assert acting.kd_nM is not None
    assert rest.occupancy[acting.domains[0]][0] == pytest.approx(level / (level + acting.kd_nM.value), rel=1e-4)


def test_turnover_lowers_occupancy_at_low_concentration_as_in_target_mediated_disposition() -> None:
    """K_ss = K_d + k_loss / k_on replaces K_d (Gibiansky 2008, doi:10.1007/s10928-008-9102-8)."""
    v, acting = cell_numbers().value, cell_drug("pertuzumab")
    rest = quasi_steady({**ALONE, "HER2_per_cell": 10.0}, [acting], {"pertuzumab": 1.0})
    assert acting.kd_nM is not None
    loss = v("endocytosis_per_day") + v("shedding_per_day")
    half = acting.kd_nM.value + loss / v("antibody_association_per_nM_day")
    assert rest.occupancy["II"][0] == pytest.approx(1.0 / (1.0 + half), rel=1e-4)


@pytest.mark.parametrize("drug", ["lapatinib", "tucatinib", "neratinib"])
def test_half_of_the_kinases_are_free_at_the_ic50_or_at_ki_over_one_and_k_inact_over_renewal(drug: str) -> None:
    acting = cell_drug(drug)
    ic50 = dict(acting.pocket_nM)["HER2"].value
    if acting.inactivation_per_day is not None:
        v = cell_numbers().value
        lost, back = v("degradation_HER2_per_day"), v("recycling_HER2_per_day")
        renewal = v("endocytosis_per_day") * lost / (lost + back) * (1.0 + v("endocytosis_gain_covalent"))
        ic50 /= 1.0 + acting.inactivation_per_day.value / renewal
    rest = quasi_steady(ALONE, [acting], {acting.id: np.array([0.0, ic50, 9.0 * ic50])})
    np.testing.assert_allclose(rest.active["HER2"], [1.0, 0.5, 0.1], rtol=1e-12)


@given(
    totals=st.lists(st.floats(1.0, 1e7), min_size=4, max_size=4),
    strengths=st.lists(st.floats(0.0, 1e-4), min_size=10, max_size=10),
)
@settings(deadline=None, max_examples=50)
def test_free_monomers_and_dimers_add_up_to_all_receptors(totals: list[float], strengths: list[float]) -> None:
    pairs = np.zeros((1, 4, 4))
    rows, columns = np.triu_indices(4)
    pairs[0, rows, columns] = pairs[0, columns, rows] = strengths
    linear = np.ones((1, 4))
    x = free_monomers(np.array([totals]), linear, pairs)[0]
    held = x + (pairs[0] * (1.0 + np.eye(4)) * np.outer(x, x)).sum(axis=1)
    assert np.all(x > 0)
    np.testing.assert_allclose(held, totals, rtol=1e-8)
