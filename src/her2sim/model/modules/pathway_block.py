"""Pathway block: what PI3K, mTOR and VEGFR2 inhibitors leave of their targets, by site class.

    c_d         = fraction unbound x Kp,uu of the site x plasma (or blood) concentration
    pi3k_left   = 1 - share_alpha (1 - 1 / (1 + sum of c_d / IC50_d))
    mutant_left = 1 / (1 + sum of c_d / (ratio_d IC50_d))
    mtor_left   = product of 1 - block_d c_d / (c_d + IC50_d)
    vessel_left = product of 1 - block_d C_d / (C_d + Kd_d)

Inhibitors of PI3K alpha compete for one ATP pocket. Without a PIK3CA mutation other isoforms carry the rest of the
signal: blocking alpha alone stops AKT in mutated lines only (Jamieson 2011, doi:10.1042/BJ20110502); with it, all that
the mutation adds is alpha's. Rapalogs leave part of mTORC1 working at any dose. VEGFR2 is on the vessel wall, which the
drug meets in plasma, in the brain too; what it takes away is room to grow, not cells. IC50s are those of cells, not of
the enzyme. The signal and the growth control say what follows from the shares that are left.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, div, mul
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.smooth import complement, product

KIND = "pathway"
TARGETS = ("PI3Ka", "mTORC1", "VEGFR2")
Blockers = list[tuple[Drug, Action]]


def pi3k_left_name(site: Site) -> str:
    """Name of the share of unmutated PI3K activity that is left.

    >>> pi3k_left_name("cns")
    'pi3k_left_cns'
    """
    return f"pi3k_left_{site}"


def pi3k_mutant_left_name(site: Site) -> str:
    """Name of the share that is left of what a PIK3CA mutation adds.

    >>> pi3k_mutant_left_name("systemic")
    'pi3k_mutant_left_systemic'
    """
    return f"pi3k_mutant_left_{site}"


def mtor_left_name(site: Site) -> str:
    """Name of the share of mTORC1 activity that is left.

    >>> mtor_left_name("cns")
    'mtor_left_cns'
    """
    return f"mtor_left_{site}"


VESSEL_LEFT = "vessel_left"
"""Name of the share of growth that the vessels still support."""


def blockers(drugs: Sequence[Drug], target: str) -> Blockers:
    """The drugs of a regimen that block one target of ``TARGETS``, with their actions.

    >>> from her2sim.model.drug_file import load_drug
    >>> [drug.id for drug, _ in blockers([load_drug("alpelisib"), load_drug("everolimus")], "PI3Ka")]
    ['alpelisib']
    """
    return [(drug, action) for drug, action in actions_of(drugs, KIND) if action.labels["target"] == target]


def pathway_block(drugs: Sequence[Drug]) -> Module:
    """What the pathway inhibitors of a regimen leave.

    Takes ``Cm_<drug>_nM``. Gives ``pi3k_left_<site>`` and ``pi3k_mutant_left_<site>`` if the regimen holds a PI3K alpha
    inhibitor, ``mtor_left_<site>`` if it holds an mTOR inhibitor, ``vessel_left`` if it holds a VEGFR2 antibody.

    Raises:
        InputError: a drug file names a target that has no mechanism, or lacks a number.
    """
    draft = Draft("pathway_block")
    for drug, action in actions_of(drugs, KIND):
        _check_target(drug, action)
    for site in SITES:
        _pi3k(draft, blockers(drugs, "PI3Ka"), site)
        _mtor(draft, blockers(drugs, "mTORC1"), site)
    _vessels(draft, blockers(drugs, "VEGFR2"))
    for drug, _ in [*blockers(drugs, "PI3Ka"), *blockers(drugs, "mTORC1")]:
        draft.knock_out("pathway_block", {f"{drug.id}_fraction_unbound": 0.0})
        draft.knock_out("blood_brain_barrier", {f"{drug.id}_kp_uu_brain": 1.0})
    for drug, _ in blockers(drugs, "VEGFR2"):
        draft.knock_out("angiogenesis", {f"{drug.id}_vessel_block": 0.0})
    return draft.module()


def _pi3k(draft: Draft, found: Blockers, site: Site) -> None:
    if not found:
        return
    wild = [div(_free(draft, d, a, site), draft.of_drug(d, a, "ic50_nM")) for d, a in found]
    mutant = [div(x, draft.of_drug(d, a, "mutant_ic50_ratio")) for x, (d, a) in zip(wild, found, strict=True)]
    blocked = complement(div(1.0, add(1.0, *wild)))
    draft.assign(
        pi3k_left_name(site),
        complement(mul(draft.number("pi3k_alpha_share"), blocked)),
        "dimensionless",
        "PI3K activity left, all isoforms",
        give=True,
    )
    draft.assign(
        pi3k_mutant_left_name(site),
        div(1.0, add(1.0, *mutant)),
        "dimensionless",
        "activity left of what a PIK3CA mutation adds",
        give=True,
    )


def _mtor(draft: Draft, found: Blockers, site: Site) -> None:
    if not found:
        return
    left: list[Expr] = []
    for drug, action in found:
        free = _free(draft, drug, action, site)
        occupied = div(free, add(free, draft.of_drug(drug, action, "ic50_nM")))
        left.append(complement(mul(draft.of_drug(drug, action, "mtor_block"), occupied)))
    draft.assign(mtor_left_name(site), product(left), "dimensionless", "mTORC1 activity left", give=True)


def _vessels(draft: Draft, found: Blockers) -> None:
    if not found:
        return
    left: list[Expr] = []
    for drug, action in found:
        plasma = draft.take(f"Cm_{drug.id}_nM", "nM")
        occupied = div(plasma, add(plasma, draft.of_drug(drug, action, "kd_nM")))
        left.append(complement(mul(draft.of_drug(drug, action, "vessel_block"), occupied)))
    draft.assign(VESSEL_LEFT, product(left), "dimensionless", "growth that vessels still support", give=True)


def _free(draft: Draft, drug: Drug, action: Action, site: Site) -> Expr:
    reach = draft.of_drug(drug, action, "kp_uu_brain") if site == "cns" else 1.0
    return mul(draft.of_drug(drug, action, "fraction_unbound"), reach, draft.take(f"Cm_{drug.id}_nM", "nM"))


def _check_target(drug: Drug, action: Action) -> None:
    target = action.labels.get("target", "")
    if target not in TARGETS:
        raise InputError(
            f"no mechanism for the pathway target {target!r} of {drug.id}",
            where=f"data/drugs/{drug.id}.yaml",
            hint=did_you_mean(target, TARGETS),
        )
