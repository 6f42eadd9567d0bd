"""Which group of a results table is which arm: by its title, by the drugs it names, or by what the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.outcome_title import rules

_PREFIX = re.compile(r"^(?:treatment )?(?:arm|group|cohort|part)? ?(?:[a-z]|\d{1,2}|i{1,3}|iv)\b ?(?:$|(?<=.) )")


@dataclass(frozen=True)
class RegistryArm:
    """An arm of the protocol section.

    Main arguments:
        label, type: as in the registry.
        names: for each drug, its names in lower case.
    """

    label: str
    type: str
    names: tuple[tuple[str, ...], ...]


class Groups:
    """Matches titles of groups to arms and remembers what it decided and could not decide."""

    def __init__(self, arms: Sequence[RegistryArm], given: Mapping[str, str]) -> None:
        self.arms = arms
        self.given = {_plain(title): label for title, label in given.items()}
        labels = [arm.label for arm in arms]
        for title, label in given.items():
            if label not in labels:
                raise InputError(f"no arm is labeled {label!r} (given for {title!r})", hint=did_you_mean(label, labels))
        self.decided: dict[str, Remark] = {}
        self.unmatched: dict[str, Remark] = {}

    def of(self, holder: Node, key: str = "groups") -> dict[str, str]:
        """Group id to the label of its arm, for the groups of one table; groups that are no arm are left out.

        Raises:
            InputError: a group without id, or two with the same.
        """
        groups = holder.items(key)
        found: dict[str, str] = {}
        seen: set[str] = set()
        for group in groups:
            name = group.text("id")
            if not name:
                raise group.error("a group has no id", "id")
            if name in seen:
                raise group.error(f"two groups have the id {name}", "id")
            seen.add(name)
            label = self._arm(group)
            if label:
                found[name] = label
        doubled = {label for label in found.values() if list(found.values()).count(label) > 1}
        for group in groups:
            label = found.get(group.text("id"), "")
            if label in doubled:
                del found[group.text("id")]
                self._leave(group, f"several groups of the table could be arm {label!r}")
        return found

    def _arm(self, group: Node) -> str:
        title = group.text("title")
        plain = _plain(title)
        if plain in self.given:
            return self.given[plain]
        for shorten in (_plain, _bare):
            same = [arm.label for arm in self.arms if shorten(title) and shorten(arm.label) == shorten(title)]
            if len(same) == 1:
                return same[0]
        if re.search(rules()["not_an_arm"], title):
            self._leave(group, "its title speaks of more, or less, than one arm")
            return ""
        mentioned = [self._drugs_in(plain, arm) for arm in self.arms]
        most = max(mentioned, default=0)
        fits = [
            arm
            for arm, count in zip(self.arms, mentioned, strict=True)
            if count and count == len(arm.names) and count == most
        ]
        if len(fits) == 1:
            self.decided.setdefault(
                title,
                Remark(group.path, f"group {title!r} is arm {fits[0].label!r}", "it names exactly that arm's drugs"),
            )
            return fits[0].label
        self._leave(group, "no arm has this label, and the drugs it names do not single one out")
        return ""

    def _drugs_in(self, plain: str, arm: RegistryArm) -> int:
        return sum(any(re.search(rf"\b{re.escape(name)}\b", plain) for name in names) for names in arm.names)

    def _leave(self, group: Node, why: str) -> None:
        title = group.text("title")
        hint = f"say --arm '{title[:60]}=LABEL' if it is one" if title else "it has no title"
        self.unmatched.setdefault(title, Remark(group.path, f"group {title[:80]!r}", f"{why}; {hint}"))


def _plain(title: str) -> str:
    return " ".join(re.sub(r"[^\w+]+", " ", title.lower().replace("+", " + ")).replace("+", " ").split())


def _bare(title: str) -> str:
    return _PREFIX.sub("", _plain(title))
