"""What the clock switches on and off is met on the dot: no pulse is stepped over, and no step straddles an edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine import DoseTable, compile_model
from her2sim.engine.clock import clock_of
from her2sim.engine.equations import equations_of
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.interface import CompiledModel
from her2sim.model.expression import TIME, ZERO, Expr, call, const, select, sym
from her2sim.model.system import Assignment, Event, OdeSystem, Parameter, State

FROM, UNTIL = sym("from_day"), sym("until_day")
ON = call("and", call("ge", TIME, FROM), call("lt", 2.0 * TIME - UNTIL, UNTIL))


def pulse(rate: Expr) -> OdeSystem:
    """A decaying drug, and what a switched rate adds up to."""
    return OdeSystem(
        "pulse",
        (State("A", const(1.0), -0.3 * sym("A")), State("x", const(0.0), sym("rate"))),
        (Parameter("from_day", 50.0), Parameter("until_day", 50.001), Parameter("height", 1000.0)),
        (Assignment("rate", rate),),
    )


def model(kind: str, system: OdeSystem) -> CompiledModel:
    return HybridModel(system) if kind == "hybrid" else compile_model(system, backend=kind)


SQUARE = pulse(select(ON, sym("height"), ZERO))
TRIANGLE = pulse(sym("height") * call("max", 1.0 - call("abs", (TIME - FROM) / (UNTIL - FROM)), 0.0))
BACKENDS = ("llvm", "reference", "hybrid")


@pytest.fixture(scope="module", params=BACKENDS)
def square(request: pytest.FixtureRequest) -> CompiledModel:
    return model(request.param, SQUARE)


def test_a_pulse_of_a_minute_in_a_year_is_not_stepped_over(square: CompiledModel) -> None:
    table = np.array([[50.0, 50.001, 1000.0], [3.0, 3.0 + 1e-6, 1e6], [400.0, 401.0, 1.0]])
    found = square.solve(table, np.array([0.0, 365.0]), rtol=1e-4)
    np.testing.assert_allclose(found.values[:, 1, 1], [1.0, 1.0, 0.0], rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(found.values[:, 1, 0], 0.0, atol=1e-6)


@given(st.floats(0.01, 50.0), st.floats(1e-4, 49.0), st.floats(-1e4, 1e4))
@settings(max_examples=25, deadline=None)
def test_the_area_of_a_pulse_is_exact_for_any_edges(
    square: CompiledModel, begin: float, width: float, height: float
) -> None:
    found = square.solve(np.array([[begin, begin + width, height]]), np.array([100.0]), rtol=1e-3, atol=1e-3)
    assert found.values[0, 0, 1] == pytest.approx(height * width, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_peak_between_kinks_is_not_stepped_over(kind: str) -> None:
    found = model(kind, TRIANGLE).solve(np.array([[50.0, 50.01, 100.0]]), np.array([365.0]), rtol=1e-8)
    assert found.values[0, 0, 1] == pytest.approx(1.0, rel=1e-4)


def test_edges_cost_a_handful_of_steps() -> None:
    table = np.array([[40.0, 60.0, 1.0], [400.0, 401.0, 1.0]])
    found = compile_model(SQUARE).solve(table, np.array([100.0]), rtol=1e-6)
    assert found.steps[0] - found.steps[1] < 15
    assert found.refused[0] <= found.refused[1] + 2


def test_a_dose_at_an_edge_and_an_edge_at_the_start_are_no_obstacle(square: CompiledModel) -> None:
    doses = DoseTable(
        np.zeros(2, int), np.array([21.0, 42.0]), np.array([1, 1]), np.array([2.0, 3.0]), np.array([0.0, 1.0])
    )
    table = np.array([[21.0, 42.0, 0.5], [0.0, 42.0, 0.5]])
    given = DoseTable(
        np.repeat([0, 1], 2), np.tile(doses.time, 2), np.tile(doses.target, 2), np.tile(doses.amount, 2),
        np.tile(doses.duration, 2),
    )  # fmt: skip
    found = square.solve(table, np.array([0.0, 21.0, 42.0, 43.0]), doses=given, rtol=1e-6)
    np.testing.assert_allclose(
        found.values[:, :, 1], [[0.0, 0.0, 12.5, 15.5], [0.0, 10.5, 23.0, 26.0]], rtol=1e-9, atol=1e-12
    )


def test_an_infusion_of_a_few_units_in_the_last_place_arrives_whole(square: CompiledModel) -> None:
    doses = DoseTable(np.array([0]), np.array([50.0]), np.array([1]), np.array([7.0]), np.array([4 * np.spacing(50.0)]))
    found = square.solve(np.array([[400.0, 401.0, 0.0]]), np.array([100.0]), doses=doses)
    assert found.values[0, 0, 1] == pytest.approx(7.0, rel=1e-9)


def test_results_do_not_depend_on_the_company_a_kink_is_in(square: CompiledModel) -> None:
    table = np.array([[50.0, 50.001, 1000.0], [np.nan, 1.0, 1.0], [3.0, 33.0, 1.0], [10.0, 9.0, 5.0]])
    times = np.linspace(0.0, 100.0, 11)
    together = square.solve(table, times).values
    for row in range(len(table)):
        np.testing.assert_array_equal(square.solve(table[row : row + 1], times).values[0], together[row])


WEEK = TIME - sym("every") * call("floor", TIME / sym("every"))
BACKWARDS = sym("every") * call("ceil", (400.0 - TIME) / sym("every")) - (400.0 - TIME)
RATIO = TIME / sym("every")
REMAINDER = TIME - sym("every") * select(call("ge", RATIO, 0.0), call("floor", RATIO), call("ceil", RATIO))
PHASES = {"floor": WEEK, "ceil of what falls": BACKWARDS, "remainder as in MathML": REMAINDER}


def recurring(phase: Expr) -> OdeSystem:
    """A pulse at the start of every period."""
    return OdeSystem(
        "recurring",
        (State("A", const(1.0), -0.3 * sym("A")), State("x", const(0.0), sym("rate"))),
        (Parameter("every", 7.0), Parameter("width", 0.01)),
        (Assignment("rate", select(call("lt", phase, sym("width")), 1.0 / sym("width"), ZERO)),),
    )


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("phase", PHASES)
def test_no_pulse_of_many_is_stepped_over(kind: str, phase: str) -> None:
    table = np.array([[20.0, 1e-3], [40.0, 1e-4], [8.0, 5.0]])
    times = np.array([0.0, 39.9, 200.0, 390.0])
    found = model(kind, recurring(PHASES[phase])).solve(table, times, rtol=1e-4)
    full = np.floor(times / table[:, :1])
    area = full + np.minimum((times - full * table[:, :1]) / table[:, 1:], 1.0)
    np.testing.assert_allclose(found.values[:, :, 1], area, rtol=1e-8, atol=1e-8)


def test_a_pulse_that_triggers_an_event_every_week_does_so_every_week() -> None:
    on = call("and", call("ge", WEEK, 2.0), call("lt", WEEK, 2.0 + sym("width")))
    system = recurring(WEEK)
    count = State("count", ZERO, ZERO)
    event = Event("on", on, (("count", sym("count") + 1.0),))
    system = replace(system, states=(*system.states, count), events=(event,))
    found = HybridModel(system).solve(np.array([[7.0, 1e-4]]), np.array([70.0, 700.0]))
    assert found.values[0, :, 2].tolist() == [10.0, 100.0]


def test_only_what_is_linear_in_time_and_steady_is_a_halt() -> None:
    conditions = {
        call("lt", TIME, sym("height")): 1,
        call("gt", sym("fixed") * TIME + sym("height"), 3.0): 1,  # a state that rests is as good as a parameter
        call("lt", TIME * TIME, 4.0): 0,
        call("lt", TIME, sym("A")): 0,
        call("lt", sym("height"), 3.0): 0,
    }
    for condition, count in conditions.items():
        system = pulse(select(condition, const(1.0), ZERO))
        system = OdeSystem(
            "m", (*system.states, State("fixed", const(2.0), ZERO)), system.parameters, system.assignments
        )
        clock = clock_of(equations_of(system))
        assert (len(clock.once), clock.recurring) == (count, ())
