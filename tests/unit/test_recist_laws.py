"""Laws of RECIST that hold for all readings, and a second, plain reading of the rules patient by patient."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.endpoints.best_response import best_response
from her2sim.endpoints.readings import Readings
from her2sim.endpoints.recist import Assessment, assess
from her2sim.endpoints.response import LABELS, Response
from her2sim.endpoints.rules import RecistRules, best_response_table, recist_rules, time_point_table

RANK = {"CR": 0, "PR": 1, "SD": 2, "NON-CR/NON-PD": 2, "NED": 2, "PD": 3, "NE": 4}
VISIT = st.sampled_from(["CR", "PR", "SD", "PD", "NE", ""])


def random_readings(seed: int, patients: int, visits: int, targets: int = 3) -> Readings:
    """Wandering lesions of all kinds: gone ones, missing ones, nodes, missed visits, new lesions."""
    random = stream(seed, 0, "test/recist")
    steps = random.lognormal(-0.05, 0.25, (patients, visits - 1, targets))
    size = np.cumprod(np.concatenate([random.uniform(10, 50, (patients, 1, targets)), steps], axis=1), axis=1)
    size[:, 1:] *= random.random((patients, visits - 1, targets)) > 0.1
    size[random.random(size.shape) < 0.03] = np.nan
    day = np.tile(np.arange(visits) * 42.0, (patients, 1)) + random.uniform(-5, 5, (patients, visits))
    day[:, 0] = 0.0
    day[:, 1:][random.random((patients, visits - 1)) < 0.05] = np.nan
    return Readings(
        day=day,
        target_mm=size,
        nontarget=random.choice([0, 1, 1, 1, 3, 4], (patients, visits)),
        new_lesion=np.logical_or.accumulate(random.random((patients, visits)) < 0.02, axis=1),
        is_node=random.random((patients, targets)) < 0.3,
    )


def plain_best_response(days: list[float], visits: list[str], rules: RecistRules, confirm: bool) -> str:
    """Best overall response of one patient, written as one would say it."""
    until = visits.index("PD") + 1 if "PD" in visits else len(visits)
    seen = list(zip(days, visits, strict=True))[:until]

    def counts(place: int, good: tuple[str, ...], may_skip_stable: bool) -> bool:
        if seen[place][1] not in good:
            return False
        if not confirm:
            return True
        for later in range(place + 1, len(seen)):
            between = [word for _, word in seen[place + 1 : later]]
            unread = sum(word in ("NE", "") for word in between)
            stable = between.count("SD")
            others = [word for word in between if word not in (*good, "NE", "", "SD")]
            allowed = rules.max_sd_between if may_skip_stable else 0
            far = seen[later][0] - seen[place][0] >= rules.confirmation_days
            fits = unread <= rules.max_ne_between and stable <= allowed and not others
            if seen[later][1] in good and far and fits:
                return True
        return False

    for best, good in (("CR", ("CR",)), ("PR", ("CR", "PR"))):
        if any(counts(place, good, best == "PR") for place in range(len(seen))):
            return best
    if any(word in ("CR", "PR", "SD") and day >= rules.stable_min_days for day, word in seen):
        return "SD"
    return "PD" if "PD" in visits else "NE"


@settings(max_examples=300, deadline=None)
@given(
    visits=st.lists(VISIT, min_size=1, max_size=8),
    gaps=st.lists(st.sampled_from([14.0, 27.0, 28.0, 42.0]), min_size=8, max_size=8),
    max_ne=st.integers(0, 2),
    max_sd=st.integers(0, 1),
)
def test_vectors_agree_with_a_plain_reading_of_the_rules(
    visits: list[str], gaps: list[float], max_ne: int, max_sd: int
) -> None:
    rules = recist_rules(max_ne_between=max_ne, max_sd_between=max_sd)
    days = np.cumsum(gaps)[: len(visits)].tolist()
    codes = np.array([[0, *(LABELS.index(word) for word in visits)]], dtype=np.int8)
    day = np.array([[0.0, *(at if word else np.nan for at, word in zip(days, visits, strict=True))]])
    found = best_response(day, codes, rules, np.array([True]))
    assert LABELS[found.confirmed[0]] == plain_best_response(days, visits, rules, confirm=True)
    assert LABELS[found.unconfirmed[0]] == plain_best_response(days, visits, rules, confirm=False)


def same(first: Assessment, second: Assessment) -> None:
    np.testing.assert_array_equal(first.visits.overall, second.visits.overall)
    np.testing.assert_array_equal(first.best.confirmed, second.best.confirmed)
    np.testing.assert_array_equal(first.best.confirmed_day, second.best.confirmed_day)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_confirmed_is_never_better_than_unconfirmed_nor_earlier(seed: int) -> None:
    found = assess(random_readings(seed, 50, 10)).best
    for confirmed, unconfirmed in zip(found.confirmed, found.unconfirmed, strict=True):
        assert RANK[LABELS[confirmed]] >= RANK[LABELS[unconfirmed]]
    both = ~np.isnan(found.confirmed_day)
    assert np.all(found.confirmed_day[both] >= found.unconfirmed_day[both])
    responders = np.isin(found.confirmed, [Response.CR, Response.PR])
    np.testing.assert_array_equal(responders, both)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_patients_do_not_influence_each_other(seed: int) -> None:
    readings = random_readings(seed, 30, 8)
    order = stream(seed, 1, "test/order").permutation(30)
    shuffled = Readings(
        readings.day[order],
        readings.target_mm[order],
        readings.nontarget[order],
        readings.new_lesion[order],
        None if readings.is_node is None else readings.is_node[order],
    )
    whole, part = assess(readings), assess(shuffled)
    np.testing.assert_array_equal(whole.visits.overall[order], part.visits.overall)
    np.testing.assert_array_equal(whole.best.confirmed[order], part.best.confirmed)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_targets_does_not_matter(seed: int) -> None:
    readings = random_readings(seed, 30, 8)
    nodes = readings.nodes()[:, ::-1]
    mirrored = Readings(
        readings.day, readings.target_mm[:, :, ::-1], readings.nontarget, readings.new_lesion, np.array(nodes)
    )
    same(assess(readings), assess(mirrored))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_visits_that_were_not_done_at_the_end_change_nothing(seed: int) -> None:
    readings = random_readings(seed, 30, 8)
    pad = ((0, 0), (0, 3))
    padded = Readings(
        np.pad(readings.day, pad, constant_values=np.nan),
        np.pad(readings.target_mm, (*pad, (0, 0)), constant_values=np.nan),
        np.pad(readings.nontarget, pad),
        np.pad(readings.new_lesion, pad),
        readings.is_node,
    )
    first, second = assess(readings), assess(padded)
    np.testing.assert_array_equal(first.visits.overall, second.visits.overall[:, :8])
    np.testing.assert_array_equal(first.best.confirmed, second.best.confirmed)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_nadir_never_rises_and_every_target_progression_is_over_it(seed: int) -> None:
    readings = random_readings(seed, 40, 10)
    targets = assess(readings).visits.targets
    assert np.all(np.diff(targets.nadir_mm[:, 1:], axis=1)[~np.isnan(targets.nadir_mm[:, 1:-1])] <= 0.0)
    grown = (targets.status == Response.PD) & ~np.isnan(targets.sum_mm)
    assert np.all(targets.sum_mm[grown] - targets.nadir_mm[grown] >= 5.0 - 1e-6)


@given(seed=st.integers(0, 10_000), cut=st.integers(50, 300))
@settings(max_examples=20, deadline=None)
def test_a_cutoff_equals_never_having_seen_the_later_scans(seed: int, cut: int) -> None:
    readings = random_readings(seed, 30, 8)
    day = np.where(readings.day > cut, np.nan, readings.day)
    seen = Readings(day, readings.target_mm, readings.nontarget, readings.new_lesion, readings.is_node)
    until = assess(readings, until_day=np.full(30, float(cut)))
    np.testing.assert_array_equal(until.best.confirmed, assess(seen).best.confirmed)


def test_every_combination_has_a_row_in_the_time_point_table() -> None:
    targets = [Response.CR, Response.PR, Response.SD, Response.PD, Response.NE, Response.NOT_PRESENT]
    others = [Response.CR, Response.NON_CR_NON_PD, Response.PD, Response.NE, Response.NOT_PRESENT]
    table = time_point_table()[np.ix_(targets, others, [0, 1])]
    assert np.all(table != Response.NOT_DONE)
    assert np.all(time_point_table()[:, :, 1][np.ix_(targets, others)] == Response.PD)
    assert np.all(best_response_table() != Response.NOT_DONE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day": np.array([[0.0, 84.0, 42.0]])}, "out of order"),
        ({"day": np.zeros((2, 3))}, "day has shape"),
        ({"target_mm": np.full((1, 3, 1), -1.0)}, "negative"),
        ({"nontarget": np.full((1, 3), 9)}, "unknown code"),
        ({"is_node": np.zeros(4, dtype=bool)}, "is_node"),
    ],
)
def test_wrong_readings_are_refused_with_their_place(change: dict[str, np.ndarray], words: str) -> None:
    good = {
        "day": np.array([[0.0, 42.0, 84.0]]),
        "target_mm": np.full((1, 3, 1), 20.0),
        "nontarget": np.full((1, 3), 4),
        "new_lesion": np.zeros((1, 3), dtype=bool),
    }
    with pytest.raises(InputError, match=words):
        Readings(**(good | change))


def test_unknown_rules_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="stable_min_days"):
        recist_rules(stable_days=42.0)
    with pytest.raises(InputError, match="negative"):
        recist_rules(confirmation_days=-1.0)
    with pytest.raises(InputError, match="after_cr"):
        recist_rules(after_cr="whatever")


def test_ten_thousand_patients_with_forty_visits_take_less_than_two_seconds() -> None:
    readings = random_readings(1, 10_000, 40)
    start = time.process_time()
    assess(readings)
    assert time.process_time() - start < 2.0
