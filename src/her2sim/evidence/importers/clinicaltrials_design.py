"""The protocol section of a registry entry: who, which arms, which drugs, where the trial stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.outcome_title import rules
from her2sim.evidence.importers.registry_groups import RegistryArm
from her2sim.record.types import SETTINGS

_MAX_WORDS = 6000


@dataclass(frozen=True)
class Design:
    """A record without results, as plain values, and the arms by which groups of results are known."""

    values: dict[str, Any]
    arms: tuple[RegistryArm, ...]
    decided: tuple[Remark, ...]
    unmapped: tuple[Remark, ...]


def design_of(study: Node, setting: str, disease: str) -> Design:
    """The protocol section as values of a record.

    Main arguments:
        study: the whole study.
        setting, disease: what the user says, or "".

    Raises:
        InputError: no registry number, no arms, two arms with one label, or no setting to be had.
    """
    protocol = study.child("protocolSection")
    identity = protocol.child("identificationModule")
    nct = identity.text("nctId")
    if not re.fullmatch(r"NCT\d{8}", nct):
        raise identity.error(f"{nct[:20]!r} is no registry number", "nctId", "Expected NCT and eight digits.")
    decided: list[Remark] = []
    unmapped: list[Remark] = []
    arms, named = _arms(protocol, decided, unmapped)
    title = identity.text("officialTitle") or identity.text("briefTitle")
    if not disease:
        disease, words = _by_words(_condition_texts(protocol), rules()["disease_words"])
        disease = disease or "other"
        decided.append(Remark("protocolSection.conditionsModule", f"disease {disease}", words or "no other is named"))
    if not setting:
        setting = _setting(protocol, decided)
    design = protocol.child("designModule")
    model = design.child("designInfo").text("interventionModel")
    if model == "CROSSOVER":
        why = "patients change treatment; the record has no sequences, so figures stand under arms of the same name"
        unmapped.append(Remark(design.place("designInfo.interventionModel"), "CROSSOVER", why))
    status_node = protocol.child("statusModule")
    status = status_node.text("overallStatus")
    if status not in rules()["statuses"]:
        unmapped.append(
            Remark(status_node.place("overallStatus"), status or "no status", "the record has no such status")
        )
    enrollment = design.child("enrollmentInfo")
    planned = enrollment.count("count")
    eligibility = protocol.child("eligibilityModule")
    if eligibility.text("eligibilityCriteria"):
        why = "kept in words under population; HER2 rule, earlier lines and brain metastases need a reader"
        unmapped.append(Remark(eligibility.place("eligibilityCriteria"), "eligibility criteria", why))
    updated = status_node.child("lastUpdatePostDateStruct").text("date")
    values: dict[str, Any] = {
        "id": identity.text("acronym") or nct,
        "nct": nct,
        "phase": _phase(design),
        "status": rules()["statuses"].get(status, ""),
        "disease": disease,
        "disease_text": ", ".join(_condition_texts(protocol)[:3]),
        "setting": setting,
        "population": _population(title, eligibility),
        "recruitment": status.lower().replace("_", " "),
        "planned_n": planned,
        "primary_endpoint": "; ".join(item.text("measure") for item in _outcomes(protocol, "primaryOutcomes")),
        "arms": arms,
        "sources": _sources(protocol, nct, title, updated),
        "notes": _notes(protocol, model),
    }
    secondary = _outcomes(protocol, "secondaryOutcomes") + _outcomes(protocol, "otherOutcomes")
    if secondary:
        where = "protocolSection.outcomesModule"
        unmapped.append(Remark(where, f"{len(secondary)} planned further outcomes", "the record keeps the primary one"))
    kept = {key: value for key, value in values.items() if value not in (None, "")}
    return Design(kept, named, tuple(decided), tuple(unmapped))


def _arms(
    protocol: Node, decided: list[Remark], unmapped: list[Remark]
) -> tuple[list[dict[str, Any]], tuple[RegistryArm, ...]]:
    module = protocol.child("armsInterventionsModule")
    groups = module.items("armGroups")
    if not groups:
        hint = "A record needs at least one arm; observational and expanded-access entries often have none."
        raise module.error("this study has no arms", "armGroups", hint)
    interventions = {item.text("name"): item for item in module.items("interventions")}
    arms: list[dict[str, Any]] = []
    named: list[RegistryArm] = []
    for group in groups:
        label = group.text("label")
        if not label:
            raise group.error("an arm has no label", "label")
        if any(arm["name"] == label for arm in arms):
            raise group.error(f"two arms are labeled {label[:60]!r}", "label")
        given = [_without_type(name) for name in group.texts("interventionNames")]
        given = given or [name for name, item in interventions.items() if label in item.texts("armGroupLabels")]
        regimen: list[dict[str, Any]] = []
        names: list[tuple[str, ...]] = []
        for name in dict.fromkeys(given):
            item = interventions.get(name)
            kind = item.text("type") if item else ""
            if item is None:
                unmapped.append(
                    Remark(group.place("interventionNames"), name[:80], "no such intervention is described")
                )
            elif kind not in rules()["drug_types"]:
                unmapped.append(Remark(item.path, name[:80], f"{kind.lower() or 'untyped'}, not a drug"))
            elif re.search(r"\bplacebo\b", name, re.IGNORECASE):
                decided.append(Remark(item.path, name[:80], "a placebo is not part of a regimen"))
            else:
                regimen.append({"drug": _drug(name)})
                names.append(tuple({_drug(name), *(_drug(other) for other in item.texts("otherNames"))} - {""}))
        if regimen:
            why = "the registry gives them in words only; write them by hand"
            unmapped.append(Remark(group.path, f"doses and schedules of {label[:60]!r}", why))
        note = ". ".join(part for part in (_role(group), group.text("description")) if part)
        arms.append({"name": label, "regimen": regimen, **({"note": note[:_MAX_WORDS]} if note else {})})
        named.append(RegistryArm(label, group.text("type"), tuple(names)))
    return arms, tuple(named)


def _role(group: Node) -> str:
    return group.text("type").lower().replace("_", " ")


def _without_type(name: str) -> str:
    """``Drug: Trastuzumab`` without the type before the colon."""
    head, colon, tail = name.partition(": ")
    return tail if colon and re.fullmatch(r"[A-Za-z /]+", head) else name


def _drug(name: str) -> str:
    return " ".join(re.sub(r"[®™]|\(R\)", " ", name).lower().split())


def _phase(design: Node) -> str:
    known: dict[str, str] = rules()["phases"]
    return "/".join(known[phase] for phase in design.texts("phases") if phase in known)


def _condition_texts(protocol: Node) -> tuple[str, ...]:
    module = protocol.child("conditionsModule")
    return (*module.texts("conditions"), *module.texts("keywords"))


def _by_words(texts: tuple[str, ...], table: dict[str, list[str]]) -> tuple[str, str]:
    """The one name whose words are found, and the words; "" where none or several are."""
    found: dict[str, str] = {}
    for name, patterns in table.items():
        for pattern in patterns:
            hit = re.search(pattern, " | ".join(texts), re.IGNORECASE)
            if hit:
                found.setdefault(name, f"the registry says {hit[0]!r}")
    if len(found) == 1:
        return next(iter(found.items()))
    return "", f"several are named: {', '.join(found)}" if found else ""


def _setting(protocol: Node, decided: list[Remark]) -> str:
    identity = protocol.child("identificationModule")
    texts = (identity.text("officialTitle"), identity.text("briefTitle"), *_condition_texts(protocol))
    setting, words = _by_words(texts, rules()["setting_words"])
    if not setting:
        raise identity.error(
            f"the setting cannot be read from the titles{f' ({words})' if words else ''}",
            "officialTitle",
            f"The registry has no field for the line of therapy: give --setting, one of {', '.join(SETTINGS)}.",
        )
    decided.append(Remark(identity.place("officialTitle"), f"setting {setting}", words))
    return setting


def _population(title: str, eligibility: Node) -> str:
    ages = f"age {eligibility.text('minimumAge')} or more" if eligibility.text("minimumAge") else ""
    sex = f"sex {eligibility.text('sex').lower()}" if eligibility.text("sex") not in ("", "ALL") else ""
    parts = (title, ages, sex, eligibility.text("eligibilityCriteria")[:_MAX_WORDS])
    return ". ".join(part.rstrip(". ") for part in parts if part)


def _outcomes(protocol: Node, key: str) -> list[Node]:
    return protocol.child("outcomesModule").items(key)


def _sources(protocol: Node, nct: str, title: str, updated: str) -> dict[str, dict[str, Any]]:
    citation = f"ClinicalTrials.gov {nct}: {title}" + (f" (updated {updated})" if updated else "")
    found: dict[str, dict[str, Any]] = {
        "CTGOV": {"citation": citation, "url": f"https://clinicaltrials.gov/study/{nct}", "read": True}
    }
    for at, item in enumerate(protocol.child("referencesModule").items("references"), start=1):
        pmid = item.text("pmid")
        address = {"url": f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"} if pmid.isdigit() else {}
        found[f"REF{at}"] = {"citation": item.text("citation"), "read": False, **address}
    return found


def _notes(protocol: Node, model: str) -> str:
    design = protocol.at("designModule", "designInfo")
    facts = {
        "allocation": design.text("allocation"),
        "intervention model": model,
        "masking": design.child("maskingInfo").text("masking"),
        "start": protocol.at("statusModule", "startDateStruct").text("date"),
        "primary completion": protocol.at("statusModule", "primaryCompletionDateStruct").text("date"),
        "completion": protocol.at("statusModule", "completionDateStruct").text("date"),
        "why stopped": protocol.child("statusModule").text("whyStopped"),
        "sponsor": protocol.at("sponsorCollaboratorsModule", "leadSponsor").text("name"),
    }
    return "; ".join(f"{name}: {value.lower() if value.isupper() else value}" for name, value in facts.items() if value)
