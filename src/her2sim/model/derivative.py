"""Symbolic derivatives on the shared graph: sparse, exact, and sharing every sub-expression with the model itself.

Forward accumulation: each node carries the derivatives that are not identically zero, so the work is proportional to
the non-zeros of the Jacobian and of the intermediate gradients. Because nodes are hash-consed, a factor that two
derivatives have in common exists once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from her2sim.model.expression import ONE, ZERO, Expr, add, call, const, div, mul, neg, power, select, walk

TIME_KEY = "<time>"
"""Key of the derivative with respect to explicit time (the ``time`` node)."""

Gradient = dict[str, Expr]


def gradients(roots: Iterable[Expr], names: Iterable[str], *, time: bool = False) -> list[Gradient]:
    """Derivatives of each root with respect to the named symbols, only those that are not identically zero.

    Main arguments:
        roots: expressions; symbols that are not in ``names`` count as constants.
        names: symbols to differentiate by.

    Other arguments:
        time: also give the derivative by explicit time, under the key ``TIME_KEY``.

    Raises:
        ValueError: an operation has no derivative rule.

    >>> from her2sim.model.expression import sym, text
    >>> text(gradients([sym("k") * sym("x") * sym("y")], ["x", "y"])[0]["x"])
    '(k*y)'
    """
    listed = list(roots)
    wanted = set(names)
    done: dict[int, Gradient] = {}
    for node in walk(listed):
        if node.op == "sym":
            done[id(node)] = {node.name: ONE} if node.name in wanted else {}
        elif node.op == "time":
            done[id(node)] = {TIME_KEY: ONE} if time else {}
        elif not node.args:
            done[id(node)] = {}
        else:
            done[id(node)] = _node_gradient(node, [done[id(a)] for a in node.args])
    return [done[id(root)] for root in listed]


def derivative(root: Expr, name: str) -> Expr:
    """The derivative of one expression by one symbol; ``ZERO`` if it does not occur.

    >>> from her2sim.model.expression import exp, sym, text
    >>> text(derivative(exp(2 * sym("x")), "x"))
    '(2.0*exp((2.0*x)))'
    """
    return gradients([root], [name], time=name == TIME_KEY)[0].get(name, ZERO)


def _node_gradient(node: Expr, parts: Sequence[Gradient]) -> Gradient:
    keys = list(dict.fromkeys(key for part in parts for key in part))
    if not keys or node.op in _FLAT:
        return {}
    if node.op == "add":
        return _clean({key: add(*(part[key] for part in parts if key in part)) for key in keys})
    if node.op == "select":
        condition, _, _ = node.args
        branches = parts[1:]
        return _clean({k: _choose(condition, branches[0].get(k, ZERO), branches[1].get(k, ZERO)) for k in keys})
    if node.op in ("min", "max"):
        return _clean({k: _extreme(node, [part.get(k, ZERO) for part in parts]) for k in keys})
    slopes = [
        _partial(node, position) if any(key in part for key in keys) else ZERO for position, part in enumerate(parts)
    ]
    return _clean(
        {
            key: add(*(mul(slope, part[key]) for slope, part in zip(slopes, parts, strict=True) if key in part))
            for key in keys
        }
    )


def _clean(found: Gradient) -> Gradient:
    return {key: value for key, value in found.items() if value is not ZERO}


def _choose(condition: Expr, if_true: Expr, if_false: Expr) -> Expr:
    return if_true if if_true is if_false else select(condition, if_true, if_false)


def _extreme(node: Expr, slopes: Sequence[Expr]) -> Expr:
    compare = "le" if node.op == "min" else "ge"
    best, slope = node.args[0], slopes[0]
    for arg, other in zip(node.args[1:], slopes[1:], strict=True):
        slope = _choose(call(compare, best, arg), slope, other)
        best = call(node.op, best, arg)
    return slope


def _partial(node: Expr, position: int) -> Expr:
    """Derivative of a node by its operand ``position``, the other operands held."""
    args = node.args
    if node.op == "mul":
        return mul(*(a for i, a in enumerate(args) if i != position))
    if node.op == "div":
        inverse = div(ONE, args[1])
        return inverse if position == 0 else neg(mul(node, inverse))
    if node.op == "pow":
        return _power_slope(node) if position == 0 else mul(node, call("ln", args[0]))
    rule = _UNARY_SLOPES.get(node.op)
    if rule is None:
        raise ValueError(f"no derivative rule for {node.op!r}")
    return rule(node, args[0])


def _power_slope(node: Expr) -> Expr:
    base, exponent = node.args
    if exponent.op == "const" and 2.0 * exponent.value == round(2.0 * exponent.value):
        return mul(exponent, power(base, exponent.value - 1.0))
    # x^n / x shares the power itself; at x = 0 the limit n 0^(n-1) depends on the exponent alone
    at_zero = call("pow", ZERO, add(exponent, const(-1.0)))
    return mul(exponent, select(call("ne", base, ZERO), div(node, base), at_zero))


_FLAT = {"floor", "ceil", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "xor", "not"}
_UNARY_SLOPES: dict[str, Callable[[Expr, Expr], Expr]] = {
    "exp": lambda node, x: node,
    "ln": lambda node, x: div(ONE, x),
    "sqrt": lambda node, x: div(0.5, node),
    "abs": lambda node, x: select(call("ge", x, ZERO), ONE, const(-1.0)),
    "sin": lambda node, x: call("cos", x),
    "cos": lambda node, x: neg(call("sin", x)),
    "tan": lambda node, x: 1.0 + node * node,
    "asin": lambda node, x: div(ONE, call("sqrt", 1.0 - x * x)),
    "acos": lambda node, x: div(const(-1.0), call("sqrt", 1.0 - x * x)),
    "atan": lambda node, x: div(ONE, 1.0 + x * x),
    "sinh": lambda node, x: call("cosh", x),
    "cosh": lambda node, x: call("sinh", x),
    "tanh": lambda node, x: 1.0 - node * node,
    "asinh": lambda node, x: div(ONE, call("sqrt", 1.0 + x * x)),
    "acosh": lambda node, x: div(ONE, call("sqrt", x * x - 1.0)),
    "atanh": lambda node, x: div(ONE, 1.0 - x * x),
}
