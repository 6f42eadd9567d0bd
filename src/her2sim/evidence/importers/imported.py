"""What an importer hands back: records and citations, and a report of what was read, decided and left out."""

from __future__ import annotations

from dataclasses import dataclass

from her2sim.record.types import TrialRecord


@dataclass(frozen=True)
class Remark:
    """One place of the input and what became of it.

    Main arguments:
        path: where it stands: keys and indices of a JSON file, or ``line 7``.
        what: what stands there.
        why: why it was decided so, or left out.
    """

    path: str
    what: str
    why: str


@dataclass(frozen=True)
class ImportReport:
    """What happened to a file.

    Main arguments:
        format, file: what it was read as, and its name.
        read: what was taken, one sentence each.
        decided: what the file does not say outright and a documented rule settled.
        unmapped: what was seen and left out.
    """

    format: str
    file: str
    read: tuple[str, ...] = ()
    decided: tuple[Remark, ...] = ()
    unmapped: tuple[Remark, ...] = ()

    def text(self) -> str:
        """The report for a reader.

        >>> print(ImportReport("ris", "a.ris", ("2 citations",)).text())
        a.ris, read as ris
        Read: 2 citations
        """
        lines = [f"{self.file}, read as {self.format}", *(f"Read: {item}" for item in self.read)]
        lines += [f"Decided: {_line(item)}" for item in self.decided]
        lines += [f"Left out: {_line(item)}" for item in self.unmapped]
        return "\n".join(lines)


@dataclass(frozen=True)
class Citation:
    """A publication: enough to cite it, find it and attach it to a record as a source.

    Main arguments:
        key: key under which a record lists it, for example ``PMID22149875``.
        title, authors, journal, year: as given; authors as ``Family Given``.

    Other arguments:
        volume, issue, pages, doi, pmid, abstract, url: empty where not given.
        registries: numbers of trial registries that the entry names.
    """

    key: str
    title: str
    authors: tuple[str, ...] = ()
    journal: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    url: str = ""
    registries: tuple[str, ...] = ()

    def text(self) -> str:
        """One line, as the records of the evidence base cite.

        >>> Citation("A", "A trial.", ("Baselga J", "Cortés J"), "N Engl J Med", "2012", "366", "2", "109-19").text()
        'Baselga J, Cortés J. A trial. N Engl J Med 2012;366(2):109-19'
        """
        shown = self.authors if len(self.authors) <= 3 else (*self.authors[:3], "et al")
        place = self.volume + (f"({self.issue})" if self.issue else "") + (f":{self.pages}" if self.pages else "")
        journal = f"{self.journal} {self.year}".strip() + (f";{place}" if place else "")
        doi = f"doi:{self.doi}" if self.doi else ""
        pmid = f"PMID {self.pmid}" if self.pmid else ""
        parts = (", ".join(shown), self.title.rstrip(". "), journal, doi, pmid)
        return ". ".join(part for part in parts if part)

    def address(self) -> str:
        """Where it can be looked up: the DOI, else PubMed, else the given address."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/" if self.pmid else self.url


@dataclass(frozen=True)
class AdverseEvent:
    """One row of a registry's adverse event tables, as counted there.

    Main arguments:
        arm: name of the arm, or of the group where it is no arm of the record.
        kind: ``serious``, ``other``, or ``total serious``, ``total other``, ``deaths``.
        term, organ_system: as in the registry.
        affected, at_risk, events: patients with the event, patients at risk, events; None where not given.
    """

    arm: str
    kind: str
    term: str
    organ_system: str
    affected: int | None
    at_risk: int | None
    events: int | None


@dataclass(frozen=True)
class Imported:
    """Everything an importer took from a file."""

    report: ImportReport
    records: tuple[TrialRecord, ...] = ()
    citations: tuple[Citation, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()


def _line(item: Remark) -> str:
    return f"{item.path}: {item.what} ({item.why})"
