"""The table of published figures beside predictions: reading, verdicts, and what the page must not leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.study.site_of_action import Published, main, published_figures, site_of_action_page, verdict

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "site-of-action.md"
FIGURES = published_figures()


def figure(value: float | None = None, low: float | None = None, high: float | None = None) -> Published:
    return Published("x", "group", "what", "nM", "text", "source", True, value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("published", "predicted", "told"),
    [
        (figure(10.0), None, "no prediction"),
        (figure(), 3.0, "prediction only"),
        (figure(10.0), 11.4, "agrees"),
        (figure(10.0), 5.1, "within twofold"),
        (figure(10.0), 4.0, "misses: 0.4 times the published"),
        (figure(10.0, 4.0, 16.0), 4.1, "within the published spread"),
        (figure(10.0, 9.0, 11.0), 30.0, "misses: 3 times the published"),
        (figure(0.0, -10.0, 10.0), -20.0, "misses"),
        (figure(low=0.0), 1.0, "as published"),
        (figure(high=0.0), 1.0, "misses"),
    ],
)
def test_a_verdict_says_how_far_off_a_prediction_is(published: Published, predicted: float | None, told: str) -> None:
    assert verdict(published, predicted) == told


def test_the_page_names_the_source_of_each_figure_and_whether_it_was_read() -> None:
    page = site_of_action_page(FIGURES, {FIGURES[0].id: 98.76})
    for row in FIGURES:
        line = next(line for line in page.splitlines() if line.startswith(f"| {row.what} |"))
        assert f"{row.citation} ({'read' if row.read else 'recalled or derived'})" in line
    assert "98.8 %" in page


def test_the_committed_page_has_a_row_for_each_published_figure() -> None:
    page = PAGE.read_text()
    assert [row.id for row in FIGURES if f"| {row.what} |" not in page] == []


def test_what_is_read_has_an_address() -> None:
    assert [row.id for row in FIGURES if row.read and not row.address] == []


GOOD = "{id: a, group: g, what: w, unit: nM, text: t, source: s, read: true}"


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        (f"[{GOOD}, {GOOD}]", "ids used twice: a"),
        (f"[{GOOD[:-1]}, units: nM}}]", "unknown keys"),
        (f"[{GOOD.replace('source: s', 'source: other')}]", "no source 'other'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, figures: str, told: str) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(f'sources: {{s: {{citation: "c", address: "a"}}}}\nfigures: {figures}\n')
    with pytest.raises(InputError, match=told):
        published_figures(path)


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("her2sim.study.site_predictions.predictions", lambda: {FIGURES[0].id: 12.3})
    main(["--out", str(tmp_path / "page.md")])
    assert "12.3 %" in (tmp_path / "page.md").read_text()
