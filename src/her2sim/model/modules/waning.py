"""Waning: the effect of a cytotoxic class or payload falls with exposure to it, on its own clock.

    dW/dt = -lambda · e · W,   W(0) = 1

with e the saturation of the effect (0 to 1). HER2 blockade does not wane: resistance to it comes from clones. That
cytotoxic effect falls during treatment is the resistance term of tumor-growth-inhibition models (Claret 2009,
doi:10.1200/JCO.2008.21.0807).
"""

from __future__ import annotations

from her2sim.model.draft import Draft
from her2sim.model.expression import Expr, mul, neg, sym


def waning_state(kind: str) -> str:
    """Name of the share of effect that is left for a chemotherapy class or payload.

    >>> waning_state("taxane")
    'W_taxane'
    """
    return f"W_{kind}"


def add_waning(draft: Draft, kind: str, saturation: Expr, rate_name: str) -> Expr:
    """Add the waning state of ``kind`` to a module and return its symbol."""
    name = waning_state(kind)
    rate = draft.number(rate_name)
    draft.state(name, 1.0, neg(mul(rate, saturation, sym(name))), "dimensionless", f"effect of {kind} left")
    draft.knock_out("waning", {rate_name: 0.0})
    return sym(name)
