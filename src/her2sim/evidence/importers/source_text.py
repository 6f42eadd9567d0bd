"""The bytes and the text of a foreign file, with its size and encoding checked before anything is parsed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from her2sim.core.errors import InputError

MAX_BYTES = 50_000_000
"""No single trial or list of citations needs more; the largest registry entries are below 10 MB."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class SourceText:
    """A file that was read.

    Main arguments:
        name: what messages call it.
        text: decoded, without byte order mark, with line ends as ``\\n``.
    """

    name: str
    text: str


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file of at most ``limit`` bytes.

    Raises:
        InputError: no such file, a folder, unreadable, empty or too large.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise InputError(
                f"this file has {size} bytes, and at most {limit} are read",
                where=str(path),
                hint="Download single studies, or split the list.",
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), hint="Check the path.") from None
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}", where=str(path)) from None
    if not content.strip():
        raise InputError("this file is empty", where=str(path))
    return content


def decode(content: bytes, name: str) -> SourceText:
    r"""UTF-8 (with or without byte order mark) or UTF-16 (with one); any other encoding is named as an error.

    Raises:
        InputError: the bytes are not that, with the line of the first that is not; or the text holds NUL characters.

    >>> decode(b"\xef\xbb\xbfa\r\nb", "x").text
    'a\nb'
    """
    encoding, skip = next(((name_, len(mark)) for mark, name_ in _MARKS if content.startswith(mark)), ("utf-8", 0))
    try:
        text = content[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start + skip].count(b"\n") + 1
        raise InputError(
            f"not {encoding.upper()} text (byte {error.start + skip})",
            where=f"{name}:{line}",
            hint="Save the file as UTF-8 and try again.",
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError("binary content (a NUL character)", where=f"{name}:{line}", hint="Expected a text file.")
    return SourceText(name, text)


def read_text(path: Path, limit: int = MAX_BYTES) -> SourceText:
    """The text of a file; see ``read_bytes`` and ``decode``."""
    return decode(read_bytes(path, limit), str(path))
