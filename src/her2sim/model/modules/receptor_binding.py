"""Receptor binding: which share of the HER2 epitopes is occupied by which antibody, by site class.

Binding takes minutes against days of exchange with plasma (on-rate 8.6 /nM/day times hundreds of nM of HER2, Scheuher
2024, doi:10.1007/s10928-023-09884-6), so it is at equilibrium. With L the amount of all antibodies of an epitope, e
the share of tumor volume open to them, R the HER2 concentration and K the dissociation constant:

    e f + R f / (f + K) = L          f is the positive root;   theta = (L - e f) / R

Antibodies of one epitope compete for it: they share one pool, with the mean K of what is there, and each holds free
and bound parts in proportion to its amount (exact where their K are equal, as for trastuzumab and its conjugates). R is
the HER2 that is at the surface under drugs.

A biparatopic antibody has an arm for domain II and one for domain IV. Beside antibodies of one domain only it takes
part in the pools of both; a molecule is free when both arms are, and one held by both counts once:

    e f_z + R max(theta_z,II, theta_z,IV) = L_z          f_z = min over the domains of what their pools leave free
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, call, div, mul, sub
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.site_exposure import (
    BIPARATOPIC,
    bound_share_name,
    free_concentration_name,
    tumor_amount_state,
)
from her2sim.model.modules.tumor_her2 import her2_amount_name
from her2sim.model.smooth import at_least_zero, complement, total

DOMAINS = ("domain_IV", "domain_II")
EPITOPES = (*DOMAINS, BIPARATOPIC)
Members = Sequence[tuple[Drug, Action]]
_TRACE = 1e-9  # numerical: keeps the mean dissociation constant defined before the first dose


def occupancy_name(epitope: str, site: Site) -> str:
    """Name of the occupied share of an epitope.

    >>> occupancy_name("domain_IV", "cns")
    'theta_domain_IV_cns'
    """
    return f"theta_{epitope}_{site}"


def arm_occupancy_name(domain: str, site: Site) -> str:
    """Name of the share of a domain that biparatopic antibodies occupy, where others compete for it.

    >>> arm_occupancy_name("domain_II", "cns")
    'theta_biparatopic_domain_II_cns'
    """
    return occupancy_name(f"{BIPARATOPIC}_{domain}", site)


def receptor_binding(drugs: Sequence[Drug]) -> Module:
    """Free concentrations and occupancies of the antibodies of a regimen.

    Takes ``L_<drug>_<site>_nM`` and ``her2_<site>_nM``. Gives ``f_<drug>_<site>_nM``, ``theta_<drug>_<site>`` and, for
    each epitope bound by a drug of the regimen, ``theta_<epitope>_<site>``; where biparatopic antibodies have rivals,
    ``theta_biparatopic_<domain>_<site>``.

    Raises:
        InputError: a drug file names an epitope that is not one of ``EPITOPES``.
    """
    draft = Draft("receptor_binding")
    by_epitope: dict[str, list[tuple[Drug, Action]]] = {}
    for drug, action in actions_of(drugs, "antibody"):
        epitope = action.labels["epitope"]
        if epitope not in EPITOPES:
            raise InputError(
                f"unknown epitope {epitope!r}",
                where=f"data/drugs/{drug.id}.yaml",
                hint=did_you_mean(epitope, EPITOPES),
            )
        by_epitope.setdefault(epitope, []).append((drug, action))
    for site in SITES:
        if competing(by_epitope):
            _two_domains(draft, by_epitope, site)
            continue
        for epitope, members in by_epitope.items():
            free_share = _pool(draft, epitope, members, site)
            _bind(draft, epitope, members, site, free_share, _bound_per_amount(draft, free_share, site))
    return draft.module()


def competing(epitopes: Collection[str]) -> bool:
    """Whether biparatopic antibodies share their domains with others.

    >>> competing(["biparatopic"]), competing(["biparatopic", "domain_IV"])
    (False, True)
    """
    return BIPARATOPIC in epitopes and len(set(epitopes)) > 1


def _two_domains(draft: Draft, by_epitope: Mapping[str, Members], site: Site) -> None:
    """Binding where a biparatopic antibody meets antibodies of one domain."""
    chains = by_epitope[BIPARATOPIC]
    free: dict[str, Expr] = {}
    for domain in DOMAINS:
        alone = by_epitope.get(domain, [])
        free[domain] = _pool(draft, domain, [*alone, *chains], site)
        bound = _bound_per_amount(draft, free[domain], site)
        if alone:
            _bind(draft, domain, alone, site, free[domain], bound)
        arms = mul(bound, total(_amount(draft, drug, site) for drug, _ in chains))
        draft.assign(arm_occupancy_name(domain, site), arms, "dimensionless", f"{domain} with an arm", give=True)
    first, second = (free[domain] for domain in DOMAINS)
    least = sub(first, at_least_zero(sub(first, second)))
    _bind(draft, BIPARATOPIC, chains, site, least, _bound_per_amount(draft, least, site))


def _amount(draft: Draft, drug: Drug, site: Site) -> Expr:
    return draft.take(tumor_amount_state(drug.id, site), "nM")


def _pool(draft: Draft, epitope: str, members: Members, site: Site) -> Expr:
    """Free concentration over amount of all antibodies that share an epitope."""
    receptor, open_share = draft.take(her2_amount_name(site), "nM"), draft.number("antibody_volume_share")
    amounts = [_amount(draft, drug, site) for drug, _ in members]
    affinity = [draft.of_drug(drug, action, "kd_nM") for drug, action in members]
    return draft.assign(
        f"free_share_{epitope}_{site}",
        _free_share(amounts, affinity, receptor, open_share),
        "dimensionless",
        f"free concentration over amount in the tumor, antibodies of {epitope}",
    )


def _bound_per_amount(draft: Draft, free_share: Expr, site: Site) -> Expr:
    open_share = draft.number("antibody_volume_share")
    return div(complement(mul(open_share, free_share)), draft.take(her2_amount_name(site), "nM"))


def _bind(draft: Draft, epitope: str, members: Members, site: Site, free_share: Expr, bound: Expr) -> None:
    """Free and bound parts of the antibodies of one epitope, and what they occupy of it."""
    amounts = {drug.id: _amount(draft, drug, site) for drug, _ in members}
    shares = [
        draft.assign(bound_share_name(d, site), mul(bound, amount), "dimensionless", f"HER2 with {d}", give=True)
        for d, amount in amounts.items()
    ]
    for d, amount in amounts.items():
        name = free_concentration_name(d, site)
        draft.assign(name, mul(free_share, amount), "nM", f"free {d} in the interstitium", give=True)
    draft.assign(occupancy_name(epitope, site), total(shares), "dimensionless", f"occupied {epitope}", give=True)


def _free_share(amounts: list[Expr], affinity: list[Expr], receptor: Expr, open_share: Expr) -> Expr:
    """f/L, from the positive root of e f² + (e K + R - L) f - K L = 0 in the form without cancellation."""
    pool, mean_kd = total(amounts), affinity[0]
    if len(amounts) > 1:
        weighted = total(div(amount, kd) for amount, kd in zip(amounts, affinity, strict=True))
        mean_kd = mul(affinity[0], div(add(div(pool, affinity[0]), _TRACE), add(weighted, _TRACE)))
    b = sub(add(mul(open_share, mean_kd), receptor), pool)
    root = call("sqrt", add(mul(b, b), mul(4.0, open_share, mean_kd, pool)))
    return div(mul(2.0, mean_kd), add(b, root))
