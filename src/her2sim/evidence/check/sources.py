"""Every figure says where it was seen, and does not claim more than its source."""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding, describe


def figure_has_source(case: Case) -> Iterator[Finding]:
    """A figure names a source of the record."""
    for figure in case.figures:
        if not figure.source or not figure.citation:
            yield case.finding(figure, "figure-has-source", "error", describe(figure), "a source with a citation")


def read_has_address(case: Case) -> Iterator[Finding]:
    """``read: true`` needs a source that was read, at an address."""
    for figure in case.figures:
        source = case.record.sources.get(figure.source, {})
        if figure.read and not (figure.url and source.get("read")):
            yield case.finding(
                figure, "read-has-address", "error", "read: true", "a source that was read, with its url"
            )


def withheld_is_empty(case: Case) -> Iterator[Finding]:
    """A withheld trial holds no figures: it is predicted before its results are looked at."""
    for figure in case.figures:
        if figure.role == "withheld":
            yield case.finding(figure, "withheld-is-empty", "error", describe(figure), "no figure")
