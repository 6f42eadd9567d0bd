"""Finished chunks on the disk: a folder each, with one Parquet file per table, there as a whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from her2sim.core.durable import TEMPORARY, flush, replacing, write_text
from her2sim.jobs.plan import Chunk, ChunkPlan

FACTS = "chunk.json"
# pyarrow ships no types, and is imported only where it works; these names say which of its objects is meant.
Table = Any  # pyarrow.Table
Schema = Any  # pyarrow.Schema
Array = Any  # pyarrow.Array


def keep_chunk(folder: Path, chunk: Chunk, tables: Mapping[str, Table], seconds: float) -> None:
    """Write the tables of one chunk; on return they are safe on the disk.

    Main arguments:
        folder: where chunks are kept.
        tables: name to table; each has integer columns ``replicate`` and ``patient``.
        seconds: how long the chunk took, kept beside the tables.
    """
    import pyarrow.parquet as pq

    place = folder / chunk.name
    if place.exists():
        return
    with replacing(place) as temporary:
        temporary.mkdir()
        for name, table in tables.items():
            file = temporary / f"{name}.parquet"
            pq.write_table(table, file)
            flush(file)
        write_text(temporary / FACTS, json.dumps({"patients": chunk.patients, "seconds": round(seconds, 6)}))


def finished_chunks(folder: Path, plan: ChunkPlan) -> tuple[Chunk, ...]:
    """The chunks of the plan that lie finished in ``folder``, sorted, whatever chunk size they were made with."""
    if not folder.is_dir():
        return ()
    chunks = (Chunk.named(item.name) for item in folder.iterdir())
    return tuple(sorted(chunk for chunk in chunks if chunk is not None and plan.holds(chunk)))


def seconds_worked(folder: Path, plan: ChunkPlan) -> float:
    """Seconds spent on the finished chunks, added up over workers and sessions."""
    return sum(
        float(json.loads((folder / chunk.name / FACTS).read_text())["seconds"])
        for chunk in finished_chunks(folder, plan)
    )


def sweep(folder: Path) -> None:
    """Remove what a killed run left half written."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def drop_chunks(folder: Path) -> None:
    """Delete the work in progress, once the tables made of it are safe."""
    shutil.rmtree(folder, ignore_errors=True)
