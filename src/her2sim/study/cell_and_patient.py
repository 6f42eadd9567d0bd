"""The receptor signal of the patient scale beside the cell model: the same cell, the same drug at the receptors.

Both get the same receptors, ligands and mutations, the same occupied share of free HER2 and the same inhibitors of
kinases. What differs is the way from there to AKT and ERK: some thirty states per cell in the full model, six slow
states per kind of cells at the patient scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import SimulationError
from her2sim.engine import OK, compile_model
from her2sim.model.cell import cell_drug, cell_line, cell_numbers, parameter_table, quasi_steady, reference_model
from her2sim.model.cell.receptor_network import form_name
from her2sim.model.cell.structure import site_states
from her2sim.model.drug import Drug
from her2sim.model.drug_file import load_drug
from her2sim.model.module import Module
from her2sim.model.modules.kinase_block import kinase_block
from her2sim.model.modules.receptor_signal import activity_name, receptor_signal
from her2sim.model.system import OdeSystem, Parameter

Floats = NDArray[np.float64]

PER_MILLION = 1e-6
LONG_DAYS = 60.0
STILL = 1e-4
"""Numerical: largest relative change over the last third of the time that counts as rest."""
SITE = "systemic"
CLONE = "sensitive"
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
"""Name -> traits other than those of SK-BR-3, and neuregulin over that of the line."""


@dataclass(frozen=True)
class SideBySide:
    """Both models at rest in the same cells; arrays (n,).

    Main arguments:
        full, patient: ``AKT`` and ``ERK`` of the full cell model and of the module of the patient scale.
    """

    full: Mapping[str, Floats]
    patient: Mapping[str, Floats]


@dataclass(frozen=True)
class Agreement:
    """One regimen in one cell: AKT left of the untreated one.

    Main arguments:
        cell: by the full cell model; patient: by the patient scale; both 0 to 1.
    """

    profile: str
    regimen: str
    cell: float
    patient: float


def signal_and_full_model(doses: Mapping[str, Floats], cells: Mapping[str, Floats]) -> SideBySide:
    """AKT and ERK at rest by the full cell model and by the patient scale.

    Main arguments:
        doses: drug id -> (n,) free concentration at the cell, nM.
        cells: trait -> (n,), see ``her2sim.model.cell.profile.TRAITS``.

    Raises:
        SimulationError: one of the models failed or did not come to rest.
    """
    drugs = [cell_drug(name) for name in doses]
    reference = reference_model(drugs)
    untreated = quasi_steady(cells)
    names, table = parameter_table(reference, cells, doses, 1.0 - untreated.akt)
    domains = tuple(d for d in ("II", "IV") if any(d in drug.domains for drug in drugs))
    monomers = [form_name("HER2", state) for state in site_states(domains)]
    solved = _at_rest(reference, names, table, ["AKT", "ERK", *monomers])
    full = {"AKT": solved[:, 0], "ERK": solved[:, 1]}
    amounts = dict(zip(site_states(domains), solved[:, 2:].T, strict=True))
    alone = sum(amounts.values(), np.zeros(len(table)))
    free = {d: sum((a for s, a in amounts.items() if d in s), np.zeros(len(table))) / alone for d in domains}
    return SideBySide(full, _patient_signal([load_drug(name) for name in doses], doses, cells, free))


def _patient_signal(
    drugs: Sequence[Drug], doses: Mapping[str, Floats], cells: Mapping[str, Floats], occupied: Mapping[str, Floats]
) -> dict[str, Floats]:
    """AKT and ERK of the patient scale at rest, with cell numbers in place of fitted ones."""
    modules = [kinase_block(drugs), receptor_signal(drugs, "breast")]
    given: dict[str, Floats | float] = {
        "her2_level": cells["HER2_per_cell"] * PER_MILLION,
        "EGFR_ratio_breast": 1.0,
        "p95_share": cells["p95HER2_per_cell"] / cells["HER2_per_cell"],
        "neuregulin_tone": 1.0,
        "drive_without_her2": 0.0,
        "bypass_tone_breast": cells["igf1r_drive"],
        "ras_drive_breast": cells["ras_drive"],
        "kinase_ic50_translation": 1.0,
        "theta_domain_II_systemic": occupied.get("II", 0.0),
        "theta_domain_IV_systemic": occupied.get("IV", 0.0),
        "theta_biparatopic_systemic": occupied.get("II", 0.0),
    }
    given |= {name: cells[name] for name in cells if name not in ("HER2_per_cell", "p95HER2_per_cell")}
    given |= {f"Cm_{drug}_nM": dose for drug, dose in doses.items()}
    given |= {f"{drug}_fraction_unbound": 1.0 for drug in doses}
    for drug in drugs:
        given |= _kinase_numbers(drug, cells["kinase_mutated"])
    system = modules_alone("receptors_of_patients", modules)
    numbers = cell_numbers().quantities
    known = {
        p.name: given.get(p.name, numbers[p.name].value if p.name in numbers else p.value) for p in system.parameters
    }
    size = len(next(iter(cells.values())))
    columns = [np.broadcast_to(np.asarray(known[name], dtype=np.float64), (size,)) for name in system.parameter_names]
    wanted = [activity_name(pathway, CLONE, SITE) for pathway in ("AKT", "ERK")]
    solved = _at_rest(system, system.parameter_names, np.stack(columns, axis=1), wanted)
    return {"AKT": solved[:, 0], "ERK": solved[:, 1]}


def _kinase_numbers(drug: Drug, mutated: Floats) -> dict[str, Floats | float]:
    """IC50 or K_I of a drug at the cell: the drug alone, HER2 mutated where the cell says so."""
    found: dict[str, Floats | float] = {}
    acting = cell_drug(drug)
    for kinase, pocket in acting.pocket_nM:
        if kinase == "HER2":
            ratio = cell_numbers().value(f"mutation_ic50_ratio_{'covalent' if acting.covalent else 'reversible'}")
            name = f"{drug.id}_{'ki' if acting.covalent else 'ic50'}_{kinase}_nM"
            found[name] = pocket.value * (1.0 + mutated * (ratio - 1.0))
            found[f"{drug.id}_metabolite_activity"] = 0.0
    return found


def modules_alone(name: str, modules: Sequence[Module]) -> OdeSystem:
    """Modules as a system of their own: what they take from others becomes a parameter, 0 until given."""
    given = {port.name for module in modules for port in module.gives}
    parameters = {p.name: p for module in modules for p in module.parameters}
    for module in modules:
        for port in module.takes:
            if port.name not in given:
                parameters[port.name] = Parameter(port.name, 0.0, port.unit, port.description)
    states = tuple(state for module in modules for state in module.states)
    return OdeSystem(
        name, states, tuple(parameters.values()), tuple(item for module in modules for item in module.assignments)
    )


def _at_rest(system: OdeSystem, names: Sequence[str], table: Floats, wanted: Sequence[str]) -> Floats:
    """(n, len(wanted)) values after a long time, checked to be still."""
    solved = compile_model(system, varying=names, outputs=wanted).solve(
        table, np.array([LONG_DAYS, 1.5 * LONG_DAYS]), rtol=1e-7, atol=1e-7
    )
    if np.any(solved.status != OK):
        raise SimulationError(f"{int(np.sum(solved.status != OK))} cells of {system.name} failed")
    early, late = solved.values[:, 0, :], solved.values[:, 1, :]
    unrest = float(np.max(np.abs(late - early) / (np.abs(late) + 1e-6)))
    if unrest > STILL:
        raise SimulationError(f"{system.name} still moves by {unrest:.1e} after {LONG_DAYS:g} days")
    return late


def agreements() -> list[Agreement]:
    """All regimens in all cells.

    >>> rows = agreements()
    >>> len(rows)
    40
    """
    base = cell_line("SK-BR-3").traits
    profiles = [{**base, **changed, "NRG_nM": tone * base["NRG_nM"]} for changed, tone in CELLS.values()]
    cells = {trait: np.array([profile[trait] for profile in profiles]) for trait in base}
    found: list[Agreement] = []
    for regimen, doses in REGIMENS.items():
        levels = {drug: np.full(len(profiles), level) for drug, level in doses.items()}
        treated = signal_and_full_model(levels, cells)
        before = signal_and_full_model({drug: 0.0 * level for drug, level in levels.items()}, cells)
        for i, profile in enumerate(CELLS):
            cell = float(treated.full["AKT"][i] / before.full["AKT"][i])
            patient = float(treated.patient["AKT"][i] / before.patient["AKT"][i])
            found.append(Agreement(profile, regimen, cell, patient))
    return found


def agreement_table(rows: Iterable[Agreement]) -> str:
    """The rows as a Markdown table: AKT left by the cell model / by the patient scale, in percent."""
    listed = list(rows)
    profiles = list(dict.fromkeys(row.profile for row in listed))
    lines = ["| regimen | " + " | ".join(profiles) + " |", "|---" * (len(profiles) + 1) + "|"]
    for regimen in dict.fromkeys(row.regimen for row in listed):
        cells = {row.profile: row for row in listed if row.regimen == regimen}
        shown = [f"{100 * cells[p].cell:.0f} / {100 * cells[p].patient:.0f}" for p in profiles]
        lines.append(f"| {regimen} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"
