"""``her2sim run``: simulate a trial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages
from her2sim.core.progress import Progress


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("run", help=messages.RUN, epilog=messages.NOT_ADVICE)(run)


def run(
    record: Annotated[str, typer.Argument(metavar="RECORD", help=messages.RUN_RECORD, show_default=False)],
    patients: Annotated[int | None, typer.Option("--patients", min=1, help=messages.RUN_PATIENTS)] = None,
    replicates: Annotated[int, typer.Option("--replicates", min=1, help=messages.RUN_REPLICATES)] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help=messages.RUN_SEED)] = 1,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    out: Annotated[Path | None, typer.Option("--out", help=messages.RUN_OUT, show_default=False)] = None,
    chunk_size: Annotated[int, typer.Option("--chunk-size", min=1, help=messages.RUN_CHUNK)] = 100,
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    laboratory: Annotated[bool, typer.Option("--laboratory", help=messages.RUN_LABORATORY)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help=messages.RUN_QUIET)] = False,
) -> None:
    """Simulate ``record`` and say where the results are."""
    from her2sim.cli.progress import shown_progress
    from her2sim.study.run import run as simulate

    worked = False

    def tell(progress: Progress) -> None:
        nonlocal worked
        worked = True
        show(progress)

    with shown_progress(messages.starting(record), quiet=quiet) as show:
        result = simulate(
            record,
            patients=patients,
            replicates=replicates,
            seed=seed,
            workers=workers,
            out=out,
            chunk_size=chunk_size,
            on_progress=tell,
            without=without or (),
            laboratory=laboratory,
        )
    if quiet:
        return
    from her2sim.cli.headline import print_headline

    if not worked:
        typer.echo(messages.ALREADY_DONE, err=True)
    print_headline(result)
    simulated, failed = result.manifest.get("patients_simulated", 0), result.manifest.get("patients_failed", 0)
    if failed:
        typer.echo(messages.failures(failed, simulated))
    removed = result.manifest.get("mechanisms_removed", {})
    for sentence in (*removed.get("sentences", ()), *removed.get("remarks", ())):
        typer.echo(messages.removed(sentence))
    for sentence in result.manifest.get("without_effect", ()):
        typer.echo(messages.note(sentence))
    typer.echo(messages.finished(str(result.folder), str(result.report)))
    typer.echo(messages.NOT_ADVICE)
