"""Progress on the screen: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import typer

from her2sim.cli import messages
from her2sim.core.progress import Progress

LOG_EVERY_S = 10.0


@contextmanager
def shown_progress(title: str, *, quiet: bool = False) -> Generator[Callable[[Progress], None]]:
    """Gives a function that shows each report of progress on stderr, as fits the terminal.

    Main arguments:
        title: what is going on.

    Other arguments:
        quiet: show nothing.
    """
    import sys

    if quiet:
        yield lambda progress: None
    elif sys.stderr.isatty():
        with _bar(title) as show:
            yield show
    else:
        typer.echo(title, err=True)
        yield log_lines(time.monotonic)


def log_lines(clock: Callable[[], float], every_s: float = LOG_EVERY_S) -> Callable[[Progress], None]:
    """Prints the first and last report of a stage, and between them one per ``every_s`` seconds at most."""
    last: dict[str, float] = {}

    def show(progress: Progress) -> None:
        now = clock()
        if progress.done < progress.total and now - last.get(progress.stage, -every_s) < every_s:
            return
        last[progress.stage] = now
        typer.echo(messages.progress_line(progress), err=True)

    return show


@contextmanager
def _bar(title: str) -> Generator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} patients"),
        TextColumn("[dim]{task.fields[left]}"),
    )
    console = Console(stderr=True)
    console.print(title, highlight=False)
    with Bars(*columns, console=console, refresh_per_second=4) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            task = tasks.get(progress.stage)
            if task is None:
                task = tasks[progress.stage] = bars.add_task(progress.stage, total=progress.total, left="")
            left = messages.time_left(progress.left_s) if progress.done < progress.total else "done"
            bars.update(task, completed=progress.done, total=progress.total, left=left)

        yield show
