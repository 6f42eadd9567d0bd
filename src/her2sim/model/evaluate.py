"""Expressions evaluated on NumPy arrays: for initial values and checks, where speed is no matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.model.expression import Expr, walk

Floats = NDArray[np.float64]

_CALLS: dict[str, Callable[..., Floats]] = {
    "div": np.divide, "pow": np.power, "neg": np.negative, "exp": np.exp, "ln": np.log, "sqrt": np.sqrt,
    "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "tanh": np.tanh, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal, "not": np.logical_not, "select": np.where, "sub": np.subtract,
}  # fmt: skip
_FOLDS: dict[str, Callable[..., Floats]] = {
    "add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum, "and": np.logical_and,
    "or": np.logical_or, "xor": np.logical_xor,
}  # fmt: skip


def evaluate(roots: Iterable[Expr], values: Mapping[str, Floats], time: float | Floats = 0.0) -> list[Floats]:
    """Each expression as an array, with the symbols' arrays put in (broadcast against each other).

    Raises:
        KeyError: a symbol has no value; an operation is not known here.

    >>> from her2sim.model.expression import sym
    >>> evaluate([sym("x") * 2.0], {"x": np.array([1.0, 2.0])})[0].tolist()
    [2.0, 4.0]
    """
    listed = list(roots)
    done: dict[int, Floats] = {}
    for node in walk(listed):
        parts = [done[id(arg)] for arg in node.args]
        if node.op == "const":
            done[id(node)] = np.asarray(node.value, dtype=np.float64)
        elif node.op == "sym":
            done[id(node)] = values[node.name]
        elif node.op == "time":
            done[id(node)] = np.asarray(time, dtype=np.float64)
        elif node.op in _FOLDS:
            total = parts[0]
            for part in parts[1:]:
                total = _FOLDS[node.op](total, part)
            done[id(node)] = total
        else:
            done[id(node)] = _CALLS[node.op](*parts)
    return [np.asarray(done[id(root)], dtype=np.float64) for root in listed]
