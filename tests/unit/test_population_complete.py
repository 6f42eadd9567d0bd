"""A user's own table, completed through the copula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2sim.core.errors import InputError
from her2sim.model.parameters import load_parameters
from her2sim.population.complete import complete_patients
from her2sim.population.geometry import initial_volumes_mL
from her2sim.population.patients import Patients
from her2sim.population.plan import plan_sampling
from her2sim.population.sample import draw_patients
from her2sim.population.specification import load_specification

PLAN = plan_sampling(load_specification("breast", "metastatic-2L"), load_parameters().quantities)


def mine(n: int = 3000, **columns: float) -> Patients:
    return Patients.from_frame(pd.DataFrame({name: np.full(n, value) for name, value in columns.items()}))


def test_known_values_stay_and_every_other_column_is_there() -> None:
    table = mine(50, weight_kg=61.0, female=1, hr_positive=1, sld_mm=80.0)
    done = complete_patients(PLAN, table, seed=1)
    for name in table:
        assert done[name].tolist() == pytest.approx(table[name].tolist(), rel=1e-12), name
    assert set(done) == set(draw_patients(PLAN, seed=1, ids=[0]).patients)
    assert (done["target_1_mm"] + done["target_2_mm"] + done["target_3_mm"]).tolist() == pytest.approx([80.0] * 50)


def test_what_is_drawn_follows_from_what_is_known() -> None:
    # correlation -0.35 of the scores: two SD less albumin is 0.7 SD more tumor
    low = complete_patients(PLAN, mine(albumin_g_per_L=41 - 2 * 4.6), seed=1)
    usual = complete_patients(PLAN, mine(albumin_g_per_L=41.0), seed=1)
    shift = np.median(np.log(low["sld_mm"])) - np.median(np.log(usual["sld_mm"]))
    assert shift == pytest.approx(0.7 * 0.7, abs=0.1)
    positive = complete_patients(PLAN, mine(hr_positive=1), seed=1)
    negative = complete_patients(PLAN, mine(hr_positive=0), seed=1)
    assert positive["her2_log10_per_cell"].mean() < negative["her2_log10_per_cell"].mean() - 0.1
    assert positive["pik3ca_mutated"].mean() > negative["pik3ca_mutated"].mean() + 0.05


def test_completed_patients_are_like_drawn_ones_if_what_is_known_was_drawn() -> None:
    drawn = draw_patients(PLAN, seed=3, ids=range(4000)).patients
    table = Patients(drawn.ids, {name: drawn[name] for name in ("hr_positive", "albumin_g_per_L", "brain_metastases")})
    done = complete_patients(PLAN, table, seed=4)
    for name in ("pik3ca_mutated", "visceral", "her2_log10_per_cell", "age_years", "tumor_delivery"):
        spread = float(np.std(drawn[name])) * np.sqrt(2 / 4000)
        assert abs(done[name].mean() - drawn[name].mean()) < 4.5 * spread, name


def test_a_patient_of_a_table_does_not_depend_on_the_others() -> None:
    table = Patients(np.arange(20), {"age_years": np.linspace(30, 70, 20)})
    whole = complete_patients(PLAN, table, seed=1)
    part = complete_patients(PLAN, table.take([3, 7]), seed=1)
    for name, values in part.columns.items():
        assert values.tolist() == whole[name][[3, 7]].tolist(), name


def test_measured_lesions_are_kept() -> None:
    done = complete_patients(PLAN, mine(5, target_1_mm=30.0, target_2_mm=12.0), seed=1)
    assert set(done["sld_mm"]) == {42.0} and set(done["target_lesions"]) == {2.0}
    assert initial_volumes_mL(done)["T1"] == pytest.approx(np.pi / 6 * 27.0)


def test_what_cannot_be_completed_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="her2_class"):
        complete_patients(PLAN, mine(2, ihc3=1), seed=1)
    with pytest.raises(InputError, match="no class of ecog"):
        complete_patients(PLAN, mine(2, ecog=4), seed=1)
    matched = plan_sampling(PLAN.specification, load_parameters().quantities, {"hr_positive_pct": 50})
    with pytest.raises(InputError, match="selects its patients itself"):
        complete_patients(matched, mine(2, age_years=50), seed=1)
