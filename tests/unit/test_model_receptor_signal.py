"""From blocked dimers to growth: what must hold for any patient and any drug level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr, substitute
from her2sim.model.lesions import CLONES
from her2sim.model.modules.growth_control import growth_control
from her2sim.model.modules.receptor_signal import receptor_signal

patients = st.fixed_dictionaries(
    {
        "her2_log10_per_cell": st.just(6.0),
        "her2_level": st.floats(0.005, 5.0),
        "neuregulin_tone": st.floats(0.05, 20.0),
        "hr_positive": st.sampled_from([0.0, 1.0]),
        "pik3ca_mutated": st.sampled_from([0.0, 1.0]),
    }
)
shares = st.floats(0.0, 1.0)
LABEL_NM = {"letrozole": 300.0, "palbociclib": 200.0, "abemaciclib": 500.0}


def signal(
    patient: dict[str, float], disease: str = "breast", others: tuple[str, ...] = (), **block: float
) -> dict[str, float]:
    """All assigned variables for occupancies and active kinases given by name without the site."""
    drugs = [load_drug(i) for i in ("trastuzumab", "pertuzumab", "lapatinib", *others)]
    first, second = receptor_signal(drugs, disease), growth_control(drugs)
    none = {"theta_domain_IV": 0.0, "theta_domain_II": 0.0, "active_HER2": 1.0, "active_EGFR": 1.0}
    values = {p.name: np.array(p.value) for p in (*first.parameters, *second.parameters)} | {
        k: np.array(v) for k, v in patient.items()
    }
    for site in ("systemic", "cns"):
        values |= {f"{name}_{site}": np.array(x) for name, x in {**none, **block}.items()}
    values |= {f"Cm_{drug}_nM": np.array(LABEL_NM[drug]) for drug in others}
    done: dict[str, Expr] = {}
    for item in (*first.assignments, *second.assignments):
        done[item.name] = substitute([item.expr], done)[0]
    return {name: float(x) for name, x in zip(done, evaluate(done.values(), values), strict=True)}


@given(patient=patients, disease=st.sampled_from(["breast", "gastric"]))
@settings(deadline=None)
def test_without_drugs_every_clone_grows_at_1_and_none_dies_of_addiction(
    patient: dict[str, float], disease: str
) -> None:
    found = signal(patient, disease)
    for clone in CLONES:
        assert found[f"growth_{clone}_systemic"] == pytest.approx(1.0)
        assert found[f"addiction_death_{clone}_systemic_per_day"] < 1e-9


@given(patient=patients, low=shares, more=shares, name=st.sampled_from(["theta_domain_IV", "theta_domain_II"]))
@settings(deadline=None)
def test_more_antibody_never_means_more_growth_or_less_death(
    patient: dict[str, float], low: float, more: float, name: str
) -> None:
    low, more = min(low, more), max(low, more)
    few, many = signal(patient, **{name: low}), signal(patient, **{name: more})
    for clone in CLONES:
        assert many[f"growth_{clone}_systemic"] <= few[f"growth_{clone}_systemic"] + 1e-12
        assert (
            many[f"addiction_death_{clone}_systemic_per_day"]
            >= few[f"addiction_death_{clone}_systemic_per_day"] - 1e-12
        )


@given(patient=patients, four=shares, two=shares, kinase=shares)
@settings(deadline=None)
def test_growth_stays_between_0_and_1_under_any_combination(
    patient: dict[str, float], four: float, two: float, kinase: float
) -> None:
    found = signal(patient, theta_domain_IV=four, theta_domain_II=two, active_HER2=kinase, active_EGFR=kinase)
    for clone in CLONES:
        assert 0.0 <= found[f"growth_{clone}_systemic"] <= 1.0 + 1e-9


def test_both_epitopes_together_leave_the_product_of_what_each_leaves_of_one_dimer_class() -> None:
    ligand_only = {"dimer_weight_free": 0.0, "dimer_weight_egfr": 0.0, "her2_level": 1.0}
    untreated = signal(ligand_only)["dimer_signal_systemic"]
    left = {
        key: signal(ligand_only, **block)["dimer_signal_systemic"] / untreated
        for key, block in {
            "four": {"theta_domain_IV": 1.0},
            "two": {"theta_domain_II": 1.0},
            "both": {"theta_domain_IV": 1.0, "theta_domain_II": 1.0},
        }.items()
    }
    assert left["both"] == pytest.approx(left["four"] * left["two"])


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


def test_cdk46_inhibitors_slow_all_clones_and_only_one_with_a_known_partition_reaches_the_brain() -> None:
    for drug, reaches in (("palbociclib", False), ("abemaciclib", True)):
        found = signal({"her2_level": 1.0}, others=(drug,))
        for clone in CLONES:
            assert 0.5 < found[f"growth_{clone}_systemic"] < 0.9
            assert (found[f"growth_{clone}_cns"] < 0.99) is reaches
