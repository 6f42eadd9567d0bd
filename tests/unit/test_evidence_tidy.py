"""The long table of figures, the vocabulary of drugs, and the search by them."""

from __future__ import annotations

import time

import pytest

from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.index import entries
from her2sim.evidence.query import matching
from her2sim.evidence.tidy import figures
from her2sim.evidence.vocabulary import words_of
from her2sim.model.drug_file import all_drugs
from her2sim.record.reading import record_from_mapping


def test_every_number_of_a_record_is_in_the_table() -> None:
    for record in all_records():
        places = {x.place for x in figures(record)}
        wanted = {f"arms[{a}].results[{i}]" for a, arm in enumerate(record.arms) for i in range(len(arm.results))}
        wanted |= {f"contrasts[{i}]" for i in range(len(record.contrasts))}
        wanted |= {f"subgroups[{i}]" for i in range(len(record.subgroups))}
        assert places == wanted, record.id


def test_a_stratum_gives_its_ratio_and_both_medians() -> None:
    rows = [x for x in figures(load_record("KEYNOTE-811")) if x.place == "subgroups[3]"]
    said = [(x.endpoint, x.measure, x.arm, x.value, x.low, x.high, x.unit) for x in rows]
    assert said == [
        ("PFS", "hr", "", 0.72, 0.6, 0.87, ""),
        ("PFS_median", "value", "arm", 10.9, 8.5, 12.5, "months"),
        ("PFS_median", "value", "reference", 7.3, 6.8, 8.4, "months"),
    ]


def test_an_interval_of_another_level_keeps_its_level() -> None:
    levels = {x.level_of_interval for x in figures(load_record("HERIZON (HER-Vaxx/IMU-131)")) if x.low}
    assert levels == {80.0}
    assert 97.5 in {x.level_of_interval for x in figures(load_record("MARIANNE"))}


def test_a_hazard_ratio_with_a_p_value_is_one_row_and_a_difference_another() -> None:
    record = record_from_mapping(
        {
            "id": "x", "disease": "breast", "setting": "metastatic-1L",
            "arms": [{"name": "a", "regimen": []}, {"name": "b", "regimen": []}],
            "contrasts": [{"endpoint": "OS", "arm": "a", "reference": "b", "hr": 0.8, "difference": 3.0,
                           "difference_unit": "months", "p_value": 0.04, "ci95": [0.6, 1.0]}],
        }
    )  # fmt: skip
    said = [(x.measure, x.value, x.unit, x.low, x.p_value) for x in figures(record)]
    assert said == [("hr", 0.8, "", 0.6, 0.04), ("difference", 3.0, "months", None, 0.04)]


def test_every_drug_of_the_base_has_a_class() -> None:
    missing = {drug for entry in entries() for drug in entry.drugs if words_of(drug) is None}
    assert not missing, "add them to data/evidence/vocabulary.yaml"


def test_class_and_targets_are_those_of_the_drug_files() -> None:
    compared = 0
    for drug in all_drugs():
        for spelling in (drug.inn, *drug.names):
            words = words_of(spelling)
            if words is not None:
                compared += 1
                assert (words.drug_class, words.targets) == (drug.drug_class, drug.targets), drug.inn
    assert compared >= 45


@pytest.mark.parametrize(
    ("query", "has", "lacks"),
    [
        ("class:ADC line:2L", "EMILIA", "DESTINY-Breast01"),
        ("class:checkpoint disease:gastric", "KEYNOTE-811", "ToGA"),
        ("class:TKI setting:adjuvant", "ExteNET", "APHINITY"),
        ("target:PD-L1", "KATE2", "PANACEA"),
        ("target:PD1", "PANACEA", "KATE2"),
        ("biomarker:PIK3CA role:fit", "CLEOPATRA", "ToGA"),
        ("endpoint:CNS_ORR", "TUXEDO-1", "TyTAN"),
        ('class:"cell therapy"', "CCT303-406", "EMILIA"),
        ("line:3 drug:tdxd", "DESTINY-Breast02", "DESTINY-Breast03"),
    ],
)
def test_a_search_by_class_target_line_biomarker_or_endpoint(query: str, has: str, lacks: str) -> None:
    found = {entry.id for entry in matching(entries(), query)}
    assert has in found
    assert lacks not in found


def test_a_search_over_the_whole_base_takes_less_than_a_tenth_of_a_second() -> None:
    known = entries()
    start = time.process_time()
    for query in ("pembrolizumab gastric", "class:ADC line:2 biomarker:PD-L1 endpoint:OS -role:withheld"):
        matching(known, query)
    assert (time.process_time() - start) / 2 < 0.1
