"""Formulas as a Python function: straight-line source in which every shared sub-expression is computed once.

The function works on NumPy arrays of any shape. It serves the reference solver, the model's initial values and the
assigned variables that are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from her2sim.engine.interface import Floats
from her2sim.model.expression import Expr, walk

_CALLS = {
    "exp": "np.exp", "ln": "np.log", "sqrt": "np.sqrt", "abs": "np.abs", "floor": "np.floor", "ceil": "np.ceil",
    "sin": "np.sin", "cos": "np.cos", "tan": "np.tan", "asin": "np.arcsin", "acos": "np.arccos", "atan": "np.arctan",
    "sinh": "np.sinh", "cosh": "np.cosh", "tanh": "np.tanh", "asinh": "np.arcsinh", "acosh": "np.arccosh",
    "atanh": "np.arctanh", "pow": "np.power", "factorial": "factorial",
}  # fmt: skip
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_JOIN = {"add": " + ", "mul": " * ", "div": " / ", "sub": " - "}


def python_source(roots: Sequence[Expr], names: Mapping[str, str], function: str = "formulas") -> str:
    """Source of a function ``(t, y, p)`` that returns the list of the values of the roots.

    Main arguments:
        roots: formulas.
        names: symbol -> the Python expression that stands for it, for example ``{"x": "y[0]"}``.

    >>> from her2sim.model.expression import sym
    >>> print(python_source([sym("k") * sym("x")], {"k": "p[0]", "x": "y[0]"}))
    def formulas(t, y, p):
        v0 = y[0]
        v1 = p[0]
        v2 = v1 * v0
        return [v2]
    <BLANKLINE>
    """
    lines = [f"def {function}(t, y, p):"]
    word: dict[int, str] = {}
    for node in walk(roots):
        if node.op == "const":
            word[id(node)] = f"float({str(node.value)!r})" if node.value - node.value != 0 else f"({node.value!r})"
            continue
        word[id(node)] = f"v{len(lines) - 1}"
        lines.append(f"    {word[id(node)]} = {_formula(node, [word[id(a)] for a in node.args], names)}")
    lines.append(f"    return [{', '.join(word[id(root)] for root in roots)}]")
    return "\n".join(lines) + "\n"


def _formula(node: Expr, args: Sequence[str], names: Mapping[str, str]) -> str:
    op = node.op
    if op == "sym":
        return names[node.name]
    if op == "time":
        return "t"
    if op in _JOIN:
        return _JOIN[op].join(args)
    if op in _CALLS:
        return f"{_CALLS[op]}({', '.join(args)})"
    if op in _COMPARE:
        return f"1.0 * ({args[0]} {_COMPARE[op]} {args[1]})"
    if op == "neg":
        return f"-{args[0]}"
    if op == "not":
        return f"1.0 * ({args[0]} == 0)"
    if op == "select":
        return f"np.where({args[0]} != 0, {args[1]}, {args[2]})"
    name = {"min": "np.minimum", "max": "np.maximum"}.get(op)
    if name is None:
        name = {"and": "np.logical_and", "or": "np.logical_or", "xor": "np.logical_xor"}[op]
        return f"1.0 * {_nested(name, [f'({a} != 0)' for a in args])}"
    return _nested(name, args)


def _nested(name: str, args: Sequence[str]) -> str:
    joined = args[0]
    for arg in args[1:]:
        joined = f"{name}({joined}, {arg})"
    return joined


def python_function(
    roots: Sequence[Expr], states: Sequence[str], parameters: Sequence[str]
) -> Callable[[Any, Any, Any], list[Any]]:
    """The compiled function ``(t, y, p)``; ``y[i]`` and ``p[j]`` may be numbers or arrays that broadcast.

    Raises:
        KeyError: a symbol is neither a state nor a parameter.
    """
    names = {name: f"y[{i}]" for i, name in enumerate(states)} | {name: f"p[{j}]" for j, name in enumerate(parameters)}
    space: dict[str, Any] = {"np": np}
    exec(compile(python_source(roots, names), "<formulas>", "exec"), space)
    return space["formulas"]


def evaluate(
    roots: Sequence[Expr],
    states: Sequence[str],
    parameters: Sequence[str],
    t: Any,
    y: Sequence[Any] | Floats,
    p: Sequence[Any] | Floats,
) -> list[Any]:
    """Values of the formulas at (t, y, p), without warnings: invalid operations give NaN or infinity."""
    function = python_function(roots, states, parameters)
    with np.errstate(all="ignore"):  # NumPy's numbers divide by zero without an exception
        return function(
            np.float64(t), [np.asarray(v, np.float64)[()] for v in y], [np.asarray(v, np.float64)[()] for v in p]
        )
