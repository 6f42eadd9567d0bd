"""Finished chunks into one Parquet file per table, the same bytes however the patients were cut into chunks.

Rows are sorted by keys, row groups have a fixed number of rows, and nothing that depends on the day or the machine is
written. Chunks are read one after another, so memory holds one chunk and one row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from her2sim.core.durable import replacing
from her2sim.core.errors import SimulationError
from her2sim.jobs.plan import Chunk
from her2sim.jobs.store import Array, Schema, Table

ROWS_PER_GROUP = 65_536


def assemble(
    folder: Path, chunks: Sequence[Chunk], name: str, out: Path, *, keys: Sequence[str], rows: int = ROWS_PER_GROUP
) -> int:
    """Join table ``name`` of all chunks into the file ``out``, sorted by replicate, patient and ``keys``.

    Main arguments:
        folder: where the finished chunks are kept.
        chunks: the chunks, which cover each patient once.
        name: the table.
        out: Parquet file to write, whole or not at all.
        keys: columns that order the rows of one patient, for example ``("arm", "assessor", "visit")``.

    Other arguments:
        rows: rows per row group.

    Returns:
        The number of rows written.

    Raises:
        SimulationError: a chunk holds rows of patients that are not its own, or the disk is full.
    """
    import pyarrow.parquet as pq

    ordered = sorted(chunks)
    schema = _common_schema(folder, ordered, name)
    written = 0
    with (
        replacing(out) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=3) as writer,
    ):
        for group in _groups((_sorted_chunk(folder, c, name, schema, keys) for c in ordered), rows):
            writer.write_table(group, row_group_size=rows)
            written += group.num_rows
    return written


def _common_schema(folder: Path, chunks: Sequence[Chunk], name: str) -> Schema:
    """One schema that fits all chunks: a column that is empty or whole in some chunks takes its type from the rest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = [_plain(pq.read_schema(folder / c.name / f"{name}.parquet")) for c in chunks]
    return pa.unify_schemas(plain, promote_options="permissive")


def _plain(schema: Schema) -> Schema:
    """Without metadata, and text as text: categories may differ between chunks."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type, nullable=True)
            for f in schema
        ]
    )


def _sorted_chunk(folder: Path, chunk: Chunk, name: str, schema: Schema, keys: Sequence[str]) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / chunk.name / f"{name}.parquet"
    table = pq.read_table(file)
    table = table.select([n for n in schema.names if n in table.column_names])
    if table.num_rows:
        patients = table["patient"].to_numpy()
        low, high = int(patients.min()), int(patients.max())
        replicates = table["replicate"].unique().to_pylist()
        if low < chunk.first or high >= chunk.stop or replicates != [chunk.replicate]:
            raise SimulationError(
                f"table {name} of chunk {chunk.name} holds patients {low} to {high} of replicates {replicates}.",
                where=str(file),
                why="A chunk may hold its own patients only, or the tables would depend on the chunk size.",
            )
    columns = {
        n: table[n].cast(schema.field(n).type) if n in table.column_names else _nulls(schema, n, table.num_rows)
        for n in schema.names
    }
    whole = pa.table(columns, schema=schema)
    order = [(key, "ascending") for key in ("replicate", "patient", *keys)]
    return whole.sort_by(order)


def _nulls(schema: Schema, name: str, rows: int) -> Array:
    import pyarrow as pa

    return pa.nulls(rows, schema.field(name).type)


def _groups(tables: Iterator[Table], rows: int) -> Iterator[Table]:
    """Cut a stream of tables into tables of exactly ``rows`` rows, the last one shorter."""
    import pyarrow as pa

    kept: list[Table] = []
    count = cut = 0
    for table in tables:
        kept.append(table)
        count += table.num_rows
        while count >= rows:
            joined = pa.concat_tables(kept)
            yield joined.slice(0, rows).combine_chunks()
            kept, count, cut = [joined.slice(rows)], count - rows, cut + 1
    if count or (kept and not cut):  # a table without any row still has its columns
        yield pa.concat_tables(kept).combine_chunks()
