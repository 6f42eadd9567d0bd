"""Importers take the protocol of a withheld trial and none of its results, by whatever name the file calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from her2sim.evidence.base import all_records
from her2sim.evidence.importers.arms_csv import import_arms
from her2sim.evidence.importers.clinicaltrials import import_clinicaltrials
from her2sim.evidence.importers.imported import Imported
from her2sim.evidence.importers.importing import import_bytes
from her2sim.evidence.importers.kept_back import kept_back
from her2sim.evidence.importers.source_text import SourceText

WITHHELD = [record for record in all_records() if record.status == "withheld"]
OPEN = [record for record in all_records() if record.status != "withheld"]
NUMBER = "41.7"


def study(nct: str, acronym: str, title: str = "A third-line study in breast cancer") -> dict[str, Any]:
    """Made up: two arms and one figure, of which no digit may come through."""
    groups = [{"id": "OG000", "title": "New"}, {"id": "OG001", "title": "Old"}]
    cells = [{"groupId": "OG000", "value": NUMBER, "lowerLimit": "40.1", "upperLimit": "43.9"},
             {"groupId": "OG001", "value": "8.1", "lowerLimit": "7.6", "upperLimit": "9.0"}]  # fmt: skip
    outcome = {
        "type": "PRIMARY", "title": "Progression-Free Survival (PFS)", "paramType": "MEDIAN", "unitOfMeasure": "Months",
        "reportingStatus": "POSTED", "timeFrame": "5 years", "groups": groups,
        "dispersionType": "95% Confidence Interval",
        "denoms": [{"units": "Participants", "counts": [{"groupId": g["id"], "value": "148"} for g in groups]}],
        "classes": [{"categories": [{"measurements": cells}]}],
    }  # fmt: skip
    term = {
        "term": "Diarrhea",
        "organSystem": "Gut",
        "stats": [{"groupId": "EG000", "numAffected": 41, "numAtRisk": 148}],
    }
    return {
        "protocolSection": {
            "identificationModule": {"nctId": nct, "acronym": acronym, "briefTitle": title, "officialTitle": title},
            "statusModule": {"overallStatus": "COMPLETED"},
            "conditionsModule": {"conditions": ["Breast cancer"]},
            "designModule": {"phases": ["PHASE3"], "enrollmentInfo": {"count": 296}},
            "armsInterventionsModule": {
                "armGroups": [
                    {"label": "New", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Lapatinib"]},
                    {"label": "Old", "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: Capecitabine"]},
                ],
                "interventions": [{"type": "DRUG", "name": "Lapatinib"}, {"type": "DRUG", "name": "Capecitabine"}],
            },
        },
        "hasResults": True,
        "resultsSection": {
            "outcomeMeasuresModule": {"outcomeMeasures": [outcome]},
            "adverseEventsModule": {
                "eventGroups": [{"id": "EG000", "title": "New", "seriousNumAffected": 41, "seriousNumAtRisk": 148}],
                "seriousEvents": [term],
            },
        },
    }  # fmt: skip


def read(*studies: dict[str, Any]) -> Imported:
    return import_clinicaltrials(SourceText("s.json", json.dumps({"studies": list(studies)})))


def holds_no_result(made: Imported, at: int = 0) -> bool:
    record = made.records[at]
    return not (any(arm.results for arm in record.arms) or record.contrasts or record.subgroups)


@pytest.mark.parametrize("record", WITHHELD, ids=lambda record: record.id)
def test_the_protocol_of_every_withheld_trial_comes_in_by_its_number_without_results(record: Any) -> None:
    made = read(study(record.nct, "OTHERNAME"))
    assert holds_no_result(made) and not made.adverse_events
    assert [arm.name for arm in made.records[0].arms] == ["New", "Old"] and made.records[0].status == "withheld"
    text = made.report.text()
    assert f"the results of {record.id} are withheld" in text and "roles.yaml" in text
    assert NUMBER not in text + repr(made.records[0]) and "40.1" not in text


@pytest.mark.parametrize("record", WITHHELD, ids=lambda record: record.id)
def test_a_name_is_enough_however_it_is_written(record: Any) -> None:
    for name in (record.id, record.id.lower().replace("-", " "), record.id.replace("-", "").upper()):
        assert kept_back("", f"Primary results of {name}: a phase 3 trial") == record.id
        assert holds_no_result(read(study("NCT99999999", name)))
        assert holds_no_result(read(study("NCT99999999", "", f"A third-line study ({name}) in breast cancer")))


def test_no_other_trial_of_the_base_is_taken_for_a_withheld_one() -> None:
    assert {record.id: kept_back(record.nct, record.id) for record in OPEN} == {record.id: "" for record in OPEN}


def test_an_open_study_beside_a_withheld_one_keeps_its_results() -> None:
    made = read(study(WITHHELD[0].nct, ""), study("NCT99999999", "OPENTRIAL"))
    assert holds_no_result(made, 0) and not holds_no_result(made, 1)
    assert len({event.term for event in made.adverse_events if event.kind == "serious"}) == 1


HEAD = "trial,disease,setting,nct,arm,n,regimen,endpoint,value,unit,reference,hr,citation\n"


def table(trial: str, nct: str = "", citation: str = "Doe 2024") -> Imported:
    text = HEAD + f"{trial},breast,metastatic-1L,{nct},A,10,lapatinib,ORR,{NUMBER},percent,,,{citation}\n"
    text += f"{trial},breast,metastatic-1L,,B,10,capecitabine,,,,,,\n"
    text += f"{trial},breast,metastatic-1L,,A,,,PFS,,,B,0.41,{citation}\n"
    return import_arms(SourceText("t.csv", text))


@pytest.mark.parametrize(
    "made",
    [table("patina"), table("X", "nct02947685"), table("X", citation="Doe on PATINA 2024")],
    ids=["name", "number", "citation"],
)
def test_tables_lose_the_results_of_withheld_trials(made: Imported) -> None:
    assert holds_no_result(made) and [arm.n for arm in made.records[0].arms] == [10, 10]
    assert "2 results" in made.report.text() and "PATINA are withheld" in made.report.text()
    assert "0 figures of arms, 0 comparisons" in made.report.text() and NUMBER not in repr(made)


def test_tables_of_open_trials_keep_theirs() -> None:
    assert not holds_no_result(table("X")) and "withheld" not in table("X").report.text()


@pytest.mark.parametrize("form", ["nbib", "ris", "pubmed"])
def test_citations_of_withheld_trials_lose_their_abstract(form: str) -> None:
    title, abstract = "A drug first line: primary results from HERIZON-GEA-01", f"PFS was {NUMBER} months"
    text = {
        "nbib": f"\nPMID- 1\nTI  - {title}\nAB  - {abstract}\n",
        "ris": f"TY  - JOUR\nTI  - {title}\nAB  - {abstract}\nER  - \n",
        "pubmed": "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>"
        f"{title}</ArticleTitle><Abstract><AbstractText>{abstract}</AbstractText></Abstract></Article>"
        "</MedlineCitation></PubmedArticle></PubmedArticleSet>",
    }[form]
    made = import_bytes(text.encode(), f"a.{form}", form)
    assert made.citations[0].title == title and made.citations[0].abstract == ""
    assert "HERIZON-GEA-01 are withheld" in made.report.text()
    plain = import_bytes(text.replace("HERIZON-GEA-01", "a trial").encode(), f"a.{form}", form)
    assert NUMBER in plain.citations[0].abstract
