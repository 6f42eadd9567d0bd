"""``her2sim explain``: what carries a prediction, what its uncertainty hangs on, how far it is from the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

EXPLAIN = """Say why a trial is predicted as it is.

Removes each mechanism in turn, relates posterior draws to the calibrated numbers, and finds the nearest fitted arm."""
PATIENTS = "Patients per arm; default in data/validation/settings.yaml."
DRAWS = "Posterior draws; likewise."
OUT = "Write the page here (HTML, or Markdown if the name ends with .md) instead of printing it."


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("explain", help=EXPLAIN, epilog=messages.NOT_ADVICE)(explain)


def explain(
    record: Annotated[str, typer.Argument(metavar="RECORD", help=messages.RUN_RECORD, show_default=False)],
    patients: Annotated[int | None, typer.Option("--patients", min=1, help=PATIENTS, show_default=False)] = None,
    draws: Annotated[int | None, typer.Option("--draws", min=0, help=DRAWS, show_default=False)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Print the explanation as Markdown, or write it."""
    from her2sim.cli.progress import shown_progress
    from her2sim.study.explain.explanation import explain as explain_trial
    from her2sim.study.explain.explanation import write_page

    with shown_progress(f"Explaining {record}", quiet=quiet) as show:
        found = explain_trial(record, patients=patients, draws=draws, workers=workers, on_progress=show)
    if out is None:
        typer.echo(found.text(), nl=False)
        return
    write_page(found, out)
    if not quiet:
        typer.echo(f"Written: {out}")
        typer.echo(messages.NOT_ADVICE)
