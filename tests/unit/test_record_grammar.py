"""The words of a protocol: what each means, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.record.grammar import (
    parse_amount,
    parse_dose,
    parse_scans,
    parse_schedule,
    parse_span,
    parse_start,
    parse_until,
)
from her2sim.record.grammar.dose import dose_limits


@pytest.mark.parametrize(
    ("text", "amount", "unit", "per_day"),
    [
        ("5.4 mg/kg", 5.4, "mg/kg", 1),
        ("75 mg/m2", 75.0, "mg/m2", 1),
        ("75mg/m²", 75.0, "mg/m2", 1),
        ("840 mg", 840.0, "mg", 1),
        ("2 g bid", 2000.0, "mg", 2),
        ("1000 mg/m2 bid", 1000.0, "mg/m2", 2),
        ("2000 mg/m2/d", 2000.0, "mg/m2", 1),
        ("AUC 6", 6.0, "AUC", 1),
        ("AUC6", 6.0, "AUC", 1),
        ("250 µg", 250.0, "ug", 1),
        ("1e8 cells/m2", 1e8, "cells/m2", 1),
        ("1,250 MG", 1250.0, "mg", 1),
    ],
)
def test_a_dose_in_protocol_words(text: str, amount: float, unit: str, per_day: int) -> None:
    dose = parse_amount(text)
    assert (dose.amount, dose.unit, dose.per_day, dose.text) == (amount, unit, per_day, text)


def test_a_dose_that_may_be_raised_or_is_capped() -> None:
    raised = parse_dose("75 mg/m2 (to 100)")
    assert raised.escalate_to is not None
    assert (raised.dose.amount, raised.escalate_to.amount, raised.escalate_to.unit) == (75.0, 100.0, "mg/m2")
    assert parse_dose("75 mg/m2 (max 150 mg)").dose.cap_mg == 150.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5.4", "no unit"),
        ("5.4 mg/lb", "mg/kg"),
        ("0 mg", "above 0"),
        ("-5 mg", "above 0"),
        ("5400 mg/kg", "200 mg/kg"),
        ("1e6 mg", "100000 mg"),
        ("AUC 60", "AUC"),
        ("75-100 mg/m2", "is not a dose"),
        ("5.4 or 6.4 mg/kg", "is not a dose"),
        ("mg/m2", "is not a dose"),
        ("100 mg/m2 (to 75)", "does not go up"),
        ("75 mg/m2 (to 100 mg/kg)", "does not go up"),
        ("75 mg/m2 (max 2 mg/kg)", "must be in mg"),
        ("", "is not a dose"),
    ],
)
def test_a_dose_that_is_refused_says_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parse_dose(text, "trial.yaml:7: arms[0].regimen[0].dose")
    assert caught.value.text().startswith("trial.yaml:7: arms[0].regimen[0].dose: ")


@given(st.sampled_from(sorted(dose_limits())), st.floats(1e-6, 1.0))
def test_every_amount_up_to_the_limit_of_its_unit_is_read_and_none_above(unit: str, part: float) -> None:
    high = dose_limits()[unit].high
    words = "AUC {}" if unit == "AUC" else f"{{}} {unit}"
    amount = float(f"{part * high:.8e}")
    if 0 < amount <= high:
        assert parse_amount(words.format(f"{amount:.8e}")).amount == amount
    with pytest.raises(InputError):
        parse_amount(words.format(f"{high * (1.001 + part):.8e}"))


@pytest.mark.parametrize(
    ("text", "cycle", "days", "per_day"),
    [
        ("q3w", 21.0, (1,), 1),
        ("q1w", 7.0, (1,), 1),
        ("qw", 7.0, (1,), 1),
        ("weekly", 7.0, (1,), 1),
        ("q4w", 28.0, (1,), 1),
        ("Q21D", 21.0, (1,), 1),
        ("daily", 1.0, (1,), 1),
        ("bid", 1.0, (1,), 2),
        ("tid", 1.0, (1,), 3),
        ("d1,8 q3w", 21.0, (1, 8), 1),
        ("d1, 8, 15 q4w", 28.0, (1, 8, 15), 1),
        ("d1-14 q3w", 21.0, tuple(range(1, 15)), 1),
        ("bid d1-14 q21d", 21.0, tuple(range(1, 15)), 2),
        ("q3w d1-2,8", 21.0, (1, 2, 8), 1),
    ],
)
def test_a_schedule_in_protocol_words(text: str, cycle: float, days: tuple[int, ...], per_day: int) -> None:
    schedule = parse_schedule(text).schedule
    assert (schedule.cycle_days, schedule.days, schedule.per_day, schedule.text) == (cycle, days, per_day, text)


def test_a_schedule_may_say_the_number_of_cycles() -> None:
    until = parse_schedule("weekly x12").until
    assert until is not None
    assert (until.kind, until.value) == ("cycles", 12.0)
    assert parse_schedule("q3w").until is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("q3v", "q3w"),
        ("d1,8", "without a cycle|no cycle"),
        ("d1,29 q4w", "do not fit"),
        ("d8,1 q3w", "do not fit"),
        ("d0 q3w", "do not fit"),
        ("q0w", "cycle of 0 days"),
        ("q99w", "cycle of 693 days"),
        ("bid q3w", "which days"),
        ("q3w q4w", "'q3w' and 'q4w'"),
        ("q3w x0", "0 cycles"),
        ("", "no cycle"),
        ("d1-99999999999 q3w", "do not fit"),
        ("every so often", "not part of a schedule"),
    ],
)
def test_a_schedule_that_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_schedule(text)


@given(st.sets(st.integers(1, 28), min_size=1))
def test_days_of_a_schedule_are_read_as_they_are_listed(days: set[int]) -> None:
    listed = tuple(sorted(days))
    assert parse_schedule(f"d{','.join(map(str, listed))} q4w").schedule.days == listed


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("progression", "progression", None),
        ("PD", "progression", None),
        ("progression or toxicity", "progression", None),
        ("6 cycles", "cycles", 6.0),
        (">=6 cycles", "cycles", 6.0),
        ("35 cycles or progression", "cycles", 35.0),
        ("1 year", "days", 365.25),
        ("24 weeks", "days", 168.0),
        ("week 12", "days", 84.0),
        ("surgery", "surgery", None),
    ],
)
def test_a_stopping_rule_keeps_its_words(text: str, kind: str, value: float | None) -> None:
    until = parse_until(text)
    assert (until.kind, until.value, until.text) == (kind, value, text)


def test_a_point_of_the_study_is_counted_from_the_start_of_the_drug() -> None:
    assert parse_until("week 24", start_day=parse_start("week 13")).value == 84.0
    with pytest.raises(InputError, match="ends before the drug starts"):
        parse_until("week 12", start_day=parse_start("week 13"))


@pytest.mark.parametrize("text", ["6", "6-8 cycles", "0 cycles", "whenever", "cycles 6", "90 years", ""])
def test_a_stopping_rule_that_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_until(text)


@given(st.integers(1, 520))
def test_week_n_starts_after_n_minus_one_weeks(week: int) -> None:
    assert parse_start(f"week {week}") == parse_start(f"day {7 * (week - 1) + 1}") == 7.0 * (week - 1)


@pytest.mark.parametrize("text", ["6", "6 fortnights", "-6 weeks", "0 weeks", "41 years"])
def test_a_length_of_time_that_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_span(text)


@given(st.lists(st.tuples(st.integers(1, 26), st.integers(1, 40)), min_size=1, max_size=4))
def test_a_scan_calendar_reads_back_its_steps(parts: list[tuple[int, int]]) -> None:
    week, steps, words = 0, [], ""
    for number, (every, length) in enumerate(parts):
        steps.append((7.0 * week, 7.0 * every))
        words += f"{' then ' if number else ''}{every} weeks"
        week += length
        if number < len(parts) - 1:
            words += f" to week {week}"
    assert parse_scans(words) == tuple(steps)


@pytest.mark.parametrize(
    "text", ["6", "6 weeks then 9 weeks", "6 weeks to week 24", "6 weeks to week 9 then 6 weeks to week 8 then 9 weeks"]
)
def test_a_scan_calendar_that_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_scans(text)
