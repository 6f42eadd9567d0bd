"""``her2sim facts``: what every model of this disease must show, and whether this one does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages
from her2sim.cli.progress import shown_progress

ABOUT = """Ask the model for the stylised facts: pertuzumab adds to trastuzumab, T-DXd outdoes T-DM1, and so on.

Simulates the trials that the facts rest on and prints, fact by fact, what was published, what is simulated, and whether
it holds. Trials kept for validation are asked for sign and order only."""
FACT = "Number of a fact; may be given several times. All, if not given."
PATIENTS = "Patients per arm."
SEED = "Seed of the random numbers."
KNOCK_OUTS = "Also remove each mechanism in turn, with this many patients per arm, and say which facts fall."
ONLY_SAID = "Remove only what a fact is said to come from, and only for that fact: a quick look."
WORKERS = "Processes that work at once. Changes the speed, never a result."
OUT = "Folder for finished cohorts: the same command goes on from there."
TABLE = "Write the results as a Markdown page."


def register(app: typer.Typer) -> None:
    """Add the command ``facts`` to the application."""
    app.command("facts", help=ABOUT, epilog=messages.NOT_ADVICE)(facts)


def facts(
    fact: Annotated[list[int] | None, typer.Option("--fact", help=FACT, show_default=False)] = None,
    patients: Annotated[int, typer.Option("--patients", help=PATIENTS)] = 200,
    seed: Annotated[int, typer.Option("--seed", help=SEED)] = 1,
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    knock_outs: Annotated[int, typer.Option("--knock-outs", min=0, help=KNOCK_OUTS)] = 0,
    only_said: Annotated[bool, typer.Option("--only-said", help=ONLY_SAID)] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help=WORKERS)] = 1,
    out: Annotated[Path, typer.Option("--out", help=OUT)] = Path("runs/facts"),
    table: Annotated[Path | None, typer.Option("--table", help=TABLE, show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Print the stylised facts beside what the model gives."""
    from her2sim.study.facts.study import study_facts
    from her2sim.study.made import checked_page, write_page

    checked_page(table)
    words = ["her2sim facts", f"--patients {patients}", f"--seed {seed}"]
    words += [f"--fact {number}" for number in fact or ()] + ([f"--knock-outs {knock_outs}"] if knock_outs else [])
    words += ["--only-said"] if only_said else []
    words += [f"--without {','.join(without)}"] if without else []
    with shown_progress("Stylised facts", quiet=quiet) as tell:
        study = study_facts(
            facts=tuple(fact or ()),
            patients=patients,
            seed=seed,
            without=tuple(without or ()),
            knock_outs=knock_outs,
            only_said=only_said,
            workers=workers,
            folder=out,
            command=" ".join(words),
            on_progress=tell,
        )
    if table is not None:
        write_page(table, study.page())
    if not quiet:
        for line in study.lines():
            typer.echo(line)
        typer.echo(f"Page: {table}" if table is not None else messages.NOT_ADVICE)
