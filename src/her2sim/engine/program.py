"""Formulas as numbered operations, ready to be written as machine code.

Each operation has a level: a number, constant for one patient (it is computed once when the patient enters a lane,
and kept), or live (it changes at every step). Products are split so that their constant factors join into one, sums
keep signs and factors apart so that they become fused multiply-adds, quotients share reciprocals, and powers with
whole, half or quarter exponents become products and square roots.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from her2sim.model.expression import Expr, walk

NUMBER, PATIENT, LIVE = 0, 1, 2
COMPARISONS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
CONDITIONS = {*COMPARISONS, "nonzero", "and", "or", "xor", "not"}
NEVER_NEGATIVE = {"sqrt", "exp", "abs", "power"}
LARGEST_PRODUCT = 16.0
"""Whole powers up to this one are written as products."""

Scaled = tuple[float, "int | None"]
"""A factor and a node; no node means the factor alone."""


@dataclass(frozen=True)
class Operation:
    """One operation: ``args`` are numbers of earlier ones; ``value`` is the number of a constant, or the index of a
    state or parameter."""

    op: str
    args: tuple[int, ...]
    value: float
    level: int


class Program:
    """Grows by lowering formulas; equal operations exist once."""

    def __init__(self, states: Sequence[str], varying: Sequence[str]) -> None:
        self.operations: list[Operation] = []
        self.slots: dict[int, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        self._lowered: dict[int, Scaled] = {}
        self._keep: list[Expr] = []
        self._parts: dict[int, tuple[int, int]] = {}
        self._state = {name: i for i, name in enumerate(states)}
        self._parameter = {name: i for i, name in enumerate(varying)}

    def slot(self, node: int) -> int:
        """Where the value of a patient-constant node is kept between steps."""
        return self.slots.setdefault(node, len(self.slots))

    def is_condition(self, node: int) -> bool:
        """True if the value is a truth value, not a number."""
        return self.operations[node].op in CONDITIONS

    def lower(self, roots: Iterable[Expr]) -> list[int]:
        """Numbers of the operations that give the roots, as numbers."""
        listed = list(roots)
        self._keep.extend(listed)  # the table of lowered nodes goes by identity
        for expr in walk(listed):
            if id(expr) not in self._lowered:
                self._lowered[id(expr)] = self._lower_one(expr)
        return [self.as_number(self._plain(self._lowered[id(root)])) for root in listed]

    def node(self, op: str, *args: int, value: float = 0.0) -> int:
        """The operation with these operands, new or known."""
        key = (op, args, repr(value))
        found = self._known.get(key)
        if found is not None:
            return found
        if op in ("const", "state", "time", "parameter"):
            level = {"const": NUMBER, "parameter": PATIENT}.get(op, LIVE)
        else:
            level = max(PATIENT, *(self.operations[a].level for a in args))
        self.operations.append(Operation(op, args, value, level))
        self._known[key] = len(self.operations) - 1
        return len(self.operations) - 1

    def number(self, value: float) -> int:
        """A constant."""
        return self.node("const", value=value)

    def level(self, node: int) -> int:
        """NUMBER, PATIENT or LIVE."""
        return self.operations[node].level

    def as_number(self, node: int) -> int:
        """A truth value as 1 or 0; a number as it is."""
        return self.node("truth", node) if self.is_condition(node) else node

    def as_condition(self, node: int) -> int:
        """A number as the condition that it is not 0; a condition as it is."""
        return node if self.is_condition(node) else self.node("nonzero", node)

    def _plain(self, scaled: Scaled) -> int:
        factor, node = scaled
        if node is None:
            return self.number(factor)
        if factor == 1.0:
            return node
        node = self.as_number(node)
        return self.node("neg", node) if factor == -1.0 else self.node("mul", self.number(factor), node)

    def _lower_one(self, expr: Expr) -> Scaled:
        op = expr.op
        if op == "const":
            return expr.value, None
        if op == "time":
            return 1.0, self.node("time")
        if op == "sym":
            if expr.name in self._state:
                return 1.0, self.node("state", value=self._state[expr.name])
            return 1.0, self.node("parameter", value=self._parameter[expr.name])
        parts = [self._lowered[id(a)] for a in expr.args]
        if op == "add":
            return self._sum(parts)
        if op == "mul":
            return self._product(parts)
        if op == "sub":
            return self._sum([parts[0], (-parts[1][0], parts[1][1])])
        if op == "neg":
            return -parts[0][0], parts[0][1]
        if op == "div":
            return self._quotient(parts[0], parts[1])
        plain = [self._plain(part) for part in parts]
        if op == "pow":
            return self._power(self.as_number(plain[0]), self.as_number(plain[1]))
        return 1.0, self._other(op, plain)

    def _other(self, op: str, args: Sequence[int]) -> int:
        if op == "select":
            return self.node("select", self.as_condition(args[0]), *map(self.as_number, args[1:]))
        if op in ("and", "or", "xor"):
            return self._chain(op, [self.as_condition(a) for a in args])
        if op == "not":
            return self.node(op, self.as_condition(args[0]))
        numbers = [self.as_number(a) for a in args]
        if op in ("min", "max"):
            return self._chain(op, numbers)
        if op == "ln":
            return self.node("ln", self.node("ln pair", numbers[0]))
        return self.node(op, *numbers)

    def _chain(self, op: str, nodes: Sequence[int]) -> int:
        result = nodes[0]
        for node in nodes[1:]:
            result = self.node(op, result, node)
        return result

    def _sum(self, terms: Sequence[Scaled]) -> Scaled:
        number = 0.0
        groups: dict[int, list[tuple[float, int]]] = {PATIENT: [], LIVE: []}
        for factor, node in terms:
            if node is None:
                number += factor
            else:
                node = self.as_number(node)
                groups[self.level(node)].append((factor, node))
        constant: list[tuple[float, int]] = groups[PATIENT]
        if number != 0.0 or not (groups[PATIENT] or groups[LIVE]):
            constant = [(1.0, self.number(number)), *constant]
        if not groups[LIVE]:
            return 1.0, self._added(constant)
        if constant:
            joined = self._added(constant)
            groups[LIVE].insert(0, (1.0, joined))
        return 1.0, self._added(groups[LIVE])

    def _added(self, terms: Sequence[tuple[float, int]]) -> int:
        # a positive term first, so that the rest are additions and subtractions
        ordered = sorted(terms, key=lambda term: term[0] < 0.0)
        total = self._plain(ordered[0])
        for factor, node in ordered[1:]:
            item = node if abs(factor) == 1.0 else self.node("mul", self.number(abs(factor)), node)
            total = self.node("sub" if factor < 0.0 else "add", total, item)
        return total

    def _product(self, parts: Sequence[Scaled]) -> Scaled:
        factor = 1.0
        fixed, live = list[int](), list[int]()
        for part_factor, node in parts:
            factor *= part_factor
            if node is None:
                continue
            node = self.as_number(node)
            if node in self._parts:
                constant, changing = self._parts[node]
                fixed.append(constant)
                live.append(changing)
            else:
                (live if self.level(node) == LIVE else fixed).append(node)
        if factor == 0.0:
            return 0.0, None
        if fixed and abs(factor) != 1.0:
            fixed.insert(0, self.number(abs(factor)))
            factor = math.copysign(1.0, factor)
        constant = self._chain("mul", sorted(fixed)) if fixed else None
        changing = self._chain("mul", sorted(live)) if live else None
        if changing is None:
            return factor, constant
        if constant is None:
            return factor, changing
        joined = self.node("mul", constant, changing)
        self._parts[joined] = (constant, changing)
        return factor, joined

    def _quotient(self, above: Scaled, below: Scaled) -> Scaled:
        factor, node = below
        if node is None:
            inverse: Scaled = (1.0 / factor if factor != 0.0 else math.copysign(math.inf, factor), None)
            if factor == 0.0:
                return 1.0, self.node("div", self.as_number(self._plain(above)), self.number(factor))
        else:
            inverse = (1.0 / factor, self.node("inverse", self.as_number(node)))
        return self._product([above, inverse])

    def _power(self, base: int, exponent: int) -> Scaled:
        operation = self.operations[exponent]
        if operation.op == "const":
            if abs(operation.value) <= LARGEST_PRODUCT and 4.0 * operation.value == round(4.0 * operation.value):
                return 1.0, self._quarter_power(base, operation.value)
            if operation.value != round(operation.value) or self._never_negative(base):
                return 1.0, self.node("power", self.node("ln pair", base), exponent)
        if self._never_negative(base):
            return 1.0, self.node("power", self.node("ln pair", base), exponent)
        size = self.node("power", self.node("ln pair", self.node("abs", base)), exponent)
        sign = self.node("sign of power", exponent)
        negative = self.node("lt", base, self.number(0.0))
        return 1.0, self.node("mul", size, self.node("select", negative, sign, self.number(1.0)))

    def _quarter_power(self, base: int, exponent: float) -> int:
        size = abs(exponent)
        whole, quarters = int(size), round(4.0 * (size - int(size)))
        factors = list[int]()
        if quarters & 2:
            factors.append(self.node("sqrt", base))
        if quarters & 1:
            factors.append(self.node("sqrt", self.node("sqrt", base)))
        square = base
        while whole:
            if whole & 1:
                factors.append(square)
            whole >>= 1
            if whole:
                square = self.node("mul", square, square)
        result = self._chain("mul", factors) if factors else self.number(1.0)
        return self.node("inverse", result) if exponent < 0.0 else result

    def _never_negative(self, node: int) -> bool:
        operation = self.operations[node]
        if operation.op == "const":
            return operation.value >= 0.0
        if operation.op == "mul" and operation.args[0] == operation.args[1]:
            return True
        if operation.op == "max":
            return any(self._never_negative(a) for a in operation.args)
        if operation.op in ("add", "mul"):
            return all(self._never_negative(a) for a in operation.args)
        return operation.op in NEVER_NEGATIVE


def needed(program: Program, roots: Iterable[int], level: int) -> list[int]:
    """Operations of a level that the roots need, operands first, in the order in which the roots need them."""
    seen: set[int] = set()
    order: list[int] = []
    for root in roots:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in seen or program.level(node) != level:
                continue
            if ready:
                seen.add(node)
                order.append(node)
            else:
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(program.operations[node].args))
    return order
