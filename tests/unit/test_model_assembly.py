"""The whole model of any regimen: complete, in matching units, without a number that no data file holds."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.assembly import actions_without_mechanism, assemble_model, knock_outs, modules_of
from her2sim.model.dimensions import dimension_faults
from her2sim.model.draft import drug_number_name
from her2sim.model.drug import Drug
from her2sim.model.drug_file import load_drug
from her2sim.model.parameters import fitted_values, load_parameters
from her2sim.model.system import OdeSystem

ROUTES = {
    "trastuzumab": "iv", "pertuzumab": "iv", "trastuzumab_emtansine": "iv", "trastuzumab_deruxtecan": "iv",
    "docetaxel": "iv", "cisplatin": "iv", "fluorouracil": "iv",
    "capecitabine": "po", "lapatinib": "po", "tucatinib": "po",
}  # fmt: skip
REGIMENS = (
    (),
    ("trastuzumab", "pertuzumab", "docetaxel"),
    ("trastuzumab", "docetaxel"),
    ("trastuzumab_emtansine",),
    ("trastuzumab_deruxtecan",),
    ("lapatinib", "capecitabine"),
    ("trastuzumab", "cisplatin", "capecitabine"),
    ("trastuzumab", "cisplatin", "fluorouracil"),
    ("tucatinib", "trastuzumab", "capecitabine"),
)
subsets = st.sets(st.sampled_from(sorted(ROUTES)), max_size=5)
diseases = st.sampled_from(["breast", "gastric"])


def drugs_of(ids: object) -> list[Drug]:
    return [load_drug(i) for i in ids]  # type: ignore[attr-defined]


def model(ids: object, disease: str = "breast") -> OdeSystem:
    return assemble_model(drugs_of(ids), disease, ROUTES)


@pytest.mark.parametrize("ids", REGIMENS, ids="+".join)
@pytest.mark.parametrize("disease", ["breast", "gastric"])
def test_a_model_has_no_undefined_symbol_and_its_dimensions_fit(ids: tuple[str, ...], disease: str) -> None:
    built = model(ids, disease)
    assert built.undefined() == []
    assert dimension_faults(built) == []


@given(ids=subsets, disease=diseases)
@settings(max_examples=40, deadline=None)
def test_every_parameter_of_any_model_has_a_home_in_a_data_file(ids: set[str], disease: str) -> None:
    built, chosen = model(ids, disease), drugs_of(ids)
    homes = {name: q.value for name, q in load_parameters().quantities.items()}
    for drug in chosen:
        for action in drug.actions:
            homes |= {drug_number_name(drug.id, key): q.value for key, q in action.values.items()}
    homes |= fitted_values()  # a calibrated number stands in the frozen calibration
    pk = {
        p.name: p.value
        for module in modules_of(chosen, disease, ROUTES)
        if module.name.startswith("pk")
        for p in module.parameters
    }
    for parameter in built.parameters:
        if parameter.name not in pk:
            assert parameter.name in homes, f"{parameter.name} stands in no data file"
            assert parameter.value == homes[parameter.name]


@given(ids=subsets)
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_drugs_does_not_matter(ids: set[str]) -> None:
    names = sorted(ids)
    assert model(names).hash() == model(reversed(names)).hash()


def test_every_pair_of_drugs_can_be_assembled() -> None:
    for pair in itertools.combinations(sorted(ROUTES), 2):
        assert model(pair).undefined() == []


def test_knocked_out_parameters_belong_to_the_model() -> None:
    ids = ("trastuzumab", "trastuzumab_deruxtecan", "docetaxel", "tucatinib")
    names = set(model(ids).parameter_names)
    found = knock_outs(drugs_of(ids), "breast", ROUTES)
    assert {"adcc", "bystander", "domain_IV_block", "her2low_clone", "blood_brain_barrier", "waning"} <= set(found)
    for mechanism, values in found.items():
        assert set(values) <= names, mechanism


def test_no_rate_constant_is_faster_than_the_solver_is_meant_for() -> None:
    for ids in REGIMENS:
        for parameter in model(ids).parameters:
            if parameter.unit == "1/day" and not parameter.name.endswith("_off_per_day"):  # ligands: in ratios only
                assert parameter.value <= 100.0, parameter.name


def test_wrong_input_is_explained() -> None:
    with pytest.raises(InputError, match=r"no model for disease 'brest'.*breast"):
        assemble_model([], "brest", {})
    with pytest.raises(InputError, match="no route given for docetaxel"):
        assemble_model(drugs_of(["docetaxel"]), "breast", {})
    with pytest.raises(InputError, match="named twice: docetaxel"):
        assemble_model(drugs_of(["docetaxel", "docetaxel"]), "breast", ROUTES)


def test_every_action_of_the_first_drugs_has_a_mechanism() -> None:
    assert actions_without_mechanism(drugs_of(ROUTES)) == ()


ALL_DRUGS = sorted(path.stem for path in data_dir("drugs").glob("*.yaml"))


@pytest.mark.parametrize("drug", ALL_DRUGS)
def test_every_drug_of_the_package_can_be_assembled_in_both_diseases(drug: str) -> None:
    for disease in ("breast", "gastric"):
        built = assemble_model([load_drug(drug)], disease, {drug: ""})
        assert built.undefined() == []
        assert dimension_faults(built) == []
