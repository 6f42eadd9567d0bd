from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from her2sim.core.errors import SimulationError
from her2sim.jobs.crew import Crew, in_order, results
from her2sim.jobs.ctrl_c import ctrl_c_noted

posix = pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")
SCRIPT = """
import sys
from test_jobs_crew import tried
from her2sim.jobs.crew import results

if __name__ == "__main__":
    try:
        print("ready", flush=True)
        for done in results(tried, [0.01] * 2000, 2):
            print(done.index, flush=True)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
"""


def tried(seconds: float) -> int:
    """Which process did it; a negative time is an error, an infinite one kills."""
    if seconds == float("inf"):
        os.kill(os.getpid(), signal.SIGKILL)
    if seconds < 0:
        raise ValueError(f"{seconds} s")
    time.sleep(seconds)
    return os.getpid()


def minus(seconds: float) -> float:
    time.sleep(seconds)
    return -seconds


class LocalError(Exception):
    """Pickles, but cannot be made again from its text alone."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def fails(task: int) -> int:
    raise LocalError(task, 2)


@pytest.fixture
def heeds() -> Generator[None]:
    """Ctrl-C as in a terminal, also where the tests run in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_every_task_is_done_once_by_workers_that_are_gone_afterwards() -> None:
    done = list(results(tried, [0.02] * 9, 2))
    assert sorted(each.index for each in done) == list(range(9))
    assert len({each.result for each in done}) == 2
    assert os.getpid() not in {each.result for each in done}
    assert all(set(each.under_way).isdisjoint({other.index for other in done[: i + 1]}) for i, each in enumerate(done))
    assert done[0].under_way
    assert not done[-1].under_way
    assert not multiprocessing.active_children()


def test_results_in_order_wait_for_their_turn() -> None:
    assert list(in_order(minus, [0.5, 0.0, 0.1, 0.0], 2)) == [-0.5, 0.0, -0.1, 0.0]
    assert list(in_order(minus, [0.5], 2)) == [-0.5]
    assert not multiprocessing.active_children()


def test_tasks_with_a_home_stay_with_their_worker_from_call_to_call() -> None:
    crew: Crew[float, int] = Crew(tried, 2)
    homes = [0, 1, 1, 0, 1]
    at = dict[int, set[int]]()
    for _ in range(2):
        for done in crew.do([0.0] * 5, homes):
            at.setdefault(homes[done.index], set()).add(done.result)
    crew.end()
    assert {home: len(processes) for home, processes in at.items()} == {0: 1, 1: 1}
    assert at[0] != at[1]
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_an_error_with_a_hint_and_the_others_are_ended() -> None:
    with pytest.raises(SimulationError, match=r"a worker process died.*fewer --workers"):
        list(results(tried, [0.0, float("inf"), 60.0], 2))
    assert not multiprocessing.active_children()


def test_an_error_of_the_work_comes_through_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"^-1.0 s\n") as caught:
        list(results(tried, [0.0, -1.0, 0.0], 2))
    assert "in tried" in "".join(caught.value.__notes__)
    assert not multiprocessing.active_children()


def test_an_error_that_cannot_travel_comes_as_its_text() -> None:
    with pytest.raises(SimulationError, match="LocalError: 7 and 2"):
        list(results(fails, [7, 7], 2))


def test_who_stops_listening_ends_the_workers() -> None:
    steps = results(tried, [0.0, 60.0], 2)
    assert next(steps).index == 0
    steps.close()
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("heeds")
def test_ctrl_c_waits_for_the_end_of_a_block_or_until_it_is_heeded() -> None:
    reached: list[str] = []

    def interrupted() -> None:
        with ctrl_c_noted() as ctrl_c:
            signal.raise_signal(signal.SIGINT)
            reached.append("after the first")
            assert ctrl_c.bell.poll()
            with pytest.raises(KeyboardInterrupt):
                ctrl_c.heed()
            ctrl_c.heed()  # once is enough
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            reached.append("after the last")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["after the first", "after the last"]


@posix
@pytest.mark.usefixtures("heeds")
@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.6])
def test_ctrl_c_at_any_moment_leaves_no_worker_behind(after_s: float) -> None:
    """Also while workers are being started, and while nothing but a long task is waited for."""
    timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT))

    def interrupted() -> None:
        timer.start()
        list(results(tried, [60.0] * 4, 2))

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - begun < 30.0
    assert not multiprocessing.active_children()


@posix
def test_a_program_stopped_at_any_moment_says_nothing_but_its_own_message(
    tmp_path: Path, as_in_a_terminal: Callable[[list[str]], list[str]]
) -> None:
    """Neither a worker that is starting nor the interpreter on its way out may print a traceback."""
    (tmp_path / "script.py").write_text(SCRIPT)
    for after_s in (0.0, 0.1, 0.5):
        process = subprocess.Popen(
            as_in_a_terminal([sys.executable, str(tmp_path / "script.py")]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (130, "stopped\n"), f"{after_s} s"
