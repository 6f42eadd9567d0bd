"""One patient's laboratory in words and as tables of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from her2sim.study.her2_reading import CLASSES
from her2sim.study.laboratory.biopsy import NOT_DONE, STATUSES
from her2sim.study.laboratory.course import LineLaboratory, Taken

LESION_WORDS = {
    "T1": "the first target lesion",
    "T2": "the second target lesion",
    "T3": "the third target lesion",
    "NT": "other known disease",
    "OC": "the hidden lesion",
    "CNS": "the brain lesion",
}
BLOOD = (
    "day,line,dna_molecules,mutated_molecules,tumor_dna_found,vaf,vaf_pik3ca,erbb2_plasma_ratio,"
    "erbb2_plasma_amplified,soluble_her2_ng_per_mL,soluble_her2_raised"
)
BIOPSIES = "day,line,lesion,ihc,cells_3plus_pct,ish_ratio,her2_status"


def blood_sentence(line: LineLaboratory) -> str:
    """Tumor DNA over the line, and what the tubes of blood showed of it."""
    share = 100.0 * line.dna.tumor_fraction
    found = int(np.sum(line.reported.found))
    tubes = len(line.draw_day)
    return (
        f"Tumor DNA in plasma: {_percent(share[0])} of all at the start, {_percent(float(share.min()))} at the least, "
        f"{_percent(share[-1])} at the end; found in {found} of {tubes} {'tube' if tubes == 1 else 'tubes'} of blood."
    )


def biopsy_sentence(taken: Taken) -> str:
    """One biopsy: ``Biopsy of the first target lesion on day 84: IHC 2+ …``."""
    where = LESION_WORDS.get(taken.lesion, f"lesion {taken.lesion}")
    return f"Biopsy of {where} on day {taken.day:.0f}: {taken.words}."


def blood_csv(lines: Sequence[LineLaboratory]) -> str:
    """Every tube of blood as the laboratory reports it."""
    return "\n".join([BLOOD, *_blood_rows(lines)]) + "\n"


def biopsies_csv(lines: Sequence[LineLaboratory]) -> str:
    """Every biopsy as the laboratory reports it; empty where too little tumor was left."""
    rows = [BIOPSIES]
    for number, line in enumerate(lines, start=1):
        for taken in line.biopsies:
            report = taken.report
            cells = ["", "", "", ""]
            if report.ihc[0] != NOT_DONE:
                cells = [
                    CLASSES[int(report.ihc[0])], f"{100.0 * report.strong[0]:.4g}", f"{report.ish_ratio[0]:.4g}",
                    STATUSES[int(report.status[0])],
                ]  # fmt: skip
            rows.append(",".join((f"{taken.day:.4g}", str(number), taken.lesion, *cells)))
    return "\n".join(rows) + "\n"


def _blood_rows(lines: Sequence[LineLaboratory]) -> Iterable[str]:
    for number, line in enumerate(lines, start=1):
        told = line.reported
        for i, day in enumerate(line.draw_day):
            yield ",".join(
                (
                    f"{float(day):.4g}",
                    str(number),
                    f"{told.molecules[0, i]:.0f}",
                    f"{told.mutated[0, i]:.0f}",
                    str(bool(told.found[0, i])).lower(),
                    f"{told.vaf[0, i]:.4g}",
                    f"{told.vaf_pik3ca[0, i]:.4g}",
                    f"{told.erbb2_ratio[0, i]:.4g}",
                    str(bool(told.erbb2_amplified[0, i])).lower(),
                    f"{told.soluble_her2_ng_per_mL[0, i]:.4g}",
                    str(bool(told.soluble_her2_raised[0, i])).lower(),
                )
            )


def _percent(value: float) -> str:
    return f"{value:.2g} %" if value >= 1e-3 else "less than 0.001 %"
