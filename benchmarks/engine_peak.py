"""Share of a core's peak rate of multiply-adds that the engine reaches on a workload.

    python benchmarks/engine_peak.py FOLDER [--patients 200] [--rounds 3]

Operations of a step are counted in the IR of the kernels and of the step itself: add, subtract, multiply, divide,
square root, maximum: 1; multiply-add: 2; exponential and logarithm: what their own IR holds. Control, observations and
doses are not counted. The peak is that of independent chains of multiply-adds in registers, measured in the
same rounds.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import time
from pathlib import Path

import numpy as np
from engine_own import doses, load
from engine_workloads import read

from her2sim.engine.ir import INT, Writer
from her2sim.engine.kernels import write_kernels
from her2sim.engine.native import Library, host, make_object
from her2sim.engine.steps import write_step
from her2sim.engine.tableaux import METHODS

CHAINS, ROUNDS = 16, 40_000_000
RODAS4P2 = METHODS[0]


def peak(lanes: int) -> float:
    """Floating-point operations per CPU second of independent chains of multiply-adds in registers."""
    writer = Writer(lanes)
    chains = [writer.variable(writer.vector, 1.0 + i) for i in range(CHAINS)]
    with writer.count(writer.named(INT, "%rounds")):
        for chain in chains:
            chain.set(writer.intrinsic("fma", chain.get(), writer.real(0.9999999), writer.real(1e-7)))
    total = chains[0].get()
    for chain in chains[1:]:
        total = total + chain.get()
    writer.put(f"store {writer.vector} {total.name}, ptr %out, align 8")
    text = writer.function("run", "ptr %out, i64 %rounds", visible=True)
    vector = writer.vector
    library = Library(make_object("", f"declare {vector} @llvm.fma.v{lanes}f64({vector}, {vector}, {vector})\n{text}"))
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(library.address)
    out = (ctypes.c_double * lanes)()
    begin = time.process_time()
    function(ctypes.addressof(out), ROUNDS // CHAINS)
    return 2.0 * lanes * ROUNDS / (time.process_time() - begin)


ONE = re.compile(r"= (?:fadd|fsub|fmul|fdiv)\b|@llvm\.(?:sqrt|maxnum|minnum|fabs)")
NAME = re.compile(r"define [^@]*@(\w+)\(")


def operations(text: str) -> dict[str, int]:
    """Operations per lane of each function; those of functions it calls included, loops counted once."""
    bodies: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        head = NAME.search(line)
        if head:
            name = head.group(1)
            bodies[name] = []
        elif name:
            bodies[name].append(line)
    found: dict[str, int] = {}

    def count(function: str) -> int:
        if function not in found:
            total = 0
            for line in bodies.get(function, []):
                total += 2 if "@llvm.fma" in line or "@llvm.fmuladd" in line else 1 if ONE.search(line) else 0
                called = re.search(r"call .*@(\w+)\(", line)
                if called and called.group(1) in bodies:
                    total += count(called.group(1))
            found[function] = total
        return found[function]

    for function in bodies:
        count(function)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    work, lanes = read(args.folder), host().lanes
    model, columns = load(args.folder, work)
    equations = model.equations if model.guard is None else model.guard.equations
    kernels = write_kernels(equations, lanes=lanes, stages=RODAS4P2.stages, infused=())
    found = operations(kernels.text)
    n = len(equations.states)
    step = write_step(RODAS4P2, kernels.layout, lanes=lanes, states=n, depends_on_time=kernels.depends_on_time)
    own = operations(step)[f"step_{RODAS4P2.name}"] * n  # nearly all of it stands in loops over the states
    times = {"linearize": 1, "rates": RODAS4P2.stages - 1, "factor": 1, "solve": RODAS4P2.stages}
    per_step = own + sum(count * found[name] for name, count in times.items())
    print(f"{per_step} operations per step and patient: {own} in the step itself; ", end="")
    print(", ".join(f"{name} {found[name]} x {count}" for name, count in times.items()))
    table, initial = np.ascontiguousarray(work.table[: args.patients][:, columns]), work.initial[: args.patients]
    given = doses(work, args.patients)
    rates, peaks = [], []
    for _ in range(args.rounds):
        peaks.append(peak(lanes))
        begin = time.process_time()
        solution = model.solve(table, work.times, initial=initial, doses=given, rtol=1e-5, atol=1e-8)
        spent = time.process_time() - begin
        rates.append(float(np.sum(solution.steps) + np.sum(solution.refused)) * per_step / spent)
    best = max(peaks)
    print(f"{host().name}, {lanes} lanes: peak {best / 1e9:.1f} GFLOP/s ({', '.join(f'{x / 1e9:.0f}' for x in peaks)})")
    print(f"engine {', '.join(f'{x / 1e9:.1f}' for x in rates)} GFLOP/s per CPU second: ", end="")
    print(f"median {np.median(rates) / best:.0%} of the peak; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
