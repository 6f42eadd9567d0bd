"""The eight questions that reviews of the field answer with a table."""

from __future__ import annotations

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.base import all_records
from her2sim.evidence.tables import outcomes as out
from her2sim.evidence.tables.biomarker_rows import biomarker_table
from her2sim.evidence.tables.review_table import ReviewTable
from her2sim.evidence.tables.trial_rows import TrialQuestion, trial_table
from her2sim.evidence.vocabulary import CHECKPOINT, CONJUGATE, KINASE, groups_of, words_of
from her2sim.record.types import Arm, TrialRecord

BIOMARKERS = "biomarkers"
BLOCKERS = frozenset({"antibody", CONJUGATE, KINASE})
PARTNERS = ("pertuzumab", "lapatinib", "tucatinib", "neratinib", "pyrotinib", "trastuzumab emtansine")
GASTRIC_LINES = {
    "metastatic-1L": "first line", "metastatic-2L": "second line", "metastatic-3L+": "third line and later",
    "neoadjuvant": "perioperative", "adjuvant": "perioperative",
}  # fmt: skip


def drugs_of(arm: Arm) -> tuple[str, ...]:
    """The drugs of an arm, each once."""
    return tuple(dict.fromkeys(item.drug for item in arm.regimen))


def _has(record: TrialRecord, *groups: str) -> bool:
    return any(groups_of(drugs_of(arm)) & set(groups) for arm in record.arms)


def _checkpoint(record: TrialRecord) -> str | None:
    return f"{record.disease}, {record.setting}" if _has(record, CHECKPOINT) else None


def her2_drugs(arm: Arm) -> tuple[str, ...]:
    """The drugs of an arm that bind HER2."""
    return tuple(drug for drug in drugs_of(arm) if (words := words_of(drug)) and "HER2" in words.targets)


def _dual(record: TrialRecord) -> str | None:
    """Partner and setting of the dual blockade; None where no patient gets two HER2 drugs (not as alternatives)."""
    for arm in record.arms if record.kind != "collection" else ():
        blockers = [drug for drug in her2_drugs(arm) if groups_of([drug]) & BLOCKERS]
        shares = sum(min(1.0, sum(x.share for x in arm.regimen if x.drug == drug)) for drug in blockers)
        if len(blockers) > 1 and shares > 1.001:
            others = [drug for drug in blockers if drug != "trastuzumab"]
            partner = min(others, key=lambda drug: PARTNERS.index(drug) if drug in PARTNERS else len(PARTNERS))
            early = not record.setting.startswith(("metastatic", "brain"))
            return f"{partner}, {'early' if early else 'metastatic'}"
    return None


def _of_group(record: TrialRecord, group: str) -> str | None:
    for arm in record.arms:
        for drug in drugs_of(arm):
            words = words_of(drug)
            if words and words.group == group:
                return drug
    return None


def _conjugate(record: TrialRecord) -> str | None:
    return _of_group(record, CONJUGATE)


def _kinase(record: TrialRecord) -> str | None:
    return _of_group(record, KINASE)


def _brain(record: TrialRecord) -> str | None:
    if record.setting == "brain-metastases":
        return "patients with brain metastases"
    endpoints = [result.endpoint for arm in record.arms for result in arm.results]
    endpoints += [contrast.endpoint for contrast in record.contrasts]
    if any(name.startswith(("CNS_", "time_to_CNS", "CBR_CNS")) for name in endpoints):
        return "intracranial figures of other trials"
    return None


def _gastric(record: TrialRecord) -> str | None:
    if record.disease != "gastric" or record.kind == "collection":
        return None
    return GASTRIC_LINES.get(record.setting, record.setting)


def _living(record: TrialRecord) -> str | None:
    for group in ("cell therapy", "vaccine"):
        if _has(record, group):
            return group
    return None


QUESTIONS: tuple[TrialQuestion, ...] = (
    TrialQuestion(
        "checkpoint", "PD-1 and PD-L1 (and CTLA-4) combinations, done and running", _checkpoint,
        (out.ORR, out.PCR, out.PFS, out.OS, out.GRADE3),
    ),
    TrialQuestion(
        "dual-blockade", "Dual HER2 blockade, by partner and setting", _dual,
        (out.PCR, out.ORR, out.PFS, out.OS, out.EVENT_FREE),
        tuple(f"{partner}, {when}" for partner in PARTNERS for when in ("early", "metastatic")),
    ),
    TrialQuestion(
        "conjugates", "Antibody-drug conjugates", _conjugate,
        (out.ORR, out.DOR, out.PFS, out.OS, out.PCR, out.EVENT_FREE, out.GRADE3, out.ILD),
        ("trastuzumab deruxtecan", "trastuzumab emtansine", "disitamab vedotin"),
    ),
    TrialQuestion(
        "kinase-inhibitors", "Kinase inhibitors", _kinase,
        (out.ORR, out.PFS, out.OS, out.PCR, out.EVENT_FREE, out.DIARRHEA),
        ("lapatinib", "neratinib", "tucatinib", "pyrotinib"),
    ),
    TrialQuestion(
        "brain-metastases", "Brain metastases", _brain, (out.CNS_ORR, out.CNS_PFS, out.PFS, out.OS),
        ("patients with brain metastases",),
    ),
    TrialQuestion(
        "gastric", "Gastric and gastroesophageal cancer, by line", _gastric,
        (out.ORR, out.PATHOLOGY, out.PFS, out.OS, out.GRADE3),
        ("first line", "second line", "third line and later", "perioperative"),
    ),
    TrialQuestion(
        "cells-and-vaccines", "Cell therapy and vaccines", _living,
        (out.RESPONSE, out.PCR, out.IMMUNE, out.EVENT_FREE, out.PFS, out.OS, out.SAFETY),
        ("cell therapy", "vaccine"),
    ),
)  # fmt: skip
NAMES = (*(question.name for question in QUESTIONS), BIOMARKERS)


def review_table(name: str) -> ReviewTable:
    """One of the eight review tables.

    Main arguments:
        name: ``checkpoint``, ``dual-blockade``, ``conjugates``, ``kinase-inhibitors``, ``brain-metastases``,
            ``gastric``, ``cells-and-vaccines`` or ``biomarkers``.

    Raises:
        InputError: another name.

    >>> "PANACEA" in review_table("checkpoint").trials()
    True
    """
    if name == BIOMARKERS:
        return biomarker_table(all_records())
    for question in QUESTIONS:
        if question.name == name:
            return trial_table(question, all_records())
    raise InputError(
        f"no review table is named {name!r}", hint=f"{did_you_mean(name, NAMES)} Choose one of {', '.join(NAMES)}."
    )
