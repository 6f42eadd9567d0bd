"""Formulas for readers say the same as the expressions that the engine solves."""

from __future__ import annotations

import math
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.assembly import modules_of
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr, add, const, div, exp, mul, power, sub, sym
from her2sim.model.formula import equation, formula
from her2sim.model.smooth import positive_power

VALUES = {"a": 1.7, "b": 0.6, "c": 2.9}
divisors = st.sampled_from([sym("a"), add(sym("a"), sym("b")), add(sym("c"), 1.0), mul(sym("a"), sym("b"))])
leaves = st.sampled_from([sym(name) for name in VALUES]) | st.floats(-3, 3).map(lambda x: const(round(x, 2)))
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: add(*parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: mul(*parts)),
        st.tuples(inner, inner).map(lambda pair: sub(*pair)),
        st.tuples(inner, divisors).map(lambda pair: div(*pair)),
        divisors.map(lambda base: power(base, 2.0)),
    ),
    max_leaves=12,
)


def read_back(text: str, values: dict[str, float]) -> float:
    """What a reader would compute from a printed formula."""
    python = text.replace("·", "*").replace("^", "**").replace("ln 2", "LN2").replace("ln 10", "LN10")
    return float(eval(python, {"LN2": math.log(2), "LN10": math.log(10), "max": max, "sqrt": math.sqrt}, dict(values)))


@given(expressions)
def test_a_printed_formula_has_the_value_of_the_expression(root: Expr) -> None:
    wanted = float(evaluate([root], {k: np.asarray(v) for k, v in VALUES.items()})[0])
    printed = read_back(formula(root), VALUES)
    assert math.isclose(printed, wanted, rel_tol=1e-4, abs_tol=1e-4), formula(root)


@given(expressions)
def test_an_equation_over_many_lines_has_the_same_value(root: Expr) -> None:
    lines = equation("y", root, width=24)
    split = next((i for i, line in enumerate(lines) if line.strip().startswith("with x1")), len(lines))
    values = dict(VALUES)
    parts = re.split(r"(?:with |\s)(x\d+) =", " ".join(lines[split:]))
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        values[name] = read_back(f"({text.strip()})", values)
    right = " ".join(lines[:split]).split("=", 1)[1]
    wanted = float(evaluate([root], {k: np.asarray(v) for k, v in VALUES.items()})[0])
    assert math.isclose(read_back(f"({right.strip()})", values), wanted, rel_tol=1e-4, abs_tol=1e-3), lines


def test_powers_that_are_rounded_at_zero_are_told_as_powers() -> None:
    assert formula(positive_power(sym("x"), sym("h"))) == "x^h"
    assert formula(exp(mul(math.log(10.0), sub(sym("p"), 6.0)))) == "10^(p - 6)"


def test_a_long_part_that_occurs_twice_is_told_once() -> None:
    part = exp(add(*(sym(f"a_long_name_{i}") for i in range(6))))
    lines = equation("y", div(part, add(1.0, part)), width=60)
    assert lines[0] == "y = x1/(1 + x1)"
    assert sum("a_long_name_0" in line for line in lines) == 1


def test_every_equation_of_a_regimen_is_told_in_lines_that_fit_a_screen() -> None:
    drugs = [load_drug(name) for name in ("T-DXd", "tucatinib", "pertuzumab", "docetaxel")]
    modules = modules_of(drugs, "breast", {drug.id: "" for drug in drugs})
    longest = max(
        len(line)
        for module in modules
        for item in (*module.states, *module.assignments)
        for line in equation(item.name, getattr(item, "rate", None) or item.expr)  # type: ignore[union-attr]
    )
    assert longest <= 150
