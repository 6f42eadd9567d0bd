"""Pages of the documentation that a command makes: where they may be written, and how they say what made them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.frozen import load_frozen
from her2sim.study.fingerprint import fingerprint


def checked_page(path: Path | None) -> None:
    """Refuse a page that cannot be written before work is spent on it.

    Raises:
        InputError: the file does not end in .md, or its folder does not exist.
    """
    if path is not None and (path.suffix != ".md" or not path.parent.is_dir()):
        raise InputError(
            f"{path} cannot be written.", where="--table", hint="Name a file that ends in .md, in a folder that exists."
        )


def write_page(path: Path, text: str) -> None:
    """Write a page so that it is never seen half written."""
    write_text(path, text)


def made_words(command: str, size: str) -> str:
    """One sentence: by which command, when, how large, by which model.

    Main arguments:
        command: the command line.
        size: how many patients and draws, in words.
    """
    day = datetime.now(UTC).date().isoformat()
    return f"Made by `{command}` on {day}: {size}; model `{fingerprint()[:12]}`."


def calibration_in_words() -> str:
    """Which calibration is in force."""
    frozen = load_frozen()
    if frozen is None:
        return "with the first rough fit (no calibration is frozen yet)"
    return f"with the calibration frozen on {frozen.date} (hash `{frozen.hash[:12]}`)"


def meaning_of(page: str) -> str:
    """What the authors say of a table, kept beside the data so that the page can be made anew; empty where nothing is.

    Main arguments:
        page: name of the page; its words are in ``data/facts/NAME_meaning.md``.
    """
    path = data_dir("facts") / f"{page}_meaning.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""
