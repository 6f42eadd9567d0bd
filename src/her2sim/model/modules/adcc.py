"""Antibody-dependent cellular cytotoxicity (ADCC): NK cells kill cells that carry bound Fc parts.

    Phi = sum over antibodies of fc_activity · genotype^e · theta_d        (effective Fc per HER2)
    Omega = Phi · HER2 per cell under drugs,   kill = k_NK · capacity · W · Omega / (Omega_50 + Omega) · site
    dW/dt = -lambda · Omega / (Omega_50 + Omega) · W       of the bulk outside the brain

Cells that live under NK attack escape it: those exposed to antibody and NK cells for months no longer activate them,
since they lose what an immune synapse is made of, whatever the antibody (Aldeghaither 2019,
doi:10.1158/2326-6066.CIR-18-0266). W is what is left; a later line with an antibody starts there.

The activity of the patient's FcgammaRIIIa genotype (V158 alleles: 2 is VV, 1 is VF, 0 is FF) is relative to VV;
Fc-enhanced antibodies depend less on it (exponent e below 1). Structure: kill depends on antibody bound per cell,
Hoffman 2018 (doi:10.1016/j.jtbi.2017.09.031).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, add, div, mul, sub
from her2sim.model.lesions import CLONES, SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.lesion import BULK
from her2sim.model.modules.site_exposure import bound_share_name
from her2sim.model.modules.tumor_her2 import her2_surface_name
from her2sim.model.modules.waning import add_waning
from her2sim.model.smooth import positive_power, total


def adcc_name(clone: str, site: Site) -> str:
    """Name of the rate at which NK cells kill a clone.

    >>> adcc_name("sensitive", "cns")
    'adcc_sensitive_cns_per_day'
    """
    return f"adcc_{clone}_{site}_per_day"


def adcc(drugs: Sequence[Drug]) -> Module:
    """NK-cell kill of opsonized clones.

    Takes ``theta_<drug>_<site>``, ``her2_level`` and ``her2_surface_<clone>_<site>``. Gives
    ``adcc_<clone>_<site>_per_day``. Antibodies whose ``fc_type`` is ``silent`` take no part. State: ``W_adcc``, the
    share of kill that cells have not escaped from.
    """
    draft = Draft("adcc")
    level = draft.take("her2_level", "dimensionless")
    half = draft.number("adcc_half_her2_millions")
    rate = mul(draft.number("nk_kill_per_day"), draft.number("nk_capacity"))
    genotype = _genotype_activity(draft)
    antibodies = [(d, a) for d, a in actions_of(drugs, "antibody") if a.labels["fc_type"] != "silent"]
    opsonized: dict[tuple[str, Site], Expr] = {}
    for site in SITES:
        fc = total(
            mul(
                draft.of_drug(drug, action, "fc_activity"),
                positive_power(genotype, draft.number(f"fcgr3a_dependence_{action.labels['fc_type']}")),
                draft.take(bound_share_name(drug.id, site), "dimensionless"),
            )
            for drug, action in antibodies
        )
        effective = draft.assign(f"fc_per_her2_{site}", fc, "dimensionless", "effective Fc parts per HER2")
        for clone in CLONES:
            surface = draft.take(her2_surface_name(clone, site), "dimensionless")
            load = mul(effective, level, draft.number(f"her2_ratio_{clone}"), surface)
            opsonized[clone, site] = div(load, add(half, load))
    left = add_waning(draft, "adcc", opsonized[BULK, "systemic"], "adcc_waning_per_day")
    for site in SITES:
        reach: Expr | float = draft.number("nk_reach_cns") if site == "cns" else 1.0
        for clone in CLONES:
            draft.assign(
                adcc_name(clone, site),
                mul(rate, left, reach, opsonized[clone, site]),
                "1/day",
                "kill by NK cells",
                give=True,
            )
    draft.knock_out("adcc", {"nk_kill_per_day": 0.0})
    return draft.module()


def _genotype_activity(draft: Draft) -> Expr:
    """Activity of the genotype: the parabola through the values of FF, VF and VV, exact at 0, 1 and 2 alleles."""
    alleles = draft.number("fcgr3a_genotype")
    one_less, two_less = sub(alleles, 1.0), sub(alleles, 2.0)
    return draft.assign(
        "fcgr3a_activity",
        add(
            mul(0.5, one_less, two_less, draft.number("fcgr3a_activity_FF")),
            mul(-1.0, alleles, two_less, draft.number("fcgr3a_activity_VF")),
            mul(0.5, alleles, one_less, draft.number("fcgr3a_activity_VV")),
        ),
        "dimensionless",
        "FcgammaRIIIa activity over genotype VV",
    )
