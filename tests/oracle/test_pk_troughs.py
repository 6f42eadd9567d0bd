"""Troughs of the two conjugates, which fall on a steep slope: a tenth more clearance is a third less trough at day 21.

Nothing here set a parameter. Closed forms stand in for the solver (they agree, `test_pk_closed_form.py`). Figures that
readers took off published plots are those of github.com/yuezheli/ADC-archives (`ADCtox/data`) and of the article on
Yin 2021 in github.com/nlmixr2/nlmixr2lib; none is printed in a table that could be read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.model.closed_form import disposition, superposed
from her2sim.model.drug_file import load_drug
from her2sim.model.parameters import load_parameters
from her2sim.population.exposure import individual_pk, typical_pk
from her2sim.population.sample import sample_patients
from her2sim.population.specification import load_specification

Floats = NDArray[np.float64]

WITHIN = 0.15
CYCLE = 21.0
HALF_HOUR = 0.5 / 24.0
PARTS = {"CL": "CL_{}_L_per_day", "V1": "V1_{}_L", "Q2": "Q2_{}_L_per_day", "V2": "V2_{}_L"}


def course(drug: str, pk: Mapping[str, Floats], dose_mg: Floats, cycles: int, days: Floats) -> Floats:
    """(patients, times) concentrations in mg/L under a dose every three weeks."""
    starts = np.arange(cycles) * CYCLE
    rows: list[Floats] = []
    for i, amount in enumerate(dose_mg):
        model = disposition({name: float(pk[key.format(drug)][i]) for name, key in PARTS.items()})
        rows.append(superposed(model, np.full(cycles, amount), starts, days, duration_days=HALF_HOUR))
    return np.array(rows)


def typical_troughs(name: str, mg_per_kg: float, cycles: int, **covariates: float) -> Floats:
    """Trough after each cycle of the typical patient with these covariates."""
    drug = load_drug(name)
    pk = typical_pk(drug, "breast", {key: np.array([value]) for key, value in covariates.items()}, 1)
    days = (np.arange(cycles) + 1.0) * CYCLE - 1e-6
    return course(drug.id, pk, np.array([mg_per_kg * covariates["weight_kg"]]), cycles, days)[0]


@pytest.mark.parametrize("weight_kg", [50.0, 55.0, 60.0])
def test_trastuzumab_emtansine_trough_as_in_Yamamoto2015(weight_kg: float) -> None:
    """PMID 25332421, Japanese patients, 3.6 mg/kg: mean at day 21 of cycle 1 of 1.33 mg/L (off the plot). The abstract
    gives no weights; these are what women of Japan weigh."""
    assert typical_troughs("T-DM1", 3.6, 1, weight_kg=weight_kg)[0] == pytest.approx(1.33, rel=WITHIN)


def test_trastuzumab_emtansine_trough_at_the_exposure_of_MARIANNE() -> None:
    """PMID 31102024: cycle 1 area 338 mg·day/L and trough 1.34 mg/L, means over 375 empirical Bayes estimates of this
    very population model. Virtual patients of the first line have 368 (9 % more) and a mean trough of 2.0. At the
    clearance that gives 338, the mean trough agrees if Q and V2 are at their typical values, as estimates are that
    shrink to them (shrinkage 50 and 36 %, Lu 2014)."""
    drug = load_drug("T-DM1")
    specification = load_specification("breast", "metastatic-1L")
    patients = sample_patients(specification, load_parameters().quantities, seed=3, ids=range(1500))
    names = ("weight_kg", "albumin_g_per_L", "sld_mm", "ast_U_per_L", "female")
    covariates = {name: patients[name] for name in names}
    own, typical = (
        individual_pk(drug, "breast", covariates, 3, patients.ids),
        typical_pk(drug, "breast", covariates, 1500),
    )
    clearance, dose = PARTS["CL"].format(drug.id), 3.6 * patients["weight_kg"]
    area = float(np.mean(dose / own[clearance]))
    assert area == pytest.approx(338.0, rel=WITHIN)
    estimated = {key: typical[key] if key.startswith(("Q2", "V2")) else own[key] for key in own}
    estimated[clearance] = own[clearance] * area / 338.0
    found = course(drug.id, estimated, dose, 1, np.array([HALF_HOUR, CYCLE]))
    assert float(found[:, 0].mean()) == pytest.approx(74.4, rel=WITHIN)
    assert float(found[:, 1].mean()) == pytest.approx(1.34, rel=WITHIN)


def test_trastuzumab_deruxtecan_steady_state_as_in_Yin2021() -> None:
    """doi:10.1002/cpt.2096, figure 4, women outside Japan of 57.8 kg, 5.4 mg/kg: geometric means at steady state of
    735 mg·day/L, peak 122 and trough 9.7 mg/L (off the plot; the first two also stand in the label of 2019)."""
    drug, n = load_drug("T-DXd"), 1000
    reference = {"weight_kg": np.full(n, 57.8), "japan": np.zeros(n), "female": np.ones(n)}
    pk = individual_pk(drug, "breast", reference, 5, np.arange(n))
    days = 9.0 * CYCLE + np.concatenate(
        [[0.0], HALF_HOUR + np.linspace(0.0, 1.0, 120) ** 2 * (CYCLE - HALF_HOUR - 1e-6)]
    )
    found = course(drug.id, pk, np.full(n, 5.4 * 57.8), 10, days)
    area = np.sum((found[:, 1:] + found[:, :-1]) / 2.0 * np.diff(days), axis=1)
    geometric = [float(np.exp(np.mean(np.log(x)))) for x in (area, found.max(axis=1), found[:, -1])]
    assert geometric == pytest.approx([735.0, 122.0, 9.7], rel=WITHIN)


def test_trastuzumab_deruxtecan_troughs_as_in_Doi2017() -> None:
    """PMID 29037983, Japan, mean troughs of cycles 1 to 3 (off the plot) of 6 patients at 5.4, 6 at 6.4 and 3 at 8.0
    mg/kg, the doses with linear kinetics; per mg/kg and weighted by patients, since 6 patients scatter by a half."""
    doses, patients = np.array([5.4, 6.4, 8.0]), np.array([6.0, 6.0, 3.0])
    seen = np.array([[5.093, 8.721, 6.999], [11.693, 13.214, 14.219], [10.867, 20.021, 24.345]])
    published = np.average(seen / doses[:, None], axis=0, weights=patients)
    found = typical_troughs("T-DXd", 1.0, 3, weight_kg=57.8, japan=1.0, female=1.0)
    assert found.tolist() == pytest.approx(published.tolist(), rel=WITHIN)
