"""The main figures of a run as a small table on the screen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from her2sim.study.run import RunResult


def print_headline(result: RunResult) -> None:
    """Print the main figures of the simulated record on stdout."""
    from rich.console import Console
    from rich.table import Table

    from her2sim.study.headline import headline

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table(title=f"{result.record.id}, simulated", title_justify="left", box=None, pad_edge=False)
    for name in ("", "arm", "value", "95% interval", "90% prediction"):
        table.add_column(name, overflow="fold")
    last = ""
    for figure in headline(result.record):
        label, last = ("" if figure.label == last else figure.label), figure.label
        table.add_row(label, figure.arm, figure.value, figure.ci95, figure.pi90)
    console.print(table)
