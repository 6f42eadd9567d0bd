"""Who may enter a trial, what the patients were like, and how their tumors were read."""

from __future__ import annotations

from typing import Any

from her2sim.core.errors import InputError, did_you_mean
from her2sim.record import grammar
from her2sim.record.defaults import SettingDefaults
from her2sim.record.fields import Fields
from her2sim.record.grammar import scans as scan_words
from her2sim.record.reading_results import Sources
from her2sim.record.types import Assessment, Eligibility, PriorTherapy
from her2sim.record.yaml_reading import Located

ELIGIBILITY_KEYS = (
    "her2", "rebiopsy", "prior", "hormone_receptor", "brain_metastases", "pdl1", "after_induction", "residual_disease",
)  # fmt: skip
ELIGIBILITY_EXTRAS = (
    "note", "min_lines", "max_lines", "visceral_required", "pik3ca", "prior_note",
    "brain_therapy_days",
)  # fmt: skip
ASSESSMENT_KEYS = (
    "scan_every", "scan_every_days", "assessor", "confirmed", "follow_up", "follow_up_days", "brain_imaging",
    "pcr_definition", "note", "criteria",
)  # fmt: skip
HER2_STATES = ("IHC3+", "IHC2+/ISH+", "IHC2+", "IHC2+/ISH-", "IHC1+", "IHC1+/ISH+", "IHC0", "IHC0/ISH+", "ISH+", "any")
BASELINE_KEYS = (
    "n", "median_age", "female_pct", "hr_positive_pct", "visceral_pct", "brain_mets_pct", "ihc3_pct",
    "pdl1_positive_pct", "prior_lines_median", "asia_pct", "ihc2_ish_positive_pct", "ecog1_pct",
    "prior_trastuzumab_pct", "prior_pertuzumab_pct", "prior_tdm1_pct", "de_novo_pct", "pik3ca_mutated_pct",
    "liver_mets_pct", "node_positive_pct", "weight_kg_median", "brain_mets_active_pct", "brain_mets_untreated_pct",
)  # fmt: skip
CURABLE = ("neoadjuvant", "adjuvant", "post-neoadjuvant")


def read_eligibility(
    given: Fields | None, defaults: SettingDefaults, disease: str, sources: Sources, taken: list[str]
) -> Eligibility:
    """Structured eligibility; what is left out takes the default of the setting and is noted in ``taken``.

    Raises:
        InputError: an unknown key or value, or shares of earlier lines outside 0 to 1.
    """
    if given is not None:
        given.only((*ELIGIBILITY_KEYS, *ELIGIBILITY_EXTRAS))
    fields, taken_keys = _filled(given, "eligibility", {**defaults.eligibility, "prior": defaults.prior(disease)})
    taken.extend(taken_keys)
    her2 = fields.texts("her2")
    for state in her2:
        if state not in HER2_STATES:
            raise fields.error(f"unknown HER2 state {state!r}", "her2", did_you_mean(state, HER2_STATES))
    fields.number("brain_therapy_days", 0.0, 3650.0)  # kept among the extras, checked here
    return Eligibility(
        her2=her2,
        rebiopsy=fields.flag("rebiopsy", False),
        prior=_prior(fields, sources),
        hormone_receptor=fields.choice("hormone_receptor", ("any", "positive", "negative")),  # pyright: ignore[reportArgumentType]
        brain_metastases=fields.choice("brain_metastases", ("excluded", "stable", "active", "required")),  # pyright: ignore[reportArgumentType]
        pdl1=fields.text("pdl1", "any"),
        after_induction=fields.text("after_induction"),
        residual_disease=fields.flag("residual_disease", False),
        extra=fields.rest(ELIGIBILITY_KEYS),
    )


def _prior(fields: Fields, sources: Sources) -> tuple[PriorTherapy, ...]:
    """Earlier lines: a list of drug names is one line that every patient has had; else one mapping per line."""
    value = fields.values.get("prior")
    if not value:
        return ()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return (PriorTherapy(tuple(value)),)
    lines: list[PriorTherapy] = []
    for line in fields.mappings("prior"):
        line.only(("drugs", "share", "setting", "source", "read", "note"))
        drugs = line.texts("drugs")
        if not drugs:
            raise line.error("an earlier line names no drugs", "drugs", "Expected for example [trastuzumab, taxane].")
        source = line.text("source")
        if source and source not in sources:
            raise line.error(f"no source {source!r} is listed under sources", "source", did_you_mean(source, sources))
        share = line.number("share", 0.0, 1.0)
        lines.append(
            PriorTherapy(
                drugs=drugs,
                share=1.0 if share is None else share,
                setting=line.choice("setting", ("metastatic", "adjuvant"), "metastatic"),  # pyright: ignore[reportArgumentType]
                source=source,
                read=line.flag("read", bool(sources.get(source, {}).get("read", False))),
                note=line.text("note"),
            )
        )
    return tuple(lines)


def read_assessment(given: Fields | None, defaults: SettingDefaults, taken: list[str]) -> Assessment:
    """How and when tumors are read; what is left out takes the default of the setting and is noted in ``taken``.

    Raises:
        InputError: an unknown key, or words outside the grammar of scan calendars and durations.
    """
    if given is not None:
        given.only(ASSESSMENT_KEYS)
        for words, number in (("scan_every", "scan_every_days"), ("follow_up", "follow_up_days")):
            if given.has(words) and given.has(number):
                raise given.error(f"{words} and {number} are both given", number, "Give one of them.")
    table = dict(defaults.assessment)
    for words, number in (("scan_every", "scan_every_days"), ("follow_up", "follow_up_days")):
        if given is not None and given.has(number):
            table.pop(words, None)
    fields, taken_keys = _filled(given, "assessment", table)
    taken.extend(taken_keys)
    spelled = fields.values.get("scan_every_days")
    if spelled is not None:
        steps = scan_words.checked(_steps(spelled, fields.where("scan_every_days")), fields.where("scan_every_days"))
    else:
        steps = grammar.parse_scans(fields.text("scan_every"), fields.where("scan_every"))
    follow_up = fields.number("follow_up_days", 1.0, 40 * 366.0)
    return Assessment(
        scan_every_days=steps,
        assessor=fields.choice("assessor", ("BICR", "INV")),  # pyright: ignore[reportArgumentType]
        confirmed=fields.flag("confirmed", True),
        follow_up_days=follow_up or grammar.parse_span(fields.text("follow_up"), fields.where("follow_up")),
        brain_imaging=fields.flag("brain_imaging", False),
        pcr_definition=fields.text("pcr_definition"),
        note=fields.text("note"),
        criteria=fields.choice("criteria", ("RECIST 1.1", "WHO"), "RECIST 1.1"),  # pyright: ignore[reportArgumentType]
    )


def read_baseline(fields: Fields | None) -> dict[str, Any]:
    """Figures of the baseline table: numbers by name; percentages between 0 and 100.

    Raises:
        InputError: an unknown name, or a figure that is not a number in its range.
    """
    if fields is None:
        return {}
    fields.only(BASELINE_KEYS)
    found: dict[str, Any] = {}
    for key in fields.values:
        if key == "n":
            found[key] = fields.count(key, 1)
        else:
            found[key] = fields.number(key, 0.0, 100.0 if key.endswith("_pct") else 300.0)
    return {key: value for key, value in found.items() if value is not None}


def _filled(given: Fields | None, name: str, defaults: dict[str, Any]) -> tuple[Fields, list[str]]:
    """The fields with the defaults filled in, and the full names of the keys filled. An explicit empty list stays."""
    present = given.values if given is not None else {}
    missing = [key for key in defaults if key not in present or (present[key] is None and key != "prior")]
    values = {**present, **{key: defaults[key] for key in missing}}
    document = given.document if given is not None else Located({}, {}, f"default {name}")
    path = given.path if given is not None else (name,)
    return Fields(document, path, values), [f"{name}.{key}" for key in missing]


def _steps(value: Any, where: str) -> tuple[tuple[float, float], ...]:
    """[[0, 42], [336, 84]] as steps."""
    if not isinstance(value, list):
        raise InputError(f"{value!r} is not a list of steps", where=where, hint="Expected [[0, 42], [336, 84]].")
    steps: list[tuple[float, float]] = []
    for step in value:
        numbers = isinstance(step, list) and len(step) == 2 and all(isinstance(part, int | float) for part in step)
        if not numbers:
            raise InputError(f"{step!r} is not a step", where=where, hint="Expected [from_day, interval_days].")
        steps.append((float(step[0]), float(step[1])))
    return tuple(steps)
