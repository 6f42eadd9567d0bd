"""Kinase block: the share of HER2 and EGFR kinases that small molecules leave active, by site class.

Inhibitors of one kinase compete for its ATP pocket. With x = C_u / (tau K) of each drug, K its IC50 or, if it is
covalent, its K_I, and b the share of kinases that hold a bond,

    active = (1 - b) / (1 + sum of x)
    db/dt  = active (sum of k_inact x over covalent drugs) - renewal b

so that a covalent drug alone inactivates at k_obs = k_inact C_u / (K_I + C_u): bonds build up within hours and outlast
the drug until receptors are renewed. At rest active = 1 / (1 + sum of x (1 + k_inact / renewal)). C_u = fraction
unbound x plasma concentration x Kp,uu of the site x (1 + activity of circulating metabolites); tau translates a cell
assay to the patient (one number for all inhibitors). Renewal is the loss of the receptors that hold the bond: net
internalization, faster for HER2 as a covalent inhibitor has it ubiquitinated. Cells with a mutated HER2 kinase have Ks
that are higher by one factor for reversible and one for covalent inhibitors. Reversible inhibitors keep HER2 at the
surface, covalent ones send it inside: internalization changes by the share of kinases that they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import ONE, ZERO, Expr, add, div, mul, sub, sym
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.cell_kinds import CellKind, cell_kinds
from her2sim.model.smooth import complement, total

KINASES = ("HER2", "EGFR")


def active_kinase_name(kinase: str, site: Site, mutant: str = "") -> str:
    """Name of the active share of a kinase; ``mutant`` is the kind of cells whose HER2 kinase is mutated.

    >>> active_kinase_name("HER2", "cns")
    'active_HER2_cns'
    """
    return "_".join(part for part in ("active", kinase, mutant, site) if part)


def bonded_kinase_name(kinase: str, site: Site, mutant: str = "") -> str:
    """Name of the share of a kinase that covalent inhibitors have bonded to.

    >>> bonded_kinase_name("EGFR", "systemic")
    'bonded_EGFR_systemic'
    """
    return "_".join(part for part in ("bonded", kinase, mutant, site) if part)


def endocytosis_name(site: Site, mutant: str = "") -> str:
    """Name of the internalization of HER2 with kinase inhibitors over without.

    >>> endocytosis_name("systemic")
    'her2_endocytosis_systemic'
    """
    return "_".join(part for part in ("her2_endocytosis", mutant, site) if part)


def kinase_block(drugs: Sequence[Drug]) -> Module:
    """Active shares of the HER2 and EGFR kinases.

    Takes ``Cm_<drug>_nM``. Gives ``active_<kinase>_<site>`` and ``her2_endocytosis_<site>``, if the regimen holds a
    kinase inhibitor, and ``active_HER2_<kind>_<site>`` and ``her2_endocytosis_<kind>_<site>`` for cells with a mutated
    kinase. With a covalent inhibitor it has one state per kinase and site, ``bonded_<kinase>_<site>``.
    """
    draft = Draft("kinase_block")
    inhibitors = actions_of(drugs, "kinase_inhibitor")
    if not inhibitors:
        return draft.module()
    mutants = {kind.name: kind for kind in cell_kinds(drugs).values() if kind.mutation}
    for site in SITES:
        _kinase(draft, inhibitors, "EGFR", site, None)
        _kinase(draft, inhibitors, "HER2", site, None)
        for kind in mutants.values():
            _kinase(draft, inhibitors, "HER2", site, kind)
    for drug, action in inhibitors:
        draft.knock_out("kinase_block", {f"{drug.id}_fraction_unbound": 0.0})
        draft.knock_out("blood_brain_barrier", {f"{drug.id}_kp_uu_brain": 1.0})
        if _covalent(action):
            draft.knock_out("covalent_bond", {f"{drug.id}_inactivation_per_day": 0.0})
    if mutants:
        draft.knock_out("kinase_mutation", {kind.mutation: 0.0 for kind in mutants.values()})
    draft.knock_out("her2_turnover", {_turnover_gain(action): 0.0 for _, action in inhibitors})
    return draft.module()


def _kinase(
    draft: Draft, inhibitors: Sequence[tuple[Drug, Action]], kinase: str, site: Site, mutant: CellKind | None
) -> None:
    """Bonded and active share of one kinase, and for HER2 its internalization."""
    loads = [_load(draft, drug, action, kinase, site, mutant) for drug, action in inhibitors]
    name = mutant.name if mutant else ""
    cells = f" in {name} cells" if name else ""
    covalent = any(_covalent(action) for _, action in inhibitors)
    bonded = sym(bonded_kinase_name(kinase, site, name)) if covalent else ZERO
    active = draft.assign(
        active_kinase_name(kinase, site, name),
        div(complement(bonded), add(1.0, *loads)),
        "dimensionless",
        f"share of {kinase} kinases that stay active{cells}",
        give=True,
    )
    if covalent:
        pace = total(
            mul(draft.of_drug(drug, action, "inactivation_per_day"), load)
            for (drug, action), load in zip(inhibitors, loads, strict=True)
            if _covalent(action)
        )
        rate = sub(mul(pace, active), mul(_renewal(draft, kinase), bonded))
        words = f"share of {kinase} kinases with a covalent bond{cells}"
        draft.state(bonded_kinase_name(kinase, site, name), ZERO, rate, "dimensionless", words)
    if kinase == "HER2":
        gains = [
            mul(draft.number(_turnover_gain(action)), load, active)
            for (_, action), load in zip(inhibitors, loads, strict=True)
        ]
        if covalent:
            gains.append(mul(draft.number("endocytosis_gain_covalent"), bonded))
        draft.assign(
            endocytosis_name(site, name),
            add(1.0, *gains),
            "dimensionless",
            f"internalization of HER2 with inhibitors over without{cells}",
            give=True,
        )


def _renewal(draft: Draft, kinase: str) -> Expr:
    """Loss of receptors with a bond, 1/day: those that go in and do not come back."""
    back, lost = (draft.number(f"{what}_{kinase}_per_day") for what in ("recycling", "degradation"))
    net = mul(draft.number("endocytosis_per_day"), div(lost, add(lost, back)))
    return mul(net, add(1.0, draft.number("endocytosis_gain_covalent"))) if kinase == "HER2" else net


def _load(draft: Draft, drug: Drug, action: Action, kinase: str, site: Site, mutant: CellKind | None) -> Expr:
    """Free concentration of an inhibitor over its IC50 or K_I in the patient."""
    reach = draft.of_drug(drug, action, "kp_uu_brain") if site == "cns" else ONE
    free = mul(draft.of_drug(drug, action, "fraction_unbound"), reach, draft.take(f"Cm_{drug.id}_nM", "nM"))
    if "metabolite_activity" in action.values:
        free = mul(free, add(1.0, draft.of_drug(drug, action, "metabolite_activity")))
    key = f"ki_{kinase}_nM" if _covalent(action) else f"ic50_{kinase}_nM"
    half = mul(draft.number("kinase_ic50_translation"), draft.of_drug(drug, action, key))
    if mutant:
        ratio = draft.number(f"mutation_ic50_ratio_{_bond(action)}")
        half = mul(half, add(1.0, mul(draft.number(mutant.mutation), ratio - 1.0)))
    return div(free, half)


def _covalent(action: Action) -> bool:
    return action.labels.get("binding") == "covalent"


def _bond(action: Action) -> str:
    return "covalent" if _covalent(action) else "reversible"


def _turnover_gain(action: Action) -> str:
    return f"endocytosis_gain_{_bond(action)}"
