"""Payload: conjugates carry a cytotoxic into cells that have HER2, and in part to their neighbors.

    dP/dt = DAR · u_d - k_loss · P                        payload in antigen-high cells, nmol/L
    P_low = P (r + (1 - r) b m w)                         in the antigen-low clone of a lesion
    m = 1 / (1 + (l / reach)^2)                           mixing over patches of the size l
    kill = k_max · factor of clone and payload · sensitivity · W · P^n / (KC50^n + P^n) · [1 + sigma max(0, 1 - signal)]

u_d is the uptake of ``site_exposure``, r the antigen-low clone's HER2 under drugs relative to the others (own uptake),
b the share of the payload that leaves cells and enters others, w the antigen-high share of the lesion: a bystander
needs a neighbor. Payload diffuses between antigen-high and antigen-low patches of the size l (per patient) at D / l^2
while capillaries wash it out at P_w / eps: the balance of two patches gives m, with reach = sqrt(D eps / P_w). Over a
cycle the uptake is what crossed the capillary wall (``site_exposure``): with much HER2 payload is limited by delivery,
else by antigen. Magnitudes: Scheuher 2024 (doi:10.1007/s10928-023-09884-6).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import ONE, Expr, add, div, mul, sub, sym
from her2sim.model.lesions import CLONES, SITES, SLOTS, Site, volume_state
from her2sim.model.module import Module
from her2sim.model.modules.cell_kinds import CellKind, cell_kinds
from her2sim.model.modules.sensitization import sensitized
from her2sim.model.modules.site_exposure import kinase_pace, uptake_name
from her2sim.model.modules.tumor_her2 import POOL, her2_surface_name
from her2sim.model.modules.waning import add_waning
from her2sim.model.smooth import complement, saturating, total

LOW = "her2low"
_TRACE_ML = 1e-9  # numerical: keeps the antigen-high share defined in an empty slot


def payload_kill_name(clone: str, slot: str) -> str:
    """Name of the rate at which payloads kill a clone in one slot.

    >>> payload_kill_name("her2low", "T1")
    'payload_kill_her2low_T1_per_day'
    """
    return f"payload_kill_{clone}_{slot}_per_day"


def payload_state(drug_id: str, site: Site) -> str:
    """Name of the payload concentration in antigen-high cells.

    >>> payload_state("trastuzumab_emtansine", "cns")
    'P_trastuzumab_emtansine_cns_nM'
    """
    return f"P_{drug_id}_{site}_nM"


def payload(drugs: Sequence[Drug]) -> Module:
    """Kill by the payloads of a regimen's conjugates.

    Takes ``uptake_<drug>_<site>_nM_per_day``, ``her2_surface_<clone>_<site>``, ``signal_<clone>_<site>`` and the
    volumes of the clones. Gives ``payload_kill_<clone>_<slot>_per_day``. States:
    ``P_<drug>_<site>_nM`` and ``W_<payload>``.
    """
    draft = Draft("payload")
    conjugates = actions_of(drugs, "payload")
    strength = _strength(draft, conjugates)
    kinds = cell_kinds(drugs)
    mixing = _mixing(draft)
    for site in SITES:
        inside = {drug.id: sym(payload_state(drug.id, site)) for drug, _ in conjugates}
        low_ratio = mul(draft.number(f"her2_ratio_{LOW}"), _own_uptake(draft, drugs, kinds[LOW], site))
        by_kind: dict[str, dict[str, Expr]] = {}
        for kind in {kinds[clone].name: kinds[clone] for clone in CLONES if clone != LOW}.values():
            own = ONE if kind.name == POOL else _own_uptake(draft, drugs, kind, site)
            by_kind[kind.name] = {drug.id: _effect(draft, a, mul(own, inside[drug.id])) for drug, a in conjugates}
        for slot in (s for s in SLOTS if s.site == site):
            share = _antigen_high_share(draft, slot.name)
            low: dict[str, Expr] = {}
            for drug, action in conjugates:
                neighbors = mul(complement(low_ratio), draft.of_drug(drug, action, "bystander_fraction"), mixing, share)
                received = mul(inside[drug.id], add(low_ratio, neighbors))
                low[drug.id] = _effect(draft, action, received)
            for clone in CLONES:
                effects = low if clone == LOW else by_kind[kinds[clone].name]
                kill = total(
                    mul(
                        draft.number(f"payload_factor_{action.labels['payload']}_{clone}"),
                        strength[drug.id],
                        effects[drug.id],
                    )
                    for drug, action in conjugates
                )
                kill = mul(kill, sensitized(draft, clone, site))
                draft.assign(payload_kill_name(clone, slot.name), kill, "1/day", "kill by payloads", give=True)
    for drug, action in conjugates:
        draft.knock_out("bystander", {f"{drug.id}_bystander_fraction": 0.0})
        draft.knock_out("payload", {f"payload_kill_{action.labels['payload']}_per_day": 0.0})
    return draft.module()


def _own_uptake(draft: Draft, drugs: Sequence[Drug], kind: CellKind, site: Site) -> Expr:
    """Uptake per HER2 of the untreated cell, over that of the bulk: kinds of cells lose their HER2 differently."""
    surface, bulk = (draft.take(her2_surface_name(name, site), "dimensionless") for name in (kind.name, POOL))
    ratio = div(surface, bulk)
    if kind.mutation:
        ratio = mul(ratio, div(kinase_pace(draft, drugs, site, kind.name), kinase_pace(draft, drugs, site)))
    return ratio


def _mixing(draft: Draft) -> Expr:
    """Share of the payload's concentration next door that reaches across an antigen-low patch."""
    washout = div(
        mul(2.0, draft.number("payload_permeability_um_per_day"), draft.number("capillary_radius_um")),
        mul(draft.number("krogh_radius_um"), draft.number("krogh_radius_um"), draft.number("payload_volume_share")),
    )
    reach2 = div(draft.number("payload_diffusion_um2_per_day"), washout)
    patch = draft.number("antigen_patch_um")
    draft.knock_out("mixing_length", {"antigen_patch_um": 0.0})
    return draft.assign(
        "payload_mixing",
        div(reach2, add(reach2, mul(patch, patch))),
        "dimensionless",
        "payload in antigen-low over antigen-high patches, if all of it could leave cells",
    )


def _strength(draft: Draft, conjugates: Sequence[tuple[Drug, Action]]) -> dict[str, Expr]:
    """Add the payload states; give each conjugate's greatest kill rate (with sensitivity and waning)."""
    strength: dict[str, Expr] = {}
    effects: dict[str, list[Expr]] = {}
    for drug, action in conjugates:
        kind = action.labels["payload"]
        for site in SITES:
            name = payload_state(drug.id, site)
            uptake = draft.take(uptake_name(drug.id, site), "nM/day")
            gain = mul(draft.of_drug(drug, action, "drug_to_antibody_ratio"), uptake)
            loss = mul(draft.number(f"payload_loss_{kind}_per_day"), sym(name))
            draft.state(name, 0.0, sub(gain, loss), "nM", f"{kind} in antigen-high cells")
        effects.setdefault(kind, []).append(_effect(draft, action, sym(payload_state(drug.id, "systemic"))))
        strength[drug.id] = mul(
            draft.number(f"payload_kill_{kind}_per_day"),
            draft.number("sensitivity_payload"),
            draft.number(f"sensitivity_{kind}"),
            sym(f"W_{kind}"),
        )
    for kind, parts in effects.items():
        add_waning(draft, kind, total(parts), "payload_waning_per_day")
    return strength


def _effect(draft: Draft, action: Action, concentration: Expr) -> Expr:
    kind = action.labels["payload"]
    ratio = div(concentration, draft.number(f"payload_half_{kind}_nM"))
    return saturating(ratio, draft.number(f"payload_steepness_{kind}"))


def _antigen_high_share(draft: Draft, slot: str) -> Expr:
    volume = {clone: draft.take(volume_state(slot, clone), "mL") for clone in CLONES}
    high = total(v for clone, v in volume.items() if clone != LOW)
    return draft.assign(
        f"antigen_high_share_{slot}",
        div(high, add(high, volume[LOW], _TRACE_ML)),
        "dimensionless",
        "share of the living volume that carries much HER2",
    )
