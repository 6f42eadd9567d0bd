"""The arrows between rooms: evidence -> model -> engine -> population -> trial -> endpoints -> analysis -> report."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "her2sim"

MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "record": {"core"},
    "evidence": {"core", "record"},
    "model": {"core"},
    "exchange": {"core", "model"},
    "engine": {"core", "model"},
    "population": {"core", "model"},
    "trial": {"core", "record", "model", "engine", "population"},
    "endpoints": {"core"},
    "analysis": {"core", "record", "endpoints", "evidence"},
    "plots": {"core", "analysis"},
    "report": {"core", "record", "analysis", "plots"},
    "jobs": {"core"},
    "study": {
        "core", "record", "evidence", "model", "exchange", "engine", "population", "trial", "endpoints", "analysis",
        "plots", "report", "jobs",
    },
    "cli": {"core", "study"},
    "data": set(),
}  # fmt: skip
WHY = {
    "core": "core is the ground of all rooms, so it stands on none",
    "model": "a model must not know the trials that will judge it",
    "engine": "the engine solves any model and must not know oncology",
    "trial": "a simulated trial must not see published results",
    "endpoints": "endpoints read scans as a clinician would, without the hidden truth of the simulator",
    "cli": "commands go through the public face, so that the API can do all that the CLI can",
}
HEAVY_DOORS = {
    "libsbml": {"exchange"},
    "antimony": {"exchange"},
    "llvmlite": {"engine"},
    "matplotlib": {"plots"},
    "statsmodels": {"analysis"},
    "jinja2": {"report"},
    "duckdb": {"evidence"},
    "rich": {"cli"},
    "typer": {"cli"},
}
FILES = sorted(SRC.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: write imports in full, not relative"
            names |= {node.module} | ({f"her2sim.{a.name}" for a in node.names} if node.module == "her2sim" else set())
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_a_room_imports_only_what_its_row_of_the_table_allows(path: Path) -> None:
    parts = path.relative_to(SRC).parts
    if len(parts) == 1:
        return  # the public face may name every room
    room = parts[0]
    assert room in MAY_IMPORT, f"room {room!r} has no row in MAY_IMPORT: decide what it may import"
    for name in imported(path):
        words = name.split(".")
        if words[0] == "her2sim" and len(words) > 1 and words[1] != room and words[1] in MAY_IMPORT:
            assert words[1] in MAY_IMPORT[room], (
                f"{path.relative_to(SRC)} imports {name}. Room {room} may import only "
                f"{sorted(MAY_IMPORT[room]) or 'nothing of her2sim'}: {WHY.get(room, 'arrows go one way')}."
            )
        if words[0] in HEAVY_DOORS and room not in HEAVY_DOORS[words[0]]:
            pytest.fail(f"{path.relative_to(SRC)} imports {words[0]}, whose only door is {HEAVY_DOORS[words[0]]}")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_files_stay_short_enough_to_be_read_in_five_minutes(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600, f"{path} is over 600 lines: split it by idea"


def test_the_median_file_is_under_180_lines() -> None:
    lengths = sorted(len(p.read_text().splitlines()) for p in FILES if p.name != "__init__.py")
    assert lengths[len(lengths) // 2] <= 180


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_random_numbers_are_made_in_one_file_only(path: Path) -> None:
    if path != SRC / "core" / "random.py":
        assert "np.random." not in path.read_text().replace("np.random.Generator", ""), (
            f"{path} makes its own random numbers: use her2sim.core.random.stream(seed, patient, purpose)"
        )
