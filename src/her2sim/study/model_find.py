"""Search in the model: which equations, parameters and descriptions speak of something, with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from her2sim.core.errors import InputError, did_you_mean
from her2sim.study.model_groups import grouped
from her2sim.study.model_text import WIDTH, group_lines, parameter_lines
from her2sim.study.model_view import ModelView, ModuleView

MOST = 8


@dataclass(frozen=True)
class _Place:
    """A module of one of the scales, with its model."""

    view: ModelView
    module: ModuleView


def found_lines(views: Sequence[ModelView], wanted: str) -> list[str]:
    """What the models say of ``wanted``: descriptions with sources first, then equations, then parameters.

    Main arguments:
        views: the models to search.
        wanted: words in any case; hyphens, spaces and underscores do not matter.

    Raises:
        InputError: nothing is found.
    """
    key = _plain(wanted)
    lines: list[str] = []
    for view in views:
        lines += _in_view(view, key)
    if not key or not lines:
        names = [e.name for view in views for module in view.modules for e in module.equations]
        raise InputError(
            f"nothing in the model speaks of {wanted!r}",
            where="--find",
            hint=did_you_mean(wanted, [*names, *(p.name for view in views for p in view.parameters)]),
        )
    return lines


def equation_lines(views: Sequence[ModelView], name: str) -> list[str]:
    """One equation with everything that it uses: meaning, value, unit and source of each symbol, and who uses it.

    Raises:
        InputError: no equation of that name; the nearest are offered.
    """
    for view in views:
        for module in view.modules:
            for item in module.equations:
                if item.name.lower() == name.lower():
                    return _one_equation(view, module, item.name)
    known = [e.name for view in views for module in view.modules for e in module.equations]
    raise InputError(f"the model has no equation for {name!r}", where="--equation", hint=did_you_mean(name, known))


def _in_view(view: ModelView, key: str) -> list[str]:
    lines: list[str] = []
    seen: set[str] = set()
    ids = [drug.replace(" ", "_") for drug in view.drugs]
    for module in view.modules:
        if module.theory in seen:
            continue
        told = key in _plain(module.theory)
        groups = grouped((e for e in module.equations if key in _plain(" ".join((e.name, e.description)))), ids)
        if not told and not groups:
            continue
        seen.add(module.theory)
        lines += [f"{module.name}: {module.about}", f"  in {module.file or 'the assembled model'}"]
        if told:
            lines += [f"  | {line}".rstrip() for line in _body(module.theory)]
        elif module.sources:
            lines.append(f"  sources: {'; '.join(module.sources)}")
        for group in groups[:MOST]:
            lines += group_lines(group, "  ")
        lines += _more(len(groups), "equations")
        lines.append("")
    hits = [p for p in view.parameters if key in _plain(" ".join((p.name, p.description, p.note)))]
    if hits:
        lines.append(f"Parameters ({view.title})")
        for parameter in hits[:MOST]:
            lines += parameter_lines(parameter, "  ")
        lines += _more(len(hits), "parameters")
        lines.append("")
    return lines


def _one_equation(view: ModelView, module: ModuleView, name: str) -> list[str]:
    item = next(e for e in module.equations if e.name == name)
    meaning = {e.name: (e.unit, e.description, m.name) for m in view.modules for e in m.equations}
    numbers = {p.name: p for p in view.parameters}
    lines = [
        *item.lines,
        f"    {item.description or item.kind} [{item.unit}]",
        f"    module {module.name}: {module.about}",
    ]
    if module.sources:
        lines.append(f"    sources: {'; '.join(module.sources)}")
    if item.initial:
        lines.append(f"    at the start: {item.initial}")
    lines += ["", "It uses"]
    for used in item.uses:
        if used in numbers:
            lines += parameter_lines(numbers[used], "  ")
        elif used in meaning:
            unit, words, giver = meaning[used]
            lines += _wrapped(f"  {used}: {words} [{unit}], from {giver}")
    users = sorted({e.name for m in view.modules for e in m.equations if name in e.uses})
    lines += ["", *_wrapped("Used by: " + (", ".join(users) or "nothing; it is read from the results"))]
    return lines


def _body(theory: str) -> list[str]:
    """The lines of a description after its first sentence, which stands in the heading."""
    lines = theory.splitlines()
    return lines[lines.index("") + 1 :] if "" in lines else lines


def _more(count: int, what: str) -> list[str]:
    return [f"  … and {count - MOST} more {what}; search for something narrower."] if count > MOST else []


def _wrapped(text: str) -> Iterable[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, subsequent_indent="    ")


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-]+", "", text.lower())
