"""From the records of published trials to the comparisons of a network.

One effect per trial and pair of arms: of several published figures, the one that was seen at its source rather than
recalled, by the trial's main assessor, with the smallest standard error (so the most mature), in this order. Figures of
strata and of trials whose results are kept back never enter.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from her2sim.analysis.common_terms import common_assessor, common_endpoint
from her2sim.analysis.meta.comparisons import Comparison, completed, log_odds_ratios, log_ratio_error
from her2sim.analysis.meta.network_geometry import geometry, within
from her2sim.analysis.meta.treatments import (
    RatioOutcome,
    choices,
    components_of,
    counts_as_arm,
    drugs_of,
    groups_of,
    of_stratum,
    treatment_name,
)
from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.query import SETTING_WORDS
from her2sim.evidence.roles import role_of
from her2sim.record.types import Arm, Contrast, Result, TrialRecord

_SKEWED = 0.25
"""An interval whose middle (on the log scale) is further from the estimate than this share of its half width is not
symmetric by rounding alone; its wider side then gives the standard error."""


@dataclass(frozen=True)
class TrialEffects:
    """The comparisons of all trials that fit, ready for a network.

    Main arguments:
        outcome: name and definition.
        comparisons: effects on the log scale, all pairs of each multi-arm trial.
        compositions: treatment to its components for the additive model, as the first trial of each has them.
        left_out: trial to the reason why it has a figure of this outcome but does not enter.
        recalled: trials of which at least one effect was recalled, not seen at its source.
    """

    outcome: tuple[str, RatioOutcome]
    comparisons: tuple[Comparison, ...]
    compositions: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, str]
    recalled: tuple[str, ...]


def trial_effects(
    records: Iterable[TrialRecord],
    outcome: str = "PFS",
    *,
    disease: str = "",
    setting: str = "",
    visible: Collection[str] | None = None,
) -> TrialEffects:
    """Comparisons of an outcome from published trials.

    Main arguments:
        records: of the evidence base.
        outcome: a name of ``data/meta/treatments.yaml``: PFS, OS, DFS (hazard ratios), ORR, pCR (odds ratios).

    Other arguments:
        disease: ``breast``, ``gastric`` …; empty for all.
        setting: a setting or its beginning: ``metastatic``, ``metastatic-1L``, ``1L``; empty for all.
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Raises:
        InputError: unknown outcome.
    """
    table = choices().ratios
    if outcome not in table:
        raise InputError(f"unknown outcome {outcome!r}.", hint=did_you_mean(outcome, table))
    rule = table[outcome]
    found: list[Comparison] = []
    compositions: dict[str, Mapping[str, float]] = {}
    left_out: dict[str, str] = {}
    recalled: list[str] = []
    for record in records:
        if not usable(record, visible) or (disease and record.disease != disease):
            continue
        if not in_setting(record.setting, setting):
            continue
        mine, reasons, read = _of_trial(record, rule)
        if mine:
            found += mine
            names = {name for each in mine for name in (each.treatment, each.reference)}
            for arm in record.arms:
                groups = groups_of(drugs_of(arm))
                name = treatment_name(groups)
                if name in names:
                    compositions.setdefault(name, components_of(groups))
            if not read:
                recalled.append(record.id)
        elif reasons:
            left_out[record.id] = reasons
    return TrialEffects((outcome, rule), tuple(found), compositions, left_out, tuple(recalled))


def usable(record: TrialRecord, visible: Collection[str] | None) -> bool:
    """Whether a record is a trial (not a stratum or a collection) whose results may be used here."""
    if record.kind != "trial" or role_of(record.id) == "withheld" or record.status == "withheld":
        return False
    return visible is None or record.id in visible


def in_setting(setting: str, wanted: str) -> bool:
    """Whether a setting is the wanted one, or begins with it.

    >>> in_setting("metastatic-1L", "metastatic"), in_setting("metastatic-1L", "2L"), in_setting("adjuvant", "")
    (True, False, True)
    """
    name = SETTING_WORDS.get(wanted.lower(), wanted.lower())
    have = setting.lower()
    return not name or have == name or have.startswith(f"{name}-")


def _of_trial(record: TrialRecord, rule: RatioOutcome) -> tuple[list[Comparison], str, bool]:
    """Comparisons of one trial, why there are none, and whether all were read."""
    names = _names_of_arms(record)
    by_counts = rule.measure == "odds ratio"
    pairs, reason, read = _from_arms(record, rule, names) if by_counts else _from_ratios(record, rule, names)
    if not pairs:
        return [], reason, read
    sizes = {name: float(arm.n) for arm in record.arms if arm.n and (name := names.get(arm.name))}
    counts = {name: round(size) for name, size in sizes.items()}
    found: list[Comparison] = []
    parts = geometry(pairs).subnetworks
    for number, part in enumerate(parts):
        label = record.id if len(parts) == 1 else f"{record.id} ({number + 1})"
        own = [_renamed(each, label) for each in within(pairs, part)]
        found += completed(own, {name: size for name, size in counts.items() if name in part})
    return found, "", read


def _names_of_arms(record: TrialRecord) -> dict[str, str]:
    """Arm to treatment, for the first arm of each treatment; arms that repeat patients are left out."""
    names: dict[str, str] = {}
    for arm in record.arms:
        name = treatment_name(groups_of(drugs_of(arm)))
        if name not in names.values() and counts_as_arm(arm, record):
            names[arm.name] = name
    return names


def _from_ratios(
    record: TrialRecord, rule: RatioOutcome, names: Mapping[str, str]
) -> tuple[list[Comparison], str, bool]:
    ratios = [
        each
        for each in record.contrasts
        if each.endpoint in rule.endpoints and each.hr is not None and not of_stratum(each)
    ]
    if not ratios:
        return [], "", True
    if not any(each.arm in names and each.reference in names for each in ratios):
        return [], "its arms are one treatment here, or its patients are not HER2-positive", True
    endpoint = next((name for name in rule.endpoints if any(_with_error(x, name, names) for x in ratios)), None)
    if endpoint is None:
        return [], "no confidence interval", True
    best: dict[frozenset[str], Contrast] = {}
    for each in ratios:
        if _with_error(each, endpoint, names):
            pair = frozenset((each.arm, each.reference))
            rival = best.get(pair)
            if rival is None or _preference(each, record) > _preference(rival, record):
                best[pair] = each
    found = [
        Comparison(record.id, names[x.arm], names[x.reference], math.log(x.hr), error)
        for x in best.values()
        if x.hr is not None and (error := ratio_error(x)) is not None
    ]
    return found, "", all(x.read for x in best.values())


def _with_error(contrast: Contrast, endpoint: str, names: Mapping[str, str]) -> bool:
    named = contrast.arm in names and contrast.reference in names
    return named and contrast.endpoint == endpoint and ratio_error(contrast) is not None


def _preference(contrast: Contrast, record: TrialRecord) -> tuple[bool, bool, float]:
    main = common_assessor(contrast.assessor) in ("", record.assessment.assessor)
    return contrast.read, main, -(ratio_error(contrast) or math.inf)


def ratio_error(contrast: Contrast) -> float | None:
    """Standard error of the log hazard ratio from the interval; None without one.

    P values are not used: sources do not say whether they are one- or two-sided.

    >>> from her2sim.record.types import Contrast
    >>> round(ratio_error(Contrast("PFS", "A", "B", hr=0.65, ci95=(0.549, 0.771))), 4)
    0.0866
    """
    found: tuple[float, float, float] | None = None
    if contrast.ci95 is not None and contrast.ci95[0] and contrast.ci95[1]:
        words = str(contrast.extra.get("ci_level", ""))
        found = contrast.ci95[0], contrast.ci95[1], 0.975 if words.startswith("97.5") else 0.95
    for key, level in (("ci90", 0.90), ("ci80", 0.80)):
        bounds = contrast.extra.get(key)
        if found is None and bounds:
            found = float(bounds[0]), float(bounds[1]), level
    if found is None or not contrast.hr:
        return None
    low, high, level = found
    if not low < contrast.hr < high:
        return None
    middle, half = math.log(low * high) / 2.0, math.log(high / low) / 2.0
    if abs(math.log(contrast.hr) - middle) > _SKEWED * half:
        side = max(high / contrast.hr, contrast.hr / low)
        return log_ratio_error(1.0 / side, side, level)
    return log_ratio_error(low, high, level)


def _from_arms(record: TrialRecord, rule: RatioOutcome, names: Mapping[str, str]) -> tuple[list[Comparison], str, bool]:
    rates = {arm.name: found for arm in record.arms if (found := rate_of(arm, record, rule.endpoints)) is not None}
    if not rates:
        return [], "", True
    counts: dict[str, tuple[int, int]] = {}
    for name, (result, n) in rates.items():
        if name in names and result.value is not None:
            counts[names[name]] = round(result.value / 100.0 * n), n
    found = list(log_odds_ratios(record.id, counts))
    same = len({result.endpoint for result, _ in rates.values()}) == 1
    if not found or not same:
        return [], "single arm" if len(record.arms) < 2 else "its arms cannot be compared in this network", True
    return found, "", all(result.read for result, _ in rates.values())


def rate_of(arm: Arm, record: TrialRecord, endpoints: Collection[str]) -> tuple[Result, int] | None:
    """The published rate of an arm in percent, and the patients it was counted in; None where one is not known."""
    for endpoint in endpoints:
        known = [
            each
            for each in arm.results
            if common_endpoint(each.endpoint) == endpoint
            and each.value is not None
            and each.unit == "percent"
            and not of_stratum(each)
        ]
        if known:
            best = max(known, key=lambda each: (each.read, main_assessor(each, record)))
            n = best.n_evaluated or arm.n
            return (best, n) if n else None
    return None


def main_assessor(result: Result, record: TrialRecord) -> bool:
    """Whether a figure is by the trial's main assessor, or does not say by whom."""
    return common_assessor(result.assessor) in ("", record.assessment.assessor)


def _renamed(comparison: Comparison, study: str) -> Comparison:
    return Comparison(
        study, comparison.treatment, comparison.reference, comparison.effect, comparison.std_error, comparison.derived
    )
