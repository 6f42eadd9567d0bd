"""Trials whose results are kept back: importers take their protocol and leave every result out.

Which trials these are stands in ``data/evidence/roles.yaml`` (``withheld`` and ``withheld_names``). They are known by
registry number and by name, however it is written, because a prediction that is registered ahead of the results is
worth nothing once the results are in the base.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from her2sim.core.paths import data_dir
from her2sim.evidence.base import load_record
from her2sim.evidence.importers.imported import Citation, Remark
from her2sim.evidence.roles import roles
from her2sim.record.yaml_reading import load_yaml_file

STATUS = "withheld"


def kept_back(nct: str, *texts: str) -> str:
    """The withheld trial that a registry number or a text names; empty if there is none.

    Main arguments:
        nct: registry number, or empty.
        texts: ids, acronyms, titles, citations.

    >>> kept_back("NCT02947685"), kept_back("", "Design of the destiny breast-9 trial"), kept_back("", "CLEOPATRA")
    ('PATINA', 'DESTINY-Breast09', '')
    """
    numbers, names = _table()
    if nct.strip().upper() in numbers:
        return numbers[nct.strip().upper()]
    for text in texts:
        for number in re.findall(r"NCT\d{8}", text, re.IGNORECASE):
            if number.upper() in numbers:
                return numbers[number.upper()]
        for pattern, trial in names:
            if pattern.search(text):
                return trial
    return ""


def results_left_out(trial: str, path: str, what: str) -> Remark:
    """The line of the report that says what was not read, and why.

    >>> results_left_out("PATINA", "resultsSection", "the results section").what
    'the results section'
    """
    return Remark(
        path,
        what,
        f"not read: the results of {trial} are withheld (data/evidence/roles.yaml). Its prediction is registered "
        "before anybody looks at them; on the day they are read, take the trial out of that list first",
    )


def without_abstract(citation: Citation) -> tuple[Citation, str]:
    """The citation, without its abstract if it is of a withheld trial, and the id of that trial or an empty text."""
    trial = kept_back("", citation.title, *citation.registries)
    return (replace(citation, abstract=""), trial) if trial and citation.abstract else (citation, "")


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Registry number to trial, and a pattern for each name."""
    others = load_yaml_file(data_dir("evidence") / "roles.yaml").value["withheld_names"]
    numbers: dict[str, str] = {}
    names: list[tuple[re.Pattern[str], str]] = []
    for key in (name for name, role in roles().named.items() if role == "withheld"):
        record = load_record(key)
        if record.nct:
            numbers[record.nct.upper()] = record.id
        names += [(_pattern(name), record.id) for name in (record.id, *others.get(record.id, ()))]
    return numbers, tuple(names)


def _pattern(name: str) -> re.Pattern[str]:
    """A name with any signs or none between its parts, and with or without leading zeros."""
    parts = re.findall(r"[a-z]+|\d+", name.lower())
    words = [f"0*{part.lstrip('0')}" if part.isdigit() else part for part in parts]
    return re.compile(r"(?<![a-z0-9])" + r"[\W_]*".join(words) + r"(?![a-z0-9])", re.IGNORECASE)
