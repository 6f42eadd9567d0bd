from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from her2sim import __version__
from her2sim.cli import messages
from her2sim.cli.main import app
from her2sim.cli.progress import log_lines
from her2sim.core.errors import InputError, SimulationError
from her2sim.core.progress import Progress
from her2sim.record.types import Arm, Contrast, RegimenItem, Result, TrialRecord, Until

RECORD = TrialRecord(
    id="DB03",
    disease="breast",
    setting="metastatic-2L",
    arms=(
        Arm(
            "T-DXd",
            261,
            (RegimenItem("trastuzumab_deruxtecan", None, None, Until("progression")),),
            results=(
                Result("PFS_median", 27.34, "months", ci95=(21.9, None), pi90=(19.0, 35.1), assessor="BICR"),
                Result("PFS_median", 99.0, "months", assessor="INV"),
                Result("OS_median", None, "months", not_reached=True),
            ),
        ),
    ),
    assessment=SimpleNamespace(assessor="BICR"),  # type: ignore[arg-type]
    contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.314, ci95=(0.24, 0.41), assessor="BICR"),),
)


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for ``her2sim.study.run``: keeps what it was asked, does what it is told."""
    told: dict[str, Any] = {"raises": None}

    def run(record: str, **options: Any) -> SimpleNamespace:
        told.update(options, record=record)
        if told["raises"]:
            raise told["raises"]
        if not told.get("finished before"):
            options["on_progress"](Progress("simulating", 10, 10, 1.0, 0.0))
        folder = Path("runs/db03")
        manifest = {"patients_simulated": 10, "patients_failed": 1}
        return SimpleNamespace(folder=folder, report=folder / "report.html", record=RECORD, manifest=manifest)

    monkeypatch.setitem(sys.modules, "her2sim.study.run", SimpleNamespace(run=run))
    return told


def test_run_hands_its_options_to_the_study_and_prints_the_main_figures(
    runner: CliRunner, study: dict[str, Any]
) -> None:
    result = runner.invoke(
        app, ["run", "db03.yaml", "--patients", "7", "--replicates", "3", "--seed", "5", "--workers", "2", "--out", "x"]
    )
    assert result.exit_code == 0
    got = {key: study[key] for key in ("record", "patients", "replicates", "seed", "workers", "out", "chunk_size")}
    assert got == {
        "record": "db03.yaml",
        "patients": 7,
        "replicates": 3,
        "seed": 5,
        "workers": 2,
        "out": Path("x"),
        "chunk_size": 100,
    }
    for text in ("27.3 mo", "21.9 to NR", "19.0 to 35.1", "NR", "T-DXd against T-DM1", "0.31", "report.html"):
        assert text in result.stdout
    assert "99.0" not in result.stdout  # the investigators' reading is not the trial's main one
    assert "1 patient of 10 could not be simulated" in result.stdout
    assert messages.NOT_ADVICE in result.stdout
    assert "10 of 10" in result.stderr


def test_a_run_that_was_finished_before_says_that_nothing_was_done(runner: CliRunner, study: dict[str, Any]) -> None:
    assert messages.ALREADY_DONE not in runner.invoke(app, ["run", "db03.yaml"]).stderr
    study["finished before"] = True
    assert messages.ALREADY_DONE in runner.invoke(app, ["run", "db03.yaml"]).stderr


def test_quiet_prints_nothing(runner: CliRunner, study: dict[str, Any]) -> None:
    result = runner.invoke(app, ["run", "db03.yaml", "--quiet"])
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("problem", "code", "text"),
    [
        (
            InputError("unknown drug 'herceptine'.", where="a.yaml:12", hint="Did you mean herceptin?"),
            2,
            "Error: a.yaml:12: unknown drug 'herceptine'. Did you mean herceptin?\n",
        ),
        (SimulationError("3 patients failed."), 1, "Error: 3 patients failed.\n"),
        (KeyboardInterrupt(), 130, messages.INTERRUPTED + "\n"),
    ],
)
def test_errors_become_one_message_and_the_exit_code_of_the_contract(
    runner: CliRunner, study: dict[str, Any], problem: BaseException, code: int, text: str
) -> None:
    study["raises"] = problem
    result = runner.invoke(app, ["run", "x", "--quiet"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", text)


def test_an_unforeseen_error_asks_for_debug_and_debug_shows_the_traceback(
    runner: CliRunner, study: dict[str, Any]
) -> None:
    study["raises"] = ZeroDivisionError("a")
    result = runner.invoke(app, ["run", "x", "--quiet"])
    assert result.exit_code == 1
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    for command in (["run", "x", "--quiet", "--debug"], ["--debug", "run", "x", "--quiet"]):
        assert isinstance(runner.invoke(app, command).exception, ZeroDivisionError)


def test_debug_shows_the_traceback_of_an_error_that_was_foreseen_too(runner: CliRunner, study: dict[str, Any]) -> None:
    study["raises"] = InputError("wrong")
    assert isinstance(runner.invoke(app, ["run", "x", "--debug"]).exception, InputError)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("rnu x", "Did you mean 'run'"),
        ("run", "Missing argument"),
        ("run x --patients 0", "--patients"),
        ("run x --patients many", "--patients"),
        ("run x --patents 3", "--patients"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line_with_exit_code_2(runner: CliRunner, command: str, text: str) -> None:
    result = runner.invoke(app, command.split())
    assert result.exit_code == 2
    assert text in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_version(runner: CliRunner) -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"her2sim {__version__}\n"


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    code = (
        "import sys, her2sim.cli.main as m\n"
        "try: m.app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'pyarrow', 'matplotlib', 'jinja2', 'yaml', 'pint', 'statsmodels'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    assert done.stderr.strip() == "[]"
    assert "run" in done.stdout
    assert seconds < 3  # 0.15 s on a quiet machine; the bound only catches a heavy import that the list misses


def test_a_log_gets_the_first_and_the_last_report_and_few_between(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 1.0, 2.0, 11.0, 12.0])
    show = log_lines(lambda: next(clock))
    for done in (0, 10, 20, 30, 40):
        show(Progress("simulating", done, 40, left_s=None if done == 0 else 40.0 - done))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "simulating: 0 of 40 patients, time left unknown until the first patients are done",
        "simulating: 30 of 40 patients, about 10 s left",
        "simulating: 40 of 40 patients",
    ]


def test_the_module_can_be_run_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "her2sim", "--version"], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.startswith("her2sim ")
