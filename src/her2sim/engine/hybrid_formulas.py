"""Formulas for scalar simulation: plain Python floats where that works, IEEE arithmetic through NumPy where not.

Most calls need no infinity, so they run on Python floats with the ``math`` module, several times faster than NumPy
scalars. A call that divides by zero or leaves the domain of a function is repeated with NumPy, which gives infinity or
NaN as IEEE 754 says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from her2sim.engine.python_source import python_source
from her2sim.model.expression import Expr


def factorial(x: float) -> float:
    """x! = Gamma(x + 1), for any real x where it is defined; infinity where it is too large for a float."""
    if float(x).is_integer() and 0 <= x <= 170:
        return float(math.factorial(int(x)))
    try:
        return math.gamma(float(x) + 1.0)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _where(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


def _floor(x: float) -> float:
    return float(math.floor(x))


def _ceil(x: float) -> float:
    return float(math.ceil(x))


def _and(a: bool, b: bool) -> bool:
    return bool(a) and bool(b)


def _or(a: bool, b: bool) -> bool:
    return bool(a) or bool(b)


def _xor(a: bool, b: bool) -> bool:
    return bool(a) != bool(b)


_FLOATS = SimpleNamespace(
    exp=math.exp, log=math.log, sqrt=math.sqrt, abs=abs, floor=_floor, ceil=_ceil, sin=math.sin, cos=math.cos,
    tan=math.tan, arcsin=math.asin, arccos=math.acos, arctan=math.atan, sinh=math.sinh, cosh=math.cosh,
    tanh=math.tanh, arcsinh=math.asinh, arccosh=math.acosh, arctanh=math.atanh, power=math.pow, where=_where,
    minimum=min, maximum=max, logical_and=_and, logical_or=_or, logical_xor=_xor,
)  # fmt: skip

Function = Callable[[float, Sequence[float], Sequence[float]], list[float]]


def scalar_function(roots: Sequence[Expr], names: Mapping[str, str]) -> Function:
    """A function ``(t, y, p)`` of plain floats that gives the values of the formulas.

    Main arguments:
        roots: formulas.
        names: symbol -> the Python expression that stands for it, in ``y[i]`` and ``p[j]``.

    >>> from her2sim.model.expression import sym
    >>> scalar_function([1.0 / sym("x")], {"x": "y[0]"})(0.0, [0.0], [])
    [inf]
    """
    if not roots:
        return lambda t, y, p: []
    source = compile(python_source(roots, names), "<formulas>", "exec")
    fast_space: dict[str, Any] = {"np": _FLOATS, "factorial": factorial}
    slow_space: dict[str, Any] = {"np": np, "factorial": factorial}
    exec(source, fast_space)
    exec(source, slow_space)
    fast, slow = fast_space["formulas"], slow_space["formulas"]

    def values(t: float, y: Sequence[float], p: Sequence[float]) -> list[float]:
        try:
            return fast(t, y, p)
        except (ZeroDivisionError, ValueError, OverflowError):
            with np.errstate(all="ignore"):
                given = [np.float64(v) for v in y], [np.float64(v) for v in p]
                return [float(v) for v in slow(np.float64(t), *given)]

    return values
