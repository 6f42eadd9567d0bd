"""Scope by rule from the protocol, published figures on common terms, errors, coverage and signs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record
from her2sim.record.protocol import holds_results, protocol_of
from her2sim.record.reading import read_record
from her2sim.record.types import Result, TrialRecord
from her2sim.study.plan import make_plan
from her2sim.study.validate import validate
from her2sim.study.validation.figures import Key
from her2sim.study.validation.interval import Predicted
from her2sim.study.validation.prediction import predict_trial
from her2sim.study.validation.published import published_figures
from her2sim.study.validation.scope import scope_of, scopes
from her2sim.study.validation.scoring import Scored, error_of, score, with_benchmarks
from her2sim.study.validation.settings import default_settings
from her2sim.study.validation.summary import summarize

TEXT = """
id: mine
disease: breast
setting: metastatic-2L
assessment: {assessor: BICR, confirmed: true}
arms:
- name: T-DXd
  n: 100
  regimen: [{drug: trastuzumab deruxtecan, dose: 5.4 mg/kg, schedule: q3w}]
  results:
  - {endpoint: PFS_median, value: 52, unit: weeks, assessor: INV, source: S, read: true}
  - {endpoint: PFS_median, value: 11, unit: months, assessor: IRC, source: S, read: true}
  - {endpoint: PFS_median, value: 99, unit: months, assessor: IRC, source: S, read: false}
  - {endpoint: TTP_median, value: 26.0, unit: weeks, source: S, read: true}
  - {endpoint: ORR, value: 60, unit: percent, source: S, read: true}
  - {endpoint: OS_rate_2y, value: 70, unit: percent, source: S, read: true}
  - {endpoint: OS_median, value: NR, unit: months, source: S, read: true}
  - {endpoint: PFS_median, value: 5, unit: months, population: brain metastases, source: S, read: true}
  - {endpoint: ILD, value: 9, unit: percent, source: S, read: true}
- name: T-DM1
  n: 100
  regimen: [{drug: trastuzumab emtansine, dose: 3.6 mg/kg, schedule: q3w}]
contrasts:
- {endpoint: PFS, arm: T-DXd, reference: T-DM1, hr: 0.5, ci95: [0.4, 0.7], source: S, read: true}
subgroups:
- {subgroup: HR-negative (n=40), endpoint: PFS, hr: 0.4, source: S, read: true}
- {subgroup: HER2 mRNA > median, endpoint: PFS, hr: 0.3, source: S, read: true}
sources: {S: {citation: made up, read: true}}
"""


@pytest.fixture(scope="module")
def record() -> TrialRecord:
    return read_record(TEXT)


def test_figures_are_matched_by_reader_unit_and_population(record: TrialRecord) -> None:
    found = {
        (one.key.arm, one.key.endpoint, one.key.reference, one.key.stratum): one for one in published_figures(record)
    }
    pfs = found["T-DXd", "PFS_median", "", ""]
    assert (pfs.value, pfs.key.assessor, pfs.read) == (11.0, "BICR", True)
    assert found["T-DXd", "TTP_median", "", ""].value == pytest.approx(26 * 7 / 30.4375)
    assert found["T-DXd", "ORR", "", ""].key.confirmed is True
    assert found["T-DXd", "OS_rate_24mo", "", ""].key.assessor == ""
    assert found["T-DXd", "OS_median", "", ""].value == math.inf
    assert found["T-DXd", "PFS", "T-DM1", ""].value == 0.5
    assert found["T-DXd", "PFS", "T-DM1", "HR-negative"].value == 0.4
    assert len(found) == 7


def test_scope_looks_at_the_protocol_only() -> None:
    record = load_record("DESTINY-Breast03")
    assert scope_of(record) == scope_of(protocol_of(record))
    changed = replace(record, arms=tuple(replace(arm, results=(Result("ORR", 1.0, "percent"),)) for arm in record.arms))
    assert scope_of(changed).protocols == scope_of(record).protocols


def test_what_cannot_be_simulated_is_left_out_with_the_reason() -> None:
    assert scope_of(load_record("KATE2")).reasons == (
        "arm T-DM1+atezolizumab: no mechanism in the model for atezolizumab",
    )
    assert scope_of(load_record("NeoSphere")).reasons == ("setting neoadjuvant has no module yet",)
    assert not scope_of(load_record("ASPEN-01 gastric")).protocols
    whole = scopes(all_records())
    assert all(each.protocols or each.reasons for each in whole)
    assert sum(bool(each.protocols) for each in whole if each.role == "validate") >= 40


def test_arms_that_differ_in_their_patients_are_simulated_with_their_own() -> None:
    parts = scope_of(load_record("DAISY")).protocols
    assert [part.eligibility.her2 for part in parts] == [
        ("IHC3+", "IHC2+/ISH+"),
        ("IHC2+/ISH-", "IHC1+"),
        ("IHC0",),
    ]
    had = [{drug for line in part.eligibility.prior for drug in line.drugs} for part in parts]
    assert "trastuzumab emtansine" in had[0]
    assert had[1] == had[2] == {"taxane", "capecitabine"}, "HER2-low disease is not treated with HER2 drugs before"
    make_plan(parts[1], patients=1, seed=1)


def test_an_induction_is_simulated_before_the_clock_starts() -> None:
    (part,) = scope_of(load_record("HER2CLIMB-05")).protocols
    starts = {item.drug: item.start_day for item in part.arms[0].regimen}
    assert (starts["docetaxel"], starts["trastuzumab"], starts["tucatinib"]) == (0.0, 0.0, 126.0)
    assert part.assessment.follow_up_days == load_record("HER2CLIMB-05").assessment.follow_up_days + 126.0


def test_a_prediction_refuses_a_record_that_holds_results(record: TrialRecord) -> None:
    assert holds_results(record)
    assert not holds_results(protocol_of(record))
    with pytest.raises(InputError, match="from the protocol"):
        predict_trial(record, [Key("T-DXd", "ORR", "BICR", True)], default_settings())


def test_withheld_trials_are_refused() -> None:
    with pytest.raises(InputError, match="kept back"):
        validate(trials=["PATINA"])


def guess(key: Key, value: float, low: float, high: float, unit: str = "percent") -> Predicted:
    return Predicted(key, unit, value, low, high, value, 100)


def test_rows_hold_error_coverage_and_group(record: TrialRecord) -> None:
    figures = published_figures(record)
    by_name = {one.key.endpoint: one for one in figures if not one.key.reference}
    rows = score(
        record,
        figures,
        [
            guess(by_name["ORR"].key, 66.0, 61.0, 70.0),
            guess(by_name["PFS_median"].key, 22.0, 9.0, 30.0, "months"),
            guess(by_name["OS_median"].key, 40.0, 30.0, math.inf, "months"),
        ],
        60.0,
    )
    orr, pfs, os = sorted(rows, key=lambda row: ["ORR", "PFS median", "OS median"].index(row.measure))
    assert (orr.error, orr.inside, orr.group) == (6.0, False, "unseen")
    assert (pfs.error, pfs.inside) == (pytest.approx(math.log(2)), True)
    assert (math.isnan(os.error), os.inside) == (True, True)


def test_a_median_beyond_follow_up_counts_with_its_end_and_as_a_lower_bound() -> None:
    assert error_of(10.0, math.inf, "months", 60.0) == (pytest.approx(math.log(6)), True)
    assert error_of(80.0, math.inf, "months", 60.0) == (0.0, True)


def rows_of(
    record: TrialRecord, trial: str, error: float, published_ratio: float, predicted_ratio: float
) -> list[Scored]:
    figures = published_figures(record)
    orr = next(one for one in figures if one.key.endpoint == "ORR")
    ratio = next(one for one in figures if one.key.reference and not one.key.stratum)
    ratio = replace(ratio, value=published_ratio, ci95=(published_ratio * 0.8, published_ratio * 1.2))
    found = score(
        replace(record, id=trial),
        [orr, ratio],
        [
            guess(orr.key, orr.value + error, 0.0, 100.0),
            guess(ratio.key, predicted_ratio, 0.1, 0.2, "ratio"),
        ],
        60.0,
    )
    return [
        replace(row, benchmarks={"plain": row.published.value + 10.0}) if row.measure == "ORR" else row for row in found
    ]


def test_the_summary_counts_errors_coverage_signs_and_benchmarks(record: TrialRecord) -> None:
    rows = [
        *rows_of(record, "one", 2.0, 0.5, 0.6),
        *rows_of(record, "two", -4.0, 0.9, 1.2),
        *rows_of(record, "three", 6.0, 1.5, 0.9),
    ]
    response, ratio = summarize(rows, resamples=200, seed=1)
    assert (response.error, response.bias, response.covered, response.asked) == (4.0, 2.0, 3, 3)
    (plain,) = response.against
    assert (plain.model, plain.other, plain.difference) == (4.0, 10.0, -6.0)
    assert plain.high < 0.0
    assert (ratio.signs, ratio.clear_signs, ratio.covered) == ((1, 3), (1, 2), 0)
    assert summarize(rows, resamples=200, seed=1) == (response, ratio)


def test_benchmarks_do_not_see_the_trial_they_predict(record: TrialRecord) -> None:
    mine = load_record("TH3RESA")
    figures = [one for one in published_figures(mine) if one.key.endpoint == "PFS_median"]
    rows = score(mine, figures, [guess(one.key, 5.0, 3.0, 7.0, "months") for one in figures], 60.0)
    told = with_benchmarks(rows, all_records())
    wild = replace(mine, arms=tuple(replace(arm, results=_all_at(arm.results, 900.0)) for arm in mine.arms))
    others = [each for each in all_records() if each.id != mine.id]
    assert {name for row in told for name in row.benchmarks} >= {"ridge regression", "class average"}
    assert [row.benchmarks for row in told] == [row.benchmarks for row in with_benchmarks(rows, [*others, wild])]


def _all_at(results: tuple[Result, ...], value: float) -> tuple[Result, ...]:
    return tuple(replace(each, value=value) for each in results if each.value is not None)
