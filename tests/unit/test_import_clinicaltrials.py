"""Registry entries written from the public structure of API v2: multi-arm, crossover, gaps, both kinds of result."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.evidence.importers.clinicaltrials import Choices, import_clinicaltrials
from her2sim.evidence.importers.imported import Imported
from her2sim.evidence.importers.outcome_title import read_time, read_title
from her2sim.evidence.importers.source_text import SourceText
from her2sim.record.reading import read_record
from her2sim.record.writing import record_yaml

GROUPS = [{"id": f"OG00{at}", "title": title} for at, title in enumerate(("Lapatinib + Trastuzumab", "Lapatinib"))]


def cell(group: int, value: str, low: str = "", high: str = "", comment: str = "") -> dict[str, Any]:
    made = {"groupId": f"OG00{group}", "value": value}
    made |= {"lowerLimit": low, "upperLimit": high} if low or high else {}
    return made | ({"comment": comment} if comment else {})


def measure(title: str, kind: str, unit: str, cells: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "type": "PRIMARY", "title": title, "paramType": kind, "unitOfMeasure": unit, "reportingStatus": "POSTED",
        "timeFrame": "up to 5 years", "groups": GROUPS,
        "denoms": [{"units": "Participants", "counts": [{"groupId": g["id"], "value": "148"} for g in GROUPS]}],
        "classes": [{"categories": [{"measurements": cells}]}], **more,
    }  # fmt: skip


def study(**results: Any) -> dict[str, Any]:
    """Two arms, each with one or two drugs, in breast cancer after earlier lines."""
    protocol = {
        "identificationModule": {
            "nctId": "NCT00000001", "acronym": "TWOARM", "briefTitle": "Lapatinib with or without trastuzumab",
            "officialTitle": "A randomized third-line study of lapatinib with or without trastuzumab",
        },
        "statusModule": {"overallStatus": "COMPLETED", "startDateStruct": {"date": "2005-11"}},
        "conditionsModule": {"conditions": ["Neoplasms, Breast"], "keywords": ["ErbB2"]},
        "designModule": {
            "phases": ["PHASE2", "PHASE3"], "enrollmentInfo": {"count": 296, "type": "ACTUAL"},
            "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "PARALLEL"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "Lapatinib + Trastuzumab", "type": "EXPERIMENTAL", "description": "1000 mg daily",
                 "interventionNames": ["Drug: Lapatinib", "Biological: Trastuzumab"]},
                {"label": "Lapatinib", "type": "ACTIVE_COMPARATOR",
                 "interventionNames": ["Drug: Lapatinib", "Other: Diary"]},
            ],
            "interventions": [
                {"type": "DRUG", "name": "Lapatinib", "otherNames": ["GW572016"]},
                {"type": "BIOLOGICAL", "name": "Trastuzumab", "otherNames": ["Herceptin®"]},
                {"type": "OTHER", "name": "Diary"},
            ],
        },
        "outcomesModule": {"primaryOutcomes": [{"measure": "PFS", "timeFrame": "5 years"}]},
        "eligibilityModule": {"eligibilityCriteria": "HER2 3+ by IHC", "sex": "FEMALE", "minimumAge": "18 Years"},
    }  # fmt: skip
    made: dict[str, Any] = {"protocolSection": protocol, "derivedSection": {"x": 1}, "hasResults": bool(results)}
    return made | ({"resultsSection": results} if results else {})


def posted(*measures: dict[str, Any], **more: Any) -> dict[str, Any]:
    return study(outcomeMeasuresModule={"outcomeMeasures": list(measures)}, **more)


def read(values: Any, choices: Choices | None = None) -> Imported:
    return import_clinicaltrials(SourceText("s.json", json.dumps(values)), choices)


PFS = measure(
    "Progression-Free Survival (PFS), as Assessed by the Investigator", "MEDIAN", "Weeks",
    [cell(0, "12.0", "8.1", "16.0"), cell(1, "8.1", "7.6", "9.0")], dispersionType="95% Confidence Interval",
    analyses=[{"groupIds": ["OG000", "OG001"], "paramType": "Hazard Ratio (HR)", "paramValue": "0.73",
               "ciPctValue": "95", "ciNumSides": "TWO_SIDED", "ciLowerLimit": "0.57", "ciUpperLimit": "0.93",
               "pValue": "0.008", "statisticalMethod": "Log Rank", "nonInferiorityType": "SUPERIORITY"}],
)  # fmt: skip
RESPONSE = measure("Objective Response Rate", "COUNT_OF_PARTICIPANTS", "Participants", [cell(0, "15"), cell(1, "10")])


def test_a_protocol_without_results_becomes_a_record_whose_gaps_are_listed() -> None:
    made = read(study())
    record = made.records[0]
    assert (record.id, record.nct, record.phase, record.status) == ("TWOARM", "NCT00000001", "2/3", "completed")
    assert (record.disease, record.setting, record.extra["planned_n"]) == ("breast", "metastatic-3L+", 296)
    assert [[item.drug for item in arm.regimen] for arm in record.arms] == [["lapatinib", "trastuzumab"], ["lapatinib"]]
    assert all(item.dose is None for arm in record.arms for item in arm.regimen)
    left = " ".join(item.what for item in made.report.unmapped)
    for words in ("doses and schedules", "Diary", "no results section", "eligibility criteria"):
        assert words in left
    assert any("defaults taken" in item.what and "eligibility.her2" in item.what for item in made.report.decided)
    assert read_record(record_yaml(record)) == record


def test_medians_keep_their_unit_and_ratios_their_direction_interval_and_p_value() -> None:
    record = read(posted(PFS)).records[0]
    both, alone = (arm.results[0] for arm in record.arms)
    assert (both.endpoint, both.value, both.unit, both.ci95) == ("PFS_median", 12.0, "weeks", (8.1, 16.0))
    assert (both.assessor, both.n_evaluated, both.read, alone.value) == ("INV", 148, True, 8.1)
    contrast = record.contrasts[0]
    assert (contrast.arm, contrast.reference) == ("Lapatinib + Trastuzumab", "Lapatinib")
    assert (contrast.hr, contrast.ci95, contrast.p_value) == (0.73, (0.57, 0.93), 0.008)


def test_counts_become_shares_of_their_denominator_and_keep_the_count() -> None:
    figure = read(posted(RESPONSE)).records[0].arms[0].results[0]
    assert figure.value == pytest.approx(100 * 15 / 148, abs=1e-3)
    assert (figure.endpoint, figure.unit, figure.extra["count"], figure.n_evaluated) == ("ORR", "percent", 15, 148)


def test_not_reached_is_known_from_an_unexplained_gap() -> None:
    reached = measure("Overall Survival", "MEDIAN", "Months",
                      [cell(0, "NA", "30.1", "NA", "Median not reached"), cell(1, "NA")],
                      dispersionType="95% Confidence Interval")  # fmt: skip
    made = read(posted(reached))
    figure = made.records[0].arms[0].results[0]
    assert figure.not_reached and figure.value is None and figure.ci95 == (30.1, None)
    assert made.records[0].arms[1].results == ()
    assert any("not said to be not reached" in item.why for item in made.report.unmapped)


def test_a_hazard_ratio_against_its_medians_or_without_a_comparator_is_left_out() -> None:
    turned = copy.deepcopy(PFS)
    turned["analyses"][0] |= {"paramValue": "1.37", "ciLowerLimit": "1.08", "ciUpperLimit": "1.75"}
    made = read(posted(turned))
    assert not made.records[0].contrasts
    assert any("other direction" in item.why for item in made.report.unmapped)
    both = posted(PFS)
    both["protocolSection"]["armsInterventionsModule"]["armGroups"][1]["type"] = "EXPERIMENTAL"
    assert not read(both).records[0].contrasts


def test_a_one_sided_interval_is_not_taken_for_one_whose_bound_was_not_reached() -> None:
    values = posted(copy.deepcopy(PFS))
    analysis(values).pop("ciLowerLimit")
    analysis(values)["ciNumSides"] = "ONE_SIDED"
    figures(values)[0].pop("lowerLimit")
    record = read(values).records[0]
    assert record.contrasts[0].ci95 is None and "one-sided" in record.contrasts[0].extra["interval"]
    assert record.arms[0].results[0].ci95 is None


@pytest.mark.parametrize(
    "title",
    [
        "Lapatinib then trastuzumab",
        "Lapatinib or trastuzumab",
        "Lapatinib in brain metastases",
        "Lapatinib, PI3K mutated",
    ],
)
def test_titles_of_groups_that_are_more_or_less_than_an_arm_match_none(title: str) -> None:
    values = posted(copy.deepcopy(RESPONSE))
    values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["groups"] = [
        {"id": "OG000", "title": title}
    ]
    made = read(values)
    assert not any(arm.results for arm in made.records[0].arms)
    assert any(f"--arm '{title}=LABEL'" in item.why for item in made.report.unmapped)


def test_a_decimal_comma_is_refused_and_a_thousand_is_not() -> None:
    values = posted(copy.deepcopy(PFS))
    figures(values)[0]["value"] = "12,0"
    with pytest.raises(InputError, match="'12,0' is not a number"):
        read(values)


def test_three_arms_keep_their_pairs_apart_and_pooled_groups_out() -> None:
    values = posted(PFS)
    arms = values["protocolSection"]["armsInterventionsModule"]
    arms["armGroups"].append(
        {"label": "Docetaxel", "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: Docetaxel"]}
    )
    arms["interventions"].append({"type": "DRUG", "name": "Docetaxel"})
    more = values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    more["groups"] = [*GROUPS, {"id": "OG002", "title": "Arm C: docetaxel"}, {"id": "OG003", "title": "Total"}]
    more["classes"][0]["categories"][0]["measurements"] += [cell(2, "7.0"), cell(3, "9.0")]
    more["analyses"].append({"groupIds": ["OG000", "OG002"], "paramType": "Hazard Ratio (HR)", "paramValue": "0.5"})
    more["analyses"].append({"groupIds": ["OG001", "OG002"], "paramType": "Hazard Ratio (HR)", "paramValue": "0.9"})
    made = read(values)
    assert [arm.results[0].value for arm in made.records[0].arms] == [12.0, 8.1, 7.0]
    assert [(item.arm[:9], item.reference) for item in made.records[0].contrasts] == [
        ("Lapatinib", "Lapatinib"), ("Lapatinib", "Docetaxel"),
    ]  # fmt: skip
    assert any("'Total'" in item.what for item in made.report.unmapped)
    assert any("do not say which" in item.why for item in made.report.unmapped)


def test_the_user_may_say_which_group_is_which_arm() -> None:
    values = posted(copy.deepcopy(PFS))
    groups = values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["groups"] = copy.deepcopy(GROUPS)
    groups[0]["title"] = "Combination"
    assert not read(values).records[0].arms[0].results
    said = read(values, Choices(arms={"Combination": "Lapatinib + Trastuzumab"}))
    assert said.records[0].arms[0].results[0].value == 12.0
    with pytest.raises(InputError, match="Did you mean"):
        read(values, Choices(arms={"Combination": "Lapatinib + Trastuzumb"}))


def test_crossover_designs_are_named_and_patients_who_crossed_over_counted() -> None:
    values = study(participantFlowModule={
        "groups": [{"id": "FG000", "title": "Lapatinib + Trastuzumab"}, {"id": "FG001", "title": "Lapatinib"}],
        "periods": [{"title": "Treatment", "milestones": [
            {"type": "STARTED", "achievements": [
                {"groupId": "FG000", "numSubjects": "148"}, {"groupId": "FG001", "numSubjects": "145"}]},
            {"type": "Crossed over to combination", "achievements": [{"groupId": "FG001", "numSubjects": "73"}]},
        ]}, {"title": "After crossover", "milestones": []}],
    })  # fmt: skip
    values["protocolSection"]["designModule"]["designInfo"]["interventionModel"] = "CROSSOVER"
    made = read(values)
    assert [arm.n for arm in made.records[0].arms] == [148, 145]
    crossed = made.records[0].arms[1].results[0]
    assert crossed.endpoint == "crossover_rate" and crossed.value == pytest.approx(50.34, abs=0.01)
    left = [item.what for item in made.report.unmapped]
    assert "CROSSOVER" in left and "period 'After crossover'" in left


def test_rates_by_class_and_strata_are_told_apart() -> None:
    rates = measure("Overall Survival", "NUMBER", "Percentage of participants", [])
    rates["classes"] = [
        {"title": "12 Months", "categories": [{"measurements": [cell(0, "55.5"), cell(1, "41")]}]},
        {"title": "Hormone receptor positive", "categories": [{"measurements": [cell(0, "50")]}]},
        {"title": "Something else", "categories": [{"measurements": [cell(0, "50")]}]},
    ]
    made = read(posted(rates))
    assert [result.endpoint for result in made.records[0].arms[0].results] == ["OS_rate_12mo"]
    assert made.records[0].subgroups == ()  # a share without a time is no Kaplan-Meier rate of a stratum
    strata = measure("Objective Response Rate", "NUMBER", "Percentage of participants", [])
    strata["classes"] = [{"title": "Hormone receptor positive", "categories": [{"measurements": [cell(0, "50")]}]}]
    subgroup = read(posted(strata)).records[0].subgroups[0]
    assert (subgroup["subgroup"], subgroup["value"], subgroup["endpoint"]) == ("Hormone receptor positive", 50.0, "ORR")


def test_adverse_events_give_the_share_with_any_serious_event_and_a_table() -> None:
    groups = [{"id": "EG000", "title": "Lapatinib", "seriousNumAffected": 20, "seriousNumAtRisk": 146}]
    events = [{"term": "Diarrhoea", "organSystem": "Gastrointestinal disorders",
               "stats": [{"groupId": "EG000", "numEvents": 90, "numAffected": 68, "numAtRisk": 146}]}]  # fmt: skip
    made = read(study(adverseEventsModule={"eventGroups": groups, "otherEvents": events, "seriousEvents": []}))
    serious = made.records[0].arms[1].results[0]
    assert serious.endpoint == "SAE" and serious.value == pytest.approx(13.70, abs=0.01)
    rows = {(row.kind, row.term): (row.arm, row.affected, row.events) for row in made.adverse_events}
    assert rows[("other", "Diarrhoea")] == ("Lapatinib", 68, 90)


def test_the_baseline_of_all_patients_is_the_total_column() -> None:
    def row(title: str, kind: str, unit: str, value: str, category: str = "") -> dict[str, Any]:
        cells = [{"groupId": "BG000", "value": "1"}, {"groupId": "BG002", "value": value}]
        classes = [{"categories": [{"title": category, "measurements": cells}]}]
        return {"title": title, "paramType": kind, "unitOfMeasure": unit, "classes": classes}

    module = {
        "groups": [{"id": "BG000", "title": "Lapatinib"}, {"id": "BG002", "title": "Total"}],
        "denoms": [{"units": "Participants", "counts": [{"groupId": "BG002", "value": "291"}]}],
        "measures": [row("Age, Continuous", "MEDIAN", "years", "51"), row("Race", "NUMBER", "participants", "3"),
                     row("Sex: Female, Male", "COUNT_OF_PARTICIPANTS", "Participants", "290", "Female")],
    }  # fmt: skip
    made = read(study(baselineCharacteristicsModule=module))
    baseline = made.records[0].baseline
    assert (baseline["n"], baseline["median_age"]) == (291, 51.0)
    assert baseline["female_pct"] == pytest.approx(99.66, abs=0.01)
    assert any("Race" in item.what for item in made.report.unmapped)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("protocolSection"), "no protocolSection"),
        (lambda s: arms_of(s).clear(), "armGroups: this study has no arms"),
        (lambda s: s["protocolSection"]["identificationModule"].update(nctId="12"), "nctId.*no registry number"),
        (lambda s: s["protocolSection"]["identificationModule"].update(officialTitle="A study"), "give --setting"),
        (lambda s: arms_of(s)[1].update(label="Lapatinib + Trastuzumab"), "two arms"),
        (lambda s: s.update(resultsSection=[]), "resultsSection: expected an object"),
        (lambda s: figures(s)[0].update(value="twelve"), r"measurements\[0\].value: 'twelve' is not a number"),
        (lambda s: figures(s)[0].update(value="-3"), "value: -3 Weeks is below 0"),
        (lambda s: figures(s)[0].update(value="99"), "lies outside its interval"),
        (lambda s: figures(s)[0].update(lowerLimit="17"), "lowerLimit: the lower limit 17 is above"),
        (lambda s: figures(s, 1)[0].update(value="149"), "149 of 148 participants"),
        (lambda s: figures(s, 1)[0].update(value="1.5"), "impossible as a number of participants"),
        (lambda s: analysis(s).update(pValue="1.2"), "p value of 1.2"),
        (lambda s: analysis(s).update(paramValue="0"), "a ratio of 0 is impossible"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_path(change: Any, words: str) -> None:
    values = posted(copy.deepcopy(PFS), copy.deepcopy(RESPONSE))
    change(values)
    with pytest.raises(InputError, match=words) as caught:
        read(values)
    assert caught.value.where.startswith("s.json")


def arms_of(values: Any) -> Any:
    return values["protocolSection"]["armsInterventionsModule"]["armGroups"]


def figures(values: Any, at: int = 0) -> Any:
    measures = values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    return measures[at]["classes"][0]["categories"][0]["measurements"]


def analysis(values: Any) -> Any:
    return values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["analyses"][0]


def test_impossible_numbers_may_be_listed_instead_and_the_rest_kept() -> None:
    values = posted(copy.deepcopy(PFS), copy.deepcopy(RESPONSE))
    figures(values)[0]["value"] = "-3"
    made = read(values, Choices(skip_impossible=True))
    assert [result.endpoint for result in made.records[0].arms[0].results] == ["ORR"]
    assert any("outcomeMeasures[0]" in item.path and "-3" in item.why for item in made.report.unmapped)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ":1: not JSON"), ("[1]", "expected an object"), ('{"a": NaN}', "NaN is not a number"),
        ('{"a": 1, "a": 2}', "given twice"), ("[" * 100_000, "nested too deep|not JSON|expected"),
        ('{"studies": []}', "list of studies is empty"), ('{"FullStudiesResponse": {}}', "older API"),
    ],
)  # fmt: skip
def test_files_that_are_no_studies_are_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        import_clinicaltrials(SourceText("s.json", text))


def test_one_bad_study_of_a_list_keeps_all_from_being_stored() -> None:
    bad = study()
    bad["protocolSection"]["armsInterventionsModule"]["armGroups"] = []
    with pytest.raises(InputError, match=r"studies\[1\]"):
        read({"studies": [study(), bad]})


@pytest.mark.parametrize(
    ("title", "endpoint"),
    [
        ("Progression Free Survival by Blinded Independent Central Review (BICR) per RECIST 1.1", ("PFS", "BICR")),
        ("Kaplan-Meier Estimate of Overall Survival", ("OS", "")),
        ("Percentage of Participants With Pathological Complete Response (pCR)", ("pCR", "")),
        ("Confirmed Objective Response Rate (ORR) by Independent Review Committee", ("ORR", "BICR")),
        ("Duration of Response (DOR) According to Investigator Assessment Using RECIST Version 1.1", ("DoR", "INV")),
        ("Number of Participants With Serious Adverse Events", ("SAE", "")),
    ],
)
def test_usual_titles_are_understood(title: str, endpoint: tuple[str, str]) -> None:
    outcome, words = read_title(title)
    assert outcome is not None, words
    assert (outcome.endpoint, outcome.assessor) == endpoint


@pytest.mark.parametrize(
    "title",
    [
        "Progression-Free Survival in Participants With PIK3CA Mutation",
        "Time From Progression to Overall Survival",
        "Objective Response Rate in the Brain",
        "Progression-Free Survival on Second-Line Therapy (PFS2)",
        "Correlation of Overall Survival With ctDNA",
    ],
)
def test_titles_that_say_more_are_not_taken_for_the_whole(title: str) -> None:
    assert read_title(title)[0] is None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400))
def test_shares_are_between_0_and_100_or_refused(count: int, of: int) -> None:
    values = posted(copy.deepcopy(RESPONSE))
    one = values["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    one["denoms"][0]["counts"][0]["value"] = str(of)
    figures(values)[0]["value"] = str(count)
    if count > of:
        with pytest.raises(InputError, match="participants"):
            read(values)
    else:
        assert read(values).records[0].arms[0].results[0].value == pytest.approx(100 * count / of, abs=1e-3)


@given(st.integers(1, 120))
def test_times_of_classes(number: int) -> None:
    assert read_time(f"{number} months") == read_time(f"Month {number}") == f"{number}mo"
