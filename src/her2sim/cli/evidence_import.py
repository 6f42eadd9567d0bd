"""``her2sim evidence import``, ``export`` and ``reconstruct``: foreign files in, records and patients out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from her2sim.core.errors import InputError

IMPORT = """Read a foreign file into a draft record, or citations.

Formats: clinicaltrials (API v2 JSON), pubmed (XML), nbib, ris, arms (CSV of results). What could not be mapped is
listed and never guessed. Without --out the result is printed, and the report goes to the error stream."""
EXPORT = """Hand records to other tools.

Formats: yaml, arms-csv, contrasts-csv, arms-parquet, contrasts-parquet, netmeta, bibtex.

Without names, the whole base."""
RECONSTRUCT = """Rebuild the patients behind a digitized Kaplan-Meier curve (Guyot 2012), and audit the result.

CURVE has columns time (or time_months …) and survival (or survival_pct); RISK has time and at_risk. A reconstruction
that strays too far from what was published is refused, with the reasons (exit code 2)."""
Given = Annotated[int | None, typer.Option(help="Published number of events of the arm.", show_default=False)]


def add_to(group: typer.Typer) -> None:
    """Add the commands to the group ``evidence``."""
    group.command("import", help=IMPORT)(import_)
    group.command("export", help=EXPORT)(export)
    group.command("reconstruct", help=RECONSTRUCT)(reconstruct)


def import_(
    file: Annotated[Path, typer.Argument(help="The file to read.", show_default=False)],
    form: Annotated[str, typer.Option("--as", help="Format, if the file's ending does not tell.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="New file (or folder for several studies).", show_default=False)
    ] = None,
    setting: Annotated[str, typer.Option(help="Setting of the record, for example metastatic-2L.")] = "",
    disease: Annotated[str, typer.Option(help="breast, gastric or other.")] = "",
    arm: Annotated[
        list[str] | None, typer.Option(help="'GROUP TITLE=ARM LABEL' of a registry's results.", show_default=False)
    ] = None,
    attach: Annotated[str, typer.Option(help="Record (id or YAML) that gets the citations as sources.")] = "",
    adverse_events: Annotated[
        Path | None, typer.Option(help="New CSV file for counts of adverse events.", show_default=False)
    ] = None,
    skip_impossible: Annotated[
        bool, typer.Option("--skip-impossible", help="List impossible numbers instead of refusing the file.")
    ] = False,
) -> None:
    """Read a foreign file."""
    from her2sim.study import bring

    made = bring.bring(
        file, form, setting=setting, disease=disease, arms=arm or (), skip_impossible=skip_impossible
    )  # fmt: skip
    if attach:
        made = bring.attached(made, attach)
    if out is None:
        if adverse_events is not None:
            raise InputError("--adverse-events needs --out", hint="Say where the record goes, too.")
        text = bring.imported_text(made)
        typer.echo(made.report.text(), err=True)
        typer.echo(text, nl=False)
        return
    written = bring.write_imported(made, out, adverse_events)
    typer.echo(made.report.text())
    for path in written:
        typer.echo(f"Written: {path}")


def export(
    names: Annotated[
        list[str] | None, typer.Argument(help="Ids or YAML files; none for all.", show_default=False)
    ] = None,
    form: Annotated[str, typer.Option("--format", help="See above.")] = "arms-csv",
    out: Annotated[Path | None, typer.Option(help="New file; if not given, printed.", show_default=False)] = None,
    endpoint: Annotated[str, typer.Option(help="For netmeta, for example PFS.")] = "",
    measure: Annotated[str, typer.Option(help="For netmeta: hr, odds_ratio or risk_ratio.")] = "hr",
) -> None:
    """Write records in a format of other tools."""
    from her2sim.study import bring

    content = bring.export(names or (), form, endpoint=endpoint, measure=measure)
    if out is not None:
        bring.write_export(content, out)
        typer.echo(f"Written: {out}")
    elif isinstance(content, str):
        typer.echo(content, nl=False)
    elif sys.stdout.isatty():
        raise InputError("Parquet is not text", hint="Give a file with --out.")
    else:
        sys.stdout.buffer.write(content)


def reconstruct(
    curve: Annotated[Path, typer.Argument(help="CSV of digitized points.", show_default=False)],
    risk: Annotated[Path, typer.Argument(help="CSV of numbers at risk.", show_default=False)],
    events: Given = None,
    median: Annotated[
        float | None, typer.Option(help="Published median, in the curve's unit.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the arm.")] = "arm",
    reference_curve: Annotated[Path | None, typer.Option(help="Curve of the other arm.", show_default=False)] = None,
    reference_risk: Annotated[Path | None, typer.Option(help="Its numbers at risk.", show_default=False)] = None,
    reference_events: Given = None,
    reference_median: Annotated[float | None, typer.Option(help="Its median.", show_default=False)] = None,
    reference_name: Annotated[str, typer.Option(help="Its name.")] = "reference",
    hr: Annotated[
        float | None, typer.Option(help="Published hazard ratio, arm over reference.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="New CSV file for the patients.", show_default=False)] = None,
) -> None:
    """Rebuild patients from a published curve."""
    from her2sim.study import bring

    second = None
    if reference_curve is not None and reference_risk is not None:
        second = bring.CurveFiles(reference_curve, reference_risk, reference_events, reference_median, reference_name)
    elif reference_curve is not None or reference_risk is not None:
        raise InputError(
            "the other arm needs a curve and a risk table", hint="Give --reference-curve and --reference-risk."
        )
    made = bring.rebuild_patients(bring.CurveFiles(curve, risk, events, median, name), second, hazard_ratio=hr)
    typer.echo(made.audit.text())
    if out is None:
        made.audit.refuse_bad(str(curve))
        return
    bring.write_patients(made, out)
    typer.echo(f"Written: {out}")
