"""Where within a step a stop condition becomes positive, for all lanes at once, as IR.

The condition is looked at on the dense output at quarters of the step, and at the top of the parabola through a point
that is higher than both its neighbors; so a condition that holds for a part of a step only is seen too.
"""

from __future__ import annotations

from her2sim.engine.ir import INT, Array, Value, Writer
from her2sim.engine.lane import FIELDS, ORDER
from her2sim.engine.layout import Layout
from her2sim.engine.steps import lanes_of
from her2sim.engine.tableaux import METHODS

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
NEVER = 2.0
"""Value of ``crossing`` where the condition does not hold at any point of the step."""


def write_watch(layout: Layout, lanes: int) -> str:
    """``<lanes x double> watch(order, workspace)``: the condition at the end of the step.

    Into the workspace go ``crossing``, the first part of the step at which the condition is seen to hold, and ``safe``,
    the last part before it at which it did not.
    """
    writer = Writer(lanes)
    now, step = lanes_of(writer, layout, "time")[0], lanes_of(writer, layout, "step")[0]
    reached, new = lanes_of(writer, layout, "reached")[0], lanes_of(writer, layout, "next").base
    workspace = writer.named("ptr", "%workspace")
    method = Array(writer, INT, writer.named("ptr", f"%{ORDER}"))[FIELDS.index("method")]

    def condition(at: Value) -> Value:
        for number, tableau in enumerate(METHODS):
            with writer.when(method.compare("eq", number)):
                writer.run(f"dense_all_{tableau.name}", workspace, at)
        trial = lanes_of(writer, layout, "trial").base
        return writer.call(writer.vector, "condition", workspace, now + at * step, trial)

    end = writer.call(writer.vector, "condition", workspace, reached, new)
    values = [lanes_of(writer, layout, "condition")[0], *(condition(writer.real(at)) for at in GRID[1:-1]), end]
    crossing, safe = writer.real(NEVER), writer.real(0.0)
    for place in reversed(range(1, len(GRID))):
        holds = values[place].compare("ogt", 0.0)
        crossing = holds.choose(writer.real(GRID[place]), crossing)
        safe = holds.choose(writer.real(GRID[place - 1]), safe)
    for place in range(1, len(GRID) - 1):
        before, here, after = values[place - 1 : place + 2]
        bend = (before - here) + (after - here)
        top = here.compare("oge", before) & here.compare("oge", after) & bend.compare("olt", 0.0)
        shift = top.choose((before - after) / bend * (0.5 * GRID[1]), writer.real(0.0))
        at = shift + GRID[place]
        holds = top & crossing.compare("ogt", 1.0) & condition(at).compare("ogt", 0.0)
        left = shift.compare("olt", 0.0)
        safe = holds.choose(left.choose(writer.real(GRID[place - 1]), writer.real(GRID[place])), safe)
        crossing = holds.choose(at, crossing)
    lanes_of(writer, layout, "crossing")[0] = crossing
    lanes_of(writer, layout, "safe")[0] = safe
    return writer.function(
        "watch", f"ptr %{ORDER}, ptr noalias %workspace", writer.vector, last=f"ret {writer.vector} {end.name}"
    )
