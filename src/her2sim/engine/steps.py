"""One Rosenbrock step for all lanes, and its dense output, as IR."""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.engine.ir import INT, Array, Value, Writer
from her2sim.engine.layout import Layout
from her2sim.engine.tableaux import Tableau


def lanes_of(writer: Writer, layout: Layout, name: str, skip: int = 0) -> Array:
    """The array ``name`` of the workspace as vectors, from element ``skip`` on."""
    offset = (layout[name] + skip) * 8 * writer.lanes
    return Array(writer, writer.vector, writer.let("ptr", f"getelementptr i8, ptr %workspace, i64 {offset}"))


def numbers_of(writer: Writer, layout: Layout, name: str, kind: str = "double") -> Array:
    """The array ``name`` of the workspace as single numbers: element i of lane l is number i * lanes + l."""
    offset = layout[name] * 8 * writer.lanes
    return Array(writer, kind, writer.let("ptr", f"getelementptr i8, ptr %workspace, i64 {offset}"))


def write_step(tableau: Tableau, layout: Layout, *, lanes: int, states: int, depends_on_time: bool) -> str:
    """``void step_<method>(workspace, rtol)``: the state after the step, and its squared error, into the workspace."""
    writer = Writer(lanes)
    state, trial = lanes_of(writer, layout, "state"), lanes_of(writer, layout, "trial")
    stages = [lanes_of(writer, layout, "stages", skip=i * states) for i in range(tableau.stages)]
    slope = lanes_of(writer, layout, "time_slope") if depends_on_time else None
    time, step = lanes_of(writer, layout, "time")[0], lanes_of(writer, layout, "step")[0]
    workspace = writer.named("ptr", "%workspace")
    writer.run("linearize", workspace)
    margin = writer.call(writer.vector, "factor", workspace, writer.real(1.0 / tableau.gamma) / step)
    per_step = writer.real(1.0) / step
    for i in range(tableau.stages):
        by_time = step * tableau.slopes[i] if slope is not None and tableau.slopes[i] != 0.0 else None
        if i == 0 and by_time is None:
            writer.run("solve", workspace, stages[0].base)
            continue
        with writer.count(states) as row:
            earlier = [stages[j][row] for j in range(i)]
            if i > 0:
                trial[row] = _trial(tableau, i, state, trial, row, earlier)
                right = _weighted(tableau.c_matrix[i], earlier) * per_step
            else:
                right = stages[0][row]
            if by_time is not None and slope is not None:
                right = right + slope[row] * by_time
            stages[i][row] = right
        if i > 0:
            writer.run("rates", workspace, time + step * tableau.nodes[i], trial.base, stages[i].base)
        writer.run("solve", workspace, stages[i].base)
    _write_error(writer, layout, stages[-1], states, margin)
    arguments = "ptr noalias %workspace, double %rtol"
    return writer.function(f"step_{tableau.name}", arguments)


def _weighted(weights: Sequence[float], values: Sequence[Value]) -> Value:
    """Sum of weight times value, without the terms of weight 0."""
    terms = [value * weight for weight, value in zip(weights, values, strict=True) if weight != 0.0]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _trial(tableau: Tableau, i: int, state: Array, trial: Array, row: Value, earlier: Sequence[Value]) -> Value:
    """The state at which the rates of stage i are taken."""
    before, now = tableau.a[i - 1], tableau.a[i]
    if before and now[:-1] == before and now[-1] == 1.0:
        return trial[row] + earlier[-1]
    return state[row] + _weighted(now, earlier)


def _write_error(writer: Writer, layout: Layout, last: Array, states: int, margin: Value) -> None:
    """Mean square of the last stage over its tolerance; infinite or NaN where the step is not to be used."""
    state, trial, new = (lanes_of(writer, layout, name) for name in ("state", "trial", "next"))
    tolerance = lanes_of(writer, layout, "tolerance")
    rtol = splat(writer, writer.named("double", "%rtol"))
    total = writer.variable(writer.vector, 0.0)
    with writer.count(states) as row:
        error, value = last[row], trial[row] + last[row]
        new[row] = value
        size, old = writer.intrinsic("fabs", value), writer.intrinsic("fabs", state[row])
        scale = tolerance[row] + rtol * size.compare("ogt", old).choose(size, old)
        ratio = error / scale
        # value * 0 is 0 for every finite value and NaN otherwise
        total.set((total.get() + ratio * ratio) + value * 0.0)
    mean = total.get() * (1.0 / states)
    cancelled = margin.compare("olt", 0.0)
    lanes_of(writer, layout, "error")[0] = cancelled.choose(writer.real(float("inf")), mean)


def splat(writer: Writer, value: Value) -> Value:
    """A single number in every lane."""
    kind = writer.vector if value.type == "double" else writer.int_vector
    one = writer.let(kind, f"insertelement {kind} poison, {value.type} {value.name}, i64 0")
    return writer.let(kind, f"shufflevector {kind} {one.name}, {kind} poison, <{writer.lanes} x i32> zeroinitializer")


def write_dense(
    tableau: Tableau, layout: Layout, *, lanes: int, states: int, observed: int, together: bool = False
) -> str:
    """``void dense_<method>(workspace, lane, theta)``: observed states of one lane at t + theta·h, into its trial.

    If ``together``, ``void dense_all_<method>(workspace, theta)``: of all lanes, each at its own theta.
    """
    writer = Writer(lanes)
    kind, array, stride = (writer.vector, lanes_of, states) if together else ("double", numbers_of, states * lanes)
    theta = writer.named(kind, "%theta")
    state, new, trial, stage = (array(writer, layout, name) for name in ("state", "next", "trial", "stages"))
    table = Array(writer, INT, writer.named("ptr", "@observed"))
    rest = writer.of_type(kind, 1.0) - theta
    with writer.count(observed) as place:
        at = table[place] if together else table[place] * lanes + writer.named(INT, "%lane")
        curve: Value | None = None
        for weights in reversed(tableau.dense):
            total: Value | None = None
            for j, weight in enumerate(weights):
                if weight != 0.0:
                    part = stage[at + j * stride] * weight
                    total = part if total is None else total + part
            assert total is not None
            curve = total if curve is None else total + theta * curve
        assert curve is not None
        trial[at] = rest * state[at] + theta * (new[at] + rest * curve)
    name, lane = ("dense_all", "") if together else ("dense", "i64 %lane, ")
    return writer.function(f"{name}_{tableau.name}", f"ptr noalias %workspace, {lane}{kind} %theta")
