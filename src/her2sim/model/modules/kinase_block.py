"""Kinase block: the share of HER2 and EGFR kinases that small molecules leave active, by site class.

Reversible inhibitors of one kinase compete for its ATP pocket: active share = 1 / (1 + sum of C_u / (tau IC50)), with
C_u = fraction unbound x plasma concentration x Kp,uu of the site. tau translates a cell assay to the patient
(one number for all inhibitors). A covalent inhibitor is treated the same way with its apparent IC50: receptor renewal
(a day) is fast against the weeks of a response. Cells with a mutated HER2 kinase have IC50s that are higher by one
factor for reversible and one for covalent inhibitors. Reversible inhibitors keep HER2 at the surface, covalent ones
send it inside: internalization changes by the share of kinases that they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import ONE, Expr, add, div, mul
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.cell_kinds import CellKind, cell_kinds

KINASES = ("HER2", "EGFR")


def active_kinase_name(kinase: str, site: Site, mutant: str = "") -> str:
    """Name of the active share of a kinase; ``mutant`` is the kind of cells whose HER2 kinase is mutated.

    >>> active_kinase_name("HER2", "cns")
    'active_HER2_cns'
    """
    return "_".join(part for part in ("active", kinase, mutant, site) if part)


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
    kinase.
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
    for drug, _ in inhibitors:
        draft.knock_out("kinase_block", {f"{drug.id}_fraction_unbound": 0.0})
        draft.knock_out("blood_brain_barrier", {f"{drug.id}_kp_uu_brain": 1.0})
    if mutants:
        draft.knock_out("kinase_mutation", {kind.mutation: 0.0 for kind in mutants.values()})
    draft.knock_out("her2_turnover", {_turnover_gain(action): 0.0 for _, action in inhibitors})
    return draft.module()


def _kinase(
    draft: Draft, inhibitors: Sequence[tuple[Drug, Action]], kinase: str, site: Site, mutant: CellKind | None
) -> None:
    """Active share of one kinase, and for HER2 its internalization."""
    loads = [_load(draft, drug, action, kinase, site, mutant) for drug, action in inhibitors]
    name = mutant.name if mutant else ""
    active = draft.assign(
        active_kinase_name(kinase, site, name),
        div(1.0, add(1.0, *loads)),
        "dimensionless",
        f"share of {kinase} kinases that stay active{' in ' + name + ' cells' if name else ''}",
        give=True,
    )
    if kinase == "HER2":
        gains = [
            mul(draft.number(_turnover_gain(action)), load, active)
            for (_, action), load in zip(inhibitors, loads, strict=True)
        ]
        draft.assign(
            endocytosis_name(site, name),
            add(1.0, *gains),
            "dimensionless",
            f"internalization of HER2 with inhibitors over without{' in ' + name + ' cells' if name else ''}",
            give=True,
        )


def _load(draft: Draft, drug: Drug, action: Action, kinase: str, site: Site, mutant: CellKind | None) -> Expr:
    """Free concentration of an inhibitor over its IC50 in the patient."""
    reach = draft.of_drug(drug, action, "kp_uu_brain") if site == "cns" else ONE
    free = mul(draft.of_drug(drug, action, "fraction_unbound"), reach, draft.take(f"Cm_{drug.id}_nM", "nM"))
    half = mul(draft.number("kinase_ic50_translation"), draft.of_drug(drug, action, f"ic50_{kinase}_nM"))
    if mutant:
        ratio = draft.number(f"mutation_ic50_ratio_{_bond(action)}")
        half = mul(half, add(1.0, mul(draft.number(mutant.mutation), ratio - 1.0)))
    return div(free, half)


def _bond(action: Action) -> str:
    return "covalent" if action.labels.get("binding") == "covalent" else "reversible"


def _turnover_gain(action: Action) -> str:
    return f"endocytosis_gain_{_bond(action)}"
