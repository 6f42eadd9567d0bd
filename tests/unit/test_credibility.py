"""The credibility page tells what a validation found, and names evidence that exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.report.document import Document, as_html, as_markdown
from her2sim.study.credibility import credibility_document, credibility_words, weak_points
from her2sim.study.validate import Validation
from her2sim.study.validation import history, outcome
from her2sim.study.validation.interval import Predicted
from her2sim.study.validation.plain_words import plain_words, short_words
from her2sim.study.validation.published import published_figures
from her2sim.study.validation.publishing import BEGIN, END, publish
from her2sim.study.validation.scope import scope_of
from her2sim.study.validation.scoring import score
from her2sim.study.validation.settings import default_settings

ROOT = Path(__file__).parents[2]
TRIALS = ("TH3RESA", "CEREBEL", "MARIANNE", "PHEREXA", "EGF104900", "GBG26")
M15 = (
    "Question of Interest",
    "Context of Use",
    "Model Influence",
    "Consequence of Wrong Decision",
    "Model Risk",
    "Model Impact",
    "Technical Criteria",
    "Appropriateness of Proposed MIDD",
    "Evaluation of Model(s) and Model Outcomes",
    "Outcome of the MIDD Evidence Assessment",
)


def validation(factor: float, points: float) -> Validation:
    """Every prediction is the published figure times ``factor``, or plus ``points``; intervals hold a tenth more."""
    rows = []
    scope = []
    for name in TRIALS:
        record = load_record(name)
        scope.append(scope_of(record))
        figures = published_figures(record)
        guesses = []
        for one in figures:
            percent = "ORR" in one.key.endpoint or "_rate_" in one.key.endpoint or one.key.endpoint == "CR"
            value = one.value + points if percent else one.value * factor
            unit = "percent" if percent else "ratio" if one.key.reference else "months"
            guesses.append(Predicted(one.key, unit, value, value * 0.9, value * 1.1, value, 100))
        rows += score(record, figures, guesses, 60.0)
    facts = {
        "frozen": "", "frozen_date": "", "draws": 0, "without": [], "all_trials": True, "trials_failed": {},
        "trials": len(TRIALS), "patients_simulated": 1000, "patients_failed": 2, "seed": 1, "seconds": 1.0,
    }  # fmt: skip
    settings = replace(default_settings(), summary_resamples=50)
    return Validation(Path(), tuple(rows), (), tuple(scope), settings, facts)


@pytest.fixture(scope="module")
def bad() -> Validation:
    return validation(1.8, 20.0)


@pytest.fixture(scope="module")
def good() -> Validation:
    return validation(1.01, 1.0)


def test_weak_points_come_first_and_are_those_of_the_validation(bad: Validation, good: Validation) -> None:
    page = as_markdown(credibility_document(bad))
    assert page.index("## Weak points") < page.index("## Assessment table of ICH M15")
    assert any("ORR of unseen trials is typically wrong by 20.0 points" in each for each in weak_points(bad))
    assert any("intervals are too narrow" in each for each in weak_points(bad))
    assert not any("typically wrong" in each for each in weak_points(good))
    assert any("intervals are too wide" in each for each in weak_points(good))


def test_elements_of_m15_stand_in_their_order_and_risk_follows_from_the_matrix(bad: Validation) -> None:
    words = credibility_words()
    assert tuple(row["element"] for row in words["m15"]) == M15
    assert len(words["vv40"]) == 13
    page = as_markdown(credibility_document(bad))
    assert "| Model Influence | Low |" in page
    assert "| Consequence of Wrong Decision | Medium |" in page
    assert "| Model Risk | Low |" in page
    assert "{" not in page
    assert as_html(credibility_document(bad)).count("Research use only; not medical advice.") == 2


def test_the_outcome_follows_from_the_criteria(bad: Validation, good: Validation) -> None:
    assert "missed: ORR, PFS median, PFS hazard ratio" in as_markdown(credibility_document(bad))
    assert "Criteria of size met: ORR, PFS median, PFS hazard ratio; missed: none" in as_markdown(
        credibility_document(good)
    )


def test_evidence_that_the_page_names_exists() -> None:
    named = [path for row in credibility_words()["vv40"] for path in row["evidence"]]
    assert named
    assert not [path for path in named if not (ROOT / path).is_file()]


def test_plain_words_tell_goals_reached_and_missed(bad: Validation, good: Validation) -> None:
    assert any("the goal of 6.0 points is missed" in each for each in plain_words(bad))
    assert any("the goal of 6.0 points is reached" in each for each in plain_words(good))
    assert "missed for" in short_words(bad)[-1]
    assert len(short_words(good)) == 1


def test_a_validation_is_published_into_docs_and_readme(bad: Validation, tmp_path: Path) -> None:
    docs = tmp_path / "docs" / "reference"
    docs.mkdir(parents=True)
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    written = publish(bad, docs)
    assert {path.name for path in written} == {"validation.md", "credibility.md", "validation.svg", "README.md"}
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "* ORR: typically off by 20.0 points" in text
    with pytest.raises(InputError, match="whole model"):
        publish(replace(bad, facts={**bad.facts, "without": ["adcc"]}), docs)


def test_runs_tell_the_outcome_of_the_calibration_in_use_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    path = outcome.write_outcome("abc", "2026-11-21", ["off by 5 points"], folder=tmp_path)
    kept = yaml.safe_load(path.read_text())

    class Frozen:
        hash = "abc"

    monkeypatch.setattr(outcome, "read_outcome", lambda: kept)
    monkeypatch.setattr(outcome, "load_frozen", lambda: None)
    assert outcome.trust_sentences() == (outcome.ROUGH,)
    monkeypatch.setattr(outcome, "load_frozen", lambda: Frozen)
    assert outcome.trust_sentences() == ("off by 5 points",)
    Frozen.hash = "another"
    assert outcome.trust_sentences() == (outcome.CHANGED,)


def test_a_new_freeze_stands_beside_the_former_ones_and_touches_none(
    bad: Validation, good: Validation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = replace(bad, facts={**bad.facts, "frozen": "aaaa1111ffff", "frozen_date": "2026-11-21"})
    second = replace(good, facts={**good.facts, "frozen": "bbbb2222ffff", "frozen_date": "2026-11-22"})
    history.add_to_history(history.entry_of(first, "2026-11-21"), tmp_path)
    before = history.read_history(tmp_path)
    history.add_to_history(history.entry_of(first, "2026-11-25"), tmp_path)
    assert history.read_history(tmp_path) == before, "the same figures again are no new validation"
    history.add_to_history(history.entry_of(second, "2026-11-22"), tmp_path)
    after = history.read_history(tmp_path)
    assert after[:1] == before and len(after) == 2
    monkeypatch.setattr(history, "read_history", lambda: after)
    page = as_markdown(Document("history", tuple(history.history_blocks(second))))
    rows = [line for line in page.splitlines() if line.startswith("| 2026")]
    assert [("aaaa1111" in row, "20.0, 0 % inside" in row) for row in rows] == [(True, True), (False, False)]
    assert "| 1.0, 100 % inside |" in rows[1]
    assert history.history_blocks(replace(second, facts={**second.facts, "all_trials": False})) == []
    monkeypatch.setattr(history, "read_history", lambda: ())
    assert history.history_blocks(second) == []


def test_the_first_published_figures_are_kept() -> None:
    first = history.read_history()[0]
    assert (first["frozen"][:8], first["unseen"]["ORR"]["error"], first["unseen"]["ORR"]["inside"]) == (
        "dc60353b",
        10.0,
        22,
    )
