"""Site exposure: how much antibody gets to the tumor cells, by site class (outside the brain, in the brain).

Antibodies and conjugates leak slowly out of capillaries and are taken up with the HER2 they bind. For each one, with
L its free and bound amount in the tumor:

    dL_d/dt = P (C_d - f_d) - u_d        u_d = k i_d R theta_d        P = 2 p r_cap / r_Krogh²

C is the plasma concentration, f the free one between the cells, theta_d the share of HER2 that carries the antibody, R
the HER2 that is at the surface under drugs, k the net uptake rate and P the exchange rate of a Krogh cylinder (Thurber
2008, doi:10.1016/j.addr.2008.04.012). i_d is the internalization of HER2 with that antibody over that of free HER2: a
second antibody, chains and covalent kinase inhibitors quicken it, so what they take from the surface takes its antibody
along. Reversible inhibitors spare HER2 from degradation; a bound conjugate is caught all the same, so more HER2 means
more uptake (Olson 2023, Cancer Res Commun 3:1927). So a tumor with much HER2 and little antibody is limited by
delivery. The brain multiplies P by a barrier factor. L is kept as a state: it takes days to fill the receptors, and
with a short-lived conjugate a steady balance would be wrong by a fifth. Small molecules cross with the unbound
partition Kp,uu of their drug file, which the modules of their actions use.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import ONE, Expr, add, div, mul, sub
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.kinase_block import endocytosis_name
from her2sim.model.modules.tumor_her2 import POOL, her2_amount_name
from her2sim.model.smooth import at_least_zero, complement, total

BIPARATOPIC = "biparatopic"


def tumor_amount_state(drug_id: str, site: Site) -> str:
    """Name of the amount of an antibody, free and bound, per volume of tumor.

    >>> tumor_amount_state("trastuzumab", "cns")
    'L_trastuzumab_cns_nM'
    """
    return f"L_{drug_id}_{site}_nM"


def free_concentration_name(drug_id: str, site: Site) -> str:
    """Name of the free interstitial concentration of an antibody.

    >>> free_concentration_name("trastuzumab", "cns")
    'f_trastuzumab_cns_nM'
    """
    return f"f_{drug_id}_{site}_nM"


def bound_share_name(drug_id: str, site: Site) -> str:
    """Name of the share of HER2 that carries one antibody.

    >>> bound_share_name("pertuzumab", "systemic")
    'theta_pertuzumab_systemic'
    """
    return f"theta_{drug_id}_{site}"


def uptake_name(drug_id: str, site: Site) -> str:
    """Name of the uptake of an antibody into cells, per volume of tumor.

    >>> uptake_name("trastuzumab", "cns")
    'uptake_trastuzumab_cns_nM_per_day'
    """
    return f"uptake_{drug_id}_{site}_nM_per_day"


def chained_name(kind: str, site: Site) -> str:
    """Name of the share of the held domains of a biparatopic antibody that are chained to another HER2.

    >>> chained_name("sensitive", "cns")
    'chained_sensitive_cns'
    """
    return f"chained_{kind}_{site}"


def site_exposure(drugs: Sequence[Drug]) -> Module:
    """Amounts of the antibodies and conjugates of a regimen in the tumor, and their uptake into cells.

    Takes ``Cm_<drug>_nM``, ``her2_<site>_nM``, what ``receptor_binding`` makes of the amounts,
    ``her2_endocytosis_<site>`` and ``chained_sensitive_<site>``. Gives the states ``L_<drug>_<site>_nM`` and
    ``uptake_<drug>_<site>_nM_per_day``.
    """
    draft = Draft("site_exposure")
    antibodies = [drug for drug, _ in actions_of(drugs, "antibody")]
    if not antibodies:
        return draft.module()
    exchange = _exchange(draft)
    for site in SITES:
        pace = mul(draft.number("her2_uptake_per_day"), kinase_pace(draft, drugs, site))
        for drug in antibodies:
            plasma = draft.take(f"Cm_{drug.id}_nM", "nM")
            free = draft.take(free_concentration_name(drug.id, site), "nM")
            bound = draft.take(bound_share_name(drug.id, site), "dimensionless")
            uptake = draft.assign(
                uptake_name(drug.id, site),
                mul(pace, _quickened(draft, drugs, drug, site), draft.take(her2_amount_name(site), "nM"), bound),
                "nM/day",
                f"{drug.inn} taken up with its HER2",
                give=True,
            )
            draft.state(
                tumor_amount_state(drug.id, site),
                0.0,
                sub(mul(exchange[site], sub(plasma, free)), uptake),
                "nM",
                f"{drug.inn} in the tumor, free and bound",
                give=True,
            )
    draft.knock_out("blood_brain_barrier", {"cns_barrier_antibody": 1.0})
    return draft.module()


def kinase_pace(draft: Draft, drugs: Sequence[Drug], site: Site, mutant: str = "") -> Expr:
    """Uptake of bound HER2 under the kinase inhibitors of a regimen over that without.

    Where less HER2 is lost than without them, a share of that (0: none) is held back from uptake as well.

    Other arguments:
        mutant: kind of cells whose kinase is mutated.
    """
    if not actions_of(drugs, "kinase_inhibitor"):
        return ONE
    going_in = draft.take(endocytosis_name(site, mutant), "dimensionless")
    follows = draft.number("uptake_held_back_with_spared_her2")
    return add(going_in, mul(complement(follows), at_least_zero(complement(going_in))))


def _quickened(draft: Draft, drugs: Sequence[Drug], drug: Drug, site: Site) -> Expr:
    """Internalization of HER2 with one antibody over that of free HER2: what it and its neighbors add."""
    epitope = {d.id: action.labels["epitope"] for d, action in actions_of(drugs, "antibody")}
    own = epitope[drug.id]
    held = {d: draft.take(bound_share_name(d, site), "dimensionless") for d in epitope}
    half_chain: Expr | None = None
    if BIPARATOPIC in epitope.values():
        chained = draft.take(chained_name(POOL, site), "dimensionless")
        half_chain = mul(0.5, draft.number("endocytosis_gain_chained"), chained)
    terms: list[Expr] = []
    if half_chain and own == BIPARATOPIC:
        terms.append(half_chain)
    elif own != BIPARATOPIC:
        terms.append(draft.number(f"endocytosis_gain_{own}"))
    for other, theirs in epitope.items():
        if half_chain and theirs == BIPARATOPIC:  # at the other domain, with the same drug or another
            terms.append(mul(half_chain, held[other]))
        elif own == BIPARATOPIC:  # at one of the two domains that its arms hold
            terms.append(mul(0.5, draft.number(f"endocytosis_gain_{theirs}"), held[other]))
        elif theirs != own:
            both = add(draft.number(f"endocytosis_gain_{theirs}"), draft.number("endocytosis_gain_both"))
            terms.append(mul(both, held[other]))
    return add(1.0, total(terms))


def _exchange(draft: Draft) -> dict[Site, Expr]:
    radius = draft.number("krogh_radius_um")
    wall = mul(
        2.0,
        draft.number("antibody_permeability_um_per_day"),
        draft.number("tumor_delivery"),
        draft.number("capillary_radius_um"),
    )
    outside = draft.assign(
        "antibody_exchange_systemic_per_day",
        div(wall, mul(radius, radius)),
        "1/day",
        "exchange of an antibody between plasma and tumor outside the brain",
    )
    inside = draft.assign(
        "antibody_exchange_cns_per_day",
        mul(draft.number("cns_barrier_antibody"), outside),
        "1/day",
        "exchange of an antibody between plasma and tumor in the brain",
    )
    return {"systemic": outside, "cns": inside}
