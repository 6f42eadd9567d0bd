"""Line-tagged citation formats: MEDLINE ``.nbib`` (``PMID- 123``) and RIS (``TY  - JOUR`` … ``ER  -``).

MEDLINE: https://pubmed.ncbi.nlm.nih.gov/help/ (field tags PMID, TI, BTI, AU, FAU, CN, JT, TA, DP, VI, IP, PG, LID, AID,
AB, SI). RIS: tags TY, ID, TI/T1, AU/A1, JO/JF/T2/J2/JA, PY/Y1/DA, VL, IS, SP, EP, DO, AN, AB/N2, UR, ER.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from her2sim.core.errors import InputError
from her2sim.evidence.importers.imported import Citation, Imported, ImportReport, Remark
from her2sim.evidence.importers.kept_back import results_left_out, without_abstract
from her2sim.evidence.importers.source_text import SourceText

NBIB, RIS = "nbib", "ris"
MAX_ENTRIES = 50_000
_NBIB_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) *- ?(.*)")
_RIS_TAG = re.compile(r"([A-Z][A-Z0-9])  ?-(?: (.*)|\s*)$")
_YEAR = re.compile(r"\b(1[89]|20)\d\d\b")


@dataclass
class _Entry:
    """One citation: tag to its values, in order."""

    line: int
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def first(self, *tags: str) -> str:
        return next((value for tag in tags for value in self.values.get(tag, ()) if value), "")

    def every(self, *tags: str) -> list[str]:
        return next((self.values[tag] for tag in tags if any(self.values.get(tag, ()))), [])


def import_nbib(source: SourceText) -> Imported:
    r"""The citations of a MEDLINE file.

    Raises:
        InputError: a line that is neither a tag nor a continuation (with its number), or no citation at all.

    >>> import_nbib(SourceText("a.nbib", "PMID- 1\nTI  - A trial\n      of two.\nDP  - 2012 Jan\n")).citations[0].title
    'A trial of two.'
    """
    entries: list[_Entry] = []
    last: list[str] | None = None
    for number, line in enumerate(source.text.split("\n"), start=1):
        if not line.strip():
            continue
        tagged = _NBIB_TAG.match(line) if line[:1] != " " and line[4:5] == "-" else None
        if tagged and tagged[1] == "PMID":
            entries.append(_Entry(number))
        if tagged:
            if not entries:
                raise _not(source, number, line, "the first line of an entry is PMID- and its number")
            last = entries[-1].values.setdefault(tagged[1], [])
            last.append(tagged[2].strip())
        elif line.startswith("      ") and last:
            last[-1] = f"{last[-1]} {line.strip()}"
        else:
            raise _not(source, number, line, "expected a tag such as 'TI  - ', or six blanks and the rest of a text")
    return _imported(source, NBIB, entries)


def import_ris(source: SourceText) -> Imported:
    r"""The citations of an RIS file.

    Raises:
        InputError: text outside an entry, an entry that does not end (with its line), or no citation at all.

    >>> made = import_ris(SourceText("a.ris", "TY  - JOUR\nTI  - A trial\nAU  - Doe, J.\nPY  - 2012//\nER  - \n"))
    >>> made.citations[0].authors, made.citations[0].year
    (('Doe J',), '2012')
    """
    entries: list[_Entry] = []
    current: _Entry | None = None
    last: list[str] | None = None
    for number, line in enumerate(source.text.split("\n"), start=1):
        if not line.strip():
            continue
        tagged = _RIS_TAG.match(line.rstrip("\n"))
        if tagged and tagged[1] == "TY":
            if current is not None:
                raise _not(source, number, line, f"the entry of line {current.line} has no ER  - ")
            current = _Entry(number)
        if current is None:
            raise _not(source, number, line, "an entry begins with 'TY  - '")
        if tagged and tagged[1] == "ER":
            entries.append(current)
            current = last = None
        elif tagged:
            last = current.values.setdefault(tagged[1], [])
            last.append((tagged[2] or "").strip())
        elif last:
            last[-1] = f"{last[-1]} {line.strip()}"
    if current is not None:
        raise InputError(
            "this entry does not end with 'ER  - '", where=f"{source.name}:{current.line}", hint="Was the file cut off?"
        )
    return _imported(source, RIS, entries)


def _not(source: SourceText, number: int, line: str, hint: str) -> InputError:
    return InputError(f"cannot read {line.strip()[:40]!r}", where=f"{source.name}:{number}", hint=f"{hint}.")


def _imported(source: SourceText, form: str, entries: list[_Entry]) -> Imported:
    make = _from_nbib if form == NBIB else _from_ris
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"more than {MAX_ENTRIES} citations", where=source.name, hint="Split the list.")
    citations: list[Citation] = []
    left: list[Remark] = []
    for number, entry in enumerate(entries, start=1):
        made = make(entry, number)
        if made.title:
            made, trial = without_abstract(made)
            citations.append(made)
            if trial:
                left.append(results_left_out(trial, f"line {entry.line}", "the abstract"))
        else:
            left.append(Remark(f"line {entry.line}", f"entry {number}", "it has no title"))
    if not citations:
        raise InputError("there is no citation with a title", where=source.name)
    report = ImportReport(form, source.name, (f"{len(citations)} citations",), (), tuple(left))
    return Imported(report, citations=tuple(citations))


def _from_nbib(entry: _Entry, number: int) -> Citation:
    pmid = entry.first("PMID")
    ids = [*entry.values.get("LID", ()), *entry.values.get("AID", ())]
    doi = next((item.removesuffix("[doi]").strip() for item in ids if item.endswith("[doi]")), "")
    year = _YEAR.search(entry.first("DP"))
    return Citation(
        key=f"PMID{pmid}" if pmid.isdigit() else f"ENTRY{number}",
        title=entry.first("TI", "BTI"),
        authors=tuple((*entry.values.get("AU", ()), *entry.values.get("CN", ()))),
        journal=entry.first("TA", "JT"),
        year=year[0] if year else "",
        volume=entry.first("VI"),
        issue=entry.first("IP"),
        pages=entry.first("PG"),
        doi=doi,
        pmid=pmid if pmid.isdigit() else "",
        abstract=entry.first("AB"),
        registries=tuple(item.partition("/")[2] or item for item in entry.values.get("SI", ())),
    )


def _from_ris(entry: _Entry, number: int) -> Citation:
    doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", entry.first("DO", "M3"), flags=re.IGNORECASE)
    doi = doi if doi.startswith("10.") else ""
    pmid = next((item for item in (entry.first("AN"), entry.first("C2")) if re.fullmatch(r"\d{5,9}", item)), "")
    first, last = entry.first("SP"), entry.first("EP")
    year = _YEAR.search(entry.first("PY", "Y1", "DA"))
    return Citation(
        key=f"PMID{pmid}" if pmid else f"RIS{number}",
        title=entry.first("TI", "T1", "CT"),
        authors=tuple(_author(name) for name in entry.every("AU", "A1") if name),
        journal=entry.first("J2", "JA", "JO", "JF", "T2"),
        year=year[0] if year else "",
        volume=entry.first("VL"),
        issue=entry.first("IS"),
        pages=f"{first}-{last}" if first and last else first,
        doi=doi,
        pmid=pmid,
        abstract=entry.first("AB", "N2"),
        url=entry.first("UR"),
    )


def _author(name: str) -> str:
    """``Doe, Jane A.`` as ``Doe JA``."""
    family, comma, given = name.partition(",")
    if not comma:
        return name
    initials = "".join(part[0] for part in re.split(r"[\s.-]+", given) if part)
    return f"{family.strip()} {initials}".strip()
