"""Immutable expressions with shared sub-expressions: the language in which every model is written.

Nodes are hash-consed: building the same expression twice gives the same object, so a model is a directed acyclic
graph in which common sub-expressions exist once, and comparing two expressions is comparing two pointers.
The her2sim model, an imported SBML model and their Jacobians are all made of these nodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from operator import is_
from typing import Union
from weakref import WeakValueDictionary

Operand = Union["Expr", float, int]

UNARY = (
    "neg", "exp", "ln", "sqrt", "abs", "floor", "ceil", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "not", "factorial",
)  # fmt: skip
BINARY = ("sub", "div", "pow", "lt", "le", "gt", "ge", "eq", "ne", "delay")
NARY = ("add", "mul", "min", "max", "and", "or", "xor")
TERNARY = ("select",)


class Expr:
    """One node. Build nodes with the functions of this module or with Python operators, never directly.

    Main arguments:
        op: ``const``, ``sym``, ``time`` or one of UNARY, BINARY, NARY, TERNARY.
        args: operand nodes.
        value: the number of a ``const``.
        name: the name of a ``sym`` (a state, a parameter or an assigned variable).
    """

    __slots__ = ("__weakref__", "args", "name", "op", "value")
    op: str
    args: tuple[Expr, ...]
    value: float
    name: str

    def __add__(self, other: Operand) -> Expr:
        return add(self, other)

    def __radd__(self, other: Operand) -> Expr:
        return add(other, self)

    def __sub__(self, other: Operand) -> Expr:
        return sub(self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return sub(other, self)

    def __mul__(self, other: Operand) -> Expr:
        return mul(self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return mul(other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return div(self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return div(other, self)

    def __pow__(self, other: Operand) -> Expr:
        return power(self, other)

    def __rpow__(self, other: Operand) -> Expr:
        return power(other, self)

    def __neg__(self) -> Expr:
        return neg(self)

    def __repr__(self) -> str:
        return f"Expr({text(self)})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_node, (self.op, self.args, self.value, self.name))


_table: WeakValueDictionary[tuple[object, ...], Expr] = WeakValueDictionary()


def _node(op: str, args: tuple[Expr, ...] = (), value: float = 0.0, name: str = "") -> Expr:
    # repr of the value keeps -0.0 and nan apart from 0.0 and from each other's hash troubles
    key = (op, tuple(id(a) for a in args), repr(value) if op == "const" else 0.0, name)
    found = _table.get(key)
    if found is not None:
        return found
    node = Expr()
    node.op, node.args, node.value, node.name = op, args, value, name
    _table[key] = node
    return node


def const(value: float) -> Expr:
    """A number."""
    return _node("const", value=float(value))


def sym(name: str) -> Expr:
    """A named quantity: a state, a parameter or an assigned variable of the model."""
    return _node("sym", name=name)


TIME = _node("time")
ZERO, ONE = const(0.0), const(1.0)


def as_expr(value: Operand) -> Expr:
    """A number as a node; a node as itself."""
    return value if isinstance(value, Expr) else const(value)


def _is(node: Expr, value: float) -> bool:
    return node.op == "const" and node.value == value


def add(*terms: Operand) -> Expr:
    """Sum; numbers are folded, zeros dropped, nested sums flattened."""
    total, rest = 0.0, list[Expr]()
    for term in map(as_expr, terms):
        for part in term.args if term.op == "add" else (term,):
            if part.op == "const":
                total += part.value
            else:
                rest.append(part)
    if total != 0.0 or not rest:
        rest.append(const(total))
    return rest[0] if len(rest) == 1 else _node("add", tuple(rest))


def mul(*factors: Operand) -> Expr:
    """Product; numbers are folded, ones dropped, nested products flattened. A literal zero gives zero."""
    total, rest = 1.0, list[Expr]()
    for factor in map(as_expr, factors):
        for part in factor.args if factor.op == "mul" else (factor,):
            if part.op == "const":
                total *= part.value
            else:
                rest.append(part)
    if total == 0.0:
        return ZERO
    if total != 1.0 or not rest:
        rest.insert(0, const(total))
    return rest[0] if len(rest) == 1 else _node("mul", tuple(rest))


def sub(left: Operand, right: Operand) -> Expr:
    """Difference, as a sum with a negated term."""
    return add(left, neg(right))


def neg(arg: Operand) -> Expr:
    """Negation, as a product with -1."""
    return mul(-1.0, arg)


def div(left: Operand, right: Operand) -> Expr:
    """Quotient; division by a number becomes a product when that is exact to one rounding."""
    a, b = as_expr(left), as_expr(right)
    if _is(b, 1.0) or (_is(a, 0.0) and not _is(b, 0.0)):
        return a
    if a.op == "const" and b.op == "const" and b.value != 0.0:
        return const(a.value / b.value)
    if a.op == "const" and b.op == "const":
        return const(a.value * math.copysign(math.inf, b.value))  # IEEE 754: infinity, or NaN for 0/0
    return _node("div", (a, b))


def power(base: Operand, exponent: Operand) -> Expr:
    """Power; exponents 0 and 1 disappear."""
    a, b = as_expr(base), as_expr(exponent)
    if _is(b, 0.0):
        return ONE
    if _is(b, 1.0):
        return a
    if a.op == "const" and b.op == "const" and a.value != 0 and (a.value > 0 or b.value.is_integer()):
        try:
            return const(a.value**b.value)
        except OverflowError:
            return _node("pow", (a, b))
    return _node("pow", (a, b))


def call(op: str, *args: Operand) -> Expr:
    """Any other operation by its name, for example ``call("exp", x)`` or ``call("lt", a, b)``."""
    nodes = tuple(map(as_expr, args))
    if op == "add":
        return add(*nodes)
    if op == "mul":
        return mul(*nodes)
    if op == "sub":
        return sub(*nodes)
    if op == "neg":
        return neg(*nodes)
    if op == "div":
        return div(*nodes)
    if op == "pow":
        return power(*nodes)
    if op not in UNARY + BINARY + NARY + TERNARY:
        raise ValueError(f"unknown operation {op!r}")
    if op in ("exp", "ln", "sqrt") and nodes[0].op == "const":
        value = nodes[0].value
        if op == "exp" and value < 700:
            return const(math.exp(value))
        if op == "ln" and value > 0:
            return const(math.log(value))
        if op == "sqrt" and value >= 0:
            return const(math.sqrt(value))
    return _node(op, nodes)


def exp(arg: Operand) -> Expr:
    """Exponential function."""
    return call("exp", arg)


def ln(arg: Operand) -> Expr:
    """Natural logarithm."""
    return call("ln", arg)


def select(condition: Expr, if_true: Operand, if_false: Operand) -> Expr:
    """``if_true`` where the condition holds, else ``if_false``."""
    return call("select", condition, if_true, if_false)


def hill(x: Operand, half: Operand, exponent: Operand = 1.0) -> Expr:
    """Saturating curve x^n / (half^n + x^n), 0 at 0 and 1/2 at ``half``."""
    xn, kn = power(x, exponent), power(half, exponent)
    return div(xn, add(kn, xn))


def walk(roots: Iterable[Expr], seen: set[Expr] | None = None) -> Iterator[Expr]:
    """Each node below ``roots`` once, operands before the nodes that use them (iterative: depth is no limit).

    Other arguments:
        seen: nodes to leave out; those that are given are added.
    """
    seen = set() if seen is None else seen
    for root in roots:
        stack: list[Expr | None] = [root]  # None: the operands of the last waiting node are done
        waiting: list[Expr] = []
        while stack:
            node = stack.pop()
            if node is None:
                node = waiting.pop()
            elif node in seen:
                continue
            elif node.args:
                waiting.append(node)
                stack.append(None)
                stack.extend(node.args)
                continue
            seen.add(node)
            yield node


def symbols(roots: Iterable[Expr]) -> set[str]:
    """Names of all symbols below ``roots``."""
    return {node.name for node in walk(roots) if node.op == "sym"}


def substitute(roots: Iterable[Expr], names: dict[str, Expr]) -> list[Expr]:
    """The expressions with symbols replaced; shared sub-expressions stay shared."""
    listed = list(roots)
    done: dict[int, Expr] = {}
    _replace(walk(listed), names, done)
    return [done[id(root)] for root in listed]


def expanded(definitions: Iterable[tuple[str, Expr]], names: dict[str, Expr]) -> dict[str, Expr]:
    """Names, and defined names by their formulas in which no defined name is left.

    Main arguments:
        definitions: names and formulas, in an order in which each uses only earlier ones.
        names: what else is replaced.

    >>> x = sym("x")
    >>> text(expanded([("twice", 2.0 * x), ("more", sym("twice") + 1.0)], {})["more"])
    '((2.0*x) + 1.0)'
    """
    found, done, seen = dict(names), dict[int, Expr](), set[Expr]()
    for name, formula in definitions:
        _replace(walk([formula], seen), found, done)
        found[name] = done[id(formula)]
    return found


def _replace(nodes: Iterable[Expr], names: dict[str, Expr], done: dict[int, Expr]) -> None:
    """Fill ``done``, identity of a node -> what it becomes; nodes come after their operands."""
    for node in nodes:
        if node.op == "sym":
            done[id(node)] = names.get(node.name, node)
        elif node.args:
            args = [done[id(a)] for a in node.args]
            same = all(map(is_, args, node.args))
            done[id(node)] = node if same else call(node.op, *args)
        else:
            done[id(node)] = node


_INFIX = {"add": " + ", "mul": "*", "div": "/", "pow": "^", "lt": " < ", "le": " <= ", "gt": " > ", "ge": " >= ",
          "eq": " == ", "ne": " != ", "and": " && ", "or": " || "}  # fmt: skip


def text(root: Expr) -> str:
    """The expression as an infix formula in Antimony's notation."""
    done: dict[int, str] = {}
    for node in walk([root]):
        parts = [done[id(a)] for a in node.args]
        if node.op == "const":
            word = repr(node.value) if node.value >= 0 else f"({node.value!r})"
        elif node.op == "sym":
            word = node.name
        elif node.op == "time":
            word = "time"
        elif node.op == "mul" and node.args[0].op == "const" and node.args[0].value == -1.0:
            word = f"(-{'*'.join(parts[1:])})"
        elif node.op in _INFIX:
            word = f"({_INFIX[node.op].join(parts)})"
        elif node.op == "select":
            word = f"piecewise({parts[1]}, {parts[0]}, {parts[2]})"
        else:
            word = f"{node.op}({', '.join(parts)})"
        done[id(node)] = word
    return done[id(root)]
