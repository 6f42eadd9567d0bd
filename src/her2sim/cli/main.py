"""The command ``her2sim``: its commands, and what happens when something goes wrong.

Command modules load their rooms only when called, so that ``her2sim --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from her2sim.cli import (
    cell,
    compare,
    evidence,
    explain,
    facts,
    fit,
    ledger,
    messages,
    meta,
    model,
    patient,
    prior,
    run,
    sensitivity,
    simulate,
    trials,
    validate,
)
from her2sim.core.errors import Her2SimError

INTERRUPTED_CODE = 130


class Commands(TyperGroup):
    """The group of commands; turns errors into one message and an exit code, and takes ``--debug`` anywhere."""

    debug = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``--debug`` out of the arguments, wherever it stands before a ``--``."""
        end = args.index("--") if "--" in args else len(args)
        self.debug = "--debug" in args[:end]
        with self._errors_told():
            return super().parse_args(ctx, [arg for arg in args[:end] if arg != "--debug"] + args[end:])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error becomes a message on stderr and the exit code of the contract."""
        with self._errors_told():
            return super().invoke(ctx)

    @contextmanager
    def _errors_told(self) -> Generator[None]:
        try:
            yield
        except KeyboardInterrupt:
            typer.echo(messages.INTERRUPTED, err=True)
            raise typer.Exit(INTERRUPTED_CODE) from None
        except Her2SimError as problem:
            if self.debug:
                raise
            typer.echo(messages.error(problem.text()), err=True)
            raise typer.Exit(problem.exit_code) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as problem:
            usage = _usage_error(problem)
            if usage is None and self.debug:
                raise
            if usage == "":
                raise  # the help page, shown where nothing was asked
            typer.echo(usage or messages.unexpected(problem), err=True)
            raise typer.Exit(2 if usage else 1) from None


def _usage_error(problem: Any) -> str | None:
    """What was wrong with the command line itself, in one line; None where that is not the problem."""
    if not hasattr(problem, "format_message"):
        return None
    text = str(problem.format_message()).strip()
    context = getattr(problem, "ctx", None)
    return messages.usage(text, context.command_path if context else "her2sim") if text else ""


app = typer.Typer(
    cls=Commands,
    help=messages.ABOUT,
    epilog=messages.EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from her2sim import __version__

        typer.echo(f"her2sim {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help=messages.VERSION, callback=_print_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help=messages.DEBUG)] = False,
) -> None:
    """Options before the command; ``--debug`` is already taken out by ``Commands``."""


for command in (
    run,
    model,
    patient,
    cell,
    compare,
    fit,
    trials,
    simulate,
    meta,
    evidence,
    facts,
    prior,
    sensitivity,
    validate,
    explain,
    ledger,
):
    command.register(app)


def main() -> None:
    """Entry point of the command ``her2sim``."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # matrices are small: threads would wait for each other, 20 times as long
    try:
        app()
    except KeyboardInterrupt:  # before or after the command itself
        typer.echo(messages.INTERRUPTED, err=True)
        sys.exit(INTERRUPTED_CODE)
