"""Sections of the page of a fit that take minutes to make: kept in its folder, for as long as the fit is the same."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from her2sim.study.fit import Fit

FILE = "sections.json"


def keep_section(folder: Path, result: Fit, name: str, text: str) -> None:
    """Keep a section; another of the same name is replaced.

    Main arguments:
        folder: of the fit.
        result: the fit that the section is about.
        name: ``recovery``, ``another fit`` or the like.
        text: in Markdown.
    """
    kept = _read(folder)
    kept[name] = {"fit": _mark(result), "text": text}
    (folder / FILE).write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")


def kept_sections(folder: Path, result: Fit) -> list[str]:
    """The sections that were made of this fit, by name; those of an earlier result of the folder are left out."""
    return [each["text"] for _, each in sorted(_read(folder).items()) if each["fit"] == _mark(result)]


def _read(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _mark(result: Fit) -> str:
    return sha256(result.mode.tobytes() + result.posterior.points.tobytes()).hexdigest()[:16]
