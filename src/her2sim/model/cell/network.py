"""A reaction network being written: species and reactions in, rates of change out."""

from __future__ import annotations

from collections.abc import Mapping

from her2sim.model.expression import Expr, Operand, add, mul
from her2sim.model.system import State


class Network:
    """Species and reactions; each reaction is added to the rates of what it uses and makes, so mass is kept."""

    def __init__(self) -> None:
        self._species: dict[str, tuple[Expr, str, str]] = {}
        self._changes: dict[str, list[Expr]] = {}

    def species(self, name: str, initial: Expr, description: str, unit: str = "dimensionless") -> None:
        """A new species."""
        if name in self._species:
            raise ValueError(f"species {name} is declared twice")
        self._species[name] = (initial, unit, description)
        self._changes[name] = []

    def react(self, rate: Expr, uses: Mapping[str, int], makes: Mapping[str, int]) -> None:
        """A reaction of ``rate`` events per day; a species that is not declared is the outside.

        Main arguments:
            rate: events per cell and day.
            uses, makes: species -> molecules per event.
        """
        for name in {*uses, *makes}:
            net = makes.get(name, 0) - uses.get(name, 0)
            if net and name in self._changes:
                self.change(name, mul(float(net), rate))

    def change(self, name: str, rate: Operand) -> None:
        """Add a term to the rate of one species."""
        self._changes[name].append(mul(1.0, rate))

    def states(self) -> list[State]:
        """The species as states, in the order of their declaration."""
        return [
            State(name, initial, add(*self._changes[name]) if self._changes[name] else mul(0.0, initial), unit, words)
            for name, (initial, unit, words) in self._species.items()
        ]
