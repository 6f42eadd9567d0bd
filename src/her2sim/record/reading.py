"""YAML or a mapping to a ``TrialRecord``: every key known, every word parsed, every default named.

Published trials, protocols and simulated trials are read by the same function.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.defaults import SettingDefaults, defaults_of
from her2sim.record.fields import Fields
from her2sim.record.reading_eligibility import read_assessment, read_baseline, read_eligibility
from her2sim.record.reading_regimen import read_item
from her2sim.record.reading_results import read_contrast, read_result, read_sources, read_subgroup
from her2sim.record.types import SETTINGS, Arm, RegimenItem, TrialRecord
from her2sim.record.yaml_reading import Located, load_yaml, load_yaml_file

KEYS = (
    "id", "kind", "nct", "phase", "status", "disease", "setting", "population", "eligibility", "baseline", "arms",
    "assessment", "contrasts", "subgroups", "sources", "notes", "defaults_taken", "origin",
)  # fmt: skip
EXTRAS = (
    "part_of", "disease_text", "planned_n", "primary_endpoint", "recruitment", "baseline_source", "baseline_sources",
    "baseline_note", "withheld", "reading_note", "simulation", "without", "enrolled",
)  # fmt: skip
STATUSES = ("", "completed", "ongoing", "terminated", "withheld", "planned", "simulated")
KINDS = ("trial", "cohort", "collection")
POOLED = "safety-pooled"
MAX_PATIENTS_PER_ARM = 1_000_000


def read_record(text_or_path: str | Path, origin: str = "") -> TrialRecord:
    """A trial record from YAML.

    Main arguments:
        text_or_path: a path (``Path``, or a text of one line that ends with .yaml or .yml), else the YAML text itself.

    Other arguments:
        origin: name of the text in error messages and in ``TrialRecord.origin``.

    Raises:
        InputError: what is wrong, with file, line, key, what was expected and the nearest valid value.

    >>> text = '''
    ... id: mine
    ... disease: breast
    ... setting: metastatic-2L
    ... arms: [{name: T-DXd, n: 100, regimen: [{drug: trastuzumab deruxtecan, dose: 5.4 mg/kg, schedule: q3w}]}]
    ... '''
    >>> read_record(text).arms[0].regimen[0].dose.amount
    5.4
    """
    if isinstance(text_or_path, Path) or is_record_path(text_or_path):
        path = Path(text_or_path)
        return read_located(load_yaml_file(path), origin or path.name)
    return read_located(load_yaml(text_or_path, origin or "<text>"), origin)


def place_in(path: Path, *keys: str | int) -> str:
    """``file:line: keys`` of a part of a record's file, for errors that are found after reading."""
    top = Fields.root(load_yaml_file(path))
    return top.where(str(keys[0]), *keys[1:]) if keys else str(path)


def is_record_path(text: str) -> bool:
    """Whether a text names a YAML file rather than holding YAML."""
    return "\n" not in text and text.strip().lower().endswith((".yaml", ".yml"))


def record_from_mapping(values: dict[str, Any], origin: str = "<mapping>") -> TrialRecord:
    """A trial record from plain objects, as ``yaml`` or ``json`` would load them. Raises ``InputError`` as above."""
    return read_located(Located(values, {}, origin), "")


def regimen_item(values: dict[str, Any], origin: str = "<regimen>", default_until: str = "progression") -> RegimenItem:
    """One regimen item from plain objects: for tables of standard regimens.

    >>> regimen_item({"drug": "docetaxel", "dose": "75 mg/m2", "schedule": "q3w", "until": "6 cycles"}).until.value
    6.0
    """
    return read_item(Fields(Located(values, {}, origin), (), values), default_until, [])


def read_located(document: Located, origin: str = "") -> TrialRecord:
    """A trial record from a loaded document.

    Raises:
        InputError: see ``read_record``.
    """
    top = Fields.root(document).only((*KEYS, *EXTRAS))
    kind = top.choice("kind", KINDS, "trial")
    record_id = top.text("id").strip()
    if not record_id:
        raise top.error("the record has no id", "id", "Expected the acronym of the trial, or its registry number.")
    settings = (*SETTINGS, POOLED) if kind == "collection" else SETTINGS
    if not top.has("setting"):
        raise top.error("the record has no setting", "setting", f"Expected one of {', '.join(settings)}.")
    setting = top.choice("setting", settings)
    if not top.has("disease"):
        raise top.error("the record has no disease", "disease", "Expected breast or gastric.")
    disease = top.choice("disease", ("breast", "gastric", "other"))
    defaults = defaults_of(setting)
    taken: list[str] = []
    sources = read_sources(top.mapping("sources"))
    arms = _arms(top, sources, defaults, taken, needed=kind != "collection")
    arm_names = [arm.name for arm in arms] if kind != "collection" else None
    _refuse_doubled(arms, top)
    eligibility = read_eligibility(top.mapping("eligibility"), defaults, disease, sources, taken)
    assessment = read_assessment(top.mapping("assessment"), defaults, taken)
    return TrialRecord(
        id=record_id,
        disease=disease,  # pyright: ignore[reportArgumentType]
        setting=setting,
        arms=arms,
        nct=top.text("nct"),
        phase=top.text("phase"),
        status=top.choice("status", STATUSES),
        population=top.text("population"),
        eligibility=eligibility,
        baseline=read_baseline(top.mapping("baseline")),
        assessment=assessment,
        contrasts=tuple(read_contrast(item, sources, arm_names) for item in top.mappings("contrasts")),
        subgroups=tuple(read_subgroup(item, sources, arm_names) for item in top.mappings("subgroups")),
        sources=sources,
        notes=top.text("notes"),
        defaults_taken=tuple(dict.fromkeys((*top.texts("defaults_taken"), *taken))),
        origin=top.texts("origin") or ((origin,) if origin else ()),
        extra=_extra(top, sources),
        kind=kind,  # pyright: ignore[reportArgumentType]
    )


def _arms(
    top: Fields, sources: dict[str, dict[str, Any]], defaults: SettingDefaults, taken: list[str], needed: bool
) -> tuple[Arm, ...]:
    arms: list[Arm] = []
    for fields in top.mappings("arms"):
        fields.only(("name", "n", "regimen", "results", "note", "planned_n"))
        name = fields.text("name").strip()
        if not name:
            raise fields.error("an arm has no name", "name", "Expected for example name: T-DXd.")
        if any(arm.name == name for arm in arms):
            raise fields.error(f"two arms are named {name!r}", "name", "Give each arm its own name.")
        regimen = tuple(read_item(item, defaults.until, taken) for item in fields.mappings("regimen"))
        if needed and "regimen" not in fields.values:
            hint = "Expected a list of drugs; [] says that the arm gets none (observation)."
            raise fields.error(f"arm {name!r} has no regimen", "regimen", hint)
        results = tuple(read_result(item, sources) for item in fields.mappings("results"))
        n = fields.count("n", 1, MAX_PATIENTS_PER_ARM)
        arms.append(
            Arm(
                name, n, regimen, results, fields.text("note"), fields.rest(("name", "n", "regimen", "results", "note"))
            )
        )
    if needed and not arms:
        raise top.error("the record has no arms", "arms", "Expected at least one arm with name, n and regimen.")
    return tuple(arms)


def _refuse_doubled(arms: Collection[Arm], top: Fields) -> None:
    """The same drug, dose and schedule twice in an arm is a slip (a bolus and an infusion differ in dose or days)."""
    for index, arm in enumerate(arms):
        shares: dict[tuple[object, ...], float] = {}
        for item in arm.regimen:
            if item.dose is None or item.schedule is None:
                continue
            key = (item.drug.lower(), item.dose, item.schedule, item.start_day, item.route)
            shares[key] = shares.get(key, 0.0) + item.share
            if shares[key] > 1.0 + 1e-9:
                raise InputError(
                    f"arm {arm.name!r} gives {item.drug} twice, with the same dose and days",
                    where=top.where("arms", index, "regimen"),
                    hint="Remove one, or give the later one a start (start: week 13).",
                )


def _extra(top: Fields, sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Known keys that need no structure, after checking the sources they name."""
    extra = top.rest(KEYS)
    if "enrolled" in extra and not _are_years(extra["enrolled"]):
        raise top.error(
            f"enrolled: {extra['enrolled']!r} is not the years of the first and the last patient",
            "enrolled",
            "Write two numbers, the first not after the second, for example enrolled: [2009.1, 2011.8].",
        )
    per_figure = top.mapping("baseline_sources")
    for key in per_figure.values if per_figure else ():
        source = per_figure.text(key) if per_figure else ""
        if source not in sources:
            raise top.error(
                f"no source {source!r} is listed under sources", "baseline_sources", did_you_mean(source, sources)
            )
    return extra


def _are_years(value: Any) -> bool:
    if not isinstance(value, list) or len(cast(list[Any], value)) != 2:
        return False
    numbers = [year for year in cast(list[Any], value) if isinstance(year, int | float) and 1950 <= year <= 2100]
    return len(numbers) == 2 and numbers[0] <= numbers[1]


__all__ = ["is_record_path", "place_in", "read_located", "read_record", "record_from_mapping", "regimen_item"]
