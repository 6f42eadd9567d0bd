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

amounts = st.floats(1e-6, 3e3)
receptors = st.floats(1.0, 3e3)


def binding(amount_nM: dict[str, float], her2_nM: float) -> dict[str, float]:
    """All assigned variables of the module at given amounts outside the brain."""
    module = receptor_binding([load_drug(i) for i in amount_nM])
    values = {p.name: np.array(p.value) for p in module.parameters} | {"her2_nM": np.array(her2_nM)}
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


def test_before_the_first_dose_nothing_is_bound_even_if_the_solver_is_a_little_below_zero() -> None:
    for amount in (0.0, -1e-12):
        found = binding({"trastuzumab": amount, "trastuzumab_emtansine": 0.0}, 465.0)
        assert abs(found["theta_domain_IV_systemic"]) < 1e-9
