"""Drug files: every number has a home, names resolve, wrong files are refused in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.drug import Drug
from her2sim.model.drug_file import all_drugs, is_placebo, load_drug, read_drug_file
from her2sim.model.parameters import load_parameters

DRUGS = all_drugs()
NEEDED = {
    "antibody": ({"epitope", "fc_type"}, {"kd_nM", "fc_activity"}),
    "payload": ({"payload"}, {"drug_to_antibody_ratio", "bystander_fraction"}),
    "kinase_inhibitor": ({"binding"}, {"fraction_unbound", "kp_uu_brain"}),
    "cytotoxic": ({"chemo_class"}, {"average_conc_mg_per_L", "effect_rate_per_day", "kp_uu_brain"}),
}


@pytest.mark.parametrize("drug", DRUGS, ids=lambda d: d.id)
def test_each_action_has_the_numbers_that_its_module_needs(drug: Drug) -> None:
    assert drug.actions
    for action in drug.actions:
        labels, values = NEEDED.get(action.kind, (set(), set()))
        assert labels <= set(action.labels)
        if action.kind == "kinase_inhibitor":
            by_bond = {
                "reversible": {"ic50_HER2_nM", "ic50_EGFR_nM"},
                "covalent": {"ki_HER2_nM", "ki_EGFR_nM", "inactivation_per_day"},
            }
            values = values | by_bond[action.labels["binding"]]
        assert values <= set(action.values)
        assert all(quantity.low <= quantity.value <= quantity.high for quantity in action.values.values())


@pytest.mark.parametrize("drug", DRUGS, ids=lambda d: d.id)
def test_what_is_said_to_be_read_names_a_listed_source(drug: Drug) -> None:
    """`read: true` with source `assumed` would be a claim that nobody can check."""
    numbers = [q for pk in drug.pk_by_route.values() for q in pk.typical.values()]
    numbers += [q for action in drug.actions for q in action.values.values()]
    for number in [*numbers, drug.molar_mass_g_per_mol, *drug.label.values.values()]:
        assert not number.read or number.source in drug.sources, number.name
        assert number.read or number.source not in drug.sources or number.note, f"{number.name}: say why it is not read"
    for pk in drug.pk_by_route.values():
        assert pk.reference in drug.sources or pk.reference == "assumed"


@pytest.mark.parametrize("drug", DRUGS, ids=lambda d: d.id)
def test_the_average_concentration_is_the_reference_dose_rate_over_clearance(drug: Drug) -> None:
    for action in drug.actions:
        if action.kind == "cytotoxic" and "CL" in drug.pk.typical:
            fraction = drug.pk.typical["F"].value if "F" in drug.pk.typical else 1.0
            rate = action.values["reference_dose_mg_per_day"].value
            expected = fraction * rate / drug.pk.typical["CL"].value
            assert action.values["average_conc_mg_per_L"].value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "drug_id"),
    [
        ("T-DXd", "trastuzumab_deruxtecan"),
        ("t-dm1", "trastuzumab_emtansine"),
        ("Ado-Trastuzumab Emtansine", "trastuzumab_emtansine"),
        ("DS-8201", "trastuzumab_deruxtecan"),
        ("5-FU", "fluorouracil"),
        ("HERCEPTIN", "trastuzumab"),
        ("trastuzumab_deruxtecan", "trastuzumab_deruxtecan"),
    ],
)
def test_a_drug_is_found_by_any_of_its_names_in_any_case(name: str, drug_id: str) -> None:
    assert load_drug(name).id == drug_id


def test_every_name_of_every_drug_leads_back_to_it() -> None:
    for drug in DRUGS:
        for name in (drug.id, drug.inn, *drug.names):
            assert load_drug(name).id == drug.id


def test_an_unknown_drug_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="Did you mean trastuzumab"):
        load_drug("trastuzumap")


def test_placebo_is_not_a_drug() -> None:
    assert is_placebo("placebo") and is_placebo("Placebo for pertuzumab") and is_placebo("observation")
    assert not is_placebo("pertuzumab")
    with pytest.raises(InputError):
        load_drug("placebo")


def test_units_of_the_sources_become_liters_days_and_milligrams() -> None:
    paclitaxel, tucatinib = load_drug("paclitaxel"), load_drug("tucatinib")
    assert paclitaxel.pk.typical["Vmax"].value == pytest.approx(33.8e-6 * 853.9 * 1e3 * 24)
    assert paclitaxel.pk.typical["Km"].value == pytest.approx(0.44e-6 * 853.9 * 1e3)
    assert tucatinib.pk.typical["CL"].value == pytest.approx(53.9 * 24)
    assert tucatinib.pk.typical["tlag"].value == pytest.approx(0.392 / 24)
    assert load_drug("trastuzumab").molar_mass_g_per_mol.value == pytest.approx(145167.0)


def test_a_coefficient_of_variation_becomes_the_log_normal_variance() -> None:
    """Quartino 2019 prints 139 % for Km; its variance is ln(1 + 1.39²) = 1.0757, not 1.39²."""
    assert load_drug("trastuzumab").pk.omega["Km", "Km"] == pytest.approx(1.075719, rel=1e-5)


def test_the_route_chooses_the_model_and_the_depot() -> None:
    trastuzumab = load_drug("trastuzumab")
    assert trastuzumab.pk_for("sc").depot_routes == ("sc",)
    assert trastuzumab.pk_for("iv").depot_routes == ()
    assert trastuzumab.pk_for("").route == "iv"
    assert load_drug("tucatinib").pk_for("iv").route == "po"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["pharmacokinetics"]["iv"]["typical"].pop("V2"), "V2"),
        (lambda c: c["pharmacokinetics"]["iv"]["typical"]["CL"].update(unit="furlong"), "furlong"),
        (lambda c: c["pharmacokinetics"]["iv"]["typical"]["CL"].update(source="nobody"), "nobody"),
        (lambda c: c["pharmacokinetics"]["iv"]["covariates"][0].update(form="cubic"), "cubic"),
        (lambda c: c["pharmacokinetics"]["iv"]["covariates"][0].update(parameter="Vmax"), "Vmax"),
        (lambda c: c["pharmacokinetics"]["iv"]["variability"][3].update(covariance=1.0), "positive definite"),
        (lambda c: c["actions"][0].update(kind="magic"), "magic"),
        (lambda c: c.pop("label"), "label"),
        (lambda c: c.update(id="other"), "other"),
    ],
)
def test_a_wrong_file_is_refused_and_the_reason_named(change: object, words: str, tmp_path: Path) -> None:
    content = yaml.safe_load((data_dir("drugs") / "pertuzumab.yaml").read_text())
    change(content)  # type: ignore[operator]
    path = tmp_path / "pertuzumab.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=words):
        read_drug_file(path)


def test_every_class_of_chemotherapy_has_a_kill_rate_in_both_diseases() -> None:
    """A drug file with a class that no parameter knows would fail only when a regimen with it is simulated."""
    known = set(load_parameters().quantities)
    for drug in DRUGS:
        for action in drug.actions:
            if action.kind == "cytotoxic":
                chemo_class = action.labels["chemo_class"]
                assert f"sensitivity_{chemo_class}" in known
                assert {f"kill_{chemo_class}_{disease}_per_day" for disease in ("breast", "gastric")} <= known


def test_the_reference_page_lists_every_drug_and_nothing_else() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "drugs.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert listed == {drug.id for drug in DRUGS}
