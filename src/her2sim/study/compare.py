"""A run, or any record, beside the published record of the same trial."""

from __future__ import annotations

from pathlib import Path

from her2sim.analysis.compare import compare as compare_records
from her2sim.analysis.comparison import Comparison
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.record.reading import is_record_path, read_record
from her2sim.record.types import TrialRecord

__all__ = ["Comparison", "compare", "removed_mechanisms"]


def compare(first: str | Path, second: str | Path | None = None) -> Comparison:
    """Set a simulated record beside a published one.

    Main arguments:
        first: a run folder, a YAML file, or the id of a built-in trial.

    Other arguments:
        second: likewise; if not given, the published record of the run folder, else the built-in trial of the same id.

    Raises:
        InputError: a folder or file cannot be used, or there is no published record of this id.
    """
    simulated = _record(first)
    if second is not None:
        return compare_records(simulated, _record(second))
    published = Path(first) / "published.yaml"
    if Path(first).is_dir() and published.is_file():
        return compare_records(simulated, read_record(published))
    try:
        own = load_record(simulated.id)
    except InputError as error:
        raise InputError(
            f"there is no published record of {simulated.id} to compare with.",
            where=str(first),
            hint="Name one as the second argument: a YAML file, or the id of a built-in trial.",
        ) from error
    if own == simulated:
        raise InputError(
            f"{simulated.id} is the published record itself, so there is nothing simulated to compare.",
            hint=f"Simulate it first (her2sim run {simulated.id}), then name its run folder.",
        )
    return compare_records(simulated, own)


def removed_mechanisms(*places: str | Path | None) -> list[str]:
    """One sentence for each of these runs or records that was simulated without some mechanisms."""
    found: list[str] = []
    for place in places:
        names = _record(place).extra.get("without") if place is not None else None
        if names:
            found.append(f"{place} was simulated without {', '.join(map(str, names))}.")
    return found


def _record(place: str | Path) -> TrialRecord:
    path = Path(place)
    if path.is_dir():
        if not (path / "record.yaml").is_file():
            raise InputError(
                "this folder holds no record.yaml, so there is nothing to compare.",
                where=str(path),
                hint="Name a run folder; if its run was stopped, run its command again.",
            )
        return read_record(path / "record.yaml")
    if path.parent != Path() and not path.exists():
        raise InputError("there is no such folder or file.", where=str(path))
    return load_record(path if isinstance(place, Path) or is_record_path(str(place)) else str(place))
