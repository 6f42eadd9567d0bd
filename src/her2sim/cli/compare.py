"""``her2sim compare``: simulated beside published."""

from __future__ import annotations

from typing import Annotated

import typer

from her2sim.cli import messages


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compare", help=messages.COMPARE, epilog=messages.NOT_ADVICE)(compare)


def compare(
    first: Annotated[str, typer.Argument(metavar="DIR_OR_RECORD", help=messages.COMPARE_FIRST, show_default=False)],
    second: Annotated[
        str | None, typer.Argument(metavar="RECORD", help=messages.COMPARE_SECOND, show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=messages.COMPARE_ALL)] = False,
) -> None:
    """Print the figures of two records beside each other."""
    from her2sim.study.compare import compare as compare_two
    from her2sim.study.compare import removed_mechanisms

    typer.echo(compare_two(first, second).text(all_figures=everything))
    for sentence in removed_mechanisms(first, second):
        typer.echo(messages.note(sentence))
    typer.echo(messages.NOT_ADVICE)
