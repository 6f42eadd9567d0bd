"""The columns of figures: which endpoints stand in which, and what stands there if there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from her2sim.evidence.tables.figure_cell import figure_cell, of_endpoints
from her2sim.evidence.tables.review_table import Cell, Part, References, text_cell
from her2sim.evidence.tidy import Figure
from her2sim.record.types import Arm, TrialRecord

KEPT_BACK = "kept back"
RUNNING = "running, no figure"


@dataclass(frozen=True)
class Outcome:
    """A column: its name, its endpoints, and the endpoints that stand in for them where those are missing."""

    name: str
    endpoints: tuple[str, ...]
    otherwise: tuple[str, ...] = ()
    named: bool = False


ORR = Outcome("ORR, %", ("ORR",), ("ORR_unconfirmed",))
PFS = Outcome("PFS median, months", ("PFS_median", "TTP_median"), (r"PFS_rate_.*",))
OS = Outcome("OS median, months", ("OS_median",), (r"OS_rate_.*",))
PCR = Outcome("pCR, %", ("pCR_total", "pCR", "pCR_breast", "pCR_strict"), ("pCR_total_predicted", "MPR"))
PATHOLOGY = Outcome("pathology, %", ("pCR_total", "pCR", "pCR_breast", "MPR", "R0_rate", "ypN0"), named=True)
EVENT_FREE = Outcome("EFS, iDFS or DFS, %", (r"(EFS|iDFS|DFS|RFS|RFI)_rate_.*",), named=True)
GRADE3 = Outcome("grade 3+, %", ("grade3plus_AE", "grade3plus_TRAE", "grade3_AE"), (".*_g3", "irAE_g3plus", "SAE"))
DOR = Outcome("DoR median, months", ("DoR_median",))
ILD = Outcome("ILD, %", ("ILD", "pneumonitis"))
DIARRHEA = Outcome("diarrhea grade 3+, %", ("diarrhea_g3",), ("diarrhea_any",))
CNS_ORR = Outcome("intracranial ORR, %", ("CNS_ORR", "CNS_CR"), ("CNS_volume_reduction_80pct", "CNS_shrinkage_30pct"))
CNS_PFS = Outcome(
    "intracranial course", ("CNS_PFS_median", r"CNS_PFS_rate_.*", "time_to_CNS_median", r"CBR_CNS_.*"),
    (r"CNS_(first|progression|recurrence).*",), named=True,
)  # fmt: skip
RESPONSE = Outcome("response or control, %", ("ORR", "CR", "DCR", "CBR", "SD_rate", "clinical_activity"), named=True)
IMMUNE = Outcome("immune effect", ("antibody_response", r"CAR_.*", "transduction"), named=True)
SAFETY = Outcome(
    "safety", ("grade3plus_AE", "grade3plus_TRAE", "grade3_AE", "DLT", r"CRS_.*", "grade5_AE", r"injection_.*", "SAE"),
    named=True,
)  # fmt: skip


def outcome_cell(
    outcome: Outcome, record: TrialRecord, arm: Arm, figures: Sequence[Figure], role: str, references: References
) -> Cell:
    """The cell of an arm: its figures, or why there are none."""
    if role == "withheld":
        return text_cell(KEPT_BACK)
    if record.status == "ongoing" and not figures:
        return text_cell(RUNNING)
    rows = of_endpoints(figures, arm.name, outcome.endpoints)
    if not rows and outcome.otherwise:
        return figure_cell(of_endpoints(figures, arm.name, outcome.otherwise), references, named=True)
    return figure_cell(rows, references, outcome.named)


def ratio_cell(record: TrialRecord, arm: Arm, figures: Sequence[Figure], role: str, references: References) -> Cell:
    """Hazard and odds ratios of the arm against its references, for all patients."""
    if role == "withheld":
        return text_cell(KEPT_BACK)
    rows = [x for x in figures if x.level == "contrast" and x.arm == arm.name and not x.stratum]
    words = [x for x in rows if x.value is None and x.note]
    rows = [x for x in rows if x.measure in ("hr", "odds_ratio") and x.value is not None]
    said = tuple(Part(f"{x.endpoint} {x.note}", references.number(x.citation, x.url, x.read), x.read) for x in words)
    names = list(dict.fromkeys(x.reference for x in rows))
    cells = [figure_cell([x for x in rows if x.reference == name], references, named=True) for name in names]
    if len(names) == 1:
        return Cell(cells[0].parts + said)
    against = [(part, name) for name, cell in zip(names, cells, strict=True) for part in cell.parts]
    return Cell(tuple(replace(part, text=f"{part.text} vs {name}") for part, name in against) + said)
