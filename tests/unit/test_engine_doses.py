"""Doses, infusions and observation times, in both back ends, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.engine import STOPPED, DoseTable, compile_model
from her2sim.engine.equations import equations_of
from her2sim.engine.interface import CompiledModel
from her2sim.engine.stops import stops_of
from her2sim.engine.vector_model import VectorModel
from her2sim.model.expression import TIME, call, const, exp, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

DECAY = OdeSystem(
    "decay",
    (State("A", const(0.0), -sym("k") * sym("A"), "mg"), State("B", const(1.0), sym("k") * sym("A") - sym("B"))),
    (Parameter("k", 0.1), Parameter("V", 5.0)),
    (Assignment("C", sym("A") / sym("V")),),
    dose_targets=("A",),
)
BACKENDS = ("llvm", "reference")


@pytest.fixture(scope="module", params=BACKENDS)
def model(request: pytest.FixtureRequest) -> CompiledModel:
    return compile_model(DECAY, varying=["k"], outputs=["A", "C"], backend=request.param)


def table(*rows: tuple[int, float, int, float, float]) -> DoseTable:
    patient, time, target, amount, duration = zip(*rows, strict=True)
    return DoseTable(
        np.array(patient), np.array(time, float), np.array(target), np.array(amount, float), np.array(duration, float)
    )


def amount_after(k: float, t: np.ndarray, when: float, amount: float, duration: float) -> np.ndarray:
    """Closed form of one dose into one compartment; the observation at the dose itself does not see a bolus."""
    since = t - when
    if duration == 0.0:
        return np.where(since > 0.0, amount * np.exp(-k * np.maximum(since, 0.0)), 0.0)
    running = np.clip(since, 0.0, duration)
    after = np.maximum(since - duration, 0.0)
    return amount / duration / k * (1.0 - np.exp(-k * running)) * np.exp(-k * after)


def test_boluses_and_overlapping_infusions_follow_their_closed_forms(model: CompiledModel) -> None:
    doses = [(0, 0.0, 0, 10.0, 0.0), (0, 3.0, 0, 5.0, 2.0), (0, 4.0, 0, 8.0, 4.0), (0, 4.0, 0, 1.0, 0.0),
             (0, 5.0, 0, 2.0, 1.0), (1, 2.5, 0, 7.0, 0.25)]  # fmt: skip
    times = np.linspace(0.0, 12.0, 49)
    k = np.array([0.4, 1.3])
    found = model.solve(k[:, None], times, doses=table(*doses), rtol=1e-9, atol=1e-12)
    for patient in (0, 1):
        expected = sum(amount_after(k[patient], times, *(d[1], d[3], d[4])) for d in doses if d[0] == patient)
        np.testing.assert_allclose(found.values[patient, :, 0], expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.values[patient, :, 1], expected / 5.0, rtol=1e-6, atol=1e-9)


def test_an_observation_at_the_time_of_a_dose_is_taken_before_it(model: CompiledModel) -> None:
    found = model.solve(
        np.array([[0.5]]), np.array([0.0, 1.0, 1.0, 2.0]), doses=table((0, 0.0, 0, 1.0, 0.0), (0, 1.0, 0, 100.0, 0.0))
    )
    a = found.values[0, :, 0]
    assert a[0] == 0.0
    assert a[1] == a[2] == pytest.approx(np.exp(-0.5), rel=1e-5)
    assert a[3] == pytest.approx((np.exp(-0.5) + 100.0) * np.exp(-0.5), rel=1e-5)


def test_each_patient_may_have_times_of_its_own_padded_at_the_end(model: CompiledModel) -> None:
    times = np.array([[0.0, 1.0, 2.0], [0.5, np.nan, np.nan], [np.nan, np.nan, np.nan]])
    found = model.solve(np.full((3, 1), 0.5), times, initial=np.array([2.0, 0.0]), rtol=1e-8)
    np.testing.assert_allclose(found.values[:, :, 0], 2.0 * np.exp(-0.5 * times), rtol=1e-6)
    assert found.status.tolist() == [0, 0, 0]


def test_a_later_start_shifts_everything(model: CompiledModel) -> None:
    found = model.solve(np.array([[0.5]]), np.array([-3.0, 0.0]), initial=np.array([2.0, 0.0]), start=-5.0, rtol=1e-8)
    np.testing.assert_allclose(found.values[0, :, 0], 2.0 * np.exp([-1.0, -2.5]), rtol=1e-6)


def test_doses_after_the_last_observation_change_nothing(model: CompiledModel) -> None:
    times, k = np.array([0.0, 4.0]), np.array([[0.5]])
    first = model.solve(k, times, doses=table((0, 0.0, 0, 3.0, 0.0)))
    second = model.solve(k, times, doses=table((0, 0.0, 0, 3.0, 0.0), (0, 4.0, 0, 9.0, 0.0), (0, 77.0, 0, 9.0, 0.0)))
    np.testing.assert_array_equal(first.values, second.values)


DOSES = st.lists(
    st.tuples(st.floats(0.0, 20.0), st.floats(0.1, 50.0), st.sampled_from([0.0, 0.01, 0.5, 3.0])),
    min_size=1,
    max_size=12,
)


@given(DOSES)
@settings(max_examples=60, deadline=None)
def test_the_input_of_all_stops_is_the_sum_of_the_doses(doses: list[tuple[float, float, float]]) -> None:
    given = table(*((0, t, 0, a, d) for t, a, d in doses))
    order = np.argsort(given.time, kind="stable")
    given = DoseTable(*(c[order] for c in (given.patient, given.time, given.target, given.amount, given.duration)))
    stops = stops_of(given, 1, 2)
    assert np.all(np.diff(stops.time) >= 0.0)
    bolus = stops.slot == 0
    total = float(np.sum(stops.value[bolus]))
    when, rate = stops.time[~bolus], stops.value[~bolus]
    if len(when):
        total += float(np.sum(np.diff(when) * rate[:-1]))
        assert rate[-1] == 0.0  # exactly: no infusion is left running by rounding
        assert np.all(rate >= 0.0)
    assert total == pytest.approx(sum(a for _, a, _ in doses), rel=1e-9)


def test_dense_output_between_steps_is_as_accurate_as_the_steps() -> None:
    # x = sin t + exp(-t) with a fast attraction: observations must not need steps of their own
    x = sym("x")
    forced = OdeSystem(
        "forced",
        (State("x", const(1.0), call("cos", TIME) - exp(-TIME) - 50.0 * (x - call("sin", TIME) - exp(-TIME))),),
        (),
    )
    model = compile_model(forced, backend="llvm")
    nothing = np.zeros((1, 0))
    many = np.linspace(0.0, 10.0, 2001)
    few = model.solve(nothing, np.array([10.0]), rtol=1e-6, atol=1e-9)
    dense = model.solve(nothing, many, rtol=1e-6, atol=1e-9)
    assert dense.steps[0] == few.steps[0]
    np.testing.assert_allclose(dense.values[0, :, 0], np.sin(many) + np.exp(-many), atol=2e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stop_condition_ends_a_patient_at_its_moment(backend: str) -> None:
    model = compile_model(DECAY, varying=["k"], outputs=["A"], backend=backend, stop_when=1.0 - sym("C"))
    found = model.solve(np.array([[0.5], [0.01]]), np.linspace(0.0, 10.0, 11), initial=np.array([10.0, 0.0]), rtol=1e-8)
    moment = np.log(2.0) / 0.5
    assert found.status.tolist() == [STOPPED, 0]
    assert found.fail_time[0] == pytest.approx(moment, rel=1e-5)
    assert np.isnan(found.fail_time[1])
    seen = np.arange(11.0) <= moment
    np.testing.assert_array_equal(np.isnan(found.values[0, :, 0]), ~seen)
    assert not np.isnan(found.values[1]).any()


OSCILLATOR = OdeSystem(
    "oscillator",
    (State("s", const(0.0), sym("c")), State("c", const(1.0), -sym("s"))),
    (Parameter("top", 0.9), Parameter("turn", 1.0)),
)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rtol", [1e-4, 1e-8])
def test_a_stop_condition_that_holds_within_a_step_only_ends_a_patient(backend: str, rtol: float) -> None:
    # near its top the sine is above the bound for a time much shorter than a step
    model = compile_model(OSCILLATOR, backend=backend, stop_when=sym("s") - sym("top"))
    top = np.array([0.5, 0.99, 0.999, 0.9995, 1.01])
    found = model.solve(np.column_stack([top, np.ones(5)]), np.array([3.0]), rtol=rtol, atol=1e-3 * rtol)
    assert found.status.tolist() == [STOPPED] * 4 + [0]
    np.testing.assert_allclose(np.sin(found.fail_time[:4]), top[:4], atol=3.0 * rtol)
    assert (found.fail_time[:4] <= np.pi / 2.0 + 1e-3).all()


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_the_moment_of_a_stop_is_the_same_bits_for_any_lanes_and_company(lanes: int) -> None:
    equations = equations_of(OSCILLATOR, stop_when=sym("s") * sym("turn") - sym("top"))
    top = np.linspace(0.3, 1.05, 11)
    table = np.column_stack([top, np.where(np.arange(11) % 2, 1.0, -1.0)])
    model = VectorModel(equations, lanes)
    together = model.solve(table, np.array([1.0, 7.0]), rtol=1e-5)
    alone = [VectorModel(equations, 1).solve(table[i : i + 1], np.array([1.0, 7.0]), rtol=1e-5) for i in range(11)]
    np.testing.assert_array_equal(together.fail_time, np.concatenate([s.fail_time for s in alone]))
    np.testing.assert_array_equal(together.values, np.concatenate([s.values for s in alone]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stop_condition_that_holds_from_the_start_or_after_a_dose_ends_at_once(backend: str) -> None:
    model = compile_model(DECAY, varying=["k"], outputs=["A"], backend=backend, stop_when=sym("A") - 5.0)
    found = model.solve(
        np.array([[0.5], [0.5]]), np.array([0.0, 1.0, 2.0]), initial=np.array([[9.0, 0.0], [0.0, 0.0]]),
        doses=table((1, 1.0, 0, 6.0, 0.0)),
    )  # fmt: skip
    assert found.status.tolist() == [STOPPED, STOPPED]
    assert found.fail_time.tolist() == [0.0, 1.0]
    np.testing.assert_array_equal(np.isnan(found.values[:, :, 0]), [[False, True, True], [False, False, True]])


WRONG = {
    "descend": {"times": np.array([1.0, 0.5])},
    "before the start": {"times": np.array([-1.0, 0.5])},
    "infinite": {"times": np.array([0.0, np.inf])},
    "only at the end": {"times": np.array([[np.nan, 1.0]])},
    "parameter table has shape": {"parameters": np.zeros((1, 2))},
    "observation times have shape": {"times": np.zeros((3, 2))},
    "initial values have shape": {"initial": np.zeros(5)},
    "rtol": {"rtol": 0.0},
    "atol": {"atol": [1e-9] * 5},
    "max_steps": {"max_steps": 0},
    "names a patient": {"doses": table((1, 0.0, 0, 1.0, 0.0))},
    "names a state": {"doses": table((0, 0.0, 2, 1.0, 0.0))},
    "negative or infinite duration": {"doses": table((0, 0.0, 0, 1.0, -1.0))},
    "no finite time": {"doses": table((0, np.nan, 0, 1.0, 0.0))},
    "differ in length": {"doses": DoseTable(np.zeros(1, int), np.zeros(2), np.zeros(1, int), np.zeros(1), np.zeros(1))},
}


@pytest.mark.parametrize("words", list(WRONG))
def test_wrong_tables_are_refused_with_words(model: CompiledModel, words: str) -> None:
    arguments = {"parameters": np.zeros((1, 1)), "times": np.array([0.0, 1.0])} | WRONG[words]
    with pytest.raises(InputError, match=words):
        model.solve(arguments.pop("parameters"), arguments.pop("times"), **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"varying": ["q"]}, "varying parameter 'q'"),
        ({"outputs": ["D"]}, "output 'D'"),
        ({"outputs": ["A", "A"]}, "named twice"),
        ({"backend": "gpu"}, "no back end"),
        ({"stop_when": sym("death")}, "stop condition uses death"),
    ],
)
def test_wrong_names_are_refused_with_words(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compile_model(DECAY, **arguments)  # type: ignore[arg-type]
