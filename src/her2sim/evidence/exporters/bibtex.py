"""Citations and sources of records as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable

from her2sim.evidence.importers.imported import Citation
from her2sim.record.types import TrialRecord

_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip


def citations_bibtex(citations: Iterable[Citation]) -> str:
    """Citations as ``@article`` entries.

    >>> print(citations_bibtex([Citation("PMID1", "A & B", ("Doe J",), "Lancet", "2012")]))
    @article{PMID1,
      title = {A \\& B},
      author = {Doe, J},
      journal = {Lancet},
      year = {2012}
    }
    <BLANKLINE>
    """
    taken: set[str] = set()
    return "".join(
        _entry("article", _key(item.key, taken), {
            "title": item.title, "author": " and ".join(_name(author) for author in item.authors),
            "journal": item.journal, "year": item.year, "volume": item.volume, "number": item.issue,
            "pages": item.pages, "doi": item.doi, "pmid": item.pmid, "url": item.url,
        })
        for item in citations
    )  # fmt: skip


def sources_bibtex(records: Iterable[TrialRecord]) -> str:
    """Sources of records as ``@misc`` entries, each once; the citation of a record is one text and stays one."""
    taken: set[str] = set()
    seen: set[tuple[str, str]] = set()
    parts: list[str] = []
    for record in records:
        for key, source in record.sources.items():
            citation, url = str(source.get("citation", "")), str(source.get("url", ""))
            if (citation, url) in seen:
                continue
            seen.add((citation, url))
            year = re.search(r"\b(19|20)\d\d\b", citation)
            doi = re.search(r"\b10\.\d{4,9}/[^\s;,]+", f"{url} {citation}")
            read = "read" if source.get("read") else "recalled"
            parts.append(
                _entry("misc", _key(f"{record.id}_{key}", taken), {
                    "title": citation, "year": year[0] if year else "", "doi": doi[0].rstrip(".") if doi else "",
                    "url": url, "note": read,
                })
            )  # fmt: skip
    return "".join(parts)


def _entry(kind: str, key: str, values: dict[str, str]) -> str:
    raw = ("doi", "url")
    lines = [
        f"  {name} = {{{value if name in raw else value.translate(_SPECIAL)}}}"
        for name, value in values.items()
        if value
    ]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _key(wanted: str, taken: set[str]) -> str:
    base = re.sub(r"[^A-Za-z0-9_.+-]", "", wanted) or "entry"
    key, count = base, 1
    while key in taken:
        count += 1
        key = f"{base}-{count}"
    taken.add(key)
    return key


def _name(author: str) -> str:
    family, _, given = author.rpartition(" ")
    return f"{family}, {given}" if family and given.isupper() else f"{{{author}}}" if " " in author else author
