"""PubMed XML, MEDLINE and RIS: the same article from each, and what must not get in."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.evidence.exporters.bibtex import citations_bibtex, sources_bibtex
from her2sim.evidence.importers.imported import Citation
from her2sim.evidence.importers.importing import format_of, import_bytes, import_file
from her2sim.evidence.importers.pubmed_xml import parse_pubmed_xml
from her2sim.evidence.importers.source_text import SourceText, decode
from her2sim.evidence.importers.tagged_lines import import_nbib, import_ris
from her2sim.study.bring import attach_citations

XML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" "https://dtd.nlm.nih.gov/p.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">10000001</PMID>
<Article><Journal><JournalIssue><Volume>366</Volume><Issue>2</Issue><PubDate><Year>2012</Year></PubDate></JournalIssue>
<Title>The Journal of Trials</Title><ISOAbbreviation>J Trials</ISOAbbreviation></Journal>
<ArticleTitle>Two drugs for HER2<sup>+</sup> disease &amp; more.</ArticleTitle>
<Pagination><MedlinePgn>109-19</MedlinePgn></Pagination>
<ELocationID EIdType="doi">10.1000/jt.1</ELocationID><Abstract><AbstractText Label="METHODS">We drew
lots.</AbstractText><AbstractText Label="RESULTS">It worked.</AbstractText></Abstract><AuthorList>
<Author><LastName>Cortés</LastName><ForeName>Jo</ForeName><Initials>J</Initials></Author>
<Author><CollectiveName>The Study Group</CollectiveName></Author></AuthorList><DataBankList><DataBank>
<DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList><AccessionNumber>NCT00000001</AccessionNumber>
</AccessionNumberList></DataBank></DataBankList></Article></MedlineCitation><PubmedData><ReferenceList><Reference>
<Citation>Other</Citation><ArticleIdList><ArticleId IdType="doi">10.1000/other</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle></PubmedArticleSet>"""
NBIB = """
PMID- 10000001
TI  - Two drugs for HER2+ disease
      & more.
AU  - Cortes J
CN  - The Study Group
TA  - J Trials
JT  - The Journal of Trials
DP  - 2012 Jan 12
VI  - 366
IP  - 2
PG  - 109-19
LID - 10.1000/jt.1 [doi]
AB  - We drew lots.
SI  - ClinicalTrials.gov/NCT00000001
"""
RIS = """TY  - JOUR
TI  - Two drugs for HER2+ disease & more
AU  - Cortes, Jo
J2  - J Trials
PY  - 2012/01/12/
VL  - 366
IS  - 2
SP  - 109
EP  - 19
DO  - https://doi.org/10.1000/jt.1
ER  -
"""


def test_the_same_article_comes_from_all_three_formats() -> None:
    xml = parse_pubmed_xml(XML.encode(), "a.xml").citations[0]
    nbib = import_nbib(SourceText("a.nbib", NBIB)).citations[0]
    ris = import_ris(SourceText("a.ris", RIS)).citations[0]
    for one in (xml, nbib, ris):
        assert (one.journal, one.year, one.volume, one.issue, one.pages) == ("J Trials", "2012", "366", "2", "109-19")
        assert one.doi == "10.1000/jt.1" and one.title.startswith("Two drugs for HER2+ disease & more")
    assert xml.authors == ("Cortés J", "The Study Group") and nbib.authors == ("Cortes J", "The Study Group")
    assert xml.pmid == nbib.pmid == "10000001" and xml.registries == nbib.registries == ("NCT00000001",)
    assert xml.abstract == "METHODS: We drew lots. RESULTS: It worked."


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_the_encoding_of_the_declaration_is_used(encoding: str) -> None:
    content = XML.replace("utf-8", encoding).encode(encoding)
    assert parse_pubmed_xml(content, "a.xml").citations[0].authors[0] == "Cortés J"


BOMB = '<!DOCTYPE PubmedArticleSet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><PubmedArticleSet>&b;</PubmedArticleSet>'
FILE = '<!DOCTYPE PubmedArticleSet [<!ENTITY x SYSTEM "file:///etc/passwd">]><PubmedArticleSet>&x;</PubmedArticleSet>'
PARAMETER = '<!DOCTYPE PubmedArticleSet [<!ENTITY % p SYSTEM "http://x/e.dtd">%p;]><PubmedArticleSet/>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "declarations of its own"), (FILE, "declarations of its own"), (PARAMETER, "declarations of its own"),
        (XML.replace("&amp;", "&evil;"), "entity|not XML"), ("<html/>", "the root is 'html'"),
        (XML[:-30], "a.xml:.*not XML"), ("<PubmedArticleSet/>", "no article with a title"), ("no xml", "not XML"),
        ("<PubmedArticleSet>" + "<a>" * 60, "nested deeper"),
        ('<?xml version="1.0" encoding="klingon"?><PubmedArticleSet/>', "unknown encoding|decoded|no article"),
    ],
)  # fmt: skip
def test_unsafe_or_broken_xml_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_pubmed_xml(text.encode(), "a.xml")


def test_an_undefined_entity_behind_an_external_document_type_does_not_vanish_from_a_title() -> None:
    """Expat skips entities that an unread DTD might define: a title would silently lose its Greek letters."""
    with pytest.raises(InputError, match="entity"):
        parse_pubmed_xml(XML.replace("&amp;", "&beta;").encode(), "a.xml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TI  - x\n", ":1.*first line of an entry"), ("PMID- 1\nnonsense\n", ":2.*expected a tag"),
        ("PMID- 1\nAU  - Doe J\n", "no citation with a title"),
    ],
)  # fmt: skip
def test_broken_medline_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        import_nbib(SourceText("a.nbib", text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", ":1.*an entry begins"), ("TY  - JOUR\nTI  - A\n", ":1.*does not end"),
        ("TY  - JOUR\nTI  - A\nTY  - JOUR\n", ":3.*of line 1 has no ER"),
    ],
)  # fmt: skip
def test_broken_ris_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        import_ris(SourceText("a.ris", text))


def test_encodings_are_told_by_their_mark_and_others_refused_with_the_line() -> None:
    assert decode("é\r\n".encode("utf-16"), "x").text == "é\n"
    with pytest.raises(InputError, match=r"x:2: not UTF-8 text \(byte 3\)"):
        decode(b"ab\n\xe9", "x")
    with pytest.raises(InputError, match="NUL"):
        decode(b"a\0b", "x")


def test_missing_empty_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_file(tmp_path / "none.ris")
    (tmp_path / "empty.ris").write_text(" \n")
    with pytest.raises(InputError, match="empty"):
        import_file(tmp_path / "empty.ris")
    big = tmp_path / "big.ris"
    with big.open("wb") as file:
        file.truncate(50_000_001)
    with pytest.raises(InputError, match="50000001 bytes"):
        import_file(big)
    with pytest.raises(InputError, match="--as"):
        format_of("", b"what is this", "x")


def test_citations_are_attached_once_and_not_as_read() -> None:
    record = load_record("EMILIA")
    one = Citation("NEW1", "A", year="2012", doi="10.1000/new")
    once = attach_citations(record, [one, Citation("NEW2", "A again", doi="10.1000/new")])
    twice = attach_citations(once, [one])
    assert twice.sources.keys() - record.sources.keys() in ({"NEW1"}, {"NEW1", "NEW2"})
    assert once.sources == twice.sources and once.sources["NEW1"]["read"] is False


def test_bibtex_keys_are_unique_and_every_brace_is_closed() -> None:
    text = sources_bibtex([load_record("EMILIA"), load_record("CLEOPATRA")])
    keys = [line for line in text.splitlines() if line.startswith("@")]
    assert len(keys) == len(set(keys)) > 5
    assert text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


@settings(max_examples=80, deadline=None)
@given(PRINTABLE, PRINTABLE, st.integers(1900, 2099))
def test_what_is_written_as_ris_and_medline_is_read_back(title: str, author: str, year: int) -> None:
    ris = import_ris(SourceText("a", f"TY  - JOUR\nTI  - {title}\nAU  - {author}\nPY  - {year}\nER  - \n")).citations[0]
    nbib = import_nbib(SourceText("a", f"PMID- 7\nTI  - {title}\nAU  - {author}\nDP  - {year}\n")).citations[0]
    assert ris.title == nbib.title == title and ris.year == nbib.year == str(year)
    assert nbib.authors == (author,)
    assert citations_bibtex([ris, nbib]).count("@article{") == 2


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(("clinicaltrials", "pubmed", "nbib", "ris", "arms")))
def test_any_bytes_are_read_or_refused_in_words(content: bytes, form: str) -> None:
    with contextlib.suppress(InputError):
        import_bytes(content, "x", form)
