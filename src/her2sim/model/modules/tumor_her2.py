"""HER2 of a patient's tumor: how much of it there is per cell and per volume."""

from __future__ import annotations

import math

from her2sim.model.draft import Draft
from her2sim.model.expression import exp, mul, sub
from her2sim.model.module import Module

_MILLION_LOG10 = 6.0


def tumor_her2() -> Module:
    """HER2 of the antigen-high clones.

    Gives ``her2_level``, millions of HER2 per cell, and ``her2_nM``, their concentration in the tumor.
    """
    draft = Draft("tumor_her2")
    level = draft.assign(
        "her2_level",
        exp(mul(math.log(10.0), sub(draft.number("her2_log10_per_cell"), _MILLION_LOG10))),
        "dimensionless",
        "HER2 per cell of the antigen-high clones, in millions",
        give=True,
    )
    draft.assign(
        "her2_nM", mul(draft.number("her2_nM_per_million"), level), "nM", "HER2 concentration in the tumor", give=True
    )
    return draft.module()
