"""Exposures of typical patients against the figures of labels and trials, within 15 %.

None of these figures was used to set a parameter: the parameters are those of the published population models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from her2sim.engine.compile import compile_model
from her2sim.model.closed_form import disposition
from her2sim.model.drug_file import load_drug
from her2sim.model.module import assemble
from her2sim.model.pharmacokinetics import pk_module
from her2sim.population.exposure import typical_pk
from her2sim.record.types import Dose, RegimenItem, Schedule, Until
from her2sim.trial.dosing import regimen_doses

WITHIN = 0.15


@dataclass(frozen=True)
class Exposure:
    """Peak, trough and area of one dosing interval."""

    cmax: float
    cmin: float
    auc: float


def exposure(
    name: str,
    dose: Dose,
    every_days: float,
    interval: int,
    *,
    weight_kg: float = 70.0,
    loading: Dose | None = None,
    disease: str = "breast",
    route: str = "iv",
    days: float | None = None,
) -> Exposure:
    """The ``interval``-th dosing interval (from 1), or ``days`` from its start, of a typical patient of this weight."""
    drug, one = load_drug(name), np.array([0])
    covariates = {"weight_kg": np.array([weight_kg])}
    item = RegimenItem(name, dose, Schedule(every_days), Until("progression"), route, loading=loading)
    parameters = typical_pk(drug, disease, covariates, 1, route=route)
    system = assemble("pk", [pk_module(drug, disease, route)])
    start, end = (interval - 1) * every_days, interval * every_days
    doses = regimen_doses([item], {name: drug}, covariates, parameters, system.state_names, end, seed=1, patients=one)
    varying = tuple(key for key in parameters if key in system.parameter_names)
    model = compile_model(system, varying=varying, outputs=(f"C_{drug.id}_mg_per_L",), backend="reference")
    times = np.linspace(start, end if days is None else start + days, 2001)
    table = np.array([[parameters[key][0] for key in varying]])
    curve = model.solve(table, times, doses=doses, rtol=1e-8, atol=1e-8).values[0, :, 0]
    area = float(np.sum((curve[1:] + curve[:-1]) / 2 * np.diff(times)))
    return Exposure(float(curve.max()), float(curve[-1]), area)


@pytest.mark.parametrize(
    ("disease", "weekly", "interval", "cmin", "cmax", "auc21"),
    [
        ("breast", False, 1, 28.7, 182.0, 1376.0),
        ("breast", False, 12, 44.2, 179.0, 1736.0),
        ("breast", True, 30, 63.1, 107.0, 1710.0),
        ("gastric", False, 1, 23.1, 132.0, 1109.0),
        ("gastric", False, 12, 32.9, 131.0, 1338.0),
    ],
)
def test_trastuzumab_as_in_the_herceptin_label_tables_14_and_15(
    disease: str, weekly: bool, interval: int, cmin: float, cmax: float, auc21: float
) -> None:
    maintenance, loading, every = (2.0, 4.0, 7.0) if weekly else (6.0, 8.0, 21.0)
    found = exposure(
        "trastuzumab",
        Dose(maintenance, "mg/kg"),
        every,
        interval,
        weight_kg=66.0,
        loading=Dose(loading, "mg/kg"),
        disease=disease,
    )
    assert found.cmin == pytest.approx(cmin, rel=WITHIN)
    assert found.cmax == pytest.approx(cmax, rel=WITHIN)
    assert found.auc * 21.0 / every == pytest.approx(auc21, rel=WITHIN)


def test_subcutaneous_trastuzumab_trough_as_in_Ismael2012() -> None:
    """HannaH, 600 mg q3w: geometric mean trough before cycle 8 of 69.0 mg/L (Lancet Oncol 2012;13:869)."""
    found = exposure("trastuzumab", Dose(600.0, "mg"), 21.0, 7, weight_kg=68.0, route="sc")
    assert found.cmin == pytest.approx(69.0, rel=WITHIN)


def test_pertuzumab_first_cycle_as_in_MARIANNE() -> None:
    """PMID 31102024: model-predicted cycle 1 after 840 mg, Cmax 276 and trough 64.8 mg/L."""
    found = exposure("pertuzumab", Dose(420.0, "mg"), 21.0, 1, loading=Dose(840.0, "mg"))
    assert found.cmax == pytest.approx(276.0, rel=WITHIN)
    assert found.cmin == pytest.approx(64.8, rel=WITHIN)


def test_trastuzumab_emtansine_first_cycle_as_in_MARIANNE() -> None:
    """PMID 31102024, 375 patients: cycle 1 Cmax 74.4 mg/L, AUC to infinity 338 mg·day/L. Its trough, which needs a
    population, is in `test_pk_troughs.py`."""
    found = exposure("T-DM1", Dose(3.6, "mg/kg"), 21.0, 1)
    assert found.cmax == pytest.approx(74.4, rel=WITHIN)
    assert found.auc == pytest.approx(338.0, rel=WITHIN)


def test_trastuzumab_emtansine_peak_as_in_the_kadcyla_label() -> None:
    assert exposure("T-DM1", Dose(3.6, "mg/kg"), 21.0, 1).cmax == pytest.approx(83.4, rel=WITHIN)


def test_trastuzumab_deruxtecan_third_cycle_as_in_the_enhertu_label() -> None:
    """5.4 mg/kg: geometric means Cmax 133 mg/L and AUC 780 mg·day/L; area 35 % above cycle 1 in cycle 3."""
    third = exposure("T-DXd", Dose(5.4, "mg/kg"), 21.0, 3, weight_kg=57.8)
    first = exposure("T-DXd", Dose(5.4, "mg/kg"), 21.0, 1, weight_kg=57.8)
    assert third.cmax == pytest.approx(133.0, rel=WITHIN)
    assert third.auc == pytest.approx(780.0, rel=WITHIN)
    assert third.auc / first.auc == pytest.approx(1.35, rel=WITHIN)


def test_tucatinib_steady_state_as_in_the_tukysa_label() -> None:
    """300 mg bid in patients: geometric mean area over 12 h of 5620 ng·h/mL and Cmax 747 ng/mL (recalled figures)."""
    found = exposure("tucatinib", Dose(300.0, "mg", per_day=2), 1.0, 14, route="po", days=0.5)
    assert found.auc * 24.0 * 1000.0 == pytest.approx(5620.0, rel=WITHIN)
    assert found.cmax * 1000.0 == pytest.approx(747.0, rel=WITHIN)


@pytest.mark.parametrize(
    ("name", "days"),
    [("T-DM1", 3.94), ("atezolizumab", 27.0), ("ipilimumab", 15.0), ("zenocutuzumab", 8.0), ("zanidatamab", 21.0)],
)
def test_half_lives_as_in_their_labels_and_reviews(name: str, days: float) -> None:
    """Lu 2014 (T-DM1), PMC6584248 (checkpoint antibodies), labels; that of zanidatamab set its assumed clearance."""
    values = {key: quantity.value for key, quantity in load_drug(name).pk.typical.items()}
    assert disposition(values).half_life_days == pytest.approx(days, rel=WITHIN)


def test_clearance_of_nivolumab_falls_by_a_quarter_as_in_Bajaj2017() -> None:
    """Maximal change exp(-0.295): the area of a late cycle is about 1/0.745 of what the first clearance would give."""
    late = exposure("nivolumab", Dose(240.0, "mg"), 14.0, 26, weight_kg=80.0)
    assert 240.0 / late.auc == pytest.approx(9.4e-3 * 24 * np.exp(-0.295), rel=0.03)


def test_paclitaxel_area_grows_faster_than_the_dose() -> None:
    """Saturable elimination: doubling the dose more than doubles the area (Crombag 2019 structure)."""
    small = exposure("paclitaxel", Dose(80.0, "mg"), 21.0, 1)
    large = exposure("paclitaxel", Dose(160.0, "mg"), 21.0, 1)
    assert large.auc > 2.05 * small.auc
