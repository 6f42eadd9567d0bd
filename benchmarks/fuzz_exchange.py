"""Fuzz the exchange room: mutated SBML, mutated dose tables.

    python benchmarks/fuzz_exchange.py [--count 2000] [--seed 1]

Each mutant must either be read (and, where it is read, be simulated to arrays of the right shape with a status; a dose
table with finite amounts without a failure) or be refused by an InputError, within a time limit. Anything else, a
crash, another exception, a hang, a wrong shape, is a failure and is printed with its number; the exit code is 1. Models
are simulated in a child process, so that a crash of a C library is seen and named too.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from types import FrameType

import numpy as np

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.engine import compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.interface import CompiledModel
from her2sim.engine.nonmem import COLUMNS, read_doses
from her2sim.exchange import read_sbml, sbml_of_antimony, to_sbml
from her2sim.model.expression import ZERO, sym
from her2sim.model.system import OdeSystem, Parameter, State

SECONDS = 20
SEEDS = (
    """function f(a, b) a*b/(1 + b) end
    model m()
      compartment c = 2; species S in c, P in c, $B in c; S = 3; P = 0; B = 1; k = 0.4; v' = k - v; v = 1;
      J1: S -> 2 P; c*f(k, S); J2: P + B -> ; k*P*piecewise(1, time > 2, 0.5); x := S + P; y = x*2;
      E1: at S < 1: S = S + 2, k = k*1.1; E2: at 0.5 after time > 1, priority = 2, persistent=false: v = 0;
    end""",
    "model n()\n  a' = -delay(a, 0.5); a = 1; b := sin(a)^2 + max(a, 3); d' = rateOf(a)*factorial(3); d = 0;\nend",
    "model o()\n  compartment c = 1; c' = 0.1*c; species S in c; substanceOnly species Q in c; S = 2; Q = 1;\n"
    "  R: S -> Q; 0.2*S*c; E: at time > 3: c = c/2; p := c*S; q = p + 1;\nend",
)
LARGE = """model p()
  k = 0.3; base = 0.7; slow := k*base + max(k, 0.1); part := slow/(1 + slow); seen := x^1.5/(base + x);
  out := seen*(k + seen*part); x' = slow - out; x = 2*slow;
end"""
"""To be written in the compact form of large models: numbers with their formula in an annotation, functions."""
NUMBERS = ("0", "-1", "1e308", "-1e-308", "NaN", "INF", "", "1e", "2", "0.5", "abc", "1e400")
TAGS = (
    "apply", "ci", "cn", "math", "event", "trigger", "delay", "listOfRules", "species", "assignmentRule", "lambda",
    "bvar", "csymbol", "piecewise", "piece", "otherwise", "kineticLaw", "functionDefinition", "speciesReference",
    "compartment",
)  # fmt: skip


def mutated(text: str, draw: np.random.Generator) -> str:
    for _ in range(int(draw.integers(1, 3))):
        at = int(draw.integers(0, max(len(text), 1)))
        kind = int(draw.choice(9, p=[0.02, 0.02, 0.02, 0.02, 0.1, 0.1, 0.07, 0.1, 0.55]))
        if kind == 0:
            text = text[:at] + chr(int(draw.integers(1, 256))) + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + text[at + int(draw.integers(1, 60)) :]
        elif kind == 2:
            text = text[:at] + text[at : at + int(draw.integers(1, 300))] + text[at:]
        elif kind == 3:
            text = text[:at]
        elif kind in (4, 5):
            text = replaced_value(text, at, str(draw.choice(NUMBERS)))
        elif kind == 6:
            old, new = draw.choice(TAGS, 2)
            text = renamed_element(text, old, new, draw)
        elif kind == 7:
            text = moved_element(text, at, int(draw.integers(0, max(len(text), 1))))
        else:
            text = swapped_word(text, draw)
    return text


def renamed_element(text: str, old: str, new: str, draw: np.random.Generator) -> str:
    """One element under another name, with its end if that follows; or only its start or its end."""
    starts = [i for i in range(len(text)) if text.startswith((f"<{old}>", f"<{old} "), i)]
    if not starts:
        return text
    at = int(draw.choice(starts))
    end = text.find(f"</{old}>", at)
    both = draw.random() < 0.9
    if end > 0 and (both or draw.random() < 0.5):
        text = text[:end] + f"</{new}>" + text[end + len(old) + 3 :]
        if not both:
            return text
    return text[:at] + f"<{new}" + text[at + len(old) + 1 :]


def swapped_word(text: str, draw: np.random.Generator) -> str:
    """One operator, flag or identifier for another."""
    kinds = (
        [
            "<plus/>",
            "<times/>",
            "<minus/>",
            "<divide/>",
            "<power/>",
            "<max/>",
            "<gt/>",
            "<lt/>",
            "<eq/>",
            "<and/>",
            "<root/>",
        ],
        ['"true"', '"false"'],
        [
            "<ci> S </ci>",
            "<ci> P </ci>",
            "<ci> k </ci>",
            "<ci> v </ci>",
            "<ci> x </ci>",
            "<ci> a </ci>",
            "<ci> c </ci>",
        ],
        [
            "<cn> 0.5 </cn>",
            "<cn> 0 </cn>",
            '<cn type="integer"> 1 </cn>',
            '<cn type="integer"> 2 </cn>',
            "<cn> 1e300 </cn>",
        ],
        ["rateRule", "assignmentRule", "algebraicRule"],
    )
    words = kinds[int(draw.integers(len(kinds)))]
    there = [w for w in words if w in text]
    if not there:
        return text
    old, new = str(draw.choice(there)), str(draw.choice(words))
    if "Rule" in old:
        return text.replace(old, new, 2)
    places = [i for i in range(len(text)) if text.startswith(old, i)]
    at = int(draw.choice(places))
    return text[:at] + new + text[at + len(old) :]


def replaced_value(text: str, at: int, value: str) -> str:
    start = text.find('="', at)
    end = text.find('"', start + 2)
    return text if min(start, end) < 0 else text[: start + 2] + value + text[end:]


def moved_element(text: str, at: int, to: int) -> str:
    start = text.find("<", at)
    end = text.find("/>", start)
    if min(start, end) < 0:
        return text
    piece, rest = text[start : end + 2], text[:start] + text[end + 2 :]
    place = rest.find(">", min(to, len(rest)))
    return rest[: place + 1] + piece + rest[place + 1 :]


def try_model(text: str) -> str:
    try:
        imported = read_sbml(text)
    except InputError:
        return "refused"
    times = np.array([0.0, 1.0, 2.5, 5.0])
    system = imported.system
    names = (*system.state_names, *(a.name for a in system.assignments))
    solution = HybridModel(system, (), names).solve(np.zeros((1, 0)), times, max_steps=20_000)
    if solution.values.shape != (1, 4, len(names)) or solution.status.shape != (1,):
        return f"wrong shape {solution.values.shape}"
    return "simulated" if solution.status[0] == 0 else "failed with a status"


def out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError("hang")


def guarded(text: str) -> str:
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(SECONDS)
    try:
        return try_model(text)
    except Exception:
        return f"exception: {traceback.format_exc(limit=-2)}"
    finally:
        signal.alarm(0)


def child(pipe: Connection) -> None:
    while (text := pipe.recv()) is not None:
        pipe.send(guarded(text))


class Child:
    def __init__(self) -> None:
        context = mp.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=child, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def judge(self, text: str) -> str:
        self.pipe.send(text)
        try:
            if self.pipe.poll(2 * SECONDS):
                return str(self.pipe.recv())
        except EOFError:
            self.process.join()
            return f"crash with exit code {self.process.exitcode}"
        self.process.kill()
        return "hang"


def try_doses(draw: np.random.Generator) -> str:
    rows = int(draw.integers(0, 6))
    pool = [0, 1, 2, 7, -1, 0.5, 1e9, float("nan"), float("inf"), None, "x", ".", "", "A", "B", True, 10**30]
    extra = [*COLUMNS, " rate ", "XX"] if draw.random() < 0.2 else list(COLUMNS)
    names = [str(n) for n in draw.choice(extra, int(draw.integers(0, 6)), replace=False)]
    names = list(dict.fromkeys([*names, *(["TIME", "AMT", "CMT"] if draw.random() < 0.9 else [])]))
    usuals: dict[str, Callable[[], object]] = {
        "ID": lambda: 1,
        "TIME": lambda: float(draw.integers(0, 50)),
        "AMT": lambda: 5,
        "CMT": lambda: int(draw.integers(1, 3)),
        "II": lambda: 7,
        "ADDL": lambda: int(draw.integers(0, 4)),
        "EVID": lambda: 1,
        "DUR": lambda: 0.5,
        "RATE": lambda: 10,
    }
    table: dict[str, list[object]] = {}
    for name in names:
        usual = usuals.get(name.strip().upper(), lambda: 0)
        table[name] = [
            usual() if usual and draw.random() < 0.8 else pool[int(draw.integers(len(pool)))] for _ in range(rows)
        ]
    try:
        dosing = read_doses(table, [1, 2], ["A", "B"])
    except InputError:
        return "refused"
    doses = dosing.doses
    shapes = {x.shape for x in (doses.patient, doses.time, doses.target, doses.amount, doses.duration)}
    fine = len(shapes) == 1 and dosing.start.shape == (2,) and bool(np.isfinite(doses.time).all())
    if not fine or not set(doses.target.tolist()) <= {0, 1}:
        return "wrong shape"
    start = float(min(0.0, dosing.start.min()))
    solution = dosed().solve(np.array([[0.1], [0.2]]), np.array([0.0, 7.0, 60.0]), doses=doses, start=start)
    amounts = np.isfinite(doses.amount).all() and np.abs(doses.amount).max(initial=0.0) < 1e100
    if solution.values.shape != (2, 3, 2) or (amounts and solution.status.any()):
        return f"wrong solution: shape {solution.values.shape}, status {solution.status}"
    return "read and solved"


@cache
def dosed() -> CompiledModel:
    """A model that takes doses in both of its states."""
    a, b, k = sym("A"), sym("B"), sym("k")
    system = OdeSystem("dosed", (State("A", ZERO, -k * a), State("B", ZERO, k * a - 0.1 * b)), (Parameter("k", 0.1),))
    return compile_model(system)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    good = {"refused", "simulated", "failed with a status", "read and solved"}
    counts: Counter[str] = Counter()
    bad = 0
    texts = [sbml_of_antimony(seed) for seed in SEEDS]
    texts.append(to_sbml(read_sbml(sbml_of_antimony(LARGE)).system, compact=True))
    worker = Child()
    for number in range(arguments.count):
        draw = stream(arguments.seed, number, "fuzz")
        text = mutated(texts[number % len(texts)], draw)
        verdict = worker.judge(text)
        if verdict not in good:
            bad += 1
            print(f"model {number}: {verdict}", flush=True)
            if not worker.process.is_alive():
                worker = Child()
        counts[f"model {verdict if verdict in good else 'BAD'}"] += 1
        try:
            verdict = try_doses(stream(arguments.seed, number, "fuzz doses"))
        except Exception:
            verdict = f"exception: {traceback.format_exc(limit=-2)}"
        if verdict not in good:
            bad += 1
            print(f"doses {number}: {verdict}", flush=True)
        counts[f"doses {verdict if verdict in good else 'BAD'}"] += 1
    worker.pipe.send(None)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
