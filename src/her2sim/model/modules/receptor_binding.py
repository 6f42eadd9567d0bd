"""Receptor binding: which share of the HER2 epitopes is occupied by which antibody, by site class.

Antibodies of one epitope compete: theta_d = (f_d/K_d) / (1 + sum of f/K over the antibodies of the epitope). A
biparatopic antibody binds both epitopes and competes with the antibodies of either.
Binding takes minutes against weeks of dosing, so it is at equilibrium (dossier of rates: kon 8.6 /nM/day times hundreds
of nM of receptor, Scheuher 2024, doi:10.1007/s10928-023-09884-6).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.core.errors import InputError
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, add, div
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.site_exposure import free_concentration_name
from her2sim.model.smooth import total

EPITOPES = ("domain_IV", "domain_II", "biparatopic")


def occupancy_name(epitope: str, site: Site) -> str:
    """Name of the occupied share of an epitope.

    >>> occupancy_name("domain_IV", "cns")
    'theta_domain_IV_cns'
    """
    return f"theta_{epitope}_{site}"


def bound_share_name(drug_id: str, site: Site) -> str:
    """Name of the share of HER2 that carries one antibody.

    >>> bound_share_name("pertuzumab", "systemic")
    'theta_pertuzumab_systemic'
    """
    return f"theta_{drug_id}_{site}"


def receptor_binding(drugs: Sequence[Drug]) -> Module:
    """Occupancies of the HER2 epitopes.

    Takes ``f_<drug>_<site>_nM``. Gives ``theta_<drug>_<site>`` and, for each epitope bound by a drug of the regimen,
    ``theta_<epitope>_<site>``.

    Raises:
        InputError: a drug file names an epitope that is not one of ``EPITOPES``.
    """
    draft = Draft("receptor_binding")
    antibodies = actions_of(drugs, "antibody")
    for drug, action in antibodies:
        if action.labels["epitope"] not in EPITOPES:
            raise InputError(
                f"unknown epitope {action.labels['epitope']!r}",
                where=f"data/drugs/{drug.id}.yaml",
                hint=f"Known epitopes: {', '.join(EPITOPES)}.",
            )
    for site in SITES:
        ratio: dict[str, dict[str, Expr]] = {epitope: {} for epitope in EPITOPES}
        for drug, action in antibodies:
            free = draft.take(free_concentration_name(drug.id, site), "nM")
            ratio[action.labels["epitope"]][drug.id] = div(free, draft.of_drug(drug, action, "kd_nM"))
        for epitope in EPITOPES:
            rivals = list(ratio.values()) if epitope == "biparatopic" else [ratio[epitope], ratio["biparatopic"]]
            free_or_taken = add(1.0, *(u for group in rivals for u in group.values()))
            for drug_id, u in ratio[epitope].items():
                draft.assign(
                    bound_share_name(drug_id, site), div(u, free_or_taken), "dimensionless", "bound HER2", give=True
                )
            if ratio[epitope]:
                draft.assign(
                    occupancy_name(epitope, site),
                    div(total(ratio[epitope].values()), free_or_taken),
                    "dimensionless",
                    f"occupied share of {epitope}",
                    give=True,
                )
    return draft.module()
