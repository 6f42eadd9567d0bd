"""``her2sim model``: what the model of a regimen is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

ABOUT = """What the model is made of: modules, states, equations, parameters and their sources.

Examples: `her2sim model T-DXd+tucatinib`; `her2sim model CLEOPATRA --diagram model.svg`; `her2sim model --find HER3`;
`her2sim model trastuzumab --equation theta_domain_IV_cns`."""
WHAT = "Drugs joined by +, `untreated`, a trial, or one of its arms (TRIAL/ARM). Without it, --find searches all drugs."
DISEASE = "breast or gastric; if not given, that of the trial, or breast."
FORMAT = "text, markdown, json, antimony or sbml."
SCALE = "patient, or cell: the receptor network behind `her2sim cell`."
OUT = "File to write instead of the screen."
DIAGRAM = "Draw modules and flows: a file ending in .svg or .png."
MODULE = "Only this module (may be repeated)."
EQUATION = "One equation with all that it uses and the sources."
FIND = "Search names, descriptions and formulas, at both scales."
MECHANISMS = "List what --without can remove, and stop."


def register(app: typer.Typer) -> None:
    """Add the command ``model`` to the application."""
    app.command("model", help=ABOUT, epilog=messages.NOT_ADVICE)(model)


def model(
    what: Annotated[str | None, typer.Argument(metavar="[REGIMEN|TRIAL[/ARM]]", help=WHAT, show_default=False)] = None,
    form: Annotated[str, typer.Option("--format", help=FORMAT)] = "text",
    find: Annotated[str, typer.Option("--find", help=FIND)] = "",
    equation: Annotated[str, typer.Option("--equation", help=EQUATION)] = "",
    module: Annotated[list[str] | None, typer.Option("--module", help=MODULE, show_default=False)] = None,
    diagram: Annotated[Path | None, typer.Option("--diagram", help=DIAGRAM, show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    disease: Annotated[str, typer.Option("--disease", help=DISEASE)] = "",
    scale: Annotated[str, typer.Option("--scale", help=SCALE)] = "patient",
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    mechanisms: Annotated[bool, typer.Option("--mechanisms", help=MECHANISMS)] = False,
) -> None:
    """Show the model."""
    from her2sim.study import model_show

    if mechanisms:
        for line in model_show.mechanisms():
            typer.echo(line)
        return
    if find or equation:
        typer.echo(model_show.searched(what, find=find, equation=equation, disease=disease, scale=scale))
        return
    if what is None and scale == "patient":
        typer.echo(model_show.overview())
        return
    shown = model_show.Wanted(what or "untreated", disease, scale, tuple(without or ()))
    if diagram is not None:
        typer.echo(f"Diagram: {model_show.draw(shown, diagram)}")
        if out is None:
            return
    text = model_show.written(shown, form, modules=tuple(module or ()))
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"Model: {model_show.save(text, out)}")
