"""SQL over all figures: DuckDB over the base written as Parquet.

Tables: ``figures`` (one row per number, columns of ``her2sim.evidence.tidy.Figure``) and ``trials`` (one row per
record, columns of ``her2sim.evidence.index.Entry``). Both name the record in the column ``record``, for joins.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records
from her2sim.evidence.index import entries
from her2sim.evidence.tables.review_table import Column, ReviewTable, Row, text_cell
from her2sim.evidence.tidy import all_figures, arrow_table

TABLES = ("figures", "trials")


def write_parquet(folder: Path) -> tuple[Path, ...]:
    """Write ``figures.parquet`` and ``trials.parquet``, for any tool that reads Parquet.

    Main arguments:
        folder: is made if it is missing; existing files of these names are replaced.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    trials = pa.Table.from_pylist([{"record": entry.id, **asdict(entry)} for entry in entries()])
    made: list[Path] = []
    for name, table in (("figures", arrow_table(all_figures(all_records()))), ("trials", trials)):
        made.append(folder / f"{name}.parquet")
        pq.write_table(table, made[-1])
    return tuple(made)


def ask(sql: str) -> ReviewTable:
    """The answer to a query, as a table that prints like the review tables.

    The query runs in memory and can read nothing but the base.

    Main arguments:
        sql: one statement in DuckDB's SQL, for example ``SELECT record, value FROM figures WHERE endpoint = 'ORR'``.

    Raises:
        InputError: DuckDB is not installed, or the query is wrong (its own message is passed on).
    """
    columns, rows = _run(sql)
    cells = [tuple(text_cell("" if value is None else _words(value)) for value in row) for row in rows]
    made = tuple(Row("", str(index), row) for index, row in enumerate(cells))
    return ReviewTable("sql", "Answer", tuple(Column(name) for name in columns), made, ())


def _run(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "SQL needs DuckDB, which is not installed", hint="pip install 'her2sim[evidence]' brings it."
        ) from None
    with tempfile.TemporaryDirectory(prefix="her2sim-sql-") as folder, duckdb.connect() as connection:
        for path in write_parquet(Path(folder)):
            connection.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_parquet(?)", [str(path)])
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        try:
            kinds = [statement.type for statement in connection.extract_statements(sql)]
            if len(kinds) != 1 or kinds[0] not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
                raise InputError(
                    "this is not one question: a single SELECT is answered, and nothing is changed", where="--sql"
                )
            answer = connection.execute(sql)
            return [column[0] for column in answer.description or ()], answer.fetchall()
        except duckdb.Error as problem:
            what = str(problem).strip()
        raise InputError(
            f"the query cannot be answered: {what}",
            where="--sql",
            hint="Tables are figures and trials; DESCRIBE figures lists the columns.",
        )


def _words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
