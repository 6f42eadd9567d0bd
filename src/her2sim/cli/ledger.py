"""``her2sim ledger``: predictions registered before results are looked at, and their score afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

ABOUT = "Predictions registered before results are looked at: write, list, score."
WRITE = """Predict trials whose results are kept back or not there yet, and write one entry each.

An entry is written once and never changed; a trial that this model has predicted before is left alone."""
LIST = "List the entries, and whether each is as it was written."
SCORE = "Hold the entries of a trial against a record with results."
FOLDER = "The ledger."
TRIALS = "Ids; if none is given, every trial that awaits its results."
PATIENTS = "Patients per arm; default in data/validation/settings.yaml."
DRAWS = "Posterior draws for the intervals; likewise."
RECORD = "A trial record with results: a YAML file, or the id of a built-in trial."
Ledger = Annotated[Path, typer.Option("--ledger", help=FOLDER)]


def register(app: typer.Typer) -> None:
    """Add the group ``ledger`` to ``app``."""
    group = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
    group.command("write", help=WRITE, epilog=messages.NOT_ADVICE)(write)
    group.command("list", help=LIST, epilog=messages.NOT_ADVICE)(list_entries)
    group.command("score", help=SCORE, epilog=messages.NOT_ADVICE)(score)
    app.add_typer(group, name="ledger", help=ABOUT)


def write(
    trials: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help=TRIALS, show_default=False)] = None,
    ledger: Ledger = Path("ledger"),
    patients: Annotated[int | None, typer.Option("--patients", min=1, help=PATIENTS, show_default=False)] = None,
    draws: Annotated[int | None, typer.Option("--draws", min=0, help=DRAWS, show_default=False)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Register predictions and say where they are."""
    from her2sim.cli.progress import shown_progress
    from her2sim.study import ledger as book

    with shown_progress("Predicting trials that await their results", quiet=quiet) as show:
        done = book.register(
            trials or (), folder=ledger, patients=patients, draws=draws, workers=workers, on_progress=show
        )
    if quiet:
        return
    for path in done.written:
        typer.echo(f"Written: {path}")
    for trial in done.kept:
        typer.echo(f"Left alone: {trial} (this model has predicted it before)")
    for trial, why in done.not_predicted.items():
        typer.echo(f"Not predicted: {trial}: {why}")
    typer.echo(messages.NOT_ADVICE)


def list_entries(
    trial: Annotated[str, typer.Argument(metavar="[ID]", help="Only this trial.", show_default=False)] = "",
    ledger: Ledger = Path("ledger"),
) -> None:
    """Print one line for each entry; exit code 1 if one was edited."""
    from her2sim.study import ledger as book

    found = book.listed(ledger, trial)
    for each in found:
        state = "as written" if each.intact else "EDITED AFTER IT WAS WRITTEN"
        typer.echo(f"{each.trial}  {each.date}  model {each.model}  {each.figures} figures  {state}  {each.path}")
    if not found:
        typer.echo(f"No entries in {ledger}.")
    typer.echo(messages.NOT_ADVICE)
    if any(not each.intact for each in found):
        raise typer.Exit(1)


def score(
    record: Annotated[str, typer.Argument(metavar="RECORD", help=RECORD, show_default=False)],
    ledger: Ledger = Path("ledger"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every figure as CSV.")] = False,
) -> None:
    """Print how each entry did."""
    from her2sim.study import ledger as book

    for each in book.score_record(record, folder=ledger):
        if as_csv:
            typer.echo(each.csv(), nl=False)
            continue
        inside, told = each.inside()
        typer.echo(f"{each.entry.trial}, predicted {each.entry.date} by model {str(each.entry.model['sha256'])[:8]}:")
        typer.echo(each.text())
        typer.echo(f"{inside} of {told} published figures lie in their 90 % interval.")
        if each.not_predicted:
            typer.echo(f"Published but not predicted: {', '.join(each.not_predicted)}.")
    if not as_csv:
        typer.echo(messages.NOT_ADVICE)
