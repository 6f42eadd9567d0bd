"""The fingerprint of the model: everything in the package that changes a simulated number, data and code."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from her2sim.core.paths import data_dir

ROOMS = ("core", "record", "model", "engine", "population", "trial", "endpoints", "study")
FOLDERS = ("parameters", "calibration", "drugs", "populations", "regimens", "recist", "defaults", "observation")


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


@cache
def fingerprint() -> str:
    """SHA-256 over the data files that a simulation reads and the code that makes it, line ends made alike.

    A run folder belongs to one fingerprint: after a change of a parameter or of the simulator, old results are not
    taken up again.
    """
    digest = sha256()
    for folder in FOLDERS:
        for path in sorted(data_dir(folder).rglob("*.yaml")):
            digest.update(f"{folder}/{path.relative_to(data_dir(folder)).as_posix()}\n".encode())
            _add(digest, path)
    for room in ROOMS:
        home = data_dir("").parent / room
        for path in sorted(home.rglob("*.py")):
            digest.update(f"{room}/{path.relative_to(home).as_posix()}\n".encode())
            _add(digest, path)
    return digest.hexdigest()


def _add(digest: _Digest, path: Path) -> None:
    digest.update("\n".join(path.read_text(encoding="utf-8").splitlines()).encode())
