"""PI3K-AKT and RAS-MAPK of a patient's cell: from dimers and active kinases to AKT and ERK, in closed form.

The formulas are those of ``her2sim.model.cell.pathways`` at rest. Two of its feedbacks go through FOXO3a and mTORC1;
here one slow state phi of the cell, which follows 1 - AKT, carries both, so that nothing is implicit:

    AKT:  x = [S_P (1 + alpha PIK3CA) / K_A + x0 PIK3CA + own drive + I (1 + rho phi)] / PTEN     A = x^h / (1 + x^h)
          of each drive an inhibitor of PI3K alpha leaves a share: less of what PIK3CA adds than of the rest
    ERK:  s = S_M / [K_M (1 - eta (1 - A))],  M = (s + y (1 + f M)) / (s + (1 + y)(1 + f M))      a quadratic in M
"""

from __future__ import annotations

from collections.abc import Mapping

from her2sim.model.cell.structure import KINASES_OF, MAPK_DIMERS, PI3K_DIMERS
from her2sim.model.draft import Draft
from her2sim.model.expression import ONE, Expr, call, div
from her2sim.model.smooth import complement, product, saturating, total


def phosphorylated(dimers: Mapping[str, Expr], active: Mapping[str, Expr]) -> dict[str, Expr]:
    """Class of signaling dimers -> phosphorylated ones; active: kinase -> share without inhibitor."""
    amounts = dict(dimers)
    amounts["HER2_HER3"] = dimers["HER2_HER3"] + dimers["HER2_HER3N"]
    return {
        dimer: amounts[dimer] * product(active[k] for k in kinases if k in active)
        for dimer, kinases in KINASES_OF.items()
    }


def pi3k_drive(draft: Draft, signaling: Mapping[str, Expr], left: Expr = ONE, mutant_left: Expr = ONE) -> Expr:
    """PI3K drive of the receptors and of a PIK3CA mutation, 1 at half of AKT activity.

    Other arguments:
        left, mutant_left: what inhibitors leave of unmutated PI3K, and of what the mutation adds.
    """
    number = draft.number
    mutated = number("pik3ca_mutated")
    weighted = total(number(f"pi3k_weight_{dimer}") * signaling[dimer] for dimer in PI3K_DIMERS)
    receptors = div(weighted, number("akt_half_dimers"))
    added = mutated * mutant_left
    return receptors * (left + number("pik3ca_gain") * added) + number("pik3ca_basal") * added


def mapk_dimers(draft: Draft, signaling: Mapping[str, Expr]) -> Expr:
    """Weighted dimers that drive MAPK."""
    return total(draft.number(f"mapk_weight_{dimer}") * signaling[dimer] for dimer in MAPK_DIMERS)


def akt_activity(draft: Draft, drive: Expr) -> Expr:
    """Active share of AKT.

    Main arguments:
        drive: of PI3K from all sources.
    """
    return saturating(div(drive, draft.number("pten_level")), draft.number("akt_steepness"))


def erk_activity(draft: Draft, dimers: Expr, akt: Expr, ras_drive: Expr) -> Expr:
    """Active share of ERK: the positive root of f (1 + y) M^2 + (1 + s + y - f y) M - (s + y) = 0.

    Main arguments:
        dimers: of ``mapk_dimers``; akt: its activity, whose loss lowers the half-saturating dimers.
        ras_drive: y, drive without these receptors.
    """
    number = draft.number
    feedback = number("erk_feedback")
    signal = div(dimers, number("erk_half_dimers") * (1.0 - number("mapk_derepression") * complement(akt)))
    square = feedback * (1.0 + ras_drive)
    linear = 1.0 + signal + ras_drive - feedback * ras_drive
    amount = signal + ras_drive
    return div(2.0 * amount, linear + call("sqrt", linear * linear + 4.0 * square * amount))
