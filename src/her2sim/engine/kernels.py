"""The numerical kernels of a model as straight-line IR: rates, Jacobian, LU factors, solve, outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from her2sim.engine.elementary import declarations
from her2sim.engine.elimination import CUT, Matrix, write_factor, write_solve
from her2sim.engine.elimination_table import (
    MOST_STRAIGHT_UPDATES,
    write_assembly,
    write_table_factor,
    write_table_solve,
)
from her2sim.engine.emission import Emission
from her2sim.engine.equations import Equations
from her2sim.engine.factorization import Factorization, factorize
from her2sim.engine.ir import Array, Value, Writer
from her2sim.engine.layout import Layout, layout_of
from her2sim.engine.program import LIVE, NUMBER, PATIENT, Program, needed
from her2sim.model.expression import neg

LARGE = 4000
"""Kernels with more operations than this are cut into functions."""

Store = Callable[[int, Value], None]


@dataclass(frozen=True)
class Kernels:
    """IR text of the kernels and what the driver must know of them.

    Main arguments:
        text: definitions of ``rates``, ``linearize``, ``factor``, ``solve``, ``prepare``, ``report``, ``condition``.
        layout: the workspace.
        depends_on_time: True if some rate depends on explicit time.
        stops: True if there is a stop condition.
        observed: states that outputs and stop condition need.
        loops: definitions of ``factor`` and ``solve`` as loops over tables, empty where the kernels have them.
    """

    text: str
    layout: Layout
    depends_on_time: bool
    stops: bool
    observed: tuple[int, ...]
    loops: str = ""


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
        loops = ""
        if self.plan.updates > MOST_STRAIGHT_UPDATES:
            loops = write_table_factor(self.plan, layout, self.lanes) + write_table_solve(self.plan, layout, self.lanes)
        return Kernels(text, layout, bool(self.slopes), bool(self.stop), observed, loops)

    def _texts(self) -> list[str]:
        return [
            self._rates(), self._linearize(), *self._elimination(), self._report(), self._condition(), self._prepare(),
        ]  # fmt: skip

    def _elimination(self) -> list[str]:
        matrix = self._matrix()
        if self.plan.updates > MOST_STRAIGHT_UPDATES:
            return [write_assembly(matrix, self.lanes)]
        return [write_factor(matrix, self.lanes), write_solve(matrix, self.lanes)]

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

        def begin(writer: Writer) -> tuple[Emission, Store]:
            states = Array(writer, writer.vector, writer.named("ptr", "%states"))
            rates = Array(writer, writer.vector, writer.named("ptr", "%rates"))

            def store(place: int, value: Value) -> None:
                rates[place] = rates[place] + self._with_inflow(writer, place, value)

            return self._live(writer, states, writer.named(writer.vector, "%time")), store

        vector = f"<{self.lanes} x double>"
        arguments = (("ptr noalias", "%workspace"), (vector, "%time"), ("ptr noalias", "%states"),
                     ("ptr noalias", "%rates"))  # fmt: skip
        return self._in_pieces("rates", arguments, self.rates, begin)

    def _linearize(self) -> str:
        """Rates, Jacobian and time derivative at the point from which a step starts."""
        size, keys = len(self.rates), list(self.live_place)
        zero = self.program.number(0.0)
        slopes = [self.slopes.get(row, zero) for row in range(size)] if self.slopes else []

        def begin(writer: Writer) -> tuple[Emission, Store]:
            rates, jacobian = self._array(writer, "stages"), self._array(writer, "jacobian")
            slope, time = self._array(writer, "time_slope"), self._array(writer, "time")[0]

            def store(place: int, value: Value) -> None:
                if place < size:
                    rates[place] = self._with_inflow(writer, place, value)
                elif place < size + len(keys):
                    jacobian[place - size] = value
                else:
                    slope[place - size - len(keys)] = value

            return self._live(writer, self._array(writer, "state"), time), store

        roots = [*self.rates, *(self.entries[key] for key in keys), *slopes]
        return self._in_pieces("linearize", (("ptr noalias", "%workspace"),), roots, begin)

    def _in_pieces(
        self,
        name: str,
        arguments: tuple[tuple[str, str], ...],
        roots: list[int],
        begin: Callable[[Writer], tuple[Emission, Store]],
    ) -> str:
        """A function that stores the roots; a large one is cut, at the price of computing some things twice."""
        large = len(needed(self.program, roots, LIVE)) > LARGE
        listed = ", ".join(f"{kind} {word}" for kind, word in arguments)
        texts: list[str] = []
        done = 0
        while done < len(roots) or not texts:
            writer = Writer(self.lanes)
            emission, store = begin(writer)
            emission.look_ahead(roots)
            while done < len(roots) and not (large and len(writer.lines) > CUT):
                emission.write_root(roots[done])
                store(done, emission.operand(roots[done]))
                done += 1
            piece = f"{name}_{len(texts)}" if large else name
            texts.append(writer.function(piece, listed, visible=not large))
        if large:
            whole = Writer(self.lanes)
            for number in range(len(texts)):
                whole.run(
                    f"{name}_{number}",
                    *(whole.named(kind.split()[0] if "ptr" in kind else kind, word) for kind, word in arguments),
                )
            texts.append(whole.function(name, listed, visible=True))
        return "".join(texts)

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
