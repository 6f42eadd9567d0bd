"""The fingerprint of the model: everything in the package's data that changes a simulated number."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from her2sim.core.paths import data_dir

FOLDERS = ("parameters", "calibration", "drugs", "populations", "regimens", "recist", "defaults")


@cache
def data_fingerprint() -> str:
    """SHA-256 over the data files that a simulation reads, by name and content, line ends made alike.

    A run folder belongs to one fingerprint: after a change of any parameter the old results are not taken up again.
    """
    digest = sha256()
    for folder in FOLDERS:
        for path in sorted(data_dir(folder).rglob("*.yaml")):
            digest.update(f"{folder}/{path.name}\n".encode())
            digest.update("\n".join(path.read_text(encoding="utf-8").splitlines()).encode())
    return digest.hexdigest()
