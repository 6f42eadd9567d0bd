"""The evidence base for readers: the list of trials, its sizes, one record with its sources."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.base import Counts, counts, load_record
from her2sim.evidence.index import Entry, entries
from her2sim.evidence.query import matching
from her2sim.evidence.roles import role_of
from her2sim.record.defaults import reason_of
from her2sim.record.types import Contrast, Dose, RegimenItem, Result, TrialRecord
from her2sim.record.writing import record_mapping, record_yaml

NOT_ADVICE = "Research use only; not medical advice."
WITHHELD_NOTE = "Results are kept back: this trial is predicted before its figures are looked at."


@dataclass(frozen=True)
class FigureRow:
    """One figure as text. ``arm`` also holds the arms compared, or the stratum; ``mark`` is read or recalled."""

    arm: str
    endpoint: str
    value: str
    ci95: str
    assessor: str
    cut: str
    source: str
    mark: str
    note: str


def list_trials(query: str = "") -> list[Entry]:
    """Trials of the evidence base that fit a query, by id.

    Main arguments:
        query: see ``her2sim.evidence.query.matching``; empty for all.

    Raises:
        InputError: an unknown field in the query.

    >>> [entry.id for entry in list_trials("id:cleopatra kind:trial")]
    ['CLEOPATRA']
    """
    return matching(entries(), query)


def trials_json(found: list[Entry]) -> str:
    """A list of trials as JSON."""
    rows = [{key: value for key, value in asdict(entry).items() if key != "words"} for entry in found]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def trial_counts() -> Counts:
    """Sizes of the evidence base."""
    return counts()


def trial_record(name: str) -> TrialRecord:
    """One record by id or path. Raises ``InputError`` as ``load_record`` does."""
    return load_record(name)


def trial_yaml(record: TrialRecord) -> str:
    """The record as YAML that can be edited and run."""
    return record_yaml(record)


def trial_json(record: TrialRecord) -> str:
    """The record as JSON, with its role."""
    return json.dumps({**record_mapping(record), "role": record_role(record)}, ensure_ascii=False, indent=1)


def record_role(record: TrialRecord) -> str:
    """``fit``, ``validate``, ``withheld`` or ``context``; see ``data/evidence/roles.yaml``."""
    return role_of(record.id, str(record.extra.get("part_of", "")))


def regimen_words(item: RegimenItem) -> str:
    """A drug of an arm in one line.

    >>> from her2sim.record.reading import regimen_item
    >>> regimen_words(regimen_item({"drug": "docetaxel", "dose": "75 mg/m2", "schedule": "q3w", "until": "6 cycles"}))
    'docetaxel 75 mg/m2 q3w, 6 cycles'
    """
    parts = [
        item.drug,
        _dose_words(item.dose),
        item.schedule.text if item.schedule else "",
        item.route if item.route != "iv" else "",
    ]
    line = " ".join(part for part in parts if part)
    extras = [
        f"first dose {_dose_words(item.loading)}" if item.loading else "",
        f"may be raised to {_dose_words(item.escalate_to)}"
        if item.escalate_to and "(to" not in _dose_words(item.dose)
        else "",
        f"from day {item.start_day + 1:g}" if item.start_day else "",
        "" if item.until.kind == "progression" else item.until.text,
        f"{item.share:.0%} of patients" if item.share < 1 else "",
        *(f"{key} as given: {words}" for key, words in item.unparsed.items()),
    ]
    return ", ".join(part for part in (line, *extras) if part)


def design_lines(record: TrialRecord) -> list[str]:
    """Who may enter and how tumors are read, one line each."""
    rule = record.eligibility
    receptors = f"HER2: {', '.join(rule.her2)}; hormone receptor: {rule.hormone_receptor}"
    lines = [f"{receptors}; brain metastases: {rule.brain_metastases}"]
    if rule.after_induction:
        lines.append(f"time starts after {rule.after_induction}, without progression")
    for line in rule.prior:
        share = "all patients" if line.share == 1 else f"{line.share:.0%} of patients"
        note = f"; {line.note}" if line.note else ""
        lines.append(f"earlier line, {line.setting}: {' + '.join(line.drugs)} in {share} ({_mark(line.read)}{note})")
    visits = record.assessment
    steps = ", then ".join(
        f"every {every / 7:g} weeks" + (f" from week {start / 7:g}" if start else "")
        for start, every in visits.scan_every_days
    )
    confirmed = "confirmed" if visits.confirmed else "unconfirmed"
    follow_up = f"{visits.follow_up_days / DAYS_PER_MONTH:.0f} months"
    lines.append(f"scans {steps}, read by {visits.assessor}, response {confirmed}, follow-up {follow_up}")
    return lines


def _dose_words(dose: Dose | None) -> str:
    return "" if dose is None else dose.text or f"{dose.amount:g} {dose.unit}"


def figure_rows(record: TrialRecord) -> list[FigureRow]:
    """All figures of arms, then of contrasts, then of strata, as text. Recalled ones are marked."""
    rows = [_result_row(arm.name, result) for arm in record.arms for result in arm.results]
    rows += [_contrast_row(contrast) for contrast in record.contrasts]
    return rows + [_subgroup_row(dict(subgroup)) for subgroup in record.subgroups]


def endpoint_hint(record: TrialRecord, endpoint: str) -> str:
    """A sentence that offers the nearest endpoint names of a record, for a command that filters by endpoint."""
    return did_you_mean(endpoint, sorted({row.endpoint for row in figure_rows(record)}))


def figures_of(record: TrialRecord, endpoint: str) -> list[FigureRow]:
    """The figures of one endpoint; names that start with ``endpoint`` count (``PFS`` shows the median and the rates).

    Raises:
        InputError: the record has no such figure.
    """
    rows = [row for row in figure_rows(record) if row.endpoint.lower().startswith(endpoint.lower())]
    if not rows:
        raise InputError(f"{record.id} has no figure of {endpoint!r}", hint=endpoint_hint(record, endpoint))
    return rows


def _mark(read: bool) -> str:
    return "read" if read else "recalled"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _interval(bounds: Any) -> str:
    return " to ".join("NR" if bound is None else _number(bound) for bound in bounds) if bounds else ""


def _unit(unit: str) -> str:
    return {"percent": "%", "months": "mo"}.get(unit, unit)


def _result_row(arm: str, result: Result) -> FigureRow:
    value = (
        "NR" if result.not_reached else "" if result.value is None else f"{result.value:g} {_unit(result.unit)}".strip()
    )
    population = str(result.extra.get("population", ""))
    note = "; ".join(part for part in (population, result.note) if part)
    return FigureRow(
        arm, result.endpoint, value, _interval(result.ci95), result.assessor, result.data_cut, result.source,
        _mark(result.read), note,
    )  # fmt: skip


def _contrast_row(item: Contrast) -> FigureRow:
    ratios = {"HR": item.hr, "OR": item.odds_ratio, "difference": item.difference, "p": item.p_value}
    ratios["RR"] = item.extra.get("risk_ratio")
    parts = [f"{name} {number:g}" for name, number in ratios.items() if number is not None]
    if item.extra.get("arm_value") is not None:
        unit = _unit(str(item.extra.get("unit", "")))
        parts.append(
            f"{_number(item.extra['arm_value'])} vs {_number(item.extra.get('reference_value', '?'))} {unit}".strip()
        )
    if item.extra.get("p_text"):
        parts.append(f"p {item.extra['p_text']}")
    value = ", ".join(parts)
    population = str(item.extra.get("population", ""))
    note = "; ".join(part for part in (population, item.note) if part)
    return FigureRow(
        f"{item.arm} vs {item.reference}", item.endpoint, value, _interval(item.ci95), item.assessor, item.data_cut,
        item.source, _mark(item.read), note,
    )  # fmt: skip


def _subgroup_row(item: dict[str, Any]) -> FigureRow:
    names = {"hr": "HR", "odds_ratio": "OR", "risk_ratio": "RR", "difference": "difference", "p_value": "p"}
    parts = [f"{name} {_number(item[key])}" for key, name in names.items() if item.get(key) is not None]
    unit = _unit(str(item.get("unit", "")))
    if item.get("value") is not None:
        parts.insert(0, f"{_number(item['value'])} {unit}".strip())
    if item.get("arm_value") is not None:
        parts.append(f"{_number(item['arm_value'])} vs {_number(item.get('reference_value', '?'))} {unit}".strip())
    for name, number in dict(item.get("arm_values") or {}).items():
        parts.append(f"{name} {_number(number)} {unit}".strip())
    where = str(item["subgroup"]) + (f", {item['arm']}" if item.get("arm") else "")
    note = "; ".join(str(item[key]) for key in ("finding", "note") if item.get(key))
    return FigureRow(
        where, str(item["endpoint"]), ", ".join(parts), _interval(item.get("ci95")), str(item.get("assessor", "")),
        str(item.get("data_cut", "")), str(item.get("source", "")), _mark(bool(item["read"])), note,
    )  # fmt: skip


def default_reasons(record: TrialRecord) -> list[str]:
    """The defaults that the record took, each with its reason and source."""
    lines: list[str] = []
    for key in record.defaults_taken:
        name = "until" if key.endswith(".until") else key
        lines.append(f"{key}: {reason_of(name)}")
    return lines
