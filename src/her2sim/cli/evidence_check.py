"""``her2sim evidence check`` and ``her2sim evidence table``: can the base be trusted, and what does it say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

CHECK = """Look for misprints in the evidence base: each finding names record, figure, rule and what was expected.

Findings that were looked into carry their explanation (data/evidence/settled.yaml).
Exit code 1 if one is still open."""
TABLE = """Print a review table of the base: every figure with its source, recalled ones marked.

Without --question the names of the eight tables are listed. --sql asks the tables `figures` and `trials` instead."""
HELP_FORMAT = "terminal, markdown, csv or html."
HELP_SQL = "A query such as: SELECT record, value FROM figures WHERE endpoint = 'ORR'. Needs her2sim[evidence]."
HELP_PARQUET = "Write figures.parquet and trials.parquet into this folder."
HELP_ALL = "Print the settled findings too, each with its explanation."


def add_to(group: typer.Typer) -> None:
    """Add ``check`` and ``table`` to the group ``evidence``."""
    group.command("check", help=CHECK, epilog=messages.NOT_ADVICE)(check)
    group.command("table", help=TABLE, epilog=messages.NOT_ADVICE)(table)


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help=HELP_ALL)] = False,
) -> None:
    """Check the base."""
    from her2sim.study import evidence_tables

    found = evidence_tables.findings()
    still_open = evidence_tables.still_open(found)
    if as_json:
        typer.echo(evidence_tables.findings_json(found))
    else:
        for finding in found if everything else still_open:
            typer.echo(f"{finding.record}: {finding.figure}\n  {finding.rule} ({finding.severity})")
            typer.echo(f"  found {finding.found}; expected {finding.expected}")
            if finding.explanation:
                typer.echo(f"  settled: {finding.explanation}")
        shares = evidence_tables.shares()
        for role, number in shares.figures.items():
            typer.echo(f"{role}: {number} figures, {shares.percent(role):.0f} % read")
        typer.echo(f"calibration may use {shares.used_by_fits} figures, all of them read")
        settled = len(found) - len(still_open)
        typer.echo(f"{len(still_open)} open, {settled} explained" + ("" if everything else " (--all prints them)"))
    if still_open:
        raise typer.Exit(1)


def table(
    question: Annotated[str, typer.Option("--question", "-q", help="Name of the review table.")] = "",
    style: Annotated[str, typer.Option("--format", "-f", help=HELP_FORMAT)] = "terminal",
    sql: Annotated[str, typer.Option("--sql", help=HELP_SQL)] = "",
    parquet: Annotated[Path | None, typer.Option("--parquet", help=HELP_PARQUET)] = None,
) -> None:
    """Print a review table."""
    from her2sim.study import evidence_tables

    if parquet is not None:
        for path in evidence_tables.parquet(parquet):
            typer.echo(f"wrote {path}", err=True)
    if not question and not sql:
        if parquet is None:
            for name, title in evidence_tables.question_titles().items():
                typer.echo(f"{name}: {title}")
        return
    made = evidence_tables.answer(sql) if sql else evidence_tables.review(question)
    if style == "terminal":
        from her2sim.cli.review_screen import show

        show(made)
    else:
        typer.echo(evidence_tables.printed(made, style), nl=False)
