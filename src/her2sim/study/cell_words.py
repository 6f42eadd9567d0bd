"""A study of cells in words: lists of lines, half-effects, the excess of a pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from her2sim.core.errors import InputError
from her2sim.model.cell import cell_line, cell_line_names
from her2sim.study.cell import CellStudy, Responses, titled


def line_rows() -> Iterable[str]:
    """The cell lines of the data, one row each."""
    yield f"{'line':<12}{'HER2':>10}{'EGFR':>9}{'HER3':>9}  about"
    for name in cell_line_names():
        line = cell_line(name)
        her2, egfr, her3 = (line.traits[f"{receptor}_per_cell"] for receptor in ("HER2", "EGFR", "HER3"))
        yield f"{name:<12}{her2:>10,.0f}{egfr:>9,.0f}{her3:>9,.0f}  {line.note}"


def traits_from(texts: Sequence[str]) -> dict[str, float]:
    """``name=value`` texts as numbers.

    Raises:
        InputError: a text without ``=`` or without a number.

    >>> traits_from(["HER2_per_cell=2e4"])
    {'HER2_per_cell': 20000.0}
    """
    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"{text!r} sets nothing", hint="Write a name and a number, for example HER2_per_cell=2e4.")
    return found


def study_lines(study: CellStudy) -> Iterable[str]:
    """The study in a few lines: untreated cell, each drug, the pair."""
    bare = study.untreated
    note = f" ({study.cell.note})" if study.cell.note else ""
    yield f"{titled(study)}{note}"
    yield f"  untreated: {_state(bare, (0,))}"
    for inn in study.drugs:
        doses, curve = study.doses[inn], study.curves[inn]
        yield f"  {inn}, {doses[-1]:g} nM: {_state(curve, (len(doses) - 1,))}"
        half = _half_dose(doses, 1.0 - curve.viability)
        yield f"    half of its largest effect at {half:.3g} nM"
    if study.surface is not None and study.excess is not None:
        last = tuple(n - 1 for n in study.surface.akt.shape)
        yield f"  both: {_state(study.surface, last)}"
        for name, values in study.excess.items():
            inner = values[1:, 1:]
            mean, least, most = (round(float(x), 3) + 0.0 for x in (inner.mean(), inner.min(), inner.max()))
            yield f"    excess over {name}: mean {mean:+.3f}, from {least:+.3f} to {most:+.3f}"


def _state(responses: Responses, index: tuple[int, ...]) -> str:
    akt, erk = float(responses.akt[index]), float(responses.erk[index])
    net, left = float(responses.net_per_day[index]), float(responses.viability[index])
    her2 = float(responses.her2_surface[index])
    return (
        f"AKT {akt:.2f}, ERK {erk:.2f}, net growth {net:+.2f} per day, viability {left:.2f}, surface HER2 {her2:,.0f}"
    )


def _half_dose(doses: np.ndarray[tuple[int], np.dtype[np.float64]], effect: np.ndarray) -> float:  # type: ignore[type-arg]
    rising = np.maximum.accumulate(effect)
    return float(np.exp(np.interp(0.5 * rising[-1], rising, np.log(doses))))
