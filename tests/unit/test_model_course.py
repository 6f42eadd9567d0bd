"""The assembled model, solved: a typical patient's course without drugs and under regimens and doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine import compile_model
from her2sim.engine.interface import OK, CompiledModel, DoseTable, Solution
from her2sim.model.assembly import assemble_model, knock_outs
from her2sim.model.drug_file import load_drug
from her2sim.model.lesions import CLONES, LesionVolumes, diameter_mm, volumes
from her2sim.model.modules.lesion import MUTANTS
from her2sim.model.parameters import load_parameters
from her2sim.model.pharmacokinetics import dose_state
from her2sim.model.system import OdeSystem

Q3W = tuple(range(0, 168, 21))
INFUSION_DAYS = 0.05
LABEL_MG = {  # for 65 kg and 1.75 m2: (first, later) amounts every three weeks
    "trastuzumab": (520.0, 390.0),
    "pertuzumab": (840.0, 420.0),
    "docetaxel": (131.0, 131.0),
    "trastuzumab_emtansine": (234.0, 234.0),
    "trastuzumab_deruxtecan": (351.0, 351.0),
    "tucatinib": (600.0, 600.0),
}


@lru_cache(maxsize=32)
def compiled_model(
    drugs: tuple[str, ...], disease: str, varying: tuple[str, ...], backend: str = "reference"
) -> tuple[OdeSystem, CompiledModel]:
    model = assemble_model([load_drug(i) for i in drugs], disease, dict.fromkeys(drugs, ""))
    return model, compile_model(model, varying=varying, backend=backend)


def course(
    drugs: Sequence[str],
    disease: str = "breast",
    *,
    scale: float = 1.0,
    days: float = 168.0,
    change: Mapping[str, float] | None = None,
) -> tuple[Solution, LesionVolumes]:
    chosen = [load_drug(i) for i in drugs]
    varying = tuple(sorted(change or {}))
    model, compiled = compiled_model(tuple(drugs), disease, varying)
    rows: list[tuple[float, int, float]] = []
    for drug in chosen:
        target = model.state_names.index(dose_state(drug, "iv"))
        first, later = LABEL_MG[drug.id]
        rows += [(float(d), target, scale * (later if d else first)) for d in Q3W]
    table = np.array(rows or np.zeros((0, 3)))
    doses = DoseTable(
        np.zeros(len(table), np.int64),
        table[:, 0],
        table[:, 1].astype(np.int64),
        table[:, 2],
        np.full(len(table), INFUSION_DAYS),
    )
    own = np.array([[(change or {})[name] for name in varying]])
    times = np.arange(0.0, days + 1.0, 21.0)
    solution = compiled.solve(own, times, doses=doses, rtol=1e-6, atol=1e-10)
    assert solution.status[0] == OK
    return solution, volumes(solution.values, solution.outputs)


def sum_of_diameters(found: LesionVolumes) -> np.ndarray:
    return diameter_mm(found.total_mL[0])[:, :3].sum(axis=1)


def test_untreated_volume_doubles_in_the_doubling_time() -> None:
    days = load_parameters().value("doubling_time_days")
    solution, found = course([], days=1000.0, change={"seeding_per_day": 0.0})
    occult = found.viable_mL[0, :, 4]  # small, so growth is exponential
    rate = np.log(occult[10] / occult[0]) / (solution.times[10] - solution.times[0])
    assert np.log(2.0) / rate == pytest.approx(days, rel=0.01)


def test_untreated_lesions_never_outgrow_their_largest_volume() -> None:
    _, found = course([], days=7000.0)
    assert found.viable_mL.max() <= load_parameters().value("largest_lesion_mL") * 1.001


def test_the_mix_of_clones_does_not_drift_without_drugs() -> None:
    mutations = [f"acquired_{clone}_per_division" for clone in MUTANTS]
    _, found = course([], days=730.0, change=dict.fromkeys(mutations, 0.0))
    shares = found.clone_fractions()[0, :, 0]
    np.testing.assert_allclose(shares[-1], shares[0], rtol=1e-6)


def test_mutation_adds_to_resistant_clones_and_hardly_changes_the_mix() -> None:
    _, found = course([], days=730.0)
    shares = found.clone_fractions()[0, :, 0]
    gained = shares[-1] - shares[0]
    for clone in MUTANTS:
        assert 0.0 < gained[CLONES.index(clone)] < 1e-3


def test_visible_lesions_seed_the_occult_lesion_and_the_brain() -> None:
    small = {"V0_OC_mL": 1e-3}  # what settles shows beside a small lesion
    _, with_seeds = course([], days=336.0, change=small)
    _, without = course([], days=336.0, change={**small, "seeding_per_day": 0.0, "seeding_brain_per_day": 0.0})
    for slot, more in ((4, True), (5, True), (0, False)):
        assert bool(with_seeds.viable_mL[0, -1, slot] > 1.01 * without.viable_mL[0, -1, slot]) is more


def test_first_line_therapy_shrinks_a_typical_breast_cancer_in_12_weeks() -> None:
    _, found = course(["trastuzumab", "pertuzumab", "docetaxel"], days=84.0)
    size = sum_of_diameters(found)
    assert size[-1] / size[0] - 1.0 < -0.30


def test_pertuzumab_adds_to_trastuzumab_and_docetaxel_and_each_adds_to_the_rest() -> None:
    by_regimen = {
        regimen: sum_of_diameters(course(regimen.split("+"))[1])[-1]
        for regimen in ("docetaxel", "trastuzumab+docetaxel", "trastuzumab+pertuzumab+docetaxel", "trastuzumab")
    }
    assert by_regimen["trastuzumab+pertuzumab+docetaxel"] < by_regimen["trastuzumab+docetaxel"]
    assert by_regimen["trastuzumab+docetaxel"] < min(by_regimen["docetaxel"], by_regimen["trastuzumab"])


def test_her2_blockade_selects_cells_with_little_her2() -> None:
    _, found = course(["trastuzumab", "pertuzumab"])
    shares = found.clone_fractions()[0, :, 0]
    assert shares[-1, 1] > 3 * shares[0, 1]


def test_a_permeable_payload_reaches_antigen_low_cells_and_the_brain_better() -> None:
    _, dm1 = course(["trastuzumab_emtansine"])
    _, dxd = course(["trastuzumab_deruxtecan"])
    low, brain = 1, 5
    assert dxd.clone_mL[0, -1, 0, low] < 0.3 * dm1.clone_mL[0, -1, 0, low]
    assert dxd.viable_mL[0, -1, brain] < dm1.viable_mL[0, -1, brain]


def test_a_heterogeneous_tumor_loses_the_benefit_of_a_conjugate_without_bystander() -> None:
    mixed = {"fraction_her2low": 0.4}
    best = sum_of_diameters(course(["trastuzumab_emtansine"])[1]).min()
    assert sum_of_diameters(course(["trastuzumab_emtansine"], change=mixed)[1]).min() > 1.3 * best


@pytest.mark.parametrize("drug", ["trastuzumab_emtansine", "docetaxel", "trastuzumab"])
@given(scale=st.floats(0.05, 1.0), factor=st.floats(1.2, 3.0))
@settings(max_examples=3, deadline=None, derandomize=True)
def test_a_higher_dose_never_leaves_a_larger_tumor(drug: str, scale: float, factor: float) -> None:
    _, less = course([drug], scale=scale, days=84.0)
    _, more = course([drug], scale=scale * factor, days=84.0)
    assert (more.viable_mL <= less.viable_mL * (1.0 + 1e-4)).all()


def test_volumes_stay_at_or_above_zero_under_the_strongest_kill() -> None:
    solution, _ = course(["trastuzumab_deruxtecan", "docetaxel"], scale=5.0)
    volume_columns = [i for i, name in enumerate(solution.outputs) if name.startswith("V_")]
    assert solution.values[..., volume_columns].min() >= -1e-8


def test_gastric_cancer_grows_faster_and_keeps_less_antibody_effect() -> None:
    breast, gastric = (sum_of_diameters(course(["trastuzumab"], d)[1])[-1] for d in ("breast", "gastric"))
    assert gastric > breast


def test_every_mechanism_matters_to_some_lesion_of_some_patient() -> None:
    ids = ("docetaxel", "letrozole", "palbociclib", "pertuzumab", "trastuzumab", "trastuzumab_deruxtecan", "tucatinib")
    chosen = [load_drug(i) for i in ids]
    removed = knock_outs(chosen, "breast", dict.fromkeys(ids, ""))
    patient = {"hr_positive": 1.0, "pik3ca_mutated": 1.0, "neuregulin_tone": 2.0, "fraction_her2low": 0.1}
    varying = tuple(sorted({*patient, *(name for values in removed.values() for name in values)}))
    model, compiled = compiled_model(ids, "breast", varying, "auto")
    known = {p.name: p.value for p in model.parameters} | patient
    table = np.array([[({**known, **values})[n] for n in varying] for values in ({}, *removed.values())])
    target = np.array([model.state_names.index(dose_state(drug)) for drug in chosen])
    n, k = len(table), len(ids)
    doses = DoseTable(
        np.repeat(np.arange(n), k), np.zeros(n * k), np.tile(target, n), np.full(n * k, 200.0), np.full(n * k, 1.0)
    )
    solution = compiled.solve(table, np.array([0.0, 84.0]), doses=doses)
    found = volumes(solution.values, solution.outputs)
    start, end = found.clone_mL[:, 0], found.clone_mL[:, 1]
    for row, mechanism in enumerate(removed, start=1):
        moved = np.abs(end[row] - end[0]) > 1e-4 * end[0]
        assert moved.any() or (start[row] != start[0]).any(), mechanism
