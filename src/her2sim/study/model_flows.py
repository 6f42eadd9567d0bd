"""From the modules of a model to the boxes and lines of its diagram."""

from __future__ import annotations

from her2sim.model.lesions import SLOTS
from her2sim.plots.model_diagram import ModelDiagram, ModuleBox
from her2sim.study.model_groups import short_names
from her2sim.study.model_view import ModelView, ModuleView

SITE_WORDS = {"systemic": "outside the brain", "cns": "in the brain"}


def diagram_of(view: ModelView) -> ModelDiagram:
    """Boxes and flows: a box for each module; lesions of one site share a box."""
    homes = {module.name: _home(module.name) for module in view.modules}
    giver = {name: homes[module.name] for module in view.modules for name in module.gives}
    members: dict[str, list[ModuleView]] = {}
    for module in view.modules:
        members.setdefault(homes[module.name], []).append(module)
    flows = {
        (giver[name], homes[module.name])
        for module in view.modules
        for name in module.takes
        if giver[name] != homes[module.name]
    }
    order = list(members)
    takers = {name: {b for a, b in flows if a == name} for name in order}
    boxes = tuple(_box(name, modules, _kind(name, order, takers), view) for name, modules in members.items())
    system = view.system
    counts = (
        f"{len(view.modules)} modules, {len(system.states)} states, {len(system.assignments)} variables, "
        f"{len(system.parameters)} parameters"
    )
    return ModelDiagram(f"Model of {view.title}", counts, boxes, tuple(sorted(flows)))


def _home(name: str) -> str:
    slot = next((slot for slot in SLOTS if name.endswith(f".{slot.name}")), None)
    return f"{name.split('.')[0]} {slot.site}" if slot is not None else name


def _kind(name: str, order: list[str], takers: dict[str, set[str]]) -> str:
    """A module of a drug, of receptors, of an effect (it flows into lesions only) or of the tumor."""
    tumor = {box for box in order if box.split(" ")[-1] in SITE_WORDS}
    if name in tumor:
        return "tumor"
    if name.startswith("pk."):
        return "drug"
    return "effect" if takers[name] and takers[name] <= tumor else "receptor"


def _box(name: str, modules: list[ModuleView], kind: str, view: ModelView) -> ModuleBox:
    first = modules[0]
    ids = [drug.replace(" ", "_") for drug in view.drugs]
    title, colon, about = first.about.partition(": ")
    if not colon:
        title, about = name.replace("_", " "), first.about
    about = about.split(". ")[0].rstrip(".")
    site = name.split(" ")[-1]
    if kind == "drug":
        title, about = name.removeprefix("pk.").replace("_", " "), f"{len(first.states)} compartments"
    elif site in SITE_WORDS:
        title = f"{title}s {SITE_WORDS[site]}" if len(modules) > 1 else f"{title} {SITE_WORDS[site]}"
        about = f"{', '.join(module.name.split('.')[-1] for module in modules)}: {about}"
    gives = [given for module in modules for given in module.gives]
    return ModuleBox(name, title[:1].upper() + title[1:], kind, about, tuple(short_names(gives, ids)))
