"""``her2sim fit`` on the command line: what is looked at must be there, and what is frozen is what the model uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.study import fitting


def invoke(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["fit", *map(str, words)])
    return done.exit_code, done.output


@pytest.mark.parametrize("words", [["--freeze"], ["--report", "fit.md"]])
def test_looking_at_a_fit_that_was_not_made_is_refused(words: list[str], tmp_path: Path) -> None:
    code, said = invoke("--out", tmp_path / "none", *words)
    assert code == 2
    assert "no finished fit is here" in said and "her2sim fit --out" in said
    assert not (tmp_path / "none").exists()


def test_a_fit_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fitting, "NEEDED", ("cma", "no_such_library"))
    code, said = invoke("--out", tmp_path)
    assert code == 2
    assert "no_such_library" in said and "her2sim[fit]" in said


def test_packing_where_no_fit_is_makes_nothing(tmp_path: Path) -> None:
    code, said = invoke("--out", tmp_path / "none", "--pack")
    assert code == 2 and "no fit is here" in said
    assert not (tmp_path / "none").exists()
