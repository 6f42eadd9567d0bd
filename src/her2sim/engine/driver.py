"""The driver as IR: lanes with their own time and step size, halts, observations, refill, and the fate of each patient.

All lanes take a step at once. What a step means for a lane (accepted or not, how long the next one is) is decided
for all lanes at once without branches; only lanes that reach an observation, a dose, the end or a failure are looked
at one by one. No lane ever reads another one, so a patient's result does not depend on who shares its vector.
"""

from __future__ import annotations

from her2sim.engine.elementary import declarations, write_exp, write_ln
from her2sim.engine.interface import NOT_FINITE, OK, STEP_TOO_SMALL, STOPPED, TOO_MANY_STEPS
from her2sim.engine.ir import DOUBLE, INT, PTR, Array, Value, Variable, Writer
from her2sim.engine.kernels import Kernels
from her2sim.engine.lane import ORDER, Lane
from her2sim.engine.steps import lanes_of, splat, write_dense, write_step
from her2sim.engine.tableaux import METHODS, Tableau
from her2sim.engine.watch import write_watch

SAFETY, SHRINK, GROW = 0.9, 0.2, 6.0
SHRINK_UNUSABLE = 0.1
"""The next step size is h·clamp(0.9·error^(-1/order), 0.2, 6), and a tenth of h where the error is no number."""
FINAL_STRETCH = 1.0001
BISECTIONS = 60


def write_driver(kernels: Kernels, *, lanes: int, states: int, parameters: int, outputs: int, inflows: int) -> str:
    """All functions of the driver, its steps and dense outputs; the kernels are only declared."""
    return _Driver(kernels, lanes, states, parameters, outputs, inflows).write()


class _Driver:
    def __init__(self, kernels: Kernels, lanes: int, states: int, parameters: int, outputs: int, inflows: int) -> None:
        self.kernels, self.layout, self.lanes = kernels, kernels.layout, lanes
        self.states, self.parameters, self.outputs, self.inflows = states, parameters, outputs, inflows

    def write(self) -> str:
        observed = self.kernels.observed
        table = ", ".join(f"i64 {i}" for i in observed)
        parts = [f"@observed = private constant [{len(observed)} x i64] [{table}]\n"] if observed else [
            "@observed = private constant [1 x i64] zeroinitializer\n"
        ]  # fmt: skip
        parts.append(declarations(self.lanes) + _kernel_declarations(self.lanes, self.kernels.loops))
        for tableau in METHODS:
            parts.append(
                write_step(
                    tableau, self.layout, lanes=self.lanes, states=self.states,
                    depends_on_time=self.kernels.depends_on_time,
                )
            )  # fmt: skip
            for together in (False, True) if self.kernels.stops else (False,):
                parts.append(
                    write_dense(
                        tableau, self.layout, lanes=self.lanes, states=self.states, observed=len(observed),
                        together=together,
                    )
                )  # fmt: skip
        if self.kernels.stops:
            parts.append(write_watch(self.layout, self.lanes))
        parts += [
            self._record(), self._finish(), self._first_step(), self._arrive(), self._refill(), self._observe(),
            self._settle(), self._run(),
        ]  # fmt: skip
        return "".join(parts)

    def _lane(self) -> tuple[Writer, Lane]:
        writer = Writer(self.lanes)
        return writer, Lane(writer, self.layout, writer.named(INT, "%lane"))

    def _record(self) -> str:
        """Report the trial state of a lane at ``evaluate_at`` as its next observation."""
        writer, lane = self._lane()
        writer.run("report", writer.named(PTR, "%workspace"))
        number = lane["observation"]
        place = lane["patient"] * lane.order("n_times", INT) + number
        values, outputs = Array(writer, DOUBLE, lane.order("values", PTR)), lane.numbers("outputs")
        with writer.count(self.outputs) as item:
            values[place * self.outputs + item] = outputs[lane.at(item)]
        lane["observation"] = number + 1
        writer.run("look_ahead", *lane.arguments())
        return writer.function("record", Lane.SIGNATURE) + self._look_ahead()

    def _look_ahead(self) -> str:
        """Find the time of the next observation of a lane; infinity if there is none."""
        writer, lane = self._lane()
        lane["observe_at"] = float("inf")
        number = lane["observation"]
        with writer.when(number.compare("slt", lane["observations"])):
            times = Array(writer, DOUBLE, lane.order("times", PTR))
            lane["observe_at"] = times[lane["patient"] * lane.order("times_stride", INT) + number]
        return writer.function("look_ahead", Lane.SIGNATURE)

    def _finish(self) -> str:
        """Write the fate of the patient in a lane and free the lane."""
        writer, lane = self._lane()
        patient, status = lane["patient"], writer.named(INT, "%status")
        Array(writer, INT, lane.order("status", PTR))[patient] = status
        Array(writer, INT, lane.order("steps", PTR))[patient] = lane["accepted"].cast("fptosi", INT)
        refused = (lane["tried"] - lane["accepted"]).cast("fptosi", INT)
        Array(writer, INT, lane.order("refused", PTR))[patient] = refused
        with writer.when(status.compare("ne", OK)):
            Array(writer, DOUBLE, lane.order("fail_time", PTR))[patient] = lane["time"]
            Array(writer, INT, lane.order("fail_state", PTR))[patient] = writer.named(INT, "%blame")
        lane["active"] = 0.0
        return writer.function("finish", Lane.SIGNATURE + ", i64 %status, i64 %blame")

    def _first_step(self) -> str:
        """A first step size from the size of the rates (Hairer, Nørsett & Wanner, Solving ODEs I, II.4); writes the
        step and returns -1, or returns the state whose rate is not finite."""
        writer, lane = self._lane()
        workspace = writer.named(PTR, "%workspace")
        rates = lanes_of(writer, self.layout, "next")
        time = lanes_of(writer, self.layout, "time")[0]
        with writer.count(self.states) as row:
            rates[row] = 0.0
        writer.run("rates", workspace, time, lanes_of(writer, self.layout, "state").base, rates.base)
        state, rate, tolerance = lane.numbers("state"), lane.numbers("next"), lane.numbers("tolerance")
        size, speed = writer.variable(DOUBLE, 0.0), writer.variable(DOUBLE, 0.0)
        bad = writer.variable(INT, -1)
        with writer.count(self.states) as row:
            value, change = state[lane.at(row)], rate[lane.at(row)]
            scale = tolerance[lane.at(row)] + lane.order("rtol", DOUBLE) * writer.intrinsic("fabs", value)
            scale = scale.compare("ogt", 0.0).choose(scale, writer.of_type(DOUBLE, 1e-300))
            a, b = value / scale, change / scale
            size.set(size.get() + a * a)
            speed.set(speed.get() + b * b)
            with writer.when((change - change).compare("une", 0.0)):
                bad.set(row)
        reach = lane["goal"] - lane["time"]
        ratio = writer.intrinsic("sqrt", size.get() / speed.get()) * 0.01
        small = reach * 1e-6
        slow = speed.get().compare("olt", 1e-10) | size.get().compare("olt", 1e-10)
        step = slow.choose(small, ratio)
        step = step.compare("olt", reach).choose(step, reach) * lane.order("first_step_factor", DOUBLE)
        step = step.compare("ogt", 0.0).choose(step, small)
        lane["step"] = step
        return writer.function("first_step", Lane.SIGNATURE, INT, last=f"ret i64 {bad.get().name}")

    def _arrive(self) -> str:
        """At a halt: put in doses, set the next goal and step. Returns false if the patient is done."""
        writer, lane = self._lane()
        state, inflow = lane.numbers("state"), lane.numbers("inflow")
        now = lane["time"]
        ends = lane["stop_end"]
        stop_time, stop_slot = Array(writer, DOUBLE, lane.order("stop_time", PTR)), lane.order("stop_slot", PTR)
        slots, amounts = Array(writer, INT, stop_slot), Array(writer, DOUBLE, lane.order("stop_value", PTR))
        with writer.forever():
            row = lane["stop_row"]
            writer.leave(row.compare("sge", ends))
            writer.leave(stop_time[row].compare("ogt", now))
            slot, amount = slots[row], amounts[row]
            with writer.when(slot.compare("slt", self.states)):
                at = lane.at(slot)
                state[at] = state[at] + amount
            with writer.when(slot.compare("sge", self.states)):
                inflow[lane.at(slot - self.states)] = amount
            lane["stop_row"] = row + 1
        done = now.compare("oge", lane["horizon"])
        with writer.when(done):
            lane.finish(OK, -1)
        writer.give(done, "i1 false")
        lane["goal"] = lane["horizon"]
        with writer.when(lane["stop_row"].compare("slt", ends)):
            next_stop = stop_time[lane["stop_row"]]
            lane["goal"] = next_stop.compare("olt", lane["goal"]).choose(next_stop, lane["goal"])
        self._give_up_if_not_finite(writer, lane)
        if self.kernels.stops:
            time = lanes_of(writer, self.layout, "time")[0]
            states = lanes_of(writer, self.layout, "state").base
            lane.evaluate_condition(time, states)
            stopped = lane["condition"].compare("ogt", 0.0)
            with writer.when(stopped):
                lane.finish(STOPPED, -1)
            writer.give(stopped, "i1 false")
        lane["step"] = lane["restart"]
        blame = writer.variable(INT, -1)
        with writer.when(lane["restart"].compare("ole", 0.0)):
            blame.set(writer.call(INT, "first_step", *lane.arguments()))
        bad = blame.get().compare("sge", 0)
        with writer.when(bad):
            lane.finish(NOT_FINITE, blame.get())
        writer.give(bad, "i1 false")
        reach = lane["goal"] - now
        lane["step"] = lane["step"].compare("olt", reach).choose(lane["step"], reach)
        lane["after_stop"] = 1.0
        lane["was_rejected"] = 0.0
        return writer.function("arrive", Lane.SIGNATURE, "i1", last="ret i1 true")

    def _give_up_if_not_finite(self, writer: Writer, lane: Lane) -> None:
        blame = writer.variable(INT, -1)
        state = lane.numbers("state")
        with writer.count(self.states) as row:
            value = state[lane.at(row)]
            with writer.when((value - value).compare("une", 0.0)):
                blame.set(row)
        bad = blame.get().compare("sge", 0)
        with writer.when(bad):
            lane.finish(NOT_FINITE, blame.get())
        writer.give(bad, "i1 false")

    def _refill(self) -> str:
        """Take patients from the queue until one needs steps, or none is left."""
        writer, lane = self._lane()
        queue = lane.order("queue", PTR)
        with writer.forever():
            patient = writer.let(INT, f"atomicrmw add ptr {queue.name}, i64 1 monotonic")
            none = patient.compare("sge", lane.order("n_patients", INT))
            with writer.when(none):
                lane["active"] = 0.0
                lane["step"] = 1.0
            writer.leave(none)
            broken = self._load_patient(writer, lane, patient)
            with writer.when(broken):
                lane.finish(NOT_FINITE, -1)
            with writer.when(~broken):
                self._observe_start(writer, lane)
                writer.run("enter", *lane.arguments())
            writer.leave(lane["active"].compare("oeq", 1.0))
        return writer.function("refill", Lane.SIGNATURE) + self._enter()

    def _enter(self) -> str:
        writer, lane = self._lane()
        lane["active"] = 1.0
        writer.call("i1", "arrive", *lane.arguments())
        return writer.function("enter", Lane.SIGNATURE)

    def _load_patient(self, writer: Writer, lane: Lane, patient: Value) -> Value:
        """Copy the numbers of a patient into a lane; true if its parameters are not all finite."""
        lane["patient"] = patient
        check = writer.variable(DOUBLE, 0.0)
        for name, count in (("parameters", self.parameters), ("state", self.states)):
            source = Array(writer, DOUBLE, lane.order("initial" if name == "state" else name, PTR))
            target = lane.numbers(name)
            with writer.count(count) as item:
                value = source[patient * count + item]
                target[lane.at(item)] = value
                if name == "parameters":
                    check.set(check.get() + (value - value))
        inflow = lane.numbers("inflow")
        for item in range(self.inflows):
            inflow[lane.at(writer.of_type(INT, item))] = 0.0
        writer.run("prepare", writer.named(PTR, "%workspace"))
        for name in ("accepted", "tried", "verdict", "was_rejected", "restart", "active"):
            lane[name] = 0.0
        lane["condition"] = -1.0
        lane["time"] = lane.order("start", DOUBLE)
        lane["observation"] = 0
        first = Array(writer, INT, lane.order("stop_first", PTR))
        lane["stop_row"], lane["stop_end"] = first[patient], first[patient + 1]
        lane["observations"] = Array(writer, INT, lane.order("n_observations", PTR))[patient]
        lane["horizon"] = Array(writer, DOUBLE, lane.order("horizons", PTR))[patient]
        writer.run("look_ahead", *lane.arguments())
        return check.get().compare("une", 0.0)

    def _observe_start(self, writer: Writer, lane: Lane) -> None:
        """Observations at the start see the initial state, before any dose."""
        with writer.when(lane["observe_at"].compare("ole", lane["time"])):
            lane.copy("state", "trial", self.states)
            lane["evaluate_at"] = lane["time"]
            with writer.forever():
                writer.leave(lane["observe_at"].compare("ogt", lane["time"]))
                writer.run("record", *lane.arguments())

    def _observe(self) -> str:
        """After an accepted step: locate the stop condition, then report what lies within the step."""
        writer, lane = self._lane()
        time, step, reached = lane["time"], lane["step"], lane["reached"]
        last = writer.variable(DOUBLE, reached)
        if self.kernels.stops:
            with writer.when(lane["crossing"].compare("ole", 1.0)):
                self._bisect(writer, lane, last)
                lane["verdict"] = float(STOPPED)
        with writer.forever():
            at = lane["observe_at"]
            writer.leave(at.compare("ogt", last.get()))
            lane["evaluate_at"] = at
            self._dense(writer, lane, (at - time) / step)
            with writer.when(at.compare("oge", reached)):
                lane.copy("next", "trial", self.states)
            writer.run("record", *lane.arguments())
        with writer.when(last.get().compare("olt", reached)):
            lane["reached"] = last.get()
        return writer.function("observe", Lane.SIGNATURE)

    def _dense(self, writer: Writer, lane: Lane, theta: Value) -> None:
        method = lane.order("method", INT)
        for number, tableau in enumerate(METHODS):
            with writer.when(method.compare("eq", number)):
                writer.run(f"dense_{tableau.name}", writer.named(PTR, "%workspace"), lane.number, theta)

    def _bisect(self, writer: Writer, lane: Lane, last: Variable) -> None:
        """The first moment within the step at which the condition holds, to the resolution of the step."""
        low, high = writer.variable(DOUBLE, lane["safe"]), writer.variable(DOUBLE, lane["crossing"])
        time, step = lane["time"], lane["step"]
        with writer.count(BISECTIONS):
            middle = (low.get() + high.get()) * 0.5
            lane["evaluate_at"] = time + middle * step
            self._dense(writer, lane, middle)
            moments = lanes_of(writer, self.layout, "evaluate_at")[0]
            lane.evaluate_condition(moments, lanes_of(writer, self.layout, "trial").base)
            holds = lane["condition"].compare("ogt", 0.0)
            high.set(holds.choose(middle, high.get()))
            low.set(holds.choose(low.get(), middle))
        found = time + high.get() * step
        last.set(found.compare("olt", last.get()).choose(found, last.get()))

    def _settle(self) -> str:
        """After the lanes have moved: end a patient that failed, stopped or arrived, and take the next."""
        writer, lane = self._lane()
        verdict = lane["verdict"].cast("fptosi", INT)
        failed = verdict.compare("ne", OK)
        with writer.when(failed):
            blame = writer.variable(INT, -1)
            with writer.when(verdict.compare("ne", STOPPED)):
                self._find_blame(writer, lane, blame)
            lane.finish(verdict, blame.get())
        with writer.when(~failed & lane["time"].compare("oge", lane["goal"])):
            writer.call("i1", "arrive", *lane.arguments())
        with writer.when(lane["active"].compare("oeq", 0.0)):
            writer.run("refill", *lane.arguments())
        return writer.function("settle", Lane.SIGNATURE)

    def _find_blame(self, writer: Writer, lane: Lane, blame: Variable) -> None:
        """The state that moves most, relative to its tolerance, in the refused step; the first that is no number."""
        state, new, tolerance = lane.numbers("state"), lane.numbers("next"), lane.numbers("tolerance")
        worst = writer.variable(DOUBLE, -1.0)
        with writer.count(self.states) as row:
            at = lane.at(row)
            scale = tolerance[at] + lane.order("rtol", DOUBLE) * writer.intrinsic("fabs", state[at])
            move = writer.intrinsic("fabs", (new[at] - state[at]) / scale)
            broken = (new[at] - new[at]).compare("une", 0.0)
            move = broken.choose(writer.of_type(DOUBLE, float("inf")), move)
            with writer.when(move.compare("ogt", worst.get())):
                worst.set(move)
                blame.set(row)

    def _run(self) -> str:
        writer = Writer(self.lanes)
        workspace = writer.named(PTR, "%workspace")
        outer = Lane(writer, self.layout, writer.of_type(INT, 0))
        tolerance = lanes_of(writer, self.layout, "tolerance")
        atol = Array(writer, DOUBLE, outer.order("atol", PTR))
        with writer.count(self.states) as row:
            tolerance[row] = splat(writer, atol[row])
        rtol, method = outer.order("rtol", DOUBLE), outer.order("method", INT)
        for lane in range(self.lanes):
            writer.run("refill", *outer.arguments(writer.of_type(INT, lane)))
        with writer.forever():
            active = lanes_of(writer, self.layout, "active")[0].compare("oeq", 1.0)
            writer.leave(self._bits(writer, active).compare("eq", 0))
            for number, tableau in enumerate(METHODS):
                with writer.when(method.compare("eq", number)):
                    writer.run(f"step_{tableau.name}", workspace, rtol)
                    lanes_of(writer, self.layout, "proposed")[0] = _growth(
                        writer, self._vector(writer, "error"), tableau
                    )
            self._decide(writer, outer, active)
        return writer.function("run", f"ptr %{ORDER}, ptr %workspace", visible=True)

    def _vector(self, writer: Writer, name: str) -> Value:
        return lanes_of(writer, self.layout, name)[0]

    def _put(self, writer: Writer, name: str, value: Value) -> None:
        lanes_of(writer, self.layout, name)[0] = value

    def _bits(self, writer: Writer, mask: Value) -> Value:
        return mask.cast("bitcast", f"i{self.lanes}").cast("zext", INT)

    def _decide(self, writer: Writer, outer: Lane, active: Value) -> None:
        """Accept or refuse the step of each lane, move, and set the next step size."""
        one, zero = writer.real(1.0), writer.real(0.0)
        error, time, step, goal = (self._vector(writer, name) for name in ("error", "time", "step", "goal"))
        accept = active & error.compare("ole", 1.0)
        usable = error.compare("olt", float("inf"))
        growth = usable.choose(self._vector(writer, "proposed"), writer.real(SHRINK_UNUSABLE))
        no_growth = self._vector(writer, "was_rejected").compare("oeq", 1.0) & growth.compare("ogt", 1.0)
        growth = no_growth.choose(one, growth)
        arrived = accept & step.compare("oge", goal - time)
        reached = arrived.choose(goal, time + step)
        proposed = step * growth
        tried = self._vector(writer, "tried") + active.choose(one, zero)
        stuck = active & ~accept & ((time + proposed).compare("oeq", time) | proposed.compare("olt", 1e-290))
        too_many = active & ~stuck & ~arrived & tried.compare("oge", splat(writer, outer.order("max_steps", DOUBLE)))
        fresh = accept & self._vector(writer, "after_stop").compare("oeq", 1.0)
        half = proposed * 0.5
        lasting = half.compare("ogt", step).choose(half, step)
        self._put(writer, "restart", (fresh & ~arrived).choose(lasting, self._vector(writer, "restart")))
        self._put(writer, "after_stop", accept.choose(zero, self._vector(writer, "after_stop")))
        self._put(writer, "was_rejected", accept.choose(zero, one))
        self._put(writer, "tried", tried)
        self._put(writer, "accepted", self._vector(writer, "accepted") + accept.choose(one, zero))
        self._put(writer, "reached", reached)
        fate = stuck.choose(
            usable.choose(writer.real(float(STEP_TOO_SMALL)), writer.real(float(NOT_FINITE))),
            too_many.choose(writer.real(float(TOO_MANY_STEPS)), zero),
        )
        self._put(writer, "verdict", fate)
        seen = accept & reached.compare("oge", self._vector(writer, "observe_at"))
        if self.kernels.stops:
            end = writer.call(writer.vector, "watch", writer.named(PTR, f"%{ORDER}"), writer.named(PTR, "%workspace"))
            self._put(writer, "condition", accept.choose(end, self._vector(writer, "condition")))
            seen = seen | (accept & self._vector(writer, "crossing").compare("ole", 1.0))
        seen_bits = self._bits(writer, seen)
        self._for_lanes(writer, outer, seen_bits, "observe")
        self._move(writer, accept)
        moved = accept.choose(self._vector(writer, "reached"), time)
        self._put(writer, "time", moved)
        left = goal - moved
        near = left.compare("ole", proposed * FINAL_STRETCH)
        halfway = left.compare("olt", proposed * 2.0).choose(left * 0.5, proposed)
        self._put(writer, "step", near.choose(left, halfway))
        special = self._bits(writer, arrived | stuck | too_many) | (seen_bits if self.kernels.stops else seen_bits & 0)
        self._for_lanes(writer, outer, special, "settle")

    def _for_lanes(self, writer: Writer, outer: Lane, bits: Value, function: str) -> None:
        with writer.when(bits.compare("ne", 0)), writer.count(self.lanes) as lane:
            chosen = (bits >> lane) & 1
            with writer.when(chosen.compare("eq", 1)):
                writer.run(function, *outer.arguments(lane))

    def _move(self, writer: Writer, accept: Value) -> None:
        state, new = lanes_of(writer, self.layout, "state"), lanes_of(writer, self.layout, "next")
        with writer.count(self.states) as row:
            state[row] = accept.choose(new[row], state[row])


def _kernel_declarations(lanes: int, loops: str) -> str:
    vector = f"<{lanes} x double>"
    elimination = f"declare {vector} @factor(ptr, {vector})\ndeclare void @solve(ptr, ptr)\n"
    if loops:
        elimination = f"declare void @assemble(ptr, {vector})\n{loops}"
    return (
        f"declare void @rates(ptr, {vector}, ptr, ptr)\n"
        "declare void @linearize(ptr)\n"
        f"{elimination}"
        "declare void @report(ptr)\n"
        f"declare {vector} @condition(ptr, {vector}, ptr)\n"
        "declare void @prepare(ptr)\n"
    )


def _growth(writer: Writer, error: Value, tableau: Tableau) -> Value:
    """Factor of the next step size from the mean square error."""
    error = error.compare("ogt", 1e-12).choose(error, writer.real(1e-12))
    if tableau.order == 4:
        root = error
        for _ in range(3):
            root = writer.intrinsic("sqrt", root)
        factor = writer.real(SAFETY) / root
    else:
        high, _ = write_ln(writer, error)
        factor = write_exp(writer, high * (-0.5 / tableau.order)) * SAFETY
    factor = factor.compare("ogt", GROW).choose(writer.real(GROW), factor)
    return factor.compare("olt", SHRINK).choose(writer.real(SHRINK), factor)
