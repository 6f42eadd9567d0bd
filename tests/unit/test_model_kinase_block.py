"""Covalent kinase inhibitors bond, outlast the drug and balance with renewal; reversible ones only compete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2sim.engine import OK, compile_model
from her2sim.model.drug_file import load_drug
from her2sim.model.expression import const, mul, sym
from her2sim.model.modules.kinase_block import active_kinase_name, bonded_kinase_name, kinase_block
from her2sim.model.system import OdeSystem, State
from her2sim.study.cell_and_patient import modules_alone

Floats = NDArray[np.float64]
COVALENT = ("neratinib", "pyrotinib", "afatinib")
SYSTEMIC = "systemic"
HALF_LIFE = np.log(2.0)


def block_of(drugs: Sequence[str]) -> OdeSystem:
    return modules_alone("kinases", [kinase_block([load_drug(drug) for drug in drugs])])


def number(system: OdeSystem, name: str) -> float:
    return next(p.value for p in system.parameters if p.name == name)


def course(
    system: OdeSystem, given_values: Mapping[str, float], days: Sequence[float] | Floats, wanted: Sequence[str]
) -> Floats:
    """(len(days), len(wanted)) values."""
    compiled = compile_model(system, varying=list(given_values), outputs=list(wanted))
    solved = compiled.solve(np.array([list(given_values.values())]), np.asarray(days), rtol=1e-9, atol=1e-11)
    assert np.all(solved.status == OK)
    return solved.values[0]


def fading(system: OdeSystem, drug: str, start: float, per_day: float) -> OdeSystem:
    """The same with a plasma concentration that falls from ``start``."""
    name = f"Cm_{drug}_nM"
    plasma = State(name, const(start), mul(-per_day, sym(name)), "nM")
    rest = tuple(p for p in system.parameters if p.name != name)
    return replace(system, states=(*system.states, plasma), parameters=rest)


def load(system: OdeSystem, drug: str, kinase: str, plasma: float, *, covalent: bool) -> float:
    """x: free drug over what fills half of the pockets."""
    free = plasma * number(system, f"{drug}_fraction_unbound")
    if any(p.name == f"{drug}_metabolite_activity" for p in system.parameters):
        free *= 1.0 + number(system, f"{drug}_metabolite_activity")
    half = number(system, f"{drug}_{'ki' if covalent else 'ic50'}_{kinase}_nM")
    return free / (number(system, "kinase_ic50_translation") * half)


def renewal(system: OdeSystem, kinase: str) -> float:
    lost, back = (number(system, f"{what}_{kinase}_per_day") for what in ("degradation", "recycling"))
    net = number(system, "endocytosis_per_day") * lost / (lost + back)
    return net * (1.0 + number(system, "endocytosis_gain_covalent")) if kinase == "HER2" else net


@pytest.mark.parametrize("kinase", ["HER2", "EGFR"])
@pytest.mark.parametrize("drug", COVALENT)
def test_at_rest_bonds_balance_renewal(drug: str, kinase: str) -> None:
    system = block_of([drug, "lapatinib"])
    found = course(
        system, {f"Cm_{drug}_nM": 60.0, "Cm_lapatinib_nM": 800.0}, [40.0], [active_kinase_name(kinase, SYSTEMIC)]
    )
    bonds = 1.0 + number(system, f"{drug}_inactivation_per_day") / renewal(system, kinase)
    covalent = load(system, drug, kinase, 60.0, covalent=True) * bonds
    reversible = load(system, "lapatinib", kinase, 800.0, covalent=False)
    assert found[0, 0] == pytest.approx(1.0 / (1.0 + covalent + reversible), rel=1e-6)


def test_two_covalent_drugs_share_the_kinases() -> None:
    system = block_of(["neratinib", "pyrotinib"])
    found = course(
        system, {"Cm_neratinib_nM": 40.0, "Cm_pyrotinib_nM": 90.0}, [40.0], [active_kinase_name("HER2", SYSTEMIC)]
    )
    loads = sum(
        load(system, drug, "HER2", plasma, covalent=True)
        * (1.0 + number(system, f"{drug}_inactivation_per_day") / renewal(system, "HER2"))
        for drug, plasma in (("neratinib", 40.0), ("pyrotinib", 90.0))
    )
    assert found[0, 0] == pytest.approx(1.0 / (1.0 + loads), rel=1e-6)


@given(plasma=st.floats(1.0, 1e4))
@settings(deadline=None, max_examples=8)
def test_without_renewal_kinases_are_lost_at_k_inact_c_over_ki_plus_c(plasma: float) -> None:
    system = block_of(["neratinib"])
    x = load(system, "neratinib", "HER2", plasma, covalent=True)
    pace = number(system, "neratinib_inactivation_per_day") * x / (1.0 + x)
    day = 1.0 / pace
    given_values = {"Cm_neratinib_nM": plasma, "degradation_HER2_per_day": 1e-9}
    found = course(system, given_values, [day], [bonded_kinase_name("HER2", SYSTEMIC)])
    assert found[0, 0] == pytest.approx(1.0 - np.exp(-1.0), rel=1e-5)


def test_bonds_outlast_the_drug_until_receptors_are_renewed_and_reversible_block_does_not() -> None:
    """A day's dose that is gone within minutes: what is left is the half-life of the receptor."""
    gone, hours = 2000.0, np.array([2.0, 4.0, 8.0]) / 24.0
    for kinase in ("HER2", "EGFR"):
        system = fading(block_of(["neratinib"]), "neratinib", 3e4, gone)
        bonded = course(system, {}, hours, [bonded_kinase_name(kinase, SYSTEMIC)])[:, 0]
        assert bonded[0] > 0.05
        np.testing.assert_allclose(np.diff(np.log(bonded)) / np.diff(hours), -renewal(system, kinase), rtol=1e-4)
    reversible = fading(block_of(["lapatinib"]), "lapatinib", 3e4, gone)
    left = course(reversible, {}, hours, [active_kinase_name("HER2", SYSTEMIC)])[:, 0]
    np.testing.assert_allclose(left, 1.0, atol=1e-6)


def test_a_covalent_drug_of_short_half_life_holds_more_at_the_trough_than_a_reversible_one_of_equal_mean() -> None:
    """Two hours of half-life, every day: the reason why such drugs are given once a day."""
    system = fading(block_of(["neratinib"]), "neratinib", 500.0, HALF_LIFE * 12.0)
    name = active_kinase_name("EGFR", SYSTEMIC)
    covalent = course(system, {}, [0.5], [name])[0, 0]
    no_bond = course(system, {"neratinib_inactivation_per_day": 0.0}, [0.5], [name])[0, 0]
    assert covalent < 0.6 < 0.9 < no_bond


@given(first=st.floats(0.0, 1e5), more=st.floats(1.01, 100.0))
@settings(deadline=None, max_examples=10)
def test_more_drug_leaves_less_kinase_and_shares_stay_shares(first: float, more: float) -> None:
    system = block_of(["pyrotinib"])
    names = [active_kinase_name("HER2", SYSTEMIC), bonded_kinase_name("HER2", SYSTEMIC)]
    days = [0.01, 0.1, 1.0, 10.0]
    low = course(system, {"Cm_pyrotinib_nM": first}, days, names)
    high = course(system, {"Cm_pyrotinib_nM": first * more}, days, names)
    assert np.all(high[:, 0] <= low[:, 0] + 1e-8)
    for found in (low, high):
        assert np.all((found >= 0.0) & (found <= 1.0))
        assert np.all(found.sum(axis=1) <= 1.0 + 1e-8)


def test_mutated_kinases_need_more_drug_by_the_ratio_of_their_bond() -> None:
    system = block_of(["neratinib", "tucatinib"])
    mutant = active_kinase_name("HER2", SYSTEMIC, "kinase_mutated")
    usual = active_kinase_name("HER2", SYSTEMIC)
    for drug, bond in (("neratinib", "covalent"), ("tucatinib", "reversible")):
        ratio = number(system, f"mutation_ic50_ratio_{bond}")
        other = "tucatinib" if drug == "neratinib" else "neratinib"
        shares = [
            course(system, {f"Cm_{drug}_nM": dose, f"Cm_{other}_nM": 0.0}, [40.0], [usual, mutant])[0]
            for dose in (50.0, 50.0 * ratio)
        ]
        assert shares[1][1] == pytest.approx(shares[0][0], rel=1e-6)
        assert shares[0][1] > shares[0][0]


def test_without_the_bond_a_covalent_drug_is_a_weak_reversible_one() -> None:
    module = kinase_block([load_drug("neratinib")])
    system = modules_alone("kinases", [module])
    assert set(module.knock_outs["covalent_bond"]) == {"neratinib_inactivation_per_day"}
    name = active_kinase_name("HER2", SYSTEMIC)
    known = {"Cm_neratinib_nM": 64.0}
    found = course(system, {**known, **module.knock_outs["covalent_bond"]}, [5.0], [name])[0, 0]
    assert found == pytest.approx(1.0 / (1.0 + load(system, "neratinib", "HER2", 64.0, covalent=True)), rel=1e-8)
    assert course(system, known, [5.0], [name])[0, 0] < found - 0.2
    assert course(system, {**known, **module.knock_outs["kinase_block"]}, [5.0], [name])[0, 0] == 1.0


def test_inhibitors_without_a_bond_need_no_state() -> None:
    assert not kinase_block([load_drug("lapatinib"), load_drug("tucatinib")]).states
    assert len(kinase_block([load_drug("neratinib"), load_drug("pyrotinib")]).states) == 6
