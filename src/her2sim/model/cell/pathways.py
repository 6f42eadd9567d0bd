"""PI3K-AKT and RAS-MAPK with their feedbacks: from phosphorylated dimers to AKT, ERK and the synthesis of HER3.

    p_ij  = a_i a_j D_ij                                 phosphorylated dimers; a: active kinases (HER3 has none)
    PIP3  = [S_P (1 + alpha PIK3CA) / K_A + x0 PIK3CA + IGF1R (1 + rho (1 - mTORC1))] / PTEN
    AKT   = PIP3^h / (1 + PIP3^h)                        A
    RAS   = S_M / [K_M (1 - eta (1 - A)) (1 + f_M M)] + y0
    ERK   = RAS / (1 + RAS)                              M, by way of RAF and MEK
    HER3 synthesis rises by (1 + beta_3 FOXO) / (1 + beta_3 FOXO untreated), FOXO = 1 - A

are the states of rest; here each is a differential equation. S_P and S_M weigh the dimers. Sources: HER3 as the
carrier of PI3K, Lee-Hoeflich 2008 (doi:10.1158/0008-5472.CAN-08-0380); relief of feedback on receptors under AKT
inhibition, Chandarlapaty 2011 (doi:10.1016/j.ccr.2010.10.031).
"""

from __future__ import annotations

from her2sim.model.cell.structure import KINASES_OF, MAPK_DIMERS, PI3K_DIMERS
from her2sim.model.draft import Draft
from her2sim.model.expression import ZERO, Expr, div, sym
from her2sim.model.smooth import positive_power, product, total

START = 0.1
"""Numerical: where the pathway activities start; they forget it within an hour."""


def write_pathways(draft: Draft) -> None:
    """Signaling states; gives ``her3_synthesis_factor``."""
    number, state = draft.number, draft.state
    phosphorylated = {dimer: _phosphorylated(draft, dimer) for dimer in KINASES_OF}
    rate = number("pathway_rate_per_day")

    def signal(pathway: str, dimers: tuple[str, ...]) -> Expr:
        terms = total(number(f"{pathway}_weight_{dimer}") * phosphorylated[dimer] for dimer in dimers)
        return draft.assign(f"{pathway}_signal", terms, "dimensionless", f"weighted dimers that drive {pathway}")

    akt, mtor, erk, foxo = sym("AKT"), sym("mTORC1"), sym("ERK"), sym("FOXO")
    mutated = number("pik3ca_mutated")
    receptors = div(signal("pi3k", PI3K_DIMERS), number("akt_half_dimers"))
    others = number("igf1r_drive") * (1.0 + number("igf1r_feedback") * (1.0 - mtor))
    drive = receptors * (1.0 + number("pik3ca_gain") * mutated) + number("pik3ca_basal") * mutated + others
    state("PIP3", START, rate * (div(drive, number("pten_level")) - sym("PIP3")), "dimensionless", "PIP3, 1 at half")
    steep = positive_power(sym("PIP3"), number("akt_steepness"))
    state("AKT", START, rate * (steep * (1.0 - akt) - akt), "dimensionless", "active share of AKT")
    state("mTORC1", START, rate * (akt - mtor), "dimensionless", "active share of mTORC1")
    foxo_rate = number("foxo_rate_per_day")
    state("FOXO", number("foxo_untreated"), foxo_rate * (1.0 - akt - foxo), "dimensionless", "nuclear share of FOXO3a")
    gain = number("her3_adaptive_gain")
    draft.assign(
        "her3_synthesis_factor",
        div(1.0 + gain * foxo, 1.0 + gain * number("foxo_untreated")),
        "dimensionless",
        "synthesis of HER3 over that without drugs",
        give=True,
    )
    half = number("erk_half_dimers") * (1.0 - number("mapk_derepression") * (1.0 - akt))
    sos = div(signal("mapk", MAPK_DIMERS), half * (1.0 + number("erk_feedback") * erk)) + number("ras_drive")
    state("RAS", START, rate * (sos - sym("RAS")), "dimensionless", "RAS-GTP, 1 at half of ERK activity")
    state("RAF", START, rate * (sym("RAS") - sym("RAF")), "dimensionless", "active RAF")
    state("MEK", START, rate * (sym("RAF") - sym("MEK")), "dimensionless", "active MEK")
    state("ERK", START, rate * (sym("MEK") * (1.0 - erk) - erk), "dimensionless", "active share of ERK")


def _phosphorylated(draft: Draft, dimer: str) -> Expr:
    dimers = draft.take(f"dimers_{dimer}", "dimensionless")
    if dimer == "HER2_HER3":  # with neuregulin or without, the same docking sites
        dimers = dimers + draft.take("dimers_HER2_HER3N", "dimensionless")
    active = product([draft.take(f"active_{kinase}", "dimensionless") for kinase in KINASES_OF[dimer]])
    name = f"p_{dimer}"
    rate = draft.number("dephosphorylation_per_day") * (dimers * active - sym(name))
    return draft.state(name, ZERO, rate, "dimensionless", f"phosphorylated {dimer} dimers")
