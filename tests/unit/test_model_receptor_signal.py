"""From occupied receptors to growth: what must hold for any patient and any drug level, at rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.engine import OK, compile_model
from her2sim.engine.interface import CompiledModel
from her2sim.model.drug_file import load_drug
from her2sim.model.lesions import CLONES
from her2sim.model.modules.growth_control import growth_control
from her2sim.model.modules.receptor_signal import receptor_signal
from her2sim.model.system import OdeSystem
from her2sim.study.cell_and_patient import modules_alone

Floats = NDArray[np.float64]
LABEL_NM = {"letrozole": 300.0, "palbociclib": 200.0, "abemaciclib": 500.0}
NONE = {
    "theta_domain_IV": 0.0, "theta_domain_II": 0.0, "active_HER2": 1.0, "active_HER2_kinase_mutated": 1.0,
    "active_EGFR": 1.0, "her2_endocytosis": 1.0, "her2_endocytosis_kinase_mutated": 1.0,
}  # fmt: skip
MANY = 64


@lru_cache
def modules(disease: str, others: tuple[str, ...]) -> tuple[OdeSystem, CompiledModel]:
    drugs = [load_drug(i) for i in ("trastuzumab", "pertuzumab", "lapatinib", *others)]
    system = modules_alone("receptors", [receptor_signal(drugs, disease), growth_control(drugs)])
    outputs = [
        item.name for item in system.assignments if item.name.startswith(("growth", "addiction", "signal", "her2_"))
    ]
    return system, compile_model(system, outputs=outputs)


def signals(
    patients: Mapping[str, float | Floats],
    disease: str = "breast",
    others: tuple[str, ...] = (),
    **block: float | Floats,
) -> dict[str, Floats]:
    """Outputs at rest, (n,), for occupancies and active kinases given by name without the site."""
    system, model = modules(disease, others)
    given: dict[str, float | Floats] = {p.name: p.value for p in system.parameters} | {"her2_dependence": 1.0}
    for site in ("systemic", "cns"):
        given |= {f"{name}_{site}": value for name, value in {**NONE, **block}.items()}
    given |= {f"Cm_{drug}_nM": LABEL_NM[drug] for drug in others} | dict(patients)
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(given[p], float)) for p in system.parameter_names))
    solved = model.solve(np.stack(columns, axis=1), np.array([0.0, 60.0]), rtol=1e-7, atol=1e-9)
    assert np.all(solved.status == OK)
    return {name: solved.values[:, -1, i] for i, name in enumerate(solved.outputs)}


def signal(
    patient: dict[str, float], disease: str = "breast", others: tuple[str, ...] = (), **block: float
) -> dict[str, float]:
    """The same for one patient."""
    return {name: float(x[0]) for name, x in signals(patient, disease, others, **block).items()}


def any_patients() -> dict[str, float | Floats]:
    """Many patients of all kinds."""
    rng = np.random.default_rng(7)
    return {
        "her2_level": 10.0 ** rng.uniform(-2.3, 0.7, MANY),
        "neuregulin_tone": 10.0 ** rng.uniform(-1.3, 1.3, MANY),
        "EGFR_per_cell": 10.0 ** rng.uniform(3.5, 5.5, MANY),
        "HER3_per_cell": 10.0 ** rng.uniform(3.5, 5.0, MANY),
        "hr_positive": rng.integers(0, 2, MANY).astype(float),
        "pik3ca_mutated": rng.integers(0, 2, MANY).astype(float),
    }


@pytest.mark.parametrize("disease", ["breast", "gastric"])
def test_without_drugs_every_clone_grows_at_1_and_none_dies_of_addiction(disease: str) -> None:
    found = signals(any_patients(), disease)
    for clone in CLONES:
        assert found[f"growth_{clone}_systemic"] == pytest.approx(1.0, abs=1e-5)
        assert np.all(found[f"addiction_death_{clone}_systemic_per_day"] < 1e-6)


@pytest.mark.parametrize("name", ["theta_domain_IV", "theta_domain_II"])
def test_more_antibody_never_means_more_growth_or_less_death(name: str) -> None:
    """Up to the HER2 that an antibody spares from shedding, which may add a hair."""
    rng = np.random.default_rng(3)
    ends = np.sort(rng.random((MANY, 2)), axis=1)
    few, many = (signals(any_patients(), **{name: ends[:, i]}) for i in (0, 1))
    for clone in CLONES:
        assert np.all(many[f"growth_{clone}_systemic"] <= few[f"growth_{clone}_systemic"] + 0.02)
        death = f"addiction_death_{clone}_systemic_per_day"
        assert np.all(many[death] >= few[death] - 1e-3)


def test_growth_stays_between_0_and_1_under_any_combination() -> None:
    rng = np.random.default_rng(5)
    four, two, kinase = rng.random((3, MANY))
    found = signals(
        any_patients(), theta_domain_IV=four, theta_domain_II=two, active_HER2=kinase, active_EGFR=kinase,
        active_HER2_kinase_mutated=kinase,
    )  # fmt: skip
    for clone in CLONES:
        growth = found[f"growth_{clone}_systemic"]
        assert np.all((growth >= 0.0) & (growth <= 1.02))


def test_both_antibodies_together_do_more_than_their_sum_where_receptors_are_to_spare() -> None:
    rich = {"her2_level": 1.0}
    four, two, both = (
        1.0 - signal(rich, **{name: 0.95 for name in names})["signal_sensitive_systemic"]
        for names in (("theta_domain_IV",), ("theta_domain_II",), ("theta_domain_IV", "theta_domain_II"))
    )
    assert both > four + two


def test_without_other_mechanisms_a_typical_tumor_is_slowed_by_one_antibody_and_more_by_two() -> None:
    typical = {"her2_level": 1.0}
    one = signal(typical, theta_domain_IV=0.9)["signal_sensitive_systemic"]
    two = signal(typical, theta_domain_IV=0.9, theta_domain_II=0.9)["signal_sensitive_systemic"]
    assert 0.5 < one < 0.95
    assert two < one - 0.1


def test_cells_answer_to_blockade_with_more_her3() -> None:
    """Without the answer less signal is left; the state moves only under drugs."""
    blocked = {"her2_level": 1.0}
    with_it = signal(blocked, active_HER2=0.2)["signal_sensitive_systemic"]
    without = signal({**blocked, "her3_adaptive_gain": 0.0}, active_HER2=0.2)["signal_sensitive_systemic"]
    assert without < with_it - 0.01


def test_inhibitors_that_keep_her2_at_the_surface_raise_it_and_others_lower_it() -> None:
    kept = signal({"her2_level": 1.0}, her2_endocytosis=0.75)["her2_surface_sensitive_systemic"]
    lost = signal({"her2_level": 1.0}, her2_endocytosis=1.9)["her2_surface_sensitive_systemic"]
    assert kept > 1.2
    assert lost < 0.7


def test_a_tumor_that_depends_less_on_her2_loses_less_growth_and_dies_less() -> None:
    share = np.array([0.0, 0.3, 1.0])
    found = signals({"her2_level": 1.0, "her2_dependence": share}, active_HER2=0.05, active_EGFR=0.05)
    lost = 1.0 - found["signal_sensitive_systemic"]
    np.testing.assert_allclose(lost, lost[-1] * share, rtol=1e-6, atol=1e-9)
    deaths = found["addiction_death_sensitive_systemic_per_day"]
    np.testing.assert_allclose(deaths, deaths[-1] * share, rtol=1e-6, atol=1e-12)
    assert lost[-1] > 0.1 and deaths[-1] > 0.0


def test_p95_escapes_antibodies_but_not_kinase_inhibitors() -> None:
    truncated = {"her2_level": 1.0, "p95_share": 0.2}

    def spared(**block: float) -> float:
        key = "signal_sensitive_systemic"
        return signal(truncated, **block)[key] - signal({**truncated, "p95_share": 0.0}, **block)[key]

    antibodies = spared(theta_domain_IV=0.95, theta_domain_II=0.95)
    assert antibodies > 0.03
    assert spared(active_HER2=0.02, active_EGFR=0.02) < 0.5 * antibodies


def test_each_antibody_is_stronger_where_its_dimers_are() -> None:
    rich, poor = ({"her2_level": 1.0, "neuregulin_tone": tone} for tone in (5.0, 0.1))

    def effect(patient: dict[str, float], name: str) -> float:
        return 1.0 - signal(patient, **{name: 1.0})["signal_sensitive_systemic"]

    assert effect(poor, "theta_domain_IV") > effect(rich, "theta_domain_IV")
    assert effect(rich, "theta_domain_II") > effect(poor, "theta_domain_II")


def test_clones_that_do_not_need_her2_are_spared() -> None:
    blocked = signal({"her2_level": 1.0}, theta_domain_IV=1.0, theta_domain_II=1.0)
    assert blocked["growth_sensitive_systemic"] < blocked["growth_bypass_systemic"]
    assert blocked["growth_sensitive_systemic"] < blocked["growth_her2low_systemic"]
    low_disease = signal({"her2_level": 0.02}, theta_domain_IV=1.0)
    assert low_disease["growth_sensitive_systemic"] > 0.9


def test_a_pik3ca_mutation_and_the_estrogen_receptor_protect_from_blockade() -> None:
    block = {"theta_domain_IV": 1.0, "theta_domain_II": 1.0}
    plain = signal({"her2_level": 1.0}, **block)["growth_sensitive_systemic"]
    for trait in ("pik3ca_mutated", "hr_positive"):
        assert signal({"her2_level": 1.0, trait: 1.0}, **block)["growth_sensitive_systemic"] > plain


def test_endocrine_therapy_needs_the_receptor_and_works_better_when_her2_is_blocked() -> None:
    def effect(hr_positive: float, **block: float) -> float:
        patient = {"her2_level": 1.0, "hr_positive": hr_positive}
        key = "growth_sensitive_systemic"
        return signal(patient, **block)[key] - signal(patient, others=("letrozole",), **block)[key]

    assert effect(0.0) == pytest.approx(0.0)
    assert effect(1.0) > 0.0
    assert effect(1.0, theta_domain_IV=1.0, theta_domain_II=1.0) > effect(1.0)


def test_endocrine_therapy_alone_works_in_luminal_tumors_as_it_does_without_her2_and_hardly_in_others() -> None:
    """What is left of births at w_ER near 1 is what aromatase inhibitors leave of Ki67 in HER2-negative disease."""

    def left(share: float) -> float:
        patient = {"her2_level": 1.0, "hr_positive": 1.0, "er_growth_share": share, "endocrine_waning_per_day": 0.0}
        return signal(patient, others=("letrozole",))["growth_sensitive_systemic"]

    (action,) = load_drug("letrozole").actions
    removed = action.values["er_drive_inhibition"].value
    assert left(0.999) == pytest.approx(1.0 - removed, abs=0.01)
    assert left(0.1) > 0.9
    shares = np.linspace(0.0, 0.99, 12)
    assert np.all(np.diff([left(share) for share in shares]) < 0.0)


def test_endocrine_effect_wanes_with_exposure_to_it_and_not_without() -> None:
    patient = {"her2_level": 1.0, "hr_positive": 1.0, "er_growth_share": 0.8}
    key = "growth_sensitive_systemic"
    kept, lost = (
        signal({**patient, "endocrine_waning_per_day": rate}, others=("letrozole",))[key] for rate in (0.0, 0.01)
    )
    assert kept < lost < 1.0
    untouched = signal({**patient, "endocrine_waning_per_day": 0.01, "Cm_letrozole_nM": 0.0}, others=("letrozole",))
    assert untouched[key] == pytest.approx(1.0)


def test_cdk46_inhibitors_slow_all_clones_and_only_one_with_a_known_partition_reaches_the_brain() -> None:
    for drug, reaches in (("palbociclib", False), ("abemaciclib", True)):
        found = signal({"her2_level": 1.0}, others=(drug,))
        for clone in CLONES:
            assert 0.5 < found[f"growth_{clone}_systemic"] < 0.9
            assert (found[f"growth_{clone}_cns"] < 0.99) is reaches
