"""Comparison of a simulated record with a published one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from her2sim.analysis.compare import compare
from her2sim.analysis.comparison import Compared, Comparison
from her2sim.core.errors import InputError
from her2sim.record.types import Arm, Assessment, Contrast, RegimenItem, Result, TrialRecord, Until


def arm(name: str, *results: Result, drugs: tuple[str, ...] = ()) -> Arm:
    items = tuple(RegimenItem(drug, None, None, Until("progression")) for drug in drugs)
    return Arm(name, 100, items, results)


def record(*arms: Arm, contrasts: tuple[Contrast, ...] = (), **changes: Any) -> TrialRecord:
    base = TrialRecord(
        "TRIAL", "breast", "metastatic-2L", arms, contrasts=contrasts, assessment=Assessment(assessor="BICR")
    )
    return replace(base, **changes)


def figure(endpoint: str, value: float | None, unit: str = "months", **more: Any) -> Result:
    return Result(endpoint, value, unit, read=more.pop("read", True), **more)


def one(comparison: Comparison) -> Compared:
    (row,) = comparison.rows
    return row


def versus(simulated: Result, published: Result) -> Compared:
    return one(compare(record(arm("A", simulated)), record(arm("A", published))))


class TestOneFigure:
    def test_difference_ratio_and_both_intervals(self) -> None:
        row = versus(
            figure("PFS_median", 12.0, pi90=(9.0, 15.0), ci95=(11.0, 13.0)),
            figure("PFS_median", 10.0, ci95=(8.0, 11.0)),
        )
        assert (row.difference, row.ratio) == (2.0, 1.2)
        assert row.inside_published is False
        assert row.inside_simulated is True  # within pi90, although outside ci95

    def test_one_replicate_is_judged_by_its_confidence_interval(self) -> None:
        row = versus(figure("ORR", 60.0, "percent", ci95=(55.0, 65.0)), figure("ORR", 70.0, "percent"))
        assert (row.inside_simulated, row.inside_published) == (False, None)
        assert row.ratio is None  # percentages are compared by points

    def test_weeks_and_days_are_months(self) -> None:
        weeks = versus(figure("PFS_median", 6.0), figure("PFS_median", 26.0, "weeks", ci95=(20.0, 30.0)))
        assert weeks.published == pytest.approx(26 * 7 / 30.4375)
        assert weeks.unit == "months"
        assert weeks.inside_published is True
        days = versus(figure("DoR_median", 10.0), figure("DoR_median", 304.375, "days"))
        assert days.difference == pytest.approx(0.0)

    def test_fractions_are_percent(self) -> None:
        assert versus(figure("ORR", 50.0, "percent"), figure("ORR", 0.5, "fraction")).difference == 0.0

    def test_units_without_common_ground_are_shown_but_not_subtracted(self) -> None:
        row = versus(figure("ILD", 10.0, "percent"), figure("ILD", 28.0, "patients", ci95=(1.0, 50.0)))
        assert (row.difference, row.inside_published) == (None, None)
        assert "units differ" in row.note

    def test_two_years_are_24_months(self) -> None:
        row = versus(figure("OS_rate_24mo", 70.0, "percent"), figure("OS_rate_2y", 69.0, "percent"))
        assert row.difference == 1.0

    def test_a_median_not_reached_in_the_trial_agrees_with_a_long_simulated_one(self) -> None:
        published = figure("OS_median", None, not_reached=True, ci95=(40.5, None))
        assert versus(figure("OS_median", 52.0), published).inside_published is True
        assert versus(figure("OS_median", 30.0), published).inside_published is False
        row = versus(figure("OS_median", 52.0), published)
        assert (row.published, row.difference, row.ratio) == (math.inf, None, None)

    def test_a_median_not_reached_in_the_simulation_does_not_pass_as_equal(self) -> None:
        row = versus(
            figure("OS_median", None, not_reached=True, pi90=(45.0, None)), figure("OS_median", 30.0, ci95=(25.0, 36.0))
        )
        assert (row.inside_published, row.inside_simulated, row.difference) == (False, False, None)
        assert versus(
            figure("OS_median", None, not_reached=True, pi90=(45.0, None)), figure("OS_median", 50.0)
        ).inside_simulated


class TestPartners:
    def test_central_readings_of_any_name_meet_bicr(self) -> None:
        simulated = record(
            arm("A", figure("ORR", 50.0, "percent", assessor="BICR"), figure("ORR", 60.0, "percent", assessor="INV"))
        )
        for words, value in (("IRF", 50.0), ("independent committee", 50.0), ("investigator", 60.0), ("", 50.0)):
            row = one(compare(simulated, record(arm("A", figure("ORR", 55.0, "percent", assessor=words)))))
            assert row.simulated == value, words

    def test_another_assessor_is_taken_if_there_is_no_other_and_said(self) -> None:
        row = versus(figure("ORR", 50.0, "percent", assessor="BICR"), figure("ORR", 55.0, "percent", assessor="INV"))
        assert "simulated by BICR" in row.note

    def test_unconfirmed_meets_unconfirmed(self) -> None:
        simulated = record(
            arm(
                "A",
                figure("ORR", 50.0, "percent", confirmed=True),
                figure("ORR", 58.0, "percent", confirmed=False),
            )
        )
        published = record(arm("A", figure("ORR_unconfirmed", 57.0, "percent"), figure("ORR", 51.0, "percent")))
        found = {row.endpoint: (row.simulated, row.published) for row in compare(simulated, published).primary()}
        assert found == {"ORR_unconfirmed": (58.0, 57.0), "ORR": (50.0, 51.0)}

    def test_confirmed_set_beside_unconfirmed_is_said(self) -> None:
        row = versus(figure("ORR", 50.0, "percent", confirmed=True), figure("ORR", 55.0, "percent", confirmed=False))
        assert "simulated responses are confirmed" in row.note

    def test_what_was_not_simulated_is_listed(self) -> None:
        found = compare(record(arm("A", figure("PFS_median", 9.0))), record(arm("A", figure("ILD", 10.0, "percent"))))
        assert found.rows == ()
        assert found.not_simulated == ("ILD",)


class TestArms:
    def test_names_match_without_regard_to_case_and_punctuation(self) -> None:
        found = compare(record(arm("T-DXd")), record(arm("tdxd")))
        assert found.arms == (("tdxd", "T-DXd"),)

    def test_regimens_match_where_names_do_not(self) -> None:
        simulated = record(arm("new", drugs=("trastuzumab", "docetaxel")), arm("old", drugs=("docetaxel",)))
        published = record(arm("TD", drugs=("docetaxel", "Trastuzumab")), arm("D", drugs=("docetaxel",)))
        assert compare(simulated, published).arms == (("TD", "new"), ("D", "old"))

    def test_two_arms_of_equal_drugs_are_not_guessed(self) -> None:
        simulated = record(arm("5.4", drugs=("x",)), arm("6.4", drugs=("x",)))
        published = record(arm("low", drugs=("x",)), arm("high", drugs=("x",)))
        found = compare(simulated, published)
        assert found.unmatched == ("low", "high")
        assert compare(simulated, published, {"low": "5.4", "high": "6.4"}).unmatched == ()

    def test_a_name_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(InputError, match="T-DXd"):
            compare(record(arm("T-DXd")), record(arm("P")), {"P": "TDXd"})


class TestPrimary:
    def test_read_then_main_assessor_then_latest_cut(self) -> None:
        published = record(
            arm(
                "A",
                figure("PFS_median", 25.1, assessor="INV", data_cut="2021-05", ci95=(22.1, None)),
                figure("PFS_median", 20.0, assessor="BICR", data_cut="2021-05"),
                figure("PFS_median", 28.8, assessor="BICR", data_cut="2022-07"),
                figure("PFS_median", 29.0, assessor="BICR", data_cut="2023-11", read=False),
            )
        )
        found = compare(record(arm("A", figure("PFS_median", 28.0, assessor="BICR"))), published)
        assert [row.published for row in found.primary()] == [28.8]
        assert len(found.rows) == 4
        assert found.rows[0].primary

    def test_each_arm_and_endpoint_has_exactly_one(self) -> None:
        results = (figure("PFS_median", 9.0), figure("PFS_median", 9.5), figure("ORR", 50.0, "percent"))
        found = compare(record(arm("A", *results), arm("B", *results)), record(arm("A", *results), arm("B", *results)))
        assert [(row.arm, row.endpoint) for row in found.primary()] == [
            ("A", "PFS_median"),
            ("A", "ORR"),
            ("B", "PFS_median"),
            ("B", "ORR"),
        ]


class TestContrasts:
    arms = (arm("T-DXd"), arm("T-DM1"))

    def test_hazard_ratios_are_compared_as_ratios(self) -> None:
        simulated = record(*self.arms, contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.4, pi90=(0.3, 0.5)),))
        published = record(*self.arms, contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.32, ci95=(0.26, 0.43)),))
        row = one(compare(simulated, published))
        assert row.endpoint == "PFS hazard ratio"
        assert row.ratio == pytest.approx(1.25)
        assert (row.inside_published, row.inside_simulated) == (True, True)

    def test_a_contrast_that_stands_the_other_way_is_turned_round(self) -> None:
        simulated = record(*self.arms, contrasts=(Contrast("OS", "T-DM1", "T-DXd", hr=2.0, pi90=(1.6, 2.5)),))
        published = record(*self.arms, contrasts=(Contrast("OS", "T-DXd", "T-DM1", hr=0.5),))
        row = one(compare(simulated, published))
        assert (row.simulated, row.ratio) == (0.5, 1.0)
        assert row.simulated_pi90 == pytest.approx((0.4, 0.625))

    def test_differences_of_rates_are_compared_by_points(self) -> None:
        simulated = record(
            *self.arms, contrasts=(Contrast("pCR", "T-DM1", "T-DXd", difference=-12.0, ci95=(-20.0, -4.0)),)
        )
        published = record(*self.arms, contrasts=(Contrast("pCR", "T-DXd", "T-DM1", difference=10.0),))
        row = one(compare(simulated, published))
        assert (row.simulated, row.difference, row.simulated_ci95) == (12.0, 2.0, (4.0, 20.0))

    def test_contrasts_of_unmatched_arms_are_left_out(self) -> None:
        simulated = record(arm("T-DXd"), contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.4),))
        published = record(*self.arms, contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.3),))
        assert compare(simulated, published).rows == ()


def test_score_counts_primary_figures_only() -> None:
    simulated = record(
        arm(
            "A",
            figure("PFS_median", 12.0, pi90=(9.0, 15.0)),
            figure("ORR", 60.0, "percent", pi90=(55.0, 66.0)),
            figure("OS_median", 20.0, pi90=(18.0, 22.0)),
        )
    )
    published = record(
        arm(
            "A",
            figure("PFS_median", 10.0, ci95=(8.0, 13.0)),
            figure("PFS_median", 90.0, read=False),
            figure("ORR", 70.0, "percent", ci95=(65.0, 75.0)),
            figure("OS_median", 30.0),
        )
    )
    score = compare(simulated, published).score()
    assert score.figures == 3
    assert score.inside_published == (1, 2)
    assert score.inside_simulated == (1, 3)
    assert score.median_fold_error == pytest.approx((1.2 + 1.5) / 2)
    assert score.median_points == 10.0


def test_text_names_values_intervals_verdicts_and_what_is_missing() -> None:
    simulated = record(arm("A", figure("PFS_median", 12.0, pi90=(9.0, None))))
    published = record(
        arm("A", figure("PFS_median", 10.0, ci95=(8.0, 11.0), read=False), figure("ILD", 3.0, "percent")), arm("B")
    )
    text = compare(simulated, published).text()
    assert "12.0 mo (9.0-NR)" in text
    assert "10.0 mo (8.0-11.0) *" in text
    assert "x1.20" in text
    assert "without a simulated one: B" in text
    assert "not simulated: ILD" in text
    assert "recalled" in text


def test_a_trial_without_published_figures_says_so() -> None:
    found = compare(record(arm("A", figure("ORR", 50.0, "percent"))), record(arm("A")))
    assert "No published figure" in found.text()
    assert found.score().figures == 0


def test_the_table_has_a_row_for_each_published_figure() -> None:
    simulated = record(arm("A", figure("PFS_median", 12.0, pi90=(9.0, None))))
    published = record(arm("A", figure("PFS_median", 10.0), figure("PFS_median", 11.0)))
    frame = compare(simulated, published).frame()
    assert frame["published"].tolist() == [11.0, 10.0]
    assert frame["simulated_pi90_low"].tolist() == [9.0, 9.0]
    assert frame["simulated_pi90_high"].isna().all()


def test_a_figure_of_a_stratum_is_no_partner_of_a_figure_of_all_patients() -> None:
    # EMILIA's record holds the OS of patients with brain metastases beside that of all patients
    from her2sim.evidence.base import load_record

    published = load_record("EMILIA")
    table = compare(published, published)
    control = [row for row in table.rows if row.arm == "lapatinib+capecitabine" and row.endpoint == "OS_median"]
    assert control
    assert all(row.published > 20 for row in control)
