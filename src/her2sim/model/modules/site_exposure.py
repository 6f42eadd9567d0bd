"""Site exposure: how much antibody gets to the tumor cells, by site class (outside the brain, in the brain).

Antibodies and conjugates leak slowly out of capillaries and are taken up with the HER2 they bind. For each one, with
L its free and bound amount in the tumor:

    dL_d/dt = P (C_d - f_d) - k R theta_d        P = 2 p r_cap / r_Krogh²

C is the plasma concentration, f the free one between the cells, theta_d the share of HER2 that carries the antibody, R
the HER2 concentration, k the net uptake rate and P the exchange rate of a Krogh cylinder (Thurber 2008,
doi:10.1016/j.addr.2008.04.012). So a tumor with much HER2 and little antibody is limited by delivery. The brain
multiplies P by a barrier factor. L is kept as a state: it takes days to fill the receptors, and with a short-lived
conjugate a steady balance would be wrong by a fifth. Small molecules cross with the unbound partition Kp,uu of their
drug file, which the modules of their actions use.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, div, mul, sub
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module


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


def site_exposure(drugs: Sequence[Drug]) -> Module:
    """Amounts of the antibodies and conjugates of a regimen in the tumor.

    Takes ``Cm_<drug>_nM``, ``her2_nM`` and what ``receptor_binding`` makes of the amounts. Gives the states
    ``L_<drug>_<site>_nM``.
    """
    draft = Draft("site_exposure")
    antibodies = [drug for drug, _ in actions_of(drugs, "antibody")]
    if not antibodies:
        return draft.module()
    exchange = _exchange(draft)
    uptake = mul(draft.number("her2_uptake_per_day"), draft.take("her2_nM", "nM"))
    for site in SITES:
        for drug in antibodies:
            plasma = draft.take(f"Cm_{drug.id}_nM", "nM")
            free = draft.take(free_concentration_name(drug.id, site), "nM")
            bound = draft.take(bound_share_name(drug.id, site), "dimensionless")
            draft.state(
                tumor_amount_state(drug.id, site),
                0.0,
                sub(mul(exchange[site], sub(plasma, free)), mul(uptake, bound)),
                "nM",
                f"{drug.inn} in the tumor, free and bound",
                give=True,
            )
    draft.knock_out("blood_brain_barrier", {"cns_barrier_antibody": 1.0})
    return draft.module()


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
