"""What ``her2sim model`` prints, writes and draws: one function for each way of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.drug_file import all_drugs
from her2sim.model.mechanisms import all_mechanisms, cell_mechanisms, chosen, mechanisms_of, removed_values
from her2sim.model.system import OdeSystem
from her2sim.study.model_find import equation_lines, found_lines
from her2sim.study.model_text import mechanism_lines, model_json, model_markdown, model_text
from her2sim.study.model_view import ModelView, Subject, cell_view, model_view, subject

FORMATS = ("text", "markdown", "json", "antimony", "sbml")
SCALES = ("patient", "cell")
PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Wanted:
    """A model asked for: regimen or trial, disease, scale, and mechanisms to remove."""

    what: str
    disease: str = ""
    scale: str = "patient"
    without: tuple[str, ...] = ()


def view_of(wanted: Wanted) -> ModelView:
    """The model asked for.

    Raises:
        InputError: an unknown drug, trial, arm, disease, scale or mechanism.
    """
    if wanted.scale not in SCALES:
        raise InputError(
            f"there is no scale {wanted.scale!r}", where="--scale", hint=did_you_mean(wanted.scale, SCALES)
        )
    if wanted.scale == "cell":
        if wanted.without:
            raise InputError(
                "--without works on the model of a patient here", hint="For a cell: her2sim cell --without."
            )
        return cell_view(list(subject(wanted.what, wanted.disease).routes))
    asked = subject(wanted.what, wanted.disease)
    return _without(model_view(asked), asked, wanted.without)


def written(wanted: Wanted, form: str, *, modules: Sequence[str] = ()) -> str:
    """The model as a text of one of ``FORMATS``.

    Raises:
        InputError: as ``view_of``; an unknown format or module; SBML and Antimony without their libraries.
    """
    if form not in FORMATS:
        raise InputError(f"there is no format {form!r}", where="--format", hint=did_you_mean(form, FORMATS))
    view = view_of(wanted)
    names = [module.name for module in view.modules]
    for name in modules:
        if name not in names:
            raise InputError(f"this model has no module {name!r}", where="--module", hint=did_you_mean(name, names))
    if form == "text":
        return model_text(view, modules=modules)
    if form in ("antimony", "sbml"):
        return _exchanged(view.system, form)
    return model_markdown(view) if form == "markdown" else model_json(view) + "\n"


def searched(what: str | None, *, find: str = "", equation: str = "", disease: str = "", scale: str = "patient") -> str:
    """What the models say of ``find``, or one ``equation`` with all that it uses.

    Main arguments:
        what: a regimen or trial; None searches the model of all drugs together.

    Raises:
        InputError: nothing is found; the nearest names are offered.
    """
    if what is None and scale == "patient":
        every = Subject("all drugs", disease or "breast", dict.fromkeys((drug.id for drug in all_drugs()), ""))
        views = [model_view(every), cell_view([])]
    else:
        views = [view_of(Wanted(what or "untreated", disease, scale))]
        if scale == "patient" and find:
            views.append(cell_view([]))
    return "\n".join(equation_lines(views, equation) if equation else found_lines(views, find)).rstrip()


def mechanisms() -> Iterable[str]:
    """The list of mechanisms, for ``--mechanisms``."""
    return mechanism_lines(all_mechanisms(), cell_mechanisms())


def overview() -> str:
    """What there is to ask, with the modules of the model of all drugs."""
    every = Subject("all drugs", "breast", dict.fromkeys((drug.id for drug in all_drugs()), ""))
    view = model_view(every)
    rows: dict[str, str] = {}
    for module in view.modules:
        name = module.name.split(".")[0]
        rows.setdefault(name, module.about if name != "pk" else "Pharmacokinetics: the compartments of each drug.")
    widest = max(map(len, rows))
    return "\n".join(
        [
            f"The model is assembled for each regimen from these modules ({len(every.routes)} drugs):",
            *(f"  {name:<{widest}}  {_sentence(about)}" for name, about in rows.items()),
            "",
            "Ask for a regimen (her2sim model T-DXd+tucatinib), a trial (CLEOPATRA), an arm (DESTINY-Breast03/T-DXd),",
            "a word (--find HER3), one equation (--equation NAME), or what can be removed (--mechanisms).",
        ]
    )


def draw(wanted: Wanted, path: Path) -> Path:
    """Draw modules and flows of the model into an SVG or PNG file.

    Raises:
        InputError: as ``view_of``; or another ending.
    """
    from her2sim.plots.model_diagram import model_diagram
    from her2sim.plots.saving import save_figure
    from her2sim.study.model_flows import diagram_of

    if path.suffix not in PICTURES:
        raise InputError(f"{path.name} ends neither in .svg nor in .png", where="--diagram")
    figure = model_diagram(diagram_of(view_of(wanted)))
    svg, png = save_figure(figure, path.parent, path.stem)
    (png if path.suffix == ".svg" else svg).unlink()
    return path


def save(text: str, path: Path) -> Path:
    """Write a model's text; folders are made.

    Raises:
        InputError: ``path`` is a folder.
    """
    if path.is_dir():
        raise InputError("this is a folder, and the model needs a file", where=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    return path


def _exchanged(system: OdeSystem, form: str) -> str:
    try:
        from her2sim.exchange import to_antimony, to_sbml

        writer: Callable[[OdeSystem], str] = to_sbml if form == "sbml" else to_antimony
        return writer(system)
    except ImportError as error:
        raise InputError(
            f"{error.name} is not installed", where="--format", hint='Install it: pip install "her2sim[sbml]".'
        ) from None


def _without(view: ModelView, asked: Subject, names: Sequence[str]) -> ModelView:
    if not names:
        return view
    from her2sim.model.drug_file import load_drug

    drugs = [load_drug(drug) for drug in asked.routes]
    own = mechanisms_of([(drugs, dict(asked.routes))], asked.disease)
    wanted = chosen(names, all_mechanisms())
    lacking = sorted(set(wanted) - set(own))
    if lacking:
        raise InputError(
            f"the model of {asked.title} does not contain {', '.join(lacking)}",
            where="--without",
            hint=f"It contains {', '.join(own)}.",
        )
    values = removed_values(own[name] for name in wanted)
    system = replace(
        view.system,
        parameters=tuple(replace(p, value=values.get(p.name, p.value)) for p in view.system.parameters),
    )
    shown = tuple(
        replace(p, value=values[p.name], note=f"set by --without; {p.value:g} in the whole model")
        if p.name in values
        else p
        for p in view.parameters
    )
    return replace(view, title=f"{view.title} without {', '.join(wanted)}", system=system, parameters=shown)


def _sentence(text: str) -> str:
    first = text.split(". ")[0].rstrip(".")
    return f"{first}."
