"""Virtual clinical trials for HER2-positive cancer.

A research tool: nothing it prints is medical advice.

The public face is small and loads nothing heavy until it is used::

    import her2sim
    record = her2sim.load_record("DESTINY-Breast03")
    run = her2sim.run(record, patients=50, out="runs/db03")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from her2sim.evidence.base import load_record
    from her2sim.study.run import run

__version__ = "0.1.0"
__all__ = ["__version__", "load_record", "run"]

_HOMES = {"load_record": "her2sim.evidence.base", "run": "her2sim.study.run"}


def __getattr__(name: str) -> Any:
    """Load a public name from its room at first use, so that importing her2sim stays fast."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"her2sim has no public name {name!r}; public names: {', '.join(__all__)}")
