"""Soluble HER2: what sheds, what stops it, and how fast it goes; the law of rest in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.dimensions import dimension_faults
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.modules.soluble_her2 import soluble_her2
from her2sim.model.parameters import load_parameters
from her2sim.model.system import OdeSystem
from her2sim.population.patients import Patients
from her2sim.study.observed_course import observed_model, soluble_before

VALUE = load_parameters().value
FREE, BOUND = (math.log(2.0) / VALUE(f"soluble_her2_{which}half_life_days") for which in ("", "bound_"))
NO_RESISTANCE = {
    name: 0.0 for name in load_parameters().quantities if name.startswith("fraction_") and "dead" not in name
}
volume = st.floats(0.0, 400.0)


def level(**columns: float) -> float:
    table = {name: np.array([value]) for name, value in {**NO_RESISTANCE, **columns}.items()}
    return float(soluble_before(Patients(np.arange(1), table))[0])


def rate(drugs: list[str], soluble_nM: float, plasma_nM: float, covered: float, volume_mL: float = 0.0) -> float:
    """Change of the ectodomain per day at given occupancies, in nM."""
    module = soluble_her2([load_drug(name) for name in drugs])
    values = {parameter.name: np.array(parameter.value) for parameter in module.parameters}
    for port in module.takes:
        given = {"Cm_": plasma_nM, "theta": covered, "her2_": 500.0, "V_T1_sensitive": volume_mL}
        values[port.name] = np.array(next((x for start, x in given.items() if port.name.startswith(start)), 0.0))
    values["soluble_HER2_nM"] = np.array(soluble_nM)
    expanded = OdeSystem("alone", module.states, (), module.assignments).expanded()
    return float(evaluate(substitute([module.states[0].rate], expanded), values)[0])


@given(first=volume, nontarget=volume, log10=st.floats(4.0, 7.0))
@settings(max_examples=25, deadline=None)
def test_before_therapy_it_is_shedding_over_clearance_above_the_level_of_the_healthy(
    first: float, nontarget: float, log10: float
) -> None:
    empty = {"V0_T2_mL": 0.0, "V0_T3_mL": 0.0, "V0_OC_mL": 0.0}
    found = level(V0_T1_mL=first, V0_NT_mL=nontarget, her2_log10_per_cell=log10, **empty)
    her2 = VALUE("her2_nM_per_million") * 10.0 ** (log10 - 6.0)
    shed = VALUE("her2_shedding_per_day") * her2 * (first + nontarget) * 1e-3 / VALUE("soluble_her2_volume_L")
    expected = VALUE("soluble_her2_normal_ng_per_mL") + shed / FREE * VALUE("soluble_her2_molar_mass_kg_per_mol")
    assert found == pytest.approx(expected, rel=1e-9)


def test_lesions_in_the_brain_and_cells_with_little_her2_add_little() -> None:
    assert level(V0_CNS_mL=100.0) == level(V0_CNS_mL=0.0)
    assert level(fraction_her2low=0.9) < 0.5 * level()


def test_it_is_at_rest_in_healthy_people() -> None:
    normal = VALUE("soluble_her2_normal_ng_per_mL") / VALUE("soluble_her2_molar_mass_kg_per_mol")
    assert rate([], normal, 0.0, 0.0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("drug", ["trastuzumab", "zanidatamab", "trastuzumab_deruxtecan"])
def test_an_antibody_of_domain_IV_stops_shedding_and_holds_what_is_there(drug: str) -> None:
    assert rate([drug], 1.0, 1e9, 1.0, volume_mL=100.0) == pytest.approx(-BOUND, rel=1e-6)


def test_an_antibody_of_domain_II_holds_it_without_stopping_shedding() -> None:
    without, under = rate([], 1.0, 0.0, 0.0, 100.0), rate(["pertuzumab"], 1.0, 1e9, 1.0, 100.0)
    assert under - without == pytest.approx(FREE - BOUND, rel=1e-6)


def test_two_antibodies_of_one_epitope_hold_no_more_than_their_sum() -> None:
    """Counted as independent epitopes they would hold more of the ectodomain than the sites that it has."""
    one = rate(["trastuzumab"], 1.0, 2.0, 0.5)
    both = rate(["trastuzumab", "trastuzumab_emtansine"], 1.0, 1.0, 0.5)
    assert both == pytest.approx(one, rel=1e-9)


@pytest.mark.parametrize("drugs", [(), ("trastuzumab", "pertuzumab"), ("trastuzumab_deruxtecan",), ("zanidatamab",)])
def test_the_model_with_it_is_complete_and_its_units_fit(drugs: tuple[str, ...]) -> None:
    system = observed_model(drugs)
    assert system.undefined() == []
    assert dimension_faults(system) == []
