"""Site exposure: what reaches the tumor cells, by site class (outside the brain, in the brain).

Antibodies and conjugates leak slowly out of capillaries and are taken up by cells that carry HER2, so in a tumor with
much HER2 and little antibody the free concentration in the interstitium stays far below the one in plasma. Uptake and
leakage are fast against dosing intervals (hours against weeks), so their balance is taken as steady:

    P (C - f) = k R f / (f + K)        P = 2 p r_cap / r_Krogh²

with C the plasma concentration, f the free one, K the dissociation constant, R the HER2 concentration, k the net
uptake rate and P the exchange rate of a Krogh cylinder (Thurber 2008, doi:10.1016/j.addr.2008.04.012). The brain
multiplies P by a barrier factor. Small molecules cross with the unbound partition Kp,uu of their drug file, which the
modules of their actions use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, call, div, exp, mul, sub
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.smooth import total

_MILLION_LOG10 = 6.0
_TRACE_NM = 1e-9  # numerical: keeps the mean dissociation constant defined before the first dose


def free_concentration_name(drug_id: str, site: Site) -> str:
    """Name of the free interstitial concentration of an antibody.

    >>> free_concentration_name("trastuzumab", "cns")
    'f_trastuzumab_cns_nM'
    """
    return f"f_{drug_id}_{site}_nM"


def site_exposure(drugs: Sequence[Drug]) -> Module:
    """Free interstitial concentrations of the antibodies and conjugates of a regimen.

    Antibodies of one epitope share the receptor that takes them up, so they are solved as one pool.

    Takes ``Cm_<drug>_nM``. Gives ``f_<drug>_<site>_nM`` for each antibody and, for all modules that need it,
    ``her2_level`` (HER2 per cell of the antigen-high clones, in millions).
    """
    draft = Draft("site_exposure")
    her2 = draft.assign(
        "her2_level",
        exp(mul(math.log(10.0), sub(draft.number("her2_log10_per_cell"), _MILLION_LOG10))),
        "dimensionless",
        "HER2 per cell of the antigen-high clones, in millions",
        give=True,
    )
    antibodies = actions_of(drugs, "antibody")
    if antibodies:
        _antibodies(draft, antibodies, her2)
    return draft.module()


def _antibodies(draft: Draft, antibodies: Sequence[tuple[Drug, Action]], her2: Expr) -> None:
    receptor = draft.assign("her2_nM", mul(draft.number("her2_nM_per_million"), her2), "nM", "HER2 in the tumor")
    uptake = mul(draft.number("her2_uptake_per_day"), receptor)
    radius = draft.number("krogh_radius_um")
    exchange = draft.assign(
        "antibody_exchange_systemic_per_day",
        div(
            mul(
                2.0,
                draft.number("antibody_permeability_um_per_day"),
                draft.number("tumor_delivery"),
                draft.number("capillary_radius_um"),
            ),
            mul(radius, radius),
        ),
        "1/day",
        "exchange of an antibody between plasma and tumor outside the brain",
    )
    barrier = draft.number("cns_barrier_antibody")
    in_brain = draft.assign("antibody_exchange_cns_per_day", mul(barrier, exchange), "1/day", "the same in the brain")
    by_epitope: dict[str, list[tuple[Drug, Action]]] = {}
    for drug, action in antibodies:
        by_epitope.setdefault(action.labels["epitope"], []).append((drug, action))
    for site in SITES:
        rate = exchange if site == "systemic" else in_brain
        for epitope, members in by_epitope.items():
            plasma = {drug.id: draft.take(f"Cm_{drug.id}_nM", "nM") for drug, _ in members}
            affinity = {drug.id: draft.of_drug(drug, action, "kd_nM") for drug, action in members}
            share = draft.assign(
                f"free_share_{epitope}_{site}",
                _free_share(rate, uptake, list(plasma.values()), list(affinity.values())),
                "dimensionless",
                f"free interstitial over plasma concentration, antibodies of {epitope}",
            )
            for drug, _ in members:
                draft.assign(
                    free_concentration_name(drug.id, site),
                    mul(share, plasma[drug.id]),
                    "nM",
                    f"free {drug.inn} in the interstitium",
                    give=True,
                )
    draft.knock_out("blood_brain_barrier", {"cns_barrier_antibody": 1.0})


def _free_share(rate: Expr, uptake: Expr, plasma: list[Expr], affinity: list[Expr]) -> Expr:
    """f/C, from the positive root of P f² + (P K + k R - P C) f - P K C = 0 in the form without cancellation."""
    pool = total(plasma)
    if len(plasma) == 1:
        mean_kd = affinity[0]
    else:
        bound = total(div(c, k) for c, k in zip(plasma, affinity, strict=True))
        mean_kd = div(add(pool, _TRACE_NM), add(bound, div(_TRACE_NM, affinity[0])))
    b = sub(add(mul(rate, mean_kd), uptake), mul(rate, pool))
    root = call("sqrt", add(mul(b, b), mul(4.0, rate, rate, mean_kd, pool)))
    return div(mul(2.0, rate, mean_kd), add(b, root))
