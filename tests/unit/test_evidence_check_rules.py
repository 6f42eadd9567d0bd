"""Each rule finds the slip it is for, put into a record that is right, and is silent on the right record."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.evidence.check.finding import case_of
from her2sim.evidence.check.rounding import half_digit
from her2sim.evidence.check.rules import RULES
from her2sim.evidence.check.run import check_record
from her2sim.evidence.roles import role_of
from her2sim.record.reading import record_from_mapping

RIGHT: dict[str, Any] = {
    "id": "a trial",
    "disease": "breast",
    "setting": "metastatic-2L",
    "baseline": {"n": 400},
    "arms": [
        {
            "name": "new",
            "n": 200,
            "regimen": [{"drug": "trastuzumab", "dose": "6 mg/kg", "schedule": "q3w"}],
            "results": [
                {"endpoint": "PFS_median", "value": 12.0, "unit": "months", "ci95": [10.0, 14.5], "source": "S"},
                {"endpoint": "PFS_rate_12mo", "value": 50.2, "unit": "percent", "source": "S"},
                {"endpoint": "PFS_rate_24mo", "value": 26.0, "unit": "percent", "source": "S"},
                {"endpoint": "OS_median", "value": 30.0, "unit": "months", "source": "S"},
                {"endpoint": "OS_rate_12mo", "value": 77.0, "unit": "percent", "source": "S"},
                {"endpoint": "ORR", "value": 60.0, "unit": "percent", "ci95": [53.0, 66.7], "note": "120/200",
                 "n_evaluated": 200, "source": "S"},
                {"endpoint": "CR", "value": 10.0, "unit": "percent", "source": "S", "data_cut": "2020-05"},
                {"endpoint": "DCR", "value": 90.0, "unit": "percent", "source": "S", "note": "final",
                 "data_cut": "2021-05"},
                {"endpoint": "DCR", "value": 88.0, "unit": "percent", "source": "S", "note": "interim",
                 "data_cut": "2020-05"},
            ],
        },
        {
            "name": "old",
            "n": 200,
            "regimen": [],
            "results": [
                {"endpoint": "PFS_median", "value": 7.0, "unit": "months", "source": "S"},
                {"endpoint": "PFS_rate_12mo", "value": 31.0, "unit": "percent", "source": "S"},
            ],
        },
    ],
    "contrasts": [
        {"endpoint": "PFS", "arm": "new", "reference": "old", "hr": 0.6, "ci95": [0.48, 0.75], "p_value": 0.00001,
         "source": "S"},
    ],
    "sources": {"S": {"citation": "A paper", "url": "https://example.org", "read": True}},
}  # fmt: skip


def edit(arm: int, result: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["arms"][arm]["results"][result].update(changes)


def contrast(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["contrasts"][0].update(changes)


def swap_arms(values: dict[str, Any]) -> None:
    """As the abstract of SYSUCC-002 and a review table of GeparQuinto do."""
    values["contrasts"][0].update(arm="old", reference="new")


def swap_medians(values: dict[str, Any]) -> None:
    new, old = (arm["results"][0] for arm in values["arms"])
    new["value"], old["value"] = old["value"], new["value"]
    del new["ci95"]


SLIPS: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "a median outside its interval": ("value-in-interval", edit(0, 0, value=21.0)),
    "an upper bound of 1.64 for 1.90, as in CEREBEL": ("ratio-in-the-middle", contrast(ci95=[0.48, 0.65])),
    "a ratio printed below 1 although its interval is above": (
        "value-in-interval", contrast(hr=0.6, ci95=[1.33, 2.08]),
    ),
    "arms of the ratio swapped": ("ratios-fit-medians", swap_arms),
    "arms of the rates swapped": ("ratios-fit-rates", swap_arms),
    "medians swapped": ("ratios-fit-medians", swap_medians),
    "a percentage off the middle": ("percentage-in-the-middle", edit(0, 5, ci95=[58.0, 71.0])),
    "an interval of other patients": ("interval-width", edit(0, 5, ci95=[40.0, 78.0])),
    "a p value of another endpoint": ("p-value-fits-interval", contrast(p_value=0.2)),
    "a verdict against its interval": ("interval-and-verdict", contrast(p_value=0.3)),
    "rates that rise": ("rates-fall", edit(0, 2, value=62.0)),
    "survival below progression-free survival": ("survival-above-progression", edit(0, 4, value=45.0)),
    "a landmark above 50 % after the median": ("medians-fit-rates", edit(0, 2, value=55.0)),
    "a landmark of another curve": ("medians-fit-rates", edit(0, 2, value=45.0)),
    "a count of other patients": ("count-fits-percentage", edit(0, 5, note="102/200")),
    "a denominator with a wrong digit (n 325 for 25)": ("count-fits-percentage", edit(0, 5, note="3/325")),
    "no whole number of patients": ("percentage-of-whole-patients", edit(0, 5, value=60.2, note="", n_evaluated=100)),
    "arms that do not make the trial": ("arms-make-the-trial", lambda v: v["baseline"].update(n=700)),
    "more evaluated than treated": ("evaluated-within-arm", edit(0, 5, n_evaluated=240, note="")),
    "a percentage above 100": ("percentage-up-to-100", edit(0, 4, value=107.0)),
    "a median in percent": ("unit-fits-endpoint", edit(0, 0, unit="percent")),
    "a median without unit": ("unit-fits-endpoint", edit(0, 0, unit="")),
    "weeks taken for months": ("plausible-size", edit(0, 0, value=130.0, ci95=None)),
    "more complete than all responses": ("part-below-whole", edit(0, 6, value=66.0)),
    "progression after death": ("part-below-whole", edit(0, 3, value=11.0)),
    "an arm compared with itself": ("two-arms", contrast(reference="new")),
    "a final figure cut before the interim": ("data-cuts-in-order", edit(0, 7, data_cut="2019-05")),
    "a cut that is no date": ("data-cut-is-a-date", edit(0, 6, data_cut="05/2020")),
    "two sources that disagree": (
        "sources-agree",
        lambda v: v["arms"][1]["results"].append(
            {"endpoint": "PFS_median", "value": 7.9, "unit": "months", "source": "S"}
        ),
    ),
    "the same row twice": (
        "said-once", lambda v: v["arms"][1]["results"].append(dict(v["arms"][1]["results"][0])),
    ),
    "treatment-related events also as all events": (
        "one-name",
        lambda v: v["arms"][1]["results"].extend(
            {"endpoint": name, "value": 58.9, "unit": "percent", "source": "S"}
            for name in ("grade3plus_TRAE", "grade3plus_AE")
        ),
    ),
    "a figure without source": ("figure-has-source", edit(0, 4, source="")),
    "read without address": ("read-has-address", lambda v: v["sources"]["S"].pop("url")),
    "four lines counted and one simulated": ("lines-named", lambda v: v["baseline"].update(prior_lines_median=4)),
    "pertuzumab counted and not simulated, as in DESTINY-Breast03 once": (
        "drugs-named", lambda v: v["baseline"].update(prior_pertuzumab_pct=61),
    ),
    "a result of a withheld trial": ("withheld-is-empty", lambda v: v.update(id="PATINA")),
}  # fmt: skip


def found_in(values: dict[str, Any]) -> set[str]:
    return {finding.rule for finding in check_record(record_from_mapping(values))}


def test_a_right_record_is_clean() -> None:
    assert check_record(record_from_mapping(copy.deepcopy(RIGHT))) == ()


@pytest.mark.parametrize(("rule", "slip"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_found(rule: str, slip: Callable[[dict[str, Any]], None]) -> None:
    values = copy.deepcopy(RIGHT)
    slip(values)
    assert rule in found_in(values)


def test_an_arm_that_a_cohort_does_not_have_is_found() -> None:
    """The reader refuses such a comparison in a file; a record made in Python may hold one."""
    from dataclasses import replace

    record = record_from_mapping(copy.deepcopy(RIGHT))
    wrong = replace(record, contrasts=(replace(record.contrasts[0], reference="older"),))
    assert "arms-exist" in {finding.rule for finding in check_record(wrong)}


def test_every_rule_has_a_slip_that_it_finds() -> None:
    """A rule that nothing can trip is not a rule; this counts the rules that the slips above trip."""
    tripped: set[Any] = set()
    for _, slip in SLIPS.values():
        values = copy.deepcopy(RIGHT)
        slip(values)
        case = case_of(record_from_mapping(values))
        tripped |= {rule for rule in RULES if next(rule(case), None) is not None}
    assert {rule.__name__ for rule in RULES} - {rule.__name__ for rule in tripped} == {"arms_exist"}


def test_the_withheld_trial_of_the_slip_is_withheld() -> None:
    assert role_of("PATINA") == "withheld"


def test_adjuvant_lines_do_not_count_as_lines_for_metastatic_disease_but_their_drugs_do() -> None:
    values = copy.deepcopy(RIGHT)
    values["baseline"].update(prior_lines_median=1, prior_trastuzumab_pct=60)
    values["eligibility"] = {"prior": [{"drugs": ["trastuzumab", "taxane"], "share": 0.6, "setting": "adjuvant"}]}
    assert found_in(values) == {"lines-named"}


@given(first=st.floats(0.0, 1.0), second=st.floats(0.0, 1.0))
def test_two_lines_with_a_drug_may_be_of_the_same_or_of_other_patients(first: float, second: float) -> None:
    """Any share from the larger of the two to their sum can be; one well outside cannot."""
    values = copy.deepcopy(RIGHT)
    values["eligibility"] = {
        "prior": [
            {"drugs": ["trastuzumab", "taxane"], "share": first},
            {"drugs": ["trastuzumab", "vinorelbine"], "share": second},
        ]
    }
    for share, possible in ((max(first, second), True), (min(first + second, 1.0), True), (first - 0.15, False)):
        if 0.0 <= share <= 1.0 and (possible or first >= second):
            values["baseline"]["prior_trastuzumab_pct"] = 100 * share
            assert ("drugs-named" not in found_in(values)) == possible


@given(
    ratio=st.floats(0.2, 3.0), error=st.floats(0.05, 0.5), digits=st.integers(2, 3)
)  # fmt: skip
def test_a_wald_interval_printed_to_two_or_three_digits_is_never_reported(
    ratio: float, error: float, digits: int
) -> None:
    values = copy.deepcopy(RIGHT)
    bounds = [round(ratio * math.exp(sign * 1.96 * error), digits) for sign in (-1, 1)]
    values["contrasts"] = [
        {"endpoint": "DFS", "arm": "new", "reference": "old", "hr": round(ratio, digits), "ci95": bounds, "source": "S"}
    ]
    assert "ratio-in-the-middle" not in found_in(values)
    assert "value-in-interval" not in found_in(values)


@given(number=st.integers(1, 99_999), digits=st.integers(0, 3))
def test_rounding_never_hides_a_digit(number: int, digits: int) -> None:
    """Half a digit is at least half of the last digit that was printed."""
    assert half_digit(number / 10**digits) >= 0.5 * 10**-digits - 1e-12
