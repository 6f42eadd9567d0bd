"""Workers: processes that end with their parent, leave Ctrl-C to it, and keep what they finish.

Each worker watches a pipe whose other end only the parent holds. When the parent closes it, or is killed, the worker
ends at once; a chunk is whole on the disk or absent, so nothing is lost but the chunk under way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from her2sim.core.errors import SimulationError
from her2sim.jobs.plan import Chunk
from her2sim.jobs.store import Table, keep_chunk

Work = Callable[[Chunk], Mapping[str, Table]]
_mine: dict[str, Any] = {}


def do_chunk(work: Work, chunk: Chunk, folder: Path) -> float:
    """Do and keep one chunk; returns the seconds it took."""
    begun = time.perf_counter()
    tables = work(chunk)
    seconds = time.perf_counter() - begun
    keep_chunk(folder, chunk, tables, seconds)
    return seconds


def in_process(work: Work, chunks: Sequence[Chunk], folder: Path) -> Iterator[tuple[Chunk, float, int]]:
    """Do the chunks here, one after another; yields (chunk, seconds, patients under way elsewhere)."""
    for chunk in chunks:
        yield chunk, do_chunk(work, chunk, folder), 0


def in_workers(work: Work, chunks: Sequence[Chunk], folder: Path, workers: int) -> Iterator[tuple[Chunk, float, int]]:
    """Do the chunks in ``workers`` processes; yields (chunk, seconds, patients under way) as they finish.

    Raises:
        SimulationError: a worker died, for example for want of memory.
    """
    context = multiprocessing.get_context("spawn")
    receiver, held_by_parent = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(work, folder, receiver))
    waiting = list(reversed(chunks))
    running: dict[Future[float], Chunk] = {}
    ended_well = False
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                chunk = waiting.pop()
                running[pool.submit(_do, chunk)] = chunk
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chunk = running.pop(future)
                yield chunk, future.result(), sum(other.patients for other in running.values())
        ended_well = True
    except BrokenProcessPool as error:
        raise SimulationError(
            "a worker process died.",
            why="Most often the memory is used up. What was finished is kept.",
            hint="Run the same command again with fewer --workers or a smaller --chunk-size: it goes on from there. "
            'A script that calls her2sim.run with workers needs its `if __name__ == "__main__":` line.',
        ) from error
    finally:
        if ended_well:
            pool.shutdown()
            held_by_parent.close()
        else:
            pool.shutdown(wait=False, cancel_futures=True)
            held_by_parent.close()
            pool.shutdown()
        receiver.close()


def _begin(work: Work, folder: Path, receiver: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mine.update(work=work, folder=folder)
    threading.Thread(target=_end_with_parent, args=(receiver,), daemon=True).start()


def _end_with_parent(receiver: Connection) -> None:
    try:
        receiver.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)


def _do(chunk: Chunk) -> float:
    return do_chunk(_mine["work"], chunk, _mine["folder"])
