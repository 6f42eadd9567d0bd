"""Today's base is clean: every finding of the checker is explained, and every explanation is needed."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from her2sim.evidence.check.finding import Finding
from her2sim.evidence.check.run import check_base, open_findings
from her2sim.evidence.check.settled import Settled, explained, settled
from her2sim.evidence.tidy import Figure

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def findings() -> tuple[Finding, ...]:
    return check_base()


def test_every_finding_is_explained(findings: tuple[Finding, ...]) -> None:
    assert open_findings(findings) == (), "look into it; correct the record, or explain it in settled.yaml"


def test_every_explanation_says_something_and_stands_once() -> None:
    keys = [(x.record, x.rule, x.figure) for x in settled()]
    assert len(set(keys)) == len(keys)
    assert all(len(x.explanation) > 30 for x in settled())


def test_the_known_misprint_is_found_although_it_is_explained(findings: tuple[Finding, ...]) -> None:
    """If the rule lost its teeth, the misprint that the record's note names would go unseen."""
    assert ("CEREBEL", "ratio-in-the-middle") in {(x.record, x.rule) for x in findings}


def test_an_explanation_that_explains_nothing_is_a_finding() -> None:
    found = explained([], [Settled("EMILIA", "value-in-interval", "T-DM1 PFS_median 9.6", "an explanation long ago")])
    assert [x.rule for x in found] == ["settled-without-finding"]
    assert open_findings(found) == found


def test_the_command_prints_shares_and_exits_cleanly(capsys: pytest.CaptureFixture[str]) -> None:
    from her2sim.cli.main import app

    with pytest.raises(SystemExit) as stop:
        app(["evidence", "check", "--json"])
    assert stop.value.code in (0, None)
    said = json.loads(capsys.readouterr().out)
    assert said["open"] == 0
    assert said["findings"]
    assert all(row["explanation"] for row in said["findings"])


def test_the_page_names_every_rule_and_every_column() -> None:
    page = (ROOT / "docs" / "reference" / "evidence.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/her2sim/evidence/check").glob("*.py"))
    rules = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)",\s*"(?:error|warning|shown)"', code))
    assert len(rules) >= 28
    for name in (*rules, *(column.name for column in fields(Figure))):
        assert f"`{name}`" in page, name
