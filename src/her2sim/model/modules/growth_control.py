"""Growth control: how the HER2 signal, the estrogen receptor and the cell cycle together set the pace of division.

    er = 1 - W (1 - product of (1 - inhibition_d · u_d)) · [1 - zeta (1 - w) A_rel]
    growth = [(1 - w) A_rel + w er] · product of (1 - block_d · occupancy_d) · [1 - m (1 - mtor_left)] · vessel_left

w is the share of growth that the estrogen receptor drives (0 in HR-negative disease). It is a trait: HER2-positive
tumors with hormone receptors range from HER2-enriched to luminal. An endocrine drug takes away ligand-driven activity,
but an intact HER2 signal keeps the receptor active without ligand (zeta), the more so the more HER2 drives the tumor
(1 - w): endocrine therapy works in luminal tumors, and in others when HER2 is blocked (Shou 2004,
doi:10.1093/jnci/djh166). Its effect falls with exposure (ESR1 mutations), and a later line starts with what is left.
CDK4/6 inhibitors slow division of all clones. mTORC1 carries the share m of growth, whatever drives it, and vessels
bound the growth of all clones (``pathway_block``).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, add, div, mul
from her2sim.model.lesions import CLONES, SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.pathway_block import VESSEL_LEFT, blockers, mtor_left_name
from her2sim.model.modules.receptor_signal import signal_name
from her2sim.model.modules.waning import add_waning
from her2sim.model.smooth import complement, product


def growth_name(clone: str, site: Site) -> str:
    """Name of a clone's growth multiplier, 1 without drugs.

    >>> growth_name("bypass", "cns")
    'growth_bypass_cns'
    """
    return f"growth_{clone}_{site}"


def growth_control(drugs: Sequence[Drug]) -> Module:
    """Growth multipliers of all clones.

    Takes ``signal_<clone>_<site>``, ``er_share``, ``Cm_<drug>_nM`` of endocrine drugs and CDK4/6 inhibitors, and what
    ``pathway_block`` leaves of mTORC1 and the vessels. Gives ``growth_<clone>_<site>``. State: ``W_endocrine``, the
    share of endocrine effect left, where a regimen holds an endocrine drug.
    """
    draft = Draft("growth_control")
    share = draft.take("er_share", "dimensionless")
    ligand = _ligand_driven(draft, drugs)
    for site in SITES:
        pace = product([_cell_cycle(draft, drugs, site), *_supply(draft, drugs, site)])
        for clone in CLONES:
            signal = draft.take(signal_name(clone, site), "dimensionless")
            receptor = complement(mul(complement(ligand), _needs_ligand(draft, drugs, share, signal)))
            draft.assign(
                growth_name(clone, site),
                mul(add(mul(complement(share), signal), mul(share, receptor)), pace),
                "dimensionless",
                "growth over growth without drugs",
                give=True,
            )
    return draft.module()


def _ligand_driven(draft: Draft, drugs: Sequence[Drug]) -> Expr:
    """Share of ligand-driven estrogen-receptor activity that endocrine drugs leave, more as their effect wanes."""
    left: list[Expr] = []
    for drug, action in actions_of(drugs, "endocrine"):
        plasma = draft.take(f"Cm_{drug.id}_nM", "nM")
        present = div(plasma, add(plasma, draft.number("endocrine_half_nM")))
        left.append(complement(mul(draft.of_drug(drug, action, "er_drive_inhibition"), present)))
        draft.knock_out("endocrine", {f"{drug.id}_er_drive_inhibition": 0.0})
    if not left:
        return product(left)
    taken = draft.assign("ligand_drive_taken", complement(product(left)), "dimensionless",
                         "ligand-driven activity that endocrine drugs take away without resistance")  # fmt: skip
    effect = add_waning(draft, "endocrine", taken, "endocrine_waning_per_day")
    return complement(mul(effect, taken))


def _needs_ligand(draft: Draft, drugs: Sequence[Drug], share: Expr, signal: Expr) -> Expr:
    """Share of estrogen-receptor activity that needs its ligand: less where HER2 keeps the receptor active, as it does
    in tumors that HER2 drives."""
    if not actions_of(drugs, "endocrine"):
        return complement(0.0)
    return complement(mul(draft.number("er_crosstalk"), complement(share), signal))


def _cell_cycle(draft: Draft, drugs: Sequence[Drug], site: Site) -> Expr:
    """Pace of the cell cycle that CDK4/6 inhibitors leave; one without a brain partition does not reach the brain."""
    left: list[Expr] = []
    for drug, action in actions_of(drugs, "cdk46"):
        if site == "cns" and "kp_uu_brain" not in action.values:
            continue
        reach = draft.of_drug(drug, action, "kp_uu_brain") if site == "cns" else 1.0
        free = mul(draft.of_drug(drug, action, "fraction_unbound"), reach, draft.take(f"Cm_{drug.id}_nM", "nM"))
        occupied = div(free, add(free, draft.of_drug(drug, action, "ic50_CDK4_nM")))
        left.append(complement(mul(draft.of_drug(drug, action, "proliferation_block"), occupied)))
        draft.knock_out("cdk46", {f"{drug.id}_proliferation_block": 0.0})
    return product(left)


def _supply(draft: Draft, drugs: Sequence[Drug], site: Site) -> list[Expr]:
    """What inhibitors of mTOR and of VEGFR2 leave of growth, whatever drives it."""
    left: list[Expr] = []
    if blockers(drugs, "mTORC1"):
        lost = complement(draft.take(mtor_left_name(site), "dimensionless"))
        left.append(complement(mul(draft.number("mtor_growth_share"), lost)))
    if blockers(drugs, "VEGFR2"):
        left.append(draft.take(VESSEL_LEFT, "dimensionless"))
    return left
