"""Tumor DNA in plasma: what sheds, how much, and that a level at balance is the level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.assembly import assemble_model, death_rates, modules_of
from her2sim.model.dimensions import dimension_faults
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.lesions import CLONES
from her2sim.model.modules.tumor_dna import tumor_dna, tumor_dna_name, tumor_dna_numbers
from her2sim.model.system import OdeSystem
from her2sim.study.laboratory.observed_line import observed_system

VALUE = tumor_dna_numbers().value
PER_DEATH = (
    VALUE("tumor_dna_per_death")
    * VALUE("tumor_cells_per_mL")
    / (math.log(2.0) / VALUE("tumor_dna_half_life_days") * VALUE("plasma_volume_L") * 1e3)
)
"""Genomes per mL of plasma for each mL of tumor that dies in a day."""


def level(drugs: list[str] | None = None, clone: str = "sensitive", **given_values: float) -> float:
    """Tumor DNA of a clone at given rates; all that is not given is 0, but growth goes on as without drugs."""
    loaded = [load_drug(name) for name in drugs or []]
    module = tumor_dna(death_rates(loaded))
    values = {parameter.name: np.array(parameter.value) for parameter in module.parameters}
    for port in module.takes:
        usual = 1.0 if port.name.startswith(("growth_sensitive", "growth_her2low", "space_")) else 0.0
        values[port.name] = np.array(given_values.get(port.name, usual))
    values |= {name: np.array(value) for name, value in given_values.items() if name in values}
    expanded = OdeSystem("alone", (), (), module.assignments).expanded()
    return float(evaluate([expanded[tumor_dna_name(clone)]], values)[0])


@given(st.floats(0.0, 500.0), st.floats(0.0, 500.0), st.floats(0.0, 0.2), st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_an_untreated_tumor_sheds_by_its_volume_whatever_its_growth(
    first: float, other: float, growth: float, room: float
) -> None:
    """As long as its spontaneous deaths are fewer than all deaths were measured to be."""
    growth = min(growth, 0.5 * VALUE("tumor_cell_death_per_day"))
    given_values = {"V_T1_sensitive_mL": first, "V_NT_sensitive_mL": other, "space_T1": room, "space_NT": room}
    given_values |= {"growth_rate_T1_per_day": growth, "growth_rate_NT_per_day": growth, "turnover": 1.0}
    found = level(None, "sensitive", **given_values)
    assert found == pytest.approx(PER_DEATH * VALUE("tumor_cell_death_per_day") * (first + other), rel=1e-9, abs=1e-12)


@given(st.floats(0.01, 500.0), st.floats(1.01, 20.0))
@settings(max_examples=30, deadline=None)
def test_more_tumor_is_more_tumor_dna_and_none_is_none(volume: float, factor: float) -> None:
    assert level(V_T1_sensitive_mL=factor * volume) > level(V_T1_sensitive_mL=volume) > level() == 0.0


def test_the_traces_that_a_solver_leaves_below_zero_shed_nothing() -> None:
    assert level(V_T1_sensitive_mL=-1e-12) == 0.0


def test_each_clone_sheds_its_own() -> None:
    assert level(V_T1_her2low_mL=5.0) == 0.0
    assert level(clone="her2low", V_T1_her2low_mL=5.0) > 0.0


def test_the_brain_lets_out_its_share() -> None:
    inside, outside = level(V_CNS_sensitive_mL=10.0), level(V_T1_sensitive_mL=10.0)
    assert inside / outside == pytest.approx(VALUE("tumor_dna_brain_share"), rel=1e-12)


def test_what_drugs_kill_adds_and_births_that_they_stop_take_away() -> None:
    volume, kill = 20.0, 0.03
    killed = level(["docetaxel"], V_T1_sensitive_mL=volume, chemo_kill_sensitive_systemic_per_day=kill)
    assert killed - level(V_T1_sensitive_mL=volume) == pytest.approx(PER_DEATH * kill * volume, rel=1e-9)
    slowed = level(V_T1_sensitive_mL=volume, growth_sensitive_systemic=0.25)
    assert slowed == pytest.approx(0.25 * level(V_T1_sensitive_mL=volume), rel=1e-9)


def test_without_shedding_there_is_none() -> None:
    removed = tumor_dna(death_rates([])).knock_outs["dna_shedding"]
    assert level(None, "sensitive", V_T1_sensitive_mL=100.0, **removed) == 0.0


def test_a_level_at_balance_is_within_two_percent_of_one_that_lags() -> None:
    """The longest published half-life, 2.5 hours, and deaths that fall by 10 % a day, faster than under any therapy."""
    fast, fall = math.log(2.0) / VALUE("tumor_dna_half_life_days"), 0.1
    slow = math.log(2.0) / tumor_dna_numbers()["tumor_dna_half_life_days"].high
    for clearance, most in ((fast, 0.004), (slow, 0.02)):
        days = np.linspace(5.0, 60.0, 50)
        # d/dt D = exp(-fall t) - clearance D has the exact course below, from balance at day 0
        lagging = np.exp(-fall * days) / (clearance - fall)
        lagging += (1.0 / clearance - 1.0 / (clearance - fall)) * np.exp(-clearance * days)
        assert np.max(np.abs(np.exp(-fall * days) / clearance / lagging - 1.0)) < most


@pytest.mark.parametrize("drugs", [(), ("docetaxel", "trastuzumab"), ("trastuzumab_deruxtecan",)])
def test_the_model_with_it_is_complete_its_units_fit_and_no_state_or_rate_is_another(drugs: tuple[str, ...]) -> None:
    routes = tuple((drug, "iv") for drug in drugs)
    modules, system = observed_system("breast", routes)
    plain = assemble_model([load_drug(drug) for drug in drugs], "breast", dict(routes))
    assert system.undefined() == []
    assert dimension_faults(system) == []
    assert system.state_names == (*plain.state_names, "soluble_HER2_nM")
    assert [state for state in system.states if state.name in plain.state_names] == list(plain.states)
    assert {port.name for module in modules for port in module.gives} >= {tumor_dna_name(clone) for clone in CLONES}


def test_death_rates_are_those_that_the_lesions_take() -> None:
    drugs = [load_drug(name) for name in ("trastuzumab_deruxtecan", "trastuzumab", "docetaxel")]
    modules = {module.name: module for module in modules_of(drugs, "breast", {drug.id: "iv" for drug in drugs})}
    for slot, by_clone in death_rates(drugs).items():
        taken = {port.name for port in modules[f"lesion.{slot}"].takes if port.unit == "1/day"}
        assert {name for names in by_clone.values() for name in names} == taken
