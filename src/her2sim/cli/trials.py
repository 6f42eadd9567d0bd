"""``her2sim trials`` and ``her2sim show``: the evidence base on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from her2sim.core.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from her2sim.study.catalog import FigureRow

QUERY = (
    "Words, and terms such as drug:T-DXd class:ADC target:PD-1 disease:gastric setting:2L line:2 biomarker:PIK3CA "
    "endpoint:pCR status:ongoing role:fit -status:withheld."
)
SHOW_ID = "Id of a built-in trial (see `her2sim trials`), or a YAML file."


def register(app: typer.Typer) -> None:
    """Add the commands ``trials`` and ``show`` to the application."""
    # A term may begin with a hyphen (-status:withheld), so what looks like an unknown option is handed on as a term.
    app.command("trials", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})(trials)
    app.command("show")(show)


def trials(
    context: typer.Context,
    query: Annotated[list[str] | None, typer.Argument(help=QUERY, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Print the sizes of the evidence base.")] = False,
) -> None:
    """List the published trials of the evidence base."""
    _refuse_options(context, query or ())
    from her2sim.study import catalog

    if counts:
        _print_counts(as_json)
        return
    found = catalog.list_trials(" ".join(_quoted(word) for word in query or ()))
    if as_json:
        typer.echo(catalog.trials_json(found))
        return
    if not found:
        typer.echo("No trial fits. `her2sim trials` without a query lists all.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("id", "left"), ("disease", "left"), ("setting", "left"), ("n", "right")):
        table.add_column(name, justify=justify, overflow="fold")  # pyright: ignore[reportArgumentType]
    table.add_column("drugs", overflow="ellipsis", max_width=46, no_wrap=True)
    table.add_column("role")
    table.add_column("figures", justify="right")
    table.add_column("read", justify="right")
    for entry in found:
        table.add_row(
            _plain(entry.id), entry.disease, entry.setting, str(entry.n or ""), _plain(", ".join(entry.drugs)),
            entry.role, str(entry.figures or ""), str(entry.read or ""),
        )  # fmt: skip
    _console().print(table)
    typer.echo(f"{len(found)} of {catalog.trial_counts().records}. One of them: her2sim show ID. {catalog.NOT_ADVICE}")


def _refuse_options(context: typer.Context, words: Sequence[str]) -> None:
    """Tell terms that leave something out from options that do not exist."""
    for word in words:
        if word == "-h":
            typer.echo(context.get_help())
            raise typer.Exit
        if word.startswith("--") or word == "-":
            raise InputError(f"no such option: {word}", where="her2sim trials", hint="See `her2sim trials --help`.")


def show(
    trial: Annotated[str, typer.Argument(metavar="ID", help=SHOW_ID)],
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the record as YAML, ready to be edited and run.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
    endpoint: Annotated[str, typer.Option(help="Only figures of this endpoint (PFS shows median and rates).")] = "",
) -> None:
    """Show one trial: design, figures with sources, and which figures were read and which recalled."""
    from her2sim.study import catalog

    record = catalog.trial_record(trial)
    if as_yaml or as_json:
        typer.echo(catalog.trial_yaml(record).rstrip("\n") if as_yaml else catalog.trial_json(record))
        return
    rows = catalog.figures_of(record, endpoint) if endpoint else catalog.figure_rows(record)
    console = _console()
    about = ", ".join(
        part for part in (record.nct, f"phase {record.phase}" if record.phase else "", record.status) if part
    )
    console.print(f"[bold]{_plain(record.id)}[/bold]  {_plain(about)}")
    kind = "" if record.kind == "trial" else f"; {record.kind}"
    console.print(f"{record.disease}, {record.setting}; role in this project: {catalog.record_role(record)}{kind}")
    console.print(_plain(record.population))
    if record.baseline:
        console.print("baseline: " + _plain(", ".join(f"{name} {value:g}" for name, value in record.baseline.items())))
    for line in catalog.design_lines(record):
        console.print(_plain(line))
    for arm in record.arms:
        console.print(f"\n[bold]{_plain(arm.name)}[/bold]" + (f"  n = {arm.n}" if arm.n else ""))
        for item in arm.regimen:
            console.print("  " + _plain(catalog.regimen_words(item)))
    if rows:
        console.print()
        _print_figures(rows)
    elif record.status == "withheld":
        console.print("\n" + catalog.WITHHELD_NOTE)
    if record.notes:
        console.print("\n" + _plain(record.notes))
    if record.sources:
        console.print("\n[bold]sources[/bold] (recalled: the figure was not seen at its source)")
        for key, source in record.sources.items():
            mark = "read" if source["read"] else "recalled"
            console.print(
                _plain(f"  {key} {mark}: {source['citation']} {source.get('url', '')}".rstrip()), soft_wrap=True
            )
    for line in catalog.default_reasons(record):
        console.print("default " + _plain(line))
    typer.echo(catalog.NOT_ADVICE)


def _print_figures(rows: list[FigureRow]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("arm or stratum", "endpoint", "value", "95% interval", "assessor", "cut", "source", "", "note"):
        table.add_column(name, overflow="fold")
    last = ""
    for row in rows:
        arm, last = ("" if row.arm == last else row.arm), row.arm
        cells = (arm, row.endpoint, row.value, row.ci95, row.assessor, row.cut, row.source, row.mark, row.note)
        table.add_row(*(_plain(cell) for cell in cells), style="dim" if row.mark == "recalled" else "")
    _console().print(table)


def _print_counts(as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from her2sim.study import catalog

    sizes = asdict(catalog.trial_counts())
    if as_json:
        typer.echo(json.dumps(sizes, indent=1))
        return
    for name, value in sizes.items():
        if isinstance(value, dict):
            typer.echo(f"{name.replace('_', ' ')}: " + ", ".join(f"{key} {number}" for key, number in value.items()))
        else:
            typer.echo(f"{name}: {value}")


def _quoted(word: str) -> str:
    """An argument of the shell with spaces inside stays one term."""
    key, colon, value = word.partition(":")
    if " " in word and '"' not in word:
        return f'{key}{colon}"{value}"' if colon else f'"{word}"'
    return word


def _plain(text: str) -> str:
    """Text with brackets that rich must not take for markup."""
    from rich.markup import escape

    return escape(text)


def _console() -> Console:
    """A console as wide as the screen; when piped, wide enough for a table."""
    import sys

    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)
