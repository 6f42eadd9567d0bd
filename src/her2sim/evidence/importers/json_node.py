"""JSON as nodes that know their path, so that every complaint says where: depth, size and odd numbers are guarded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from her2sim.core.errors import InputError
from her2sim.evidence.importers.source_text import SourceText

MAX_DEPTH = 60
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True)
class Node:
    """A mapping of a JSON document.

    Main arguments:
        file: name of the document.
        path: keys and indices that lead here, for example ``resultsSection.outcomeMeasuresModule``.
        value: the mapping.
    """

    file: str
    path: str
    value: dict[str, Any]

    def place(self, key: str = "") -> str:
        """Path of a key of this node."""
        return ".".join(part for part in (self.path, key) if part)

    def error(self, what: str, key: str = "", hint: str = "") -> InputError:
        """An ``InputError`` placed here."""
        where = self.place(key)
        return InputError(what, where=f"{self.file}: {where}" if where else self.file, hint=hint)

    def child(self, key: str) -> Node:
        """The mapping under ``key``; an empty one where it is absent."""
        found = self.value.get(key)
        if found is None:
            return Node(self.file, self.place(key), {})
        if not isinstance(found, dict):
            raise self.error(f"expected an object, not {_kind(found)}", key)
        return Node(self.file, self.place(key), found)

    def at(self, *keys: str) -> Node:
        """The mapping several keys down."""
        node = self
        for key in keys:
            node = node.child(key)
        return node

    def items(self, key: str) -> list[Node]:
        """The mappings of the list under ``key``; none where it is absent."""
        return [Node(self.file, f"{self.place(key)}[{at}]", item) for at, item in self._list(key, dict, "objects")]

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of the list under ``key``."""
        return tuple(" ".join(item.split()) for _, item in self._list(key, str, "texts"))

    def text(self, key: str) -> str:
        """The text under ``key`` without extra blanks; numbers as they are written; "" where absent."""
        found = self.value.get(key)
        if found is None:
            return ""
        if isinstance(found, bool | dict | list):
            raise self.error(f"expected a text, not {_kind(found)}", key)
        return " ".join(str(found).split())

    def flag(self, key: str) -> bool | None:
        """True, false, or None where absent."""
        found = self.value.get(key)
        if found is not None and not isinstance(found, bool):
            raise self.error(f"expected true or false, not {_kind(found)}", key)
        return found

    def number(self, key: str) -> float | None:
        """A number, also one written as text; None where absent, empty or ``NA``."""
        text = self.text(key)
        if _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        if not text or text.upper() in ("NA", "N/A", "NR", "NE"):
            return None
        try:
            value = float(text if "_" not in text else "")
        except ValueError:
            raise self.error(f"{text[:40]!r} is not a number", key) from None
        if not math.isfinite(value):
            raise self.error(f"{text[:40]!r} is not a finite number", key)
        return value

    def count(self, key: str) -> int | None:
        """A whole number, 0 or more."""
        value = self.number(key)
        if value is not None and (value < 0 or not value.is_integer() or value > 1e7):
            raise self.error(f"{self.text(key)[:40]} is impossible as a number of participants", key)
        return None if value is None else int(value)

    def _list(self, key: str, kind: type, words: str) -> Iterator[tuple[int, Any]]:
        found = self.value.get(key)
        if found is None:
            return
        if not isinstance(found, list):
            raise self.error(f"expected a list, not {_kind(found)}", key)
        for at, item in enumerate(found):
            if not isinstance(item, kind):
                raise self.error(f"expected a list of {words}, and one is {_kind(item)}", f"{key}[{at}]")
            yield at, item


def read_json(source: SourceText) -> Node:
    """The root of a JSON document.

    Raises:
        InputError: not JSON (with line), nested too deep, a key given twice, or anything but an object.

    >>> read_json(SourceText("a.json", '{"a": {"b": "1,200"}}')).at("a").number("b")
    1200.0
    """
    try:
        value = json.loads(source.text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", where=f"{source.name}:{error.lineno}") from None
    except RecursionError:
        raise InputError("nested too deep", where=source.name) from None
    except ValueError as error:
        raise InputError(f"not JSON: {error}", where=source.name) from None
    if not isinstance(value, dict):
        raise InputError(f"expected an object, not {_kind(value)}", where=source.name, hint="Expected one study.")
    _check_depth(value, source.name)
    return Node(source.name, "", value)


def _check_depth(value: Any, file: str) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise InputError(f"nested deeper than {MAX_DEPTH} levels", where=file)
        below: list[Any] = []
        for item in level:
            inner = item.values() if isinstance(item, dict) else item
            below += [part for part in inner if isinstance(part, dict | list)]
        level = below


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} is given twice in one object")
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _kind(value: Any) -> str:
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return words.get(type(value), "a number")
