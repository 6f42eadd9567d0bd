"""Mutated files for each importer: every one is read, or refused in words; nothing else may happen.

    nice python benchmarks/fuzz_importers.py [--count 5000] [--seed 1] [FORMAT …]

Seeds are the valid files of tests/unit/test_import_*.py. Mutations: bytes flipped, cut out, doubled, moved; numbers
made extreme; words of the format put in at random places; for JSON also values replaced in the tree.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from her2sim.analysis.reconstruct.audit import audit
from her2sim.analysis.reconstruct.guyot import rebuild
from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.evidence.importers.curve_csv import parse_curve, parse_risk_table
from her2sim.evidence.importers.importing import import_bytes
from her2sim.evidence.importers.source_text import SourceText, decode
from her2sim.record.reading import read_record
from her2sim.record.writing import record_yaml

TESTS = Path(__file__).parents[1] / "tests" / "unit"
CURVE = b"time_months,survival\n" + b"".join(b"%d,%.3f\n" % (at, 0.96**at) for at in range(30))
RISK = b"time_months,at_risk\n0,200\n6,160\n12,120\n18,80\n24,30\n"
NUMBERS = (b"-1", b"0", b"1e308", b"NaN", b"NA", b"99999999999999999999", b"0.0000001", b"1,5", b"", b"Inf", b"101")
WORDS = (
    b"\xff\xfe", b"\0", b"\r", b"&x;", b"<!ENTITY a 'b'>", b"{", b"]", b'"', b",,", b"ER  - \n", b"PMID- ", b"TY  - ",
    b"NR", b"\xe9", b"\n\n", b"null", b"true", b"</Article>", b"\t", b"#", b";",
)  # fmt: skip


def tests_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def seeds() -> dict[str, list[bytes]]:
    registry, citations, arms = (
        tests_module(f"test_import_{name}") for name in ("clinicaltrials", "citations", "arms")
    )
    groups = [{"id": "EG000", "title": "Lapatinib", "seriousNumAffected": 20, "seriousNumAtRisk": 146}]
    events = [{"term": "Diarrhoea", "stats": [{"groupId": "EG000", "numAffected": 68, "numAtRisk": 146}]}]
    adverse = {"eventGroups": groups, "otherEvents": events}
    studies = [
        registry.study(),
        registry.posted(registry.PFS, registry.RESPONSE),
        registry.posted(registry.PFS, adverseEventsModule=adverse),
        {"studies": [registry.posted(registry.RESPONSE)]},
    ]
    return {
        "clinicaltrials": [json.dumps(study, indent=1).encode() for study in studies],
        "pubmed": [citations.XML.encode()],
        "nbib": [citations.NBIB.encode()],
        "ris": [citations.RIS.encode() * 2],
        "arms": [arms.GOOD.encode()],
        "curve": [CURVE],
        "risk": [RISK],
    }


def mutated(content: bytes, draw: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(int(draw.integers(1, 5))):
        at = int(draw.integers(0, max(len(data), 1)))
        size = int(draw.integers(1, 40))
        kind = int(draw.integers(0, 7))
        if kind == 0 and data:
            data[at] ^= 1 << int(draw.integers(0, 8))
        elif kind == 1:
            del data[at : at + size]
        elif kind == 2:
            data[at:at] = data[at : at + size * 5]
        elif kind == 3:
            data[at:at] = WORDS[int(draw.integers(0, len(WORDS)))]
        elif kind == 4:
            to = int(draw.integers(0, max(len(data), 1)))
            part = data[at : at + size]
            del data[at : at + size]
            data[to:to] = part
        elif kind == 5:
            digits = [index for index, byte in enumerate(data) if 48 <= byte <= 57]
            if digits:
                start = end = digits[int(draw.integers(0, len(digits)))]
                while end < len(data) and (48 <= data[end] <= 57 or data[end] == 46):
                    end += 1
                data[start:end] = NUMBERS[int(draw.integers(0, len(NUMBERS)))]
        else:
            del data[at:]
    return bytes(data)


def mutated_tree(content: bytes, draw: np.random.Generator) -> bytes:
    """JSON that stays JSON, with some values replaced, removed or repeated."""
    tree = json.loads(content)
    for _ in range(int(draw.integers(1, 4))):
        places = list(_places(tree))
        holder, key = places[int(draw.integers(0, len(places)))]
        new: list[Any] = [
            None,
            0,
            -1,
            1e9,
            "",
            "NA",
            "x" * 300,
            [],
            {},
            [1],
            {"a": 1},
            True,
            "Total",
            "50",
            "-5",
            "101",
        ]
        kind = int(draw.integers(0, 3))
        if kind == 0:
            holder[key] = new[int(draw.integers(0, len(new)))]
        elif kind == 1:
            del holder[key]
        elif isinstance(holder, list):
            holder.append(holder[key])
        if not tree:
            break
    return json.dumps(tree).encode()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield tree, key
        yield from _places(value)


def take(form: str, content: bytes) -> None:
    """Read; and what was read must be storable, or rebuildable."""
    if form == "curve":
        curve = parse_curve(decode(content, "c.csv"))
        risk = parse_risk_table(SourceText("r.csv", RISK.decode()))
        audit(rebuild(curve, risk, 120), curve, risk, events=120).text()
    elif form == "risk":
        risk = parse_risk_table(decode(content, "r.csv"))
        if risk.at_risk[0] <= 5000:
            curve = parse_curve(SourceText("c.csv", CURVE.decode()))
            audit(rebuild(curve, risk, None), curve, risk).text()
    else:
        made = import_bytes(content, "x", form)
        for record in made.records:
            assert read_record(record_yaml(record)) == record
        assert made.records or made.citations


def fuzz(form: str, files: list[bytes], count: int, seed: int) -> tuple[int, int, float]:
    """How many of ``count`` mutated files were read and refused, and the longest time of one in seconds."""
    read = refused = 0
    slowest = 0.0
    for number in range(count):
        draw = stream(seed, number, f"fuzz/{form}")
        kind: Callable[[bytes, np.random.Generator], bytes] = mutated
        if form == "clinicaltrials" and number % 2:
            kind = mutated_tree
        content = kind(files[number % len(files)], draw)
        start = time.perf_counter()
        try:
            take(form, content)
            read += 1
        except InputError:
            refused += 1
        except BaseException:
            Path(f"fuzz-{form}-{number}.bin").write_bytes(content)
            print(f"{form}: file {number} of seed {seed} broke the importer; kept as fuzz-{form}-{number}.bin")
            raise
        slowest = max(slowest, time.perf_counter() - start)
    return read, refused, slowest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for form, files in seeds().items():
        if not given.formats or form in given.formats:
            read, refused, slowest = fuzz(form, files, given.count, given.seed)
            print(f"{form:15} {given.count} files: {read} read, {refused} refused, slowest {slowest * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
