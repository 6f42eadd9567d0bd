"""Soluble HER2: the ectodomain that tumors shed into blood. An observation: nothing else in the model depends on it.

    dS/dt = [ k_shed R sum_slots (1 - (1 - chi) o_site) sum_c rho_c V_c ] / V_S  +  k_f S_0 (1 - (1 - chi) o_plasma)
            - (k_f (1 - b) + k_b b) S

S is free and antibody-bound ectodomain in plasma, as an assay with two other antibodies sees it; R the HER2 in the
tumor of antigen-high cells under drugs, rho_c that of clone c over theirs; o the share of HER2 whose domain IV is
covered (outside the brain in tumors; in healthy tissue as plasma would cover it), chi the shedding left there; S_0 the
level of healthy people; b the share of ectodomain that carries an antibody, which is in hundredfold excess. Lesions in
the brain are left out: the barrier keeps their ectodomain. Rates and levels: Scheuher 2024
(doi:10.1007/s10928-023-09884-6).

The patient model leaves this module out, because nothing reads it; a study adds it::

    assemble("with ectodomain", [*modules_of(drugs, disease, routes), soluble_her2(drugs)])
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, div, mul, sub, sym
from her2sim.model.lesions import CLONES, SLOTS, volume_state
from her2sim.model.module import Module
from her2sim.model.modules.lesion import start_volume_name
from her2sim.model.modules.receptor_binding import arm_occupancy_name, competing, occupancy_name
from her2sim.model.modules.site_exposure import BIPARATOPIC
from her2sim.model.modules.tumor_her2 import her2_amount_name
from her2sim.model.smooth import complement, product, total

SOLUBLE_HER2 = "soluble_HER2_ng_per_mL"
_STATE = "soluble_HER2_nM"
ON_DOMAIN_IV = ("domain_IV", BIPARATOPIC)
"""Epitopes whose antibodies cover the place where the ectodomain is cut."""
_LITERS_PER_ML = 1e-3


def soluble_her2(drugs: Sequence[Drug]) -> Module:
    """Ectodomain in plasma under the antibodies of a regimen.

    Takes ``her2_nM``, ``her2_systemic_nM``, the volumes of the clones, ``Cm_<drug>_nM`` and
    ``theta_<epitope>_systemic``. State ``soluble_HER2_nM``; gives ``soluble_HER2_ng_per_mL``, free and bound.

    >>> [state.name for state in soluble_her2([]).states]
    ['soluble_HER2_nM']
    """
    draft = Draft("soluble_her2")
    antibodies = actions_of(drugs, "antibody")
    covering = [(drug, action) for drug, action in antibodies if action.labels["epitope"] in ON_DOMAIN_IV]
    epitopes = {action.labels["epitope"] for _, action in antibodies}
    normal = div(draft.number("soluble_her2_normal_ng_per_mL"), draft.number("soluble_her2_molar_mass_kg_per_mol"))
    fast = div(math.log(2.0), draft.number("soluble_her2_half_life_days"))
    slow = div(math.log(2.0), draft.number("soluble_her2_bound_half_life_days"))
    bound = draft.assign(
        "soluble_HER2_bound_share",
        complement(_bare_in_plasma(draft, antibodies)),
        "dimensionless",
        "ectodomain that carries an antibody",
    )
    per_amount = div(mul(draft.number("her2_shedding_per_day"), _LITERS_PER_ML), draft.number("soluble_her2_volume_L"))
    names = [occupancy_name("domain_IV", "systemic")] if "domain_IV" in epitopes else []
    if BIPARATOPIC in epitopes:
        rivals = competing(epitopes)
        names.append(arm_occupancy_name("domain_IV", "systemic") if rivals else occupancy_name(BIPARATOPIC, "systemic"))
    bare = complement(total(draft.take(name, "dimensionless") for name in names))
    from_tumor = draft.assign(
        "soluble_HER2_from_tumor_nM_per_day",
        mul(
            per_amount,
            draft.take(her2_amount_name("systemic"), "nM"),
            _shedding_left(draft, bare),
            _her2_volume_mL(draft),
        ),
        "nM/day",
        "ectodomain shed by tumors outside the brain",
    )
    from_normal = mul(fast, normal, _shedding_left(draft, _bare_in_plasma(draft, covering)))
    loss = mul(add(mul(fast, complement(bound)), mul(slow, bound)), sym(_STATE))
    draft.state(
        _STATE,
        add(normal, div(mul(per_amount, draft.take("her2_nM", "nM"), _her2_volume_at_start_mL(draft)), fast)),
        sub(add(from_tumor, from_normal), loss),
        "nM",
        "HER2 ectodomain in plasma, free and bound",
    )
    draft.assign(
        SOLUBLE_HER2,
        mul(sym(_STATE), draft.number("soluble_her2_molar_mass_kg_per_mol")),
        "ng/mL",
        "HER2 ectodomain in plasma, free and bound",
        give=True,
    )
    draft.knock_out("her2_shedding", {"her2_shedding_per_day": 0.0})
    return draft.module()


def _bare_in_plasma(draft: Draft, antibodies: Sequence[tuple[Drug, Action]]) -> Expr:
    """Share of ectodomain that no antibody holds: antibodies of one domain compete, domains are independent."""
    by_epitope: dict[bool, list[Expr]] = {}
    for drug, action in antibodies:
        over_kd = div(draft.take(f"Cm_{drug.id}_nM", "nM"), draft.of_drug(drug, action, "kd_nM"))
        by_epitope.setdefault(action.labels["epitope"] in ON_DOMAIN_IV, []).append(over_kd)
    return product(div(1.0, add(1.0, *terms)) for terms in by_epitope.values())


def _shedding_left(draft: Draft, bare: Expr) -> Expr:
    """Shedding over that without antibodies, where a share ``bare`` of HER2 has its domain IV free."""
    left = draft.number("her2_shedding_left_bound")
    return add(left, mul(complement(left), bare))


def _her2_volume_mL(draft: Draft) -> Expr:
    """Living tumor outside the brain, each clone in proportion to its HER2."""
    return total(
        mul(draft.number(f"her2_ratio_{clone}"), draft.take(volume_state(slot.name, clone), "mL"))
        for slot in SLOTS
        if slot.site == "systemic"
        for clone in CLONES
    )


def _her2_volume_at_start_mL(draft: Draft) -> Expr:
    """The same from the sizes at the start; each fraction is of what the clones before it left, as in the lesions."""
    left, share = add(1.0), add(0.0)
    for clone in CLONES[1:]:
        fraction = draft.number(f"fraction_{clone}")
        share = add(share, mul(draft.number(f"her2_ratio_{clone}"), left, fraction))
        left = mul(left, complement(fraction))
    share = add(share, mul(draft.number(f"her2_ratio_{CLONES[0]}"), left))
    size = total(draft.number(start_volume_name(slot.name)) for slot in SLOTS if slot.site == "systemic")
    return mul(size, share)
