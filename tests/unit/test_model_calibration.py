"""What a fit may change is short, has a prior, and exists in a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.assembly import assemble_model
from her2sim.model.calibration import FreeNumber, free_numbers
from her2sim.model.drug_file import load_drug
from her2sim.model.parameters import load_parameters
from her2sim.model.patient_parameters import COVARIATES, traits, varying_parameters

FREE = free_numbers()
REGIMENS = (
    ("trastuzumab", "pertuzumab", "docetaxel", "tucatinib"),
    ("trastuzumab_deruxtecan", "cisplatin", "capecitabine"),
    ("trastuzumab_emtansine",),
    ("disitamab_vedotin", "abemaciclib", "fulvestrant"),
)
OBSERVED = {
    "stroma_share",
    "lesion_size_exponent",
    "death_rate_at_reference_burden_per_day",
    "death_rate_ratio_gastric",
    "burden_exponent",
}
"""Numbers of sizes at the start, of scars and of the hazard of death: they act on the model's volumes from outside."""


def test_at_most_forty_numbers_are_free_and_none_twice() -> None:
    assert len(FREE) <= 40
    assert len({(f.name, f.what) for f in FREE}) == len(FREE)


def test_every_free_number_stands_in_some_model() -> None:
    names: set[str] = set()
    for disease in ("breast", "gastric"):
        for ids in REGIMENS:
            names |= set(assemble_model([load_drug(i) for i in ids], disease, dict.fromkeys(ids, "")).parameter_names)
    assert {f.name for f in FREE} <= names | OBSERVED
    assert set(load_parameters().quantities) >= OBSERVED


def test_a_fitted_spread_is_the_spread_of_a_trait() -> None:
    for free in FREE:
        if free.what == "spread":
            assert free.name in traits()


@pytest.mark.parametrize("free", [f for f in FREE if f.what == "value"], ids=lambda f: f.name)
def test_start_values_lie_within_their_priors(free: FreeNumber) -> None:
    known = load_parameters().quantities
    if free.name in known:
        assert abs(free.score(known[free.name].value)) <= 1.96


@given(st.sampled_from(FREE), st.floats(-4.0, 4.0))
def test_score_and_number_are_inverse(free: FreeNumber, score: float) -> None:
    value = free.from_score(score)
    assert value > 0.0
    assert free.scale == "log" or value < 1.0
    assert free.score(value) == pytest.approx(score, abs=1e-6)


def test_traits_and_covariates_of_a_model_are_left_free_and_the_rest_can_be_folded() -> None:
    model = assemble_model([load_drug("trastuzumab")], "breast", {"trastuzumab": "iv"})
    free = varying_parameters(model, ["CL_trastuzumab_L_per_day"])
    assert {"growth_patient", "neuregulin_tone", "CL_trastuzumab_L_per_day", *COVARIATES} <= set(free)
    assert "akt_steepness" not in free
    assert len(free) < len(model.parameters) / 2
