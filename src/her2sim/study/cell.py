"""One kind of cell under one or two drugs: dose-response curves, the surface of a pair, tables and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.model.cell import CellDrug, CellProfile, cell_drug, cell_line, quasi_steady, reference_model
from her2sim.model.cell.growth import cell_growth
from her2sim.model.cell.numbers import cell_numbers
from her2sim.model.drug_file import load_drug
from her2sim.model.mechanisms import cell_mechanisms, chosen, removed_values
from her2sim.model.parameters import ParameterSet
from her2sim.study.drug_pairs import pair_excess

Floats = NDArray[np.float64]

BOTH = "both, equal"
DEFAULT_RANGE = "0.01:1000"
CURVE_POINTS, SURFACE_POINTS = 49, 17
EXAMPLE = "For example --dose-range 0.01:1000 (nM, lowest:highest), once for both drugs or once for each."


@dataclass(frozen=True)
class Responses:
    """What cells do at each dose; arrays of one shape.

    Main arguments:
        akt, erk: activities; net_per_day: growth; viability: cells over untreated cells after the assay.
        her2_surface: HER2 per cell at the surface; occupied: share of HER2 with any antibody at domain II, IV.
    """

    akt: Floats
    erk: Floats
    net_per_day: Floats
    viability: Floats
    her2_surface: Floats
    occupied: Mapping[str, Floats]


@dataclass(frozen=True)
class CellStudy:
    """Curves of each drug and, for two drugs, their surface.

    Main arguments:
        cell: the profile; drugs: their INNs.
        doses: drug -> (n,) nM; curves: drug -> responses (n,); ``BOTH`` is the pair at equal concentrations.
        untreated: responses of shape (1,).
        pair_doses: (m,), (n,) doses of the surface, each from 0; None for one drug.
        surface: responses (m, n); excess: expectation -> (m, n).
        without: names of the mechanisms removed from the cell.
    """

    cell: CellProfile
    drugs: tuple[str, ...]
    doses: Mapping[str, Floats]
    curves: Mapping[str, Responses]
    untreated: Responses
    pair_doses: tuple[Floats, Floats] | None = None
    surface: Responses | None = None
    excess: Mapping[str, Floats] | None = None
    without: tuple[str, ...] = ()


def cell_study(
    line: str,
    drugs: Sequence[str],
    dose_ranges: Sequence[str] = (),
    *,
    traits: Mapping[str, float] | None = None,
    without: Sequence[str] = (),
) -> CellStudy:
    """Dose-response of AKT, ERK and growth of a cell line, and the surface of a pair.

    Main arguments:
        line: name of a cell line of the data.
        drugs: one or two drugs, by any of their names.
        dose_ranges: ``lowest:highest`` in nM free at the cell, for all drugs or for each; a pair needs it.

    Other arguments:
        traits: values instead of those of the line, for example ``{"HER2_per_cell": 2e4}``.
        without: mechanisms to remove (``her2sim model --mechanisms``).

    Raises:
        InputError: unknown line, drug, trait or mechanism; a drug without a site of action at the cell; no drug or
            more than two, or one twice; a pair without a dose range; a range that cannot be read; a negative number.

    >>> study = cell_study("SK-BR-3", ["lapatinib"])
    >>> bool(study.curves["lapatinib"].akt[-1] < 0.5 * study.untreated.akt[0])
    True
    """
    removed = chosen(without, cell_mechanisms())
    cell = cell_line(line).with_traits(**(traits or {}))
    for mechanism in removed.values():
        cell = cell.with_traits(**mechanism.traits)
    numbers = numbers_without(list(removed))
    loaded = [load_drug(name) for name in drugs]
    if not 1 <= len(loaded) <= 2:
        raise InputError(f"{len(loaded)} drugs were given", hint="Give one or two, each with --drug.")
    if len({drug.id for drug in loaded}) < len(loaded):
        raise InputError(f"{loaded[0].inn} was given twice", hint="Give two different drugs, or one.")
    acting = [cell_drug(drug) for drug in loaded]
    ranges = _ranges(dose_ranges, len(acting))
    names = tuple(drug.inn for drug in loaded)
    doses = {inn: np.geomspace(*span, CURVE_POINTS) for inn, span in zip(names, ranges, strict=True)}
    curves = {
        inn: _responses(cell, [drug], {drug.id: doses[inn]}, numbers) for inn, drug in zip(names, acting, strict=True)
    }
    untreated = _responses(cell, [], {}, numbers)
    if len(acting) == 1:
        return CellStudy(cell, names, doses, curves, untreated, without=tuple(removed))
    if ranges[0] == ranges[1]:
        equal = doses[names[0]]
        curves[BOTH] = _responses(cell, acting, dict.fromkeys((drug.id for drug in acting), equal), numbers)
        doses[BOTH] = equal
    first, second = (np.concatenate([[0.0], np.geomspace(*span, SURFACE_POINTS)]) for span in ranges)
    surface = _responses(cell, acting, {acting[0].id: first[:, None], acting[1].id: second[None, :]}, numbers)
    excess = pair_excess(first, second, 1.0 - surface.viability)
    return CellStudy(cell, names, doses, curves, untreated, (first, second), surface, excess, tuple(removed))


def titled(study: CellStudy) -> str:
    """The cell, with what was removed from it."""
    return study.cell.name + (f" without {', '.join(study.without)}" if study.without else "")


def numbers_without(names: Sequence[str]) -> ParameterSet:
    """The numbers of the cell with some mechanisms removed.

    Raises:
        InputError: no mechanism of the cell has that name, or two contradict each other.

    >>> numbers_without(["adaptive_her3"]).value("her3_adaptive_gain")
    0.0
    """
    known = cell_numbers()
    values = removed_values(chosen(names, cell_mechanisms()).values())
    changed = {name: replace(known.quantities[name], value=value) for name, value in values.items()}
    return ParameterSet({**known.quantities, **changed}, known.sources)


def write_cell_study(study: CellStudy, out: Path) -> list[Path]:
    """Tables (CSV) and figures (SVG, PNG) of a study in folder ``out``; returns the paths.

    Raises:
        InputError: ``out`` is a file.
    """
    from her2sim.plots.cell import DoseCurve, dose_response_figure, pair_figure
    from her2sim.plots.saving import save_figure

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder", hint="Give a folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "dose_response.csv", _curve_table(study))
    paths = [out / "dose_response.csv"]
    titles = {"AKT activity": "akt", "ERK activity": "erk", "net growth per day": "net_per_day"}

    def panels(responses: Responses) -> dict[str, Floats]:
        return {title: np.asarray(getattr(responses, field)) for title, field in titles.items()}

    bare = {title: float(values[0]) for title, values in panels(study.untreated).items()}
    curves = [DoseCurve(inn, study.doses[inn], panels(curve), bare) for inn, curve in study.curves.items()]
    paths += save_figure(dose_response_figure(curves, title=titled(study)), out, "dose_response")
    if study.surface is not None and study.pair_doses is not None and study.excess is not None:
        write_text(out / "pair.csv", _pair_table(study, study.surface, study.pair_doses, study.excess))
        both = (study.drugs[0], study.drugs[1])
        title = f"{titled(study)}: {both[0]} with {both[1]}"
        figure = pair_figure(both, study.pair_doses, 1.0 - study.surface.viability, study.excess, title=title)
        paths += [out / "pair.csv", *save_figure(figure, out, "pair")]
    return paths


def export_reference(drugs: Sequence[str], path: Path, *, without: Sequence[str] = ()) -> None:
    """The full reference model for those drugs as SBML (``.xml``) or Antimony (``.ant``).

    Raises:
        InputError: another ending, or a drug without a site of action at the cell.
    """
    from her2sim.exchange import to_antimony, to_sbml

    writers = {".xml": to_sbml, ".sbml": to_sbml, ".ant": to_antimony}
    if path.suffix not in writers:
        raise InputError(f"{path} has no ending of a model", hint="Use .xml (SBML) or .ant (Antimony).")
    model = reference_model([cell_drug(name) for name in drugs], numbers=numbers_without(without))
    write_text(path, writers[path.suffix](model))


def _responses(
    cell: CellProfile, drugs: Sequence[CellDrug], doses: Mapping[str, Floats], numbers: ParameterSet
) -> Responses:
    shape = np.broadcast_shapes((1,), *(dose.shape for dose in doses.values()))
    flat = {name: np.broadcast_to(dose, shape).ravel() for name, dose in doses.items()}
    rest = quasi_steady(cell.traits, drugs, flat, numbers=numbers)
    growth = cell_growth(rest, cell.doubling_time_days, cell.er_growth_share)
    return Responses(
        akt=rest.akt.reshape(shape),
        erk=rest.erk.reshape(shape),
        net_per_day=growth.net_per_day.reshape(shape),
        viability=growth.viability.reshape(shape),
        her2_surface=rest.her2_surface.reshape(shape),
        occupied={domain: share.reshape(shape) for domain, share in rest.occupancy.items()},
    )


def _ranges(texts: Sequence[str], drugs: int) -> list[tuple[float, float]]:
    if not texts and drugs > 1:
        raise InputError("a pair of drugs needs a dose range", why="Its surface runs over both doses.", hint=EXAMPLE)
    given = list(texts) or [DEFAULT_RANGE]
    if len(given) not in (1, drugs):
        raise InputError(f"{len(given)} dose ranges for {drugs} drugs", hint=EXAMPLE)
    found: list[tuple[float, float]] = []
    for text in given * (drugs if len(given) == 1 else 1):
        low, colon, high = text.partition(":")
        try:
            span = (float(low), float(high))
        except ValueError:
            span = (math.nan, math.nan)
        if not colon or not 0.0 < span[0] < span[1] < math.inf:
            raise InputError(f"the dose range {text!r} cannot be used", hint=f"Both above 0, ascending. {EXAMPLE}")
        found.append(span)
    return found


_COLUMNS = ("akt", "erk", "net_per_day", "viability", "her2_surface")


def _row(responses: Responses, index: tuple[int, ...]) -> list[str]:
    return [f"{float(getattr(responses, name)[index]):.6g}" for name in _COLUMNS]


def _curve_table(study: CellStudy) -> str:
    lines = [",".join(("drug", "dose_nM", *_COLUMNS, "occupied_II", "occupied_IV"))]
    lines.append(",".join(("none", "0", *_row(study.untreated, (0,)), "0", "0")))
    for inn, curve in study.curves.items():
        for i, dose in enumerate(study.doses[inn]):
            held = [f"{float(curve.occupied[d][i]) if d in curve.occupied else 0.0:.6g}" for d in ("II", "IV")]
            lines.append(",".join((inn.replace(",", ""), f"{dose:.6g}", *_row(curve, (i,)), *held)))
    return "\n".join(lines) + "\n"


def _pair_table(
    study: CellStudy, surface: Responses, doses: tuple[Floats, Floats], excess: Mapping[str, Floats]
) -> str:
    head = [f"{inn}_nM" for inn in study.drugs] + list(_COLUMNS) + [f"excess_{name}" for name in excess]
    lines = [",".join(head)]
    for i, a in enumerate(doses[0]):
        for j, b in enumerate(doses[1]):
            beyond = [f"{float(values[i, j]):.6g}" for values in excess.values()]
            lines.append(",".join((f"{a:.6g}", f"{b:.6g}", *_row(surface, (i, j)), *beyond)))
    return "\n".join(lines) + "\n"
