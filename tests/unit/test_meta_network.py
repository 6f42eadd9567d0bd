from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.components import component_network, split_names
from her2sim.analysis.meta.inconsistency import decomposition, splits
from her2sim.analysis.meta.league import league
from her2sim.analysis.meta.network import network, networks
from her2sim.analysis.meta.network_geometry import geometry
from her2sim.analysis.meta.pairwise import pool
from her2sim.analysis.meta.ranking import p_scores
from her2sim.core.errors import InputError
from her2sim.core.random import stream

Floats = NDArray[np.float64]
effects = st.floats(-2.0, 2.0)
errors = st.floats(0.05, 1.0)
pairs = st.lists(st.tuples(effects, errors), min_size=2, max_size=8)


def study(name: str, arms: dict[str, tuple[float, float]]) -> list[Comparison]:
    """All pairs of a study from (mean, variance) of its arms."""
    names = list(arms)
    return [
        Comparison(name, a, b, arms[a][0] - arms[b][0], math.sqrt(arms[a][1] + arms[b][1]))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]


def random_network(seed: int, spread: float = 0.3) -> tuple[list[Comparison], list[dict[str, tuple[float, float]]]]:
    draws = stream(seed, 0, "test/network")
    truth = {"A": 0.0, "B": -0.3, "C": 0.4, "D": 0.1}
    designs = ["AB", "ABC", "BCD", "ABCD", "AD", "AC", "AB"]
    studies: list[dict[str, tuple[float, float]]] = []
    found: list[Comparison] = []
    for number, names in enumerate(designs):
        arms = {
            name: (truth[name] + spread * float(draws.standard_normal()), float(draws.uniform(0.01, 0.1)))
            for name in names
        }
        studies.append(arms)
        found += study(str(number), arms)
    return found, studies


@settings(deadline=None)
@given(pairs)
def test_a_network_of_two_treatments_is_a_pairwise_meta_analysis(rows: list[tuple[float, float]]) -> None:
    found = network([Comparison(str(i), "A", "B", y, s) for i, (y, s) in enumerate(rows)])
    pooled = pool([y for y, _ in rows], [s for _, s in rows])
    assert found.tau2 == pytest.approx(pooled.tau2, abs=1e-9)
    assert found.q == pytest.approx(pooled.q, abs=1e-9)
    for ours, theirs in ((found.fixed, pooled.fixed), (found.random, pooled.random)):
        each = ours.of("A", "B")
        assert (each.value, each.low, each.high) == pytest.approx((theirs.value, theirs.low, theirs.high), abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(pairs)
def test_restricted_likelihood_agrees_in_both(rows: list[tuple[float, float]]) -> None:
    found = network([Comparison(str(i), "A", "B", y, s) for i, (y, s) in enumerate(rows)], tau_method="REML")
    pooled = pool([y for y, _ in rows], [s for _, s in rows], method="REML")
    assert found.tau2 == pytest.approx(pooled.tau2, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_multi_arm_weights_give_generalized_least_squares(seed: int) -> None:
    found, studies = random_network(seed)
    ours = network(found)
    for effects_of, tau2 in ((ours.fixed, 0.0), (ours.random, ours.tau2)):
        value, error = by_covariance(studies, tau2)
        each = effects_of.of("D", "A")
        assert (each.value, each.std_error) == pytest.approx((value, error), rel=1e-9)


def by_covariance(studies: list[dict[str, tuple[float, float]]], tau2: float) -> tuple[float, float]:
    """Effect of D against A from contrasts with each study's first arm and their full covariance."""
    information, score = np.zeros((3, 3)), np.zeros(3)
    column = {"B": 0, "C": 1, "D": 2}
    for arms in studies:
        base, *others = list(arms)
        y = np.array([arms[name][0] - arms[base][0] for name in others])
        covariance = np.full((len(others), len(others)), arms[base][1] + tau2 / 2)
        covariance += np.diag([arms[name][1] + tau2 / 2 for name in others])
        design = np.zeros((len(others), 3))
        for row, name in enumerate(others):
            design[row, column[name]] = 1.0
            if base != "A":
                design[row, column[base]] -= 1.0
        inverse = np.linalg.inv(covariance)
        information += design.T @ inverse @ design
        score += design.T @ inverse @ y
    inverse = np.linalg.inv(information)
    return float((inverse @ score)[2]), math.sqrt(inverse[2, 2])


@given(st.permutations(range(15)), st.lists(st.booleans(), min_size=40, max_size=40))
@settings(max_examples=20, deadline=None)
def test_order_and_direction_of_the_data_do_not_matter(order: list[int], turned: list[bool]) -> None:
    found, _ = random_network(1)
    studies = sorted({x.study for x in found}, key=lambda name: order[int(name)])
    shuffled = [x for name in studies for x in found if x.study == name]
    shuffled = [
        replace(x, treatment=x.reference, reference=x.treatment, effect=-x.effect) if turn else x
        for x, turn in zip(shuffled, turned, strict=False)
    ] + shuffled[len(turned) :]
    one, other = network(found), network(shuffled)
    assert other.random.values == pytest.approx(one.random.values, abs=1e-9)
    assert other.tau2 == pytest.approx(one.tau2, abs=1e-9)


def test_effects_are_transitive_and_antisymmetric() -> None:
    values = network(random_network(2)[0]).random.values
    assert values == pytest.approx(-values.T)
    assert values[0, 2] == pytest.approx(values[0, 1] + values[1, 2])


def test_a_network_in_parts_is_reported_with_its_parts() -> None:
    apart = [
        Comparison("1", "A", "B", 0.0, 1.0),
        Comparison("2", "C", "D", -1.0, 1.0),
        Comparison("3", "D", "E", 0.0, 1.0),
    ]
    with pytest.raises(InputError, match="C, D, E; A, B"):
        network(apart)
    assert [part.geometry.treatments for part in networks(apart)] == [("C", "D", "E"), ("A", "B")]
    assert networks(apart)[0].fixed.of("C", "E").value == pytest.approx(-1.0)


def test_an_unknown_treatment_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean lapatinib"):
        network([Comparison("1", "lapatinib", "placebo", 0.0, 1.0)]).random.of("lapatinb", "placebo")


def test_a_split_gives_the_indirect_estimate_of_a_triangle() -> None:
    triangle = [
        Comparison("1", "A", "B", 0.5, 0.2),
        Comparison("2", "A", "C", 0.1, 0.3),
        Comparison("3", "C", "B", -0.2, 0.4),
    ]
    found = {(x.treatment, x.reference): x for x in splits(network(triangle), model="fixed")}["A", "B"]
    assert found.indirect is not None and found.direct is not None and found.difference is not None
    assert found.indirect.value == pytest.approx(0.1 - 0.2)
    assert found.indirect.std_error == pytest.approx(math.hypot(0.3, 0.4))
    assert found.difference.value == pytest.approx(0.6)
    between = decomposition(network(triangle)).between
    assert found.difference.z is not None
    assert (between.q, between.df) == (pytest.approx(found.difference.z**2), 1)


@pytest.mark.parametrize("seed", range(3))
def test_q_falls_apart_into_within_and_between(seed: int) -> None:
    found = decomposition(network(random_network(seed)[0]))
    assert found.total.q == pytest.approx(found.within.q + found.between.q)
    assert found.total.df == found.within.df + found.between.df
    assert found.within.q == pytest.approx(sum(x.q for x in found.designs), abs=1e-9)


def test_p_scores_average_one_half_and_turn_with_the_direction() -> None:
    effects_of = network(random_network(3)[0]).random
    low, high = p_scores(effects_of), p_scores(effects_of, small_is_good=False)
    assert sum(low.values()) / len(low) == pytest.approx(0.5)
    assert {name: 1 - score for name, score in low.items()} == pytest.approx(high)


def test_a_league_table_reads_the_same_as_csv() -> None:
    found = league(network(random_network(4)[0]), order=["A", "B", "C", "D"])
    rows = list(csv.reader(io.StringIO(found.csv())))
    assert tuple(tuple(row) for row in rows) == found.cells
    assert [found.cells[i][i] for i in range(4)] == ["A", "B", "C", "D"]
    value = network(random_network(4)[0]).random.of("A", "D").value
    assert found.cells[3][0].startswith(f"{math.exp(value):.2f} (")


def test_single_components_give_the_standard_network() -> None:
    found, _ = random_network(5)
    standard, additive = network(found), component_network(found, split_names("ABCD", inactive="A"))
    assert additive.tau2 == pytest.approx(standard.tau2)
    assert additive.combinations_random.values == pytest.approx(standard.random.values, abs=1e-9)
    assert additive.combinations_random.std_errors == pytest.approx(standard.random.std_errors, abs=1e-9)
    assert (additive.difference.df, additive.difference.q) == (0, pytest.approx(0.0, abs=1e-9))


def test_shared_components_bridge_the_parts_of_a_network() -> None:
    apart = [
        Comparison("1", "A", "P", -0.5, 0.1),
        Comparison("2", "A+B", "B", -0.6, 0.1),
        Comparison("3", "A+B", "C", -0.9, 0.1),
    ]
    found = component_network(apart, split_names(geometry(apart).treatments, inactive="P"))
    assert len(found.subnetworks) == 2
    whole = found.fixed.of({"A": 1.0})
    assert whole is not None
    assert whole.value == pytest.approx(-0.55)
    assert found.fixed.of({"B": 1.0}) is None
    assert found.fixed.of({"C": 1.0}, {"B": 1.0}) is not None
    assert math.isnan(found.combinations_fixed.of("B", "P").value)


def test_exact_additive_data_are_found_again() -> None:
    truth = {"A": -0.5, "B": 0.3, "C": -0.1}
    names = ["P", "A", "B", "A+B", "B+C", "A+B+C"]
    value = {name: sum(truth.get(part, 0.0) for part in name.split("+")) for name in names}
    data = [
        Comparison(str(i), one, other, value[one] - value[other], 0.1 + 0.01 * i)
        for i, (one, other) in enumerate(zip(names, [*names[1:], "P"], strict=True))
    ]
    found = component_network(data, split_names(names, inactive="P"))
    assert dict(zip(found.random.names, found.random.values, strict=True)) == pytest.approx(truth)
    assert (found.tau2, found.additive.q) == (0.0, pytest.approx(0.0, abs=1e-12))


@settings(deadline=None)
@given(pairs)
def test_paule_mandel_makes_generalized_q_equal_its_expectation(rows: list[tuple[float, float]]) -> None:
    y, s = np.array([y for y, _ in rows]), np.array([s for _, s in rows])
    found = pool(y.tolist(), s.tolist(), method="PM")
    weight = 1 / (s**2 + found.tau2)
    q = float(np.sum(weight * (y - np.average(y, weights=weight)) ** 2))
    assert q == pytest.approx(len(y) - 1, abs=1e-3) if found.tau2 > 0 else q <= len(y) - 1 + 1e-9


def test_a_prediction_interval_is_wider_than_the_interval_of_the_mean() -> None:
    found = pool([-0.5, 0.1, -0.9, -0.2], [0.1, 0.1, 0.2, 0.1])
    assert found.prediction.low is not None and found.random.low is not None
    assert found.prediction.low < found.random.low
    assert pool([0.1, 0.2], [0.1, 0.1]).prediction.low is None
