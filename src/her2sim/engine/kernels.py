"""The numerical kernels of a model as straight-line IR: rates, Jacobian, LU factors, solve, outputs."""

from __future__ import annotations

from dataclasses import dataclass

from her2sim.engine.elementary import declarations
from her2sim.engine.elimination import Matrix, write_factor, write_solve
from her2sim.engine.emission import Emission
from her2sim.engine.equations import Equations
from her2sim.engine.factorization import Factorization, factorize
from her2sim.engine.ir import Array, Value, Writer
from her2sim.engine.layout import Layout, layout_of
from her2sim.engine.program import LIVE, NUMBER, PATIENT, Program, needed
from her2sim.model.expression import neg


@dataclass(frozen=True)
class Kernels:
    """IR text of the kernels and what the driver must know of them.

    Main arguments:
        text: definitions of ``rates``, ``linearize``, ``factor``, ``solve``, ``prepare``, ``report``, ``condition``.
        layout: the workspace.
        depends_on_time: True if some rate depends on explicit time.
        stops: True if there is a stop condition.
        observed: states that outputs and stop condition need.
    """

    text: str
    layout: Layout
    depends_on_time: bool
    stops: bool
    observed: tuple[int, ...]


def write_kernels(equations: Equations, *, lanes: int, stages: int, infused: tuple[int, ...]) -> Kernels:
    """Write all kernels of a model.

    Main arguments:
        equations: the model.
        lanes: patients per vector.
        stages: stages of the method with most of them.
        infused: states with an input rate.
    """
    return _Model(equations, lanes, stages, infused).write()


class _Model:
    def __init__(self, equations: Equations, lanes: int, stages: int, infused: tuple[int, ...]) -> None:
        self.equations, self.lanes, self.stages, self.infused = equations, lanes, stages, infused
        self.program = Program(equations.states, equations.varying)
        by_state, by_time = equations.jacobian()
        self.rates = self.program.lower(equations.rates)
        self.entries = dict(zip(by_state, self.program.lower([neg(e) for e in by_state.values()]), strict=True))
        self.slopes = dict(zip(by_time, self.program.lower(by_time.values()), strict=True))
        self.outputs = self.program.lower(equations.outputs)
        self.stop = [] if equations.stop is None else self.program.lower([equations.stop])
        self.plan: Factorization = factorize(len(equations.states), by_state)
        live = [key for key, node in self.entries.items() if self.program.level(node) == LIVE]
        self.live_place = {key: place for place, key in enumerate(live)}

    def write(self) -> Kernels:
        observed = self._states_of([*self.outputs, *self.stop])
        sizes = {
            "states": len(self.equations.states),
            "parameters": len(self.equations.varying),
            "jacobian": len(self.live_place),
            "factors": len(self.plan.position),
            "inflows": len(self.infused),
            "outputs": len(self.outputs),
            "stages": self.stages,
        }
        # the constants kept per patient are counted while the kernels are written; they lie last
        self.layout = layout_of(kept=0, **sizes)
        text = declarations(self.lanes) + "".join(self._texts())
        layout = layout_of(kept=len(self.program.slots), **sizes)
        return Kernels(text, layout, bool(self.slopes), bool(self.stop), observed)

    def _texts(self) -> list[str]:
        return [
            self._rates(), self._linearize(), write_factor(self._matrix(), self.lanes),
            write_solve(self._matrix(), self.lanes), self._report(), self._condition(), self._prepare(),
        ]  # fmt: skip

    def _matrix(self) -> Matrix:
        """Where each element of minus the Jacobian is to be found."""

        def element(writer: Writer, key: tuple[int, int]) -> Value | None:
            node = self.entries.get(key)
            if node is None:
                return None
            if self.program.level(node) == NUMBER:
                return writer.real(self.program.operations[node].value)
            if self.program.level(node) == PATIENT:
                return self._array(writer, "kept")[self.program.slot(node)]
            return self._array(writer, "jacobian")[self.live_place[key]]

        return Matrix(self.plan, element, lambda writer: self._array(writer, "factors"))

    def _states_of(self, roots: list[int]) -> tuple[int, ...]:
        found = {
            int(self.program.operations[node].value)
            for node in needed(self.program, roots, LIVE)
            if self.program.operations[node].op == "state"
        }
        return tuple(sorted(found))

    def _array(self, writer: Writer, name: str) -> Array:
        workspace = writer.named("ptr", "%workspace")
        offset = self.layout[name] * 8 * writer.lanes
        return Array(writer, writer.vector, writer.let("ptr", f"getelementptr i8, ptr {workspace.name}, i64 {offset}"))

    def _live(self, writer: Writer, states: Array, time: Value) -> Emission:
        return Emission(self.program, writer, LIVE, kept=self._array(writer, "kept"), states=states, time=time)

    def _with_inflow(self, writer: Writer, place: int, value: Value) -> Value:
        if place not in self.infused:
            return value
        return value + self._array(writer, "inflow")[self.infused.index(place)]

    def _rates(self) -> str:
        """Adds the rates at a state and time to an array."""
        writer = Writer(self.lanes)
        states = Array(writer, writer.vector, writer.named("ptr", "%states"))
        rates = Array(writer, writer.vector, writer.named("ptr", "%rates"))

        def store(place: int, value: Value) -> None:
            rates[place] = rates[place] + self._with_inflow(writer, place, value)

        self._live(writer, states, writer.named(writer.vector, "%time")).write(self.rates, store)
        arguments = f"ptr noalias %workspace, {writer.vector} %time, ptr noalias %states, ptr noalias %rates"
        return writer.function("rates", arguments, visible=True)

    def _linearize(self) -> str:
        """Rates, Jacobian and time derivative at the point from which a step starts."""
        writer = Writer(self.lanes)
        rates, jacobian = self._array(writer, "stages"), self._array(writer, "jacobian")
        slope, time = self._array(writer, "time_slope"), self._array(writer, "time")[0]
        emission = self._live(writer, self._array(writer, "state"), time)

        def store_rate(place: int, value: Value) -> None:
            rates[place] = self._with_inflow(writer, place, value)

        emission.write(self.rates, store_rate)
        keys = list(self.live_place)
        emission.write([self.entries[key] for key in keys], jacobian.__setitem__)
        rows = list(self.slopes)

        def store_slope(place: int, value: Value) -> None:
            slope[rows[place]] = value

        emission.write([self.slopes[row] for row in rows], store_slope)
        if self.slopes:
            for row in range(len(self.equations.states)):
                if row not in self.slopes:
                    slope[row] = 0.0
        return writer.function("linearize", "ptr noalias %workspace", visible=True)

    def _report(self) -> str:
        """Outputs at the trial state."""
        writer = Writer(self.lanes)
        outputs, time = self._array(writer, "outputs"), self._array(writer, "evaluate_at")[0]
        self._live(writer, self._array(writer, "trial"), time).write(self.outputs, outputs.__setitem__)
        return writer.function("report", "ptr noalias %workspace", visible=True)

    def _condition(self) -> str:
        """The stop condition at a state."""
        writer = Writer(self.lanes)
        states = Array(writer, writer.vector, writer.named("ptr", "%states"))
        found: list[Value] = [writer.real(-1.0)]

        def store(place: int, value: Value) -> None:
            found[place] = value

        self._live(writer, states, writer.named(writer.vector, "%time")).write(self.stop, store)
        arguments = f"ptr noalias %workspace, {writer.vector} %time, ptr noalias %states"
        return writer.function(
            "condition", arguments, writer.vector, last=f"ret {writer.vector} {found[0].name}", visible=True
        )

    def _prepare(self) -> str:
        """Patient constants from the parameters."""
        writer = Writer(self.lanes)
        kept = self._array(writer, "kept")
        emission = Emission(self.program, writer, PATIENT, kept=kept, parameters=self._array(writer, "parameters"))
        nodes = list(self.program.slots)

        def store(place: int, value: Value) -> None:
            kept[self.program.slots[nodes[place]]] = value

        emission.write(nodes, store)
        return writer.function("prepare", "ptr noalias %workspace", visible=True)
