"""SQL over the base: the same figures as in the records, nothing else in reach, errors in words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.index import entries
from her2sim.evidence.tidy import all_figures, figures

pytest.importorskip("duckdb")


def ask(sql: str) -> list[list[str]]:
    from her2sim.evidence.sql import ask as answer

    return [[cell.words() for cell in row.cells] for row in answer(sql).rows]


def test_a_query_gives_the_figures_of_the_record() -> None:
    rows = ask("SELECT arm, value FROM figures WHERE record = 'EMILIA' AND endpoint = 'PFS_median' AND level = 'arm'")
    found = [x for x in figures(load_record("EMILIA")) if x.endpoint == "PFS_median" and x.level == "arm"]
    assert rows == [[x.arm, f"{x.value:g}"] for x in found]


def test_all_figures_and_all_trials_are_there() -> None:
    assert ask("SELECT count(*) FROM figures") == [[str(len(list(all_figures(all_records()))))]]
    assert ask("SELECT count(*) FROM trials") == [[str(len(entries()))]]
    assert ask("SELECT count(*) FROM figures WHERE role = 'withheld'") == [["0"]]


def test_figures_join_their_trials_by_the_name_of_the_record() -> None:
    rows = ask(
        "SELECT DISTINCT record FROM figures JOIN trials USING (record) WHERE list_contains(targets, 'PD-1') "
        "AND endpoint = 'ORR' AND level = 'arm'"
    )
    assert {"KEYNOTE-811", "PANACEA"} <= {row[0] for row in rows} and "EMILIA" not in {row[0] for row in rows}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM figures", "not found"),
        ("SELEKT 1", "syntax error"),
        ("COPY figures TO 'here.csv'", "single SELECT"),
        ("DROP TABLE figures", "single SELECT"),
        ("SELECT 1; SELECT 2", "single SELECT"),
        ("", "single SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("SET enable_external_access = true", "single SELECT"),
    ],
)
def test_a_wrong_query_is_refused_with_the_reason(sql: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as problem:
        ask(sql)
    assert problem.value.exit_code == 2
    assert not Path("here.csv").exists()


def test_without_duckdb_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(InputError, match="pip install"):
        ask("SELECT 1")


def test_parquet_reads_back(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from her2sim.evidence.sql import write_parquet

    paths = write_parquet(tmp_path / "made" / "here")
    assert [path.name for path in paths] == ["figures.parquet", "trials.parquet"]
    table = pq.read_table(paths[0])
    assert table.num_rows == len(list(all_figures(all_records())))
    assert {"record", "value", "read", "role"} <= set(table.column_names)
