"""One mapping of a document with its place: typed access to its keys, and errors that name file, line and key."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.yaml_reading import KeyPath, Located

T = TypeVar("T")


@dataclass(frozen=True)
class Fields:
    """A mapping inside a loaded document.

    Main arguments:
        document: the whole document, for lines.
        path: keys and indices that lead to the mapping.
        values: the mapping itself.
    """

    document: Located
    path: KeyPath
    values: dict[str, Any]

    @classmethod
    def root(cls, document: Located) -> Fields:
        """The document's own mapping; an ``InputError`` if the document is anything else."""
        if not isinstance(document.value, dict):
            found = "empty" if document.value is None else f"a {_kind(document.value)}"
            raise InputError(
                f"the document is {found}, not a trial record",
                where=document.file,
                hint="Expected keys such as id, disease, setting and arms.",
            )
        return cls(document, (), document.value)

    def where(self, key: str | None = None, *more: str | int) -> str:
        """``file:line: path.of.key`` of this mapping or of one of its keys."""
        path = self.path if key is None else (*self.path, key, *more)
        known = path
        while known and known not in self.document.lines:
            known = known[:-1]
        line = self.document.lines.get(known)
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        head = f"{self.document.file}:{line}" if line else self.document.file
        return f"{head}: {name}" if name else head

    def error(self, what: str, key: str | None = None, hint: str = "", why: str = "") -> InputError:
        """An ``InputError`` placed at ``key``."""
        return InputError(what, where=self.where(key), hint=hint, why=why)

    def only(self, known: Collection[str]) -> Fields:
        """These fields, after making sure that no key is unknown."""
        for key in self.values:
            if key not in known:
                raise self.error(f"unknown key {key!r}", key, did_you_mean(key, known))
        return self

    def has(self, key: str) -> bool:
        """Whether ``key`` is given and not null."""
        return self.values.get(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """A text; numbers are taken as they were typed, nulls as ``default``."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool | dict | list):
            raise self.error(f"{key} must be a text, not a {_kind(value)}", key)
        return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)

    def choice(self, key: str, options: Collection[str], default: str = "") -> str:
        """One of ``options``."""
        value = self.text(key, default)
        if value not in options:
            raise self.error(f"{key} is {value!r}", key, did_you_mean(value, options))
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(f"{key} must be true or false, not {value!r}", key)
        return value

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number between ``low`` and ``high``, or None."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(f"{key} must be a number, not {value!r}", key)
        if not (math.isfinite(value) and low <= value <= high):
            raise self.error(f"{key} is {value:g}", key, f"Expected a number from {low:g} to {high:g}.")
        return float(value)

    def count(self, key: str, low: int = 0, high: int = 10**9) -> int | None:
        """A whole number between ``low`` and ``high``, or None."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(f"{key} must be a whole number, not {value!r}", key)
        if not low <= value <= high:
            raise self.error(f"{key} is {value}", key, f"Expected a whole number from {low} to {high}.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        value = self.values.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            if not isinstance(item, str):
                raise InputError(f"{item!r} must be a text", where=self.where(key, index))
        return tuple(items)

    def mapping(self, key: str) -> Fields | None:
        """The mapping under ``key``, or None."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(f"{key} must be a mapping of keys to values, not a {_kind(value)}", key)
        return Fields(self.document, (*self.path, key), value)

    def mappings(self, key: str) -> Iterator[Fields]:
        """The mappings of the list under ``key``."""
        value = self.values.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.error(f"{key} must be a list, not a {_kind(value)}", key, "Start each item with a dash.")
        for index, item in enumerate(value):
            path = (*self.path, key, index)
            if not isinstance(item, dict):
                raise InputError(
                    f"{key} must hold mappings, not {item!r}",
                    where=self.where(key, index),
                    hint="Expected {key: value}.",
                )
            yield Fields(self.document, path, item)

    def words(self, key: str, parse: Callable[[str, str], T]) -> T | None:
        """What ``parse(text, where)`` makes of a text, or None where the key is absent.

        A bare number is passed on as text, so that the parser can say which unit is missing.
        """
        return parse(self.text(key), self.where(key)) if self.has(key) else None

    def rest(self, known: Collection[str]) -> dict[str, Any]:
        """The keys beyond ``known``, as they are."""
        return {key: value for key, value in self.values.items() if key not in known and value is not None}


def _kind(value: Any) -> str:
    """A reader's word for the type of a value."""
    return {dict: "mapping", list: "list", bool: "true/false value", str: "text"}.get(type(value), "number")
