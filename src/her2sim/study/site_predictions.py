"""What the model predicts at the site of action: occupancy, payload, soluble HER2, receptors. One number per id.

The ids are those of the published figures of ``data/site_of_action``.
"""

from __future__ import annotations

import numpy as np

from her2sim.model.cell import cell_drug, cell_line, quasi_steady
from her2sim.model.drug_file import load_drug
from her2sim.model.modules.payload import payload_state
from her2sim.model.modules.plasma_payload import CYCLE, plasma_payload_name
from her2sim.model.modules.receptor_binding import occupancy_name
from her2sim.model.modules.site_exposure import free_concentration_name, tumor_amount_state
from her2sim.model.parameters import load_parameters
from her2sim.study.observed_course import (
    BEFORE_NEXT,
    CYCLE_DAYS,
    soluble_before,
    soluble_under_treatment,
    typical_course,
    virtual_patients,
)

STEADY_CYCLES = 12
PATIENTS, TREATED = 2000, 100
LIMIT_NG_PER_ML, SMALLEST_FALL = 15.0, 0.2
CELL, CELL_NM = "SK-BR-3", {"trastuzumab": 100.0, "pertuzumab": 100.0, "zanidatamab": 100.0, "lapatinib": 300.0}
_MOLAR = "Cm_trastuzumab_nM"


def predictions() -> dict[str, float]:
    """All predictions by id of the published figure, in its unit; takes ten seconds. Some figures have none."""
    return {**occupancies(), **payloads(), **soluble(), **receptors()}


def occupancies() -> dict[str, float]:
    """Trastuzumab at the receptor, outside the brain and in it, at the trough of a typical patient at steady state."""
    inside, outside = occupancy_name("domain_IV", "cns"), occupancy_name("domain_IV", "systemic")
    free = free_concentration_name("trastuzumab", "cns")
    course = typical_course("trastuzumab", "8 mg/kg", "6 mg/kg", STEADY_CYCLES, [inside, outside, free, _MOLAR])
    trough = STEADY_CYCLES * CYCLE_DAYS - BEFORE_NEXT
    brain, body = (tumor_amount_state("trastuzumab", site) for site in ("cns", "systemic"))
    tracer = typical_course("trastuzumab", "50 mg", "50 mg", 1, [brain, body])
    return {
        "occupancy_trough": 100.0 * course.at(trough, outside),
        "occupancy_trough_brain": 100.0 * course.at(trough, inside),
        "brain_free_over_plasma": 100.0 * course.at(trough, free) / course.at(trough, _MOLAR),
        "tracer_brain_over_bone": tracer.at(4.5, brain) / tracer.at(4.5, body),
        "plasma_for_90_percent": plasma_for_occupancy_mg_per_L(0.9),
    }


def plasma_for_occupancy_mg_per_L(share: float) -> float:
    """Steady plasma trastuzumab that keeps a share of HER2 occupied outside the brain, typical IHC 3+ tumor.

    At rest P (C - f) = u with f = K theta / (1 - theta), the equations of ``site_exposure``; HER2 at the surface is
    that of monomers that trastuzumab holds, which go in faster and are not shed.

    >>> plasma_for_occupancy_mg_per_L(0.5) < plasma_for_occupancy_mg_per_L(0.9)
    True
    """
    value = load_parameters().value
    drug = load_drug("trastuzumab")
    kd = next(action.values["kd_nM"].value for action in drug.actions if action.kind == "antibody")
    exchange = 2.0 * value("antibody_permeability_um_per_day") * value("tumor_delivery") * value("capillary_radius_um")
    exchange /= value("krogh_radius_um") ** 2
    her2 = value("her2_nM_per_million") * 10.0 ** (value("her2_log10_per_cell") - 6.0)
    lost = value("degradation_HER2_per_day")
    inside = value("endocytosis_per_day") * lost / (lost + value("recycling_HER2_per_day"))
    gain, shed = value("endocytosis_gain_domain_IV"), value("shedding_per_day")
    left = 1.0 - share * (1.0 - value("shedding_left_domain_IV"))
    surface = (inside + shed) / (inside * (1.0 + gain * share) + shed * left)
    uptake = value("her2_uptake_per_day") * (1.0 + gain) * her2 * surface * share
    plasma_nM = kd * share / (1.0 - share) + uptake / exchange
    return plasma_nM * drug.molar_mass_g_per_mol.value * 1e-6


def payloads() -> dict[str, float]:
    """Payload of the two conjugates in plasma and in antigen-high cells of a typical patient."""
    dm1, dxd = (payload_state(drug, "systemic") for drug in ("trastuzumab_emtansine", "trastuzumab_deruxtecan"))
    plasma = plasma_payload_name("trastuzumab_deruxtecan")
    first = typical_course("trastuzumab_deruxtecan", "6.4 mg/kg", "6.4 mg/kg", 1, [plasma])
    third = typical_course("trastuzumab_deruxtecan", "5.4 mg/kg", "5.4 mg/kg", 3, [plasma, dxd], {CYCLE: 3.0})
    emtansine = typical_course("trastuzumab_emtansine", "3.6 mg/kg", "3.6 mg/kg", 6, [dm1])
    in_cells = third.mean(3, dxd)
    mass = load_parameters().value("plasma_molar_mass_DXd_kg_per_mol")
    return {
        "dxd_peak_cycle_1": first.peak(1, plasma),
        "dxd_area_cycle_1": first.mean(1, plasma) * CYCLE_DAYS,
        "dxd_peak_cycle_3": third.peak(3, plasma),
        "dxd_area_cycle_3": third.mean(3, plasma) * CYCLE_DAYS,
        "dxd_in_cells": in_cells,
        "dxd_tumor_over_plasma": in_cells / (third.mean(3, plasma) / mass),
        "dm1_in_cells": emtansine.mean(6, dm1),
    }


def soluble() -> dict[str, float]:
    """Ectodomain of virtual patients before therapy and under trastuzumab and docetaxel."""
    metastatic = soluble_before(virtual_patients("metastatic-2L", PATIENTS))
    early = soluble_before(virtual_patients("neoadjuvant", PATIENTS))
    under = soluble_under_treatment(virtual_patients("metastatic-1L", TREATED), [0.0, 63.0, 126.0])
    fallen = under[:, 1] <= (1.0 - SMALLEST_FALL) * under[:, 0]
    return {
        "soluble_median": float(np.median(metastatic)),
        "soluble_p95": float(np.percentile(metastatic, 95.0)),
        "soluble_above_15": 100.0 * float(np.mean(metastatic > LIMIT_NG_PER_ML)),
        "soluble_early": float(early.mean()),
        "soluble_declining": 100.0 * float(fallen.mean()),
        "soluble_on_treatment": float(np.median(under[:, 2])),
    }


def receptors() -> dict[str, float]:
    """HER2 at the surface of a cell line at rest under a drug, change in percent, and shedding left.

    >>> sorted(receptors())[0]
    'shedding_left'
    """
    traits = cell_line(CELL).traits
    bare = quasi_steady(traits, [], {})

    def under(*names: str) -> tuple[float, float]:
        found = quasi_steady(traits, [cell_drug(name) for name in names], {name: CELL_NM[name] for name in names})
        surface, shed = found.her2_surface / bare.her2_surface, found.shedding / bare.shedding
        return 100.0 * (float(surface[0]) - 1.0), 100.0 * float(shed[0])

    return {
        "shedding_left": under("trastuzumab")[1],
        "surface_trastuzumab": under("trastuzumab")[0],
        "surface_both": under("trastuzumab", "pertuzumab")[0],
        "surface_zanidatamab": under("zanidatamab")[0],
        "surface_lapatinib": under("lapatinib")[0],
    }
