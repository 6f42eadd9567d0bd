"""A mechanism is removed from a run: what it carried shows, and nobody can take the result for the whole model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)


@pytest.fixture(scope="module")
def without_payload(tmp_path_factory: pytest.TempPathFactory, her2sim: Command) -> Path:
    folder = tmp_path_factory.mktemp("less") / "run"
    record = Path(__file__).parent / "records" / "small-trial.yaml"
    done = her2sim("run", record, "--without", "payload,adcc", "--patients", "6", "--out", folder)
    assert done.code == 0, done.err
    assert "Without payload: kill by the payload" in done.out
    return folder


def test_the_run_folder_says_everywhere_what_was_removed(without_payload: Path, her2sim: Command) -> None:
    manifest = json.loads((without_payload / "manifest.json").read_text())
    assert manifest["settings"]["without"] == "adcc,payload"
    assert manifest["mechanisms_removed"]["parameters"]["nk_kill_per_day"] == 0.0
    assert "without: [adcc, payload]" in (without_payload / "record.yaml").read_text()
    assert "Not the whole model. Mechanisms removed: adcc" in (without_payload / "report.html").read_text()
    compared = her2sim("compare", without_payload, without_payload)
    assert "was simulated without adcc, payload" in compared.out


def test_the_folder_is_refused_to_the_whole_model(without_payload: Path, her2sim: Command) -> None:
    record = Path(__file__).parent / "records" / "small-trial.yaml"
    done = her2sim("run", record, "--patients", "6", "--out", without_payload)
    assert done.code == 2
    assert "it differs in --without (adcc,payload there, nothing now)" in done.err


def test_a_mechanism_that_does_not_exist_is_told_and_nothing_is_written(command: Command, tmp_path: Path) -> None:
    done = command("run", "EMILIA", "--patients", "2", "--without", "bystandr", "--quiet")
    assert done.code == 2
    assert "no mechanism is named 'bystandr'. Did you mean bystander?" in done.err
    assert not list(tmp_path.iterdir())
