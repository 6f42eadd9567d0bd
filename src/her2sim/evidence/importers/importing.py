"""Any foreign file to what it holds: its format is found by its ending and its first words, or is said by the user."""

from __future__ import annotations

from pathlib import Path

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.importers.arms_csv import import_arms
from her2sim.evidence.importers.clinicaltrials import Choices, import_clinicaltrials
from her2sim.evidence.importers.imported import Imported
from her2sim.evidence.importers.pubmed_xml import parse_pubmed_xml
from her2sim.evidence.importers.source_text import decode, read_bytes
from her2sim.evidence.importers.tagged_lines import import_nbib, import_ris

FORMATS = ("clinicaltrials", "pubmed", "nbib", "ris", "arms")
_ENDINGS = {".json": "clinicaltrials", ".xml": "pubmed", ".nbib": "nbib", ".ris": "ris", ".csv": "arms", ".tsv": "arms"}


def import_file(path: Path, form: str = "", choices: Choices | None = None) -> Imported:
    """Read a foreign file whole, or refuse it whole.

    Main arguments:
        path: the file.

    Other arguments:
        form: one of ``FORMATS``; "" to find it by the file's ending, else by its first words.
        choices: what a registry entry does not say, see ``Choices``.

    Raises:
        InputError: an unknown format; everything the importer of the format refuses.
    """
    if form and form not in FORMATS:
        raise InputError(f"unknown format {form!r}", hint=did_you_mean(form, FORMATS))
    content = read_bytes(path)
    return import_bytes(content, str(path), form or format_of(path.suffix, content, str(path)), choices)


def import_bytes(content: bytes, name: str, form: str, choices: Choices | None = None) -> Imported:
    """As ``import_file``, of bytes in a known format."""
    if form == "pubmed":
        return parse_pubmed_xml(content, name)
    source = decode(content, name)
    if form == "clinicaltrials":
        return import_clinicaltrials(source, choices)
    if form == "nbib":
        return import_nbib(source)
    return import_ris(source) if form == "ris" else import_arms(source)


def format_of(ending: str, content: bytes, name: str) -> str:
    """The format of a file.

    Raises:
        InputError: neither the ending nor the first words tell.

    >>> format_of(".txt", b"PMID- 123", "a.txt"), format_of("", b" {", "b")
    ('nbib', 'clinicaltrials')
    """
    known = _ENDINGS.get(ending.lower())
    if known:
        return known
    head = content[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    for start, form in ((b"{", "clinicaltrials"), (b"<", "pubmed"), (b"PMID-", "nbib"), (b"TY  -", "ris")):
        if head.startswith(start):
            return form
    if b"trial" in head.lower().split(b"\n")[0] and b"arm" in head.lower().split(b"\n")[0]:
        return "arms"
    raise InputError(
        "it cannot be told what this file is", where=name, hint=f"Say it with --as, one of {', '.join(FORMATS)}."
    )
