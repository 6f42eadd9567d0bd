"""What an import found: every construct of the file, supported, refused or worth a warning, with its place and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from her2sim.core.errors import InputError

Status = Literal["supported", "refused", "warning"]


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Main arguments:
        construct: what it is, for example ``event`` or ``delay``.
        place: its id in the model, or an empty text.
        line: its line in the file; 0 if unknown.
        status: ``supported``, ``refused`` or ``warning``.
        why: the reason of a refusal, or the text of a warning.
    """

    construct: str
    place: str
    line: int
    status: Status
    why: str = ""

    def text(self) -> str:
        """The finding as one line."""
        where = f" (line {self.line})" if self.line else ""
        return f"{self.status}: {self.construct} {self.place}{where}{': ' + self.why if self.why else ''}"


@dataclass(frozen=True)
class ImportReport:
    """All findings of one import."""

    source: str
    findings: tuple[Finding, ...] = ()

    def of(self, status: Status) -> tuple[Finding, ...]:
        """The findings with this status."""
        return tuple(f for f in self.findings if f.status == status)

    @property
    def refused(self) -> tuple[Finding, ...]:
        """What cannot be simulated as the file means it."""
        return self.of("refused")

    def text(self) -> str:
        """The report for a reader: supported constructs as counts, warnings and refusals one by one."""
        counts = Counter(f.construct for f in self.of("supported"))
        lines = [f"{self.source}"]
        lines += [f"  supported: {count} {construct}" for construct, count in sorted(counts.items())]
        lines += [f"  {finding.text()}" for finding in (*self.of("warning"), *self.refused)]
        return "\n".join(lines)


class ModelRefused(InputError):
    """The model uses what cannot be simulated as its file means it; ``report`` says what, where and why."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        first = report.refused[0]
        more = len(report.refused) - 1
        super().__init__(
            f"{first.construct} {first.place} is refused: {first.why}" + (f" (and {more} more)" if more else ""),
            where=f"{report.source}, line {first.line}" if first.line else report.source,
            hint="The import report lists every construct with its line.",
        )


class Unsupported(Exception):
    """Raised while reading one construct; its reader turns it into a refusal with the place."""

    def __init__(self, construct: str, why: str) -> None:
        self.construct, self.why = construct, why
        super().__init__(f"{construct}: {why}")
