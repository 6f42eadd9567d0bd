"""The survival signal of the patient scale beside the cell model: where the short formula agrees and where not.

Both get the same cell, the same occupied shares and the same free kinases; what differs is the step from there to the
signal: fixed weights and shares at the patient scale, mass action of four receptors and pathways at the cell scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.cell import CellDrug, QuasiSteady, cell_drug, cell_line, cell_numbers, quasi_steady
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.modules.receptor_signal import receptor_signal, signal_name
from her2sim.model.parameters import load_parameters
from her2sim.model.system import OdeSystem

Floats = NDArray[np.float64]

PER_MILLION = 1e-6
REGIMENS: Mapping[str, Mapping[str, float]] = {
    "trastuzumab 300 nM": {"trastuzumab": 300.0},
    "pertuzumab 300 nM": {"pertuzumab": 300.0},
    "both, 300 nM each": {"trastuzumab": 300.0, "pertuzumab": 300.0},
    "zanidatamab 30 nM": {"zanidatamab": 30.0},
    "lapatinib 30 nM": {"lapatinib": 30.0},
    "tucatinib 30 nM": {"tucatinib": 30.0},
    "tucatinib 30 nM, trastuzumab 300 nM": {"tucatinib": 30.0, "trastuzumab": 300.0},
    "neratinib 10 nM": {"neratinib": 10.0},
}
CELLS: Mapping[str, tuple[Mapping[str, float], float]] = {
    "HER2 1,000,000": ({"HER2_per_cell": 1e6}, 1.0),
    "HER2 200,000": ({"HER2_per_cell": 2e5}, 1.0),
    "HER2 20,000": ({"HER2_per_cell": 2e4}, 1.0),
    "1,000,000, ligand x 5": ({"HER2_per_cell": 1e6}, 5.0),
    "1,000,000, PIK3CA": ({"HER2_per_cell": 1e6, "pik3ca_mutated": 1.0}, 1.0),
}
"""Name -> traits other than those of SK-BR-3, and neuregulin over the typical."""


@dataclass(frozen=True)
class Agreement:
    """One regimen in one cell: signal left of the untreated one.

    Main arguments:
        cell: AKT left by the cell model; patient: survival signal left by the patient scale; both 0 to 1.
    """

    profile: str
    regimen: str
    cell: float
    patient: float


def agreements() -> list[Agreement]:
    """All regimens in all cells.

    >>> rows = agreements()
    >>> len(rows)
    40
    """
    base = cell_line("SK-BR-3").traits
    found: list[Agreement] = []
    typical = typical_neuregulin_nM()
    for profile, (changed, tone) in CELLS.items():
        traits = {**base, **changed, "NRG_nM": tone * typical}
        for regimen, doses in REGIMENS.items():
            drugs = [cell_drug(name) for name in doses]
            rest = quasi_steady(traits, drugs, doses)
            left = float(rest.akt[0] / rest.akt_untreated[0])
            found.append(Agreement(profile, regimen, left, patient_signal(traits, drugs, rest, tone)))
    return found


def typical_neuregulin_nM() -> float:
    """Neuregulin at which HER2-HER3 dimers with and without ligand stand as the patient scale weighs them, nM."""
    v, patient = cell_numbers().value, load_parameters().value
    ratio = v("dimer_ratio_HER2_HER3") / v("dimer_ratio_HER2_HER3N")
    return v("nrg_kd_HER3_nM") * ratio * patient("dimer_weight_ligand") / patient("dimer_weight_free")


def patient_signal(
    traits: Mapping[str, float], drugs: Sequence[CellDrug], rest: QuasiSteady, neuregulin_tone: float
) -> float:
    """Survival signal of the patient scale, over the untreated one, at what the cell model says is bound.

    Main arguments:
        traits, drugs: of the cell; rest: its state under the drugs, one cell.
        neuregulin_tone: ligand over the typical.
    """
    module = receptor_signal([load_drug(drug.id) for drug in drugs], "breast")
    values = {parameter.name: np.array(parameter.value) for parameter in module.parameters}
    values |= {port.name: np.array(0.0) for port in module.takes}
    values |= {f"active_{kinase}_systemic": share[0] for kinase, share in rest.active.items()}
    epitopes = {"II": "domain_II", "IV": "domain_IV"}
    chained = any(drug.biparatopic for drug in drugs)
    for domain, share in rest.occupancy.items():
        values[f"theta_{'biparatopic' if chained else epitopes[domain]}_systemic"] = share[0]
    values["her2_level"] = np.array(traits["HER2_per_cell"] * PER_MILLION)
    values["pik3ca_mutated"] = np.array(traits["pik3ca_mutated"])
    values["neuregulin_tone"] = np.array(neuregulin_tone)
    wanted = OdeSystem("signal", (), (), module.assignments).expanded()[signal_name("sensitive", "systemic")]
    return float(evaluate([wanted], values)[0])


def agreement_table(rows: Iterable[Agreement]) -> str:
    """The rows as a Markdown table: AKT left at the cell / signal left at the patient scale, in percent."""
    listed = list(rows)
    profiles = list(dict.fromkeys(row.profile for row in listed))
    lines = ["| regimen | " + " | ".join(profiles) + " |", "|---" * (len(profiles) + 1) + "|"]
    for regimen in dict.fromkeys(row.regimen for row in listed):
        cells = {row.profile: row for row in listed if row.regimen == regimen}
        shown = [f"{100 * cells[p].cell:.0f} / {100 * cells[p].patient:.0f}" for p in profiles]
        lines.append(f"| {regimen} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"
