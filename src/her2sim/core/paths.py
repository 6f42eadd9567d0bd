"""Where the package keeps its data files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def data_dir(name: str) -> Path:
    """Folder ``name`` of the package data (``drugs``, ``evidence``, ``parameters``, ``populations``, …).

    >>> data_dir("drugs").name
    'drugs'
    """
    return Path(str(files("her2sim").joinpath("data"))) / name
