"""What the journeys share: the command line as a user types it, a small trial, and one run that many tests look at."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app

SMALL_TRIAL = Path(__file__).parent / "records" / "small-trial.yaml"


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, and what it printed on stdout and stderr."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


def typed(*words: object) -> Outcome:
    """Run a command in this process. An exception that nobody caught stands in ``err`` as its traceback."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    err = done.stderr
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        err += "".join(traceback.format_exception(done.exception))
    return Outcome(done.exit_code, done.stdout, err)


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below ``folder`` with its time of change and size."""
    return {str(p.relative_to(folder)): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in folder.rglob("*")}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return typed


@pytest.fixture(scope="session", name="her2sim")
def anywhere() -> Command:
    """The command line, in whatever folder the tests run."""
    return typed


@pytest.fixture
def listing() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """What a folder holds, to be compared before and after; see ``files_of``."""
    return files_of


@pytest.fixture
def small_trial() -> Path:
    """A trial of two arms, one earlier line and four years: the smallest that has every part of a run."""
    return SMALL_TRIAL


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small trial run once, unbroken, one worker, one chunk: what all other ways to run it must equal."""
    folder = tmp_path_factory.mktemp("small") / "run"
    done = typed("run", SMALL_TRIAL, "--out", folder)
    assert done.code == 0, done.err
    return folder
