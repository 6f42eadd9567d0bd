from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2sim.cli import messages
from her2sim.cli.main import app

Maker = Callable[..., Path]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_a_run_folder_is_compared_with_the_published_record_it_holds(
    runner: CliRunner, tmp_path: Path, make_run_folder: Maker
) -> None:
    result = runner.invoke(app, ["compare", str(make_run_folder(tmp_path / "a"))])
    assert result.exit_code == 0
    orr = next(line for line in result.stdout.splitlines() if line.split()[:2] == ["T-DM1", "ORR"])
    assert "45.2% (35.0-54.9)" in orr and "34.2% (28.5-40.3)" in orr and orr.split()[-2:] == ["no", "no"]
    assert messages.NOT_ADVICE in result.stdout


def test_a_second_argument_takes_the_place_of_the_published_record(
    runner: CliRunner, tmp_path: Path, make_run_folder: Maker
) -> None:
    folder = make_run_folder(tmp_path / "a", published=False)
    other = make_run_folder(tmp_path / "b")
    result = runner.invoke(app, ["compare", str(folder), str(other / "published.yaml")])
    assert "34.2%" in result.stdout
    same = runner.invoke(app, ["compare", str(folder / "record.yaml"), str(folder)])
    assert "34.2%" not in same.stdout and "45.2%" in same.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["{}/nowhere"], "no such folder or file"),
        (["{}"], "no record.yaml"),
        (["DESTINY-Breast03"], "published record itself"),
        (["DESTINY-Breast99"], "DESTINY-Breast0"),
    ],
)
def test_what_cannot_be_compared_is_told_with_exit_code_2(
    runner: CliRunner, tmp_path: Path, arguments: list[str], text: str
) -> None:
    result = runner.invoke(app, ["compare", *(a.format(tmp_path) for a in arguments)])
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_trial_that_nobody_published_asks_for_a_second_argument(
    runner: CliRunner, tmp_path: Path, make_run_folder: Maker
) -> None:
    folder = make_run_folder(tmp_path / "a", name="MY-TRIAL", published=False)
    result = runner.invoke(app, ["compare", str(folder)])
    assert result.exit_code == 2
    assert "second argument" in result.stderr
