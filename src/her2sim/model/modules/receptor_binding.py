"""Receptor binding: which share of the HER2 epitopes is occupied by which antibody, by site class.

Binding takes minutes against days of exchange with plasma (on-rate 8.6 /nM/day times hundreds of nM of HER2, Scheuher
2024, doi:10.1007/s10928-023-09884-6), so it is at equilibrium. With L the amount of all antibodies of an epitope, e
the share of tumor volume open to them, R the HER2 concentration and K the dissociation constant:

    e f + R f / (f + K) = L          f is the positive root;   theta = (L - e f) / R

Antibodies of one epitope compete for it: they share one pool, with the mean K of what is there, and each holds free
and bound parts in proportion to its amount (exact where their K are equal, as for trastuzumab and its conjugates).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, call, div, mul, sub
from her2sim.model.lesions import SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.site_exposure import bound_share_name, free_concentration_name, tumor_amount_state
from her2sim.model.smooth import complement, total

EPITOPES = ("domain_IV", "domain_II", "biparatopic")
_TRACE_NM = 1e-9  # numerical: keeps the mean dissociation constant defined before the first dose


def occupancy_name(epitope: str, site: Site) -> str:
    """Name of the occupied share of an epitope.

    >>> occupancy_name("domain_IV", "cns")
    'theta_domain_IV_cns'
    """
    return f"theta_{epitope}_{site}"


def receptor_binding(drugs: Sequence[Drug]) -> Module:
    """Free concentrations and occupancies of the antibodies of a regimen.

    Takes ``L_<drug>_<site>_nM`` and ``her2_nM``. Gives ``f_<drug>_<site>_nM``, ``theta_<drug>_<site>`` and, for each
    epitope bound by a drug of the regimen, ``theta_<epitope>_<site>``.

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
        for epitope, members in by_epitope.items():
            _pool(draft, epitope, members, site)
    return draft.module()


def _pool(draft: Draft, epitope: str, members: Sequence[tuple[Drug, Action]], site: Site) -> None:
    """Binding of all antibodies of one epitope."""
    receptor, open_share = draft.take("her2_nM", "nM"), draft.number("antibody_volume_share")
    amounts = {drug.id: draft.take(tumor_amount_state(drug.id, site), "nM") for drug, _ in members}
    affinity = [draft.of_drug(drug, action, "kd_nM") for drug, action in members]
    free_share = draft.assign(
        f"free_share_{epitope}_{site}",
        _free_share(list(amounts.values()), affinity, receptor, open_share),
        "dimensionless",
        f"free concentration over amount in the tumor, antibodies of {epitope}",
    )
    bound = div(complement(mul(open_share, free_share)), receptor)
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
        mean_kd = div(add(pool, _TRACE_NM), add(weighted, div(_TRACE_NM, affinity[0])))
    b = sub(add(mul(open_share, mean_kd), receptor), pool)
    root = call("sqrt", add(mul(b, b), mul(4.0, open_share, mean_kd, pool)))
    return div(mul(2.0, mean_kd), add(b, root))
