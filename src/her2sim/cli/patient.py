"""``her2sim patient``: one virtual patient through one or several regimens, and why it ended as it did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from her2sim.cli import messages

ABOUT = """One virtual patient through one or several lines: what happened, and why.

Examples: `her2sim patient DESTINY-Breast03/T-DXd --number 7 --out p7`; `her2sim patient trastuzumab+docetaxel T-DXd`;
`her2sim patient "zanidatamab 20 mg/kg q2w" --set HER2_per_cell=2e5 --typical`."""
REGIMEN = "Drugs joined by + (standard doses, or as 'T-DXd 5.4 mg/kg q3w'), or TRIAL/ARM; several are lines in order."
NUMBER = "Number of the patient; of a trial, the same patient as in its run with this seed."
TYPICAL = "The median patient instead."
SETTING = "Population where no trial is named: metastatic-1L, metastatic-2L or metastatic-3L+."
PRIOR = "Drugs of an earlier line (may be repeated), or `none`; if not given, those of the trial or setting."
SET = "Trait, covariate or parameter, for example HER2_per_cell=2e5 (see --traits)."
INSTEAD = "The same patient under this regimen as well, laid over the first (may be repeated)."
MONTHS = "Longest course; if not given, the follow-up of the trial or setting."
BIOPSY = "Another biopsy: day since the first line began, and lesion (T1-T3, NT, OC, CNS), as 180:T2 (may be repeated)."
OUT = "Folder for the figure, the tables and the explanation; without it, only the explanation is printed."


def register(app: typer.Typer) -> None:
    """Add the command ``patient`` to the application."""
    app.command("patient", help=ABOUT, epilog=messages.NOT_ADVICE)(patient)


def patient(
    regimen: Annotated[list[str] | None, typer.Argument(metavar="REGIMEN...", help=REGIMEN, show_default=False)] = None,
    number: Annotated[int, typer.Option("--number", help=NUMBER)] = 0,
    typical: Annotated[bool, typer.Option("--typical", help=TYPICAL)] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help=messages.RUN_SEED)] = 1,
    trait: Annotated[list[str] | None, typer.Option("--set", help=SET, show_default=False)] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help=messages.WITHOUT, show_default=False)] = None,
    prior: Annotated[list[str] | None, typer.Option("--prior", help=PRIOR, show_default=False)] = None,
    disease: Annotated[str, typer.Option("--disease", help="breast or gastric, where no trial is named.")] = "",
    setting: Annotated[str, typer.Option("--setting", help=SETTING)] = "",
    instead: Annotated[list[str] | None, typer.Option("--instead", help=INSTEAD, show_default=False)] = None,
    months: Annotated[float | None, typer.Option("--months", help=MONTHS, show_default=False)] = None,
    biopsy: Annotated[list[str] | None, typer.Option("--biopsy", help=BIOPSY, show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help=OUT, show_default=False)] = None,
    traits: Annotated[bool, typer.Option("--traits", help="List what --set takes, and stop.")] = False,
) -> None:
    """Simulate one patient and explain her outcome."""
    from her2sim.study import patient as study

    if traits:
        for row in study.trait_rows(disease or "breast", setting or "metastatic-2L"):
            typer.echo(row)
        return
    choice = study.Choice(
        regimens=tuple(regimen or ()),
        number=number,
        typical=typical,
        seed=seed,
        disease=disease,
        setting=setting,
        prior=tuple(prior or ()),
        traits=study.traits_from(trait or []),
        without=tuple(without or ()),
        days=None if months is None else months * study.DAYS_PER_MONTH,
    )
    biopsies = [study.wanted_biopsy(text) for text in biopsy or []]
    courses = (
        study.alternatives_of(choice, instead, out, biopsies) if instead else [study.course_of(choice, out, biopsies)]
    )
    written: list[Path] = []
    if out is not None:
        written = study.write_alternatives(courses, out) if instead else study.write_patient(courses[0], out)
    for number, course in enumerate(courses):
        for line in study.course_lines(course) if number == 0 else ["", *study.outcome_lines(course)]:
            typer.echo(line)
        typer.echo("")
        for line in study.table_lines(course):
            typer.echo(line)
    for path in written:
        typer.echo(str(path))
    typer.echo(messages.NOT_ADVICE)
