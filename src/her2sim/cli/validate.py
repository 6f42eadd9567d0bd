"""``her2sim validate``: how well the model predicts trials that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

VALIDATE = """Predict every scored trial from its protocol; hold it against what was published and against benchmarks.

Writes a folder with every figure, a summary, validation.md and validation.html. Goes on where it was stopped."""
TRIALS = "Only these trials (ids, separated by commas)."
PATIENTS = "Patients per arm for the point predictions; default in data/validation/settings.yaml."
DRAWS = "Posterior draws for the intervals; likewise."
KNOCK_OUTS = "Also remove each mechanism in turn from the unseen trials, and tell which earn their place."
DOCS = "Also write validation.md and credibility.md into this folder (docs/reference); tell README and runs."
OUT = "Folder; if not given, runs/validation-<hash>."


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("validate", help=VALIDATE, epilog=messages.NOT_ADVICE)(validate)


def validate(
    trials: Annotated[list[str] | None, typer.Option("--trials", help=TRIALS, show_default=False)] = None,
    patients: Annotated[int | None, typer.Option("--patients", min=1, help=PATIENTS, show_default=False)] = None,
    draws: Annotated[int | None, typer.Option("--draws", min=0, help=DRAWS, show_default=False)] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=messages.RUN_SEED, show_default=False)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    knock_outs: Annotated[bool, typer.Option("--knock-outs", help=KNOCK_OUTS)] = False,
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    docs: Annotated[Path | None, typer.Option("--docs", help=DOCS, show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Validate the model and print the summary over unseen trials."""
    from her2sim.cli.progress import shown_progress
    from her2sim.study.validate import validate as validate_model
    from her2sim.study.validation.plain_words import plain_words

    with shown_progress("Validating the model", quiet=quiet) as show:
        found = validate_model(
            trials=[name.strip() for words in trials or () for name in words.split(",")],
            patients=patients,
            draws=draws,
            seed=seed,
            workers=workers,
            without=without or (),
            knock_outs=knock_outs,
            out=out,
            on_progress=show,
        )
    if docs is not None:
        from her2sim.study.validation.publishing import publish

        for path in publish(found, docs):
            typer.echo(f"Written: {path}", err=True)
    if quiet:
        return
    for sentence in plain_words(found):
        typer.echo(sentence)
    failed = found.facts["trials_failed"]
    for trial, why in failed.items():
        typer.echo(f"Could not be simulated: {trial}: {why}")
    typer.echo(f"Report: {found.folder / 'validation.html'}")
    typer.echo(messages.NOT_ADVICE)
