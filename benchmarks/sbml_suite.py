"""Run the semantic cases of the public SBML Test Suite.

    python benchmarks/sbml_suite.py CASES [--cases 00001 00950-00999] [--every 10] [--out docs/reference/sbml-suite.md]

CASES is a folder or a tar archive of the suite (https://github.com/sbmlteam/sbml-test-suite). A case passes when
every expected value x of its results file is met within absolute + relative * |x|, with the numbers of its settings
file. Exit code 1 if any case is wrong, crashes or runs out of time: a refusal is honest, a wrong number is not.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import signal
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import numpy as np

from her2sim.core.errors import Her2SimError
from her2sim.engine import OK, STATUS_TEXT
from her2sim.engine.hybrid import HybridModel
from her2sim.exchange.report import ModelRefused
from her2sim.exchange.sbml_read import Imported, read_sbml
from her2sim.model.expression import Expr, sym
from her2sim.model.system import Assignment

RTOL, ATOL = 1e-10, 1e-14
SECONDS_PER_CASE = 60.0


@dataclass(frozen=True)
class Case:
    number: str
    model: Path
    settings: dict[str, str]
    names: list[str]
    expected: np.ndarray
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    number: str
    kind: str  # pass, refused, wrong, crash, timeout
    why: str = ""
    tags: tuple[str, ...] = field(default_factory=tuple)
    seconds: float = 0.0


class OutOfTime(Exception):
    pass


def read_case(folder: Path) -> Case:
    number = folder.name
    lines = (folder / f"{number}-settings.txt").read_text().splitlines()
    settings = {k.strip(): v.strip() for k, v in (line.split(":", 1) for line in lines if ":" in line)}
    with (folder / f"{number}-results.csv").open() as file:
        rows = [row for row in csv.reader(file) if row]
    names = [name.strip() for name in rows[0]]
    expected = np.array([[float(v) for v in row] for row in rows[1:]])
    about = (folder / f"{number}-model.m").read_text(errors="replace")
    tags = tuple(
        tag.strip()
        for key in ("componentTags", "testTags", "packagesPresent")
        for tag in (re.search(rf"^{key}:(.*)$", about, re.M) or [None, ""])[1].split(",")
        if tag.strip()
    )
    return Case(number, sorted(folder.glob("*-sbml-*.xml"))[-1], settings, names, expected, tags)


def simulate(case: Case, imported: Imported) -> np.ndarray:
    in_amount = {name.strip() for name in case.settings.get("amount", "").split(",")}
    in_concentration = {name.strip() for name in case.settings.get("concentration", "").split(",")}
    extra: list[Assignment] = []
    for name in case.names[1:]:
        formula: Expr = sym(name)
        if name in in_amount:
            formula = imported.amounts.get(name, formula)
        elif name in in_concentration:
            formula = imported.concentrations.get(name, formula)
        extra.append(Assignment(f"reported {name}", formula))
    system = replace(imported.system, assignments=(*imported.system.assignments, *extra))
    model = HybridModel(system, (), tuple(a.name for a in extra))
    times = case.expected[:, 0]
    solution = model.solve(np.zeros((1, 0)), times, rtol=RTOL, atol=ATOL)
    if solution.status[0] != OK:
        raise RuntimeError(f"{STATUS_TEXT[int(solution.status[0])]} at time {solution.fail_time[0]}")
    return solution.values[0]


def compare(case: Case, found: np.ndarray) -> str:
    expected = case.expected[:, 1:]
    absolute, relative = (float(case.settings[k]) for k in ("absolute", "relative"))
    with np.errstate(invalid="ignore"):
        close = np.abs(found - expected) <= absolute + relative * np.abs(expected)
    close |= (np.isnan(found) & np.isnan(expected)) | (found == expected)
    if close.all():
        return ""
    row, column = (int(i[0]) for i in np.nonzero(~close))
    return (
        f"{case.names[column + 1]} at {case.expected[row, 0]:g}: {found[row, column]:.8g}, "
        f"expected {expected[row, column]:.8g}"
    )


def judge(folder: Path) -> Verdict:
    case = read_case(folder)
    began = time.perf_counter()
    kind, why = "pass", ""
    signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_CASE)
    try:
        why = compare(case, simulate(case, read_sbml(case.model.read_text(), where=case.model.name)))
        kind = "wrong" if why else "pass"
    except ModelRefused as refusal:
        kind, why = "refused", "; ".join(sorted({f"{f.construct}: {f.why}" for f in refusal.report.refused}))
    except OutOfTime:
        kind = "timeout"
    except Her2SimError as error:
        kind, why = "refused", f"input: {error}"
    except Exception as error:
        kind, why = "crash", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    return Verdict(case.number, kind, why, case.tags, time.perf_counter() - began)


def out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def wanted(words: list[str], every: int, folders: list[Path]) -> Iterator[Path]:
    spans = [tuple(map(int, word.split("-"))) for word in words]
    for i, folder in enumerate(folders):
        inside = not spans or any(span[0] <= int(folder.name) <= span[-1] for span in spans)
        if inside and i % every == 0:
            yield folder


def table(verdicts: list[Verdict]) -> str:
    kinds = ("pass", "refused", "wrong", "crash", "timeout")
    total = Counter(v.kind for v in verdicts)
    lines = [
        "# SBML semantic test suite",
        "",
        f"{len(verdicts)} cases: " + ", ".join(f"{total[k]} {k}" for k in kinds) + ".",
        "",
        "Made by `python benchmarks/sbml_suite.py CASES --out docs/reference/sbml-suite.md`. Pass rule of the suite:",
        "|x - expected| <= absolute + relative * |expected|, with the tolerances of each case.",
        "",
        "## By tag",
        "",
        "| tag | " + " | ".join(kinds) + " |",
        "|---|" + "---|" * len(kinds),
    ]
    tags = sorted({tag for v in verdicts for tag in v.tags})
    for tag in tags:
        count = Counter(v.kind for v in verdicts if tag in v.tags)
        lines.append(f"| {tag} | " + " | ".join(str(count[k]) for k in kinds) + " |")
    lines += ["", "## Refused, by reason", ""]
    reasons: dict[str, list[str]] = {}
    for v in verdicts:
        if v.kind == "refused":
            reasons.setdefault(v.why, []).append(v.number)
    for why, numbers in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines.append(f"* {len(numbers)}: {why} ({', '.join(numbers)})")
    rest = [v for v in verdicts if v.kind in ("wrong", "crash", "timeout")]
    if rest:
        lines += ["", "## Not passed and not refused", ""] + [f"* {v.number} {v.kind}: {v.why}" for v in rest]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases_at", type=Path)
    parser.add_argument("--cases", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, out_of_time)
    with tempfile.TemporaryDirectory() as scratch:
        root: Path = arguments.cases_at
        if root.is_file():
            with tarfile.open(root) as archive:
                archive.extractall(scratch, filter="data")
            root = Path(scratch)
        folders = sorted({p.parent for p in root.rglob("*-settings.txt")}, key=lambda p: p.name)
        verdicts: list[Verdict] = []
        for folder in wanted(arguments.cases, arguments.every, folders):
            verdict = judge(folder)
            verdicts.append(verdict)
            if verdict.kind != "pass":
                print(f"{verdict.number} {verdict.kind} {verdict.seconds:.1f}s {verdict.why[:300]}", flush=True)
    total = Counter(v.kind for v in verdicts)
    seconds = math.fsum(v.seconds for v in verdicts)
    print(f"{len(verdicts)} cases in {seconds:.0f} s: " + ", ".join(f"{n} {k}" for k, n in total.most_common()))
    print("slowest:", ", ".join(f"{v.number} {v.seconds:.1f}s" for v in sorted(verdicts, key=lambda v: -v.seconds)[:5]))
    if arguments.out:
        arguments.out.write_text(table(verdicts))
    return 1 if total["wrong"] + total["crash"] + total["timeout"] else 0


if __name__ == "__main__":
    sys.exit(main())
