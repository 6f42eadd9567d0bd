"""What must hold for any cell and any dose of the reduced model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.model.cell import cell_drug, cell_line, quasi_steady
from her2sim.model.cell.growth import cell_growth

LEVELS = np.array([0.0, 0.03, 0.3, 3.0, 30.0, 300.0])
cells = st.fixed_dictionaries(
    {
        "EGFR_per_cell": st.floats(0.0, 3e5),
        "HER2_per_cell": st.floats(1e3, 3e6),
        "HER3_per_cell": st.floats(0.0, 1e5),
        "HER4_per_cell": st.floats(0.0, 2e4),
        "p95HER2_per_cell": st.sampled_from([0.0, 1e5]),
        "EGF_nM": st.floats(0.0, 10.0),
        "NRG_nM": st.floats(0.0, 10.0),
        "pik3ca_mutated": st.sampled_from([0.0, 1.0]),
        "pten_level": st.floats(0.3, 1.0),
        "kinase_mutated": st.sampled_from([0.0, 1.0]),
        "ras_drive": st.floats(0.0, 1.0),
        "igf1r_drive": st.floats(0.0, 0.5),
    }
)
LINE = cell_line("SK-BR-3").traits


@given(cell=cells, drug=st.sampled_from(["trastuzumab", "pertuzumab", "tucatinib", "neratinib", "zanidatamab"]))
@settings(deadline=None, max_examples=30)
def test_every_cell_comes_to_rest_between_its_bounds(cell: dict[str, float], drug: str) -> None:
    acting = cell_drug(drug)
    rest = quasi_steady(cell, [acting], {acting.id: LEVELS})
    for share in (rest.akt, rest.erk, *rest.occupancy.values(), *rest.active.values()):
        assert np.all((share >= 0.0) & (share <= 1.0))
    assert rest.akt[0] == pytest.approx(rest.akt_untreated[0], rel=1e-8)
    assert rest.her2_surface[0] == pytest.approx(cell["HER2_per_cell"], rel=1e-8)
    assert all(np.all(dimers >= 0.0) for dimers in rest.dimers.values())


@given(cell=cells, drug=st.sampled_from(["trastuzumab", "lapatinib"]))
@settings(deadline=None, max_examples=20)
def test_more_drug_never_means_more_akt(cell: dict[str, float], drug: str) -> None:
    rest = quasi_steady({**cell, "kinase_mutated": 0.0}, [cell_drug(drug)], {drug: LEVELS})
    assert np.all(np.diff(rest.akt) <= 1e-6)


def test_antibodies_of_one_domain_compete_and_add_nothing_where_it_is_full() -> None:
    both = [cell_drug("trastuzumab"), cell_drug("margetuximab")]
    one = quasi_steady(LINE, both, {"trastuzumab": 60.0, "margetuximab": 0.0})
    mixed = quasi_steady(LINE, both, {"trastuzumab": 30.0, "margetuximab": 30.0})
    assert mixed.occupancy["IV"] == pytest.approx(one.occupancy["IV"], rel=1e-8)
    assert mixed.akt == pytest.approx(one.akt, rel=1e-8)
    assert mixed.internalization["trastuzumab"] == pytest.approx(0.5 * one.internalization["trastuzumab"], rel=1e-6)


def test_pertuzumab_matters_most_with_neuregulin_and_trastuzumab_without() -> None:
    """Junttila 2009 (doi:10.1016/j.ccr.2009.03.020): trastuzumab breaks ligand-free HER2-HER3, pertuzumab the other."""
    fall: dict[tuple[str, float], float] = {}
    for drug in ("trastuzumab", "pertuzumab"):
        for ligand in (0.0, 20.0):
            rest = quasi_steady({**LINE, "NRG_nM": ligand}, [cell_drug(drug)], {drug: 300.0})
            dimers = rest.dimers["HER2_HER3"] + rest.dimers["HER2_HER3N"]
            bare = quasi_steady({**LINE, "NRG_nM": ligand}).dimers
            fall[drug, ligand] = float(dimers[0] / (bare["HER2_HER3"] + bare["HER2_HER3N"])[0])
    assert fall["trastuzumab", 0.0] < fall["pertuzumab", 0.0]
    assert fall["pertuzumab", 20.0] < fall["trastuzumab", 20.0]


def test_chaining_takes_her2_away_in_high_cells_not_in_low_ones_and_is_lost_at_excess() -> None:
    drug = cell_drug("zanidatamab")
    her2 = np.array([1e6, 1e6, 2e4])
    rest = quasi_steady({**LINE, "HER2_per_cell": her2}, [drug], {drug.id: np.array([10.0, 1e5, 10.0])})  # type: ignore[dict-item]
    left = rest.her2_surface / her2
    assert left[0] < 0.8 < left[2]
    assert left[1] > left[0]


def test_inhibitors_move_surface_her2_apart_and_raise_her3() -> None:
    stays = quasi_steady(LINE, [cell_drug("lapatinib")], {"lapatinib": 1000.0})
    goes = quasi_steady(LINE, [cell_drug("neratinib")], {"neratinib": 100.0})
    assert stays.her2_surface[0] > LINE["HER2_per_cell"] > goes.her2_surface[0]
    assert stays.her3_surface[0] > 1.5 * LINE["HER3_per_cell"]


def test_mutations_of_pi3k_and_of_the_kinase_resist() -> None:
    def akt_left(drug: str, level: float, **traits: float) -> float:
        rest = quasi_steady({**LINE, **traits}, [cell_drug(drug)], {drug: level})
        return float(rest.akt[0] / rest.akt_untreated[0])

    assert akt_left("trastuzumab", 100.0, pik3ca_mutated=1.0) > akt_left("trastuzumab", 100.0)
    assert akt_left("trastuzumab", 100.0, pten_level=0.4) > akt_left("trastuzumab", 100.0)
    assert akt_left("lapatinib", 100.0, kinase_mutated=1.0) > akt_left("lapatinib", 100.0) + 0.3
    assert akt_left("neratinib", 10.0, kinase_mutated=1.0) < akt_left("lapatinib", 100.0, kinase_mutated=1.0)


def test_shedding_stops_under_trastuzumab_and_p95_falls_with_it() -> None:
    rest = quasi_steady({**LINE, "p95HER2_per_cell": 1e5}, [cell_drug("trastuzumab")], {"trastuzumab": [0.0, 1000.0]})  # type: ignore[dict-item]
    assert rest.shedding[1] < 0.01 * rest.shedding[0]
    assert rest.dimers["p95_p95"][1] < rest.dimers["p95_p95"][0]


def test_growth_falls_with_akt_and_viability_is_a_share() -> None:
    rest = quasi_steady(LINE, [cell_drug("lapatinib")], {"lapatinib": LEVELS})
    growth = cell_growth(rest, 2.0)
    assert growth.net_per_day[0] == pytest.approx(np.log(2.0) / 2.0)
    assert np.all(np.diff(growth.net_per_day) < 0)
    assert growth.net_per_day[-1] < 0
    assert np.all((growth.viability > 0) & (growth.viability <= 1))


@pytest.mark.parametrize(
    ("cell", "doses"),
    [
        ({"HER2_per_cell": -1.0}, {"trastuzumab": 1.0}),
        ({"EGFR_per_cell": float("nan")}, {"trastuzumab": 1.0}),
        ({"pten_level": 0.0}, {"trastuzumab": 1.0}),
        ({}, {"trastuzumab": -1.0}),
        ({}, {}),
    ],
)
def test_impossible_cells_and_doses_are_refused(cell: dict[str, float], doses: dict[str, float]) -> None:
    with pytest.raises(InputError):
        quasi_steady({**LINE, **cell}, [cell_drug("trastuzumab")], doses)
