"""PK modules: names, units, mass balance, individual parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine.compile import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.drug import Drug
from her2sim.model.drug_file import all_drugs, load_drug, omega_matrix
from her2sim.model.module import assemble
from her2sim.model.pharmacokinetics import dose_state, pk_module
from her2sim.population.exposure import derived_covariates, individual_pk, typical_pk

ROUTES = [(drug, route) for drug in all_drugs() for route in drug.pk_by_route]


@pytest.mark.parametrize(("drug", "route"), ROUTES, ids=lambda x: x if isinstance(x, str) else x.id)
def test_module_is_closed_and_uses_the_shared_names(drug: Drug, route: str) -> None:
    module = pk_module(drug, "gastric", route)
    system = assemble("pk", [module])
    assert system.undefined() == []
    assert {f"C_{drug.id}_mg_per_L", f"Cm_{drug.id}_nM"} <= {port.name for port in module.gives}
    assert module.dose_targets == (dose_state(drug, route),)
    assert all(name in system.state_names for name in module.dose_targets)
    individual = individual_pk(drug, "gastric", {}, 1, np.arange(2), route=route)
    free = {name for name in system.parameter_names if not name.startswith("MM_")}
    assert free <= set(individual), "every PK parameter must be individual"
    assert set(individual) - free <= {f"F_{drug.id}", f"tlag_{drug.id}_day"}


def test_all_drugs_fit_into_one_model_without_a_name_clash() -> None:
    system = assemble("all", [pk_module(drug, "breast") for drug in all_drugs()])
    assert system.undefined() == []


@pytest.mark.parametrize("name", ["docetaxel", "paclitaxel", "trastuzumab"])
def test_with_elimination_switched_off_no_drug_is_lost(name: str) -> None:
    drug = load_drug(name)
    system = assemble("pk", [pk_module(drug, "breast")])
    off = [p for p in system.parameter_names if p.startswith((f"CL_{name}", f"Vmax_{name}"))]
    n = len(system.state_names)
    target = system.state_names.index(dose_state(drug))
    doses = DoseTable(np.array([0]), np.array([0.0]), np.array([target]), np.array([100.0]), np.array([0.04]))
    model = compile_model(system, varying=off, backend="reference")
    amounts = model.solve(np.zeros((1, len(off))), np.array([0.5, 5.0]), doses=doses, rtol=1e-9, atol=1e-9).values[0]
    assert amounts.shape == (2, n)
    assert amounts.sum(axis=1) == pytest.approx([100.0, 100.0], rel=1e-7)


def test_capecitabine_gives_its_fluorouracil_at_quasi_steady_state() -> None:
    """Urien 2005: molar flux CL12·C(parent) in, 66 L/h · C(5-FU) out."""
    drug = load_drug("capecitabine")
    system = assemble("pk", [pk_module(drug, "breast")])
    outputs = ("Cm_capecitabine_nM", "Cm_fluorouracil_of_capecitabine_nM")
    model = compile_model(system, varying=(), outputs=outputs, backend="reference")
    doses = DoseTable(np.array([0]), np.array([0.0]), np.array([0]), np.array([2000.0]), np.array([0.0]))
    parent, product = model.solve(np.zeros((1, 0)), np.array([0.1]), doses=doses).values[0, 0]
    assert product / parent == pytest.approx(12.9 / 66.0, rel=1e-9)


def test_individual_parameters_do_not_depend_on_who_else_is_simulated() -> None:
    drug = load_drug("pertuzumab")
    weights = np.linspace(45, 95, 40)
    many = individual_pk(drug, "breast", {"weight_kg": weights}, 7, np.arange(40))
    few = individual_pk(drug, "breast", {"weight_kg": weights[30:33]}, 7, np.arange(30, 33))
    for name, values in few.items():
        assert values.tolist() == many[name][30:33].tolist()


def test_random_effects_have_the_published_covariance() -> None:
    drug = load_drug("pertuzumab")
    found = individual_pk(drug, "breast", {}, 3, np.arange(6000))
    logs = np.stack([np.log(found[f"{n}_pertuzumab_{u}"]) for n, u in (("CL", "L_per_day"), ("V1", "L"), ("V2", "L"))])
    expected = omega_matrix(("CL", "V1", "V2"), drug.pk.omega)
    assert np.cov(logs) == pytest.approx(expected, abs=0.012)
    assert np.exp(logs[0].mean()) == pytest.approx(0.235, rel=0.03)


@settings(max_examples=30, deadline=None)
@given(weight=st.floats(40, 120), albumin=st.floats(20, 50), ast=st.floats(10, 200))
def test_clearance_of_trastuzumab_follows_the_published_equation(weight: float, albumin: float, ast: float) -> None:
    covariates = {
        "weight_kg": np.array([weight]),
        "albumin_g_per_L": np.array([albumin]),
        "ast_U_per_L": np.array([ast]),
        "liver_metastases": np.array([1.0]),
    }
    found = typical_pk(load_drug("trastuzumab"), "gastric", covariates, 1)["CL_trastuzumab_L_per_day"][0]
    expected = 0.176 * (weight / 66) ** 0.967 * (ast / 24) ** 0.205 * (albumin / 40) ** -0.998 * np.exp(0.152)
    assert found == pytest.approx(expected, rel=1e-12)


def test_missing_unknown_and_impossible_covariates_are_at_their_reference() -> None:
    drug = load_drug("T-DXd")
    plain = typical_pk(drug, "breast", {}, 1)
    odd = typical_pk(drug, "breast", {"sld_mm": np.array([0.0]), "albumin_g_per_L": np.array([np.nan])}, 1)
    assert plain == odd
    male = typical_pk(drug, "breast", {"female": np.array([0.0]), "japan": np.array([1.0])}, 1)
    ratio = male["CL_trastuzumab_deruxtecan_L_per_day"] / plain["CL_trastuzumab_deruxtecan_L_per_day"]
    assert ratio[0] == pytest.approx(1.174 * 0.903)


def test_bioavailability_stays_a_fraction() -> None:
    found = individual_pk(load_drug("trastuzumab"), "breast", {}, 5, np.arange(2000), route="sc")["F_trastuzumab"]
    assert found.max() == 1.0
    assert np.median(found) == pytest.approx(0.771, rel=0.02)


def test_a_column_that_is_given_is_not_overwritten() -> None:
    known = derived_covariates(
        {"weight_kg": np.array([70.0]), "height_cm": np.array([170.0]), "bsa_m2": np.array([2.0])}
    )
    assert known["bsa_m2"][0] == 2.0
