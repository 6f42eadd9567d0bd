"""Predictions are made from protocols, written once, found out if edited, and scored when results are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.record.types import Result, TrialRecord
from her2sim.study import ledger
from her2sim.study.ledger import registering
from her2sim.study.ledger.entry import HASH, content_hash, read_entry, write_entry

RUNNER = CliRunner()
TRIAL = "KATE3"  # its control arm is in scope, its figures are not there yet
DAY = "2026-11-21"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf") / "ledger"
    done = ledger.register([TRIAL, "DESTINY-Breast11"], folder=folder, patients=16, draws=0, today=DAY)
    assert [path.parent.name for path in done.written] == [TRIAL]
    assert done.not_predicted == {"DESTINY-Breast11": "setting neoadjuvant has no module yet"}
    return folder


@pytest.fixture
def entry(shelf: Path) -> Path:
    return next((shelf / TRIAL).glob("*.yaml"))


def test_every_withheld_trial_awaits_its_results_and_no_scored_one_does() -> None:
    names = registering.awaited()
    assert {"PATINA", "HER2CLIMB-02", "DESTINY-Breast09", "HERIZON-GEA-01"} <= set(names)
    assert not {"DESTINY-Breast03", "EMILIA"} & set(names)
    with pytest.raises(InputError, match="no prediction"):
        ledger.register(["EMILIA"])


def test_an_entry_tells_model_protocol_and_figures_with_intervals(shelf: Path, entry: Path) -> None:
    content = yaml.safe_load(entry.read_text())
    assert content["date"] == DAY
    assert entry.name == f"{DAY}-{content['model']['sha256'][:8]}.yaml"
    assert [arm["name"] for arm in content["protocols"][0]["arms"]] == ["placebo + T-DM1"]
    assert "results" not in content["protocols"][0]["arms"][0]
    orr = next(row for row in content["figures"] if row["endpoint"] == "ORR")
    assert orr["low90"] < orr["value"] < orr["high90"]
    assert TRIAL in (shelf / "README.md").read_text()
    assert "DESTINY-Breast11: setting neoadjuvant" in (shelf / "README.md").read_text()


def test_an_entry_is_never_written_twice(shelf: Path, entry: Path) -> None:
    before = entry.read_bytes()
    again = ledger.register([TRIAL], folder=shelf, patients=16, draws=0, today=DAY)
    assert (again.written, again.kept) == ((), (TRIAL,))
    with pytest.raises(InputError, match="never changed"):
        write_entry(entry, {})
    assert entry.read_bytes() == before


def test_a_new_freeze_writes_new_entries_beside_the_old_ones(
    shelf: Path, entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    book = tmp_path / "ledger"
    shutil.copytree(shelf, book)
    old = book / TRIAL / entry.name
    facts = registering.model_facts

    def another(settings: Any) -> dict[str, Any]:
        return facts(settings) | {"sha256": "f" * 64}

    monkeypatch.setattr(registering, "model_facts", another)
    done = ledger.register([TRIAL], folder=book, patients=16, draws=0, today=DAY)
    assert [path.name for path in done.written] == [f"{DAY}-ffffffff.yaml"]
    assert old.read_bytes() == entry.read_bytes()
    found = ledger.listed(book, TRIAL)
    assert len(found) == 2 and all(each.intact for each in found)
    index = (book / "README.md").read_text()
    assert index.count(f"| {TRIAL} | {DAY} |") == 2
    assert len(ledger.score_record(with_results(60.0), folder=book)) == 2


def test_the_results_of_a_trial_are_never_read_while_it_is_predicted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Forbidden(tuple[Any, ...]):
        def __iter__(self) -> Iterator[Any]:
            raise AssertionError("somebody looked at a result")

        __getitem__ = __len__ = __bool__ = __iter__  # type: ignore[assignment]

    record = load_record(TRIAL)
    secret = Forbidden((Result("ORR", 99.0, "percent"),))
    poisoned = replace(
        record,
        arms=tuple(replace(arm, results=secret) for arm in record.arms),
        contrasts=secret,
        subgroups=secret,
    )

    def load(name: str) -> TrialRecord:
        return poisoned

    monkeypatch.setattr(registering, "load_record", load)
    done = ledger.register([TRIAL], folder=tmp_path, patients=8, draws=0, today=DAY)
    assert len(done.written) == 1
    with pytest.raises(AssertionError, match="looked at a result"):
        list(poisoned.arms[0].results)


def test_an_edited_entry_is_found_out(shelf: Path, entry: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(entry.read_text())
    content["figures"][0]["value"] = 77.0
    (tmp_path / TRIAL).mkdir()
    (tmp_path / TRIAL / entry.name).write_text(yaml.safe_dump(content, sort_keys=False))
    done = RUNNER.invoke(app, ["ledger", "list", "--ledger", str(tmp_path)])
    assert done.exit_code == 1
    assert "EDITED" in done.stdout
    assert RUNNER.invoke(app, ["ledger", "list", "--ledger", str(shelf)]).exit_code == 0
    with pytest.raises(InputError, match="edited after it was written"):
        ledger.score_record(with_results(60.0), folder=tmp_path)


def with_results(response: float) -> Any:
    record = load_record(TRIAL)
    results = (
        Result("ORR", response, "percent", assessor="investigator", read=True),
        Result("PFS_median", 900.0, "weeks", assessor="INV", read=True),
        Result("ILD", 3.0, "percent", read=True),
    )
    return replace(record, arms=tuple(replace(arm, results=results) for arm in record.arms))


def test_a_record_with_results_is_scored_against_the_entry(shelf: Path, entry: Path) -> None:
    figures = read_entry(entry).figures
    registered = {one.key.endpoint: one for one in figures if one.key.assessor in ("", "INV") and not one.key.stratum}
    (found,) = ledger.score_record(with_results(registered["ORR"].value + 1.0), folder=shelf)
    rows = {row.measure: row for row in found.rows}
    assert rows["ORR"].error == pytest.approx(-1.0)
    assert (rows["ORR"].inside, rows["PFS median"].inside) == (True, False)
    assert found.inside() == (1, 2)
    assert "PFS_median" in found.text()
    assert "error" in found.csv()


def test_a_record_without_results_or_without_entry_is_refused(shelf: Path) -> None:
    with pytest.raises(InputError, match="no results"):
        ledger.score_record(TRIAL, folder=shelf)
    with pytest.raises(InputError, match="no prediction of EMILIA"):
        ledger.score_record("EMILIA", folder=shelf)


def test_the_hash_is_of_everything_but_itself(entry: Path) -> None:
    content = yaml.safe_load(entry.read_text())
    assert content[HASH] == content_hash(content) == content_hash({**content, HASH: "other"})
    assert content_hash(content) != content_hash({**content, "date": "2030-01-01"})


def test_every_entry_of_the_repository_is_as_it_was_written() -> None:
    home = Path(__file__).parents[2] / "ledger"
    assert all(each.intact for each in ledger.listed(home))
