"""Receptor signal: from blocked dimers to the survival signal and the death of addicted cells, by clone and site class.

Three classes of HER2 dimers drive the cells: HER2-HER3 without ligand, HER2-HER3 with neuregulin, HER2-EGFR. Each
antibody epitope blocks each class by a fixed share and the shares multiply (independent blockade), kinase inhibitors
scale the phosphorylation that is left. The sum is passed through a saturating curve:

    S = w_free b_free a_2 + w_lig nrg b_lig a_2 + w_egfr b_egfr a_1 a_2
    s = L / (L + L_50)                                        dependence on HER2, L million HER2 per cell
    x = x_HER2 L^gamma S (1 + amp·PIK3CA) + x_other (1 - s) + drive of the clone + tone of the disease + x_PIK·PIK3CA
    A = x^h / (1 + x^h),   A_rel = A / A without drug

Dependent cells die at delta s (1 - w) (1 - A_rel)^q, with w the share of growth that the estrogen receptor drives.
Cells with little HER2 live from other drives (x_other), so HER2 blockade does little to them.
No term says how two drugs interact: that follows from shared receptors and from the curve.

Sources: division of labor between domain II and domain IV antibodies, Junttila 2009
(doi:10.1016/j.ccr.2009.03.020); dimer preference, Shankaran 2013 (doi:10.1371/journal.pcbi.1003201).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, add, div, mul, sym
from her2sim.model.lesions import CLONES, SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.kinase_block import active_kinase_name
from her2sim.model.modules.receptor_binding import EPITOPES, occupancy_name
from her2sim.model.smooth import complement, positive_power, product, saturating, total

DIMERS = ("free", "ligand", "egfr")
_BLOCKS = {
    "free": {
        "domain_IV": "block_free_domain_IV",
        "domain_II": "block_free_domain_II",
        "biparatopic": "block_biparatopic",
    },
    "ligand": {
        "domain_IV": "block_ligand_domain_IV",
        "domain_II": "block_ligand_domain_II",
        "biparatopic": "block_biparatopic",
    },
    "egfr": {"domain_II": "block_ligand_domain_II", "biparatopic": "block_biparatopic"},
}


def addiction_death_name(clone: str, site: Site) -> str:
    """Name of the death rate of a clone that loses its HER2 signal.

    >>> addiction_death_name("sensitive", "systemic")
    'addiction_death_sensitive_systemic_per_day'
    """
    return f"addiction_death_{clone}_{site}_per_day"


def signal_name(clone: str, site: Site) -> str:
    """Name of a clone's survival signal relative to the one without drugs.

    >>> signal_name("her2low", "systemic")
    'signal_her2low_systemic'
    """
    return f"signal_{clone}_{site}"


def receptor_signal(drugs: Sequence[Drug], disease: str) -> Module:
    """Survival signal and addiction death of all clones.

    Takes the occupancies of ``receptor_binding``, the active kinases of ``kinase_block`` and ``her2_level``. Gives
    ``signal_<clone>_<site>``, ``addiction_death_<clone>_<site>_per_day`` and ``er_share``.
    """
    draft = Draft("receptor_signal")
    weights = _dimer_weights(draft)
    untreated_dimers = draft.assign(
        "dimer_signal_untreated", total(weights.values()), "dimensionless", "dimer signal without drugs"
    )
    dependence = _dependence_of_clones(draft)
    strength = _strength_of_clones(draft)
    drive = _drive_of_clones(draft, disease, dependence)
    steepness = draft.number("signal_steepness")
    own_growth = draft.number("er_growth_share")
    er_share = draft.assign(
        "er_share",
        mul(own_growth, draft.number("hr_positive")),
        "dimensionless",
        "growth driven by the estrogen receptor",
        give=True,
    )
    death, death_power = draft.number("addiction_death_per_day"), draft.number("addiction_death_power")
    for clone in CLONES:
        draft.assign(
            f"signal_untreated_{clone}",
            saturating(add(mul(strength[clone], untreated_dimers), drive[clone]), steepness),
            "dimensionless",
            "survival signal without drugs",
        )
    for site in SITES:
        dimers = draft.assign(
            f"dimer_signal_{site}",
            total(mul(w, _left(draft, drugs, dimer, site)) for dimer, w in weights.items()),
            "dimensionless",
            "signal of the HER2 dimers that drugs leave",
        )
        for clone in CLONES:
            absolute = saturating(add(mul(strength[clone], dimers), drive[clone]), steepness)
            signal = draft.assign(
                signal_name(clone, site),
                div(absolute, sym(f"signal_untreated_{clone}")),
                "dimensionless",
                "survival signal over the one without drugs",
                give=True,
            )
            draft.assign(
                addiction_death_name(clone, site),
                mul(
                    death,
                    draft.number(f"addiction_{clone}"),
                    dependence[clone],
                    complement(er_share),
                    positive_power(complement(signal), death_power),
                ),
                "1/day",
                "death of cells that lose their HER2 signal",
                give=True,
            )
    _knock_outs(draft, drugs)
    return draft.module()


def _dimer_weights(draft: Draft) -> dict[str, Expr]:
    return {
        "free": draft.number("dimer_weight_free"),
        "ligand": mul(draft.number("dimer_weight_ligand"), draft.number("neuregulin_tone")),
        "egfr": draft.number("dimer_weight_egfr"),
    }


def _strength_of_clones(draft: Draft) -> dict[str, Expr]:
    """Signal per unit of dimer signal: more HER2, more signal; a PIK3CA mutation amplifies it."""
    level = draft.take("her2_level", "dimensionless")
    exponent, base = draft.number("signal_her2_exponent"), draft.number("signal_strength")
    amplified = add(1.0, mul(draft.number("pik3ca_amplification"), draft.number("pik3ca_mutated")))
    return {
        clone: draft.assign(
            f"signal_strength_{clone}",
            mul(base, amplified, positive_power(mul(level, draft.number(f"her2_ratio_{clone}")), exponent)),
            "dimensionless",
            "HER2 signal per unit of dimer signal",
        )
        for clone in CLONES
    }


def _dependence_of_clones(draft: Draft) -> dict[str, Expr]:
    """Dependence on HER2, 0 to 1: cells with little HER2 live from other drives."""
    level, half = draft.take("her2_level", "dimensionless"), draft.number("her2_dependence_half_millions")
    found: dict[str, Expr] = {}
    for clone in CLONES:
        own = mul(level, draft.number(f"her2_ratio_{clone}"))
        found[clone] = draft.assign(
            f"her2_dependence_{clone}", div(own, add(own, half)), "dimensionless", "dependence on HER2"
        )
    return found


def _drive_of_clones(draft: Draft, disease: str, dependence: Mapping[str, Expr]) -> dict[str, Expr]:
    """Drive that does not pass through HER2: of the disease, of a PIK3CA mutation, of the clone, of little HER2."""
    shared = add(
        draft.number(f"bypass_tone_{disease}"),
        mul(draft.number("pik3ca_drive"), draft.number("pik3ca_mutated")),
    )
    other = draft.number("drive_without_her2")
    return {
        clone: add(shared, draft.number(f"independent_drive_{clone}"), mul(other, complement(dependence[clone])))
        for clone in CLONES
    }


def _left(draft: Draft, drugs: Sequence[Drug], dimer: str, site: Site) -> Expr:
    """Share of one dimer class's signal that the regimen leaves."""
    bound = {action.labels["epitope"] for _, action in actions_of(drugs, "antibody")}
    factors = [
        complement(
            mul(draft.number(_BLOCKS[dimer][epitope]), draft.take(occupancy_name(epitope, site), "dimensionless"))
        )
        for epitope in EPITOPES
        if epitope in bound and epitope in _BLOCKS[dimer]
    ]
    if actions_of(drugs, "kinase_inhibitor"):
        for kinase in ("HER2", "EGFR") if dimer == "egfr" else ("HER2",):
            factors.append(draft.take(active_kinase_name(kinase, site), "dimensionless"))
    return product(factors)


def _knock_outs(draft: Draft, drugs: Sequence[Drug]) -> None:
    bound = {action.labels["epitope"] for _, action in actions_of(drugs, "antibody")}
    for epitope in EPITOPES:
        if epitope in bound:
            names = {_BLOCKS[dimer][epitope] for dimer in DIMERS if epitope in _BLOCKS[dimer]}
            draft.knock_out(f"{epitope}_block", dict.fromkeys(names, 0.0))
    draft.knock_out("addiction_death", {"addiction_death_per_day": 0.0})
    draft.knock_out("pik3ca", {"pik3ca_drive": 0.0, "pik3ca_amplification": 0.0})
    draft.knock_out("estrogen_receptor", {"er_growth_share": 0.0})
    draft.knock_out("ligand_spread", {"neuregulin_tone": 1.0})
