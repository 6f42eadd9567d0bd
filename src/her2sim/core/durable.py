"""Files that are either whole or absent: written beside their place, flushed to the disk, then renamed into it.

A computer may stop at any moment; whoever finds a file under its own name may trust it. Errors of the disk become
messages that say what to do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from her2sim.core.errors import Her2SimError, InputError, SimulationError

TEMPORARY = ".tmp-"


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary path to write to; on leaving the block it becomes ``path`` at once, or nothing changes.

    Main arguments:
        path: file or folder to make or (files only) to replace. Its parent must exist.

    Raises:
        SimulationError: the disk is full or failing.
        InputError: writing is not permitted.
    """
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    try:
        yield temporary
        flush(temporary)
        os.replace(temporary, path)
        flush(path.parent)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file so that it is never seen half written."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def flush(path: Path) -> None:
    """Make the operating system put a file or a folder's entries on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders for this
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_error(error: OSError, path: Path) -> Her2SimError:
    """The message for an error of the disk, by its cause.

    >>> disk_error(OSError(errno.ENOSPC, "No space left on device"), Path("runs/a")).exit_code
    1
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return SimulationError(
            "no space is left on the disk.",
            where=str(path),
            why="What was finished is kept.",
            hint="Free some space and run the same command again: it goes on from there.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(
            "writing here is not permitted.",
            where=str(path),
            hint="Choose a folder of your own with --out, or change its permissions.",
        )
    reason = error.strerror or str(error)
    return SimulationError(f"the disk refused: {reason}.", where=str(path), why="What was finished is kept.")
