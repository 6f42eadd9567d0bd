"""Equations that differ only by the clone, site, lesion or drug in their names, told once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from her2sim.model.lesions import CLONES, SITES, SLOTS
from her2sim.study.model_view import EquationView, ModuleView


@dataclass(frozen=True)
class EquationGroup:
    """One equation for several names: ``pattern`` has ``<clone>``, ``<site>``, ``<lesion>`` or ``<drug>`` in them.

    ``stands_for`` says what each word stands for; both are plain where the group has one member.
    """

    pattern: EquationView
    members: tuple[EquationView, ...]
    stands_for: Mapping[str, tuple[str, ...]]


def grouped(equations: Iterable[EquationView], drugs: Sequence[str] = ()) -> list[EquationGroup]:
    """Equations in their order, with those of the same form put together.

    Main arguments:
        equations: of one module.

    Other arguments:
        drugs: ids of the drugs of the model.
    """
    words = {"clone": CLONES, "site": SITES, "lesion": tuple(slot.name for slot in SLOTS), "drug": tuple(drugs)}
    found: dict[tuple[str, ...], list[tuple[EquationView, EquationView, dict[str, str]]]] = {}
    for item in equations:
        own = {kind: hit for kind, names in words.items() if (hit := _named(kind, item.name, names))}
        pattern = _patterned(item, own)
        found.setdefault((pattern.kind, pattern.name, " ".join(" ".join(pattern.lines).split())), []).append(
            (item, pattern, own)
        )
    return [_group(rows) for rows in found.values()]


def alike(modules: Sequence[ModuleView], drugs: Sequence[str] = ()) -> list[tuple[ModuleView, tuple[str, ...]]]:
    """Modules in their order; one that differs from an earlier one only by its lesion stands with it.

    Returns:
        pairs of a module and the names of those that have the same form.
    """
    found: dict[object, tuple[ModuleView, list[str]]] = {}
    for module in modules:
        head, dot, last = module.name.partition(".")
        lesion = last if dot and last in [slot.name for slot in SLOTS] else ""
        key: object = module.name
        if lesion:
            key = (head, tuple(" ".join(_patterned(e, {"lesion": lesion}).lines) for e in module.equations))
        found.setdefault(key, (module, []))[1].append(module.name)
    return [(module, tuple(names)) for module, names in found.values()]


def _group(rows: Sequence[tuple[EquationView, EquationView, Mapping[str, str]]]) -> EquationGroup:
    items = tuple(item for item, _, _ in rows)
    if len(rows) == 1:
        return EquationGroup(items[0], items, {})
    kinds = rows[0][2]
    stands = {kind: tuple(dict.fromkeys(own[kind] for _, _, own in rows)) for kind in kinds}
    fixed = {kind: names[0] for kind, names in stands.items() if len(names) == 1}
    varied = {kind: word for kind, word in rows[0][2].items() if kind not in fixed}
    return EquationGroup(_patterned(items[0], varied), items, {k: v for k, v in stands.items() if k not in fixed})


def _named(kind: str, name: str, known: Sequence[str]) -> str:
    hits = [word for word in sorted(known, key=len, reverse=True) if re.search(_whole(kind, word), name)]
    return hits[0] if hits else ""


def _whole(kind: str, word: str) -> str:
    """A word of a name between underscores; that of a drug may also stand first."""
    before = r"(?<![A-Za-z0-9])" if kind == "drug" else "(?<=_)"
    return rf"{before}{re.escape(word)}(?![A-Za-z0-9])"


def short_names(names: Sequence[str], drugs: Sequence[str] = ()) -> list[str]:
    """Names with those of one form put together: ``V_<lesion>_<clone>_mL``.

    >>> short_names(["signal_sensitive_cns", "signal_bypass_cns", "her2_nM"])
    ['signal_<clone>_cns', 'her2_nM']
    """
    blank = [EquationView(name, "", "", "", (), "", "", ()) for name in names]
    return [group.pattern.name for group in grouped(blank, drugs)]


def _patterned(item: EquationView, own: Mapping[str, str]) -> EquationView:
    def turned(text: str) -> str:
        for kind, word in own.items():
            text = re.sub(_whole(kind, word), f"<{kind}>", text)
        return text

    return replace(
        item,
        name=turned(item.name),
        description=turned(item.description),
        lines=tuple(turned(line) for line in item.lines),
        initial=turned(item.initial),
    )
