"""Operations of a program as IR: one instruction after another, for all lanes at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from her2sim.engine.elementary import (
    LIBRARY,
    write_exp,
    write_library_call,
    write_ln,
    write_power_of_positive,
)
from her2sim.engine.ir import Array, Value, Writer
from her2sim.engine.program import COMPARISONS, LIVE, NUMBER, PATIENT, Program, needed


class Emission:
    """Writes the operations of one level into one function.

    Main arguments:
        program: the operations.
        writer: the function being written.
        level: LIVE for what changes at every step, PATIENT for what is computed once per patient.
        states: array of the states, or None.
        time: the time in each lane, or None.
        kept: array of the patient constants.
        parameters: array of the parameters; only PATIENT needs it.
    """

    def __init__(
        self,
        program: Program,
        writer: Writer,
        level: int,
        *,
        kept: Array,
        states: Array | None = None,
        time: Value | None = None,
        parameters: Array | None = None,
    ) -> None:
        self.program, self.writer, self.level = program, writer, level
        self.kept, self.states, self.time, self.parameters = kept, states, time, parameters
        self.values: dict[int, Value] = {}
        self.pairs: dict[int, tuple[Value, Value]] = {}
        self.shared: set[int] = set()

    def look_ahead(self, roots: Iterable[int]) -> None:
        """Note which operations the function will use more than once: such a product is computed once, by itself,
        not within each sum that it is a term of, where its factors would occupy two registers in its stead."""
        listed = list(roots)
        uses = Counter(listed)
        for node in needed(self.program, listed, self.level):
            uses.update(self.program.operations[node].args)
        self.shared = {node for node, count in uses.items() if count > 1}

    def write(self, roots: Iterable[int], store: Callable[[int, Value], None]) -> None:
        """Write what the roots need, and hand each root's value to ``store`` as soon as it is known."""
        listed = list(roots)
        self.look_ahead(listed)
        for place, root in enumerate(listed):
            self.write_root(root)
            store(place, self.operand(root))

    def write_root(self, root: int) -> None:
        """Write what a root needs and is not yet written."""
        for node in needed(self.program, [root], self.level):
            if node not in self.values and node not in self.pairs:
                self._write_one(node)

    def operand(self, node: int) -> Value:
        """The value of an operation, from a register, from what is kept for the patient, or as a number."""
        operation = self.program.operations[node]
        if operation.level == NUMBER:
            return self.writer.real(operation.value)
        if operation.op == "state" and self.states is not None:
            return self.states[int(operation.value)]
        if operation.op == "time" and self.time is not None:
            return self.time
        if operation.level == PATIENT and self.level == LIVE:
            if self.program.is_condition(node):
                return self.kept[self.program.slot(self.program.as_number(node))].compare("une", 0.0)
            return self.kept[self.program.slot(node)]
        return self.values[node]

    def _pair(self, node: int) -> tuple[Value, Value]:
        if self.program.level(node) == PATIENT and self.level == LIVE:
            high = self.program.node("pair high", node)
            low = self.program.node("pair low", node)
            return self.kept[self.program.slot(high)], self.kept[self.program.slot(low)]
        return self.pairs[node]

    def _write_one(self, node: int) -> None:
        operation = self.program.operations[node]
        op = operation.op
        if op in ("state", "time"):
            return
        if op == "parameter" and self.parameters is not None:
            self.values[node] = self.parameters[int(operation.value)]
            return
        if op == "ln pair":
            self.pairs[node] = write_ln(self.writer, self.operand(operation.args[0]))
            return
        if op in ("ln", "pair high", "pair low"):
            self.values[node] = self._pair(operation.args[0])[1 if op == "pair low" else 0]
            return
        if op == "power":
            exponent = self.operand(operation.args[1])
            self.values[node] = write_power_of_positive(self.writer, self._pair(operation.args[0]), exponent)
            return
        value = self._simple(op, [self.operand(a) for a in operation.args])
        self.values[node] = value.alone() if node in self.shared else value

    def _simple(self, op: str, args: list[Value]) -> Value:
        writer, first = self.writer, args[0]
        if op in ("add", "sub", "mul", "div"):
            second = args[1]
            return {"add": first.__add__, "sub": first.__sub__, "mul": first.__mul__, "div": first.__truediv__}[op](
                second
            )
        if op in COMPARISONS:
            return first.compare(COMPARISONS[op], args[1])
        if op in ("min", "max"):
            if not args[1].name.startswith("%"):  # a number: one comparison does, and keeps NaN
                return first.compare("ogt" if op == "min" else "olt", args[1]).choose(args[1], first)
            chosen = first.compare("olt" if op == "min" else "ogt", args[1]).choose(first, args[1])
            return first.compare("uno", first).choose(first, chosen)
        if op in LIBRARY:
            return write_library_call(writer, op, first)
        match op:
            case "inverse":
                return writer.real(1.0) / first
            case "neg":
                return -first
            case "sqrt" | "floor" | "ceil":
                return writer.intrinsic(op, first)
            case "abs":
                return writer.intrinsic("fabs", first)
            case "exp":
                return write_exp(writer, first)
            case "select":
                return first.choose(args[1], args[2])
            case "truth":
                return first.choose(writer.real(1.0), writer.real(0.0))
            case "nonzero":
                return first.compare("une", 0.0)
            case "not":
                return ~first
            case "and" | "or":
                return first & args[1] if op == "and" else first | args[1]
            case "xor":
                return writer.let(first.type, f"xor {first.type} {first.name}, {args[1].name}")
            case "sign of power":
                return _sign_of_power(writer, first)
            case _:
                raise AssertionError(op)


def _sign_of_power(writer: Writer, exponent: Value) -> Value:
    """What a power of a negative base is multiplied with: 1 for even, -1 for odd, NaN for broken exponents."""
    half = exponent * 0.5
    even = writer.intrinsic("rint", half).compare("oeq", half)
    whole = writer.intrinsic("rint", exponent).compare("oeq", exponent)
    sign = even.choose(writer.real(1.0), writer.real(-1.0))
    return whole.choose(sign, writer.real(float("nan")))
