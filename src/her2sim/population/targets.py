"""What a trial asks of its patients: published shares and medians, and rules of eligibility."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.population.marginals import class_probabilities
from her2sim.population.specification import Covariate, Specification

Floats = NDArray[np.float64]
DESIGN_KEYS = ("n",)
SHARES_BY_KEY: Mapping[str, tuple[str, str]] = {
    "brain_mets_pct": ("brain_metastases", "1"),
    "brain_mets_active_pct": ("brain_metastases_active", "1"),
    "ihc3_pct": ("her2_class", "IHC3+"),
    "ihc2_ish_positive_pct": ("her2_class", "IHC2+/ISH+"),
    "ecog1_pct": ("ecog", "1"),
    "liver_mets_pct": ("liver_metastases", "1"),
    "pik3ca_pct": ("pik3ca_mutated", "1"),
}
MEDIANS_BY_KEY: Mapping[str, str] = {
    "median_age": "age_years",
    "median_weight": "weight_kg",
    "prior_lines_median": "prior_lines",
}
HER2_WORDS: Mapping[str, tuple[str, ...]] = {
    "IHC2+": ("IHC2+/ISH-", "IHC2+/ISH+"),
    "ISH+": ("IHC0/ISH+", "IHC1+/ISH+", "IHC2+/ISH+", "IHC3+"),
    "any": ("IHC0", "IHC0/ISH+", "IHC1+", "IHC1+/ISH+", "IHC2+/ISH-", "IHC2+/ISH+", "IHC3+"),
}
MOST_ROUNDING = 0.02


@dataclass(frozen=True)
class Targets:
    """What the patients of a trial must meet.

    Main arguments:
        shares: covariate -> share of each of its classes.
        medians: covariate -> median.
        keys: baseline key -> (covariate, class or "") that it was understood as.

    Other arguments:
        unused: baseline keys without effect on the patients.
    """

    shares: Mapping[str, tuple[float, ...]]
    medians: Mapping[str, float]
    keys: Mapping[str, tuple[str, str]]
    unused: tuple[str, ...] = ()


def read_targets(
    specification: Specification, baseline: Mapping[str, Any], rules: Mapping[str, Collection[str]]
) -> Targets:
    """Published baseline figures and eligibility rules as targets.

    A rule leaves classes out; the published share holds among what is left. Keys of the evidence format are
    understood, and for any covariate of the specification ``<flag>_pct``, ``median_<covariate>`` and
    ``<covariate>_median``.

    Main arguments:
        baseline: key -> figure; None is as if the key were missing.
        rules: covariate -> classes allowed, for example ``{"hr_positive": ["1"]}``. They come on top of the
            specification's own rules and replace those for the same covariate.

    Raises:
        InputError: a share outside 0-100, a median outside the covariate's range, a rule that names an unknown
            covariate or class or leaves nobody.
    """
    shares: dict[str, dict[int, float]] = {}
    medians: dict[str, float] = {}
    keys: dict[str, tuple[str, str]] = {}
    unused: list[str] = []
    for key, figure in baseline.items():
        meaning = _meaning(key, specification)
        if figure is None or key in DESIGN_KEYS:
            continue
        if meaning is None or isinstance(figure, (bool, str)) or not isinstance(figure, (int, float)):
            unused.append(key)
            continue
        name, class_name = meaning
        covariate = specification.covariate(name)
        keys[key] = meaning
        if class_name:
            if not 0.0 <= figure <= 100.0:
                raise InputError(f"{figure:g} percent.", where=f"baseline: {key}", hint="A share is from 0 to 100.")
            shares.setdefault(name, {})[covariate.classes.index(class_name)] = figure / 100.0
        else:
            _check_median(covariate, float(figure), key)
            medians[name] = float(figure)
    allowed = {**specification.rules, **{name: tuple(classes) for name, classes in rules.items()}}
    matched: dict[str, tuple[float, ...]] = {}
    for name in {**shares, **allowed}:
        if _holds_for_all(specification, name, allowed.get(name, ())):
            continue
        matched[name] = _shares_of(specification, name, shares.get(name, {}), allowed.get(name))
    return Targets(matched, medians, keys, tuple(unused))


def eligibility_rules(
    *,
    her2: Sequence[str] = (),
    hormone_receptor: str = "any",
    brain_metastases: str = "stable",
    pdl1: str = "any",
) -> dict[str, tuple[str, ...]]:
    """The words of a record's eligibility as rules for ``read_targets``.

    Main arguments:
        her2: classes of ``her2_class``, or ``IHC2+`` (amplified or not), ``ISH+`` (whatever the IHC; IHC3+ counts as
            amplified) or ``any``; empty for the default of the disease.
        hormone_receptor: ``any``, ``positive`` or ``negative``.
        brain_metastases: ``excluded``, ``stable`` (active ones left out), ``active`` (no rule) or ``required``.
        pdl1: ``any``, or text such as ``positive``, ``CPS>=1``, ``CPS<1``, ``negative``.

    >>> eligibility_rules(her2=["IHC1+", "IHC2+/ISH-"], hormone_receptor="positive", brain_metastases="active")
    {'her2_class': ('IHC1+', 'IHC2+/ISH-'), 'hr_positive': ('1',)}
    """
    rules: dict[str, tuple[str, ...]] = {}
    if her2:
        rules["her2_class"] = tuple(dict.fromkeys(c for word in her2 for c in HER2_WORDS.get(word, (word,))))
    by_word = {"positive": ("1",), "negative": ("0",)}
    if hormone_receptor in by_word:
        rules["hr_positive"] = by_word[hormone_receptor]
    if brain_metastases in ("excluded", "required"):
        rules["brain_metastases"] = ("1",) if brain_metastases == "required" else ("0",)
    if brain_metastases == "stable":
        rules["brain_metastases_active"] = ("0",)
    word = pdl1.lower().replace(" ", "")
    if word and word != "any":
        rules["pdl1_positive"] = ("0",) if "<" in word or "negative" in word else ("1",)
    return rules


def _holds_for_all(specification: Specification, name: str, allowed: Sequence[str]) -> bool:
    """True if a rule asks for what every patient of the population is (no brain metastases in early disease).

    Raises:
        InputError: the rule asks for what no patient of the population is.
    """
    if name not in specification.names or specification.covariate(name).distribution != "constant":
        return False
    covariate = specification.covariate(name)
    if covariate.given:
        return False
    value = f"{covariate.levels[()]['value'].value:g}"
    if value not in allowed:
        why = f"It is {value} for every patient of {specification.name}."
        raise InputError(f"{name}: no patient can meet the rule.", where="eligibility", why=why)
    return True


def _meaning(key: str, specification: Specification) -> tuple[str, str] | None:
    """(covariate, class or "") of a baseline key, or None."""
    if key in SHARES_BY_KEY and SHARES_BY_KEY[key][0] in specification.names:
        return SHARES_BY_KEY[key]
    name = MEDIANS_BY_KEY.get(key) or key.removeprefix("median_").removesuffix("_median")
    if name != key and name in specification.names:
        covariate = specification.covariate(name)
        return None if covariate.discrete or covariate.derived else (name, "")
    flag = key.removesuffix("_pct")
    if flag != key and flag in specification.names and specification.covariate(flag).distribution == "bernoulli":
        return flag, "1"
    return None


def _check_median(covariate: Covariate, figure: float, key: str) -> None:
    level = next(iter(covariate.levels.values()))
    low = level["low"].value if "low" in level else 0.0
    if not low <= figure <= level["high"].value:
        raise InputError(
            f"{figure:g} {covariate.unit}.",
            where=f"baseline: {key}",
            hint=f"Expected from {low:g} to {level['high'].value:g} {covariate.unit}.",
        )


def _shares_of(
    specification: Specification, name: str, published: Mapping[int, float], allowed: Sequence[str] | None
) -> tuple[float, ...]:
    """Shares of all classes: published ones, the rest in the proportions of the population, all within the rule."""
    if name not in specification.names or not specification.covariate(name).discrete:
        discrete = [c.name for c in specification.covariates if c.discrete]
        raise InputError(f"{name} is no flag or class.", where="eligibility", hint=did_you_mean(name, discrete))
    covariate = specification.covariate(name)
    for word in allowed or ():
        if word not in covariate.classes:
            raise InputError(
                f"{name}: unknown class {word!r}.", where="eligibility", hint=did_you_mean(word, covariate.classes)
            )
    open_ = np.array([allowed is None or c in allowed for c in covariate.classes])
    if covariate.given:
        base = np.full(len(covariate.classes), 1.0 / len(covariate.classes))
    else:
        base = class_probabilities(covariate, covariate.levels[()])
    shares = np.where(open_, base, 0.0)
    fixed = {k: v for k, v in published.items() if open_[k]}
    rest = np.array([k not in fixed for k in range(len(shares))])
    left = 1.0 - sum(fixed.values())
    if left < -MOST_ROUNDING:
        total = 100.0 * (1.0 - left)
        raise InputError(f"{name}: published shares add up to {total:.1f} percent", where="baseline")
    left = max(left, 0.0)
    if fixed and shares[rest].sum() > 0:
        shares[rest] *= left / shares[rest].sum()
    for k, value in fixed.items():
        shares[k] = value
    if shares.sum() <= 0:
        raise InputError(f"{name}: no patient can meet both the baseline and the rule", where="eligibility")
    return tuple((shares / shares.sum()).tolist())
