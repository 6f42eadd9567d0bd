"""Kinase inhibitors in HER2 and EGFR: reversible binding, covalent bonds, competition for the pocket.

With x = C / K_I for each drug, the free share of a kinase at rest is 1 / (1 + sum of x (1 + k_inact / k_turnover)),
the second term for covalent drugs only: new receptors come without a bond. A covalent drug is therefore given by its
apparent IC50 = K_I / (1 + k_inact / k_turnover), the number of its drug file, at which half of the kinases are free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from her2sim.model.cell.action import KINASES, CellDrug
from her2sim.model.draft import Draft
from her2sim.model.expression import ONE, ZERO, Expr, div, sym
from her2sim.model.smooth import total


def write_kinases(draft: Draft, drugs: Sequence[CellDrug], concentrations: Mapping[str, Expr]) -> None:
    """Inhibitor states; gives ``active_HER2``, ``active_EGFR`` and ``her2_endocytosis_factor``."""
    inhibitors = [drug for drug in drugs if drug.ic50_nM]
    factor = ONE
    for kinase in KINASES:
        writers: list[tuple[CellDrug, str]] = []
        for drug in inhibitors:
            names = [f"{drug.id}_in_{kinase}"] + ([f"{drug.id}_bonded_{kinase}"] if drug.covalent else [])
            writers += [(drug, name) for name in names]
        seats = [sym(name) for _, name in writers]
        active = draft.assign(
            f"active_{kinase}", 1.0 - total(seats), "dimensionless", f"{kinase} kinases without inhibitor", give=True
        )
        for drug in inhibitors:
            _write_inhibitor(draft, drug, kinase, active, concentrations[drug.id])
            if kinase == "HER2":
                held = sym(f"{drug.id}_in_{kinase}")
                if drug.covalent:
                    gain = draft.number("endocytosis_gain_covalent") * (held + sym(f"{drug.id}_bonded_{kinase}"))
                else:
                    gain = draft.number("endocytosis_gain_reversible") * held
                factor = factor + gain
    draft.assign(
        "her2_endocytosis_factor", factor, "dimensionless", "internalization of HER2 with inhibitors over without",
        give=True,
    )  # fmt: skip


def _write_inhibitor(draft: Draft, drug: CellDrug, kinase: str, active: Expr, concentration: Expr) -> None:
    number = draft.number
    ic50 = number(f"{drug.id}_ic50_{kinase}_nM")
    if kinase == "HER2":
        ratio = number("mutation_ic50_ratio_covalent" if drug.covalent else "mutation_ic50_ratio_reversible")
        ic50 = ic50 * (1.0 + number("kinase_mutated") * (ratio - 1.0))
    kon = number("inhibitor_association_per_nM_day")
    held = sym(f"{drug.id}_in_{kinase}")
    if not drug.covalent:
        rate = kon * (concentration * active - ic50 * held)
        draft.state(held.name, ZERO, rate, "dimensionless", f"{kinase} kinases with {drug.id}")
        return
    bonding = number("inhibitor_inactivation_per_day")
    turnover = draft.take(f"turnover_{kinase}_per_day", "1/day")
    ki = draft.assign(
        f"{drug.id}_KI_{kinase}_nM", ic50 * (1.0 + div(bonding, turnover)), "nM", "K_I that gives the apparent IC50"
    )
    bonded = sym(f"{drug.id}_bonded_{kinase}")
    draft.state(
        held.name, ZERO, kon * (concentration * active - ki * held), "dimensionless", f"{kinase} with {drug.id}"
    )
    draft.state(bonded.name, ZERO, bonding * held - turnover * bonded, "dimensionless", f"{kinase} bonded to {drug.id}")
