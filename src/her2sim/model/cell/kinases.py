"""Kinase inhibitors in HER2 and EGFR: reversible binding, covalent bonds, competition for the pocket.

With x = C / K_I for each drug, the free share of a kinase at rest is 1 / (1 + sum of x (1 + k_inact / renewal)), the
second term for covalent drugs only: a bond lasts until the receptor is lost and a new one comes. HER2 with a bond is
lost faster (ubiquitination). So half of the kinases are free at K_I / (1 + k_inact / renewal).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from her2sim.model.cell.action import KINASES, CellDrug
from her2sim.model.draft import Draft
from her2sim.model.expression import ONE, ZERO, Expr, sym
from her2sim.model.smooth import total


def write_kinases(draft: Draft, drugs: Sequence[CellDrug], concentrations: Mapping[str, Expr]) -> None:
    """Inhibitor states; gives ``active_HER2``, ``active_EGFR`` and ``her2_endocytosis_factor``."""
    inhibitors = [drug for drug in drugs if drug.pocket_nM]
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
    pocket = number(f"{drug.id}_{'ki' if drug.covalent else 'ic50'}_{kinase}_nM")
    if kinase == "HER2":
        ratio = number("mutation_ic50_ratio_covalent" if drug.covalent else "mutation_ic50_ratio_reversible")
        pocket = pocket * (1.0 + number("kinase_mutated") * (ratio - 1.0))
    kon = number("inhibitor_association_per_nM_day")
    held = sym(f"{drug.id}_in_{kinase}")
    rate = kon * (concentration * active - pocket * held)
    draft.state(held.name, ZERO, rate, "dimensionless", f"{kinase} kinases with {drug.id}")
    if not drug.covalent:
        return
    renewal = draft.take(f"turnover_{kinase}_per_day", "1/day")
    if kinase == "HER2":
        renewal = renewal * (1.0 + number("endocytosis_gain_covalent"))
    bonded = sym(f"{drug.id}_bonded_{kinase}")
    rate = number(f"{drug.id}_inactivation_per_day") * held - renewal * bonded
    draft.state(bonded.name, ZERO, rate, "dimensionless", f"{kinase} kinases bonded to {drug.id}")
