"""Kinase block: the share of HER2 and EGFR kinases that small molecules leave active, by site class.

Reversible inhibitors of one kinase compete for its ATP pocket: active share = 1 / (1 + sum of C_u / (tau IC50)), with
C_u = fraction unbound x plasma concentration x Kp,uu of the site. tau translates a cell assay to the patient
(one number for all inhibitors). A covalent inhibitor is treated the same way with its apparent IC50: receptor renewal
(a day) is fast against the weeks of a response.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import add, div, mul
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module

KINASES = ("HER2", "EGFR")


def active_kinase_name(kinase: str, site: Site) -> str:
    """Name of the active share of a kinase.

    >>> active_kinase_name("HER2", "cns")
    'active_HER2_cns'
    """
    return f"active_{kinase}_{site}"


def kinase_block(drugs: Sequence[Drug]) -> Module:
    """Active shares of the HER2 and EGFR kinases.

    Takes ``Cm_<drug>_nM``. Gives ``active_<kinase>_<site>``, if the regimen holds a kinase inhibitor.
    """
    draft = Draft("kinase_block")
    inhibitors = actions_of(drugs, "kinase_inhibitor")
    if not inhibitors:
        return draft.module()
    translation = draft.number("kinase_ic50_translation")
    for site in SITES:
        for kinase in KINASES:
            blocked = [
                div(
                    mul(
                        draft.of_drug(drug, action, "fraction_unbound"),
                        draft.of_drug(drug, action, "kp_uu_brain") if site == "cns" else 1.0,
                        draft.take(f"Cm_{drug.id}_nM", "nM"),
                    ),
                    mul(translation, draft.of_drug(drug, action, f"ic50_{kinase}_nM")),
                )
                for drug, action in inhibitors
            ]
            draft.assign(
                active_kinase_name(kinase, site),
                div(1.0, add(1.0, *blocked)),
                "dimensionless",
                f"share of {kinase} kinases that stay active",
                give=True,
            )
    for drug, _ in inhibitors:
        draft.knock_out("kinase_block", {f"{drug.id}_fraction_unbound": 0.0})
        draft.knock_out("blood_brain_barrier", {f"{drug.id}_kp_uu_brain": 1.0})
    return draft.module()
