"""``her2sim evidence``: check the base, print its review tables, bring in and hand out figures."""

from __future__ import annotations

import typer

from her2sim.cli import evidence_check, evidence_import

ABOUT = "The base of published trials: check it, print review tables, import and export."


def register(app: typer.Typer) -> None:
    """Add the group ``evidence`` to the application."""
    group = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
    evidence_check.add_to(group)
    evidence_import.add_to(group)
    app.add_typer(group, name="evidence", help=ABOUT)
