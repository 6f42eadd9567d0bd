"""The ODE modules against the closed forms of linear compartments (Gibaldi & Perrier 1982)."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.engine.compile import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.closed_form import absorbed, bolus, disposition, infusion, superposed
from her2sim.model.drug_file import all_drugs, load_drug
from her2sim.model.module import assemble
from her2sim.model.pharmacokinetics import dose_state, pk_module, typical_values

LINEAR = [
    (drug.id, route)
    for drug in all_drugs()
    for route, pk in drug.pk_by_route.items()
    if not {"Vmax", "CLmax"} & set(pk.typical)
]


@pytest.mark.parametrize(("name", "route"), LINEAR)
def test_ode_of_linear_drugs_follows_the_closed_form_after_three_doses(name: str, route: str) -> None:
    drug = load_drug(name)
    pk = drug.pk_for(route)
    values = {key: quantity.value for key, quantity in typical_values(pk, "breast").items()}
    model = disposition(values)
    step = min(2.0 * model.half_life_days, 21.0)
    starts, amounts = step * np.arange(3), np.array([100.0, 50.0, 50.0])
    duration = 0.0 if pk.depot_routes else min(pk.infusion_days, step / 2)
    days = np.linspace(0.013 * step, 4 * step, 41)
    expected = superposed(model, amounts, starts, days, duration_days=duration, ka_per_day=values.get("ka"))
    system = assemble("pk", [pk_module(drug, "breast", route)])
    target = system.state_names.index(dose_state(drug, route))
    doses = DoseTable(
        np.zeros(3, dtype=np.int64), starts, np.full(3, target, dtype=np.int64), amounts, np.full(3, duration)
    )
    solver = compile_model(system, varying=(), outputs=(f"C_{drug.id}_mg_per_L",), backend="reference")
    found = solver.solve(np.zeros((1, 0)), days, doses=doses, rtol=1e-10, atol=1e-13).values[0, :, 0]
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9 * expected.max())


def test_area_under_a_bolus_is_dose_over_clearance() -> None:
    values = {"CL": 3.0, "V1": 5.0, "Q2": 2.0, "V2": 7.0, "Q3": 0.5, "V3": 40.0}
    model = disposition(values)
    assert 10.0 * float(np.sum(model.weights / model.rates)) == pytest.approx(10.0 / 3.0, rel=1e-12)
    assert float(model.weights.sum()) == pytest.approx(1 / 5.0, rel=1e-12)


def test_two_compartments_have_the_textbook_hybrid_rates() -> None:
    k10, k12, k21 = 1.3, 0.7, 0.4
    model = disposition({"CL": k10 * 3.0, "V1": 3.0, "Q2": k12 * 3.0, "V2": k12 * 3.0 / k21})
    total, product = k10 + k12 + k21, k10 * k21
    root = np.sqrt(total**2 - 4 * product)
    assert model.rates == pytest.approx([(total - root) / 2, (total + root) / 2], rel=1e-12)


def test_a_short_infusion_becomes_a_bolus() -> None:
    model = disposition({"CL": 3.0, "V1": 5.0, "Q2": 2.0, "V2": 7.0})
    days = np.linspace(0.1, 5, 20)
    assert infusion(model, 10.0, 1e-9, days) == pytest.approx(bolus(model, 10.0, days), rel=1e-8)


def test_absorption_is_smooth_where_ka_equals_the_elimination_rate() -> None:
    """The textbook formula divides by ka - k; at equality the limit is D/V · k t e^(-k t)."""
    model = disposition({"CL": 2.0, "V1": 4.0})
    days = np.linspace(0.0, 10.0, 11)
    limit = 10.0 / 4.0 * 0.5 * days * np.exp(-0.5 * days)
    assert absorbed(model, 10.0, 0.5, days) == pytest.approx(limit, rel=1e-12)
    assert absorbed(model, 10.0, 0.5 + 1e-9, days) == pytest.approx(limit, rel=1e-7)


def test_saturable_elimination_has_no_closed_form() -> None:
    with pytest.raises(InputError, match="nonlinear"):
        disposition({"Vmax": 1.0, "Km": 1.0, "V1": 1.0})
