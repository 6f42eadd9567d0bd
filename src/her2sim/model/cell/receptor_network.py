"""The receptor part of the reference model: binding, dimers, turnover, shedding, as mass action.

Every HER2 molecule on the surface is a species by which of its domains are occupied, alone and in every dimer.
Antibodies of one domain share its occupied sites by counts of their own. A biparatopic antibody binds by one arm; its
free arm may catch another HER2 (in trans): ``crosslinks`` counts such bridges, which hold both sites. So

    d crosslinks/dt = kx (single_IV free_II + single_II free_IV) - 2 koff crosslinks - loss with HER2.

An occupied domain slows association into a dimer by 1 - block and, by detailed balance, binding to HER2 in that dimer.
At rest this is the HER2-HER3 equation, with r the free receptors and theta the occupied shares of HER2 monomers:

    D_23  = K_23 r_2 r_3 (1 - b_IV theta_IV) (1 - b_II theta_II)              HER3 without ligand
    D_23N = K_23N r_2 r_3 N/K_N (1 - b_IV theta_IV) (1 - b_II theta_II)       HER3 with neuregulin

Sources: domain IV antibodies block HER2-HER3 without ligand, domain II antibodies that with ligand, Junttila 2009
(doi:10.1016/j.ccr.2009.03.020); order of dimer affinities, Shankaran 2013 (doi:10.1371/journal.pcbi.1003201);
turnover of HER2, Scheuher 2024 (doi:10.1007/s10928-023-09884-6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from her2sim.model.cell.action import CellDrug
from her2sim.model.cell.network import Network
from her2sim.model.cell.structure import (
    FAMILY,
    HER2_DIMERS,
    HOMODIMER,
    OTHER_DIMERS,
    State,
    block_name,
    left_of,
    site_states,
)
from her2sim.model.draft import Draft
from her2sim.model.expression import ONE, ZERO, Expr, div, mul, sym
from her2sim.model.smooth import product, total

TRACE = 1e-9
"""Numerical: keeps shares of nothing defined."""

Form = tuple[str, tuple[State, ...], str]
"""A species with HER2: its name, the state of each of its HER2 molecules, the other partner or ``""``."""


def form_name(base: str, *states: State) -> str:
    """Name of a species.

    >>> form_name("HER2_HER3", ("II", "IV"))
    'HER2_HER3_II_IV'
    """
    if len(states) == 1:
        return "_".join([base, *states[0]])
    return "_".join([base, *("x".join(state) or "0" for state in states)])


def bound_domains(drugs: Sequence[CellDrug]) -> tuple[str, ...]:
    """Domains that some drug binds, in the order II, IV."""
    return tuple(domain for domain in ("II", "IV") if any(domain in drug.domains for drug in drugs))


class ReceptorNetwork:
    """Writes the network into a draft; ``write`` is the way in."""

    def __init__(self, draft: Draft, drugs: Sequence[CellDrug], concentrations: Mapping[str, Expr]) -> None:
        self.draft, self.net = draft, Network()
        self.binders = [drug for drug in drugs if drug.domains]
        self.domains = bound_domains(drugs)
        self.states = site_states(self.domains)
        self.concentrations = concentrations
        self.forms: list[Form] = self._forms()
        self.turnover = draft.take("her2_endocytosis_factor", "dimensionless")
        self.endocytosis = draft.number("endocytosis_per_day")
        self.molecules = draft.assign(
            "molecules_per_nM",
            mul(draft.number("avogadro_per_nmol"), draft.number("medium_volume_L")),
            "1/nM",
            "molecules per cell and nM of the medium",
        )

    def write(self) -> None:
        """Species, reactions, and the totals that the pathways read."""
        self._declare()
        self._site_rates()
        self._binding()
        self._dimerization()
        self._ligands()
        self._internalization()
        self._shedding()
        self._synthesis()
        self._antibody_pools()
        for state in self.net.states():
            self.draft.state(state.name, state.initial, state.rate, state.unit, state.description)
        self._totals()

    def _forms(self) -> list[Form]:
        found: list[Form] = [(form_name("HER2", s), (s,), "") for s in self.states]
        for dimer, partner in HER2_DIMERS.items():
            found += [(form_name(dimer, s), (s,), partner) for s in self.states]
        pairs = [(a, b) for i, a in enumerate(self.states) for b in self.states[i:]]
        return found + [(form_name(HOMODIMER, *pair), pair, "") for pair in pairs]

    def _pair(self, first: State, second: State) -> str:
        a, b = sorted((first, second), key=self.states.index)
        return form_name(HOMODIMER, a, b)

    def _class(self, form: Form) -> str:
        name, states, partner = form
        if len(states) > 1:
            return HOMODIMER
        return next((dimer for dimer, other in HER2_DIMERS.items() if other == partner and name.startswith(dimer)), "")

    def _changed(self, form: Form, molecule: int, state: State) -> str:
        """Name of the form after one of its HER2 molecules has taken another state."""
        _, states, _ = form
        if len(states) > 1:
            return self._pair(states[1 - molecule], state)
        return form_name(self._class(form) or "HER2", state)

    def _declare(self) -> None:
        number, net = self.draft.number, self.net
        for receptor in ("EGFR", "HER3", "HER4", "p95HER2"):
            net.species(receptor, number(f"{receptor}_per_cell"), f"{receptor} monomers at the surface")
        for form, words in (("EGFR_E", "EGFR with EGF"), ("HER3_N", "HER3 with NRG"), ("HER4_N", "HER4 with NRG")):
            net.species(form, ZERO, f"{words}, monomers at the surface")
        for name, states, partner in self.forms:
            start = number("HER2_per_cell") if name == "HER2" else ZERO
            occupied = " and ".join(", ".join(state) or "none" for state in states)
            words = "monomers" if not partner and len(states) == 1 else f"dimers of HER2 and {partner or 'HER2'}"
            net.species(name, start, f"{words}; occupied domains: {occupied}")
        for dimer, (first, second) in OTHER_DIMERS.items():
            net.species(dimer, ZERO, f"dimers of {first} and {second}")
        for receptor in ("EGFR", "HER2", "HER3", "HER4", "p95HER2"):
            held = number(f"recycling_{receptor}_per_day") + number(f"degradation_{receptor}_per_day")
            start = number(f"{receptor}_per_cell") * div(self.endocytosis, held)
            net.species(f"{receptor}_in", start, f"{receptor} in endosomes")
        renewal = number("medium_renewal_per_day")
        start = div(number("shedding_per_day") * number("HER2_per_cell"), self.molecules * renewal)
        net.species("sHER2_nM", start, "soluble HER2 in the medium", "nM")
        for drug in self.binders:
            net.species(f"{drug.id}_nM", self.concentrations[drug.id], f"free {drug.id} in the medium", "nM")
            net.species(f"{drug.id}_in", ZERO, f"{drug.id} in endosomes")
            net.species(f"{drug.id}_sHER2_nM", ZERO, f"soluble HER2 with {drug.id}", "nM")
            if drug.biparatopic:
                net.species(f"{drug.id}_crosslinks", ZERO, f"{drug.id} that bridges two HER2")
        for domain in self.domains:
            for drug in self._at(domain)[:-1]:
                net.species(f"{drug.id}_at_{domain}", ZERO, f"domains {domain} with {drug.id}")

    def _at(self, domain: str) -> list[CellDrug]:
        return [drug for drug in self.binders if domain in drug.domains]

    def _molecules(self, keep: Callable[[State], bool], weight: Callable[[Form, State], Expr]) -> Expr:
        """Sum over all HER2 molecules at the surface that are kept, each weighted."""
        terms = [mul(weight(form, state), sym(form[0])) for form in self.forms for state in form[1] if keep(state)]
        return total(terms)

    def _site_rates(self) -> None:
        """Per domain: occupied sites, who holds them, and the rates of binding and leaving."""
        number, assign = self.draft.number, self.draft.assign
        self.kon = number("antibody_association_per_nM_day") if self.binders else ZERO
        self.koff: dict[str, Expr] = {}
        for drug in self.binders:
            arm = number("biparatopic_arm_kd_ratio") if drug.biparatopic else ONE
            self.koff[drug.id] = assign(
                f"{drug.id}_off_per_day", self.kon * number(f"{drug.id}_kd_nM") * arm, "1/day", "an arm lets go"
            )
        self.count: dict[str, Expr] = {}
        self.held: dict[tuple[str, str], Expr] = {}
        for domain in self.domains:
            self.count[domain] = assign(
                f"occupied_{domain}",
                self._molecules(lambda s, d=domain: d in s, lambda _f, _s: ONE),
                "dimensionless",
                f"HER2 at the surface with domain {domain} occupied",
            )
            *others, last = self._at(domain)
            for drug in others:
                self.held[drug.id, domain] = sym(f"{drug.id}_at_{domain}")
            rest = self.count[domain]
            for drug in others:
                rest = rest - self.held[drug.id, domain]
            self.held[last.id, domain] = rest
        self.left: dict[tuple[str, str], Expr] = {}
        for domain in self.domains:
            for dimer in (*HER2_DIMERS, HOMODIMER):
                self.left[dimer, domain] = assign(
                    f"left_{dimer}_{domain}",
                    total(mul(self._share(d, domain), self._left_by(d, dimer, domain)) for d in self._at(domain)),
                    "dimensionless",
                    f"affinity that an occupied domain {domain} leaves",
                )
        self.open = {
            domain: assign(
                f"open_{domain}",
                self._molecules(lambda s, d=domain: d not in s, lambda f, _s, d=domain: self._access(f, d)),
                "dimensionless",
                f"free domains {domain}, weighted by their access",
            )
            for domain in self.domains
        }
        self.on_rate: dict[tuple[str, str], Expr] = {}
        self.single: dict[tuple[str, str], Expr] = {}
        for drug in self.binders:
            for domain in drug.domains:
                bridged = sym(f"{drug.id}_crosslinks") if drug.biparatopic else ZERO
                self.single[drug.id, domain] = self.held[drug.id, domain] - bridged
        for drug in self.binders:
            for domain in drug.domains:
                rate = self.kon * sym(f"{drug.id}_nM")
                if drug.biparatopic:
                    other = next(d for d in drug.domains if d != domain)
                    rate = rate + self._bridging(drug) * self.single[drug.id, other]
                self.on_rate[drug.id, domain] = assign(
                    f"{drug.id}_on_{domain}_per_day", rate, "1/day", f"binding per free domain {domain}"
                )

    def _share(self, drug: CellDrug, domain: str) -> Expr:
        if len(self._at(domain)) == 1:
            return ONE
        return div(self.held[drug.id, domain] + TRACE / len(self._at(domain)), self.count[domain] + TRACE)

    def _left_by(self, drug: CellDrug, dimer: str, domain: str) -> Expr:
        name = block_name(dimer, domain, biparatopic=drug.biparatopic)
        return ONE if name is None else left_of(self.draft.number(name), dimer, biparatopic=drug.biparatopic)

    def _bridging(self, drug: CellDrug) -> Expr:
        """Rate at which a free arm catches one free domain, per receptor of the cell."""
        chi = self.draft.number("crosslink_enhancement")
        return self.koff[drug.id] * div(chi, self.draft.number("crosslink_reference_per_cell"))

    def _access(self, form: Form, domain: str) -> Expr:
        dimer = self._class(form)
        return self.left[dimer, domain] if dimer else ONE

    def _binding(self) -> None:
        for domain in self.domains:
            bind = total(self.on_rate[drug.id, domain] for drug in self._at(domain))
            leave = total(mul(self._share(drug, domain), self.koff[drug.id]) for drug in self._at(domain))
            for form in self.forms:
                for molecule, state in enumerate(form[1]):
                    if domain in state:
                        free = tuple(d for d in state if d != domain)
                        self.net.react(leave * sym(form[0]), {form[0]: 1}, {self._changed(form, molecule, free): 1})
                    else:
                        taken = tuple(d for d in self.domains if d in state or d == domain)
                        rate = product([bind, self._access(form, domain), sym(form[0])])
                        self.net.react(rate, {form[0]: 1}, {self._changed(form, molecule, taken): 1})

    def _dimerization(self) -> None:
        number = self.draft.number
        apart = number("dimer_dissociation_per_day")
        base = apart * number("dimer_affinity_per_receptor")
        for form in self.forms:
            name, states, partner = form
            dimer = self._class(form)
            if not dimer:
                continue
            ends = [form_name("HER2", state) for state in states] + ([partner] if partner else [])
            left = [self.left[dimer, domain] for state in states for domain in state]
            twice = 2.0 if len(states) > 1 and states[0] != states[1] else 1.0
            rate = product([base * number(f"dimer_ratio_{dimer}") * twice, *left, *map(sym, ends)])
            self._reversible(name, ends, rate, apart)
        for dimer, ends in OTHER_DIMERS.items():
            rate = product([base * number(f"dimer_ratio_{dimer}"), *map(sym, ends)])
            self._reversible(dimer, list(ends), rate, apart)

    def _reversible(self, name: str, ends: list[str], together: Expr, apart: Expr) -> None:
        counted = {end: ends.count(end) for end in ends}
        self.net.react(together, counted, {name: 1})
        self.net.react(apart * sym(name), {name: 1}, counted)

    def _ligands(self) -> None:
        number = self.draft.number
        for receptor, bound, ligand, kd, off in (
            ("EGFR", "EGFR_E", "EGF_nM", "egf_kd_nM", "egf_off_per_day"),
            ("HER3", "HER3_N", "NRG_nM", "nrg_kd_HER3_nM", "nrg_off_per_day"),
            ("HER4", "HER4_N", "NRG_nM", "nrg_kd_HER4_nM", "nrg_off_per_day"),
        ):
            rate = product([number(off), div(number(ligand), number(kd)), sym(receptor)])
            self.net.react(rate, {receptor: 1}, {bound: 1})
            self.net.react(number(off) * sym(bound), {bound: 1}, {receptor: 1})

    def _gain(self, state: State) -> Expr:
        """Internalization of HER2 in that state over that of free HER2."""
        number, found = self.draft.number, ONE
        for domain in state:
            for drug in self._at(domain):
                share = self._share(drug, domain)
                if drug.biparatopic:
                    chained = div(sym(f"{drug.id}_crosslinks"), self.count[domain] + TRACE)
                    found = found + 0.5 * number("endocytosis_gain_chained") * chained
                else:
                    found = found + share * number(f"endocytosis_gain_domain_{domain}")
        if len(state) > 1:
            plain = [total(self._share(d, domain) for d in self._at(domain) if not d.biparatopic) for domain in state]
            if all(term is not ZERO for term in plain):
                found = found + product([number("endocytosis_gain_both"), *plain])
        return found

    def _internalization(self) -> None:
        gains = {
            state: self.draft.assign(
                "_".join(["endocytosis_gain", *(state or ("free",))]), self._gain(state), "dimensionless",
                "internalization over that of free HER2",
            )
            for state in self.states
        }  # fmt: skip
        self.taken_in = dict.fromkeys(self.domains, ZERO)
        for name, states, partner in self.forms:
            mean = mul(1.0 / len(states), total(gains[state] for state in states))
            rate = product([self.endocytosis, self.turnover, mean, sym(name)])
            makes = {"HER2_in": len(states)}
            if partner:
                makes[f"{FAMILY[partner]}_in"] = 1
            self.net.react(rate, {name: 1}, makes)
            for state in states:
                for domain in state:
                    self.taken_in[domain] = self.taken_in[domain] + rate
        for receptor, family in FAMILY.items():
            if family != "HER2":
                self.net.react(self.endocytosis * sym(receptor), {receptor: 1}, {f"{family}_in": 1})
        for dimer, ends in OTHER_DIMERS.items():
            families = [f"{FAMILY[end]}_in" for end in ends]
            counted = {family: families.count(family) for family in families}
            self.net.react(self.endocytosis * sym(dimer), {dimer: 1}, counted)

    def _shedding(self) -> None:
        number = self.draft.number
        self.shed = dict.fromkeys(self.domains, ZERO)
        terms: list[Expr] = []
        for name, states, partner in self.forms:
            for molecule, state in enumerate(states):
                rate = number("shedding_per_day") * sym(name)
                if "IV" in state:
                    rate = rate * number("shedding_left_domain_IV")
                stays = form_name("HER2", states[1 - molecule]) if len(states) > 1 else partner
                self.net.react(rate, {name: 1}, {stays: 1} if stays else {})
                terms.append(rate)
                for domain in state:
                    self.shed[domain] = self.shed[domain] + rate
        self.shed_total = self.draft.assign("her2_shed_per_day", total(terms), "1/day", "HER2 shed per cell and day")
        self.net.change("sHER2_nM", div(self.shed_total, self.molecules))
        self.net.change("sHER2_nM", mul(-1.0, number("medium_renewal_per_day"), sym("sHER2_nM")))

    def _synthesis(self) -> None:
        number = self.draft.number
        for receptor in ("EGFR", "HER2", "HER3", "HER4", "p95HER2"):
            back, lost = number(f"recycling_{receptor}_per_day"), number(f"degradation_{receptor}_per_day")
            turnover = self.draft.assign(
                f"turnover_{receptor}_per_day",
                self.endocytosis * div(lost, back + lost),
                "1/day",
                f"net loss of {receptor} without drugs",
                give=receptor in ("HER2", "EGFR"),
            )
            untreated = number(f"{receptor}_per_cell")
            rate = turnover * untreated
            if receptor == "HER2":
                rate = rate + number("shedding_per_day") * untreated
            if receptor == "HER3":
                rate = rate * self.draft.take("her3_synthesis_factor", "dimensionless")
            if receptor == "p95HER2":
                share = number("p95_share_by_shedding")
                usual = number("shedding_per_day") * number("HER2_per_cell")
                rate = rate * (1.0 - share + share * div(self.shed_total, usual))
            self.net.react(rate, {}, {receptor: 1})
            inside = sym(f"{receptor}_in")
            self.net.react(back * inside, {f"{receptor}_in": 1}, {receptor: 1})
            self.net.react(lost * inside, {f"{receptor}_in": 1}, {})

    def _antibody_pools(self) -> None:
        """Medium, endosomes, soluble complexes and bridges of each antibody."""
        number, net = self.draft.number, self.net
        for drug in self.binders:
            free, inside, soluble = sym(f"{drug.id}_nM"), sym(f"{drug.id}_in"), f"{drug.id}_sHER2_nM"
            koff, bridges = self.koff[drug.id], ZERO
            taken, shed, landed = ZERO, ZERO, ZERO
            for domain in drug.domains:
                share = div(self.held[drug.id, domain], self.count[domain] + TRACE)
                taken, shed = taken + share * self.taken_in[domain], shed + share * self.shed[domain]
                landed = landed + self.open[domain]
                if drug in self._at(domain)[:-1]:
                    loss = share * (self.taken_in[domain] + self.shed[domain])
                    bound = self.on_rate[drug.id, domain] * self.open[domain]
                    net.change(f"{drug.id}_at_{domain}", bound - koff * self.held[drug.id, domain] - loss)
            if drug.biparatopic:
                bridges = sym(f"{drug.id}_crosslinks")
                half = [mul(0.5, div(bridges, self.count[d] + TRACE)) for d in drug.domains]
                taken_bridges = total(h * self.taken_in[d] for h, d in zip(half, drug.domains, strict=True))
                shed_bridges = total(h * self.shed[d] for h, d in zip(half, drug.domains, strict=True))
                one, two = drug.domains
                made = self._bridging(drug) * (
                    self.single[drug.id, two] * self.open[one] + self.single[drug.id, one] * self.open[two]
                )
                net.change(f"{drug.id}_crosslinks", made - 2.0 * koff * bridges - taken_bridges - shed_bridges)
                taken, shed = taken - taken_bridges, shed - shed_bridges
            back, lost = number("recycling_HER2_per_day"), number("degradation_HER2_per_day")
            net.change(f"{drug.id}_in", taken - (back + lost) * inside)
            rivals = total(sym(f"{other.id}_sHER2_nM") for other in self._at(drug.domains[0]))
            bound_soluble = self.kon * free * (sym("sHER2_nM") - rivals) - koff * sym(soluble)
            net.change(soluble, bound_soluble + div(shed, self.molecules))
            net.change(soluble, mul(-1.0, number("medium_renewal_per_day"), sym(soluble)))
            leaving = koff * (total(self.held[drug.id, d] for d in drug.domains) - 2.0 * bridges)
            at_cell = leaving + back * inside - self.kon * free * landed
            net.change(f"{drug.id}_nM", number("medium_closed") * (div(at_cell, self.molecules) - bound_soluble))

    def _totals(self) -> None:
        """What the pathways and the user read."""
        assign = self.draft.assign
        for dimer in (*HER2_DIMERS, HOMODIMER):
            terms = [sym(form[0]) for form in self.forms if self._class(form) == dimer]
            assign(f"dimers_{dimer}", total(terms), "dimensionless", f"all {dimer} dimers", give=True)
        for dimer in OTHER_DIMERS:
            assign(f"dimers_{dimer}", sym(dimer), "dimensionless", f"all {dimer} dimers", give=True)
        her2 = assign(
            "HER2_surface", self._molecules(lambda _s: True, lambda _f, _s: ONE), "dimensionless",
            "HER2 at the surface, all forms", give=True,
        )  # fmt: skip
        for domain in self.domains:
            assign(f"occupancy_{domain}", div(self.count[domain], her2), "dimensionless", f"occupied domains {domain}")
        for receptor in ("EGFR", "HER3", "HER4", "p95HER2"):
            assign(f"{receptor}_surface", total(self._with(receptor)), "dimensionless", f"{receptor} at the surface")

    def _with(self, receptor: str) -> Iterable[Expr]:
        for form, family in FAMILY.items():
            if family == receptor:
                yield sym(form)
        for name, _, partner in self.forms:
            if partner and FAMILY[partner] == receptor:
                yield sym(name)
        for dimer, ends in OTHER_DIMERS.items():
            for end in ends:
                if FAMILY[end] == receptor:
                    yield sym(dimer)
