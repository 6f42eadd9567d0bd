"""The model of a regimen as text, Markdown and JSON, and the list of what can be removed from it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from her2sim.model.mechanisms import Mechanism
from her2sim.study.model_groups import EquationGroup, alike, grouped, short_names
from her2sim.study.model_view import ModelView, ModuleView, ParameterView

WIDTH = 110
MOST_LINES, SHORTENED = 16, 24  # of an equation: a solver written out as a formula has hundreds
_UNBROKEN: Any = {"break_long_words": False, "break_on_hyphens": False}


def model_text(view: ModelView, *, modules: Sequence[str] = ()) -> str:
    """The whole model for a reader: each module with its flows, equations and parameters.

    Main arguments:
        view: the model.

    Other arguments:
        modules: only these.
    """
    lines = [*_head(view), ""]
    told: set[str] = set()
    cited: dict[str, int] = {}
    for module, names in alike(view.modules):
        if modules and not set(modules) & set(names):
            continue
        lines += [*_module_lines(view, module, names, told, cited), ""]
    if cited:
        lines += ["Sources of parameters", "====================="]
        for source, number in cited.items():
            lines += textwrap.wrap(f"[{number}] {source}", WIDTH, subsequent_indent="     ", **_UNBROKEN)
    return "\n".join(lines).rstrip() + "\n"


def model_markdown(view: ModelView) -> str:
    """The same as Markdown, with a table of parameters for each module."""
    lines = [f"# Model: {view.title} ({view.disease})", "", *_head(view)[1:], ""]
    told: set[str] = set()
    for module, names in alike(view.modules):
        lines += [f"## {', '.join(names)}", "", module.about, ""]
        if module.sources:
            lines += ["Sources: " + "; ".join(module.sources), ""]
        if module.equations:
            lines.append("```")
            for group in grouped(module.equations, [d.replace(" ", "_") for d in view.drugs]):
                lines += [f"# {_meaning(group)}", *group.pattern.lines, ""]
            lines[-1:] = ["```", ""]
        own = [p for p in view.parameters if set(names) & set(p.modules) and p.name not in told]
        told |= {p.name for p in own}
        if own:
            lines += [
                "| parameter | value | unit | meaning | spread between patients | origin | source |",
                "|---" * 7 + "|",
            ]
            lines += [
                f"| `{p.name}` | {p.value:.6g} | {p.unit} | {_cell(p.description)} | {p.spread or '-'} | {p.origin} | "
                f"{_cell(p.source) or '-'} |"
                for p in own
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def model_json(view: ModelView) -> str:
    """The same as JSON, with nothing grouped or shortened."""
    content = {
        "title": view.title,
        "disease": view.disease,
        "drugs": view.drugs,
        "sha256": view.system.hash(),
        "time_unit": view.system.time_unit,
        "modules": [asdict(module) for module in view.modules],
        "parameters": [asdict(parameter) for parameter in view.parameters],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def mechanism_lines(patient: Mapping[str, Mechanism], cell: Mapping[str, Mechanism]) -> Iterable[str]:
    """Every mechanism that ``--without`` takes, with what it removes."""
    yield "Mechanisms of the patient scale, for run, patient, model and simulate (--without NAME,NAME):"
    yield from _listed(patient)
    yield ""
    yield "Mechanisms of the cell scale, for cell:"
    yield from _listed(cell)


def group_lines(group: EquationGroup, indent: str = "    ") -> list[str]:
    """An equation for readers: what it means, what its words stand for, the formula."""
    told = textwrap.wrap(_meaning(group), WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ")
    lines, more = group.pattern.lines, len(group.pattern.lines) - MOST_LINES
    if more > SHORTENED:
        lines = (*lines[:MOST_LINES], f"    … and {more} lines more: --equation {group.members[0].name}")
    return [*told, *(f"{indent}{line}" for line in lines)]


def parameter_lines(parameter: ParameterView, indent: str = "    ", cited: dict[str, int] | None = None) -> list[str]:
    """A number for readers: value, meaning, spread, where it comes from; with ``cited``, sources by number."""
    unit = "" if parameter.unit == "dimensionless" else f" {parameter.unit}"
    lines = [f"{indent}{parameter.name} = {parameter.value:.6g}{unit}"]
    about = [parameter.description, parameter.note]
    spread = f"between patients: {parameter.spread}" if parameter.spread else ""
    doubt = f"uncertainty of the typical value: {parameter.uncertainty}" if parameter.uncertainty else ""
    bounds = f"plausible: {parameter.bounds}" if parameter.bounds else ""
    home = parameter.origin
    if parameter.source and cited is not None:
        home += f" [{cited.setdefault(parameter.source, len(cited) + 1)}]"
    elif parameter.source:
        home += f": {parameter.source}"
    ranges = "; ".join(part for part in (spread, doubt, bounds) if part)
    told = ". ".join(part for part in (home, "; ".join(part for part in about if part), ranges) if part)
    inner = indent + "    "
    return lines + textwrap.wrap(told, WIDTH, initial_indent=inner, subsequent_indent=inner, **_UNBROKEN)


def _head(view: ModelView) -> list[str]:
    system, origins = view.system, view.origins
    counts = ", ".join(f"{count} {word}" for word, count in origins.items() if count)
    return [
        f"{view.title} ({view.disease}): {', '.join(view.drugs) or 'natural history, no drugs'}",
        f"{len(view.modules)} modules, {len(system.states)} states, {len(system.assignments)} variables, "
        f"{len(system.parameters)} parameters ({counts}).",
    ]


def _module_lines(
    view: ModelView, module: ModuleView, names: Sequence[str], told: set[str], cited: dict[str, int]
) -> list[str]:
    title = ", ".join(names)
    ids = [drug.replace(" ", "_") for drug in view.drugs]
    lines = [title, "=" * min(len(title), WIDTH)]
    lines += textwrap.wrap(module.about, WIDTH)
    if module.sources:
        lines += textwrap.wrap("Sources: " + "; ".join(module.sources), WIDTH, subsequent_indent="  ")
    if module.mechanisms:
        lines.append(f"Can be removed (--without): {', '.join(module.mechanisms)}")
    if module.takes:
        lines += textwrap.wrap(f"Takes: {', '.join(short_names(module.takes, ids))}", WIDTH, subsequent_indent="  ")
    for kind, heading in (("state", "States"), ("variable", "Variables")):
        groups = grouped((e for e in module.equations if e.kind == kind), ids)
        if groups:
            lines += ["", f"  {heading}"]
            for group in groups:
                lines += group_lines(group)
    own = [p for p in view.parameters if set(names) & set(p.modules) and p.name not in told]
    told |= {p.name for p in own}
    if own:
        lines += ["", "  Parameters"]
        for parameter in own:
            lines += parameter_lines(parameter, cited=cited)
    return lines


def _meaning(group: EquationGroup) -> str:
    item = group.pattern
    unit = "" if item.unit == "dimensionless" else f" [{item.unit}]"
    words = "; ".join(f"<{kind}>: {', '.join(names)}" for kind, names in group.stands_for.items())
    start = (
        f"; at the start {item.initial}" if item.initial and item.initial != "0" and len(item.initial) < WIDTH else ""
    )
    return f"{item.description or item.kind}{unit}{start}{'; ' + words if words else ''}"


def _listed(mechanisms: Mapping[str, Mechanism]) -> Iterable[str]:
    widest = max(len(name) for name in mechanisms)
    for name, mechanism in mechanisms.items():
        yield f"  {name:<{widest}}  {mechanism.removes}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
