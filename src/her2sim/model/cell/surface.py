"""The surface of the cell in balance: occupied domains, dimers, pools. One round of the loop of ``quasi_steady``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.cell.action import CellDrug
from her2sim.model.cell.dimer_equilibrium import free_monomers
from her2sim.model.cell.structure import (
    HER2_DIMERS,
    HOMODIMER,
    State,
    block_name,
    left_of,
    site_states,
)

Floats = NDArray[np.float64]
ORDER = ("EGFR", "HER2", "HER3", "HER4")
PARTNER = {"HER2_EGFR": "EGFR", "HER2_HER3": "HER3", "HER2_HER3N": "HER3", "HER2_HER4": "HER4"}
TRACE = 1e-30


@dataclass(frozen=True)
class Surface:
    """What a round leaves to the next, and what the user reads; arrays (n,).

    Main arguments:
        totals: receptor -> molecules at the surface, all forms.
        odds: ligand-bound over free monomers, by receptor (EGFR, HER3, HER4).
        loss: domain -> loss of HER2 with that domain occupied, 1/day.
        open: domain -> free domains, weighted by their access.
        single: (biparatopic drug, domain) -> molecules held by that arm alone.
        bridges: biparatopic drug -> cross-links.
        monomers: (n, 4) solution of the last dimer equilibrium.
        dimers, occupancy, taken_in, shed: see ``QuasiSteady``.
    """

    totals: Mapping[str, Floats]
    odds: Mapping[str, Floats]
    loss: Mapping[str, Floats]
    open: Mapping[str, Floats]
    single: Mapping[tuple[str, str], Floats]
    bridges: Mapping[str, Floats]
    monomers: Floats | None
    dimers: Mapping[str, Floats]
    occupancy: Mapping[str, Floats]
    taken_in: Mapping[str, Floats]
    shed: Floats

    @staticmethod
    def start(v: Mapping[str, float], g: Mapping[str, Floats], drugs: Sequence[CellDrug]) -> Surface:
        """The untreated totals, nothing bound."""
        zero = np.zeros_like(g["HER2_per_cell"])
        receptors = (*ORDER, "p95HER2")
        both = [drug for drug in drugs if drug.biparatopic]
        return Surface(
            totals={name: g[f"{name}_per_cell"] for name in receptors},
            odds={
                "EGFR": g["EGF_nM"] / v["egf_kd_nM"],
                "HER3": g["NRG_nM"] / v["nrg_kd_HER3_nM"],
                "HER4": g["NRG_nM"] / v["nrg_kd_HER4_nM"],
            },
            loss={domain: zero + v["endocytosis_per_day"] for domain in ("II", "IV")},
            open={domain: g["HER2_per_cell"] for domain in ("II", "IV")},
            single={(drug.id, domain): zero for drug in both for domain in drug.domains},
            bridges={drug.id: zero for drug in both},
            monomers=None,
            dimers={},
            occupancy={},
            taken_in={},
            shed=zero,
        )

    def moving(self) -> tuple[Floats, ...]:
        """The quantities that must come to rest."""
        return (*self.totals.values(), *self.odds.values(), *self.loss.values(), *self.open.values())


def solve_surface(
    v: Mapping[str, float],
    g: Mapping[str, Floats],
    drugs: Sequence[CellDrug],
    old: Surface,
    turnover: Floats,
    her3_synthesis: Floats,
    damping: float,
) -> Surface:
    """One round: sites, dimers, losses, and the pools that would balance them.

    Main arguments:
        v: numbers of the cell; ``g``: traits and doses, (n,); ``old``: the surface of the last round.
        turnover: internalization of HER2 with inhibitors over without.
        her3_synthesis: synthesis of HER3 over that without drugs.
        damping: share of the way to the new values.
    """
    domains = tuple(d for d in ("II", "IV") if any(d in drug.domains for drug in drugs))
    zero = np.zeros_like(g["HER2_per_cell"])
    states = site_states(domains)
    bridges, single = _bridges(v, g, drugs, old.open, old.loss)
    odds, share = _site_odds(v, g, drugs, old, bridges, single, domains)
    left = {
        (dimer, domain): sum(
            (share[drug.id, domain] * _left(v, drug, dimer, domain) for drug in drugs if domain in drug.domains), zero
        )
        for dimer in (*HER2_DIMERS, HOMODIMER)
        for domain in domains
    }

    def chance(state: State) -> Floats:
        return np.prod([odds[d] for d in state], axis=0) if state else zero + 1.0

    def passing(dimer: str, state: State) -> Floats:
        return np.prod([left[dimer, d] for d in state], axis=0) if state else zero + 1.0

    weight = {
        dimer: {state: chance(state) * passing(dimer, state) for state in states} for dimer in (*HER2_DIMERS, HOMODIMER)
    }
    alone = {state: chance(state) for state in states}
    sums = {dimer: sum(weight[dimer].values(), zero) for dimer in weight}
    monomers, dimers, free2 = _dimers(v, old, sums, sum(alone.values(), zero))
    gains = {state: _gain(v, drugs, state, share, bridges, single, domains, zero) for state in states}

    # molecules of HER2 by state, alone, in heterodimers, in homodimers
    hetero = {s: sum((dimers[c] * weight[c][s] / sums[c] for c in HER2_DIMERS), zero) for s in states}
    homo = {s: 2.0 * dimers[HOMODIMER] * weight[HOMODIMER][s] / sums[HOMODIMER] for s in states}
    mean_homo = sum((weight[HOMODIMER][s] * gains[s] for s in states), zero) / sums[HOMODIMER]
    endocytosis = v["endocytosis_per_day"] * turnover
    amount = {s: free2 * alone[s] + hetero[s] + homo[s] for s in states}
    going = {
        s: endocytosis * ((free2 * alone[s] + hetero[s]) * gains[s] + homo[s] * 0.5 * (gains[s] + mean_homo))
        for s in states
    }
    shedding = {
        s: v["shedding_per_day"] * (v["shedding_left_domain_IV"] if "IV" in s else 1.0) * amount[s] for s in states
    }
    shed = sum(shedding.values(), zero)
    her2 = sum(amount.values(), zero)

    def at(domain: str, table: Mapping[State, Floats]) -> Floats:
        return sum((table[s] for s in states if domain in s), zero)

    count = {domain: at(domain, amount) for domain in domains}
    carried = {c: turnover * sum((weight[c][s] * gains[s] for s in states), zero) / sums[c] - 1.0 for c in HER2_DIMERS}
    totals = _pools(v, g, old, dimers, carried, sum(going.values(), zero), shed, her2, her3_synthesis)
    ligand = _ligand_odds(v, g, old, monomers, dimers, carried)
    open_ = {
        domain: sum(
            (
                free2 * alone[s]
                + sum((dimers[c] * weight[c][s] / sums[c] * left[c, domain] for c in HER2_DIMERS), zero)
                + homo[s] * left[HOMODIMER, domain]
                for s in states
                if domain not in s
            ),
            zero,
        )
        for domain in domains
    }
    rate_in = {d: at(d, going) / np.maximum(count[d], TRACE) for d in domains}
    rate_off = {d: at(d, shedding) / np.maximum(count[d], TRACE) for d in domains}
    loss = {d: np.where(count[d] > 0, rate_in[d] + rate_off[d], old.loss[d]) for d in domains}
    held = {(drug.id, d): share[drug.id, d] * count[d] for drug in drugs for d in drug.domains}
    taken_in = {
        drug.id: sum((held[drug.id, d] * rate_in[d] for d in drug.domains), zero)
        - (0.5 * bridges[drug.id] * sum((rate_in[d] for d in drug.domains), zero) if drug.biparatopic else 0.0)
        for drug in drugs
        if drug.domains
    }

    def toward(new: Mapping[str, Floats], before: Mapping[str, Floats]) -> dict[str, Floats]:
        return {key: before[key] + damping * (new.get(key, before[key]) - before[key]) for key in before}

    return Surface(
        totals=toward(totals, old.totals),
        odds=toward(ligand, old.odds),
        loss=toward(loss, old.loss),
        open=toward(open_, old.open),
        single=single,
        bridges=bridges,
        monomers=monomers,
        dimers=dimers,
        occupancy={d: count[d] / her2 for d in domains},
        taken_in=taken_in,
        shed=shed,
    )


def _arm(v: Mapping[str, float], drug: CellDrug) -> float:
    """Rate at which one arm lets go, 1/day."""
    assert drug.kd_nM is not None
    ratio = v["biparatopic_arm_kd_ratio"] if drug.biparatopic else 1.0
    return v["antibody_association_per_nM_day"] * drug.kd_nM.value * ratio


def _bridging(v: Mapping[str, float], drug: CellDrug) -> float:
    return _arm(v, drug) * v["crosslink_enhancement"] / v["crosslink_reference_per_cell"]


def _left(v: Mapping[str, float], drug: CellDrug, dimer: str, domain: str) -> float:
    name = block_name(dimer, domain, biparatopic=drug.biparatopic)
    return 1.0 if name is None else left_of(v[name], dimer, biparatopic=drug.biparatopic)


def _site_odds(
    v: Mapping[str, float],
    g: Mapping[str, Floats],
    drugs: Sequence[CellDrug],
    old: Surface,
    bridges: Mapping[str, Floats],
    single: Mapping[tuple[str, str], Floats],
    domains: tuple[str, ...],
) -> tuple[dict[str, Floats], dict[tuple[str, str], Floats]]:
    """Per domain occupied over free monomers, and each drug's share of the occupied."""
    odds: dict[str, Floats] = {}
    share: dict[tuple[str, str], Floats] = {}
    for domain in domains:
        own: dict[str, Floats] = {}
        for drug in drugs:
            if domain in drug.domains:
                if drug.biparatopic:
                    own[drug.id] = (single[drug.id, domain] + bridges[drug.id]) / np.maximum(old.open[domain], TRACE)
                else:
                    on = v["antibody_association_per_nM_day"] * g[drug.id]
                    own[drug.id] = on / (_arm(v, drug) + old.loss[domain])
        odds[domain] = sum(own.values(), np.zeros_like(old.loss[domain]))
        for name, value in own.items():
            share[name, domain] = (value + TRACE / len(own)) / (odds[domain] + TRACE)
    return odds, share


def _dimers(
    v: Mapping[str, float], old: Surface, sums: Mapping[str, Floats], all_alone: Floats
) -> tuple[Floats, dict[str, Floats], Floats]:
    """Free monomers (n, 4), dimers by class, and HER2 monomers with nothing bound."""
    base = v["dimer_affinity_per_receptor"]
    k = {name.removeprefix("dimer_ratio_"): base * v[name] for name in v if name.startswith("dimer_ratio_")}
    e, n3, n4 = old.odds["EGFR"], old.odds["HER3"], old.odds["HER4"]
    zero = np.zeros_like(e)
    pair = {
        ("EGFR", "EGFR"): k["EGFR_EGFR"] * e * e,
        ("EGFR", "HER2"): k["HER2_EGFR"] * e * sums["HER2_EGFR"],
        ("EGFR", "HER3"): k["EGFR_HER3"] * e * n3,
        ("HER2", "HER2"): k["HER2_HER2"] * sums[HOMODIMER] ** 2,
        ("HER2", "HER3"): k["HER2_HER3"] * sums["HER2_HER3"] + k["HER2_HER3N"] * n3 * sums["HER2_HER3N"],
        ("HER2", "HER4"): k["HER2_HER4"] * n4 * sums["HER2_HER4"],
        ("HER3", "HER4"): k["HER3_HER4"] * n3 * n4,
        ("HER4", "HER4"): k["HER4_HER4"] * n4 * n4,
    }
    pairs = np.zeros((len(e), 4, 4))
    for (first, second), value in pair.items():
        i, j = ORDER.index(first), ORDER.index(second)
        pairs[:, i, j] = pairs[:, j, i] = value
    linear = np.stack([1.0 + e, all_alone, 1.0 + n3, 1.0 + n4], axis=1)
    totals = np.stack([old.totals[name] for name in ORDER], axis=1)
    x = free_monomers(totals, linear, pairs, old.monomers)
    r1, r2, r3, r4 = x.T
    p95, kp = old.totals["p95HER2"], k["p95_p95"]
    single95 = 2.0 * p95 / (1.0 + np.sqrt(1.0 + 8.0 * kp * p95))
    dimers = {
        "HER2_EGFR": pair["EGFR", "HER2"] * r1 * r2,
        "HER2_HER3": k["HER2_HER3"] * sums["HER2_HER3"] * r2 * r3,
        "HER2_HER3N": k["HER2_HER3N"] * n3 * sums["HER2_HER3N"] * r2 * r3,
        "HER2_HER4": pair["HER2", "HER4"] * r2 * r4,
        HOMODIMER: pair["HER2", "HER2"] * r2 * r2,
        "EGFR_EGFR": pair["EGFR", "EGFR"] * r1 * r1,
        "EGFR_HER3": pair["EGFR", "HER3"] * r1 * r3,
        "HER3_HER4": pair["HER3", "HER4"] * r3 * r4,
        "HER4_HER4": pair["HER4", "HER4"] * r4 * r4,
        "p95_p95": kp * single95**2,
    }
    return x, {name: value + zero for name, value in dimers.items()}, r2


def _gain(
    v: Mapping[str, float],
    drugs: Sequence[CellDrug],
    state: State,
    share: Mapping[tuple[str, str], Floats],
    bridges: Mapping[str, Floats],
    single: Mapping[tuple[str, str], Floats],
    domains: tuple[str, ...],
    zero: Floats,
) -> Floats:
    """Internalization of HER2 in that state over that of free HER2."""
    found = zero + 1.0
    for domain in state:
        for drug in drugs:
            if domain not in drug.domains:
                continue
            if drug.biparatopic:
                all_held = bridges[drug.id] + single[drug.id, domain]
                chained = share[drug.id, domain] * bridges[drug.id] / np.maximum(all_held, TRACE)
                found = found + 0.5 * v["endocytosis_gain_chained"] * chained
            else:
                found = found + share[drug.id, domain] * v[f"endocytosis_gain_domain_{domain}"]
    if len(state) > 1:
        plain = [
            sum((share[d.id, domain] for d in drugs if domain in d.domains and not d.biparatopic), zero)
            for domain in domains
        ]
        found = found + v["endocytosis_gain_both"] * plain[0] * plain[1]
    return found


def _pools(
    v: Mapping[str, float],
    g: Mapping[str, Floats],
    old: Surface,
    dimers: Mapping[str, Floats],
    carried: Mapping[str, Floats],
    her2_in: Floats,
    shed: Floats,
    her2: Floats,
    her3_synthesis: Floats,
) -> dict[str, Floats]:
    """Receptors at the surface that would balance synthesis and loss."""
    found: dict[str, Floats] = {}
    for receptor in ("EGFR", "HER3", "HER4"):
        extra = sum((dimers[c] * carried[c] for c, p in PARTNER.items() if p == receptor), np.zeros_like(shed))
        all_ = np.maximum(old.totals[receptor], TRACE)
        made = her3_synthesis if receptor == "HER3" else 1.0
        found[receptor] = g[f"{receptor}_per_cell"] * made / (1.0 + extra / all_)
    back, lost = v["recycling_HER2_per_day"], v["degradation_HER2_per_day"]
    kept = lost / (back + lost)
    made = g["HER2_per_cell"] * (v["endocytosis_per_day"] * kept + v["shedding_per_day"])
    found["HER2"] = made / ((her2_in * kept + shed) / her2)
    share, usual = v["p95_share_by_shedding"], v["shedding_per_day"] * g["HER2_per_cell"]
    found["p95HER2"] = g["p95HER2_per_cell"] * (1.0 - share + share * shed / usual)
    return found


def _ligand_odds(
    v: Mapping[str, float],
    g: Mapping[str, Floats],
    old: Surface,
    monomers: Floats,
    dimers: Mapping[str, Floats],
    carried: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Ligand-bound over free monomers, with the loss of the bound ones into the cell."""

    def gone(dimer: str) -> Floats:
        return dimers[dimer] * (1.0 + carried[dimer])

    with_ligand = {
        "EGFR": gone("HER2_EGFR") + 2.0 * dimers["EGFR_EGFR"] + dimers["EGFR_HER3"],
        "HER3": gone("HER2_HER3N") + dimers["EGFR_HER3"] + dimers["HER3_HER4"],
        "HER4": gone("HER2_HER4") + dimers["HER3_HER4"] + 2.0 * dimers["HER4_HER4"],
    }
    found: dict[str, Floats] = {}
    for receptor, ligand, kd, off in (
        ("EGFR", "EGF_nM", "egf_kd_nM", "egf_off_per_day"),
        ("HER3", "NRG_nM", "nrg_kd_HER3_nM", "nrg_off_per_day"),
        ("HER4", "NRG_nM", "nrg_kd_HER4_nM", "nrg_off_per_day"),
    ):
        bound = np.maximum(old.odds[receptor] * monomers[:, ORDER.index(receptor)], TRACE)
        lost = v["endocytosis_per_day"] * (1.0 + with_ligand[receptor] / bound)
        found[receptor] = v[off] * g[ligand] / v[kd] / (v[off] + lost)
    return found


def _bridges(
    v: Mapping[str, float],
    g: Mapping[str, Floats],
    drugs: Sequence[CellDrug],
    open_: Mapping[str, Floats],
    loss: Mapping[str, Floats],
) -> tuple[dict[str, Floats], dict[tuple[str, str], Floats]]:
    """Cross-links of each biparatopic drug and what its arms hold alone, in balance with the open domains.

    single_q (koff + loss_q + catch open_other) = kon C open_q + (koff - loss_q + mean loss) bridges;
    bridges (2 koff + mean loss) = catch (single_one open_two + single_two open_one).
    """
    bridges: dict[str, Floats] = {}
    single: dict[tuple[str, str], Floats] = {}
    for drug in drugs:
        if not drug.biparatopic:
            continue
        one, two = drug.domains
        other = {one: two, two: one}
        off, catch, mean = _arm(v, drug), _bridging(v, drug), 0.5 * (loss[one] + loss[two])
        on = v["antibody_association_per_nM_day"] * g[drug.id]
        leaving = {q: off + loss[q] + catch * open_[other[q]] for q in drug.domains}
        freed = {q: off - loss[q] + mean for q in drug.domains}
        kept = 2.0 * off + mean - sum(catch * open_[other[q]] * freed[q] / leaving[q] for q in drug.domains)
        bridges[drug.id] = catch * on * open_[one] * open_[two] * sum(1.0 / leaving[q] for q in drug.domains) / kept
        for q in drug.domains:
            single[drug.id, q] = (on * open_[q] + freed[q] * bridges[drug.id]) / leaving[q]
    return bridges, single
