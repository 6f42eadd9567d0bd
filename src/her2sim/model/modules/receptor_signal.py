"""Receptor signal: from occupied HER2 and free kinases to the growth drive and the death of addicted cells.

This is the cell model of ``her2sim.model.cell`` at rest, as formulas: dimers of four receptors at mass action with
conservation and turnover (``dimer_balance``), AKT and ERK with their feedbacks (``pathway_activity``). What is slow in
patients is one state per kind of cells and site: phi follows 1 - AKT within days and stands for what FOXO3a and mTORC1
let go; it raises the synthesis of HER3 and the drive of IGF1R.

    signal   = g + (1 - g) (w_A AKT + w_M ERK) / (same without drugs)
    death    = delta addiction (1 - w) [(1 - AKT)^q - (1 - AKT without drugs)^q]       w: share driven by estrogen

Drives beside the receptors: of the disease (with feedback), of the clone, and of cells with little HER2, which live
from something else: x_other L_50 / (L + L_50), L million HER2 per cell. No term says how two drugs interact: that
follows from shared receptors. With no drug at the receptors or at PI3K and mTOR the signal is 1.

An inhibitor of PI3K alpha leaves a share of every drive but that of the clone, which stands for lost PTEN and other
isoforms. With an inhibitor of mTORC1 the drive of IGF1R rises as if AKT rested more: by 1 - (1 - phi) mtor_left in
place of phi (O'Reilly 2006, doi:10.1158/0008-5472.CAN-05-2925). With either the signal is held at 1 at most.

Sources: division of labor between domain II and domain IV antibodies, Junttila 2009
(doi:10.1016/j.ccr.2009.03.020); dimer preference, Shankaran 2013 (doi:10.1371/journal.pcbi.1003201); adaptive HER3,
Chandarlapaty 2011 (doi:10.1016/j.ccr.2010.10.031).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2sim.model.cell.structure import BIPARATOPIC_BLOCK, BLOCKS
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import ONE, ZERO, Expr, add, call, div, mul, sub, sym
from her2sim.model.lesions import CLONES, SITES
from her2sim.model.lesions import Site as SiteClass
from her2sim.model.module import Module
from her2sim.model.modules.cell_kinds import CellKind, cell_kinds, shared_number
from her2sim.model.modules.dimer_balance import Balance, Receptors, Relations, Site, untreated_balance
from her2sim.model.modules.kinase_block import active_kinase_name, endocytosis_name
from her2sim.model.modules.pathway_activity import akt_activity, erk_activity, mapk_dimers, phosphorylated, pi3k_drive
from her2sim.model.modules.pathway_block import blockers, mtor_left_name, pi3k_left_name, pi3k_mutant_left_name
from her2sim.model.modules.receptor_binding import EPITOPES, arm_occupancy_name, competing, occupancy_name
from her2sim.model.modules.site_exposure import BIPARATOPIC, chained_name
from her2sim.model.modules.tumor_her2 import her2_surface_name
from her2sim.model.smooth import at_least_zero, complement, positive_power

DOMAINS = {"domain_IV": ("IV",), "domain_II": ("II",), BIPARATOPIC: ("II", "IV")}
_MILLION = 1e6
_FEEDBACK_ROUNDS = 8  # numerical: rounds of the feedback of the untreated cell, each gains a digit or more
_EDGE = 1e-9  # numerical: width of the rounding at zero of a share


def addiction_death_name(clone: str, site: SiteClass) -> str:
    """Name of the death rate of a clone that loses its HER2 signal.

    >>> addiction_death_name("sensitive", "systemic")
    'addiction_death_sensitive_systemic_per_day'
    """
    return f"addiction_death_{clone}_{site}_per_day"


def signal_name(clone: str, site: SiteClass) -> str:
    """Name of a clone's growth drive relative to the one without drugs.

    >>> signal_name("her2low", "systemic")
    'signal_her2low_systemic'
    """
    return f"signal_{clone}_{site}"


def activity_name(pathway: str, clone: str, site: str) -> str:
    """Name of the activity of AKT or ERK in a clone; ``untreated`` is a site as well.

    >>> activity_name("AKT", "her2low", "untreated")
    'AKT_her2low_untreated'
    """
    return f"{pathway}_{clone}_{site}"


def adaptation_state(kind: str, site: SiteClass) -> str:
    """Name of the state that carries the slow feedbacks of a kind of cells.

    >>> adaptation_state("sensitive", "cns")
    'adaptation_sensitive_cns'
    """
    return f"adaptation_{kind}_{site}"


def receptor_signal(drugs: Sequence[Drug], disease: str) -> Module:
    """Growth drive and addiction death of all clones.

    Takes the occupancies of ``receptor_binding``, ``active_<kinase>_<site>`` and ``her2_endocytosis_<site>`` of
    ``kinase_block``, ``her2_level`` and what ``pathway_block`` leaves of PI3K and mTORC1. Gives
    ``signal_<clone>_<site>``, ``addiction_death_<clone>_<site>_per_day``, ``her2_surface_<clone>_<site>`` (HER2 at the
    surface over that without drugs) and ``er_share``.
    """
    draft = Draft("receptor_signal")
    er_share = draft.assign(
        "er_share",
        mul(draft.number("er_growth_share"), draft.number("hr_positive")),
        "dimensionless",
        "growth driven by the estrogen receptor",
        give=True,
    )
    draft.knock_out("estrogen_receptor", {"er_growth_share": 0.0})
    at_receptors = actions_of(drugs, "antibody") or actions_of(drugs, "kinase_inhibitor")
    if not at_receptors and not _below_receptors(drugs):
        for site in SITES:
            for clone in CLONES:
                _give(draft, clone, site, ONE, mul(0.0, draft.number("addiction_death_per_day")), ONE)
        return draft.module()
    kinds = cell_kinds(drugs)
    untreated = {kind.name: _untreated(draft, kind, kinds, disease) for kind in dict.fromkeys(kinds.values())}
    for site in SITES:
        for kind in dict.fromkeys(kinds.values()):
            members = [clone for clone in CLONES if kinds[clone] is kind]
            _treated(draft, drugs, kind, members, untreated[kind.name], site, er_share)
    _knock_outs(draft, drugs)
    return draft.module()


@dataclass(frozen=True)
class _Untreated:
    """A kind of cells without drugs, all constants of a patient: receptors, free monomers, 1 - AKT of its first clone,
    drives without receptors (of all its clones; of each), and AKT and ERK of its clones."""

    cell: Receptors
    free: Mapping[str, Expr]
    phi: Expr
    feedback_drive: Expr
    elsewhere: Expr
    own_drive: Mapping[str, Expr]
    akt: Mapping[str, Expr]
    erk: Mapping[str, Expr]
    ras_drive: Expr


def _untreated(draft: Draft, kind: CellKind, kinds: Mapping[str, CellKind], disease: str) -> _Untreated:
    number, name = draft.number, kind.name
    level = mul(draft.take("her2_level", "dimensionless"), number(kind.her2_ratio))
    cell = _receptors(draft, level, disease)
    dimers = untreated_balance(draft, cell, name)
    signaling = {
        dimer: draft.assign(f"p_{dimer}_{name}_untreated", amount, "dimensionless", f"phosphorylated {dimer} per cell")
        for dimer, amount in phosphorylated(dimers.dimers, {}).items()
    }
    mapk = draft.assign(f"mapk_untreated_{name}", mapk_dimers(draft, signaling), "dimensionless", "MAPK dimers")
    receptors = draft.assign(f"pi3k_untreated_{name}", pi3k_drive(draft, signaling), "dimensionless", "PI3K drive")
    half = number("her2_dependence_half_millions")
    elsewhere = number("drive_without_her2") * div(half, level + half)
    members = [clone for clone in CLONES if kinds[clone] is kind]
    own = {clone: number(shared_number("independent_drive", clone)) for clone in members}
    feedback = number(f"bypass_tone_{disease}")

    def akt_of(clone: str, phi: Expr) -> Expr:
        return akt_activity(draft, receptors + elsewhere + own[clone] + _with_feedback(draft, feedback, phi))

    phi: Expr = complement(akt_of(name, ONE))
    for turn in range(1, _FEEDBACK_ROUNDS + 1):
        last = turn == _FEEDBACK_ROUNDS
        named = f"adaptation_untreated_{name}" if last else f"adaptation_round_{turn}_{name}"
        words = "1 - AKT without drugs" if last else f"1 - AKT without drugs, round {turn}"
        phi = draft.assign(named, complement(akt_of(name, phi)), "dimensionless", words)
    ras = number(f"ras_drive_{disease}")
    akt: dict[str, Expr] = {}
    erk: dict[str, Expr] = {}
    for clone in members:
        akt[clone] = draft.assign(
            activity_name("AKT", clone, "untreated"), akt_of(clone, phi), "dimensionless", "AKT without drugs"
        )
        erk[clone] = draft.assign(
            activity_name("ERK", clone, "untreated"),
            erk_activity(draft, mapk, akt[clone], ras),
            "dimensionless",
            "ERK without drugs",
        )
    free = {"HER2": dimers.her2, "HER3": dimers.her3, "EGFR": dimers.egfr}
    free = {
        receptor: draft.assign(f"free_{receptor}_untreated_{name}", amount, "dimensionless", f"free {receptor}")
        for receptor, amount in free.items()
    }
    return _Untreated(cell, free, phi, feedback, elsewhere, own, akt, erk, ras)


def _receptors(draft: Draft, level: Expr, disease: str) -> Receptors:
    number = draft.number
    her2 = level * _MILLION
    egf = div(number("EGF_nM"), number("egf_kd_nM"))
    neuregulin = number("NRG_nM") * number("neuregulin_tone")
    return Receptors(
        her2=her2,
        egfr=number("EGFR_per_cell") * number(f"EGFR_ratio_{disease}"),
        her3=number("HER3_per_cell"),
        her4=number("HER4_per_cell"),
        p95=her2 * number("p95_share"),
        ligand={
            "EGFR": egf,
            "HER3": div(neuregulin, number("nrg_kd_HER3_nM")),
            "HER4": div(neuregulin, number("nrg_kd_HER4_nM")),
        },
    )


def _with_feedback(draft: Draft, drive: Expr, phi: Expr) -> Expr:
    return drive * (1.0 + draft.number("igf1r_feedback") * phi)


def _treated(
    draft: Draft,
    drugs: Sequence[Drug],
    kind: CellKind,
    members: Sequence[str],
    untreated: _Untreated,
    site: SiteClass,
    er_share: Expr,
) -> None:
    """Adaptation, dimers, AKT, ERK, signal and death of the clones of one kind at one site."""
    number = draft.number
    state = adaptation_state(kind.name, site)
    phi = sym(state)
    active: dict[str, Expr] = {}
    turnover: Expr = ONE
    if actions_of(drugs, "kinase_inhibitor"):
        mutant = kind.name if kind.mutation else ""
        active["HER2"] = draft.take(active_kinase_name("HER2", site, mutant), "dimensionless")
        active["EGFR"] = draft.take(active_kinase_name("EGFR", site), "dimensionless")
        turnover = draft.take(endocytosis_name(site, mutant), "dimensionless")
    found, surface = _receptor_states(draft, drugs, kind, untreated, site, turnover, phi)
    signaling = {
        dimer: draft.assign(
            f"p_{dimer}_{kind.name}_{site}", amount, "dimensionless", f"phosphorylated {dimer} per cell"
        )
        for dimer, amount in phosphorylated(found.dimers, active).items()
    }
    left, mutant_left, released = _pathways_left(draft, drugs, site, phi)
    receptors = pi3k_drive(draft, signaling, left, mutant_left)
    receptors = draft.assign(f"pi3k_{kind.name}_{site}", receptors, "dimensionless", "PI3K drive")
    mapk = draft.assign(f"mapk_{kind.name}_{site}", mapk_dimers(draft, signaling), "dimensionless", "MAPK dimers")
    elsewhere = untreated.elsewhere * left
    feedback = _with_feedback(draft, untreated.feedback_drive, released) * left
    akt_weight, erk_weight, floor = (number(f"growth_{what}") for what in ("akt_weight", "erk_weight", "floor"))
    power, pace, dependence = number("addiction_death_power"), number("pathway_lag_per_day"), number("her2_dependence")
    for clone in members:
        like = shared_number("independent_drive", clone).removeprefix("independent_drive_")
        if like in members and like != clone:  # the same receptors and the same drives
            akt, erk = sym(activity_name("AKT", like, site)), sym(activity_name("ERK", like, site))
        else:
            akt = sym(activity_name("AKT", clone, site))
            target = akt_activity(draft, receptors + elsewhere + untreated.own_drive[clone] + feedback)
            draft.state(akt.name, untreated.akt[clone], pace * sub(target, akt), "dimensionless", "active share of AKT")
            erk = sym(activity_name("ERK", clone, site))
            target = erk_activity(draft, mapk, akt, untreated.ras_drive)
            draft.state(erk.name, untreated.erk[clone], pace * sub(target, erk), "dimensionless", "active share of ERK")
        before_akt, before_erk = untreated.akt[clone], untreated.erk[clone]
        drive = div(akt_weight * akt + erk_weight * erk, akt_weight * before_akt + erk_weight * before_erk)
        lost = sub(positive_power(complement(akt), power), positive_power(complement(before_akt), power))
        death = mul(
            dependence,
            number("addiction_death_per_day"),
            number(f"addiction_{clone}"),
            complement(er_share),
            _positive(lost),
        )
        signal = complement(dependence * complement(floor + complement(floor) * drive))
        if _below_receptors(drugs):  # what is released must not turn the loss of HER2 around
            signal = complement(at_least_zero(complement(signal)))
        _give(draft, clone, site, signal, death, surface)
    first = sym(activity_name("AKT", kind.name, site))
    rate = number("adaptation_per_day") * sub(complement(first), phi)
    draft.state(state, untreated.phi, rate, "dimensionless", "slow answer to the loss of AKT: FOXO3a, mTORC1")


def _below_receptors(drugs: Sequence[Drug]) -> bool:
    """Whether a regimen holds an inhibitor of PI3K or mTORC1."""
    return bool(blockers(drugs, "PI3Ka") or blockers(drugs, "mTORC1"))


def _pathways_left(draft: Draft, drugs: Sequence[Drug], site: SiteClass, phi: Expr) -> tuple[Expr, Expr, Expr]:
    """What is left of PI3K, of what a PIK3CA mutation adds, and what drives the feedback of IGF1R (1 - mTORC1)."""
    left, mutant_left, released = ONE, ONE, phi
    if blockers(drugs, "PI3Ka"):
        left = draft.take(pi3k_left_name(site), "dimensionless")
        mutant_left = draft.take(pi3k_mutant_left_name(site), "dimensionless")
    if blockers(drugs, "mTORC1"):
        released = complement(complement(phi) * draft.take(mtor_left_name(site), "dimensionless"))
    return left, mutant_left, released


def _receptor_states(
    draft: Draft,
    drugs: Sequence[Drug],
    kind: CellKind,
    untreated: _Untreated,
    site: SiteClass,
    turnover: Expr,
    phi: Expr,
) -> tuple[Balance, Expr]:
    """Free monomers of HER2, HER3 and EGFR over those of the untreated cell, as states, and the dimers they form; and
    HER2 at the surface over that of the untreated cell.

    Under antibodies, which bind all of it, this is a state of its own, with what is made and lost; free monomers then
    follow from conservation, at the pace of the pathways (dimers form in minutes).
    """
    usual = untreated.free
    free = {receptor: sym(f"free_{receptor}_{kind.name}_{site}") for receptor in usual}
    sites = _sites(draft, drugs, site)
    chained = sym(chained_name(kind.name, site)) if any(at.biparatopic for at in sites) else ZERO
    gain = draft.number("her3_adaptive_gain")
    made = {"HER2": ONE, "EGFR": ONE, "HER3": div(1.0 + gain * phi, 1.0 + gain * untreated.phi)}
    relations = Relations(draft, untreated.cell, sites, turnover=turnover, chained=chained)
    found = relations.at(*(free[receptor] * usual[receptor] for receptor in ("HER2", "HER3", "EGFR")))
    surface = draft.assign(
        f"her2_in_all_forms_{kind.name}_{site}", found.surface, "dimensionless", "free HER2 and its dimers"
    )
    rates = {receptor: relations.usual_loss * sub(made[receptor], found.held[receptor]) for receptor in free}
    if sites:
        words = f"HER2 at the surface of {kind.name} cells, free and bound, over that without drugs"
        pool = draft.state(f"her2_pool_{kind.name}_{site}", ONE, rates["HER2"], "dimensionless", words)
        rates["HER2"] = draft.number("pathway_lag_per_day") * sub(pool, surface)
        surface = pool
    for receptor, state in free.items():
        words = f"free {receptor} of {kind.name} cells over that without drugs"
        draft.state(state.name, ONE, rates[receptor], "dimensionless", words)
    if chained is not ZERO:
        rate = relations.usual_loss * sub(found.chained, chained)
        draft.state(chained.name, ZERO, rate, "dimensionless", "share of held domains that are chained", give=True)
    return found, surface


def _give(draft: Draft, clone: str, site: SiteClass, signal: Expr, death: Expr, surface: Expr) -> None:
    words = "growth drive over the one without drugs"
    draft.assign(signal_name(clone, site), signal, "dimensionless", words, give=True)
    words = "death of cells that lose their HER2 signal"
    draft.assign(addiction_death_name(clone, site), death, "1/day", words, give=True)
    words = "HER2 at the surface over that without drugs"
    draft.assign(her2_surface_name(clone, site), surface, "dimensionless", words, give=True)


def _positive(x: Expr) -> Expr:
    """x where it is positive, else about 0; 0 at 0, without a kink."""
    return mul(0.5, add(x, call("sqrt", add(mul(x, x), _EDGE**2)), -_EDGE))


def _sites(draft: Draft, drugs: Sequence[Drug], site: SiteClass) -> list[Site]:
    """The domains of HER2 that the antibodies of a regimen hold."""
    found: list[Site] = []
    by_epitope = {action.labels["epitope"]: (drug, action) for drug, action in actions_of(drugs, "antibody")}
    for epitope in EPITOPES:
        if epitope not in by_epitope:
            continue
        if epitope != BIPARATOPIC:
            occupied = draft.take(occupancy_name(epitope, site), "dimensionless")
            found += [Site(domain, occupied) for domain in DOMAINS[epitope]]
            continue
        arm = mul(
            draft.number("antibody_association_per_nM_day"),
            draft.number("biparatopic_arm_kd_ratio"),
            draft.of_drug(*by_epitope[epitope], "kd_nM"),
        )
        for domain in DOMAINS[epitope]:
            rivals = competing(by_epitope)
            name = arm_occupancy_name(f"domain_{domain}", site) if rivals else occupancy_name(epitope, site)
            found.append(Site(domain, draft.take(name, "dimensionless"), True, arm))
    return found


def _knock_outs(draft: Draft, drugs: Sequence[Drug]) -> None:
    bound = {action.labels["epitope"] for _, action in actions_of(drugs, "antibody")}
    turnover: dict[str, float] = {}
    for epitope in EPITOPES:
        if epitope not in bound:
            continue
        if epitope == BIPARATOPIC:
            draft.knock_out("biparatopic_block", {BIPARATOPIC_BLOCK: 0.0})
            turnover["endocytosis_gain_chained"] = 0.0
        else:
            domain = DOMAINS[epitope][0]
            names = {name for (_, at), name in BLOCKS.items() if at == domain}
            draft.knock_out(f"{epitope}_block", dict.fromkeys(sorted(names), 0.0))
            turnover[f"endocytosis_gain_domain_{domain}"] = 0.0
        if "IV" in DOMAINS[epitope]:
            turnover["shedding_left_domain_IV"] = 1.0
    if {"domain_IV", "domain_II"} <= bound:
        turnover["endocytosis_gain_both"] = 0.0
    if turnover:
        draft.knock_out("her2_turnover", turnover)
    draft.knock_out("addiction_death", {"addiction_death_per_day": 0.0})
    draft.knock_out("her2_dependence", {"her2_dependence": 1.0})
    draft.knock_out("pik3ca", {"pik3ca_gain": 0.0, "pik3ca_basal": 0.0})
    draft.knock_out("ligand_spread", {"neuregulin_tone": 1.0})
    draft.knock_out("adaptive_her3", {"her3_adaptive_gain": 0.0})
    draft.knock_out("igf1r_feedback", {"igf1r_feedback": 0.0})
    draft.knock_out("p95", {"p95_share": 0.0})
