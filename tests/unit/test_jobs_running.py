from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from her2sim.core.errors import SimulationError
from her2sim.core.progress import Progress
from her2sim.core.random import stream
from her2sim.jobs.assembly import assemble
from her2sim.jobs.plan import Chunk, ChunkPlan
from her2sim.jobs.running import run_chunks
from her2sim.jobs.store import finished_chunks, seconds_worked

PLAN = ChunkPlan(patients=40, replicates=2, chunk_size=7)
SCRIPT = """
import sys, time
from pathlib import Path
from test_jobs_running import PLAN, finish, slow_draws
from her2sim.jobs.running import run_chunks

if __name__ == "__main__":
    out, workers = Path(sys.argv[1]), int(sys.argv[2])
    tell = lambda p: print(p.done, flush=True)
    finish(out, run_chunks(PLAN, slow_draws, folder=out / "chunks", workers=workers, on_progress=tell))
"""


def draws(chunk: Chunk) -> dict[str, pa.Table]:
    """Two rows per patient, in an order of no meaning; a column is empty in many chunks, one is a category."""
    rows = [
        {
            "replicate": chunk.replicate,
            "patient": patient,
            "arm": arm,
            "value": float(stream(chunk.replicate, patient, arm).random()),
            "died": 1.5 if patient == 17 else None,
        }
        for arm in ("B", "A")
        for patient in reversed(range(chunk.first, chunk.stop))
    ]
    table = pa.Table.from_pylist(rows)
    where = table.column_names.index("arm")
    return {"draws": table.set_column(where, "arm", table["arm"].dictionary_encode()), "empty": table.slice(0, 0)}


def slow_draws(chunk: Chunk) -> dict[str, pa.Table]:
    time.sleep(0.15)
    return draws(chunk)


def finish(out: Path, chunks: tuple[Chunk, ...]) -> bytes:
    assemble(out / "chunks", chunks, "draws", out / "draws.parquet", keys=("arm",), rows=32)
    return (out / "draws.parquet").read_bytes()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("plain")
    return finish(out, run_chunks(PLAN, draws, folder=out / "chunks"))


@pytest.fixture
def script(tmp_path: Path) -> list[str]:
    (tmp_path / "script.py").write_text(SCRIPT)
    return [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]


def all_gone(group: int, seconds: float = 5.0) -> bool:
    """Whether no process of the group is left after a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


@pytest.mark.parametrize("size", [1, 13, 1000])
def test_the_chunk_size_leaves_no_trace_in_the_tables(tmp_path: Path, expected: bytes, size: int) -> None:
    plan = ChunkPlan(PLAN.patients, PLAN.replicates, size)
    assert finish(tmp_path, run_chunks(plan, draws, folder=tmp_path / "chunks")) == expected


def test_rows_are_sorted_and_complete(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    finish(tmp_path, run_chunks(PLAN, draws, folder=tmp_path / "chunks"))
    file = pq.ParquetFile(tmp_path / "draws.parquet")
    rows = file.read().select(["replicate", "patient", "arm"]).to_pylist()
    keys = [(row["replicate"], row["patient"], row["arm"]) for row in rows]
    assert keys == [(r, p, a) for r in range(2) for p in range(40) for a in "AB"]
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [32, 32, 32, 32, 32]
    assert set(file.schema_arrow.metadata or {}) == set()


def test_a_table_without_rows_is_written_with_its_columns(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    chunks = run_chunks(PLAN, draws, folder=tmp_path / "chunks")
    assert assemble(tmp_path / "chunks", chunks, "empty", tmp_path / "empty.parquet", keys=("arm",)) == 0
    assert pq.read_table(tmp_path / "empty.parquet").column_names == ["replicate", "patient", "arm", "value", "died"]


def test_finished_chunks_are_not_done_again_even_with_another_chunk_size(tmp_path: Path, expected: bytes) -> None:
    asked: list[Chunk] = []

    def stops_at_the_fifth(chunk: Chunk) -> dict[str, pa.Table]:
        asked.append(chunk)
        if len(asked) == 5:
            raise SimulationError("enough")
        return draws(chunk)

    with pytest.raises(SimulationError, match="enough"):
        run_chunks(PLAN, stops_at_the_fifth, folder=tmp_path / "chunks")
    kept = finished_chunks(tmp_path / "chunks", PLAN)
    assert kept == tuple(asked[:4])
    asked.clear()
    told: list[Progress] = []
    plan = ChunkPlan(PLAN.patients, PLAN.replicates, 11)

    def notes(chunk: Chunk) -> dict[str, pa.Table]:
        asked.append(chunk)
        return draws(chunk)

    chunks = run_chunks(plan, notes, folder=tmp_path / "chunks", on_progress=told.append)
    assert not set(asked) & set(kept)
    assert told[0].done == told[0].resumed == 28
    assert told[-1].done == told[-1].total == 80
    assert told[-1].left_s == 0
    assert finish(tmp_path, chunks) == expected


def test_progress_promises_nothing_first_and_only_grows(tmp_path: Path) -> None:
    told: list[Progress] = []
    run_chunks(PLAN, draws, folder=tmp_path / "chunks", on_progress=told.append)
    assert told[0].left_s is None
    assert all(progress.left_s is not None for progress in told[1:])
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert seconds_worked(tmp_path / "chunks", PLAN) > 0


def test_killed_without_warning_then_run_again_gives_the_same_bytes(
    tmp_path: Path, script: list[str], expected: bytes
) -> None:
    first = subprocess.Popen([*script, "2"], stdout=subprocess.PIPE, text=True, env=environment())
    assert first.stdout is not None
    while int(first.stdout.readline()) < 14:
        pass
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    kept = finished_chunks(tmp_path / "chunks", PLAN)
    assert 2 <= len(kept) < len(PLAN.chunks())
    again = subprocess.run([*script, "1"], env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    assert int(again.stdout.split()[0]) >= 14
    assert (tmp_path / "draws.parquet").read_bytes() == expected
    assert not list((tmp_path / "chunks").glob(".tmp*"))


def test_ctrl_c_ends_parent_and_workers_within_seconds_and_keeps_finished_chunks(
    tmp_path: Path, script: list[str], as_in_a_terminal: Callable[[list[str]], list[str]]
) -> None:
    process = subprocess.Popen(
        as_in_a_terminal([*script, "2"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdout is not None
    while int(process.stdout.readline()) < 14:
        pass
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in stderr
    assert process.returncode != 0
    assert all_gone(process.pid)
    assert len(finished_chunks(tmp_path / "chunks", PLAN)) >= 2


def test_rows_of_a_foreign_patient_are_refused(tmp_path: Path) -> None:
    def strays(chunk: Chunk) -> dict[str, pa.Table]:
        return draws(Chunk(chunk.replicate, chunk.first, chunk.stop + 1))

    chunks = run_chunks(PLAN, strays, folder=tmp_path / "chunks")
    with pytest.raises(SimulationError, match="its own patients only"):
        finish(tmp_path, chunks)


def test_a_full_disk_says_so_and_keeps_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_chunks(ChunkPlan(7), draws, folder=tmp_path / "chunks")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(SimulationError, match=r"no space is left.*is kept.*Free some space"):
        run_chunks(PLAN, draws, folder=tmp_path / "chunks")
    assert finished_chunks(tmp_path / "chunks", PLAN) == (Chunk(0, 0, 7),)
