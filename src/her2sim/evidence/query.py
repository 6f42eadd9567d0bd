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
FIELDS: dict[str, Callable[[Entry], Sequence[str]]] = {
    "id": lambda entry: (entry.id,),
    "nct": lambda entry: (entry.nct,),
    "drug": lambda entry: entry.drugs,
    "disease": lambda entry: (entry.disease, entry.disease_text),
    "setting": lambda entry: (entry.setting,),
    "status": lambda entry: (entry.status,),
    "role": lambda entry: (entry.role,),
    "kind": lambda entry: (entry.kind,),
    "phase": lambda entry: (entry.phase,),
}
EXACT = frozenset({"status", "role", "kind", "phase"})


def matching(entries: Sequence[Entry], query: str) -> list[Entry]:
    """The entries that fit every term of a query.

    Main arguments:
        query: terms divided by spaces; quotes keep a term together. ``drug:lapatinib`` looks in one field (id, nct,
            drug, disease, setting, status, role, kind, phase); a plain word is looked for in all of them, in the names
            of the arms and in the description of the patients. ``-term`` leaves out what fits.

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
    wanted = ALIASES.get(value.lower(), value.lower()) if key.lower() == "drug" else value.lower()
    wanted = SETTING_WORDS.get(wanted, wanted) if key.lower() == "setting" else wanted
    if key.lower() in EXACT:
        return lambda entry: any(text.lower() == wanted for text in field(entry))
    return lambda entry: any(wanted in text.lower() for text in field(entry))


def _found(entry: Entry, word: str) -> bool:
    return any(word in text.lower() for field in FIELDS.values() for text in field(entry)) or word in entry.words
