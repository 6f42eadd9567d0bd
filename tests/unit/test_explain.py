"""Mechanisms, numbers and distance: each explanation points at what was put there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.evidence.base import load_record
from her2sim.record.protocol import protocol_of
from her2sim.study.explain.distance import Point, distance, fitted_points, nearest_fitted, points_of
from her2sim.study.explain.drivers import drivers
from her2sim.study.explain.earning import earned, earned_blocks
from her2sim.study.explain.removal import Removed
from her2sim.study.validation.figures import Key
from her2sim.study.validation.published import Published

RUNNER = CliRunner()


def test_the_command_names_the_mechanism_that_carries_an_antibody_drug_conjugate() -> None:
    done = RUNNER.invoke(app, ["explain", "TDM4374g", "--patients", "12", "--draws", "0", "--quiet"])
    assert done.exit_code == 0, done.stderr
    response = done.stdout.partition("### ORR, T-DM1")[2].partition("###")[0]
    first = response.partition("|---|---|---:|---:|\n| ")[2]
    assert first.startswith("payload |")
    assert "nearest fitted arm is T-DM1 of EMILIA" in " ".join(done.stdout.split())


def test_a_trial_that_cannot_be_predicted_is_refused_with_the_reason() -> None:
    done = RUNNER.invoke(app, ["explain", "NeoSphere"])
    assert done.exit_code == 2
    assert "no module yet" in done.stderr


def test_a_number_that_moves_the_figure_is_found_and_unrelated_ones_are_not() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    draws = [{f"p{i}": float(x) for i, x in enumerate(row)} for row in rng.normal(size=(20, 30))]
    changes = [3.0 * draw["p7"] + 0.1 * draw["p3"] for draw in draws]
    found = drivers(changes, draws)
    assert [each.name for each in found] == ["p7"]
    assert found[0].correlation > 0.95
    assert drivers([-x for x in changes], draws)[0].correlation < -0.95


def test_chance_alone_names_a_driver_in_about_one_of_twenty_figures() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    draws = [{f"p{i}": float(x) for i, x in enumerate(row)} for row in rng.normal(size=(20, 30))]
    named = sum(bool(drivers(list(rng.normal(size=20)), draws)) for _ in range(300))
    assert named < 40


def test_without_draws_there_are_no_drivers() -> None:
    assert drivers([], []) == ()
    assert drivers([0.0] * 8, [{"a": float(k)} for k in range(8)]) == ()


arms = st.builds(
    Point,
    trial=st.just("t"),
    arm=st.just("a"),
    disease=st.sampled_from(["breast", "gastric"]),
    line=st.sampled_from([0.0, 1.0, 2.0]),
    drugs=st.frozensets(st.sampled_from(["trastuzumab", "docetaxel", "lapatinib"]), min_size=1),
    actions=st.frozensets(st.sampled_from(["antibody", "cytotoxic"]), min_size=1),
    her2=st.frozensets(st.sampled_from(["IHC3+", "IHC1+"]), min_size=1),
    covariates=st.dictionaries(st.sampled_from(["asia_pct", "hr_positive_pct"]), st.floats(0, 100)),
)


@given(arms, arms)
def test_distance_is_symmetric_bounded_and_zero_for_the_same_design(one: Point, other: Point) -> None:
    assert distance(one, one) == 0.0
    assert distance(one, other) == distance(other, one)
    assert 0.0 <= distance(one, other) <= 1.0


def test_another_drug_line_or_disease_lies_farther() -> None:
    base = points_of(load_record("EMILIA"))[0]
    steps = [
        replace(base, line=2.0),
        replace(base, drugs=frozenset({"lapatinib"})),
        replace(base, drugs=frozenset({"lapatinib"}), disease="gastric"),
    ]
    away = [distance(base, each) for each in steps]
    assert 0.0 < away[0] < away[1] < away[2]


def test_a_fitted_trial_is_not_its_own_neighbor_and_a_new_drug_is_named() -> None:
    assert all(near.trial != "EMILIA" for near in nearest_fitted(protocol_of(load_record("EMILIA"))))
    (phoebe, _) = nearest_fitted(protocol_of(load_record("PHOEBE")))
    fitted = {drug for point in fitted_points() for drug in point.drugs}
    assert ("pyrotinib" in phoebe.new_drugs) == ("pyrotinib" not in fitted)


def logit(percent: float) -> float:
    return math.log(percent / (100.0 - percent))


def test_a_mechanism_earns_its_place_when_errors_grow_without_it() -> None:
    published: dict[str, list[Published]] = {}
    removed: list[Removed] = []
    for number in range(6):
        trial, key = f"trial {number}", Key("A", "ORR", "BICR", True)
        published[trial] = [Published(key, 50.0, None, True, "validate")]
        good, bad = logit(52.0 + number / 10), logit(70.0 + number / 10)
        removed += [Removed(trial, "useful", key, good, bad), Removed(trial, "harmful", key, bad, good)]
        removed.append(Removed(trial, "idle", key, good, good))
    table = {each.mechanism: each for each in earned(removed, published, resamples=200, seed=1)}
    assert {name: each.verdict for name, each in table.items()} == {
        "useful": "helps",
        "harmful": "harms",
        "idle": "not told apart",
    }
    assert table["useful"].difference == pytest.approx(18.0)
    text = str(earned_blocks(list(table.values()), 60))
    assert "Earn their place beyond chance: useful." in text
