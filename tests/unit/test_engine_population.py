"""A dosed, stiff tumor model: back ends agree, and no patient's result depends on its company."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine import DoseTable, compile_model, machine_code, native
from her2sim.engine.equations import equations_of
from her2sim.engine.stream import solve_chunks
from her2sim.engine.vector_model import VectorModel
from her2sim.model.expression import call, const, hill, power, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

VALUES = {
    "CL": 0.3, "V": 3.0, "Q": 0.5, "V2": 2.5, "Vmax": 8.0, "Km": 6.0, "kon": 40.0, "koff": 20.0, "kdeg": 1.5,
    "R0": 60.0, "kg": 0.03, "K": 300.0, "Emax": 0.2, "EC50": 25.0, "h": 1.7, "kdie": 0.4,
}  # fmt: skip
TIMES = np.linspace(0.0, 210.0, 31)
WIDTHS = (1, 2, 4, 8)


def tumor() -> OdeSystem:
    """Two-compartment drug with saturable elimination, receptor binding, damage transit and a growing tumor."""
    a1, a2, free, bound, cells, dying = map(sym, ("A1", "A2", "R", "RD", "N", "X"))
    p = {name: sym(name) for name in VALUES}
    conc, kill = sym("C"), sym("kill")
    binding = p["kon"] * conc * free - p["koff"] * bound
    exchange = p["Q"] * (conc - a2 / p["V2"])
    return OdeSystem(
        "tumor",
        (
            State("A1", const(0.0), -p["CL"] * conc - p["Vmax"] * conc / (p["Km"] + conc) - exchange),
            State("A2", const(0.0), exchange),
            State("R", p["R0"], p["kdeg"] * (p["R0"] - free) - binding),
            State("RD", const(0.0), binding - 3.0 * p["kdeg"] * bound),
            State("N", const(20.0), p["kg"] * cells * (1.0 - power((cells + dying) / p["K"], 0.25)) - kill * cells),
            State("X", const(0.0), kill * cells - p["kdie"] * dying),
        ),
        tuple(Parameter(name, value) for name, value in VALUES.items()),
        (
            Assignment("C", a1 / p["V"]),
            Assignment("kill", p["Emax"] * hill(call("sqrt", bound * bound + 1e-10), p["EC50"], p["h"])),
            Assignment("total", cells + dying),
        ),
        dose_targets=("A1",),
    )


def population(patients: int) -> tuple[np.ndarray, DoseTable]:
    """Parameters with 30% spread; doses every 21 days, boluses for odd patients and infusions for even ones."""
    rng = np.random.default_rng(5)
    parameters = np.array(list(VALUES.values())) * np.exp(0.3 * rng.normal(size=(patients, len(VALUES))))
    when = np.tile(np.arange(0.0, 200.0, 21.0), patients)
    who = np.repeat(np.arange(patients), len(when) // patients)
    duration = np.where(who % 2 == 0, 0.0625, 0.0)
    return parameters, DoseTable(who, when, np.zeros_like(who), np.full(len(who), 400.0), duration)


@pytest.fixture(scope="module")
def model() -> VectorModel:
    return VectorModel(equations_of(tumor(), outputs=[*tumor().state_names, "total", "kill"]))


def test_the_compiled_engine_agrees_with_the_reference(model: VectorModel) -> None:
    parameters, doses = population(6)
    reference = compile_model(tumor(), outputs=model.outputs, backend="reference")
    exact = reference.solve(parameters, TIMES, doses=doses, rtol=1e-10, atol=1e-12).values
    scale = np.max(np.abs(exact), axis=1, keepdims=True)
    for rtol, within in ((1e-4, 2e-3), (1e-6, 3e-5), (1e-9, 1e-7)):
        found = model.solve(parameters, TIMES, doses=doses, rtol=rtol, atol=rtol * 1e-3)
        assert not found.status.any()
        assert np.max(np.abs(found.values - exact) / scale) < within


def test_folding_fixed_parameters_into_the_code_changes_nothing_but_rounding(model: VectorModel) -> None:
    parameters, doses = population(4)
    parameters[:] = list(VALUES.values())
    parameters[:, -1] *= [0.5, 1.0, 1.5, 2.0]
    free = model.solve(parameters, TIMES, doses=doses, rtol=1e-8)
    folded = compile_model(tumor(), varying=["kdie"], outputs=model.outputs).solve(
        parameters[:, -1:], TIMES, doses=doses, rtol=1e-8
    )
    np.testing.assert_allclose(folded.values, free.values, rtol=1e-6, atol=1e-7)


@pytest.fixture(scope="module")
def widths(model: VectorModel) -> dict[int, VectorModel]:
    return {lanes: VectorModel(model.equations, lanes) for lanes in WIDTHS}


@given(st.permutations(range(13)), st.sampled_from([1, 2]), st.integers(1, 13), st.sampled_from(WIDTHS))
@settings(max_examples=30, deadline=None)
def test_results_are_the_same_bits_for_any_order_threads_chunks_and_lanes(
    model: VectorModel, widths: dict[int, VectorModel], order: list[int], threads: int, chunk: int, lanes: int
) -> None:
    # on one machine these change who shares a vector, a thread or a call, and nothing else
    parameters, doses = population(13)
    whole = model.solve(parameters, TIMES, doses=doses)
    place = np.argsort(order)
    shuffled = DoseTable(place[doses.patient], doses.time, doses.target, doses.amount, doses.duration)
    pieces = list(solve_chunks(widths[lanes], parameters[order], TIMES, doses=shuffled, chunk=chunk, threads=threads))
    values = np.concatenate([s.values for _, s in pieces])
    np.testing.assert_array_equal(values, whole.values[order])
    np.testing.assert_array_equal(np.concatenate([s.steps for _, s in pieces]), whole.steps[order])


@pytest.mark.parametrize("lanes", WIDTHS)
def test_widths_give_the_same_bits_with_factors_from_tables_and_the_method_of_order_5(
    model: VectorModel, lanes: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("her2sim.engine.kernels.MOST_STRAIGHT_UPDATES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # the key of the cache does not know of this threshold
    parameters, doses = population(5)
    for rtol in (1e-4, 1e-9):
        one, many = (
            VectorModel(model.equations, width).solve(parameters, TIMES, doses=doses, rtol=rtol) for width in (1, lanes)
        )
        np.testing.assert_array_equal(many.values, one.values)


def test_a_processor_without_fused_multiply_add_agrees_to_tolerance_and_not_in_bits(
    model: VectorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # this is why equal bits are promised on one type of machine only
    own = native.host()
    if "fma" not in own.features:
        pytest.skip("this processor has no fused multiply-add")
    parameters, doses = population(5)
    here = model.solve(parameters, TIMES, doses=doses, rtol=1e-8)
    plain = replace(own, features=own.features.replace("+fma", "-fma").replace("+avx512", "-avx512"), lanes=2)
    for module in (native, machine_code):
        monkeypatch.setattr(module, "host", lambda: plain)
    there = VectorModel(model.equations, 2).solve(parameters, TIMES, doses=doses, rtol=1e-8)
    assert not np.array_equal(there.values, here.values)
    np.testing.assert_allclose(there.values, here.values, rtol=1e-6, atol=1e-7)


def test_neighbors_that_fail_do_not_touch_a_patient(model: VectorModel) -> None:
    parameters, doses = population(9)
    alone = model.solve(parameters, TIMES, doses=doses)
    broken = parameters.copy()
    broken[::2, 0] = np.nan
    broken[4] = parameters[4]
    broken[4, list(VALUES).index("kg")] = 1e308
    mixed = model.solve(broken, TIMES, doses=doses)
    np.testing.assert_array_equal(mixed.values[1::2], alone.values[1::2])
    assert mixed.status[::2].all() and not mixed.status[1::2].any()


def test_a_model_survives_pickling_for_a_worker_process(model: VectorModel) -> None:
    parameters, doses = population(3)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        copy.solve(parameters, TIMES, doses=doses).values, model.solve(parameters, TIMES, doses=doses).values
    )
