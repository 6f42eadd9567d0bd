"""Formulas for readers: as few brackets as can be, minus signs instead of factors of -1, long sums one term a line.

``her2sim.model.expression.text`` writes for machines; this file writes the same expression for people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from her2sim.model.expression import Expr, call, mul, sym, walk

WIDTH = 110
LONG_PART = 30
SAVED = 45  # letters that a part written once must save
_TINY = 1e-9  # numerical: what keeps a power defined at 0
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_COMPARE = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠", "and": "and", "or": "or"}
_NAMED = {math.log(2.0): "ln 2", math.log(10.0): "ln 10", math.pi: "π"}


def formula(root: Expr) -> str:
    """The expression on one line.

    >>> from her2sim.model.expression import sym
    >>> formula((1.0 - sym("w")) * sym("A") / (sym("A") + sym("K")))
    '(1 - w)·A/(A + K)'
    """
    return _text(root)[0]


def equation(name: str, root: Expr, *, of_rate: bool = False, width: int = WIDTH) -> list[str]:
    """The lines of ``name = formula``, or of ``d name/dt = formula``.

    Long sums have one term per line; a long part that occurs more than once is written once, after "with".

    Main arguments:
        name: what is defined.
        root: its formula.

    Other arguments:
        of_rate: whether the formula is the rate of change of ``name``.
        width: longest line wanted; a single long product may exceed it.

    >>> from her2sim.model.expression import sym
    >>> equation("x", sym("a") - sym("b"), of_rate=True)
    ['d x/dt = a - b']
    """
    left = f"d {name}/dt" if of_rate else name
    whole, parts = _without_repeats(root) if _sizes(walk([root]))[id(root)] > width else (root, {})
    lines = _headed(left, whole, "", width)
    for place, (part, expr) in enumerate(parts.items()):
        lines += _headed(f"{'with' if place == 0 else '    '} {part}", expr, "    ", width)
    return lines


def _headed(left: str, root: Expr, indent: str, width: int) -> list[str]:
    line = f"{indent}{left} = {formula(root)}"
    if len(line) <= width:
        return [line]
    return [f"{indent}{left} =", *_block(root, indent + "    ", width)]


def _without_repeats(root: Expr) -> tuple[Expr, dict[str, Expr]]:
    """The formula with parts that occur more than once and are long replaced by ``x1``, ``x2``, …; and these parts."""
    uses: dict[int, int] = {}
    nodes = list(walk([root]))
    for node in nodes:
        for arg in node.args:
            uses[id(arg)] = uses.get(id(arg), 0) + 1
    done: dict[int, Expr] = {}
    parts: dict[str, Expr] = {}
    for node in nodes:
        turned = call(node.op, *(done[id(arg)] for arg in node.args)) if node.args else node
        length = _sizes(walk([turned]))[id(turned)] if node.args and uses.get(id(node), 0) > 1 else 0
        if length and (uses[id(node)] - 1) * length > SAVED:
            name = f"x{len(parts) + 1}"
            parts[name], turned = turned, sym(name)
        done[id(node)] = turned
    return done[id(root)], parts


def _sizes(nodes: Iterable[Expr]) -> dict[int, int]:
    """About how many letters each node takes on one line, operands before the nodes that use them.

    Counted over shared parts, without writing them: a formula of many shared parts can be longer than memory.
    """
    size: dict[int, int] = {}
    for node in nodes:
        inner = sum(size[id(arg)] + 2 for arg in node.args)
        size[id(node)] = inner if node.args else len(node.name) if node.op == "sym" else len(_number(node.value))
    return size


def _block(root: Expr, indent: str, width: int) -> list[str]:
    """A formula over several lines; a sum by its terms, a product by its long factors."""
    line = indent + formula(root)
    if len(line) <= width:
        return [line]
    terms = _terms(root)
    if len(terms) > 1:
        lines: list[str] = []
        for place, (negative, term) in enumerate(terms):
            sign = "- " if negative else ("  " if place == 0 else "+ ")
            first, *rest = _block(term, indent + "  ", width)
            lines += [indent + sign + first.strip(), *rest]
        return lines
    if root.op in ("mul", "div"):
        return _product_block(root, indent, width)
    if root.op == "pow":
        return _factor_lines([root], indent, width)
    if root.op in ("max", "min", "sqrt", "exp", "ln"):
        inner = _block(root.args[0], indent + "    ", width)
        others = "".join(f", {formula(arg)}" for arg in root.args[1:])
        return [f"{indent}{root.op}(", *inner, f"{indent}{others})"]
    return [line]


def _product_block(root: Expr, indent: str, width: int) -> list[str]:
    """A product or quotient: short factors on one line, the longest sum below, then the lower part."""
    top = root.args[0] if root.op == "div" else root
    factors = [*top.args] if top.op == "mul" else [top]
    long = [factor for factor in factors if factor.op == "add" and len(formula(factor)) > LONG_PART]
    sums = sorted(long, key=lambda factor: -len(formula(factor)))
    lines: list[str] = []
    if len(indent + formula(top)) > width and sums:
        rest = [factor for factor in factors if factor is not sums[0]]
        head = _factor_lines(rest, indent, width) if rest else [indent]
        head[-1] += "·(" if rest else "("
        lines = [*head, *_block(sums[0], indent + "    ", width), f"{indent})"]
    elif len(factors) == 1 and factors[0].op in ("add", "max", "min", "sqrt", "exp", "ln"):
        lines = [f"{indent}(", *_block(factors[0], indent + "    ", width), f"{indent})"]
        lines = (
            [indent + _wrapped(factors[0], _PRODUCT)]
            if len(indent + _wrapped(factors[0], _PRODUCT)) <= width
            else lines
        )
    else:
        lines = _factor_lines(factors, indent, width)
    if root.op == "div":
        bottom = _wrapped(root.args[1], _POWER)
        if len(lines[-1] + bottom) < width:
            lines[-1] += f"/{bottom}"
        elif len(f"{indent}/ {bottom}") <= width:
            lines.append(f"{indent}/ {bottom}")
        else:
            lines += [f"{indent}/ (", *_block(root.args[1], indent + "    ", width), f"{indent})"]
    return lines


def _factor_lines(factors: Sequence[Expr], indent: str, width: int) -> list[str]:
    """Factors side by side as they fit; one that does not fit on a line of its own is broken up below."""
    lines: list[str] = []
    for factor in factors:
        words, inner = _wrapped(factor, _PRODUCT), f"{indent}  " if lines else indent
        joint = "·" if lines else ""
        if lines and len(lines[-1]) + 1 + len(words) <= width and not lines[-1].endswith("("):
            lines[-1] += f"·{words}"
        elif len(inner) + 1 + len(words) <= width:
            lines.append(f"{inner}{joint}{words}")
        elif factor.op == "pow":
            lines += [f"{inner}{joint}(", *_block(factor.args[0], inner + "    ", width)]
            lines.append(f"{inner})^{_wrapped(factor.args[1], _ATOM)}")
        else:
            lines += [f"{inner}{joint}(", *_block(factor, inner + "    ", width), f"{inner})"]
    return lines


def _terms(root: Expr) -> list[tuple[bool, Expr]]:
    """(negative, term) of a sum, with minus signs taken out of brackets; positive terms first."""
    found: list[tuple[bool, Expr]] = []

    def gather(node: Expr, negative: bool) -> None:
        if node.op == "add":
            for part in node.args:
                gather(part, negative)
        elif node.op == "mul" and node.args[0].op == "const" and node.args[0].value < 0:
            turned = mul(-node.args[0].value, *node.args[1:])
            gather(turned, not negative) if turned.op == "add" else found.append((not negative, turned))
        elif node.op == "const" and node.value < 0:
            found.append((not negative, mul(-1.0, node)))
        else:
            found.append((negative, node))

    gather(root, False)
    constants = [item for item in found if item[1].op == "const" and not item[0]]
    others = [item for item in found if item not in constants]
    return sorted([*constants, *others], key=lambda item: item[0])


def _text(node: Expr) -> tuple[str, int]:
    """The words of a node and how strongly they hold together."""
    if node.op == "const":
        return _number(node.value), _ATOM if node.value >= 0 else _SUM
    if node.op == "sym":
        return node.name, _ATOM
    if node.op == "time":
        return "t", _ATOM
    if node.op == "add" or (node.op == "mul" and node.args[0].op == "const" and node.args[0].value < 0):
        words = ""
        for place, (negative, term) in enumerate(_terms(node)):
            part = _wrapped(term, _PRODUCT)
            words += (("-" if negative else "") if place == 0 else (" - " if negative else " + ")) + part
        return words, _SUM
    square = _square_of(node)
    if square is not None:
        return f"{_wrapped(square, _ATOM)}^2", _POWER
    if node.op == "mul":
        return "·".join(_wrapped(factor, _PRODUCT) for factor in node.args), _PRODUCT
    if node.op == "div":
        return f"{_wrapped(node.args[0], _PRODUCT)}/{_wrapped(node.args[1], _POWER)}", _PRODUCT
    smooth = _smooth_power(node)
    if smooth is not None:
        return f"{_wrapped(smooth[0], _ATOM)}^{_wrapped(smooth[1], _ATOM)}", _POWER
    if node.op == "pow":
        return f"{_wrapped(node.args[0], _ATOM)}^{_wrapped(node.args[1], _ATOM)}", _POWER
    if node.op == "exp" and node.args[0].op == "mul" and _is_ln10(node.args[0].args[0]):
        rest = node.args[0].args[1:]
        return f"10^({'·'.join(_wrapped(factor, _PRODUCT if len(rest) > 1 else _SUM) for factor in rest)})", _POWER
    if node.op in _COMPARE:
        return f" {_COMPARE[node.op]} ".join(_wrapped(arg, _SUM) for arg in node.args), 0
    if node.op == "select":
        condition, yes, no = (_text(arg)[0] for arg in node.args)
        return f"({yes} if {condition} else {no})", _ATOM
    return f"{node.op}({', '.join(_text(arg)[0] for arg in node.args)})", _ATOM


def _square_of(node: Expr) -> Expr | None:
    """x of a product x·x, which a product of products has flattened."""
    if node.op != "mul" or len(node.args) % 2:
        return None
    half = len(node.args) // 2
    same = all(first is second for first, second in zip(node.args[:half], node.args[half:], strict=True))
    return mul(*node.args[:half]) if same else None


def _smooth_power(node: Expr) -> tuple[Expr, Expr] | None:
    """x and n of a power (x·x + tiny)^(n/2), which is how modules write x^n so that it has a slope at 0."""
    if node.op != "pow" or node.args[0].op != "add" or len(node.args[0].args) != 2:
        return None
    parts, exponent = node.args[0].args, node.args[1]
    tiny = next((part for part in parts if part.op == "const" and 0.0 < part.value < _TINY), None)
    square = next((_square_of(part) for part in parts if _square_of(part) is not None), None)
    if tiny is None or square is None or exponent.op not in ("mul", "div"):
        return None
    halved = [arg for arg in exponent.args if arg.op != "const"]
    return (square, halved[0]) if len(halved) == 1 else None


def _wrapped(node: Expr, strength: int) -> str:
    words, own = _text(node)
    return words if own >= strength else f"({words})"


def _is_ln10(node: Expr) -> bool:
    return node.op == "const" and math.isclose(node.value, math.log(10.0))


def _number(value: float) -> str:
    for known, name in _NAMED.items():
        if math.isclose(value, known):
            return name
    return f"{value:.6g}"
