"""libSBML syntax trees as expressions: function definitions inlined, every MathML function of SBML spelled out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from her2sim.exchange.expansion import operands
from her2sim.exchange.report import Unsupported
from her2sim.model.expression import ONE, TIME, ZERO, Expr, add, call, const, div, mul, power, select, sub, sym

AVOGADRO = 6.02214179e23
"""The number that SBML Level 3 fixes for its csymbol avogadro (CODATA 2006), whatever was measured later."""

MOST_NODES = 1_000_000
MOST_DEPTH = 400

_RATE = "rateOf "


def rate_symbol(name: str) -> str:
    """Name of the placeholder for the rate of change of a quantity; it contains a space, so no SBML id can clash."""
    return _RATE + name


def rate_target(symbol: str) -> str | None:
    """The quantity of a placeholder made by `rate_symbol`, or None for any other symbol."""
    return symbol[len(_RATE) :] if symbol.startswith(_RATE) else None


def _any(args: Sequence[Expr], op: str, empty: Expr) -> Expr:
    if len(args) < 2:
        return call("ne", args[0], ZERO) if args else empty
    return call(op, *args)


def _minus(args: Sequence[Expr]) -> Expr:
    return mul(-1.0, args[0]) if len(args) == 1 else sub(args[0], args[1])


def _root(args: Sequence[Expr]) -> Expr:
    if len(args) == 1 or (args[0].op == "const" and args[0].value == 2.0):
        return call("sqrt", args[-1])
    return power(args[1], div(1.0, args[0]))


def _log(args: Sequence[Expr]) -> Expr:
    base = args[0] if len(args) == 2 else const(10.0)
    return div(call("ln", args[-1]), call("ln", base))


def _quotient(args: Sequence[Expr]) -> Expr:
    ratio = div(args[0], args[1])
    return select(call("ge", ratio, 0.0), call("floor", ratio), call("ceil", ratio))


def _piecewise(args: Sequence[Expr]) -> Expr:
    value = args[-1] if len(args) % 2 else const(math.nan)
    for i in range(len(args) - len(args) % 2 - 2, -1, -2):
        value = select(args[i + 1], args[i], value)
    return value


def _chain(op: str) -> Callable[[Sequence[Expr]], Expr]:
    def compare(args: Sequence[Expr]) -> Expr:
        pairs = [call(op, a, b) for a, b in pairwise(args)]
        return _any(pairs, "and", ONE) if len(pairs) != 1 else pairs[0]

    return compare


def _plain(op: str) -> Callable[[Sequence[Expr]], Expr]:
    return lambda args: call(op, *args)


def _of_inverse(op: str) -> Callable[[Sequence[Expr]], Expr]:
    return lambda args: call(op, div(1.0, args[0]))


def _inverse_of(op: str) -> Callable[[Sequence[Expr]], Expr]:
    return lambda args: div(1.0, call(op, args[0]))


# syntax tree type -> (fewest arguments, most arguments or None, builder)
_FUNCTIONS: dict[str, tuple[int, int | None, Callable[[Sequence[Expr]], Expr]]] = {
    "PLUS": (0, None, lambda a: add(*a)),
    "TIMES": (0, None, lambda a: mul(*a)),
    "MINUS": (1, 2, _minus),
    "DIVIDE": (2, 2, lambda a: div(a[0], a[1])),
    "POWER": (2, 2, lambda a: power(a[0], a[1])),
    "FUNCTION_POWER": (2, 2, lambda a: power(a[0], a[1])),
    "FUNCTION_ROOT": (1, 2, _root),
    "FUNCTION_LOG": (1, 2, _log),
    "FUNCTION_CEILING": (1, 1, _plain("ceil")),
    "FUNCTION_DELAY": (2, 2, lambda a: call("delay", a[0], a[1])),
    "FUNCTION_PIECEWISE": (0, None, _piecewise),
    "FUNCTION_MIN": (1, None, lambda a: a[0] if len(a) == 1 else call("min", *a)),
    "FUNCTION_MAX": (1, None, lambda a: a[0] if len(a) == 1 else call("max", *a)),
    "FUNCTION_QUOTIENT": (2, 2, _quotient),
    "FUNCTION_REM": (2, 2, lambda a: sub(a[0], mul(a[1], _quotient(a)))),
    "FUNCTION_COT": (1, 1, lambda a: div(call("cos", a[0]), call("sin", a[0]))),
    "FUNCTION_COTH": (1, 1, lambda a: div(call("cosh", a[0]), call("sinh", a[0]))),
    "FUNCTION_SEC": (1, 1, _inverse_of("cos")),
    "FUNCTION_CSC": (1, 1, _inverse_of("sin")),
    "FUNCTION_SECH": (1, 1, _inverse_of("cosh")),
    "FUNCTION_CSCH": (1, 1, _inverse_of("sinh")),
    "FUNCTION_ARCCOT": (1, 1, _of_inverse("atan")),
    "FUNCTION_ARCSEC": (1, 1, _of_inverse("acos")),
    "FUNCTION_ARCCSC": (1, 1, _of_inverse("asin")),
    "FUNCTION_ARCCOTH": (1, 1, _of_inverse("atanh")),
    "FUNCTION_ARCSECH": (1, 1, _of_inverse("acosh")),
    "FUNCTION_ARCCSCH": (1, 1, _of_inverse("asinh")),
    "LOGICAL_AND": (0, None, lambda a: _any(a, "and", ONE)),
    "LOGICAL_OR": (0, None, lambda a: _any(a, "or", ZERO)),
    "LOGICAL_XOR": (0, None, lambda a: _any(a, "xor", ZERO)),
    "LOGICAL_NOT": (1, 1, _plain("not")),
    "LOGICAL_IMPLIES": (2, 2, lambda a: call("or", call("not", a[0]), a[1])),
    "RELATIONAL_NEQ": (2, 2, _plain("ne")),
    **{
        f"RELATIONAL_{name}": (1, None, _chain(op))
        for name, op in {"EQ": "eq", "GT": "gt", "GEQ": "ge", "LT": "lt", "LEQ": "le"}.items()
    },
    **{
        f"FUNCTION_{name}": (1, 1, _plain(name.lower()))
        for name in ("ABS", "EXP", "FACTORIAL", "FLOOR", "LN", "SIN", "COS", "TAN", "SINH", "COSH", "TANH")
    },
    **{
        f"FUNCTION_ARC{name}": (1, 1, _plain(f"a{name.lower()}"))
        for name in ("SIN", "COS", "TAN", "SINH", "COSH", "TANH")
    },
}


class MathReader:
    """Reads the formulas of one model.

    Main arguments:
        functions: id -> (argument names, body) of the model's function definitions; the body may be None.
    """

    def __init__(self, functions: Mapping[str, tuple[tuple[str, ...], Any]]) -> None:
        import libsbml

        self._functions = functions
        self._known: dict[tuple[str, tuple[int, ...]], Expr] = {}
        self._kept: list[Expr] = []  # keeps nodes alive whose ids are keys of _known
        self._left = MOST_NODES
        self._builders = {getattr(libsbml, f"AST_{name}"): made for name, made in _FUNCTIONS.items()}
        self._lib = libsbml

    def read(self, tree: Any, names: Mapping[str, Expr] | None = None) -> Expr:
        """The expression of a syntax tree.

        Main arguments:
            tree: a libSBML ``ASTNode``.
            names: identifier -> expression, for local parameters and arguments; others become symbols.

        Raises:
            Unsupported: a function that her2sim does not know, or a formula too large to be meant.
        """
        return self._read(tree, names or {}, 0)

    def _read(self, tree: Any, names: Mapping[str, Expr], depth: int) -> Expr:
        if depth > MOST_DEPTH:
            raise Unsupported("formula", f"it is nested more than {MOST_DEPTH} levels deep")
        lib, kind = self._lib, tree.getType()
        if kind == lib.AST_NAME:
            name = tree.getName()
            return names[name] if name in names else sym(name)
        if tree.isNumber():
            return const(tree.getValue())
        if kind == lib.AST_NAME_TIME:
            return TIME
        if kind == lib.AST_NAME_AVOGADRO:
            return const(AVOGADRO)
        if kind in (lib.AST_CONSTANT_E, lib.AST_CONSTANT_PI):
            return const(math.e if kind == lib.AST_CONSTANT_E else math.pi)
        if kind in (lib.AST_CONSTANT_TRUE, lib.AST_CONSTANT_FALSE):
            return ONE if kind == lib.AST_CONSTANT_TRUE else ZERO
        args = [self._read(child, names, depth + 1) for child in operands(tree)]
        if kind == lib.AST_FUNCTION_RATE_OF:
            if len(args) != 1 or args[0].op != "sym":
                raise Unsupported("rateOf", "its argument is not an identifier")
            return sym(rate_symbol(args[0].name))
        if kind == lib.AST_FUNCTION:
            return self._counted(self._inlined(tree.getName(), args, depth))
        if kind not in self._builders:
            raise Unsupported("MathML", f"function {tree.getName() or tree.getOperatorName() or kind} is not known")
        fewest, most, build = self._builders[kind]
        if len(args) < fewest or (most is not None and len(args) > most):
            raise Unsupported("MathML", f"{tree.getName() or kind} has {len(args)} arguments")
        return self._counted(build(args))

    def _counted(self, made: Expr) -> Expr:
        self._left -= 1 + len(made.args)
        if self._left < 0:
            raise Unsupported("formula", f"the formulas have more than {MOST_NODES} parts")
        return made

    def _inlined(self, name: str, args: Sequence[Expr], depth: int) -> Expr:
        if name not in self._functions:
            raise Unsupported("function", f"{name} is not defined")
        arguments, body = self._functions[name]
        if body is None:
            raise Unsupported("function definition", f"{name} has no formula")
        if len(arguments) != len(args):
            raise Unsupported("function", f"{name} takes {len(arguments)} arguments, not {len(args)}")
        key = (name, tuple(id(a) for a in args))
        if key not in self._known:
            self._known[key] = self._read(body, dict(zip(arguments, args, strict=True)), depth + 1)
            self._kept.extend(args)
        return self._known[key]
