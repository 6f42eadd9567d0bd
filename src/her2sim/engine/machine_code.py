"""The machine code of a model for one set of infused states: made or taken from the cache, loaded, and run."""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from her2sim.engine.equations import Equations
from her2sim.engine.interface import Floats, Ints
from her2sim.engine.lane import FIELDS
from her2sim.engine.native import Library, engine_fingerprint, host, make_object, read_cache, write_cache
from her2sim.engine.tableaux import METHODS
from her2sim.model.expression import walk

ALIGNMENT = 64


@dataclass(frozen=True)
class MachineCode:
    """Loaded code and the size of the workspace that one thread of it needs, in bytes."""

    library: Library
    workspace: int

    def run(self, order: Ints) -> None:
        """Work off an order. The interpreter lock is released meanwhile."""
        space = np.zeros(self.workspace // 8 + ALIGNMENT // 8)
        address = (space.ctypes.data + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self.library.address)
        function(order.ctypes.data, address)


def machine_code(
    name: str, equations: Callable[[], Equations], infused: tuple[int, ...], *, lanes: int | None = None
) -> MachineCode:
    """Make the machine code of a model, or take it from the cache.

    Main arguments:
        name: from ``cache_name``; it says all that the equations follow from.
        equations: makes the model, with one state or more; asked only where the cache does not have it.
        infused: states with an input rate.

    Other arguments:
        lanes: patients per vector; None for what suits the processor.
    """
    width = lanes or host().lanes
    key = hashlib.sha256(f"{name} {infused} {width}".encode()).hexdigest()
    content = read_cache(key)
    if content is None:
        content = _made(equations(), infused, width)
        write_cache(key, content)
    head, code = content.split(b"\n", 1)
    return MachineCode(Library(code), int(json.loads(head)["workspace"]))


def _made(equations: Equations, infused: tuple[int, ...], lanes: int) -> bytes:
    from her2sim.engine.driver import write_driver
    from her2sim.engine.kernels import write_kernels

    kernels = write_kernels(equations, lanes=lanes, stages=max(m.stages for m in METHODS), infused=infused)
    driver = write_driver(
        kernels,
        lanes=lanes,
        states=len(equations.states),
        parameters=len(equations.varying),
        outputs=len(equations.outputs),
        inflows=len(infused),
    )
    head = json.dumps({"workspace": kernels.layout.size * lanes * 8}).encode()
    return head + b"\n" + make_object(kernels.text, driver)


def cache_name(equations: Equations) -> str:
    """SHA-256 over formulas, processor, LLVM and code generator; linear in the size of the graph."""
    digest = hashlib.sha256()
    number: dict[int, int] = {}
    stop = () if equations.stop is None else (equations.stop,)
    roots = (*equations.rates, *equations.outputs, *stop)
    lines: list[str] = []
    for node in walk(roots):
        number[id(node)] = len(number)
        args = " ".join(str(number[id(a)]) for a in node.args)
        lines.append(f"{node.op} {args} {node.value!r} {node.name}")
    lines.append(" ".join(str(number[id(root)]) for root in roots))
    machine = host()
    lines += [
        f"{equations.states} {equations.varying} {equations.positive} {len(stop)}",
        f"{machine.triple} {machine.name} {machine.features} {machine.llvm}",
        engine_fingerprint(),
    ]
    digest.update("\n".join(lines).encode())
    return digest.hexdigest()


def order_words(values: dict[str, Floats | Ints | float | int], keep: list[Floats | Ints]) -> Ints:
    """The words of an order; arrays become addresses and are added to ``keep``, which must outlive the run."""
    words = np.zeros(len(FIELDS), dtype=np.int64)
    reals = words.view(np.float64)
    for place, name in enumerate(FIELDS):
        value = values[name]
        if isinstance(value, np.ndarray):
            keep.append(value)
            words[place] = value.ctypes.data
        elif isinstance(value, float):
            reals[place] = value
        else:
            words[place] = value
    return words


def names_of_methods() -> Sequence[str]:
    """Names of the methods, in the order of the number that selects them."""
    return [method.name for method in METHODS]
