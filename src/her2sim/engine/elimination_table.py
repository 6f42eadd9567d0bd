"""LU factorization and solve as loops over tables of places, for matrices whose straight-line code would be too long.

Straight-line code is faster per update, but LLVM needs seconds per ten thousand updates to compile it; a loop is
compiled at once, whatever the size of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.engine.elimination import CUT, SMALLEST_PIVOT, Matrix
from her2sim.engine.factorization import Factorization
from her2sim.engine.ir import INT, PTR, Array, Value, Writer
from her2sim.engine.layout import Layout
from her2sim.engine.steps import lanes_of

MOST_STRAIGHT_UPDATES = 5000
"""Factorizations with more updates than this are done by tables."""


def write_assembly(matrix: Matrix, lanes: int) -> str:
    """``void assemble(workspace, diagonal)``: the matrix itself, in the places of its factors (straight-line)."""
    plan = matrix.plan
    vector = f"<{lanes} x double>"
    arguments = f"ptr noalias %workspace, {vector} %diagonal"
    places = list(plan.position.items())
    parts: list[str] = []
    for first in range(0, len(places), CUT // 4):
        writer = Writer(lanes)
        factors, diagonal = matrix.factors(writer), writer.named(vector, "%diagonal")
        for (i, j), place in places[first : first + CUT // 4]:
            found = matrix.element(writer, (i, j)) or writer.real(0.0)
            factors[place] = found + diagonal if i == j else found
        parts.append(writer.function(f"assemble_{len(parts)}", arguments))
    whole = Writer(lanes)
    for number in range(len(parts)):
        whole.run(f"assemble_{number}", whole.named(PTR, "%workspace"), whole.named(vector, "%diagonal"))
    return "".join(parts) + whole.function("assemble", arguments, visible=True)


def write_table_factor(plan: Factorization, layout: Layout, lanes: int) -> str:
    """``factor`` and its tables, for the module of the driver."""
    rows: list[int] = []
    pairs: list[int] = []
    targets: list[int] = []
    for i in plan.order:
        for k in plan.lower[i]:
            pairs += [plan.position[i, k], plan.position[k, k], len(targets) // 2 + len(plan.upper[k])]
            for j in plan.upper[k]:
                targets += [plan.position[i, j], plan.position[k, j]]
        rows += [plan.position[i, i], len(pairs) // 3]
    writer = Writer(lanes)
    factors, workspace = lanes_of(writer, layout, "factors"), writer.named(PTR, "%workspace")
    writer.run("assemble", workspace, writer.named(writer.vector, "%diagonal"))
    row_table, pair_table, target_table = (_table(writer, f"factor_{n}") for n in ("rows", "pairs", "targets"))
    margin = writer.variable(writer.vector, 1.0)
    pair, target = writer.variable(INT, 0), writer.variable(INT, 0)
    with writer.count(len(plan.order)) as row:
        own, last_pair = row_table[row * 2], row_table[row * 2 + 1]
        start = factors[own]
        with writer.forever():
            number = pair.get()
            writer.leave(number.compare("sge", last_pair))
            place = pair_table[number * 3]
            part = factors[place] * factors[pair_table[number * 3 + 1]]
            factors[place] = part
            last_target = pair_table[number * 3 + 2]
            with writer.forever():
                item = target.get()
                writer.leave(item.compare("sge", last_target))
                changed = target_table[item * 2]
                factors[changed] = factors[changed] - part * factors[target_table[item * 2 + 1]]
                target.set(item + 1)
            pair.set(number + 1)
        pivot = factors[own]
        left_over = writer.intrinsic("fabs", pivot) - writer.intrinsic("fabs", start) * SMALLEST_PIVOT
        margin.set(left_over.compare("olt", margin.get()).choose(left_over, margin.get()))
        factors[own] = writer.real(1.0) / pivot
    result = margin.get()
    arguments = f"ptr noalias %workspace, {writer.vector} %diagonal"
    text = writer.function("factor", arguments, writer.vector, last=f"ret {writer.vector} {result.name}")
    tables = _constant("factor_rows", rows) + _constant("factor_pairs", pairs) + _constant("factor_targets", targets)
    return tables + text


def write_table_solve(plan: Factorization, layout: Layout, lanes: int) -> str:
    """``solve`` and its tables, for the module of the driver."""
    writer = Writer(lanes)
    factors, vector = lanes_of(writer, layout, "factors"), Array(writer, writer.vector, writer.named(PTR, "%vector"))
    forward = [(i, plan.lower[i], -1) for i in plan.order if plan.lower[i]]
    backward = [(i, plan.upper[i], plan.position[i, i]) for i in reversed(plan.order)]
    text = ""
    for name, work in (("forward", forward), ("backward", backward)):
        rows: list[int] = []
        terms: list[int] = []
        for i, others, own in work:
            for j in others:
                terms += [plan.position[i, j], j]
            rows += [i, len(terms) // 2, own]
        text += _constant(f"{name}_rows", rows) + _constant(f"{name}_terms", terms)
        row_table, term_table = _table(writer, f"{name}_rows"), _table(writer, f"{name}_terms")
        term = writer.variable(INT, 0)
        with writer.count(len(work)) as row:
            place, last = row_table[row * 3], row_table[row * 3 + 1]
            value = writer.variable(writer.vector, vector[place])
            with writer.forever():
                item = term.get()
                writer.leave(item.compare("sge", last))
                value.set(value.get() - factors[term_table[item * 2]] * vector[term_table[item * 2 + 1]])
                term.set(item + 1)
            vector[place] = value.get() * factors[row_table[row * 3 + 2]] if name == "backward" else value.get()
    return text + writer.function("solve", "ptr noalias %workspace, ptr noalias %vector")


class _Table:
    """A table of small whole numbers in the code; an element is read as a full-length one."""

    def __init__(self, writer: Writer, name: str) -> None:
        self.writer = writer
        self.array = Array(writer, "i32", writer.named(PTR, f"@{name}"))

    def __getitem__(self, index: Value) -> Value:
        return self.array[index].cast("sext", INT)


def _table(writer: Writer, name: str) -> _Table:
    return _Table(writer, name)


def _constant(name: str, numbers: Sequence[int]) -> str:
    listed = ", ".join(f"i32 {n}" for n in numbers) or "i32 0"
    return f"@{name} = private constant [{max(1, len(numbers))} x i32] [{listed}]\n"
