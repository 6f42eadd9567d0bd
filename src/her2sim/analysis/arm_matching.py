"""Which arm of one record is which arm of another: by name, else by the drugs of the regimen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.types import Arm


def match_arms(
    simulated: Sequence[Arm], published: Sequence[Arm], given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Published arm name to simulated arm name, for those that have a partner.

    First the pairs that are given, then equal names (case and punctuation do not matter), then equal sets of drugs
    where only one arm on each side has that set. What is left has no partner.

    Main arguments:
        simulated, published: arms of each record.

    Other arguments:
        given: published name to simulated name.

    Raises:
        InputError: if a given name is not an arm of its record.
    """
    pairs: dict[str, str] = {}
    for name, partner in (given or {}).items():
        for word, arms in ((name, published), (partner, simulated)):
            known = [arm.name for arm in arms]
            if word not in known:
                raise InputError(f"no arm is named {word!r}.", hint=did_you_mean(word, known))
        pairs[name] = partner
    for arm in published:
        same = [each.name for each in simulated if _plain(each.name) == _plain(arm.name)]
        if arm.name not in pairs and len(same) == 1 and same[0] not in pairs.values():
            pairs[arm.name] = same[0]
    left = [arm for arm in published if arm.name not in pairs]
    free = [arm for arm in simulated if arm.name not in pairs.values()]
    for arm in left:
        drugs = _drugs(arm)
        same = [each.name for each in free if _drugs(each) == drugs]
        alike = [each.name for each in left if _drugs(each) == drugs]
        if drugs and len(same) == 1 and len(alike) == 1:
            pairs[arm.name] = same[0]
    return {arm.name: pairs[arm.name] for arm in published if arm.name in pairs}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _drugs(arm: Arm) -> frozenset[str]:
    return frozenset(_plain(item.drug) for item in arm.regimen)
