"""``her2sim cell``: what drugs do to one kind of cell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

LINE = "Cell line, for example SK-BR-3 (see --lines)."
DRUG = "Drug; give it twice for a pair."
RANGE = "Lowest:highest free concentration in nM; for both drugs, or once for each. A pair needs it."
TRAIT = "Another value of the cell, for example HER2_per_cell=2e4."
OUT = "Folder for tables and figures; without it, only the summary is printed."
EXPORT = "Write the full reference model for these drugs: a file ending in .xml (SBML) or .ant (Antimony)."


def register(app: typer.Typer) -> None:
    """Add the command ``cell`` to the application."""
    app.command("cell")(cell)


def cell(
    line: Annotated[str, typer.Option("--line", help=LINE)] = "SK-BR-3",
    drug: Annotated[list[str] | None, typer.Option("--drug", help=DRUG, show_default=False)] = None,
    dose_range: Annotated[list[str] | None, typer.Option("--dose-range", help=RANGE, show_default=False)] = None,
    trait: Annotated[list[str] | None, typer.Option("--set", help=TRAIT, show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    export: Annotated[Path | None, typer.Option("--export", help=EXPORT, show_default=False)] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    lines: Annotated[bool, typer.Option("--lines", help="List the cell lines and stop.")] = False,
) -> None:
    """Dose-response of AKT, ERK and growth of a cell, and what a pair of drugs does beyond what is expected."""
    from her2sim.study import cell as study_room
    from her2sim.study.cell_words import line_rows, study_lines, traits_from

    if lines:
        for row in line_rows():
            typer.echo(row)
        return
    if export is not None and out is None and not dose_range:
        study_room.export_reference(drug or [], export, without=without or ())
        typer.echo(f"Reference model: {export}")
        return
    study = study_room.cell_study(
        line, drug or [], dose_range or [], traits=traits_from(trait or []), without=without or ()
    )
    if export is not None:
        study_room.export_reference(drug or [], export, without=without or ())
        typer.echo(f"Reference model: {export}")
    for text in study_lines(study):
        typer.echo(text)
    if out is not None:
        for path in study_room.write_cell_study(study, out):
            typer.echo(str(path))
    typer.echo(messages.NOT_ADVICE)
