"""The base asked as a whole: the check, the review tables, and SQL over all figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.check.finding import Finding
from her2sim.evidence.check.run import check_base, open_findings
from her2sim.evidence.read_share import ReadShare, read_share
from her2sim.evidence.tables.biomarker_rows import TITLE
from her2sim.evidence.tables.comma_separated import comma_separated
from her2sim.evidence.tables.markdown import markdown
from her2sim.evidence.tables.page import html_page
from her2sim.evidence.tables.questions import BIOMARKERS, QUESTIONS, review_table
from her2sim.evidence.tables.review_table import ReviewTable, Row


def findings() -> tuple[Finding, ...]:
    """What the rules find in the base; settled findings carry their explanation."""
    return check_base()


def still_open(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings without explanation."""
    return open_findings(found)


def findings_json(found: tuple[Finding, ...]) -> str:
    """Findings and read shares as JSON."""
    rows = {"findings": [asdict(x) for x in found], "open": len(open_findings(found)), "read": asdict(shares())}
    return json.dumps(rows, ensure_ascii=False, indent=1)


def shares() -> ReadShare:
    """How many figures were seen at their source, by role."""
    return read_share()


def review(question: str) -> ReviewTable:
    """One of the eight review tables; see ``her2sim.evidence.tables.questions.review_table``."""
    return review_table(question)


def answer(sql: str) -> ReviewTable:
    """The answer of the base to a query in SQL; see ``her2sim.evidence.sql.ask``."""
    from her2sim.evidence.sql import ask

    return ask(sql)


def parquet(folder: Path) -> tuple[Path, ...]:
    """Write the base as ``figures.parquet`` and ``trials.parquet``."""
    from her2sim.evidence.sql import write_parquet

    return write_parquet(folder)


def printed(table: ReviewTable, style: str) -> str:
    """A table as text: ``markdown``, ``csv`` or ``html``.

    Raises:
        InputError: another style.
    """
    writers = {"markdown": markdown, "csv": comma_separated, "html": html_page}
    if style not in writers:
        names = ("terminal", *writers)
        raise InputError(f"unknown format {style!r}", where="--format", hint=f"{did_you_mean(style, names)} Choose one "
                         f"of {', '.join(names)}.")  # fmt: skip
    return writers[style](table)


def question_titles() -> dict[str, str]:
    """Name and title of each review table."""
    return {question.name: question.title for question in QUESTIONS} | {BIOMARKERS: TITLE}


__all__ = [
    "Finding",
    "ReadShare",
    "ReviewTable",
    "Row",
    "answer",
    "findings",
    "findings_json",
    "parquet",
    "printed",
    "question_titles",
    "review",
    "shares",
    "still_open",
]
