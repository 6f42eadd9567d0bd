"""What a run leaves out, in the words of its report: nobody may take silence of the model for absence of an effect."""

from __future__ import annotations

from her2sim.model.assembly import actions_without_mechanism
from her2sim.model.drug_file import load_drug
from her2sim.study.plan import TrialPlan
from her2sim.study.validation.outcome import trust_sentences


def limitations(plan: TrialPlan) -> list[str]:
    """Sentences on what the model does not know, for every run and for this trial."""
    found = [
        *removed_mechanisms(plan),
        *unmodeled_actions(plan),
        *unread_words(plan),
        *trust_sentences(),
        "Toxicity, dose reductions and treatment delays are not simulated yet.",
    ]
    if plan.record.disease == "gastric":
        found.append("Gastric cancer borrows most parameters from breast cancer.")
    return found


def removed_mechanisms(plan: TrialPlan) -> list[str]:
    """What the study goes without: nobody may take its figures for those of the whole model."""
    return [*(f"Mechanism removed by --without: {text}" for text in plan.removed.sentences), *plan.removed.remarks]


def unmodeled_actions(plan: TrialPlan) -> list[str]:
    """One sentence for each drug of the trial with an action that the model has no mechanism for."""
    drugs = [load_drug(name) for name in sorted({name for arm in plan.arms for name in arm.drugs})]
    found: list[str] = []
    for drug in drugs:
        lacking = [kind for _, kind in actions_without_mechanism([drug])]
        if not lacking and drug.actions:
            continue
        if len(lacking) == len(drug.actions):
            words = f" ({', '.join(lacking)})" if lacking else ""
            found.append(
                f"{drug.inn} has no effect in this model yet: it has no mechanism for its action{words}. "
                "An arm with it is simulated as if without."
            )
        else:
            found.append(f"Of {drug.inn} the action {', '.join(lacking)} is not modeled yet.")
    return found


def unread_words(plan: TrialPlan) -> list[str]:
    """One sentence for each part of a regimen that the record gives in words outside the grammar."""
    return [
        f"Arm {arm.name}: {key} of {item.drug} is given as {words!r}, which is not simulated."
        for arm in plan.arms
        for item in arm.regimen
        for key, words in item.unparsed.items()
    ]
