"""Sensitization: a cell that loses its HER2 signal dies more easily of chemotherapy and payloads.

    kill = kill under an intact signal · [1 + sigma max(0, 1 - signal_clone)]

HER2 with HER3 holds AKT up, and AKT spares cells from apoptosis by paclitaxel, doxorubicin, fluorouracil, etoposide and
camptothecin alike; taking PI3K or AKT away sensitizes them again (Knuefermann 2003, doi:10.1038/sj.onc.1206394). So
what blocks the signal and what kills do more together than each alone, clone by clone: a bypass that keeps the signal
keeps the protection, and a tumor that does not depend on HER2 has none to lose.
"""

from __future__ import annotations

from her2sim.model.draft import Draft
from her2sim.model.expression import Expr, add, mul
from her2sim.model.lesions import Site
from her2sim.model.modules.receptor_signal import signal_name
from her2sim.model.smooth import at_least_zero, complement


def sensitized(draft: Draft, clone: str, site: Site) -> Expr:
    """Kill of a clone by a cytotoxic over that under an intact HER2 signal; 1 without drugs."""
    lost = at_least_zero(complement(draft.take(signal_name(clone, site), "dimensionless")))
    draft.knock_out("sensitization", {"cytotoxic_sensitization": 0.0})
    return add(1.0, mul(draft.number("cytotoxic_sensitization"), lost))
