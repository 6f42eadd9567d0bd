"""Stylised facts as data: which figures of which simulated trials, and what must hold between them.

``data/facts/cohorts.yaml`` says whom the facts compare, ``breast.yaml`` and ``gastric.yaml`` what must hold. The reader
refuses a fact that would ask the model for the size of a figure which must not be used so: only figures of trials with
role ``fit`` that were read at their source are compared by size; all others by sign and order. Results that are
withheld cannot be named at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.evidence.roles import Role, role_of_figure

Test = Literal["size", "less", "more", "between"]
TESTS: tuple[Test, ...] = ("size", "less", "more", "between")
QUANTITIES = ("ORR", "PFS_median", "PFS_rate", "PFS_HR", "CNS_PFS_median", "CNS_PFS_HR", "CNS_ORR", "HER2_loss")
UNITS = {"PFS_median": "months", "CNS_PFS_median": "months", "PFS_HR": "", "CNS_PFS_HR": ""}
"""Unit of a quantity where it is not percent."""
STRATA = ("", "homogeneous", "heterogeneous")
FILES = ("breast", "gastric")


@dataclass(frozen=True)
class CohortSpec:
    """Patients and arms that one or more facts look at.

    Main arguments:
        name: how facts call it.
        trial: id of the record that it is made from.

    Other arguments:
        what: in words, where it is not simply that trial.
        baseline: baseline figures that differ from the record's.
        her2, brain_metastases: eligibility that differs; empty for the record's.
        prior: drugs of the earlier lines, each for all patients; None for the record's.
        arms: names of the arms that are simulated; None for all.
        borrow: (record, arm) of arms added from other records.
        mine: name -> drugs of arms that no record has, at standard doses.
        months: longest follow-up that is simulated; None for the record's.
    """

    name: str
    trial: str
    what: str = ""
    baseline: tuple[tuple[str, float], ...] = ()
    her2: tuple[str, ...] = ()
    brain_metastases: str = ""
    prior: tuple[tuple[str, ...], ...] | None = None
    arms: tuple[str, ...] | None = None
    borrow: tuple[tuple[str, str], ...] = ()
    mine: tuple[tuple[str, tuple[str, ...]], ...] = ()
    months: float | None = None


@dataclass(frozen=True)
class Figure:
    """One number that a simulation gives.

    Main arguments:
        cohort: name of the cohort.
        quantity: one of ``QUANTITIES``.
        arm: name of the arm; empty for what is asked of the tumor at randomization.

    Other arguments:
        reference: the arm compared with, for hazard ratios.
        assessor: ``INV`` or ``BICR``; empty for the trial's own.
        confirmed: whether responses count only confirmed; None as the trial does.
        month: time of a rate, months.
        where: stratum of the patients, one of ``STRATA``.
    """

    cohort: str
    quantity: str
    arm: str = ""
    reference: str = ""
    assessor: str = ""
    confirmed: bool | None = None
    month: float = 0.0
    where: str = ""


@dataclass(frozen=True)
class Check:
    """What must hold of a figure.

    Main arguments:
        test: ``size``, ``less``, ``more`` or ``between``.
        figure: the simulated number.
        than: number or figure that ``less`` and ``more`` compare with, multiplied by ``times``.
        low, high: bounds of ``between``.
        factor, points: tolerance of ``size``, as a ratio or in the figure's unit.

    Other arguments:
        published: the published number beside it; ``published_as`` says it in words where it is another quantity.
        ci95: its interval.
        source: key of its source; ``read``: whether it was seen there.
        note: what a reader should know.
    """

    test: Test
    figure: Figure
    published: float
    source: str
    read: bool
    than: float | Figure = 1.0
    times: float = 1.0
    low: float = 0.0
    high: float = 0.0
    factor: float = 0.0
    points: float = 0.0
    published_as: str = ""
    ci95: tuple[float, float] | None = None
    note: str = ""

    def figures(self) -> tuple[Figure, ...]:
        """The simulated numbers that the check needs."""
        return (self.figure, self.than) if isinstance(self.than, Figure) else (self.figure,)


@dataclass(frozen=True)
class Fact:
    """A stylised fact.

    Main arguments:
        id: its number in the list of stylised facts.
        title, statement: in words.
        mechanisms: what the model is said to produce it by, by the names of ``--without``.
        why: the reason in words.
        checks: all must hold; the first is the essence of the fact.

    Other arguments:
        if_it_fails: why this model fails it, as far as is known; shown only where it does.
    """

    id: int
    title: str
    statement: str
    mechanisms: tuple[str, ...]
    why: str
    checks: tuple[Check, ...]
    if_it_fails: str = ""

    def cohorts(self) -> tuple[str, ...]:
        """Names of the cohorts that the fact needs, in order."""
        return tuple(dict.fromkeys(figure.cohort for check in self.checks for figure in check.figures()))


@dataclass(frozen=True)
class FactBase:
    """All facts, the cohorts they look at, and where their figures were published.

    Main arguments:
        facts: by number, ascending.
        cohorts: by name.
        sources: key -> citation and address.
        readings: name -> number by which simulated tumors are read where RECIST does not say it.
    """

    facts: tuple[Fact, ...]
    cohorts: Mapping[str, CohortSpec]
    sources: Mapping[str, Mapping[str, str]]
    readings: Mapping[str, float]

    def chosen(self, ids: tuple[int, ...]) -> tuple[Fact, ...]:
        """The facts of these numbers; all for none.

        Raises:
            InputError: a number that no fact has.
        """
        known = {fact.id: fact for fact in self.facts}
        for number in ids:
            if number not in known:
                raise InputError(
                    f"there is no stylised fact {number}.", hint=f"Known: {', '.join(map(str, sorted(known)))}."
                )
        return tuple(known[number] for number in sorted(set(ids))) if ids else self.facts


def role_of(check: Check, cohorts: Mapping[str, CohortSpec]) -> Role:
    """The role of a check's published figure: that of its trial, arm and stratum; ``validate`` for a mini-protocol."""
    figure, cohort = check.figure, cohorts[check.figure.cohort]
    if cohort.mine or (cohort.borrow and figure.arm in {arm for _, arm in cohort.borrow}):
        return "validate"
    if figure.quantity == "HER2_loss" or figure.where:
        return "context"
    contrast = bool(figure.reference)
    endpoint = figure.quantity.removesuffix("_HR")
    stratum = cohort.name if (cohort.her2 or cohort.prior or dict(cohort.baseline).get("pik3ca_mutated_pct")) else ""
    return role_of_figure(cohort.trial, endpoint=endpoint, arm=figure.arm, subgroup=stratum, contrast=contrast)


@cache
def load_facts() -> FactBase:
    """All stylised facts of ``data/facts``.

    Raises:
        InputError: a fact names an unknown cohort, quantity, test or source, asks for the size of a figure that is not
            of role ``fit`` and read, or rests on a withheld trial.

    >>> [fact.id for fact in load_facts().facts][:4]
    [1, 2, 4, 5]
    """
    import yaml

    folder = data_dir("facts")
    shared: dict[str, Any] = yaml.safe_load((folder / "cohorts.yaml").read_text())
    cohorts = {name: _cohort(name, row) for name, row in shared["cohorts"].items()}
    readings = {name: float(row["value"]) for name, row in shared["readings"].items()}
    sources: dict[str, Mapping[str, str]] = dict(shared["sources"])
    facts: list[Fact] = []
    for name in FILES:
        content: dict[str, Any] = yaml.safe_load((folder / f"{name}.yaml").read_text())
        sources |= content["sources"]
        for row in content["facts"]:
            fact = read_fact(row)
            check_fact(fact, cohorts, sources)
            facts.append(fact)
    return FactBase(tuple(sorted(facts, key=lambda fact: fact.id)), cohorts, sources, readings)


def read_fact(row: Mapping[str, Any]) -> Fact:
    """One fact from plain objects, as YAML gives them."""
    checks = tuple(_check(entry) for entry in row["checks"])
    return Fact(
        id=int(row["id"]),
        title=row["title"],
        statement=row["statement"],
        mechanisms=tuple(row["mechanisms"]),
        why=row["why"],
        checks=checks,
        if_it_fails=str(row.get("if_it_fails", "")),
    )


def check_fact(fact: Fact, cohorts: Mapping[str, CohortSpec], sources: Mapping[str, Any]) -> None:
    """Refuse a fact that cannot be simulated or that would use a figure against its role.

    Raises:
        InputError: see ``load_facts``.
    """
    where = f"fact {fact.id}"
    for check in fact.checks:
        if check.test not in TESTS:
            raise InputError(f"unknown test {check.test!r}", where=where, hint=did_you_mean(check.test, TESTS))
        if check.source not in sources:
            raise InputError(f"source {check.source!r} is not listed", where=where)
        for figure in check.figures():
            if figure.cohort not in cohorts:
                raise InputError(
                    f"unknown cohort {figure.cohort!r}", where=where, hint=did_you_mean(figure.cohort, cohorts)
                )
            if figure.quantity not in QUANTITIES or figure.where not in STRATA:
                raise InputError(
                    f"unknown quantity {figure.quantity!r} or stratum {figure.where!r}",
                    where=where,
                    hint=did_you_mean(figure.quantity, QUANTITIES),
                )
        role = role_of(check, cohorts)
        if role == "withheld":
            raise InputError("rests on a trial whose results are withheld", where=where)
        if check.test == "size" and not (role == "fit" and check.read):
            raise InputError(
                f"asks for the size of a figure of role {role}, read: {check.read}",
                where=where,
                why="Only figures of role fit that were read at their source may be compared by size.",
                hint="Compare by sign or order (less, more, between).",
            )


def _cohort(name: str, row: Mapping[str, Any]) -> CohortSpec:
    given = {key: value for key, value in row.items() if key in ("trial", "what", "brain_metastases", "months")}
    return CohortSpec(
        name=name,
        baseline=tuple(sorted((key, float(value)) for key, value in row.get("baseline", {}).items())),
        her2=tuple(row.get("her2", ())),
        prior=tuple(tuple(line) for line in row["prior"]) if "prior" in row else None,
        arms=tuple(row["arms"]) if "arms" in row else None,
        borrow=tuple((str(trial), str(arm)) for trial, arm in row.get("borrow", ())),
        mine=tuple((arm, tuple(drugs)) for arm, drugs in row.get("mine", {}).items()),
        **given,
    )


def _check(row: Mapping[str, Any]) -> Check:
    than = row.get("than", 1.0)
    rest = {key: value for key, value in row.items() if key not in ("figure", "than", "ci95")}
    return Check(
        figure=Figure(**row["figure"]),
        than=Figure(**than) if isinstance(than, dict) else float(than),
        ci95=tuple(row["ci95"]) if "ci95" in row else None,
        **rest,
    )
