"""The laboratory beside published figures: nothing left out, and the stylised facts that it must not lose."""

from __future__ import annotations

from pathlib import Path

import pytest

from her2sim.model.modules.tumor_dna import tumor_dna_numbers
from her2sim.study.her2_reading import assay_numbers
from her2sim.study.laboratory.page import laboratory_page, main, published_laboratory
from her2sim.study.laboratory.predictions import readers

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "laboratory.md"
FIGURES = published_laboratory()


def test_the_committed_page_has_a_prediction_for_each_published_figure() -> None:
    rows = PAGE.read_text().splitlines()
    for figure in FIGURES:
        (line,) = [row for row in rows if row.startswith(f"| {figure.what} |") and figure.text in row]
        assert "no prediction" not in line and "nan" not in line, figure.id


def test_what_is_read_has_an_address() -> None:
    assert [figure.id for figure in FIGURES if figure.read and not figure.address] == []


def test_every_number_of_the_laboratory_has_bounds_that_hold_it_and_words() -> None:
    for quantity in (*tumor_dna_numbers().quantities.values(), *assay_numbers().quantities.values()):
        assert quantity.description, quantity.name
        assert quantity.low <= quantity.value <= quantity.high, quantity.name
        assert not (quantity.read and quantity.source == "assumed"), quantity.name


def test_readers_agree_as_often_as_published_within_a_factor_of_two() -> None:
    """Two readers 65 to 74 % (Karakas 2023), all of 18 readers 28.8 % (Robbins 2023)."""
    found = readers()
    assert 65.0 < found["readers_pair"] < 90.0
    assert 14.4 < found["readers_all"] < 57.6


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(patients: int) -> dict[str, float]:
        return {"per_cm3": float(patients)}

    monkeypatch.setattr("her2sim.study.laboratory.predictions.predictions", told)
    main(["--out", str(tmp_path / "page.md"), "--patients", "7"])
    page = (tmp_path / "page.md").read_text()
    assert "| 7 | 1.7, lung cancer" in page
    assert page == laboratory_page(FIGURES, {"per_cm3": 7.0})
