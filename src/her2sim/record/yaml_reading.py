"""YAML text to plain objects with the line of every key, guarded against hostile and careless files.

The document is built from the event stream of PyYAML with an explicit stack, so that neither deep nesting nor aliases
("billion laughs") can exhaust memory, and no Python object can be constructed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.errors import InputError

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_NODES = 400_000
KeyPath = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}


@dataclass(frozen=True)
class Located:
    """A loaded document and where its parts stand.

    Main arguments:
        value: plain mappings, lists, texts, numbers, booleans and None.
        lines: path of keys and indices to its line, counted from 1.
        file: name shown in error messages.
    """

    value: Any
    lines: Mapping[KeyPath, int]
    file: str


@dataclass
class _Open:
    """A mapping or list that is still being filled."""

    value: dict[str, Any] | list[Any]
    path: KeyPath
    line: int
    key: str | None = None
    anchor: str | None = None


def load_yaml_file(path: Path) -> Located:
    """The document in a file.

    Raises:
        InputError: the file is missing, unreadable, larger than 4 MB, not UTF-8, or not safe YAML.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"file of {size} bytes is too large", where=str(path), hint=f"At most {MAX_BYTES} bytes.")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), hint=_neighbors(path)) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 text (byte {error.start})", where=str(path), hint="Save the file as UTF-8 and try again."
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    return load_yaml(text, str(path))


def load_yaml(text: str, file: str = "<text>") -> Located:
    """The document in a text.

    Main arguments:
        text: one YAML document of mappings, lists and scalars.

    Other arguments:
        file: name shown in error messages.

    Raises:
        InputError: broken YAML, more than one document, a key given twice, an explicit type tag, nesting beyond 40
            levels, or aliases that expand beyond 400 000 nodes.

    >>> load_yaml("a: {b: 1}").lines[("a", "b")]
    1
    """
    if len(text) > MAX_BYTES:
        raise InputError(f"text of {len(text)} characters is too large", where=file, hint=f"At most {MAX_BYTES}.")
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable characters"
        line = f":{min(mark.line, text.count(chr(10))) + 1}" if mark else ""
        raise InputError(
            f"not YAML: {problem}", where=f"{file}{line}", hint="Check indentation, quotes and brackets near this line."
        ) from None
    return Located(builder.root, builder.lines, file)


class _Builder:
    """Builds one document from YAML events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Any = None
        self.lines: dict[KeyPath, int] = {}
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """One event of the stream."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error("a second document starts", line, "One file holds one record: remove the '---'.")
        elif isinstance(event, yaml.ScalarEvent):
            self._count(1, line)
            self._refuse_tag(event, line)
            value = (
                event.value
                if event.style in ("'", '"', "|", ">") or not event.implicit[0]
                else resolve_plain(event.value)
            )
            self._put(value, line, event.value, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._error(
                    f"alias *{event.anchor} has no finished anchor", line, "Define &name before using it."
                )
            value, size = self._anchors[event.anchor]
            self._count(size, line)
            self._put(value, line, value if isinstance(value, str) else None, None)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._count(1, line)
            self._refuse_tag(event, line)
            if len(self._stack) >= MAX_DEPTH:
                raise self._error(f"nested deeper than {MAX_DEPTH} levels", line, "A record needs about 6 levels.")
            empty: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._stack.append(_Open(empty, self._path(line), line, anchor=event.anchor))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self._stack.pop()
            if done.anchor:
                self._anchors[done.anchor] = (done.value, _size(done.value))
            self._put(done.value, done.line, None, None)

    def _path(self, line: int) -> KeyPath:
        """Where the next value belongs."""
        if not self._stack:
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            return (*top.path, len(top.value))
        if top.key is None:
            raise self._error("a key is itself a list or mapping", line, "Keys are words; did you forget quotes?")
        return (*top.path, top.key)

    def _put(self, value: Any, line: int, text: str | None, anchor: str | None) -> None:
        """A finished value: the root, an item of a list, a key, or the value of a key."""
        if anchor:
            self._anchors[anchor] = (value, 1)
        if not self._stack:
            self.root = value
            self.lines.setdefault((), line)
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            self.lines.setdefault((*top.path, len(top.value)), line)
            top.value.append(value)
        elif top.key is None:
            if text is None:
                raise self._error("a key is itself a list or mapping", line, "Keys are words; did you forget quotes?")
            if text in top.value:
                first = self.lines[(*top.path, text)]
                raise self._error(f"key {text!r} is given twice", line, f"It stands already in line {first}: keep one.")
            top.key = text
            self.lines[(*top.path, text)] = line
        else:
            top.value[top.key] = value
            top.key = None

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._error(f"more than {MAX_NODES} values", line, "Are aliases repeated inside aliases?")

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            raise self._error(f"type tag {event.tag}", line, "Remove the tag: records hold plain values only.")

    def _error(self, what: str, line: int, hint: str) -> InputError:
        return InputError(what, where=f"{self.file}:{line}", hint=hint)


def resolve_plain(text: str) -> Any:
    """The value of an unquoted scalar: null, boolean, number or the text itself (dates stay text)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) < 300:
        return int(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _size(value: Any) -> int:
    """Number of values in a finished tree, stopping once it is too large to be expanded even once more."""
    count = 0
    stack = [value]
    while stack and count <= MAX_NODES:
        item = stack.pop()
        count += 1
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return count


def _neighbors(path: Path) -> str:
    """Files of the same folder that might have been meant."""
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either."
    from her2sim.core.errors import nearest

    near = nearest(path.name, [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml")])
    return f"Did you mean {', '.join(near)}?" if near else "Check the path."
