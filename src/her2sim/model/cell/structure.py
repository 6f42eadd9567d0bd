"""Which receptors join to which dimers, and what an antibody on HER2 leaves of each: the wiring both scales share.

A HER2 molecule has two sites for antibodies, domain II and domain IV. A class of dimers that an antibody blocks by a
share ``b`` forms with the affinity K (1 - b) when its HER2 carries that antibody. With independent sites this gives
the law of blockade of the reduced model, K (1 - b_II theta_II)(1 - b_IV theta_IV), theta being the occupied share of
HER2 monomers. In a homodimer both partners count, each with the root of (1 - b).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import overload

from her2sim.model.expression import Expr, power

HOMODIMER = "HER2_HER2"
HER2_DIMERS = {
    "HER2_EGFR": "EGFR_E",
    "HER2_HER3": "HER3",
    "HER2_HER3N": "HER3_N",
    "HER2_HER4": "HER4_N",
}
"""Class of dimers with HER2 -> form of the partner."""

OTHER_DIMERS = {
    "EGFR_EGFR": ("EGFR_E", "EGFR_E"),
    "EGFR_HER3": ("EGFR_E", "HER3_N"),
    "HER3_HER4": ("HER3_N", "HER4_N"),
    "HER4_HER4": ("HER4_N", "HER4_N"),
    "p95_p95": ("p95HER2", "p95HER2"),
}
FAMILY = {
    "EGFR": "EGFR", "EGFR_E": "EGFR", "HER2": "HER2", "HER3": "HER3", "HER3_N": "HER3", "HER4": "HER4",
    "HER4_N": "HER4", "p95HER2": "p95HER2",
}  # fmt: skip
"""Form of a receptor -> receptor."""

BLOCKS = {
    ("HER2_HER2", "IV"): "block_homodimer_domain_IV",
    ("HER2_HER2", "II"): "block_homodimer_domain_II",
    ("HER2_HER3", "IV"): "block_free_domain_IV",
    ("HER2_HER3", "II"): "block_free_domain_II",
    ("HER2_HER3N", "IV"): "block_ligand_domain_IV",
    ("HER2_HER3N", "II"): "block_ligand_domain_II",
    ("HER2_EGFR", "II"): "block_ligand_domain_II",
    ("HER2_HER4", "II"): "block_ligand_domain_II",
}
"""Class of dimers and occupied domain -> number that says which share a plain antibody there blocks."""

BIPARATOPIC_BLOCK = "block_biparatopic"
PI3K_DIMERS = MAPK_DIMERS = ("HER2_HER2", "HER2_HER3", "HER2_EGFR", "HER2_HER4", "EGFR_EGFR", "p95_p95")
KINASES_OF = {
    "HER2_HER2": ("HER2", "HER2"),
    "HER2_HER3": ("HER2",),
    "HER2_EGFR": ("HER2", "EGFR"),
    "HER2_HER4": ("HER2",),
    "EGFR_EGFR": ("EGFR", "EGFR"),
    "p95_p95": ("HER2", "HER2"),
}
"""Class of signaling dimers -> kinases that must be active; HER3 has none, inhibitors of HER4 have no number yet."""

State = tuple[str, ...]


def site_states(domains: tuple[str, ...]) -> tuple[State, ...]:
    """The ways in which the bound domains can be occupied.

    >>> site_states(("II", "IV"))
    ((), ('II',), ('IV',), ('II', 'IV'))
    """
    return tuple(chosen for size in range(len(domains) + 1) for chosen in combinations(domains, size))


def block_name(dimer: str, domain: str, *, biparatopic: bool) -> str | None:
    """Name of the number that says what an antibody at ``domain`` blocks of a class of dimers; None for nothing."""
    return BIPARATOPIC_BLOCK if biparatopic else BLOCKS.get((dimer, domain))


@overload
def left_of(block: float, dimer: str, *, biparatopic: bool) -> float: ...


@overload
def left_of(block: Expr, dimer: str, *, biparatopic: bool) -> Expr: ...


def left_of(block: float | Expr, dimer: str, *, biparatopic: bool) -> float | Expr:
    """Share of the affinity that one occupied domain of one HER2 leaves.

    A plain antibody leaves 1 - block; a biparatopic antibody does so with both its sites occupied, so each leaves the
    root; of a homodimer each partner leaves the root.
    """
    exponent = (0.5 if biparatopic else 1.0) * (0.5 if dimer == HOMODIMER else 1.0)
    return math.pow(1.0 - block, exponent) if isinstance(block, float) else power(1.0 - block, exponent)
