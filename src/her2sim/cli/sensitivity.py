"""``her2sim sensitivity``: which numbers of the model its results hang on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages
from her2sim.cli.progress import shown_progress

ABOUT = """Global sensitivity analysis: Morris screening of all numbers, and Sobol's shares of variance of the foremost.

Simulates first-, second- and third-line arms many times; what is finished is kept, and the same command goes on from
there. Needs the library SALib: pip install 'her2sim[sensitivity]'."""
TRAJECTORIES = "Morris: how often each number is moved."
POINTS = "Sobol: base points, a power of two; 0 for the screening alone."
PATIENTS = "Patients per arm and evaluation."
AROUND = "Vary numbers around their values before any fit (prior) or around those in force (calibrated)."
FIGURE = "Folder for the figure; beside the page, if not given."


def register(app: typer.Typer) -> None:
    """Add the command ``sensitivity`` to the application."""
    app.command("sensitivity", help=ABOUT, epilog=messages.NOT_ADVICE)(sensitivity)


def sensitivity(
    trajectories: Annotated[int, typer.Option("--trajectories", help=TRAJECTORIES)] = 4,
    points: Annotated[int, typer.Option("--points", help=POINTS)] = 32,
    patients: Annotated[int, typer.Option("--patients", help=PATIENTS)] = 40,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")] = 1,
    around: Annotated[str, typer.Option("--around", help=AROUND)] = "prior",
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    out: Annotated[Path, typer.Option("--out", help="Folder for finished evaluations.")] = Path("runs/sensitivity"),
    table: Annotated[
        Path | None, typer.Option("--table", help="Write the result as a Markdown page.", show_default=False)
    ] = None,
    figures: Annotated[Path | None, typer.Option("--figures", help=FIGURE, show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Print the rankings, and write the page and the figure."""
    import os

    from her2sim.study.made import calibration_in_words, checked_page, made_words, meaning_of, write_page
    from her2sim.study.sensitivity import page as pages
    from her2sim.study.sensitivity.study import decompose, foremost, screen

    checked_page(table)
    with shown_progress("Sensitivity", quiet=quiet) as tell:
        screening = screen(
            trajectories=trajectories,
            patients=patients,
            seed=seed,
            around=around,
            workers=workers,
            folder=out,
            on_progress=tell,
        )
        decomposition = None
        if points:
            decomposition = decompose(
                foremost(screening),
                points=points,
                patients=patients,
                seed=seed,
                workers=workers,
                folder=out,
                on_progress=tell,
            )
    if table is not None:
        image = pages.write_figure(screening, decomposition, figures or table.parent, "sensitivity")
        command = (
            f"her2sim sensitivity --trajectories {trajectories} --points {points} --patients {patients} --seed {seed}"
        )
        command += "" if around == "prior" else f" --around {around}"
        where = "around the values before any fit" if around == "prior" else calibration_in_words()
        size = f"{patients} patients per arm and evaluation, {where}"
        address = os.path.relpath(image, table.parent).replace(os.sep, "/")
        text = pages.page(screening, decomposition, made_words(command, size), address, meaning_of("sensitivity"))
        write_page(table, text)
    if not quiet:
        for line in pages.lines_of(screening, decomposition):
            typer.echo(line)
        typer.echo(f"Page: {table}" if table is not None else messages.NOT_ADVICE)
