"""A small writer of LLVM IR text: values with operators, variables, arrays, loops and branches.

Every number of a patient lives in one lane of a vector, so the usual type is ``<lanes x double>``. Nothing is left to
LLVM's taste: it may not reorder arithmetic, and which product is fused with which sum into one rounding is decided here
(``fmuladd``), because LLVM's own choice may differ with the width of a vector. So a lane's result depends on nothing
but its own inputs, whatever the width.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from contextlib import contextmanager

DOUBLE, INT, BOOL, PTR = "double", "i64", "i1", "ptr"


def literal(value: float) -> str:
    """A number as LLVM reads it without rounding.

    >>> literal(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Value:
    """An IR value of a type; operators write instructions."""

    __slots__ = ("_name", "factors", "type", "writer")

    def __init__(self, writer: Writer, type_: str, name: str, factors: tuple[Value, Value] | None = None) -> None:
        self.writer, self.type, self._name, self.factors = writer, type_, name, factors

    @property
    def name(self) -> str:
        """Its name in the text. A product is written only if somebody asks for it by name."""
        if self.factors is not None:
            self.writer.write_product(self._name, self.factors)
        return self._name

    def alone(self) -> Value:
        """This value, if a product as one that no sum takes in."""
        return Value(self.writer, self.type, self.name)

    def _binary(self, other: Value | float, real: str, whole: str) -> Value:
        right = self.writer.like(self, other)
        word = real if "double" in self.type else whole
        return self.writer.let(self.type, f"{word} {self.type} {self.name}, {right.name}")

    def __add__(self, other: Value | float) -> Value:
        right = self.writer.like(self, other)
        if right.factors is not None:
            return self.writer.intrinsic("fmuladd", *right.factors, self)
        if self.factors is not None:
            return self.writer.intrinsic("fmuladd", *self.factors, right)
        return self._binary(right, "fadd", "add")

    def __sub__(self, other: Value | float) -> Value:
        right = self.writer.like(self, other)
        if right.factors is not None:
            return self.writer.intrinsic("fmuladd", -right.factors[0], right.factors[1], self)
        if self.factors is not None:
            return self.writer.intrinsic("fmuladd", *self.factors, -right)
        return self._binary(right, "fsub", "sub")

    def __mul__(self, other: Value | float) -> Value:
        right = self.writer.like(self, other)
        return self.writer.product(self, right) if "double" in self.type else self._binary(right, "", "mul")

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary(other, "fdiv", "sdiv")

    def __and__(self, other: Value | float) -> Value:
        return self._binary(other, "", "and")

    def __or__(self, other: Value | float) -> Value:
        return self._binary(other, "", "or")

    def __lshift__(self, other: Value | float) -> Value:
        return self._binary(other, "", "shl")

    def __rshift__(self, other: Value | float) -> Value:
        return self._binary(other, "", "lshr")

    def __neg__(self) -> Value:
        return self.writer.let(self.type, f"fneg {self.type} {self.name}")

    def __invert__(self) -> Value:
        ones = "true" if self.type == BOOL else "splat (i1 true)"
        return self.writer.let(self.type, f"xor {self.type} {self.name}, {ones}")

    def compare(self, how: str, other: Value | float) -> Value:
        """``how`` is olt, ole, ogt, oge, oeq, une, uno … for numbers and slt, sge, eq, ne, … for integers."""
        right = self.writer.like(self, other)
        word = "fcmp" if "double" in self.type else "icmp"
        shape = self.type.replace("double", "i1").replace("i64", "i1")
        return self.writer.let(shape, f"{word} {how} {self.type} {self.name}, {right.name}")

    def choose(self, if_true: Value, if_false: Value) -> Value:
        """This condition's choice, lane by lane where it is a vector."""
        kind = if_true.type
        return self.writer.let(kind, f"select {self.type} {self.name}, {kind} {if_true.name}, {kind} {if_false.name}")

    def cast(self, how: str, kind: str) -> Value:
        """A conversion: ``bitcast``, ``sitofp``, ``fptosi``, ``zext``, …"""
        return self.writer.let(kind, f"{how} {self.type} {self.name} to {kind}")


class Variable:
    """A local variable in memory, which LLVM turns into registers."""

    __slots__ = ("address", "type", "writer")

    def __init__(self, writer: Writer, type_: str, address: str) -> None:
        self.writer, self.type, self.address = writer, type_, address

    def get(self) -> Value:
        """Its value now."""
        return self.writer.let(self.type, f"load {self.type}, ptr {self.address}")

    def set(self, value: Value | float) -> None:
        """Give it a value."""
        right = self.writer.of_type(self.type, value)
        self.writer.put(f"store {self.type} {right.name}, ptr {self.address}")


class Array:
    """Numbers in memory from a pointer on; ``array[i]`` loads and ``array[i] = v`` stores."""

    __slots__ = ("base", "type", "writer")

    def __init__(self, writer: Writer, type_: str, base: Value) -> None:
        self.writer, self.type, self.base = writer, type_, base

    def address(self, index: Value | int) -> Value:
        """Pointer to an element."""
        right = self.writer.of_type(INT, index)
        return self.writer.let(PTR, f"getelementptr {self.type}, ptr {self.base.name}, i64 {right.name}")

    def __getitem__(self, index: Value | int) -> Value:
        return self.writer.let(self.type, f"load {self.type}, ptr {self.address(index).name}, align {self._align()}")

    def __setitem__(self, index: Value | int, value: Value | float) -> None:
        right = self.writer.of_type(self.type, value)
        self.writer.put(f"store {self.type} {right.name}, ptr {self.address(index).name}, align {self._align()}")

    def _align(self) -> int:
        if self.type.startswith("<"):
            return 8 * int(self.type[1:].split()[0])
        return 4 if self.type == "i32" else 8


class Writer:
    """Writes the body of one function."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.vector = f"<{lanes} x double>"
        self.int_vector = f"<{lanes} x i64>"
        self.mask = f"<{lanes} x i1>"
        self.lines: list[str] = []
        self.locals: list[str] = []
        self._free: dict[str, int] = {}
        self._count = 0
        self._exits: list[str] = []

    def put(self, line: str) -> None:
        """Write one instruction without a result."""
        self.lines.append("  " + line)

    def let(self, kind: str, line: str) -> Value:
        """Write one instruction and name its result."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {line}")
        return Value(self, kind, name)

    def product(self, left: Value, right: Value) -> Value:
        """A product of numbers; its line is kept free until it is known whether anything needs it alone."""
        for factor in (left, right):  # these will be asked for; at once, lest long products nest
            if factor.factors is not None:
                self.write_product(factor.name, factor.factors)
        self._count += 1
        name = f"%v{self._count}"
        self._free[name] = len(self.lines)
        self.lines.append("")
        return Value(self, left.type, name, (left, right))

    def write_product(self, name: str, factors: tuple[Value, Value]) -> None:
        """Fill the line of a product, once."""
        line = self._free.pop(name, None)
        if line is not None:
            left, right = factors
            self.lines[line] = f"  {name} = fmul {left.type} {left.name}, {right.name}"

    def named(self, kind: str, name: str) -> Value:
        """An argument of the function."""
        return Value(self, kind, name)

    def of_type(self, kind: str, value: Value | float) -> Value:
        """A constant of the type, splat over the lanes of a vector type; a value as it is."""
        if isinstance(value, Value):
            return value
        scalar = literal(float(value)) if "double" in kind else str(int(value))
        if kind == BOOL:
            scalar = "true" if value else "false"
        inner = kind.split("x ")[1].rstrip(">") if kind.startswith("<") else ""
        return Value(self, kind, f"splat ({inner} {scalar})" if inner else scalar)

    def like(self, pattern: Value, value: Value | float) -> Value:
        """A constant of the type of ``pattern``; a value as it is."""
        return self.of_type(pattern.type, value)

    def real(self, value: float) -> Value:
        """A number in every lane."""
        return self.of_type(self.vector, value)

    def call(self, kind: str, function: str, *args: Value) -> Value:
        """Call a function that returns a value."""
        listed = ", ".join(f"{a.type} {a.name}" for a in args)
        return self.let(kind, f"call {kind} @{function}({listed})")

    def run(self, function: str, *args: Value) -> None:
        """Call a function that returns nothing."""
        self.put(f"call void @{function}({', '.join(f'{a.type} {a.name}' for a in args)})")

    def intrinsic(self, name: str, *args: Value) -> Value:
        """Call an LLVM intrinsic that keeps the type of its first argument."""
        kind = args[0].type
        suffix = f"v{self.lanes}f64" if kind == self.vector else "f64"
        return self.call(kind, f"llvm.{name}.{suffix}", *args)

    def variable(self, kind: str, value: Value | float) -> Variable:
        """A new local variable with its first value."""
        self._count += 1
        address = f"%m{self._count}"
        self.locals.append(f"  {address} = alloca {kind}")
        variable = Variable(self, kind, address)
        variable.set(value)
        return variable

    def _label(self, word: str) -> str:
        self._count += 1
        return f"{word}{self._count}"

    def _place(self, label: str) -> None:
        self.lines.append(f"{label}:")

    @contextmanager
    def when(self, condition: Value) -> Generator[None]:
        """What is written inside runs only where the (scalar) condition holds."""
        yes, after = self._label("then"), self._label("after")
        self.put(f"br i1 {condition.name}, label %{yes}, label %{after}")
        self._place(yes)
        yield
        self.put(f"br label %{after}")
        self._place(after)

    @contextmanager
    def forever(self) -> Generator[None]:
        """What is written inside is repeated until ``leave``."""
        head, after = self._label("loop"), self._label("after")
        self.put(f"br label %{head}")
        self._place(head)
        self._exits.append(after)
        yield
        self._exits.pop()
        self.put(f"br label %{head}")
        self._place(after)

    def leave(self, condition: Value) -> None:
        """Leave the innermost ``forever`` if the condition holds."""
        stay = self._label("stay")
        self.put(f"br i1 {condition.name}, label %{self._exits[-1]}, label %{stay}")
        self._place(stay)

    @contextmanager
    def count(self, end: Value | int) -> Generator[Value]:
        """What is written inside runs for 0, 1, … ``end`` - 1."""
        counter = self.variable(INT, 0)
        with self.forever():
            index = counter.get()
            self.leave(index.compare("sge", end))
            yield index
            counter.set(index + 1)

    def give(self, condition: Value, result: str) -> None:
        """Return ``result`` (type and name) from the function if the condition holds."""
        yes, after = self._label("give"), self._label("after")
        self.put(f"br i1 {condition.name}, label %{yes}, label %{after}")
        self._place(yes)
        self.put(f"ret {result}")
        self._place(after)

    def function(
        self, name: str, arguments: str, result: str = "void", *, last: str = "ret void", visible: bool = False
    ) -> str:
        """The text of the function; other modules see it only if ``visible``."""
        body = "\n".join(["entry:", *self.locals, *filter(None, self.lines), f"  {last}"])
        linkage = "" if visible else "internal "
        return f"define {linkage}{result} @{name}({arguments}) nounwind {{\n{body}\n}}\n"
