"""Dimers of HER2 at mass action with conservation and turnover: the cell model without its search.

The cell model finds four free monomers by Newton's method and repeats until nothing moves. Here the free monomers x of
HER2, HER3 and EGFR are slow states that approach the same balance at the pace of receptor turnover,

    dx_i/dt = k [1 - x_i (w_i + sum of K_ij v_ij x_j) / R_i]      w, v: loss of what is there over the loss of free HER2

so nothing has to be solved at a time point, the formulas are polynomials but for the ligands, and rest is that of the
cell model. The untreated cell, a constant of the patient, comes from a fixed number of sweeps: partners from x_2, then
x_2 as the root of a quadratic equation. As in the cell model an antibody on a domain takes the share b of the affinity,
and HER2 that goes in faster (two antibodies, chains, covalent inhibitors) is fewer at the surface and takes its
partners along. Left out: dimers among EGFR, HER3 and HER4 other than EGFR-EGFR, which carry no signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2sim.model.cell.structure import HER2_DIMERS, HOMODIMER, block_name, left_of
from her2sim.model.draft import Draft
from her2sim.model.expression import ONE, ZERO, Expr, call, div
from her2sim.model.smooth import complement, product, total

PARTNERS = {"HER2_EGFR": "EGFR", "HER2_HER3": "HER3", "HER2_HER3N": "HER3", "HER2_HER4": "HER4"}
SWEEPS = 12
"""Numerical: sweeps for the untreated cell; each gains a digit, the oracle test measures what they leave."""


@dataclass(frozen=True)
class Receptors:
    """Receptors per cell without drugs, and ligands over their dissociation constants.

    Main arguments:
        her2, egfr, her3, her4, p95: molecules at the surface.
        ligand: partner -> concentration of its ligand over its dissociation constant.
    """

    her2: Expr
    egfr: Expr
    her3: Expr
    her4: Expr
    p95: Expr
    ligand: Mapping[str, Expr]


@dataclass(frozen=True)
class Site:
    """A domain of HER2 that an antibody of the regimen binds; of two at one domain a receptor carries one at most.

    Main arguments:
        domain: II or IV.
        occupied: share of HER2 monomers that carry it there.
        biparatopic: whether its other arm binds another HER2.

    Other arguments:
        arm_off_per_day: rate at which an arm of a biparatopic antibody lets go.
    """

    domain: str
    occupied: Expr
    biparatopic: bool = False
    arm_off_per_day: Expr = ZERO


@dataclass(frozen=True)
class Weights:
    """What the antibodies leave of one class of dimers, over the class without antibodies.

    Main arguments:
        affinity: of the dimer.
        going_in: affinity x internalization of its HER2 over that of free HER2.
        shedding: affinity x shedding of its HER2 over that of free HER2.
        open: affinity x free domains of a biparatopic antibody.
    """

    affinity: Expr
    going_in: Expr
    shedding: Expr
    open: Expr


@dataclass(frozen=True)
class Balance:
    """Receptors and dimers of a cell.

    Main arguments:
        her2, her3, egfr: free monomers per cell; HER2 with or without antibodies.
        held: receptor -> what it would need of itself to stay so, over what is made; 1 at rest.
        chained: share of the held domains of a biparatopic antibody that are chained to another HER2, at rest.
        dimers: class -> dimers per cell.
        surface: HER2 at the surface over that of the untreated cell.
    """

    her2: Expr
    her3: Expr
    egfr: Expr
    held: Mapping[str, Expr]
    chained: Expr
    dimers: Mapping[str, Expr]
    surface: Expr


def untreated_balance(draft: Draft, cell: Receptors, name: str) -> Balance:
    """Dimers of a cell without drugs, at rest.

    Every sweep has a name: written out in one another, as text or SBML does, twelve sweeps would fill memory.

    Main arguments:
        cell: its receptors and ligands.
        name: of the kind of cells.
    """
    relations = Relations(draft, cell)
    her2 = cell.her2
    for sweep in range(1, SWEEPS + 1):
        egfr_her3 = [
            draft.assign(
                f"free_{partner}_sweep_{sweep}_{name}", amount, "dimensionless", f"free {partner}, sweep {sweep}"
            )
            for partner, amount in zip(("HER3", "EGFR"), relations.partners_of(her2), strict=True)
        ]
        free = relations.her2_beside(*egfr_her3, her2)
        her2 = draft.assign(f"free_HER2_sweep_{sweep}_{name}", free, "dimensionless", f"free HER2, sweep {sweep}")
    return relations.at(her2, *relations.partners_of(her2))


class Relations:
    """What holds between the receptors of one cell; without sites, of the untreated cell."""

    def __init__(
        self,
        draft: Draft,
        cell: Receptors,
        sites: Sequence[Site] = (),
        *,
        turnover: Expr = ONE,
        her3_gain: Expr = ONE,
        chained: Expr = ZERO,
    ) -> None:
        self.number = draft.number
        self.cell, self.sites, self.turnover, self.her3_gain = cell, sites, turnover, her3_gain
        self.chained = chained
        base = self.number("dimer_affinity_per_receptor")
        names = (*HER2_DIMERS, HOMODIMER, "EGFR_EGFR", "p95_p95")
        self.affinity = {name: base * self.number(f"dimer_ratio_{name}") for name in names}
        self.endocytosis = self.number("endocytosis_per_day")
        self.kept = div(
            self.number("degradation_HER2_per_day"),
            self.number("degradation_HER2_per_day") + self.number("recycling_HER2_per_day"),
        )
        self.usual_loss = self.endocytosis * self.kept + self.number("shedding_per_day")
        self.weights = {dimer: self._weights(dimer) for dimer in (*HER2_DIMERS, HOMODIMER, "")}
        self.going = {dimer: self.turnover * self.weights[dimer].going_in for dimer in HER2_DIMERS}
        self.loss = {dimer: self._loss(weights) for dimer, weights in self.weights.items()}

    def _chained(self, open_domains: Expr) -> Expr:
        """Bridges over all held domains: they form by capture from one arm and end by two arms that may let go."""
        arms = [site for site in self.sites if site.biparatopic]
        if not arms:
            return ZERO
        number = self.number
        capture = div(number("crosslink_enhancement"), number("crosslink_reference_per_cell")) * open_domains
        gain = 1.0 + number("endocytosis_gain_chained") * self.chained
        loss = self.endocytosis * self.turnover * gain
        off = arms[0].arm_off_per_day
        ratio = div(2.0 * capture * off, 2.0 * off + loss)
        return div(ratio, 1.0 + ratio)

    def _weights(self, dimer: str) -> Weights:
        """Sums over what can sit on the HER2 of a class of dimers (``""``: monomers)."""
        number, sites = self.number, self.sites
        left: list[Expr] = []
        for site in sites:
            name = block_name(dimer, site.domain, biparatopic=site.biparatopic) if dimer else None
            left.append(ONE if name is None else left_of(number(name), dimer, biparatopic=site.biparatopic))
        carrying = [site.occupied * share for site, share in zip(sites, left, strict=True)]
        domains = tuple(dict.fromkeys(site.domain for site in sites))

        def bare(domain: str) -> Expr:
            return complement(total(site.occupied for site in sites if site.domain == domain))

        def held(domain: str) -> Expr:
            return total(carrying[i] for i, site in enumerate(sites) if site.domain == domain)

        either = {domain: bare(domain) + held(domain) for domain in domains}

        def others(*skip: int) -> Expr:
            taken = {sites[i].domain for i in skip}
            return product(factor for domain, factor in either.items() if domain not in taken)

        affinity = product(either.values())
        extra = [self._gain(site) * carrying[i] * others(i) for i, site in enumerate(sites)]
        plain = [i for i, site in enumerate(sites) if not site.biparatopic]
        if len(plain) > 1:
            extra.append(number("endocytosis_gain_both") * product(carrying[i] for i in plain) * others(*plain))
        spared = product(
            bare(domain) + held(domain) * number("shedding_left_domain_IV") if domain == "IV" else either[domain]
            for domain in domains
        )
        open_ = total(0.5 * bare(site.domain) * left[i] * others(i) for i, site in enumerate(sites) if site.biparatopic)
        return Weights(affinity, affinity + total(extra), spared, open_)

    def _gain(self, site: Site) -> Expr:
        if site.biparatopic:
            return 0.5 * self.number("endocytosis_gain_chained") * self.chained
        return self.number(f"endocytosis_gain_domain_{site.domain}")

    def _loss(self, weights: Weights) -> Expr:
        """Loss of the HER2 of a class over the loss of as much free HER2, times the affinity."""
        inside = self.endocytosis * self.kept * self.turnover * weights.going_in
        return div(inside + self.number("shedding_per_day") * weights.shedding, self.usual_loss)

    def _bare(self, her2: Expr) -> tuple[dict[str, Expr], dict[str, Expr]]:
        """Ligand-bound over free monomers of the partners; dimers per monomer of HER2 and of its partner."""
        k = self.affinity
        odds: dict[str, Expr] = {}
        for partner, dimer, ligand in (
            ("EGFR", "HER2_EGFR", "egf"), ("HER3", "HER2_HER3N", "nrg"), ("HER4", "HER2_HER4", "nrg")
        ):  # fmt: skip
            off = self.number(f"{ligand}_off_per_day")  # dimers hold the ligand until they go in
            lost = self.endocytosis * (1.0 + k[dimer] * self.going[dimer] * her2)
            odds[partner] = div(off * self.cell.ligand[partner], off + lost)
        bare = {
            "HER2_EGFR": k["HER2_EGFR"] * odds["EGFR"],
            "HER2_HER3": k["HER2_HER3"],
            "HER2_HER3N": k["HER2_HER3N"] * odds["HER3"],
            "HER2_HER4": k["HER2_HER4"] * odds["HER4"],
        }
        return odds, bare

    def _needs(self, her2: Expr) -> tuple[dict[str, Expr], dict[str, Expr], Expr]:
        """What one free partner keeps of its kind; dimers per pair of monomers; EGFR pairs per pair of monomers."""
        odds, bare = self._bare(her2)
        taken = {dimer: bare[dimer] * self.going[dimer] * her2 for dimer in HER2_DIMERS}
        needs = {
            partner: 1.0 + odds[partner] + total(taken[d] for d in HER2_DIMERS if PARTNERS[d] == partner)
            for partner in odds
        }
        return needs, bare, self.affinity["EGFR_EGFR"] * odds["EGFR"] * odds["EGFR"]

    def partners_of(self, her2: Expr) -> tuple[Expr, Expr]:
        """Free HER3 and EGFR beside that many free HER2."""
        needs, _, pairs = self._needs(her2)
        return div(self.cell.her3 * self.her3_gain, needs["HER3"]), _root(2.0 * pairs, needs["EGFR"], self.cell.egfr)

    def her2_beside(self, her3: Expr, egfr: Expr, her2: Expr) -> Expr:
        """Free HER2 beside these partners; ``her2`` is the last guess."""
        needs, bare, _ = self._needs(her2)
        load = self._load(bare, {"HER3": her3, "EGFR": egfr, "HER4": div(self.cell.her4, needs["HER4"])})
        return _root(self._twice() * self.loss[HOMODIMER], self._linear(load), self.cell.her2)

    def _load(self, bare: Mapping[str, Expr], free: Mapping[str, Expr]) -> dict[str, Expr]:
        return {dimer: bare[dimer] * free[PARTNERS[dimer]] for dimer in HER2_DIMERS}

    def _linear(self, load: Mapping[str, Expr]) -> Expr:
        return self.loss[""] + total(load[dimer] * self.loss[dimer] for dimer in HER2_DIMERS)

    def _twice(self) -> Expr:
        return 2.0 * self.affinity[HOMODIMER] * self.weights[HOMODIMER].affinity

    def at(self, her2: Expr, her3: Expr, egfr: Expr) -> Balance:
        """Dimers, and how far from rest the cell is, at these free monomers."""
        k, cell, weights = self.affinity, self.cell, self.weights
        needs, bare, pairs = self._needs(her2)
        load = self._load(bare, {"HER3": her3, "EGFR": egfr, "HER4": div(cell.her4, needs["HER4"])})
        homo, twice = weights[HOMODIMER], self._twice()
        held = {
            "HER2": div(her2, cell.her2) * (self._linear(load) + twice * self.loss[HOMODIMER] * her2),
            "HER3": div(her3, cell.her3) * needs["HER3"],
            "EGFR": div(egfr, cell.egfr) * (needs["EGFR"] + 2.0 * pairs * egfr),
        }
        dimers = {dimer: load[dimer] * weights[dimer].affinity * her2 for dimer in HER2_DIMERS}
        dimers[HOMODIMER] = k[HOMODIMER] * homo.affinity * homo.affinity * her2 * her2
        dimers["EGFR_EGFR"] = pairs * egfr * egfr
        shed = weights[""].shedding + total(load[d] * weights[d].shedding for d in HER2_DIMERS)
        dimers["p95_p95"] = self._p95_pairs(div(her2, cell.her2) * (shed + twice * homo.shedding * her2))
        at_surface = total(dimers[d] for d in HER2_DIMERS) + 2.0 * dimers[HOMODIMER]
        open_ = weights[""].open + total(load[d] * weights[d].open for d in HER2_DIMERS) + twice * homo.open * her2
        chained = self._chained(her2 * open_)
        return Balance(her2, her3, egfr, held, chained, dimers, div(her2 + at_surface, cell.her2))

    def _p95_pairs(self, shed: Expr) -> Expr:
        """Dimers of p95HER2, part of which is what shedding leaves: a parabola through no, half and usual shedding."""
        share, k = self.number("p95_share_by_shedding"), self.affinity["p95_p95"]
        none, half, usual = (
            k * alone * alone
            for alone in (_root(2.0 * k, ONE, self.cell.p95 * (1.0 - share * (1.0 - x))) for x in (0.0, 0.5, 1.0))
        )
        slope = 4.0 * half - 3.0 * none - usual
        return none + shed * (slope + shed * (2.0 * (none + usual - 2.0 * half)))


def _root(square: Expr, linear: Expr, amount: Expr) -> Expr:
    """Positive root of square x^2 + linear x = amount, in the form without cancellation."""
    return div(2.0 * amount, linear + call("sqrt", linear * linear + 4.0 * square * amount))
