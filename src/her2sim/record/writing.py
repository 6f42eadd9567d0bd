"""A ``TrialRecord`` to YAML: what is written reads back as the same record.

Protocol words are written as they were typed where they still say the same; otherwise the parts are spelled out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.record.grammar import parse_scans, parse_span
from her2sim.record.reading import regimen_item
from her2sim.record.types import (
    NOT_REACHED,
    Arm,
    Assessment,
    Contrast,
    Dose,
    Eligibility,
    PriorTherapy,
    RegimenItem,
    Result,
    Schedule,
    TrialRecord,
    Until,
)
from her2sim.record.yaml_reading import resolve_plain

_FLOW_PARENTS = ("baseline", "baseline_sources", "assessment", "eligibility", "sources", "simulation")


def record_yaml(record: TrialRecord) -> str:
    """The record as YAML text that ``read_record`` reads back as an equal record.

    >>> from her2sim.record.reading import read_record
    >>> text = "{id: mine, disease: breast, setting: metastatic-1L, arms: [{name: A, regimen: [{drug: docetaxel}]}]}"
    >>> read_record(record_yaml(read_record(text))) == read_record(text)
    True
    """
    return yaml.dump(
        _styled(record_mapping(record)), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118, line_break="\n"
    )


def write_record(record: TrialRecord, path: Path) -> None:
    """``record_yaml`` into a file, UTF-8."""
    path.write_text(record_yaml(record), encoding="utf-8", newline="\n")


def record_mapping(record: TrialRecord) -> dict[str, Any]:
    """The record as plain mappings, lists, texts and numbers, in the order of the schema."""
    return _given(
        id=record.id,
        kind="" if record.kind == "trial" else record.kind,
        part_of=record.extra.get("part_of"),
        nct=record.nct,
        phase=record.phase,
        status=record.status,
        disease=record.disease,
        setting=record.setting,
        population=record.population,
        eligibility=_eligibility(record.eligibility),
        baseline=dict(record.baseline),
        arms=[_arm(arm) for arm in record.arms],
        assessment=_assessment(record.assessment),
        contrasts=[_contrast(item) for item in record.contrasts],
        subgroups=[dict(item) for item in record.subgroups],
        notes=record.notes,
        **{key: value for key, value in record.extra.items() if key != "part_of"},
        sources={key: dict(source) for key, source in record.sources.items()},
        defaults_taken=list(record.defaults_taken),
        origin=list(record.origin),
    )


def item_mapping(item: RegimenItem) -> dict[str, Any]:
    """One regimen item, in words where they say the same, else spelled out."""
    head: dict[str, Any] = {"drug": item.drug, "route": item.route}
    common: dict[str, Any] = {
        "start_day": item.start_day or None,
        "share": None if item.share == 1.0 else item.share,
        "text": item.text,
        "note": item.note,
        "unparsed": dict(item.unparsed),
    }
    repeats = item.schedule is not None and bool(item.until.text) and item.until.text == item.schedule.text
    words = _given(
        **head,
        dose=item.dose.text if item.dose else "",
        schedule=item.schedule.text if item.schedule else "",
        until="" if repeats else item.until.text,
        loading=item.loading.text if item.loading else "",
        reduce=[dose.text for dose in item.reductions],
        **common,
    )
    spelled = _given(
        **head,
        dose=_dose(item.dose),
        schedule=_schedule(item.schedule),
        until=_until(item.until),
        loading=_dose(item.loading),
        escalate_to=_dose(item.escalate_to),
        reduce=[_dose(dose) for dose in item.reductions],
        **common,
    )
    with_escalation = {**words, **_given(escalate_to=item.escalate_to.text if item.escalate_to else "")}
    for candidate in (words, with_escalation):
        if _reads_as(candidate, item):
            return candidate
    return spelled


def _reads_as(candidate: dict[str, Any], item: RegimenItem) -> bool:
    try:
        return regimen_item(candidate) == item
    except InputError:
        return False


def _given(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {
        key: value for key, value in values.items() if value is not None and value != "" and value != [] and value != {}
    }


def _dose(dose: Dose | None) -> dict[str, Any] | None:
    if dose is None:
        return None
    per_day = None if dose.per_day == 1 else dose.per_day
    return _given(amount=dose.amount, unit=dose.unit, per_day=per_day, cap_mg=dose.cap_mg, text=dose.text)


def _schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    if schedule is None:
        return None
    per_day = None if schedule.per_day == 1 else schedule.per_day
    return _given(cycle_days=schedule.cycle_days, days=list(schedule.days), per_day=per_day, text=schedule.text)


def _until(until: Until) -> dict[str, Any]:
    return _given(kind=until.kind, value=until.value, text=until.text)


def _arm(arm: Arm) -> dict[str, Any]:
    head = _given(name=arm.name, n=arm.n, note=arm.note, **arm.extra)
    regimen = [item_mapping(item) for item in arm.regimen]
    return {**head, "regimen": regimen, **_given(results=[_result(result) for result in arm.results])}


def _interval(bounds: tuple[float | None, float | None] | None) -> list[Any] | None:
    return None if bounds is None else [NOT_REACHED if bound is None else bound for bound in bounds]


def _result(result: Result) -> dict[str, Any]:
    found = _given(
        endpoint=result.endpoint,
        value=NOT_REACHED if result.not_reached else result.value,
        unit=result.unit,
        ci95=_interval(result.ci95),
        pi90=_interval(result.pi90),
        assessor=result.assessor,
        confirmed=result.confirmed,
        n_evaluated=result.n_evaluated,
        data_cut=result.data_cut,
        note=result.note,
        source=result.source,
        **result.extra,
    )
    return {**found, "read": result.read}


def _contrast(item: Contrast) -> dict[str, Any]:
    found = _given(
        endpoint=item.endpoint,
        arm=item.arm,
        reference=item.reference,
        hr=item.hr,
        odds_ratio=item.odds_ratio,
        difference=item.difference,
        p_value=item.p_value,
        ci95=_interval(item.ci95),
        pi90=_interval(item.pi90),
        assessor=item.assessor,
        data_cut=item.data_cut,
        note=item.note,
        source=item.source,
        **item.extra,
    )
    return {**found, "read": item.read}


def _eligibility(item: Eligibility) -> dict[str, Any]:
    return {
        "her2": list(item.her2),
        "rebiopsy": item.rebiopsy,
        "hormone_receptor": item.hormone_receptor,
        "brain_metastases": item.brain_metastases,
        "pdl1": item.pdl1,
        **_given(after_induction=item.after_induction, residual_disease=item.residual_disease),
        **item.extra,
        "prior": [_prior(line) for line in item.prior],
    }


def _prior(line: PriorTherapy) -> dict[str, Any]:
    found = _given(drugs=list(line.drugs), share=line.share, setting=line.setting, source=line.source, note=line.note)
    return {**found, "read": line.read}


def _assessment(item: Assessment) -> dict[str, Any]:
    words = _scan_words(item.scan_every_days)
    calendar = {"scan_every": words} if words else {"scan_every_days": [list(step) for step in item.scan_every_days]}
    return {
        **calendar,
        "assessor": item.assessor,
        "confirmed": item.confirmed,
        **_follow_up(item.follow_up_days),
        "brain_imaging": item.brain_imaging,
        "pcr_definition": item.pcr_definition,
        **({} if item.criteria == "RECIST 1.1" else {"criteria": item.criteria}),
        **_given(note=item.note),
    }


def _follow_up(days: float) -> dict[str, Any]:
    """A follow-up in months, if months say exactly the same; else in days."""
    words = f"{days / DAYS_PER_MONTH:g} months"
    try:
        return {"follow_up": words} if parse_span(words) == days else {"follow_up_days": days}
    except InputError:
        return {"follow_up_days": days}


def _scan_words(steps: tuple[tuple[float, float], ...]) -> str:
    """A calendar in weeks, if weeks say exactly the same; else nothing."""
    words = f"{steps[0][1] / 7:g} weeks" + "".join(
        f" to week {start / 7:g} then {every / 7:g} weeks" for start, every in steps[1:]
    )
    try:
        return words if parse_scans(words) == steps else ""
    except InputError:
        return ""


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _FlowList(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes plain values, without aliases, quoting what would read back as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _Flow({str(key): _flow(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return _FlowList(_flow(item) for item in value)
    return value


def _styled(record: dict[str, Any]) -> dict[str, Any]:
    """Leaves on one line each: regimen items, figures, sources."""
    styled: dict[str, Any] = {}
    for key, value in record.items():
        if key == "arms":
            styled[key] = [
                {
                    name: [_flow(item) for item in part] if name in ("regimen", "results") else _flow(part)
                    for name, part in arm.items()
                }
                for arm in value
            ]
        elif key in ("contrasts", "subgroups", "defaults_taken"):
            styled[key] = [_flow(item) for item in value]
        elif isinstance(value, Mapping) and key in _FLOW_PARENTS:
            styled[key] = {name: _flow(item) for name, item in value.items()}
        else:
            styled[key] = _flow(value)
    return styled


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(resolve_plain(text), str) else "'"
    if not text.isprintable():  # line breaks and control characters survive only as escapes
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _write_float(dumper: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    if number.is_integer() and abs(number) < 1e15:
        return dumper.represent_scalar("tag:yaml.org,2002:int", str(int(number)))
    return yaml.SafeDumper.represent_float(dumper, number)


_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), True)
)
_Dumper.add_representer(_FlowList, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, True))
_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(float, _write_float)
