"""Payload in plasma: what comes in over what goes out, and how the release falls with the cycle."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.modules.plasma_payload import CYCLE, plasma_payload
from her2sim.model.parameters import load_parameters
from her2sim.study.observed_course import typical_course

VALUE = load_parameters().value
DRUG = "trastuzumab_deruxtecan"
PLASMA, INTACT = f"plasma_payload_{DRUG}_ng_per_mL", f"Cm_{DRUG}_nM"


def at_rest_nM(conjugate_nM: float, cycle: float) -> float:
    """Payload at which its rate is 0, from the rate at 0 and at 1 nM."""
    module = plasma_payload([load_drug(DRUG)], "breast")
    state = module.states[0]
    values = {parameter.name: np.array(parameter.value) for parameter in module.parameters}
    values |= {INTACT: np.array(conjugate_nM), CYCLE: np.array(cycle)}
    at_zero, at_one = (float(evaluate([state.rate], values | {state.name: np.array(x)})[0]) for x in (0.0, 1.0))
    return at_zero / (at_zero - at_one)


def test_at_rest_what_comes_in_goes_out() -> None:
    drug = load_drug(DRUG)
    released = VALUE("plasma_release_DXd_per_day") * 8.0 * drug.pk_for("iv").typical["V1"].value * 100.0
    assert at_rest_nM(100.0, 1.0) == pytest.approx(released / VALUE("plasma_clearance_DXd_L_per_day"), rel=1e-9)


def test_release_falls_by_a_power_of_the_cycle_and_at_once_after_the_first() -> None:
    first, second, fourth = (at_rest_nM(100.0, cycle) for cycle in (1.0, 2.0, 4.0))
    assert second / first == pytest.approx(0.83 * 2.0**-0.137, rel=1e-9)
    assert fourth / second == pytest.approx(2.0**-0.137, rel=1e-9)


def test_the_area_of_the_payload_follows_that_of_the_conjugate() -> None:
    """Clearance is linear, so the areas stand as the levels at rest do; a lost unit or a wrong volume would show."""
    course = typical_course(DRUG, "5.4 mg/kg", "5.4 mg/kg", 6, [PLASMA, INTACT], {CYCLE: 1.0})
    ratio = course.mean(6, PLASMA) / course.mean(6, INTACT)
    assert ratio == pytest.approx(at_rest_nM(1.0, 1.0) * VALUE("plasma_molar_mass_DXd_kg_per_mol"), rel=0.01)


def test_a_payload_whose_release_is_not_known_is_passed_over() -> None:
    assert plasma_payload([load_drug("T-DM1"), load_drug("trastuzumab")], "breast").states == ()
