"""One lane of the workspace, and the order that a solve is given, as the driver's IR sees them."""

from __future__ import annotations

from her2sim.engine.ir import DOUBLE, INT, PTR, Array, Value, Writer
from her2sim.engine.layout import WHOLES, Layout
from her2sim.engine.steps import numbers_of

ORDER = "order"
FIELDS = (
    "parameters", "initial", "times", "times_stride", "n_observations", "horizons", "stop_first", "stop_time",
    "stop_slot", "stop_value", "values", "n_times", "status", "fail_time", "fail_state", "steps", "refused",
    "queue", "n_patients", "atol", "rtol", "start", "max_steps", "method", "first_step_factor",
)  # fmt: skip
"""Words of the order, eight bytes each: addresses, whole numbers and real numbers."""


class Lane:
    """Reads and writes the control numbers of one lane; ``lane["time"]`` loads, ``lane["time"] = v`` stores."""

    SIGNATURE = "ptr %order, ptr %workspace, i64 %lane"

    def __init__(self, writer: Writer, layout: Layout, number: Value) -> None:
        self.writer, self.layout, self.number = writer, layout, number

    def __getitem__(self, name: str) -> Value:
        return self._control(name)[self.number]

    def __setitem__(self, name: str, value: Value | float) -> None:
        self._control(name)[self.number] = value

    def _control(self, name: str) -> Array:
        return numbers_of(self.writer, self.layout, name, INT if name in WHOLES else DOUBLE)

    def numbers(self, name: str) -> Array:
        """The array ``name`` as single numbers; index it by ``at``."""
        return numbers_of(self.writer, self.layout, name)

    def at(self, item: Value) -> Value:
        """Index of element ``item`` of this lane."""
        return item * self.writer.lanes + self.number

    def order(self, field: str, kind: str) -> Value:
        """A word of the order."""
        words = Array(self.writer, kind, self.writer.named(PTR, f"%{ORDER}"))
        return words[FIELDS.index(field)]

    def arguments(self, number: Value | None = None) -> tuple[Value, Value, Value]:
        """Arguments of a function that works on this lane, or on another."""
        writer = self.writer
        return writer.named(PTR, f"%{ORDER}"), writer.named(PTR, "%workspace"), number or self.number

    def finish(self, status: Value | int, blame: Value | int) -> None:
        """End the patient in this lane."""
        writer = self.writer
        writer.run("finish", *self.arguments(), writer.of_type(INT, status), writer.of_type(INT, blame))

    def copy(self, source: str, target: str, count: int) -> None:
        """Copy an array of this lane."""
        read, write = self.numbers(source), self.numbers(target)
        with self.writer.count(count) as item:
            write[self.at(item)] = read[self.at(item)]

    def evaluate_condition(self, times: Value, states: Value) -> None:
        """Evaluate the stop condition for all lanes and keep it for this one."""
        writer = self.writer
        found = writer.call(writer.vector, "condition", writer.named(PTR, "%workspace"), times, states)
        self["condition"] = writer.let(DOUBLE, f"extractelement {writer.vector} {found.name}, i64 {self.number.name}")
