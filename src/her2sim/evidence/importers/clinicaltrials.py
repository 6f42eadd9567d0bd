"""ClinicalTrials.gov API v2 (one study, or a list of studies) to draft records.

Read are ``protocolSection``, ``resultsSection`` and ``hasResults`` of the public data structure
(https://clinicaltrials.gov/data-api/about-api/study-data-structure); ``derivedSection``, ``annotationSection`` and
``documentSection`` are not. docs/reference/importers.md lists every field. What has no counterpart in the trial record
is listed in the report; what the registry states only in words (dose, schedule, HER2 rule) is not turned into numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from her2sim.core.errors import InputError
from her2sim.evidence.importers.clinicaltrials_design import design_of
from her2sim.evidence.importers.clinicaltrials_events import adverse_events, serious_shares
from her2sim.evidence.importers.clinicaltrials_flow import baseline_of, flow_of
from her2sim.evidence.importers.clinicaltrials_outcomes import Figures, outcome_figures
from her2sim.evidence.importers.imported import AdverseEvent, Imported, ImportReport, Remark
from her2sim.evidence.importers.json_node import Node, read_json
from her2sim.evidence.importers.kept_back import STATUS, kept_back, results_left_out
from her2sim.evidence.importers.registry_groups import Groups
from her2sim.evidence.importers.source_text import SourceText
from her2sim.record.reading import record_from_mapping
from her2sim.record.types import TrialRecord

FORMAT = "clinicaltrials"
SOURCE = "CTGOV"


@dataclass(frozen=True)
class Choices:
    """What the user says because the registry has no field for it.

    Main arguments:
        setting: line or setting of the record (``metastatic-2L``, …); "" to take it from the title.
        disease: ``breast``, ``gastric``, ``other``; "" to take it from the conditions.
        arms: title of a group of the results to the label of its arm.
        skip_impossible: list impossible numbers in the report instead of refusing the file.
    """

    setting: str = ""
    disease: str = ""
    arms: Mapping[str, str] = field(default_factory=dict[str, str])
    skip_impossible: bool = False


def import_clinicaltrials(source: SourceText, choices: Choices | None = None) -> Imported:
    """The studies of a JSON file as draft records, with everything that could not be mapped in the report.

    Main arguments:
        source: text of one study, or of an answer of the API with ``studies``.

    Other arguments:
        choices: what the registry does not say.

    Raises:
        InputError: not JSON of API v2; no arms; a setting that the title does not give; numbers that no patients can
            give (path named). Nothing is returned then.
    """
    root = read_json(source)
    studies = root.items("studies") if "studies" in root.value else [root]
    if not studies:
        raise root.error("the list of studies is empty", "studies")
    records: list[TrialRecord] = []
    events: list[AdverseEvent] = []
    read: list[str] = []
    decided: list[Remark] = []
    unmapped: list[Remark] = []
    for study in studies:
        made = _Study(study, choices or Choices())
        records.append(made.record)
        events += made.events
        read += made.read
        decided += made.decided
        unmapped += made.unmapped
    report = ImportReport(FORMAT, source.name, tuple(read), tuple(decided), tuple(unmapped))
    return Imported(report, tuple(records), adverse_events=tuple(events))


class _Study:
    """One study on its way to a record."""

    def __init__(self, study: Node, choices: Choices) -> None:
        if "protocolSection" not in study.value:
            hint = "Download it as JSON of API v2: an object with protocolSection."
            if "FullStudiesResponse" in study.value or "Study" in study.value:
                hint = "This is the older API; download the study again from API v2."
            raise study.error("no protocolSection, so this is no study of ClinicalTrials.gov API v2", hint=hint)
        design = design_of(study, choices.setting, choices.disease)
        self.decided = list(design.decided)
        self.unmapped = list(design.unmapped)
        values: dict[str, Any] = dict(design.values)
        groups = Groups(design.arms, choices.arms)
        results = study.child("resultsSection")
        self.events: list[AdverseEvent] = []
        found = Figures()
        identity = study.child("protocolSection").child("identificationModule")
        texts = [identity.text(key) for key in ("acronym", "officialTitle", "briefTitle")]
        trial = kept_back(values["nct"], *texts)
        if trial:
            values["status"] = STATUS
            what = "the results section" if results.value else "results, of which the file has none"
            self.unmapped.append(results_left_out(trial, study.place("resultsSection"), what))
        elif results.value:
            flow = flow_of(results, groups)
            baseline, left_out = baseline_of(results)
            found = outcome_figures(results, groups, design.arms, flow.n, choices.skip_impossible)
            shares, table = serious_shares(results, groups), adverse_events(results, groups)
            self.events = table
            for arm in values["arms"]:
                arm |= {"n": flow.n[arm["name"]]} if arm["name"] in flow.n else {}
                arm["results"] = [
                    *found.results.get(arm["name"], ()),
                    *flow.results.get(arm["name"], ()),
                    *shares.get(arm["name"], ()),
                ]
            values |= {"baseline": baseline} if baseline else {}
            values |= {"contrasts": found.contrasts, "subgroups": found.subgroups}
            self.unmapped += [*flow.unmapped, *left_out, *found.unmapped]
            self.decided += [*flow.decided, *found.decided]
            if table:
                why = "terms are split into serious and other, which no endpoint is; they stand in the table beside"
                place = results.place("adverseEventsModule")
                self.unmapped.append(Remark(place, f"{len(table)} counts of adverse events by term", why))
        else:
            why = "hasResults is true, but the section is missing" if study.flag("hasResults") else "none posted"
            self.unmapped.append(Remark("resultsSection", "no results section", why))
        self.decided += groups.decided.values()
        self.unmapped += groups.unmatched.values()
        try:
            self.record = record_from_mapping(_saying(values), study.file)
        except InputError as error:
            raise InputError(
                f"the study does not make a valid record: {error.what}",
                where=error.where,
                why=error.why,
                hint=error.hint,
            ) from None
        taken = self.record.defaults_taken
        if taken:
            why = "the registry says them in words only, or not at all: the documented defaults of the setting"
            self.decided.append(Remark("protocolSection", f"{len(taken)} defaults taken: {', '.join(taken)}", why))
        figures = sum(len(arm.results) for arm in self.record.arms)
        self.read = [
            f"{self.record.id}: {len(self.record.arms)} arms, {figures} figures of arms, {len(self.record.contrasts)} "
            f"comparisons, {len(self.record.subgroups)} figures of strata, {len(self.events)} counts of adverse events"
        ]


def _saying(value: Any) -> Any:
    """Values without the keys that say nothing, which a stored record would not keep."""
    if isinstance(value, dict):
        return {key: _saying(item) for key, item in value.items() if item is not None and item != ""}
    return [_saying(item) for item in value] if isinstance(value, list) else value
