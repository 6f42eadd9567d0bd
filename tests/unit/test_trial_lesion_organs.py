"""What organs do in a trial: nodes, detection, mortality, and what is left of it without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from her2sim.endpoints.recist import assess
from her2sim.endpoints.response import Response
from her2sim.evidence.base import load_record
from her2sim.model.lesions import SLOTS, diameter_mm, sphere_volume_mL
from her2sim.model.parameters import load_parameters
from her2sim.population.organs import PLACED, load_organs, organ_column
from her2sim.population.patients import Patients
from her2sim.study.cohort import baseline_tumor, sample_cohort, scar_mL, typical_in_force
from her2sim.study.plan import make_plan
from her2sim.study.scans import seen_until
from her2sim.trial.lesion_organs import death_weights, detection_ratio
from her2sim.trial.readings import CR, NON_CR_NON_PD, PD, TrueScans, read_scans

VALUES = {name: quantity.value for name, quantity in load_parameters().quantities.items()}
EXACT = VALUES | {"measurement_sd_inv": 0.0, "measurement_floor_mm": 0.0, "detection_log_sd": 0.0}
ORGANS = load_organs()
NODE = float(ORGANS.code("LYMPH NODE"))


def lesions(**organ: str) -> Patients:
    """One patient with these organs, 20 mm targets and 40 mm of non-target disease."""
    codes = {organ_column(slot): np.full(1, float(ORGANS.code(name))) for slot, name in organ.items()}
    sizes = {f"V0_{slot}_mL": np.full(1, float(sphere_volume_mL(np.array(20.0)))) for slot in ("T1", "T2", "T3")}
    return Patients(np.arange(1), codes | sizes | {"V0_NT_mL": np.full(1, 33.5), "stroma_share": np.full(1, 0.002)})


def scans(target: list[float], nontarget: list[float], *, node: bool, nt_node: bool = False) -> TrueScans:
    n = len(target)
    return TrueScans(
        day=np.linspace(0.0, 84.0 * (n - 1), n)[None, :],
        target_mm=np.array(target)[None, :, None],
        nontarget_mm=np.array(nontarget)[None, :],
        occult_mm=np.zeros((1, n)),
        cns_mm=np.zeros((1, n)),
        occult_cns_mm=np.zeros((1, n)),
        cns_known=np.zeros(1, dtype=bool),
        target_node=np.full((1, 1), node),
        nontarget_node=np.full(1, nt_node),
    )


def judged(truth: TrueScans) -> list[str]:
    reading = read_scans(truth, "INV", EXACT, seed=1, patients=np.arange(1), brain_imaging=False)
    found = assess(seen_until(reading, np.full(1, 1e6)))
    return [Response(code).name for code in found.visits.overall[0, 1:]]


def test_a_target_node_below_10_mm_is_a_complete_response_and_another_lesion_is_not() -> None:
    none = [np.nan] * 3
    assert judged(scans([20.0, 9.0, 9.0], none, node=True)) == ["CR", "CR"]
    assert judged(scans([20.0, 9.0, 9.0], none, node=False)) == ["PR", "PR"]


def test_a_normal_node_still_counts_in_the_sum() -> None:
    truth = scans([20.0, 9.0], [np.nan] * 2, node=True)
    reading = read_scans(truth, "INV", EXACT, seed=1, patients=np.arange(1), brain_imaging=False)
    assert assess(seen_until(reading, np.full(1, 1e6))).visits.targets.sum_mm.tolist() == [[20.0, 9.0]]


def test_nontarget_nodes_are_gone_when_normal_and_come_back_only_by_unequivocal_progression() -> None:
    sizes = [30.0, 9.0, 11.0, 25.0]
    for node, wanted in ((True, [CR, CR, PD]), (False, [NON_CR_NON_PD, NON_CR_NON_PD, PD])):
        truth = scans([np.nan] * 4, sizes, node=False, nt_node=node)
        reading = read_scans(truth, "INV", EXACT, seed=1, patients=np.arange(1), brain_imaging=False)
        assert reading.nontarget[0, 1:].tolist() == wanted


def test_what_is_left_of_a_node_is_a_healthy_one() -> None:
    patients = lesions(T1="LYMPH NODE", T2="LIVER", T3="LUNG", NT="BONE", OC="LUNG")
    node, liver, *_ = diameter_mm(scar_mL(patients, VALUES)[0])
    assert node == pytest.approx(VALUES["normal_node_mm"])
    assert liver == pytest.approx(20.0 * 0.002 ** (1 / 3))


@pytest.mark.parametrize("organ", ["LUNG", "LIVER", "PERITONEUM"])
def test_a_new_lesion_is_called_at_the_diameter_of_its_organ(organ: str) -> None:
    patients = lesions(OC=organ)
    limit = VALUES["detection_new_mm"] * VALUES[f"detection_in_{organ.lower()}"]
    assert detection_ratio(patients, VALUES)[0] * VALUES["detection_new_mm"] == pytest.approx(limit)
    for size, seen in ((0.99 * limit, False), (1.01 * limit, True)):
        plain = scans([20.0, 20.0], [np.nan] * 2, node=False)
        truth = replace(plain, occult_mm=np.array([[0.1, size]]), occult_ratio=detection_ratio(patients, VALUES))
        reading = read_scans(truth, "INV", EXACT, seed=1, patients=np.arange(1), brain_imaging=False)
        assert bool(reading.new_lesion[0, -1]) is seen


def test_the_hidden_lesion_is_hidden_in_every_organ() -> None:
    plan = make_plan(load_record("ToGA"), patients=60, seed=3)
    typical = typical_in_force(plan, 0)
    cohort = sample_cohort(plan, typical, 0, np.arange(60))
    size = diameter_mm(baseline_tumor(cohort, "gastric").volume_mL["OC"])
    limit = typical["detection_new_mm"] * detection_ratio(cohort.patients, typical)
    assert (size < limit).all()
    assert len(set(limit)) > 2  # several organs are among them


def test_a_milliliter_of_liver_kills_more_than_one_of_lung_and_the_mean_is_that_of_all() -> None:
    patients = lesions(T1="LIVER", T2="LUNG", T3="LYMPH NODE", NT="BONE", OC="LIVER")
    for disease in ("breast", "gastric"):
        liver, lung, node, bone, hidden, *brain = death_weights(patients, disease, VALUES)[0]
        assert liver == hidden > node > lung == bone
        assert lung / liver == pytest.approx(VALUES["death_weight_lung"])
        assert brain == [1.0] * len(brain)
        where = ORGANS.shares[disease]["volume"]
        names = [name.lower().replace(" ", "_") for name in ORGANS.names if name != "BRAIN"]
        raw = np.array([VALUES[f"death_weight_{name}"] for name in names])
        mean = float(where[:-1] @ raw / where.sum())
        assert liver == pytest.approx(1.0 / mean)


def test_the_average_patient_dies_as_without_organs() -> None:
    plan = make_plan(load_record("EMILIA"), patients=400, seed=3)
    typical = typical_in_force(plan, 0)
    cohort = sample_cohort(plan, typical, 0, np.arange(400))
    weights = death_weights(cohort.patients, "breast", typical)
    volume = np.column_stack([cohort.patients.get(f"V0_{slot.name}_mL", 0.0) * (slot.site != "cns") for slot in SLOTS])
    own = (weights * volume).sum(axis=1) / volume.sum(axis=1)
    assert own.mean() == pytest.approx(1.0, abs=0.05)
    assert own.std() > 0.1


def test_without_organs_all_lesions_are_alike_and_the_patients_are_the_same() -> None:
    whole, bare = (make_plan(load_record("EMILIA"), patients=20, seed=3, without=names) for names in ((), ("organs",)))
    typical = typical_in_force(bare, 0)
    one, other = (sample_cohort(plan, typical_in_force(plan, 0), 0, np.arange(20)).patients for plan in (whole, bare))
    assert bare.removed.names == ("organs",)
    assert not bare.removed.remarks
    np.testing.assert_array_equal(death_weights(other, "breast", typical), 1.0)
    np.testing.assert_array_equal(detection_ratio(other, typical), 1.0)
    scar = np.clip(other["stroma_share"], 0.0, 0.9)
    np.testing.assert_allclose(scar_mL(other, typical)[:, 0], other["V0_T1_mL"] * scar)
    changed = {organ_column(slot) for slot in PLACED} | {f"organ_growth_{slot}" for slot in PLACED}
    for name in one:
        assert name in changed or np.array_equal(one[name], other[name]), name
    assert all((other[organ_column(slot)] == 0).all() for slot in PLACED)
