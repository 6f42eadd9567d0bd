"""Out and in again: a model that leaves as SBML or Antimony comes back as the same model."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.engine import DoseTable, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.hybrid_formulas import scalar_function
from her2sim.exchange import Dose, read_sbml, sbml_of_antimony, to_antimony, to_sbml
from her2sim.exchange.mathml_read import MathReader
from her2sim.exchange.mathml_write import syntax_tree
from her2sim.exchange.units_write import parts_of
from her2sim.model.expression import TIME, Expr, call, const, exp, hill, select, sym
from her2sim.model.system import Assignment, Event, OdeSystem, Parameter, State

PK = OdeSystem(
    "pk",
    (
        State("A1_mg", sym("start_mg"), -sym("CL") / sym("V1") * sym("A1_mg"), "mg", "central"),
        State("V_mL", const(5.0), sym("V_mL") * (sym("g") - sym("kill")), "mL"),
    ),
    (
        Parameter("CL", 0.3, "L/day", source="a & b <c>"),
        Parameter("V1", 3.1, "L"),
        Parameter("start_mg", 10.0, "mg"),
        Parameter("g", 0.01, "1/day"),
    ),
    (
        Assignment("C", sym("A1_mg") / sym("V1"), "mg/L"),
        Assignment("kill", select(call("gt", TIME, 3.0), hill(sym("C"), 2.0, 1.5) * 0.1, 0.0), "1/day"),
    ),
    time_unit="day",
    dose_targets=("A1_mg",),
    annotations={"A1_mg": ("uniprot:P04626",)},
)
TIMES = np.linspace(0.0, 30.0, 11)


def course(system: OdeSystem, names: tuple[str, ...]) -> np.ndarray:
    return HybridModel(system, (), names).solve(np.zeros((1, 0)), TIMES, rtol=1e-10, atol=1e-12).values[0]


@pytest.mark.parametrize("version", [1, 2])
def test_sbml_round_trip_keeps_course_units_and_annotations(version: int) -> None:
    back = read_sbml(to_sbml(PK, version=version)).system
    names = ("A1_mg", "V_mL", "C", "kill")
    assert course(back, names) == pytest.approx(course(PK, names), rel=1e-9, abs=1e-12)
    assert back.annotations == PK.annotations
    assert back.time_unit == "day"
    units = {x.name: x.unit for x in (*back.states, *back.parameters, *back.assignments)}
    assert units == {x.name: x.unit for x in (*PK.states, *PK.parameters, *PK.assignments)}


def test_a_second_round_trip_changes_nothing() -> None:
    once = to_sbml(read_sbml(to_sbml(PK)).system)
    assert to_sbml(read_sbml(once).system) == once


def test_units_are_consistent_where_the_model_is() -> None:
    """The decay of A1 in mg/day from L/day, L and mg: libSBML's own unit algebra must agree with the definitions."""
    decay = OdeSystem("decay", PK.states[:1], PK.parameters[:3], time_unit="day")
    assert not [f for f in read_sbml(to_sbml(decay)).report.of("warning") if f.construct == "unit"]


def test_antimony_round_trip_keeps_the_course() -> None:
    back = read_sbml(sbml_of_antimony(to_antimony(PK))).system
    assert course(back, ("V_mL",)) == pytest.approx(course(PK, ("V_mL",)), rel=1e-9)


def test_doses_as_events_are_the_dose_table() -> None:
    doses = [Dose(0.0, "A1_mg", 100.0), Dose(7.0, "A1_mg", 60.0, 2.0), Dose(8.0, "A1_mg", 30.0, 3.0)]
    by_events = read_sbml(to_sbml(PK, doses=doses)).system
    table = DoseTable(
        np.zeros(3, dtype=np.int64),
        np.array([d.time for d in doses]),
        np.zeros(3, dtype=np.int64),
        np.array([d.amount for d in doses]),
        np.array([d.duration for d in doses]),
    )
    model = compile_model(PK, varying=(), outputs=("A1_mg", "V_mL"), backend="reference")
    later = TIMES + 0.5  # between doses: an event counts at its moment, a table dose after it
    expected = model.solve(np.zeros((1, 0)), later, doses=table, rtol=1e-10, atol=1e-12).values
    found = HybridModel(by_events, (), ("A1_mg", "V_mL")).solve(np.zeros((1, 0)), later, rtol=1e-10, atol=1e-12).values
    assert found == pytest.approx(expected, rel=1e-7)


def test_events_with_all_their_flags_come_back() -> None:
    event = Event(
        "stop", call("and", call("ge", sym("x"), 2.0), call("lt", TIME, 9.0)), (("x", const(0.0)),),
        const(1.5), const(3.0),
        persistent=False, initial_value=False, use_values_from_trigger_time=False,
    )  # fmt: skip
    system = OdeSystem("m", (State("x", const(0.0), const(1.0)),), (), events=(event,))
    assert read_sbml(to_sbml(system)).system.events == (event,)


def test_names_that_sbml_cannot_say_are_refused() -> None:
    with pytest.raises(InputError, match="not a valid SBML id"):
        to_sbml(OdeSystem("m", (), (Parameter("a-b", 1.0),)))
    with pytest.raises(InputError, match="is not a state"):
        to_sbml(PK, doses=[Dose(0.0, "A9", 1.0)])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nmol/L", [("mole", 1.0, 1e-9), ("litre", -1.0, 1.0)]),
        ("nM", [("mole", 1.0, 1e-6), ("metre", -3.0, 1.0)]),
        ("1/day", [("second", -1.0, 86400.0)]),
        ("cells/mL", [("item", 1.0, 1.0), ("litre", -1.0, 1e-3)]),
        ("percent", [("dimensionless", 1.0, 0.01)]),
        ("dimensionless", []),
    ],
)
def test_units_as_products_of_base_units(text: str, parts: list[tuple[str, float, float]]) -> None:
    found = parts_of(text)
    assert [(p[0], p[1]) for p in found] == [(p[0], p[1]) for p in parts]
    assert [p[2] for p in found] == pytest.approx([p[2] for p in parts], rel=1e-12)


numbers = st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3))
leaves = st.one_of(numbers.map(const), st.sampled_from([sym("x"), sym("y"), TIME]))


def grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.tuples(inner, inner)
    compared = st.tuples(st.sampled_from(["lt", "le", "gt", "ge", "eq", "ne"]), pairs).map(lambda x: call(x[0], *x[1]))
    logical = st.tuples(st.sampled_from(["and", "or", "xor"]), compared, compared).map(lambda x: call(*x))
    return st.one_of(
        st.tuples(st.sampled_from(["add", "mul", "sub", "div", "min", "max"]), pairs).map(lambda x: call(x[0], *x[1])),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "abs", "floor", "ceil", "atan", "neg"]), inner).map(
            lambda x: call(*x)
        ),
        inner.map(lambda x: call("sqrt", call("abs", x))),
        inner.map(lambda x: exp(call("sin", x))),
        st.tuples(logical, inner, inner).map(lambda x: select(*x)),
        logical.map(lambda x: call("not", x)),
        compared,
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(leaves, grown, max_leaves=12), numbers, numbers)
def test_every_formula_survives_mathml(root: Expr, x: float, y: float) -> None:
    """Numbers are written with 15 digits, so values agree closely unless the formula itself amplifies rounding."""
    back = MathReader({}).read(syntax_tree(root))
    names = {"x": "y[0]", "y": "y[1]"}
    before, after = (scalar_function([r], names)(0.7, [x, y], [])[0] for r in (root, back))
    if math.isfinite(before):
        assert after == pytest.approx(before, rel=1e-9, abs=1e-9)
    else:
        assert math.isnan(before) == math.isnan(after)
