"""Dose tables: who gets how much, when, over how long, into which state."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.engine.compile import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.drug_file import load_drug
from her2sim.model.module import assemble
from her2sim.model.pharmacokinetics import dose_state, pk_module
from her2sim.population.exposure import typical_pk
from her2sim.record.types import Dose, RegimenItem, Schedule, Until
from her2sim.trial.dosing import amount_mg, course_of, infusion_days, regimen_doses, share_slots

ON = Until("progression")
Q3W = Schedule(21.0)


def item(drug: str, dose: Dose | None = None, schedule: Schedule = Q3W, **rest: object) -> RegimenItem:
    return replace(RegimenItem(drug, dose or Dose(100.0, "mg"), schedule, ON), **rest)  # type: ignore[arg-type]


def table(*items: RegimenItem, n: int = 3, horizon: float = 60.0, **rest: object) -> DoseTable:
    drugs = {i.drug: load_drug(i.drug) for i in items}
    states = list(dict.fromkeys(dose_state(drugs[i.drug], i.route) for i in items))
    covariates = {
        "weight_kg": np.linspace(50.0, 90.0, n),
        "height_cm": np.full(n, 165.0),
        "creatinine_clearance_mL_per_min": np.full(n, 100.0),
    }
    options: dict[str, object] = {"seed": 1, "patients": np.arange(n), "pk": {}} | rest
    pk = options.pop("pk")
    return regimen_doses(items, drugs, covariates, pk, states, horizon, **options)  # type: ignore[arg-type]


def test_q3w_with_loading_and_weight() -> None:
    doses = table(item("trastuzumab", Dose(6.0, "mg/kg"), loading=Dose(8.0, "mg/kg")))
    second = doses.patient == 1
    assert doses.time[second].tolist() == [0.0, 21.0, 42.0]
    assert doses.amount[second].tolist() == [560.0, 420.0, 420.0]
    assert doses.duration[second].tolist() == pytest.approx([0.5 / 24] * 3)


def test_days_1_to_14_twice_daily_end_after_the_cycles_of_the_protocol() -> None:
    capecitabine = item(
        "capecitabine", Dose(1000.0, "mg/m2", per_day=2), Schedule(21.0, tuple(range(1, 15))), until=Until("cycles", 2)
    )
    doses = table(capecitabine, n=1, horizon=365.0)
    assert doses.time.size == 2 * 14 * 2
    assert doses.time[:3].tolist() == [0.0, 0.5, 1.0]
    assert doses.time.max() == 21.0 + 13.5
    assert doses.amount[0] == pytest.approx(1000.0 * np.sqrt(50.0 * 165.0 / 3600.0))
    assert doses.duration.max() == 0.0


def test_twice_daily_written_with_dose_and_schedule_counts_once() -> None:
    doses = table(item("tucatinib", Dose(300.0, "mg", per_day=2), Schedule(1.0, per_day=2)), n=1, horizon=1.0)
    assert doses.amount.tolist() == [300.0, 300.0]


def test_one_year_counts_from_the_start_of_the_item() -> None:
    course = course_of(item("pertuzumab", start_day=84.0, until=Until("days", 42.0)), 1000.0)
    assert course.time.tolist() == [84.0, 105.0]


def test_weekly_and_day_8_schedules() -> None:
    assert course_of(item("docetaxel", schedule=Schedule(21.0, (1, 8))), 30.0).time.tolist() == [0.0, 7.0, 21.0, 28.0]


def test_a_cap_limits_the_single_amount() -> None:
    doses = table(item("trastuzumab", Dose(6.0, "mg/kg", cap_mg=400.0)), horizon=1.0)
    assert doses.amount.tolist() == [300.0, 400.0, 400.0]


def test_escalation_starts_with_the_second_cycle_for_a_share_of_patients() -> None:
    docetaxel = item("docetaxel", Dose(75.0, "mg/m2"), escalate_to=Dose(100.0, "mg/m2"))
    doses = table(docetaxel, n=4000, horizon=40.0)
    first = doses.amount[doses.time == 0.0]
    second = doses.amount[doses.time == 21.0]
    escalated = second > first + 1.0
    share = load_drug("docetaxel").label.values["escalated_share"].value
    assert escalated.mean() == pytest.approx(share, abs=0.02)
    assert second[escalated] / first[escalated] == pytest.approx(np.full(escalated.sum(), 100 / 75))


def test_everyone_follows_a_planned_escalation() -> None:
    doses = table(item("trastuzumab", Dose(4.0, "mg/kg"), escalate_to=Dose(6.0, "mg/kg")), n=1, horizon=30.0)
    assert doses.amount.tolist() == [200.0, 300.0]


def test_alternatives_are_shared_out_and_each_patient_gets_one() -> None:
    doses = table(
        item("capecitabine", Dose(1000.0, "mg"), share=0.87),
        item("fluorouracil", Dose(1000.0, "mg"), share=0.13),
        item("cisplatin", Dose(80.0, "mg/m2")),
        n=3000,
        horizon=1.0,
    )
    oral, infused, everyone = (set(doses.patient[doses.target == k].tolist()) for k in range(3))
    assert not oral & infused
    assert len(oral | infused) == len(everyone) == 3000
    assert len(oral) / 3000 == pytest.approx(0.87, abs=0.02)


def test_a_patient_gets_the_same_alternative_in_every_arm_and_chunk() -> None:
    pair = (item("docetaxel", share=0.5), item("paclitaxel", share=0.5))
    all_at_once = table(*pair, n=50, horizon=1.0)
    alone = table(*pair, n=1, horizon=1.0, patients=np.array([31]))
    assert alone.target[0] == all_at_once.target[all_at_once.patient == 31][0]


def test_bolus_and_infusion_of_one_drug_go_together() -> None:
    slots = share_slots(
        [
            item("5-FU", share=0.4),
            item("capecitabine", share=0.6),
            item("5-FU", share=0.4),
            item("docetaxel", share=0.5),
        ]
    )
    assert slots[0] == slots[2]
    assert slots[3][0] == 1, "a full interval opens a new group"


@given(shares=st.lists(st.floats(0.05, 0.95), min_size=1, max_size=6))
def test_slots_of_a_group_never_overlap(shares: list[float]) -> None:
    slots = share_slots([item(f"drug {i}", share=share) for i, share in enumerate(shares)])
    for group in {slot[0] for slot in slots}:
        spans = sorted((low, high) for g, low, high in slots if g == group)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert spans[-1][1] <= 1.0 + 1e-3


def test_bioavailability_and_lag_enter_the_table() -> None:
    pk = {"F_tucatinib": np.array([0.5]), "tlag_tucatinib_day": np.array([0.02])}
    doses = table(item("tucatinib", schedule=Schedule(1.0), route="po"), n=1, horizon=1.5, pk=pk)
    assert doses.amount.tolist() == [50.0, 50.0]
    assert doses.time.tolist() == [0.02, 1.02]


def test_treatment_stops_on_the_stop_day_and_cuts_a_running_inflow() -> None:
    tablets = item("tucatinib", Dose(300.0, "mg", per_day=2), Schedule(1.0))
    stop = np.array([10.0, 0.0, 1e9])
    doses = table(tablets, stop_days=stop, oral_as_daily_rate=True)
    assert doses.patient.tolist() == [0, 2]
    assert doses.amount.tolist() == pytest.approx([6000.0, 36000.0])
    assert doses.duration.tolist() == pytest.approx([10.0, 60.0])
    single = table(tablets, stop_days=stop)
    assert (single.patient == 0).sum() == 20


@settings(max_examples=25, deadline=None)
@given(per_day=st.integers(1, 3), last=st.integers(2, 21), horizon=st.floats(1.0, 200.0))
def test_the_inflow_carries_exactly_the_milligrams_of_the_tablets(per_day: int, last: int, horizon: float) -> None:
    tablets = item("tucatinib", Dose(300.0, "mg", per_day=per_day), Schedule(21.0, tuple(range(1, last + 1))))
    one, many = (table(tablets, n=1, horizon=horizon, oral_as_daily_rate=flag) for flag in (True, False))
    assert one.amount.sum() == pytest.approx(many.amount.sum(), rel=1e-12)
    assert one.time.size <= np.ceil(horizon / 21.0)


def test_the_inflow_keeps_the_mean_concentration_of_tablets() -> None:
    drug, one = load_drug("tucatinib"), np.array([0])
    pk = typical_pk(drug, "breast", {}, 1)
    system = assemble("pk", [pk_module(drug, "breast")])
    tablets = item("tucatinib", Dose(300.0, "mg", per_day=2), Schedule(1.0))
    model = compile_model(system, varying=(), outputs=("C_tucatinib_mg_per_L",), backend="reference")
    days = np.linspace(9.0, 10.0, 481)
    means = [
        model.solve(
            np.zeros((1, 0)),
            days,
            doses=regimen_doses(
                [tablets], {"tucatinib": drug}, {}, pk, system.state_names, 10.0, seed=1, patients=one,
                oral_as_daily_rate=flag,
            ),
        ).values[0, :, 0].mean()
        for flag in (True, False)
    ]  # fmt: skip
    assert means[0] == pytest.approx(means[1], rel=0.01)


def test_words_of_the_record_set_the_length_of_an_infusion() -> None:
    fluorouracil = load_drug("5-FU")
    assert infusion_days(item("5-FU"), fluorouracil) == 1.0
    assert infusion_days(item("5-FU", Dose(400.0, "mg/m2", text="400 mg/m2 bolus")), fluorouracil) == 0.0
    assert infusion_days(item("5-FU", note="over 90 min"), fluorouracil) == pytest.approx(1 / 16)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (item("trastuzumab", Dose(1e6, "cells")), "cells"),
        (item("trastuzumab", Dose(6.0, "AUC")), "AUC"),
        (item("trastuzumab", schedule=Schedule(7.0, (1, 9))), "9"),
        (replace(item("trastuzumab"), dose=None), "no dose"),
        (replace(item("trastuzumab"), schedule=None), "no schedule"),
    ],
)
def test_a_dose_that_cannot_be_given_is_refused_in_words(wrong: RegimenItem, words: str) -> None:
    with pytest.raises(InputError, match=words):
        table(wrong)


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(InputError, match="weight_kg"):
        amount_mg(Dose(6.0, "mg/kg"), load_drug("trastuzumab"), {}, 2)


def test_three_years_of_tablets_of_a_thousand_patients_take_less_than_two_seconds() -> None:
    tablets = item("tucatinib", Dose(300.0, "mg", per_day=2), Schedule(1.0))
    start = time.perf_counter()
    doses = table(tablets, n=1000, horizon=1096.0)
    assert doses.time.size == 1000 * 2 * 1096
    assert time.perf_counter() - start < 2.0
