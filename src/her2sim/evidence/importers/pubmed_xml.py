"""PubMed XML (``PubmedArticleSet``) to citations, by an expat parser that refuses entities.

Read per article: PMID, ArticleTitle, AuthorList, Journal (ISOAbbreviation, else Title), JournalIssue (Volume, Issue,
PubDate), Pagination, ELocationID or ArticleId of type doi, Abstract, and DataBankList of trial registries. See
https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html. The document type declaration may name an external
DTD, as PubMed's files do; it is never fetched, and any declaration inside it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from her2sim.core.errors import InputError
from her2sim.evidence.importers.imported import Citation, Imported, ImportReport, Remark
from her2sim.evidence.importers.kept_back import results_left_out, without_abstract
from her2sim.evidence.importers.source_text import read_bytes

FORMAT = "pubmed"
MAX_DEPTH = 50
MAX_ARTICLES = 20_000
MAX_TEXT = 200_000
_ARTICLES = ("PubmedArticle", "PubmedBookArticle")


@dataclass
class _Article:
    """Texts of one article by the path of their element."""

    line: int
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def first(self, *paths: str) -> str:
        for path in paths:
            for text in self.texts.get(path, ()):
                if text:
                    return text
        return ""


class _Reader:
    """Handlers of expat that collect articles."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.articles: list[_Article] = []
        self.parser = expat.ParserCreate()
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse_entity
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.ExternalEntityRefHandler = self._refuse_external
        # expat passes over entities that an unread DTD might define, so that a title would lose its Greek letters
        setattr(self.parser, "SkippedEntityHandler", self._skipped)  # noqa: B010  (unknown to the type stubs)
        self._path: list[str] = []
        self._text: list[str] = []
        self._texts: list[list[str]] = []
        self._article: _Article | None = None

    def error(self, what: str, hint: str = "") -> InputError:
        return InputError(what, where=f"{self.name}:{self.parser.CurrentLineNumber}", hint=hint)

    def _doctype(self, name: str, system: str | None, public: str | None, has_internal: bool | int) -> None:
        if has_internal:
            raise self.error("a document type with declarations of its own", "Entities are refused; download it again.")

    def _refuse_entity(self, *_: Any) -> NoReturn:
        raise self.error("an entity is declared, and entities are refused", "Download the file again from PubMed.")

    def _refuse_external(self, *_: Any) -> NoReturn:
        raise self.error("an external entity, and those are refused", "Download the file again from PubMed.")

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise self.error(f"the entity &{name[:20]}; is not defined here", "PubMed writes letters as they are.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag not in ("PubmedArticleSet", *_ARTICLES):
            raise self.error(f"the root is {tag[:40]!r}, not PubmedArticleSet", "Export from PubMed in its XML format.")
        if len(self._path) >= MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels")
        if tag in _ARTICLES:
            if self._article is not None:
                raise self.error("an article inside an article")
            if len(self.articles) >= MAX_ARTICLES:
                raise self.error(f"more than {MAX_ARTICLES} articles", "Split the list.")
            self._article = _Article(self.parser.CurrentLineNumber)
        kind = attributes.get("IdType") or attributes.get("EIdType") or ""
        label = attributes.get("Label", "")
        self._path.append(f"{tag}:{kind}" if kind else tag)
        self._texts.append([f"{label}: "] if label and tag == "AbstractText" else [])

    def _characters(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _end(self, tag: str) -> None:
        whole = "".join(self._texts.pop())
        path = self._path
        self._path = path[:-1]
        if tag in ("i", "b", "sub", "sup", "u", "DispFormula") and self._texts:  # formatting inside a title or abstract
            self._texts[-1].append(whole)
            return
        if self._article is None:
            return
        if tag in _ARTICLES:
            self.articles.append(self._article)
            self._article = None
            return
        text = " ".join(whole.split())[:MAX_TEXT]
        outside = [part for part in path if part in ("ReferenceList", "CommentsCorrectionsList")]
        if not outside:
            self._article.texts.setdefault("/".join(path[-2:]), []).append(text)


def import_pubmed_xml(path: Path) -> Imported:
    """The articles of a file of PubMed as citations.

    Raises:
        InputError: see ``parse_pubmed_xml``; or the file is missing or too large.
    """
    return parse_pubmed_xml(read_bytes(path), str(path))


def parse_pubmed_xml(content: bytes, name: str) -> Imported:
    """The articles of PubMed XML as citations.

    Main arguments:
        content: the bytes, whose encoding the XML declaration names (UTF-8 if none).
        name: what messages call it.

    Raises:
        InputError: not XML (with line), another root, entities, an unknown encoding, or no article with a title.

    >>> text = b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A <i>b</i>."
    >>> text += b"</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    >>> parse_pubmed_xml(text, "x.xml").citations[0].title
    'A b.'
    """
    reader = _Reader(name)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code)
        raise InputError(
            f"not XML: {words}", where=f"{name}:{error.lineno}", hint="Was the download cut off?"
        ) from None
    except (LookupError, ValueError) as error:
        raise InputError(f"not XML that can be decoded: {error}", where=name, hint="Save the file as UTF-8.") from None
    left: list[Remark] = []
    citations: list[Citation] = []
    for at, article in enumerate(reader.articles, start=1):
        made = _citation(article, at)
        if made is None:
            left.append(Remark(f"line {article.line}", f"article {at}", "it has no title"))
        else:
            made, trial = without_abstract(made)
            citations.append(made)
            if trial:
                left.append(results_left_out(trial, f"line {article.line}", "the abstract"))
    if not citations:
        raise InputError("there is no article with a title", where=name, hint="Expected PubmedArticle elements.")
    return Imported(
        ImportReport(FORMAT, name, (f"{len(citations)} articles",), (), tuple(left)), citations=tuple(citations)
    )


def _citation(article: _Article, number: int) -> Citation | None:
    title = article.first("Article/ArticleTitle", "Book/BookTitle", "BookDocument/ArticleTitle")
    if not title:
        return None
    pmid = article.first("MedlineCitation/PMID", "BookDocument/PMID")
    families, initials = article.texts.get("Author/LastName", []), article.texts.get("Author/Initials", [])
    groups = article.texts.get("Author/CollectiveName", [])
    if len(families) == len(initials):
        people = [f"{family} {given}".strip() for family, given in zip(families, initials, strict=True)]
    else:
        people = list(families)
    date = article.first("PubDate/Year") or article.first("PubDate/MedlineDate", "ArticleDate/Year")
    year = re.search(r"\b(1[89]|20)\d\d\b", date)
    registries = article.texts.get("AccessionNumberList/AccessionNumber", [])
    doi = article.first("Article/ELocationID:doi", "ArticleIdList/ArticleId:doi")
    return Citation(
        key=f"PMID{pmid}" if pmid.isdigit() else f"ARTICLE{number}",
        title=title,
        authors=tuple(name for name in (*people, *groups) if name),
        journal=article.first("Journal/ISOAbbreviation", "MedlineJournalInfo/MedlineTA", "Journal/Title"),
        year=year[0] if year else "",
        volume=article.first("JournalIssue/Volume"),
        issue=article.first("JournalIssue/Issue"),
        pages=article.first("Pagination/MedlinePgn", "Pagination/StartPage"),
        doi=doi,
        pmid=pmid if pmid.isdigit() else "",
        abstract=" ".join(article.texts.get("Abstract/AbstractText", [])),
        registries=tuple(dict.fromkeys(item for item in registries if item)),
    )
