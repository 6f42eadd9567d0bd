"""``her2sim meta network`` and ``her2sim benchmarks``: what the published trials say together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from her2sim.cli import messages

if TYPE_CHECKING:
    from rich.table import Table

ABOUT = "Meta-analysis of the published trials of the evidence base."
NETWORK = """Network meta-analysis of an outcome: every treatment against a reference, directly and indirectly.

Trials whose results are kept back never enter. Treatments of parts that are not connected cannot be compared."""
BENCHMARKS = """How wrong simple predictors are about trials they have not seen (one trial left out at a time).

With an ID: what they say of that trial from the others, also where its results are kept back."""


def register(app: typer.Typer) -> None:
    """Add the group ``meta`` and the command ``benchmarks`` to the application."""
    group = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
    group.callback()(_meta)
    group.command("network", help=NETWORK, epilog=messages.NOT_ADVICE)(network)
    app.add_typer(group, name="meta", help=ABOUT)
    app.command("benchmarks", help=BENCHMARKS, epilog=messages.NOT_ADVICE)(benchmarks)


def _meta() -> None:
    """Keep ``network`` a command of the group, although it is the only one so far."""


def network(
    endpoint: Annotated[str, typer.Option(help="PFS, OS, DFS (hazard ratios), ORR or pCR (odds ratios).")] = "PFS",
    disease: Annotated[str, typer.Option(help="breast, gastric or other; empty for all.")] = "breast",
    setting: Annotated[
        str, typer.Option(help="A setting or its beginning: metastatic, 1L, neoadjuvant; empty for all.")
    ] = "metastatic",
    reference: Annotated[str, typer.Option(help="Compare with this treatment; if not given, the most studied.")] = "",
    fixed: Annotated[
        bool, typer.Option("--fixed", help="One effect for all trials instead of random effects.")
    ] = False,
    components: Annotated[bool, typer.Option("--components", help="Also the additive component model.")] = False,
    league: Annotated[bool, typer.Option("--league", help="Print the league table of each part as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (effects as logarithms).")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print what went in, one comparison per row.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Folder for the network and forest plots.")] = None,
) -> None:
    """Print a network meta-analysis."""
    from her2sim.study import meta

    found = meta.analyze(
        endpoint, disease=disease, setting=setting, reference=reference, model="fixed" if fixed else "random"
    )
    if plot is not None:
        for path in found.save_figures(plot):
            typer.echo(f"wrote {path}", err=True)
    if as_json:
        typer.echo(meta.as_json(found.mapping()))
        return
    if as_csv or league:
        typer.echo(found.league_csv() if league else found.contrasts_csv(), nl=False)
        return
    part = 0
    table: Table | None = None
    for row in found.rows():
        if row.part != part:
            _show(table)
            part = row.part
            typer.echo(f"\npart {part}: {found.summaries()[part - 1]}")
            table = _table((f"{found.measure} of {found.outcome}", "network", "direct", "indirect", "p", "P-score"))
        p_value = "" if row.disagreement is None else f"{row.disagreement:.2f}"
        cells = (row.treatment, row.effect, row.direct, row.indirect, p_value, f"{row.p_score:.2f}")
        if table is not None:
            table.add_row(*(_plain(cell) for cell in cells))
    _show(table)
    if components:
        _components(found.component_rows(), found.additive.difference.p_value)
    if found.effects.recalled:
        typer.echo(f"\nRecalled figures, not seen at their source: {', '.join(found.effects.recalled)}.")
    for trial, reason in found.effects.left_out.items():
        if reason != "single arm":
            typer.echo(f"Left out: {trial} ({reason}).")
    typer.echo("P-score: mean certainty of being better than another; p: that direct and indirect evidence agree.")
    typer.echo(messages.NOT_ADVICE)


def benchmarks(
    trial: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Forecast this trial from the others instead.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
    arms: Annotated[bool, typer.Option("--arms", help="Print every prediction of an arm as CSV.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables for the documentation.")] = False,
    by_setting: Annotated[bool, typer.Option("--by-setting", help="Errors by disease and setting.")] = False,
) -> None:
    """Print the table of benchmarks."""
    from her2sim.study import meta

    if trial is not None:
        _forecast(trial, as_json=as_json, as_csv=as_csv)
        return
    found = meta.benchmarks()
    rows = found.settings if by_setting else found.rows
    if as_json:
        typer.echo(meta.as_json(meta.rows_as_mappings(rows)))
        return
    if as_csv or arms:
        typer.echo(meta.table_csv(meta.rows_as_mappings(found.judged if arms else rows)), nl=False)
        return
    if markdown:
        typer.echo(found.markdown(), nl=False)
        return
    if by_setting:
        table = _table(("outcome", "disease, setting", "benchmark", "predicted", "median error"))
        for row in found.settings:
            table.add_row(*(_plain(cell) for cell in meta.setting_cells(row)))
        _show(table)
        typer.echo(f"One trial left out at a time. {messages.NOT_ADVICE}")
        return
    table = _table(("outcome", "benchmark", "predicted", "trials", "median error", "rms", "bias", "in 90%"))
    for row in found.rows:
        table.add_row(*(_plain(cell) for cell in meta.score_cells(row)))
    _show(table)
    typer.echo("rms, bias: of the logarithm (times, ratios) or logit (rates). One trial left out at a time.")
    typer.echo(messages.NOT_ADVICE)


def _forecast(trial: str, *, as_json: bool, as_csv: bool) -> None:
    from her2sim.study import meta

    rows = meta.forecasts(trial)
    plain = meta.rows_as_mappings(rows)
    if as_json or as_csv:
        typer.echo(meta.as_json(plain) if as_json else meta.table_csv(plain), nl=as_json)
        return
    table = _table(("arm", "outcome", "benchmark", "forecast", "90% interval", "rests on"))
    for row in rows:
        table.add_row(*(_plain(cell) for cell in meta.forecast_cells(row)))
    _show(table)
    typer.echo("From the other trials only; intervals are of the truth, without the sampling error of the trial.")
    typer.echo(messages.NOT_ADVICE)


def _components(rows: tuple[tuple[str, str], ...], p_value: float | None) -> None:
    typer.echo("\nadditive components: ratio when the component is added")
    table = _table(("component", "ratio"))
    for name, text in rows:
        table.add_row(_plain(name), text or "not told by these trials")
    _show(table)
    if p_value is not None:
        typer.echo(f"p that effects add up: {p_value:.2g}")


def _table(names: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _show(table: Table | None) -> None:
    if table is None:
        return
    import sys

    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def _plain(text: str) -> str:
    """Text with brackets that rich must not take for markup."""
    from rich.markup import escape

    return escape(text)
