"""LU factorization and solve as straight-line IR, cut into functions that LLVM compiles fast.

Row by row: a row is completed in registers from the rows above it, which are read from memory. So few values live at a
time, and a cut between two rows costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from her2sim.engine.factorization import Factorization
from her2sim.engine.ir import Array, Value, Writer

SMALLEST_PIVOT = 1e-11
"""A pivot smaller than this part of its diagonal element has cancelled; the step is refused."""
CUT = 1800
"""Lines after which a new function begins: LLVM's schedulers need time quadratic in the length of a block."""


@dataclass(frozen=True)
class Matrix:
    """The matrix to be factored, diagonal - J.

    Main arguments:
        plan: the plan of the factorization.
        element: writes the load of an element of -J; None where it is zero.
        factors: writes the address of the array of factors.
    """

    plan: Factorization
    element: Callable[[Writer, tuple[int, int]], Value | None]
    factors: Callable[[Writer], Array]


def write_factor(matrix: Matrix, lanes: int) -> str:
    """``<lanes x double> factor(workspace, diagonal)``: makes the factors; negative where a pivot has cancelled."""
    vector = f"<{lanes} x double>"
    arguments = f"ptr noalias %workspace, {vector} %diagonal"
    parts: list[str] = []
    rows = iter(matrix.plan.order)
    done = 0
    while done < len(matrix.plan.order):
        writer = Writer(lanes)
        diagonal = writer.named(vector, "%diagonal")
        margin = writer.named(vector, "%margin")
        for i in rows:
            done += 1
            margin = _write_row(matrix, writer, i, diagonal, margin)
            if len(writer.lines) > CUT:
                break
        last = f"ret {vector} {margin.name}"
        parts.append(writer.function(f"factor_{len(parts)}", f"{arguments}, {vector} %margin", vector, last=last))
    whole = Writer(lanes)
    margin = whole.real(1.0)
    for number in range(len(parts)):
        margin = whole.call(
            vector, f"factor_{number}", whole.named("ptr", "%workspace"), whole.named(vector, "%diagonal"), margin
        )
    return "".join(parts) + whole.function(
        "factor", arguments, vector, last=f"ret {vector} {margin.name}", visible=True
    )


def _write_row(matrix: Matrix, writer: Writer, i: int, diagonal: Value, margin: Value) -> Value:
    plan, factors = matrix.plan, matrix.factors(writer)
    row: dict[int, Value] = {}
    for j in (*plan.lower[i], i, *plan.upper[i]):
        found = matrix.element(writer, (i, j))
        if found is not None:
            row[j] = found
    start = diagonal + row[i] if i in row else diagonal
    row[i] = start
    for k in plan.lower[i]:
        part = row[k] * factors[plan.position[k, k]]
        factors[plan.position[i, k]] = part
        for j in plan.upper[k]:
            change = part * factors[plan.position[k, j]]
            row[j] = row[j] - change if j in row else -change
    for j in plan.upper[i]:
        factors[plan.position[i, j]] = row[j]
    pivot = row[i]
    factors[plan.position[i, i]] = writer.real(1.0) / pivot
    if not plan.lower[i]:
        return margin
    left_over = writer.intrinsic("fabs", pivot) - writer.intrinsic("fabs", start) * SMALLEST_PIVOT
    return left_over.compare("olt", margin).choose(left_over, margin)


def write_solve(matrix: Matrix, lanes: int) -> str:
    """``void solve(workspace, vector)``: solves with the factors, in place."""
    plan = matrix.plan
    arguments = "ptr noalias %workspace, ptr noalias %vector"
    parts: list[str] = []
    work = _solve_rows(plan)
    open_work = True
    while open_work:
        writer = Writer(lanes)
        factors = matrix.factors(writer)
        vector = Array(writer, writer.vector, writer.named("ptr", "%vector"))
        open_work = False
        for i, others, backward in work:
            value = vector[i]
            for j in others:
                value = value - factors[plan.position[i, j]] * vector[j]
            vector[i] = value * factors[plan.position[i, i]] if backward else value
            if len(writer.lines) > CUT:
                open_work = True
                break
        parts.append(writer.function(f"solve_{len(parts)}", arguments))
    whole = Writer(lanes)
    for number in range(len(parts)):
        whole.run(f"solve_{number}", whole.named("ptr", "%workspace"), whole.named("ptr", "%vector"))
    return "".join(parts) + whole.function("solve", arguments, visible=True)


def _solve_rows(plan: Factorization) -> Iterator[tuple[int, Sequence[int], bool]]:
    for i in plan.order:
        if plan.lower[i]:
            yield i, plan.lower[i], False
    for i in reversed(plan.order):
        yield i, plan.upper[i], True
