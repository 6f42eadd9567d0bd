"""Clones that carry the same receptors: their dimers are computed once.

Sensitive, bypass and tolerant cells carry as much HER2 and the same kinase; they differ in drives from elsewhere. Which
clones do so is read from the clone table: numbers that are fixed (no uncertainty, no spread) and equal are one number,
that of the first clone which has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from her2sim.model.draft import actions_of
from her2sim.model.drug import Drug
from her2sim.model.lesions import CLONES
from her2sim.model.parameters import ParameterSet, load_parameters


@dataclass(frozen=True)
class CellKind:
    """Clones with the same receptors.

    Main arguments:
        name: of the first of its clones.
        her2_ratio: name of the number that says how much HER2 they carry.
        mutation: name of the number that says whether their HER2 kinase is mutated; empty if it is not, or if the
            regimen holds no kinase inhibitor.
    """

    name: str
    her2_ratio: str
    mutation: str


def shared_number(prefix: str, clone: str, numbers: ParameterSet | None = None) -> str:
    """Name of the number of a clone, or of the first clone that has the same fixed number.

    >>> shared_number("her2_ratio", "bypass"), shared_number("her2_ratio", "her2low")
    ('her2_ratio_sensitive', 'her2_ratio_her2low')
    """
    known = (numbers or load_parameters()).quantities
    own = known.get(f"{prefix}_{clone}")
    if own is None or own.uncertainty or own.spread:
        return f"{prefix}_{clone}"
    for other in CLONES[: CLONES.index(clone)]:
        first = known.get(f"{prefix}_{other}")
        if first is not None and first.value == own.value and not first.uncertainty and not first.spread:
            return f"{prefix}_{other}"
    return f"{prefix}_{clone}"


def cell_kinds(drugs: Sequence[Drug]) -> dict[str, CellKind]:
    """Clone -> its kind, under a regimen.

    >>> kinds = cell_kinds([])
    >>> kinds["bypass"] is kinds["sensitive"], kinds["her2low"] is kinds["sensitive"]
    (True, False)
    """
    blocked = bool(actions_of(drugs, "kinase_inhibitor"))
    numbers = load_parameters()
    kinds: dict[tuple[str, str], CellKind] = {}
    found: dict[str, CellKind] = {}
    for clone in CLONES:
        ratio = shared_number("her2_ratio", clone, numbers)
        own = numbers.quantities.get(f"kinase_mutation_{clone}")
        mutated = blocked and own is not None and bool(own.value or own.uncertainty or own.spread)
        key = ratio, f"kinase_mutation_{clone}" if mutated else ""
        found[clone] = kinds.setdefault(key, CellKind(clone, *key))
    return found
