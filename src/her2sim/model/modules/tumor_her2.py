"""HER2 of a patient's tumor: how much of it there is per cell and per volume, and how much of that drugs leave.

One pool for everything: what antibodies bind, NK cells see, conjugates carry inside and dimers are made of is the same
HER2. ``receptor_signal`` keeps its number at the surface, free and bound, over that without drugs; here it becomes a
concentration in the tumor.
"""

from __future__ import annotations

import math

from her2sim.model.draft import Draft
from her2sim.model.expression import exp, mul, sub
from her2sim.model.lesions import CLONES, SITES, Site
from her2sim.model.module import Module

POOL = CLONES[0]
"""The clone whose HER2 is that of the tumor: the bulk."""
_MILLION_LOG10 = 6.0


def her2_surface_name(clone: str, site: Site) -> str:
    """Name of the HER2 of a clone at the surface, free and bound, over that without drugs.

    >>> her2_surface_name("bypass", "cns")
    'her2_surface_bypass_cns'
    """
    return f"her2_surface_{clone}_{site}"


def her2_amount_name(site: Site) -> str:
    """Name of the HER2 concentration in the tumor, free and bound.

    >>> her2_amount_name("systemic")
    'her2_systemic_nM'
    """
    return f"her2_{site}_nM"


def tumor_her2() -> Module:
    """HER2 of the antigen-high clones.

    Takes ``her2_surface_sensitive_<site>``. Gives ``her2_level``, millions of HER2 per cell without drugs, ``her2_nM``,
    their concentration in the tumor, and ``her2_<site>_nM``, the concentration that drugs leave.
    """
    draft = Draft("tumor_her2")
    level = draft.assign(
        "her2_level",
        exp(mul(math.log(10.0), sub(draft.number("her2_log10_per_cell"), _MILLION_LOG10))),
        "dimensionless",
        "HER2 per cell of the antigen-high clones, in millions",
        give=True,
    )
    usual = draft.assign(
        "her2_nM", mul(draft.number("her2_nM_per_million"), level), "nM", "HER2 concentration in the tumor", give=True
    )
    for site in SITES:
        left = draft.take(her2_surface_name(POOL, site), "dimensionless")
        draft.assign(her2_amount_name(site), mul(usual, left), "nM", "HER2 in the tumor under drugs", give=True)
    return draft.module()
