"""Largest rate of fused multiply-adds that one core reaches, the ceiling for every solver here.

python benchmarks/engine_peak.py
"""

from __future__ import annotations

import ctypes
import time

from her2sim.engine.ir import INT, Writer
from her2sim.engine.native import Library, host, make_object

CHAINS, ROUNDS = 16, 40_000_000


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
    best = 0.0
    for _ in range(3):
        begin = time.process_time()
        function(ctypes.addressof(out), ROUNDS // CHAINS)
        best = max(best, 2.0 * lanes * ROUNDS / (time.process_time() - begin))
    return best


if __name__ == "__main__":
    print(host().name, f"lanes {host().lanes}", f"{peak(host().lanes) / 1e9:.1f} GFLOP/s per core")
