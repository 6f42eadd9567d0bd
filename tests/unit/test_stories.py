"""Every story of ``stories.yaml`` is held by tests that exist, and every file of journeys holds one."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STORIES: dict[str, Any] = yaml.safe_load((ROOT / "stories.yaml").read_text())
USERS = ("clinical pharmacologist", "translational scientist", "systems biologist", "statistician", "developer")
NAMED = [
    (user, story["story"], test)
    for user, about in STORIES.items()
    for story in about["stories"]
    for test in story["tests"]
]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("test", sorted({test for _, _, test in NAMED}))
def test_every_test_that_a_story_names_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file(), f"stories.yaml names {file}, which does not exist"
    assert name.startswith("test_")
    assert name in names_in(file), f"{file} has no {name}: was it renamed?"


def test_each_of_the_five_users_has_stories_and_each_story_a_test() -> None:
    assert tuple(STORIES) == USERS
    for user, about in STORIES.items():
        assert set(about) == {"wants", "stories"}, user
        assert len(about["stories"]) >= 2, user
        for story in about["stories"]:
            assert set(story) == {"story", "tests"}
            assert story["tests"], f"{user}: {story['story']} is held by no test"


def test_no_story_is_told_twice() -> None:
    told = [story["story"] for about in STORIES.values() for story in about["stories"]]
    assert len(set(told)) == len(told)


def test_every_file_of_journeys_holds_a_story() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "journeys").glob("test_*.py")}
    assert not files - {test.partition("::")[0] for _, _, test in NAMED}
