"""A crew: worker processes that do one task after another, end with their parent and leave Ctrl-C to it.

Everything is done in the caller's thread. The executor of the standard library serves its processes from a thread of
its own, which may still be closing its pipe while the interpreter, on its way out after Ctrl-C, writes to it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from her2sim.core.errors import SimulationError
from her2sim.jobs.ctrl_c import children_deaf_to_ctrl_c, ctrl_c_noted

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A finished task: its index, its result, and the indices of the tasks that were under way just then."""

    index: int
    result: Result
    under_way: tuple[int, ...]


@dataclass(frozen=True)
class _Worker:
    process: SpawnProcess
    line: Connection


class Crew(Generic[Task, Result]):
    """Worker processes for one kind of work, started when first needed and kept for the next tasks.

    Main arguments:
        work: task to result; it must pickle, as tasks and results must, and is sent to each worker once.
        size: processes.
    """

    def __init__(self, work: Callable[[Task], Result], size: int) -> None:
        self._work, self._size = work, size
        self._workers: list[_Worker] = []

    def do(self, tasks: Sequence[Task], homes: Sequence[int] | None = None) -> Generator[Done[Result], None, None]:
        """Do the tasks; yields each as it is finished.

        If the caller stops early, or is stopped by Ctrl-C, the workers are ended at once.

        Main arguments:
            tasks: in the order in which they are begun.

        Other arguments:
            homes: (n_tasks,) the worker that must do each task, from 0; by default any that is free.

        Raises:
            SimulationError: a worker died, for example for want of memory. Errors of ``work`` come through as they
                are.
        """
        needed = self._size if homes is not None else min(self._size, len(tasks))
        anyones = deque(range(len(tasks)))
        lanes = [anyones for _ in range(needed)]
        if homes is not None:
            lanes = [deque(i for i, home in enumerate(homes) if home == number) for number in range(needed)]
        busy: dict[int, int] = {}
        finished = False
        with ctrl_c_noted() as ctrl_c:
            try:
                while len(self._workers) < needed:
                    self._workers.append(_started(self._work))
                    ctrl_c.heed()
                while any(lanes) or busy:
                    for number, lane in enumerate(lanes):
                        if lane and number not in busy:
                            busy[number] = lane.popleft()
                            _send(self._workers[number], tasks[busy[number]])
                    ready = wait([ctrl_c.bell, *(end for number in busy for end in _ends(self._workers[number]))])
                    ctrl_c.heed()
                    for number in [n for n in busy if any(end in ready for end in _ends(self._workers[n]))]:
                        index = busy.pop(number)
                        result = _answer(self._workers[number])
                        yield Done(index, result, tuple(busy.values()))
                finished = True
            finally:
                if not finished:
                    for worker in self._workers:
                        worker.process.terminate()
                    self._part()

    def end(self) -> None:
        """Let the workers go; they have nothing to do between two calls of ``do``."""
        with ctrl_c_noted():
            for worker in self._workers:
                try:
                    worker.line.send_bytes(b"")
                except OSError:
                    continue  # it has ended already
            self._part()

    def _part(self) -> None:
        for worker in self._workers:
            worker.process.join()
            worker.line.close()
            worker.process.close()
        self._workers.clear()


def results(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Generator[Done[Result], None, None]:
    """Do the tasks in worker processes that are there for them alone; as ``Crew.do``."""
    crew = Crew(work, workers)
    try:
        yield from crew.do(tasks)
    finally:
        crew.end()


def in_order(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Generator[Result, None, None]:
    """Do the tasks in worker processes, or here where one is enough; yields results in the order of the tasks.

    Raises:
        SimulationError: as ``Crew.do``.
    """
    if workers <= 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    early: dict[int, Result] = {}
    turn = 0
    with closing(results(work, tasks, workers)) as each_done:
        for done in each_done:
            early[done.index] = done.result
            while turn in early:
                yield early.pop(turn)
                turn += 1


def _ends(worker: _Worker) -> tuple[Connection, int]:
    return worker.line, worker.process.sentinel


def _started(work: Callable[[Any], Any]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    try:
        process = context.Process(target=_serve, args=(work, theirs), daemon=True)
        with children_deaf_to_ctrl_c():
            process.start()
    except BrokenPipeError as error:
        raise _death() from error
    finally:
        theirs.close()
    return _Worker(process, ours)


def _send(worker: _Worker, task: Any) -> None:
    try:
        worker.line.send_bytes(pickle.dumps(task))
    except OSError as error:
        raise _death() from error


def _answer(worker: _Worker) -> Any:
    try:
        if not worker.line.poll():
            raise _death()
        well, content = pickle.loads(worker.line.recv_bytes())
    except (EOFError, OSError) as error:
        raise _death() from error
    if not well:
        raise content
    return content


def _death() -> SimulationError:
    return SimulationError(
        "a worker process died.",
        why="Most often the memory is used up. What was finished is kept.",
        hint="Run the same command again with fewer --workers or a smaller --chunk-size: it goes on from there. "
        'A script that calls her2sim.run with workers needs its `if __name__ == "__main__":` line.',
    )


def _serve(work: Callable[[Any], Any], line: Connection) -> None:
    """The life of a worker: task after task, until an empty one; another thread listens, so that it ends at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(line, tasks), daemon=True).start()
    while task := tasks.get():
        try:
            answer = pickle.dumps((True, work(pickle.loads(task))))
        except Exception as error:  # whatever it is, the parent decides
            answer = _failure(error)
        try:
            line.send_bytes(answer)
        except OSError:
            os._exit(0)  # the parent is gone


def _listen(line: Connection, tasks: SimpleQueue[bytes]) -> None:
    try:
        while True:
            tasks.put(line.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _failure(error: Exception) -> bytes:
    """An error as it is sent: with the place where it happened, and as its text where it cannot travel."""
    trace = f"In a worker process:\n{traceback.format_exc()}"
    error.add_note(trace)
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)
    except Exception:
        told = SimulationError(f"{type(error).__name__}: {error}")
        told.add_note(trace)
        return pickle.dumps((False, told))
    return answer
