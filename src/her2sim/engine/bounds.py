"""Bounds of formulas from bounds of their symbols, by interval arithmetic on the graph.

The bounds are safe: the true range lies within them. One rule goes beyond plain intervals, because models are full of
it: a / (a + b) with a and b not negative lies between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from her2sim.model.expression import Expr

Range = tuple[float, float]
ANY: Range = (-math.inf, math.inf)
NOT_NEGATIVE: Range = (0.0, math.inf)
UNIT: Range = (0.0, 1.0)


def bounds(nodes: Iterable[Expr], symbols: Mapping[str, Range]) -> dict[int, Range]:
    """Bounds of every node, by the node's identity.

    Main arguments:
        nodes: listed after their operands, as ``walk`` gives them.
        symbols: bounds of symbols; those left out may be anything.

    >>> from her2sim.model.expression import hill, sym, walk
    >>> curve = 1.0 - 0.7 * hill(sym("x"), sym("k"), 2.0)
    >>> bounds(walk([curve]), {"x": NOT_NEGATIVE, "k": NOT_NEGATIVE})[id(curve)]
    (0.30000000000000004, 1.0)
    """
    done: dict[int, Range] = {}
    for node in nodes:
        if node.op == "const":
            done[id(node)] = (node.value, node.value) if node.value == node.value else ANY
        elif node.op == "sym":
            done[id(node)] = symbols.get(node.name, ANY)
        elif node.op == "time":
            done[id(node)] = ANY
        else:
            done[id(node)] = _node_bounds(node, [done[id(a)] for a in node.args], done)
    return done


def _node_bounds(node: Expr, args: list[Range], done: Mapping[int, Range]) -> Range:
    op = node.op
    if op == "add":
        return sum(a[0] for a in args), sum(a[1] for a in args)
    if op == "mul":
        return _product(node, args)
    if op == "div":
        return _quotient(node, args[0], args[1], done)
    if op == "pow":
        return _power(node, args[0], args[1])
    if op in ("exp", "sqrt", "ln"):
        return _growing(op, args[0])
    if op == "select":
        return min(args[1][0], args[2][0]), max(args[1][1], args[2][1])
    if op in ("min", "max"):
        best = min if op == "min" else max
        return best(a[0] for a in args), best(a[1] for a in args)
    if op == "abs":
        low, high = args[0]
        return (0.0 if low <= 0.0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    if op in ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "xor", "not"):
        return UNIT
    if op in ("sin", "cos", "tanh"):
        return -1.0, 1.0
    if op == "cosh":
        return 1.0, math.inf
    return ANY


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _product(node: Expr, args: list[Range]) -> Range:
    if len(args) % 2 == 0 and all(x is y for x, y in zip(node.args[::2], node.args[1::2], strict=True)):
        return NOT_NEGATIVE  # x·x, whatever x is
    low, high = args[0]
    for other in args[1:]:
        if low >= 0.0 and other[0] >= 0.0:
            low, high = _times(low, other[0]), _times(high, other[1])
            continue
        corners = [_times(a, b) for a in (low, high) for b in other]
        low, high = min(corners), max(corners)
    return low, high


def _quotient(node: Expr, above: Range, below: Range, done: Mapping[int, Range]) -> Range:
    if below[0] < 0.0:
        return ANY
    numerator, denominator = node.args
    if above[0] >= 0.0:
        parts = denominator.args if denominator.op == "add" else ()
        if any(a is numerator for a in parts) and all(done[id(a)][0] >= 0.0 for a in parts):
            return UNIT
        low = above[0] / below[1] if below[1] > 0.0 and not math.isinf(above[0]) else 0.0
        high = above[1] / below[0] if below[0] > 0.0 else math.inf
        return low, high
    if above[1] <= 0.0:
        return (above[0] / below[0] if below[0] > 0.0 else -math.inf), 0.0
    return ANY


def _power(node: Expr, base: Range, exponent: Range) -> Range:
    if base[0] >= 0.0:
        return UNIT if base[1] <= 1.0 and exponent[0] >= 0.0 else NOT_NEGATIVE
    fixed = node.args[1]
    return NOT_NEGATIVE if fixed.op == "const" and fixed.value % 2.0 == 0.0 else ANY


def _growing(op: str, arg: Range) -> Range:
    def at(value: float) -> float:
        if op == "exp":
            return math.exp(value) if value < 700.0 else math.inf
        if op == "sqrt":
            return math.sqrt(max(value, 0.0))
        return math.log(value) if value > 0.0 else -math.inf

    return at(arg[0]), at(arg[1])
