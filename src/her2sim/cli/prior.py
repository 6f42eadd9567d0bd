"""``her2sim prior``: what the model says before any fitting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages
from her2sim.cli.progress import shown_progress

ABOUT = """The prior predictive check: parameters drawn from their priors, first- and second-line arms simulated.

Prints for each arm the share of draws with plausible response and progression-free survival. No result of any trial is
used."""
DRAWS = "Draws of all parameters."
TRIAL = "Only this trial of the check; may be given several times."


def register(app: typer.Typer) -> None:
    """Add the command ``prior`` to the application."""
    app.command("prior", help=ABOUT, epilog=messages.NOT_ADVICE)(prior)


def prior(
    draws: Annotated[int, typer.Option("--draws", help=DRAWS)] = 40,
    patients: Annotated[int, typer.Option("--patients", help="Patients per arm and draw.")] = 40,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")] = 1,
    trial: Annotated[list[str] | None, typer.Option("--trial", help=TRIAL, show_default=False)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    table: Annotated[
        Path | None, typer.Option("--table", help="Write the result as a Markdown page.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Print the prior predictive check."""
    from her2sim.study import prior_predictive_page as pages
    from her2sim.study.made import checked_page, made_words, meaning_of, write_page
    from her2sim.study.prior_predictive import prior_predictive

    checked_page(table)
    with shown_progress("Prior predictive check", quiet=quiet) as tell:
        found = prior_predictive(
            draws=draws, patients=patients, seed=seed, workers=workers, trials=tuple(trial or ()), on_progress=tell
        )
    command = f"her2sim prior --draws {draws} --patients {patients} --seed {seed}"
    if table is not None:
        made = made_words(command, f"{draws} draws, {patients} patients per arm and draw")
        write_page(table, pages.page(found, made, meaning_of("prior_predictive")))
    if not quiet:
        for line in pages.lines_of(found):
            typer.echo(line)
        typer.echo(f"Page: {table}" if table is not None else messages.NOT_ADVICE)
