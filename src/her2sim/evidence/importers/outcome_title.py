"""The title of a registry's outcome measure to an endpoint: read in full, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from her2sim.core.paths import data_dir
from her2sim.record.yaml_reading import load_yaml_file

_TIME = re.compile(
    r"\b(?:at|after|by)?\s*(?:month|week|year)?s?\s*(\d+)[\s-]*(month|week|year)s?\b|\b(month|week|year) (\d+)\b"
)
MAX_TITLE = 1000
Kind = Literal["curve", "share", "best_response"]
_SUFFIX = {"month": "mo", "week": "wk", "year": "y"}


@dataclass(frozen=True)
class Outcome:
    """What a title says.

    Main arguments:
        kind: ``curve`` (time to event), ``share`` (of patients) or ``best_response`` (one share per category).
        endpoint: name of the curve or share, without ``_median`` or ``_rate_…``; "" for best response.

    Other arguments:
        assessor: ``BICR``, ``INV`` or "".
        confirmed: None where the title does not say.
        at: time of a rate as in names of endpoints, for example ``12mo``, else "".
    """

    kind: Kind
    endpoint: str
    assessor: str = ""
    confirmed: bool | None = None
    at: str = ""


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Any]:
    """The table ``data/evidence/registry_outcomes.yaml``."""
    return load_yaml_file(data_dir("evidence") / "registry_outcomes.yaml").value


@lru_cache(maxsize=1)
def _phrases() -> Mapping[str, tuple[Kind, str]]:
    table = rules()
    found: dict[str, tuple[Kind, str]] = {}
    for name, phrases in table["curves"].items():
        found.update(dict.fromkeys(phrases, ("curve", name)))
    for name, phrases in table["shares"].items():
        found.update(dict.fromkeys(phrases, ("share", name)))
    found.update(dict.fromkeys(table["categories_of_best_response"], ("best_response", "")))
    return found


@lru_cache(maxsize=1)
def _qualifiers() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table: dict[str, list[str]] = rules()["qualifiers"]
    return tuple((key, re.compile(pattern)) for key, patterns in table.items() for pattern in patterns)


def read_title(title: str) -> tuple[Outcome | None, str]:
    """The outcome that a title names, and the words that were left over (or that it came down to).

    >>> read_title("Progression-Free Survival (PFS) as Assessed by Independent Review Committee per RECIST v1.1")[0]
    Outcome(kind='curve', endpoint='PFS', assessor='BICR', confirmed=None, at='')
    >>> read_title("Time to deterioration of dyspnea")
    (None, 'time deterioration of dyspnea')
    """
    if len(title) > MAX_TITLE:
        return None, title[:MAX_TITLE].lower()
    text = re.sub(r"[()\[\],;:.'\"’](?!\d)", " ", title.lower())
    text = " ".join(re.sub(r"[-–—_/]", " ", text).split())
    whole = _phrases().get(text)
    assessor, confirmed, at = "", None, ""
    if whole is None:
        for key, pattern in _qualifiers():
            text, count = pattern.subn(" ", text)
            text = " ".join(text.split())
            if not count:
                continue
            if key in ("BICR", "INV"):
                if assessor and assessor != key:
                    return None, title.lower()
                assessor = key
            elif key in ("confirmed", "unconfirmed"):
                confirmed = key == "confirmed"
        time = _TIME.search(text)
        if time:
            at = time_suffix(time)
            text = " ".join(re.sub(r"\b(rate|at|of)\b", " ", text[: time.start()] + " " + text[time.end() :]).split())
        whole = _phrases().get(text) or _phrases().get(text.removesuffix(" rate"))
    if whole is None:
        return None, text
    return Outcome(whole[0], whole[1], assessor, confirmed, at), text


def read_time(title: str) -> str:
    """The time that the title of a class names and nothing else, as in names of endpoints.

    >>> read_time("12 months"), read_time("Month 24"), read_time("HER2 IHC 3+")
    ('12mo', '24mo', '')
    """
    words = " ".join(re.sub(r"[-–—_]", " ", title.lower()).split())
    found = _TIME.fullmatch(words)
    return time_suffix(found) if found else ""


def time_suffix(found: re.Match[str]) -> str:
    """``12mo`` for a match of a time."""
    number, unit = (found[1], found[2]) if found[1] else (found[4], found[3])
    return f"{int(number)}{_SUFFIX[unit]}"
