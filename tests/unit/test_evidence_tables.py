"""The review tables: complete, sourced, honest about what is recalled, kept back or missing."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.roles import role_of
from her2sim.evidence.tables.comma_separated import comma_separated
from her2sim.evidence.tables.markdown import markdown
from her2sim.evidence.tables.page import html_page
from her2sim.evidence.tables.questions import NAMES, her2_drugs, review_table
from her2sim.evidence.tables.review_table import Cell, Column, Part, Reference, ReviewTable, Row
from her2sim.evidence.vocabulary import groups_of

KEPT_BACK = "kept back"


def column(table: ReviewTable, name: str) -> int:
    return [x.name for x in table.columns].index(name)


def cell(table: ReviewTable, trial: str, arm: str, name: str) -> str:
    rows = [x for x in table.rows if x.trial == trial and x.cells[column(table, "arm")].words() == arm]
    assert len(rows) == 1
    return rows[0].cells[column(table, name)].words()


def test_the_checkpoint_table_covers_every_trial_with_such_a_drug() -> None:
    table = review_table("checkpoint")
    with_drug = {
        record.id
        for record in all_records()
        if any("checkpoint inhibitor" in groups_of([item.drug]) for arm in record.arms for item in arm.regimen)
    }
    assert set(table.trials()) == with_drug
    assert len(with_drug) > 30
    for name in ("regimen", "population", "ORR, %", "PFS median, months", "OS median, months", "grade 3+, %", "status"):
        assert column(table, name)
    for row in table.rows:
        for name in ("population", "status", "arm", "regimen"):
            assert row.cells[column(table, name)].words() != "–", (row.trial, name)


def test_figures_of_an_arm_stand_side_by_side_with_their_sources() -> None:
    table = review_table("checkpoint")
    words = cell(table, "KEYNOTE-811", "pembrolizumab + trastuzumab + chemo", "ORR, %")
    assert re.fullmatch(
        r"74 \(66 to 82\), first interim .*\[\d+\] \| 72\.6 \(67\.6 to 77\.2\), later .* \[\d+\]\*", words
    )
    assert cell(table, "KEYNOTE-811", "pembrolizumab + trastuzumab + chemo", "grade 3+, %").startswith(
        "treatment related 58.9 ["
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_table_shows_a_figure_of_a_withheld_trial(name: str) -> None:
    parts = {record.id: str(record.extra.get("part_of", "")) for record in all_records()}
    table = review_table(name)
    for row in table.rows:
        if role_of(row.trial, parts[row.trial]) == "withheld":
            assert not any(part.reference for x in row.cells for part in x.parts), row.trial
            assert sum(x.words() == KEPT_BACK for x in row.cells) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_cites_a_listed_source_and_recalled_ones_carry_a_star(name: str) -> None:
    table = review_table(name)
    assert len(table.rows) > 20
    listed = {source.number: source for source in table.references}
    assert sorted(listed) == list(range(1, len(listed) + 1))
    cited: set[int] = set()
    for row in table.rows:
        assert len(row.cells) == len(table.columns)
        for x in row.cells:
            for part in x.parts:
                if part.reference:
                    cited.add(part.reference)
                    assert part.words().endswith("]" if part.read else "]*")
                    assert not part.read or listed[part.reference].url, "read, but no address"
    assert cited == set(listed)


def test_dual_blockade_is_of_two_drugs_in_the_same_patients() -> None:
    table = review_table("dual-blockade")
    assert {"CLEOPATRA", "NeoALTTO", "EGF104900", "HER2CLIMB", "PHEDRA"} <= set(table.trials())
    assert "EMILIA" not in table.trials()
    assert "DESTINY-Breast02" not in table.trials(), "trastuzumab or lapatinib are alternatives there"
    for trial in table.trials():
        assert any(len(her2_drugs(arm)) > 1 for arm in load_record(trial).arms), trial
    groups = [row.group for row in table.rows]
    assert groups.index("pertuzumab, early") < groups.index("lapatinib, metastatic")


def test_one_number_of_two_sources_stands_once_by_the_source_that_was_read() -> None:
    table = review_table("checkpoint")
    row = next(row for row in table.rows if row.trial == "KATE2")
    assert [part.text for part in row.cells[-1].parts] == ["PFS 0.82 (0.55 to 1.23)*"] and row.cells[-1].parts[0].read


def test_patients_are_described_once_and_without_addresses() -> None:
    for name in NAMES:
        for row in review_table(name).rows:
            assert "collection:" not in row.cells[1].words() and "https://" not in row.cells[1].words()


def test_gastric_trials_stand_by_line() -> None:
    table = review_table("gastric")
    found = {row.trial: row.group for row in table.rows}
    assert found["ToGA"] == "first line"
    assert found["GATSBY"] == "second line"
    assert found["RC48-C008"] == "third line and later"
    assert set(found) == {x.id for x in all_records() if x.disease == "gastric" and x.kind != "collection"}


def test_biomarker_rows_say_which_arm_and_which_stratum() -> None:
    table = review_table("biomarkers")
    rows = [[x.words() for x in row.cells] for row in table.rows if row.group == "PD-L1" and row.trial == "KEYNOTE-811"]
    assert any("CPS<1" in row[2] and row[4] == "OS HR" and row[5].startswith("1.10 (0.72 to 1.68) [") for row in rows)


def test_brain_table_takes_intracranial_response_of_dedicated_cohorts() -> None:
    table = review_table("brain-metastases")
    words = cell(table, "TUXEDO-1", "T-DXd", "intracranial ORR, %")
    assert words.startswith("73.3 (48.1 to 89.1) [")


def test_an_unknown_question_offers_the_names() -> None:
    with pytest.raises(InputError, match="brain-metastases"):
        review_table("brain-metastasis")


TRICKY = ReviewTable(
    "x",
    "A <b> & title",
    (Column("trial", True), Column("note")),
    (
        Row("g|h", "T", (Cell((Part("T"),)), Cell((Part("a | b\n<script>", 1, read=False), Part('c "d", e', 2))))),
        Row("g|h", "T", (Cell((Part("T"),)), Cell()), first=False),
    ),
    (Reference(1, "Author <i>", "javascript:alert(1)", False), Reference(2, "B & C", "https://e.org/?a=1&b=2", True)),
)


def test_markdown_keeps_one_row_per_line_and_as_many_bars_as_columns() -> None:
    rows = [line for line in markdown(TRICKY).splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert rows[3].startswith("|  | –"), "the trial is said once"


def test_csv_reads_back_and_every_row_is_complete() -> None:
    rows = list(csv.reader(io.StringIO(comma_separated(TRICKY))))
    assert rows[0] == ["group", "trial", "note", "sources"]
    assert rows[1][2] == 'a | b\n<script> [1]* | c "d", e [2]'
    assert rows[2][:3] == ["g|h", "T", "–"]
    assert "[2] B & C https://e.org/?a=1&b=2" in rows[1][3]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key == "href"]


def test_html_escapes_what_the_records_say_and_links_only_web_addresses() -> None:
    page = Tags()
    page.feed(html_page(TRICKY))
    assert "script" not in page.tags
    assert page.tags.count("tr") == 1 + 1 + 2
    assert not any("javascript" in link for link in page.links)
    assert "https://e.org/?a=1&b=2" in page.links


def test_the_page_lists_every_question() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "review-tables.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"| `{name}` |" in page, name


def test_the_command_prints_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    from her2sim.cli.main import app

    for style, start in (
        ("markdown", "# Gastric"),
        ("csv", "group,trial"),
        ("html", "<!doctype"),
        ("terminal", "Gastric"),
    ):
        with pytest.raises(SystemExit) as stop:
            app(["evidence", "table", "--question", "gastric", "--format", style])
        assert stop.value.code in (0, None)
        said = capsys.readouterr().out
        assert said.startswith(start)
        assert "KEYNOTE-811" in said
        assert "2010" in said or "Lancet" in said, "sources are listed"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "biomarkers"])
def test_the_last_column_is_whole_on_the_screen(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A table wider than the screen loses its last columns without a word."""
    from her2sim.cli.review_screen import show

    show(review_table(name))
    assert "CI)" in capsys.readouterr().out, "the end of the heading `ratios against the reference (95% CI)`"
