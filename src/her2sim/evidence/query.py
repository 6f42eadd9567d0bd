"""Filtering the list of trials: plain words, and ``key:value`` terms."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.index import Entry

ALIASES: dict[str, str] = {
    "t-dxd": "trastuzumab deruxtecan",
    "tdxd": "trastuzumab deruxtecan",
    "enhertu": "trastuzumab deruxtecan",
    "t-dm1": "trastuzumab emtansine",
    "tdm1": "trastuzumab emtansine",
    "kadcyla": "trastuzumab emtansine",
    "herceptin": "trastuzumab",
    "perjeta": "pertuzumab",
    "tykerb": "lapatinib",
    "tukysa": "tucatinib",
    "keytruda": "pembrolizumab",
    "5-fu": "fluorouracil",
}
SETTING_WORDS: dict[str, str] = {
    "1l": "metastatic-1l",
    "2l": "metastatic-2l",
    "3l": "metastatic-3l+",
    "3l+": "metastatic-3l+",
}
CLASS_WORDS: dict[str, str] = {
    "adc": "antibody-drug conjugate",
    "tki": "kinase inhibitor",
    "ici": "checkpoint inhibitor",
    "checkpoint": "checkpoint inhibitor",
}
LINES: dict[str, str] = {"metastatic-1L": "1", "metastatic-2L": "2", "metastatic-3L+": "3"}
TARGET_WORDS: dict[str, str] = {"pd1": "pd-1", "pdl1": "pd-l1", "erbb2": "her2"}
FIELDS: dict[str, Callable[[Entry], Sequence[str]]] = {
    "id": lambda entry: (entry.id,),
    "nct": lambda entry: (entry.nct,),
    "drug": lambda entry: entry.drugs,
    "disease": lambda entry: (entry.disease, entry.disease_text),
    "setting": lambda entry: (entry.setting,),
    "line": lambda entry: (LINES.get(entry.setting, entry.setting),),
    "class": lambda entry: entry.classes,
    "target": lambda entry: entry.targets,
    "biomarker": lambda entry: entry.biomarkers,
    "endpoint": lambda entry: entry.endpoints,
    "status": lambda entry: (entry.status,),
    "role": lambda entry: (entry.role,),
    "kind": lambda entry: (entry.kind,),
    "phase": lambda entry: (entry.phase,),
}
EXACT = frozenset({"status", "role", "kind", "phase", "line", "target"})


def matching(entries: Sequence[Entry], query: str) -> list[Entry]:
    """The entries that fit every term of a query.

    Main arguments:
        query: terms divided by spaces; quotes keep a term together. ``drug:lapatinib`` looks in one field (id, nct,
            drug, class, target, disease, setting, line, biomarker, endpoint, status, role, kind, phase); a plain word
            is looked for in all of them but endpoint, in the names of the arms and in the description of the
            patients. ``-term`` leaves out what fits.

    Raises:
        InputError: an unknown field before the colon, or quotes that are not closed.

    >>> from her2sim.evidence.index import entries
    >>> "EMILIA" in [entry.id for entry in matching(entries(), "drug:T-DM1 setting:2L role:fit")]
    True
    """
    try:
        terms = shlex.split(query.replace("'", r"\'"))
    except ValueError:
        raise InputError(
            f"the quotes in {query!r} are not closed", hint='Write for example drug:"trastuzumab deruxtecan".'
        ) from None
    tests = [_test(term) for term in terms]
    return [entry for entry in entries if all(test(entry) for test in tests)]


def _test(term: str) -> Callable[[Entry], bool]:
    if term.startswith("-") and len(term) > 1:
        inner = _test(term[1:])
        return lambda entry: not inner(entry)
    key, colon, value = term.partition(":")
    if not colon:
        word = term.lower()
        full = ALIASES.get(word, word)
        return lambda entry: _found(entry, word) or (full != word and _found(entry, full))
    field = FIELDS.get(key.lower())
    if field is None:
        raise InputError(f"unknown field {key!r} in {term!r}", hint=did_you_mean(key, FIELDS))
    wanted = _plain_name(key.lower(), value.lower())
    if key.lower() in EXACT:
        return lambda entry: any(text.lower() == wanted for text in field(entry))
    return lambda entry: any(wanted in text.lower() for text in field(entry))


def _plain_name(key: str, value: str) -> str:
    """The name that the index uses, for a value as people write it: ``2L``, ``T-DXd``, ``ADC``."""
    tables = {"drug": ALIASES, "setting": SETTING_WORDS, "class": CLASS_WORDS, "target": TARGET_WORDS}
    if key == "line":
        return value.removesuffix("+").removesuffix("l")
    return tables.get(key, {}).get(value, value)


def _found(entry: Entry, word: str) -> bool:
    fields = (field for name, field in FIELDS.items() if name not in ("endpoint", "line"))
    return any(word in text.lower() for field in fields for text in field(entry)) or word in entry.words
