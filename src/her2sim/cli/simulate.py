"""``her2sim simulate``: any SBML or Antimony model for a table of patients and doses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ABOUT = """Simulate an SBML or Antimony model for every row of a parameter table.

What the model uses and her2sim cannot simulate as meant is refused before anything runs, with its line; --report lists
every construct. Doses come in a table with NONMEM's columns: ID TIME AMT RATE DUR II ADDL SS CMT EVID."""
MODEL = "Model file: SBML (.xml, .sbml) or Antimony (.ant)."
PARAMETERS = "CSV or Parquet: a row per patient; column ID, and columns named like parameters or states of the model."
DOSES = "CSV or Parquet: a row per dose."
TIMES = "Observation times in the model's unit: start:stop:step, or 0,1,7."
OUT = "Table to write: .csv or .parquet."
OUTPUTS = "States and assigned variables to report, separated by commas. Default: all states."
WITHOUT = "Mechanisms to remove from a model that her2sim has written, separated by commas."
STRICT = "Refuse a model whose units are inconsistent, instead of warning."


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("simulate", help=ABOUT)(simulate)


def simulate(
    model: Annotated[Path, typer.Argument(help=MODEL, show_default=False)],
    times: Annotated[str, typer.Option("--times", help=TIMES)] = "",
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    parameters: Annotated[Path | None, typer.Option("--parameters", help=PARAMETERS, show_default=False)] = None,
    doses: Annotated[Path | None, typer.Option("--doses", help=DOSES, show_default=False)] = None,
    outputs: Annotated[str, typer.Option("--outputs", help=OUTPUTS)] = "",
    report: Annotated[bool, typer.Option("--report", help="Print the import report.")] = False,
    strict_units: Annotated[bool, typer.Option("--strict-units", help=STRICT)] = False,
    rtol: Annotated[float, typer.Option("--rtol", help="Relative tolerance.")] = 1e-7,
    atol: Annotated[float, typer.Option("--atol", help="Absolute tolerance.")] = 1e-10,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads for models without events.")] = 1,
    without: Annotated[list[str] | None, typer.Option("--without", help=WITHOUT, show_default=False)] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Order of simultaneous events of equal priority.")] = 1,
) -> None:
    """Simulate ``model`` and write its trajectories."""
    from dataclasses import replace

    from her2sim.core.errors import InputError, SimulationError
    from her2sim.study import simulate as study

    if not report and not (times and out):
        raise InputError(
            "--times and --out are missing", hint="With --report alone, only the import report is printed."
        )
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise InputError(f"{out.name} ends neither in .parquet nor in .csv", where="--out")
    imported = study.import_model(model, strict_units=strict_units, tell=typer.echo if report else None)
    if without:
        imported = replace(imported, system=study.without_mechanisms(imported.system, without))
    if not times or out is None:
        return
    result = study.simulate(
        imported,
        study.times_of(times),
        parameters=None if parameters is None else study.read_table(parameters, "parameter table"),
        doses=None if doses is None else study.read_table(doses, "dose table"),
        outputs=tuple(word.strip() for word in outputs.split(",") if word.strip()),
        rtol=rtol,
        atol=atol,
        threads=threads,
        seed=seed,
    )
    study.write_table(result.table, out)
    patients = result.table["ID"].nunique()
    typer.echo(f"{patients} patients, {len(result.table)} rows: {out}")
    if result.failures:
        shown = "; ".join(failure.text() for failure in result.failures[:3])
        raise SimulationError(f"{len(result.failures)} of {patients} patients failed: {shown}", where=str(model))
