"""``her2sim fit``: fit the model's calibrated numbers to published trials, look at the fit, freeze it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

FIT = """Fit the calibrated numbers to the figures of all trials whose role is fit.

Keeps every simulated point in a folder and goes on where it was stopped. Takes an hour or more on two cores."""
OUT = "Folder of the fit."
FIRST = "Points of the first wave, from which the emulator is made."
WAVE = "Points of each later wave, drawn from the posterior so far."
WAVES = "Most later waves."
PATIENTS = "Patients per arm in the waves; default in data/calibration/fit.yaml."
AT_MODE = "Patients per arm in the check at the mode; likewise."
MINUTES = "No new wave is begun after this time."
SEED = "Seed of the patients and of the search, or of the data sets of --recover; default in data/calibration/fit.yaml."
ACCEPT = "Go on although the model's code or data have changed since the fit was begun."
HOLD = (
    "Keep the numbers where the frozen calibration has them, and find only how far they may lie: the points lie around "
    "them, and no other mode is searched."
)
FREEZE = "Write the finished fit as the model's calibration (data/calibration/frozen.yaml); simulates nothing."
REPORT = "Write the page of the finished fit to this file; simulates nothing."
RECOVER = (
    "Instead, make this many data sets from known numbers and see whether the fit finds them; in the folder of a "
    "finished fit with all its trials, and --report then tells of it."
)
WEIGH = (
    "Instead, learn from this many data sets made with known numbers how much the figures of the finished fit may "
    "weigh, and draw its posterior again with that weight; do it before --recover, --report and --freeze."
)
PACK = "Instead, pack the evaluations of the folder; a fit goes on from them as before."
COMPARE = "Instead, hold the finished fit against the one in this folder; --report then tells of it."


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("fit", help=FIT, epilog=messages.NOT_ADVICE)(fit)


def fit(
    out: Annotated[Path, typer.Option("--out", help=OUT)] = Path("runs/fit"),
    first: Annotated[int, typer.Option("--first", min=2, help=FIRST)] = 90,
    wave: Annotated[int, typer.Option("--wave", min=2, help=WAVE)] = 30,
    waves: Annotated[int, typer.Option("--waves", min=0, help=WAVES)] = 4,
    patients: Annotated[int | None, typer.Option("--patients", min=10, help=PATIENTS, show_default=False)] = None,
    at_mode: Annotated[int | None, typer.Option("--patients-at-mode", min=0, help=AT_MODE, show_default=False)] = None,
    minutes: Annotated[float, typer.Option("--minutes", min=0.0, help=MINUTES)] = 600.0,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=SEED, show_default=False)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help=messages.RUN_WORKERS)] = 1,
    accept: Annotated[bool, typer.Option("--accept-changes", help=ACCEPT)] = False,
    hold: Annotated[bool, typer.Option("--hold", help=HOLD)] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help=FREEZE)] = False,
    report: Annotated[Path | None, typer.Option("--report", help=REPORT, show_default=False)] = None,
    recover: Annotated[int | None, typer.Option("--recover", min=1, help=RECOVER, show_default=False)] = None,
    weigh: Annotated[int | None, typer.Option("--weigh", min=1, help=WEIGH, show_default=False)] = None,
    pack: Annotated[bool, typer.Option("--pack", help=PACK)] = False,
    compare: Annotated[Path | None, typer.Option("--compare", help=COMPARE, show_default=False)] = None,
) -> None:
    """Fit, or look at a finished fit."""
    from her2sim.study import fitting

    if recover is not None:
        typer.echo(fitting.recovery_page(out, recover, workers=workers, accept=accept, seed=seed, tell=_tell))
    elif weigh is not None:
        typer.echo(fitting.weight_page(out, weigh, workers=workers, accept=accept, tell=_tell))
    elif pack:
        typer.echo(f"Packed: {fitting.pack_fit(out)}")
    elif compare is not None:
        typer.echo(fitting.compare_with(out, compare, workers=workers, tell=_tell))
    elif freeze or report is not None:
        if report is not None:
            typer.echo(f"Written: {fitting.write_report(out, report)}")
        if freeze:
            found = fitting.freeze_fit(out)
            typer.echo(f"Frozen: {len(found.values)} numbers, {len(found.draws)} draws, hash {found.hash[:12]}")
    else:
        fitting.make_fit(out, first=first, wave=wave, waves=waves, patients=patients, at_mode=at_mode, minutes=minutes,
                         seed=seed, workers=workers, accept=accept, tell=_tell, hold=hold)  # fmt: skip
        typer.echo(f"Finished: {out}. Look at it with --report FILE, keep it with --freeze.")


def _tell(line: str) -> None:
    typer.echo(line, err=True)
