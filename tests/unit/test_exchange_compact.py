"""The compact form of a large model: other programs get through it, and it comes back as the model that left."""

from __future__ import annotations

import re

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.exchange import read_sbml, sbml_of_antimony, to_antimony, to_sbml
from her2sim.exchange.compact import MOST_TERMS, written_out
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import load_drug
from her2sim.model.expression import ONE, TIME, call, exp, hill, sym
from her2sim.model.system import Assignment, Event, OdeSystem, Parameter, State

x, k, slow = sym("x"), sym("k"), sym("slow")
SMALL = OdeSystem(
    "small",
    (State("x", 2.0 * slow, sym("in") - sym("out")), State("level", ONE, 0.0 * k)),
    (Parameter("k", 0.3, "1/day"), Parameter("base", 0.7), Parameter("formula_of_out", 1.1)),
    (
        Assignment("slow", call("max", k * sym("base"), 0.1), "1/day"),
        Assignment("slower", slow / (1.0 + slow), "1/day"),
        Assignment("in", slow * exp(-0.1 * TIME) * sym("formula_of_out")),
        Assignment("seen", hill(x, sym("base"), 1.5)),
        Assignment("out", sym("seen") * (k + sym("seen") * sym("slower"))),
        Assignment("moved", sym("level") * 2.0),
    ),
)
TIMES = np.linspace(0.0, 20.0, 9)


def course(system: OdeSystem, **varied: float) -> np.ndarray:
    model = compile_model(system, varying=tuple(varied), outputs=("x", "seen", "out", "slower"))
    return model.solve(np.array([list(varied.values())]), TIMES, rtol=1e-10, atol=1e-13).values[0]


def test_constants_are_numbers_and_what_uses_a_variable_twice_is_a_function() -> None:
    text = to_sbml(SMALL, compact=True)
    rules = set(re.findall(r'assignmentRule variable="(\w+)"', text))
    assert rules == {"in", "seen", "out", "moved"}
    assert re.findall(r'functionDefinition id="(\w+)"', text) == ["formula_of_out_"]  # the other name is taken
    assert float(re.search(r'id="slow" value="([^"]+)"', text)[1]) == pytest.approx(0.21)  # pyright: ignore


@pytest.mark.parametrize("varied", [{}, {"k": 0.9}, {"k": 0.05, "base": 1.3}])
def test_a_model_read_again_follows_parameters_that_differ(varied: dict[str, float]) -> None:
    back = read_sbml(to_sbml(SMALL, compact=True)).system
    assert {a.name for a in back.assignments} == {a.name for a in SMALL.assignments}
    np.testing.assert_allclose(course(back, **varied), course(SMALL, **varied), rtol=1e-8)


def test_a_number_that_another_program_has_changed_counts() -> None:
    text = to_sbml(SMALL, compact=True)
    changed = re.sub(r'(id="k" value=")[^"]+', r"\g<1>0.6", text)
    back = read_sbml(changed)
    warned = {f.place for f in back.report.of("warning") if f.construct == "parameter"}
    assert warned == {"slow"}  # slower is still what it says, of the slow that stands there
    held = {p.name: p.value for p in back.system.parameters}
    assert (held["k"], held["slow"]) == (0.6, pytest.approx(0.21))


def test_what_an_event_changes_is_no_constant() -> None:
    jump = Event("jump", call("ge", TIME, 3.0), (("k", 2.0 * k),))
    system = OdeSystem("m", SMALL.states, SMALL.parameters, SMALL.assignments, (jump,))
    text = to_sbml(system, compact=True)
    assert {"slow", "slower"} <= set(re.findall(r'assignmentRule variable="(\w+)"', text))


def test_a_small_model_is_written_as_it_is() -> None:
    assert written_out(SMALL) < MOST_TERMS
    assert to_sbml(SMALL) == to_sbml(SMALL, compact=False) != to_sbml(SMALL, compact=True)


def test_a_regimen_with_receptors_is_written_in_its_compact_form_and_reads_back_the_same() -> None:
    system = assemble_model([load_drug("trastuzumab")], "breast", {"trastuzumab": "iv"})
    assert written_out(system) > 1e20
    names, days = ("NRG_nM", "her2_log10_per_cell"), np.linspace(0.0, 120.0, 7)
    table = np.array([[0.5, 6.2], [5.0, 5.5]])

    def volumes(of: OdeSystem) -> np.ndarray:
        wanted = tuple(name for name in system.state_names if name.startswith(("V_T1", "AKT")))
        return compile_model(of, varying=names, outputs=wanted).solve(table, days, rtol=1e-9, atol=1e-12).values

    back = read_sbml(to_sbml(system)).system
    assert {a.name for a in back.assignments} == {a.name for a in system.assignments}
    np.testing.assert_allclose(volumes(back), volumes(system), rtol=1e-7)


def test_antimony_keeps_the_course_of_the_compact_form() -> None:
    back = read_sbml(sbml_of_antimony(to_antimony(SMALL, compact=True))).system
    np.testing.assert_allclose(course(back), course(SMALL), rtol=1e-8)
