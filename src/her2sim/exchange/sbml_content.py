"""What an SBML model says, as plain data: identifiers, numbers and expressions, independent of level and version.

Formulas still use SBML's identifiers with SBML's meaning (a species is its concentration, or its amount where the file
says so); `her2sim.exchange.sbml_meaning` turns them into states and assignments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from her2sim.exchange.report import Finding
from her2sim.model.expression import Expr


@dataclass(frozen=True)
class Compartment:
    """A volume (or area, length, or point, by ``dimensions``); ``size`` is None where the file gives none."""

    id: str
    line: int
    size: float | None
    dimensions: float
    constant: bool
    unit: str = ""
    name: str = ""


@dataclass(frozen=True)
class Species:
    """A pool. ``in_amount``: its identifier means the amount, not the concentration."""

    id: str
    line: int
    compartment: str
    amount: float | None
    concentration: float | None
    in_amount: bool
    boundary: bool
    constant: bool
    conversion: str = ""
    unit: str = ""
    name: str = ""


@dataclass(frozen=True)
class Number:
    """A parameter, or the stoichiometry of a species reference that has an id."""

    id: str
    line: int
    value: float | None
    constant: bool
    unit: str = ""
    name: str = ""


@dataclass(frozen=True)
class Participant:
    """A species in a reaction; ``stoichiometry`` is positive for products and negative for reactants."""

    species: str
    stoichiometry: Expr


@dataclass(frozen=True)
class Reaction:
    """A reaction; ``rate`` is extent per time, None where the file gives no formula."""

    id: str
    line: int
    rate: Expr | None
    participants: tuple[Participant, ...]
    name: str = ""


@dataclass(frozen=True)
class Rule:
    """A formula with the quantity it is for (none for an algebraic rule)."""

    target: str
    line: int
    formula: Expr


@dataclass(frozen=True)
class SbmlEvent:
    """An event; ``trigger`` is None where the file gives no formula, which means that it never happens."""

    id: str
    line: int
    trigger: Expr | None
    assignments: tuple[tuple[str, Expr], ...]
    delay: Expr | None
    priority: Expr | None
    persistent: bool
    initial_value: bool
    use_values_from_trigger_time: bool


@dataclass(frozen=True)
class Content:
    """A whole model."""

    id: str
    time_unit: str
    compartments: tuple[Compartment, ...]
    species: tuple[Species, ...]
    parameters: tuple[Number, ...]
    references: tuple[Number, ...]
    reactions: tuple[Reaction, ...]
    initial: tuple[Rule, ...]
    assigned: tuple[Rule, ...]
    rates: tuple[Rule, ...]
    algebraic: tuple[Rule, ...]
    events: tuple[SbmlEvent, ...]
    conversion: str = ""
    longest_sum: int = 0
    annotated: tuple[Rule, ...] = ()
    annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    findings: tuple[Finding, ...] = ()
