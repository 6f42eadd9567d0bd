"""The errors of her2sim: each says what failed, where, why it matters and what to do.

Exit codes follow the contract: 2 for wrong input (nothing was written), 1 for a simulation that could not be
completed (what finished is kept).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Her2SimError(Exception):
    """Base of every error that a user is meant to read.

    Main arguments:
        what: one sentence, what failed.
        where: file and line, key, patient and time: whatever locates it.
        why: why it matters, if not obvious.
        hint: what to do, or the nearest valid value.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", hint: str = "") -> None:
        self.what, self.where, self.why, self.hint = what, where, why, hint
        super().__init__(self.text())

    def text(self) -> str:
        """The message as one paragraph: place, what, why, what to do."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join(_sentence(part) for part in (head, self.why, self.hint) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ":")) else f"{text}."


class InputError(Her2SimError):
    """The input is wrong. Exit code 2; nothing has been written."""

    exit_code = 2


class SimulationError(Her2SimError):
    """The simulation could not be completed. Exit code 1; what finished is kept and named."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names nearest to ``name``, best first, for "did you mean" hints.

    >>> nearest("trastuzumb", ["trastuzumab", "docetaxel"])
    ['trastuzumab']
    """
    by_lower: dict[str, str] = {}
    for item in known:
        by_lower.setdefault(item.lower(), item)
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=count, cutoff=0.5)
    return [by_lower[item] for item in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint sentence that offers the nearest known names, or lists a few when none is near.

    >>> did_you_mean("q3v", ["q3w", "daily"])
    'Did you mean q3w?'
    """
    options = list(known)
    near = nearest(name, options)
    if near:
        return f"Did you mean {', '.join(near)}?"
    shown = ", ".join(sorted(options)[:12])
    return f"Known values: {shown}{', …' if len(options) > 12 else ''}."
