"""Binding: mass is conserved, antibodies compete, nothing is occupied beyond 100 %."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.modules.receptor_binding import receptor_binding
from her2sim.model.modules.tumor_her2 import her2_amount_name

amounts = st.floats(1e-6, 3e3)
receptors = st.floats(1.0, 3e3)


def binding(amount_nM: dict[str, float], her2_nM: float) -> dict[str, float]:
    """All assigned variables of the module at given amounts outside the brain."""
    module = receptor_binding([load_drug(i) for i in amount_nM])
    values = {p.name: np.array(p.value) for p in module.parameters}
    values |= {her2_amount_name(site): np.array(her2_nM) for site in ("systemic", "cns")}
    for drug, amount in amount_nM.items():
        values |= {f"L_{drug}_{site}_nM": np.array(amount) for site in ("systemic", "cns")}
    done = dict[str, object]()
    for item in module.assignments:
        done[item.name] = substitute([item.expr], done)[0]  # type: ignore[arg-type]
    return {name: float(x) for name, x in zip(done, evaluate(done.values(), values), strict=True)}  # type: ignore[arg-type]


@given(amount=amounts, her2=receptors)
def test_free_and_bound_sum_to_the_amount_at_equilibrium(amount: float, her2: float) -> None:
    found = binding({"trastuzumab": amount}, her2)
    free, theta = found["f_trastuzumab_systemic_nM"], found["theta_trastuzumab_systemic"]
    assert 0.24 * free + her2 * theta == pytest.approx(amount, rel=1e-9)
    assert theta == pytest.approx(free / (free + 0.3), rel=1e-5)


@given(first=amounts, second=amounts, her2=receptors)
def test_two_antibodies_of_one_epitope_never_fill_more_than_the_receptors(
    first: float, second: float, her2: float
) -> None:
    found = binding({"trastuzumab": first, "trastuzumab_emtansine": second}, her2)
    together = found["theta_trastuzumab_systemic"] + found["theta_trastuzumab_emtansine_systemic"]
    assert together <= 1.0 + 1e-9
    assert together == pytest.approx(found["theta_domain_IV_systemic"])
    assert together == pytest.approx(
        binding({"trastuzumab": first + second}, her2)["theta_domain_IV_systemic"], rel=1e-6
    )


@given(amount=st.floats(10.0, 1e3), her2=receptors)
def test_a_rival_of_the_same_epitope_displaces_and_one_of_another_does_not(amount: float, her2: float) -> None:
    alone = binding({"trastuzumab": amount}, her2)["theta_trastuzumab_systemic"]
    rival = binding({"trastuzumab": amount, "trastuzumab_deruxtecan": amount}, her2)
    assert rival["theta_trastuzumab_systemic"] < alone or alone * her2 == pytest.approx(amount, rel=0.2)
    partner = binding({"trastuzumab": amount, "pertuzumab": amount}, her2)
    assert partner["theta_trastuzumab_systemic"] == alone


@given(chains=amounts, four=st.floats(0.0, 3e3), two=st.floats(0.0, 3e3), her2=receptors)
def test_beside_rivals_no_arm_is_free_and_bound_at_once_and_no_domain_overfull(
    chains: float, four: float, two: float, her2: float
) -> None:
    found = binding({"zanidatamab": chains, "trastuzumab": four, "pertuzumab": two}, her2)
    held = {d: found[f"theta_{d}_systemic"] for d in ("zanidatamab", "trastuzumab", "pertuzumab")}
    for drug, amount in (("zanidatamab", chains), ("trastuzumab", four), ("pertuzumab", two)):
        assert 0.24 * found[f"f_{drug}_systemic_nM"] + her2 * held[drug] == pytest.approx(amount, rel=1e-9, abs=1e-9)
    arms = {d: found[f"theta_biparatopic_{d}_systemic"] for d in ("domain_IV", "domain_II")}
    assert arms["domain_IV"] + held["trastuzumab"] <= 1.0 + 1e-9
    assert arms["domain_II"] + held["pertuzumab"] <= 1.0 + 1e-9
    assert held["zanidatamab"] == pytest.approx(max(arms.values()), rel=1e-9, abs=1e-12)


def test_a_biparatopic_antibody_without_rivals_binds_as_in_a_pool_of_its_own() -> None:
    alone = binding({"zanidatamab": 200.0}, 465.0)["theta_biparatopic_systemic"]
    beside = binding({"zanidatamab": 200.0, "trastuzumab": 0.0}, 465.0)["theta_biparatopic_systemic"]
    assert beside == pytest.approx(alone, rel=1e-9)
    assert binding({"zanidatamab": 200.0, "trastuzumab": 400.0}, 465.0)["theta_biparatopic_domain_IV_systemic"] < alone


def test_before_the_first_dose_nothing_is_bound_even_if_the_solver_is_a_little_below_zero() -> None:
    for amount in (0.0, -1e-12):
        found = binding({"trastuzumab": amount, "trastuzumab_emtansine": 0.0}, 465.0)
        assert abs(found["theta_domain_IV_systemic"]) < 1e-9
