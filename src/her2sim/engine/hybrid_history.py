"""The past of a course: what delayed values are looked up in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

Interpolant = Callable[[float], Any]


class History:
    """Pieces of a course, each with the interpolant of its moving states and the values of its resting states.

    Main arguments:
        start: time at which the course starts.
        before: time before the start -> moving and resting states, by the model's initial formulas.
    """

    def __init__(self, start: float, before: Callable[[float], tuple[list[float], list[float]]]) -> None:
        self._start, self._before = start, before
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._pieces: list[tuple[Interpolant, list[float]]] = []

    def add(self, start: float, end: float, interpolant: Interpolant, resting: Sequence[float]) -> None:
        """A further piece; one that starts before the end of the last cuts it off."""
        while self._starts and self._starts[-1] >= start:
            self._starts.pop()
            self._ends.pop()
            self._pieces.pop()
        self._starts.append(start)
        self._ends.append(end)
        self._pieces.append((interpolant, list(resting)))

    def at(self, time: float) -> tuple[list[float], list[float]]:
        """Moving and resting states at a time in the past; at a jump, the values after it."""
        if time < self._start or not self._pieces:
            return self._before(time)
        last = max(bisect_right(self._starts, time) - 1, 0)
        interpolant, resting = self._pieces[last]
        inside = min(max(time, self._starts[last]), self._ends[last])
        return [float(v) for v in interpolant(inside)], resting
