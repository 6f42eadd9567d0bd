"""Sparse LU factorization decided before any number is known: elimination order, fill-in and the list of updates.

The matrix is 1/(h·gamma) - J. Its pattern is that of the Jacobian with a full diagonal, and pivots stay on the
diagonal, as usual for stiff kinetics; a pivot that cancels shows in the step's error and in a check of its own. The
order is Markowitz's (Management Science 1957, doi:10.1287/mnsc.3.3.255): the pivot whose elimination can fill least.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Factorization:
    """The plan of an LU factorization without row exchange.

    Main arguments:
        order: states in the order of elimination.
        lower: state -> earlier states in its row, in the order of elimination.
        upper: state -> later states in its row.
        position: (row, column) -> place in the array of factors; the diagonal holds the reciprocals of the pivots.
        updates: number of multiply-subtract operations.
    """

    order: tuple[int, ...]
    lower: tuple[tuple[int, ...], ...]
    upper: tuple[tuple[int, ...], ...]
    position: dict[tuple[int, int], int]
    updates: int


def factorize(size: int, entries: Iterable[tuple[int, int]]) -> Factorization:
    """Plan the factorization of a matrix with these entries and a full diagonal.

    >>> factorize(2, [(0, 1), (1, 0)]).updates
    1
    """
    rows: list[set[int]] = [{i} for i in range(size)]
    columns: list[set[int]] = [{i} for i in range(size)]
    for i, j in entries:
        rows[i].add(j)
        columns[j].add(i)
    full_rows = [set(row) for row in rows]
    left = set(range(size))
    order: list[int] = []
    updates = 0
    while left:
        pivot = min(left, key=lambda k: ((len(rows[k]) - 1) * (len(columns[k]) - 1), k))
        left.remove(pivot)
        order.append(pivot)
        beside, below = rows[pivot] - {pivot}, columns[pivot] - {pivot}
        updates += len(beside) * len(below)
        for i in below:
            rows[i].discard(pivot)
            rows[i] |= beside
            full_rows[i] |= beside
        for j in beside:
            columns[j].discard(pivot)
            columns[j] |= below
    rank = {state: place for place, state in enumerate(order)}
    lower: list[tuple[int, ...]] = [()] * size
    upper: list[tuple[int, ...]] = [()] * size
    position: dict[tuple[int, int], int] = {}
    for i in order:
        listed = sorted(full_rows[i], key=rank.__getitem__)
        lower[i] = tuple(j for j in listed if rank[j] < rank[i])
        upper[i] = tuple(j for j in listed if rank[j] > rank[i])
        for j in listed:
            position[i, j] = len(position)
    return Factorization(tuple(order), tuple(lower), tuple(upper), position, updates)
