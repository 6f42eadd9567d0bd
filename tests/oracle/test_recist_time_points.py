"""The response at one visit, against the tables and sentences of RECIST 1.1 and the clarifications of its authors.

Eisenhauer EA et al. Eur J Cancer 2009;45:228, doi:10.1016/j.ejca.2008.10.026; EORTC questions and clarifications,
https://recist.eortc.org/recist-1-1-2/.
"""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.recist import assess
from her2sim.endpoints.response import LABELS, NONTARGET_CODES, Response
from her2sim.endpoints.rules import recist_rules
from her2sim.endpoints.time_point import TimePoints

NAN = float("nan")
NO_NONTARGET = "NOT_PRESENT"


def read(
    *visits: tuple[float, ...],
    nontarget: tuple[str, ...] | str = NO_NONTARGET,
    new: tuple[bool, ...] = (),
    nodes: tuple[bool, ...] = (),
    days: tuple[float, ...] = (),
    too_small: np.ndarray | None = None,
    exists: tuple[bool, ...] = (),
    after_cr: str = "progression",
) -> TimePoints:
    """Responses of one patient whose targets (mm) are given visit by visit, baseline first."""
    n_visits = len(visits)
    words = (nontarget,) * n_visits if isinstance(nontarget, str) else nontarget
    readings = Readings(
        day=np.array([days or tuple(42.0 * k for k in range(n_visits))]),
        target_mm=np.array([visits], dtype=float).reshape(1, n_visits, -1),
        nontarget=np.array([[NONTARGET_CODES.index(word) for word in words]]),
        new_lesion=np.array([new or (False,) * n_visits]),
        is_node=np.array([nodes]) if nodes else None,
        too_small=too_small,
        target_exists=np.array([exists]) if exists else None,
    )
    return assess(readings, recist_rules(after_cr=after_cr)).visits


def overall(points: TimePoints) -> list[str]:
    return [LABELS[code] for code in points.overall[0, 1:]]


def status(points: TimePoints) -> list[str]:
    return [Response(code).name for code in points.targets.status[0, 1:]]


TARGETS = {
    "CR": (0.0, 0.0),
    "PR": (30.0, 30.0),
    "SD": (50.0, 45.0),
    "PD": (70.0, 60.0),
    "not all evaluated": (50.0, NAN),
}


@pytest.mark.parametrize(
    ("target", "nontarget", "new", "expected"),
    [
        ("CR", "CR", False, "CR"),
        ("CR", "NON_CR_NON_PD", False, "PR"),
        ("CR", "NE", False, "PR"),
        ("PR", "CR", False, "PR"),
        ("PR", "NON_CR_NON_PD", False, "PR"),
        ("PR", "NE", False, "PR"),
        ("SD", "CR", False, "SD"),
        ("SD", "NON_CR_NON_PD", False, "SD"),
        ("SD", "NE", False, "SD"),
        ("not all evaluated", "CR", False, "NE"),
        ("not all evaluated", "NON_CR_NON_PD", False, "NE"),
        ("not all evaluated", "NE", False, "NE"),
        ("PD", "CR", False, "PD"),
        ("PD", "NE", True, "PD"),
        ("CR", "PD", False, "PD"),
        ("PR", "PD", False, "PD"),
        ("not all evaluated", "PD", True, "PD"),
        ("CR", "CR", True, "PD"),
        ("PR", "NON_CR_NON_PD", True, "PD"),
        ("SD", "NE", True, "PD"),
        ("not all evaluated", "NON_CR_NON_PD", True, "PD"),
    ],
)
def test_overall_response_with_target_disease_as_in_Eisenhauer2009_table1(
    target: str, nontarget: str, new: bool, expected: str
) -> None:
    points = read((50.0, 50.0), TARGETS[target], nontarget=("NON_CR_NON_PD", nontarget), new=(False, new))
    assert overall(points) == [expected]


@pytest.mark.parametrize(
    ("nontarget", "new", "expected"),
    [
        ("CR", False, "CR"),
        ("NON_CR_NON_PD", False, "NON-CR/NON-PD"),
        ("NE", False, "NE"),
        ("PD", False, "PD"),
        ("PD", True, "PD"),
        ("CR", True, "PD"),
        ("NON_CR_NON_PD", True, "PD"),
        ("NE", True, "PD"),
    ],
)
def test_overall_response_without_target_disease_as_in_Eisenhauer2009_table2(
    nontarget: str, new: bool, expected: str
) -> None:
    points = read((NAN,), (NAN,), nontarget=("NON_CR_NON_PD", nontarget), new=(False, new))
    assert status(points) == ["NOT_PRESENT"]
    assert overall(points) == [expected]


def test_targets_alone_gone_are_a_complete_response_as_in_Eisenhauer2009_section_4_4() -> None:
    assert overall(read((20.0,), (0.0,))) == ["CR"]


def test_a_patient_without_any_disease_has_no_evidence_of_disease_as_in_CDISC() -> None:
    assert overall(read((NAN,), (NAN,), (NAN,), new=(False, False, True))) == ["NED", "PD"]


class TestTargetsAsInEisenhauer2009Section43:
    def test_thirty_percent_less_than_baseline_is_partial_response(self) -> None:
        assert status(read((60.0, 40.0), (42.0, 28.0))) == ["PR"]

    def test_a_little_less_than_thirty_percent_is_stable(self) -> None:
        assert status(read((60.0, 40.0), (42.0, 28.1))) == ["SD"]

    def test_twenty_percent_over_nadir_is_progression(self) -> None:
        assert status(read((100.0,), (120.0,))) == ["PD"]

    def test_a_little_less_than_twenty_percent_is_stable(self) -> None:
        assert status(read((100.0,), (119.9,))) == ["SD"]

    def test_twenty_percent_but_less_than_5_mm_is_not_progression(self) -> None:
        assert status(read((20.0,), (24.5,))) == ["SD"]

    def test_twenty_percent_and_exactly_5_mm_is_progression(self) -> None:
        assert status(read((20.0,), (25.0,))) == ["PD"]

    def test_5_mm_but_less_than_twenty_percent_is_not_progression(self) -> None:
        assert status(read((50.0,), (56.0,))) == ["SD"]

    def test_nadir_is_the_smallest_sum_on_study_not_the_baseline(self) -> None:
        points = read((100.0,), (50.0,), (61.0,))
        assert status(points) == ["PR", "PD"]
        assert points.targets.nadir_mm[0].tolist()[1:] == [100.0, 50.0]

    def test_nadir_includes_the_baseline_if_that_is_the_smallest(self) -> None:
        assert status(read((50.0,), (58.0,), (60.0,))) == ["SD", "PD"]

    def test_progression_wins_over_a_sum_still_thirty_percent_below_baseline(self) -> None:
        assert status(read((100.0,), (40.0,), (50.0,))) == ["PR", "PD"]

    def test_a_sum_back_above_seventy_percent_but_below_progression_is_stable(self) -> None:
        assert status(read((100.0,), (68.0,), (75.0,))) == ["PR", "SD"]

    def test_growth_from_nadir_does_not_count_sums_with_a_missing_lesion(self) -> None:
        # 10 + missing is no sum of 10: the nadir stays 60
        assert status(read((30.0, 30.0), (10.0, NAN), (30.0, 31.0))) == ["NE", "SD"]

    def test_slow_growth_adds_up_since_the_nadir(self) -> None:
        assert status(read((50.0,), (54.0,), (58.0,), (62.0,))) == ["SD", "SD", "PD"]


class TestNodesAsInEisenhauer2009Section43:
    def test_nodes_below_10_mm_are_normal_so_the_sum_of_a_complete_response_need_not_be_zero(self) -> None:
        points = read((20.0, 18.0), (9.0, 0.0), nodes=(True, False))
        assert status(points) == ["CR"]
        assert points.targets.sum_mm[0, 1] == 9.0

    def test_a_node_of_10_mm_is_not_normal(self) -> None:
        assert status(read((20.0, 18.0), (10.0, 0.0), nodes=(True, False))) == ["PR"]

    def test_another_lesion_of_5_mm_is_not_gone(self) -> None:
        assert status(read((20.0, 18.0), (9.0, 5.0), nodes=(True, False))) == ["PR"]

    def test_normal_nodes_that_grow_but_stay_normal_are_no_progression(self) -> None:
        assert status(read((20.0,), (3.0,), (9.0,), nodes=(True,))) == ["CR", "CR"]

    def test_a_node_back_at_10_mm_has_reappeared_as_in_EORTC_clarification_abnormal_lymph_node(self) -> None:
        points = read((20.0,), (9.0,), (11.0,), nodes=(True,))
        assert overall(points) == ["CR", "PD"]


class TestMissingLesionsAsInEisenhauer2009Section444:
    def test_progression_can_be_called_from_the_lesions_that_were_measured(self) -> None:
        # "baseline sum 50 mm, three lesions; at follow-up two were assessed, but their sum was 80 mm" is progression
        points = read((15.0, 15.0, 20.0), (40.0, 40.0, NAN))
        assert overall(points) == ["PD"]
        assert np.isnan(points.targets.sum_mm[0, 1])

    def test_without_enough_growth_of_the_measured_ones_the_visit_is_not_evaluable(self) -> None:
        assert overall(read((15.0, 15.0, 20.0), (15.0, 5.0, NAN))) == ["NE"]

    def test_a_new_lesion_is_progression_although_targets_were_not_measured(self) -> None:
        assert overall(read((15.0, 15.0), (NAN, NAN), new=(False, True))) == ["PD"]

    def test_a_visit_that_was_not_done_has_no_response_whatever_stands_in_its_row(self) -> None:
        points = read((15.0,), (40.0,), (15.0,), days=(0.0, NAN, 84.0), new=(False, True, False))
        assert overall(points) == ["", "SD"]

    def test_a_target_that_was_never_measured_at_baseline_leaves_no_reference(self) -> None:
        assert overall(read((30.0, NAN), (10.0, 10.0), (40.0, 40.0), exists=(True, True))) == ["NE", "NE"]

    def test_targets_that_a_patient_does_not_have_are_not_missing(self) -> None:
        assert overall(read((30.0, NAN), (10.0, NAN))) == ["PR"]


class TestSmallLesions:
    def test_too_small_to_measure_counts_as_5_mm_as_in_Eisenhauer2009_section_4_3_2(self) -> None:
        small = np.zeros((1, 2, 2), dtype=bool)
        small[0, 1, 1] = True
        points = read((20.0, 20.0), (10.0, NAN), too_small=small)
        assert points.targets.sum_mm[0, 1] == 15.0
        assert status(points) == ["PR"]

    def test_a_measurable_lesion_below_5_mm_keeps_its_size_as_in_EORTC_clarification(self) -> None:
        assert read((20.0, 20.0), (10.0, 3.5)).targets.sum_mm[0, 1] == 13.5

    def test_a_target_of_0_mm_at_baseline_is_no_target_and_a_new_lesion_if_seen_later(self) -> None:
        points = read((30.0, 0.0), (30.0, 0.0), (30.0, 8.0))
        assert overall(points) == ["SD", "PD"]
        assert points.new_lesion[0].tolist() == [False, False, True]

    def test_a_baseline_sum_of_0_is_no_measurable_disease(self) -> None:
        assert status(read((0.0, 0.0), (0.0, 0.0))) == ["NOT_PRESENT"]


class TestAfterCompleteResponse:
    def test_disease_after_a_complete_response_is_progression_as_in_Eisenhauer2009_table3_footnote(self) -> None:
        # 4 mm: neither +5 mm nor more than 70 % of baseline, so by tables 1 alone a partial response
        assert overall(read((50.0,), (0.0,), (4.0,))) == ["CR", "PD"]

    def test_nontarget_disease_after_a_complete_response_is_progression_too(self) -> None:
        seen = ("NON_CR_NON_PD", "CR", "NON_CR_NON_PD")
        assert overall(read((50.0,), (0.0,), (0.0,), nontarget=seen)) == ["CR", "PD"]

    def test_a_visit_in_between_that_shows_nothing_does_not_lift_the_rule(self) -> None:
        assert overall(read((50.0,), (0.0,), (NAN,), (4.0,))) == ["CR", "NE", "PD"]

    def test_a_partly_read_scan_without_disease_is_not_evaluable_rather_than_progression(self) -> None:
        seen = ("NON_CR_NON_PD", "CR", "NE", "CR")
        assert overall(read((50.0,), (0.0,), (0.0,), (0.0,), nontarget=seen)) == ["CR", "NE", "CR"]

    def test_unconfirmed_it_may_be_read_as_partial_response_both_times_as_in_EORTC_clarification(self) -> None:
        points = read((50.0,), (0.0,), (4.0,), after_cr="partial_if_unconfirmed")
        assert overall(points) == ["PR", "PR"]

    def test_confirmed_it_stays_complete_and_disease_is_progression_as_in_EORTC_clarification(self) -> None:
        points = read((50.0,), (0.0,), (0.0,), (4.0,), after_cr="partial_if_unconfirmed")
        assert overall(points) == ["CR", "CR", "PD"]

    def test_a_lesion_that_disappears_and_reappears_within_a_partial_response_adds_to_the_sum(self) -> None:
        # EORTC clarification: not automatically progression
        points = read((40.0, 20.0), (20.0, 0.0), (18.0, 4.0))
        assert overall(points) == ["PR", "PR"]


def test_a_slightly_larger_sum_within_a_response_is_continued_response_as_in_EORTC_clarification_of_SD() -> None:
    # "165 mm at baseline, 63 mm at week 8 and 65 mm at week 16: the response at week 16 is continued partial response"
    assert overall(read((165.0,), (63.0,), (65.0,))) == ["PR", "PR"]
