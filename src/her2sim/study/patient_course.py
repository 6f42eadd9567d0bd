"""The course of one virtual patient through one or several lines: everything that explains the outcome, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_YEAR
from her2sim.core.errors import SimulationError
from her2sim.endpoints.recist import Assessment, assess
from her2sim.endpoints.response import LABELS, Response
from her2sim.endpoints.rules import RecistRules, criteria_rules
from her2sim.engine import STATUS_TEXT
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.lesions import CLONES, SLOTS, volume_state, volumes
from her2sim.model.module import Module
from her2sim.model.modules.soluble_her2 import SOLUBLE_HER2
from her2sim.record.types import RegimenItem
from her2sim.study.cohort import scar_mL
from her2sim.study.course import rule_on_trial
from her2sim.study.entry import progression_rule
from her2sim.study.her2_reading import Her2Reading, her2_reading
from her2sim.study.laboratory.course import LineLaboratory, Wanted, line_laboratory
from her2sim.study.laboratory.observed_line import observed_line
from her2sim.study.laboratory.person import Sheds, laboratory_numbers, sheds
from her2sim.study.patient_choice import ChosenPatient
from her2sim.study.scans import as_read, first_progression, seen_until, true_scans
from her2sim.trial.brain_before_trial import IRRADIATED
from her2sim.trial.brain_radiotherapy import BARRIER, irradiate, progressed_in_brain
from her2sim.trial.calendar import visit_days
from her2sim.trial.lesion_organs import death_weights
from her2sim.trial.lesion_state import carried_states, lesion_states, slot_diameters_mm
from her2sim.trial.mortality import cumulative, death_levels, susceptibilities, time_at
from her2sim.trial.next_lines import hazard_of
from her2sim.trial.readings import Reading, TrueScans, read_scans
from her2sim.trial.treatment import Cohort, Line, Trajectory, prepare

Floats = NDArray[np.float64]
READER = "INV"
SHOWN = ("T1", "NT", "OC", "CNS", "OB")
"""Lesions whose clones are told one by one: the first target, other known disease, the hidden lesion, the brain."""
OTHER_LINE = 1_000_003  # seeds of the readings of later lines lie this far apart
SMALLEST_ML = 1e-6  # about a thousand cells: rates of fewer are not shown
CARRIED_MORE = ("soluble_HER2_nM",)


@dataclass(frozen=True)
class Scan:
    """One scan as the investigator reads it; ``why`` says what made a progression."""

    day: float
    sum_mm: float
    change_pct: float
    overall: str
    target_mm: tuple[float, ...]
    cns_mm: float
    why: str


@dataclass(frozen=True)
class LineCourse:
    """One line of therapy.

    Main arguments:
        title: of the regimen; ``drugs`` by INN.
        start, end: days since the first line began.
        ended_by: ``progression``, ``death`` or ``end of observation``.
        best: best unconfirmed response.
        scans: in order.
        days: (n,) days since the first line began.
        series: name -> (n,) values: ``C_<drug>_mg_per_L``, what covers HER2, signals, diameters, volumes, HER2.
        clone_mL: (n, n_slots, n_clones) living tumor.
        deaths: (lesion of ``SHOWN``, clone) -> what kills -> (n,) rate per day.
        net: (lesion, clone) -> (n,) growth less deaths, per day.
        her2: what a laboratory would read of all her tumor outside the brain, without error, (n,).
        laboratory: her blood and biopsies, with the errors of a laboratory.
        irradiated: whether she had radiotherapy of the brain before the line, be it before the trial.
    """

    title: str
    drugs: tuple[str, ...]
    start: float
    end: float
    ended_by: str
    best: str
    scans: tuple[Scan, ...]
    days: Floats
    series: Mapping[str, Floats]
    clone_mL: Floats
    deaths: Mapping[tuple[str, str], Mapping[str, Floats]]
    net: Mapping[tuple[str, str], Floats]
    her2: Her2Reading
    laboratory: LineLaboratory
    irradiated: bool = False


@dataclass(frozen=True)
class PatientCourse:
    """A patient, her lines in order, and the day of death (infinity if she lives on beyond what is shown)."""

    patient: ChosenPatient
    lines: tuple[LineCourse, ...]
    death_day: float

    @property
    def cohort(self) -> Cohort:
        """The patient as a cohort of one."""
        return self.patient.entry.cohort


def patient_course(patient: ChosenPatient, days: float | None = None, biopsies: Sequence[Wanted] = ()) -> PatientCourse:
    """Take a patient through her lines, each until progression, death or the end of observation.

    Main arguments:
        patient: from ``choose``.
        days: longest course; that of the trial's follow-up by default.

    Other arguments:
        biopsies: to take besides those at the start of the first line and at progression.

    Raises:
        SimulationError: her course cannot be computed.
    """
    entry, record, typical = patient.entry, patient.plan.record, patient.typical
    if entry.status[0]:
        raise SimulationError(
            f"her earlier lines could not be simulated: {STATUS_TEXT[int(entry.status[0])]}", where=entry.fail_state[0]
        )
    horizon = days if days is not None else record.assessment.follow_up_days
    start = {name: values.copy() for name, values in entry.start.items()}
    ids, seed = entry.cohort.patients.ids, entry.cohort.seed
    frailty, left = susceptibilities(seed, ids, record.disease, typical), death_levels(seed, ids)
    weights = death_weights(entry.cohort.patients, record.disease, typical)
    rule = rule_on_trial(progression_rule(typical), typical, record.assessment.brain_imaging)
    lines: list[LineCourse] = []
    cohort = entry.cohort
    numbers = laboratory_numbers(seed, 0)
    own = sheds(cohort.patients, numbers, seed, median=patient.median)
    irradiated = bool(cohort.patients.get(IRRADIATED, 0.0)[0] > 0.5)
    elapsed, death = 0.0, float("inf")
    for number, (title, regimen) in enumerate(patient.lines):
        solved = _solved(patient, cohort, regimen, start, horizon - elapsed, number, own)
        age = entry.cohort.patients.columns["age_years"] + elapsed / DAYS_PER_YEAR
        hazard = cumulative(solved.course.days, hazard_of(solved.course, age, frailty, typical, weights))
        dies = float(time_at(solved.course.days, hazard, left)[0])
        rules = criteria_rules(patient.plan.record.assessment.criteria)
        ended, judged = _line_end(solved, dies, rules)
        looked = _Looked(own, numbers, seed + number * OTHER_LINE, biopsies)
        line = _described(cohort, solved, title, judged, elapsed, ended, dies, looked)
        lines.append(replace(line, irradiated=irradiated))
        left = left - np.interp(ended, solved.course.days[0], hazard[0])
        state = solved.course.at(np.array([ended]))
        carried = lesion_states(state) | carried_states(state) | {n: state[n] for n in CARRIED_MORE if n in state}
        before = cohort
        cohort, start = irradiate(cohort, carried, progressed_in_brain(solved.course, np.array([ended]), rule))
        irradiated = _opened(before, cohort)
        if line.ended_by == "death":
            death = elapsed + dies
        elapsed += ended
        if line.ended_by != "progression":
            break
    return PatientCourse(patient, tuple(lines), death)


@dataclass(frozen=True)
class _Solved:
    """One line solved to the horizon, with its scans and readings."""

    modules: tuple[Module, ...]
    line: Line
    course: Trajectory
    truth: TrueScans
    reading: Reading


@dataclass(frozen=True)
class _Looked:
    """What the laboratory needs of a line: her own shedding, its numbers, the seed of its draws, biopsies asked for."""

    own: Sheds
    numbers: Mapping[str, float]
    seed: int
    biopsies: Sequence[Wanted]


def _opened(before: Cohort, after: Cohort) -> bool:
    """Whether radiotherapy of the brain was given between two states of a patient: it opens her barrier."""
    one, other = (cohort.patients.get(BARRIER, cohort.typical[BARRIER]) for cohort in (before, after))
    return bool(np.any(one != other))


def _solved(
    patient: ChosenPatient,
    cohort: Cohort,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    horizon: float,
    number: int,
    own: Sheds,
) -> _Solved:
    record = patient.plan.record
    ids, seed = cohort.patients.ids, cohort.seed + number * OTHER_LINE
    visits = visit_days(patient.plan.planned, patient.typical, seed=seed, patients=ids)
    grid = np.append(np.arange(0.0, horizon, 1.0), horizon)
    done = visits[0][~np.isnan(visits[0]) & (visits[0] <= horizon)]
    days = np.unique(np.concatenate([grid, done]))[None, :]
    plain = prepare(cohort, record.disease, regimen, start, days)
    observed = observed_line(plain, cohort, start, own.parameters)
    line = observed.line
    course = line.solve(np.arange(1), days, line.initial, line.doses, 0.0)
    if course.status[0]:
        raise SimulationError(
            f"her course could not be computed: {STATUS_TEXT[int(course.status[0])]}",
            where=f"day {float(course.fail_day[0]):.1f} of line {number + 1}",
            hint="Set her traits nearer to the usual ones.",
        )
    columns = np.searchsorted(days[0], np.where(np.isnan(visits) | (visits > horizon), horizon, visits))
    truth = true_scans(course, visits, columns, cohort.patients, patient.typical)
    clinic = as_read(patient.typical, criteria_rules(record.assessment.criteria))
    reading = read_scans(truth, READER, clinic, seed=seed, patients=ids, brain_imaging=record.assessment.brain_imaging)
    return _Solved(observed.modules, line, course, truth, reading)


def _line_end(solved: _Solved, dies: float, rules: RecistRules) -> tuple[float, Assessment]:
    """Day on which the line ends, and the responses up to then."""
    last = float(solved.course.days[0, -1])
    judged = assess(seen_until(solved.reading, np.array([min(dies, last)])), rules)
    ended = min(float(first_progression(judged)[0]), dies, last)
    return ended, assess(seen_until(solved.reading, np.array([ended])), rules)


def _described(
    cohort: Cohort,
    solved: _Solved,
    title: str,
    judged: Assessment,
    elapsed: float,
    ended: float,
    dies: float,
    looked: _Looked,
) -> LineCourse:
    keep = solved.course.days[0] <= ended
    days, values = solved.course.days[0][keep], solved.course.values[0][keep]
    system = solved.line.model.system
    expanded = system.expanded()
    known: dict[str, Floats] = {p.name: solved.line.table[0, i] for i, p in enumerate(system.parameters)}
    known |= {name: values[:, i] for i, name in enumerate(system.state_names)}
    names = list(expanded)
    found = evaluate([expanded[name] for name in names], known, days)
    variables = {name: np.broadcast_to(v, days.shape) for name, v in zip(names, found, strict=True)}
    sizes = volumes(values[None], system.state_names, stroma_mL=scar_mL(cohort.patients, cohort.typical))
    mm = {slot: size[0] for slot, size in slot_diameters_mm(sizes.total_mL).items()}
    series = {f"{slot}_mm": size for slot, size in mm.items()}
    series["targets_mm"] = np.sum([mm[slot.name] for slot in SLOTS if slot.role == "target"], axis=0)
    wanted = ("C_", "theta_domain", "theta_biparatopic", "active_", "signal_", SOLUBLE_HER2)
    series |= {
        n: v for n, v in variables.items() if n.startswith(wanted) and "untreated" not in n and "strength" not in n
    }
    deaths, net = _fates(solved, variables, known | variables, days)
    body = np.array([slot.site == "systemic" for slot in SLOTS])
    per_cell = 10.0 ** float(known["her2_log10_per_cell"])
    ratios = np.array([float(known[f"her2_ratio_{clone}"]) for clone in CLONES])
    progressed = bool(np.isfinite(first_progression(judged)[0]) and ended < dies)
    laboratory = line_laboratory(
        cohort, looked.own, looked.numbers, days, variables, sizes.clone_mL[0], visits=solved.reading.day[0],
        elapsed=elapsed, progressed=progressed, wanted=looked.biopsies, seed=looked.seed,
    )  # fmt: skip
    series |= {
        "tumor_dna_per_mL": laboratory.dna.tumor_per_mL,
        "tumor_fraction": laboratory.dna.tumor_fraction,
        "vaf": laboratory.dna.vaf,
        "erbb2_plasma_ratio": laboratory.dna.erbb2_ratio,
    }
    return LineCourse(
        title=title,
        drugs=tuple(drug.inn for drug in solved.line.model.drugs.values()),
        start=elapsed,
        end=elapsed + ended,
        ended_by="death" if dies <= ended else "progression" if progressed else "end of observation",
        best=LABELS[int(judged.best.unconfirmed[0])],
        scans=tuple(_scans(solved, judged, elapsed, ended)),
        days=elapsed + days,
        series=series,
        clone_mL=sizes.clone_mL[0],
        deaths=deaths,
        net=net,
        her2=her2_reading(sizes.clone_mL[0][:, body].sum(axis=1), per_cell * ratios),
        laboratory=laboratory,
    )


def _fates(
    solved: _Solved, variables: Mapping[str, Floats], known: Mapping[str, Floats], days: Floats
) -> tuple[dict[tuple[str, str], dict[str, Floats]], dict[tuple[str, str], Floats]]:
    """Deaths by what causes them and net growth of each clone, in the lesions of ``SHOWN``.

    A rate that a lesion takes is told by the module that gives it.
    """
    giver = {port.name: module.name for module in solved.modules for port in module.gives}
    states = {state.name: state for state in solved.line.model.system.states}
    expanded = solved.line.model.system.expanded()
    deaths: dict[tuple[str, str], dict[str, Floats]] = {}
    net: dict[tuple[str, str], Floats] = {}
    for slot in SHOWN:
        module = next(m for m in solved.modules if m.name == f"lesion.{slot}")
        rates = [port.name for port in module.takes if port.unit == "1/day"]
        for clone in CLONES:
            own = [name for name in rates if f"_{clone}_" in name]
            deaths[slot, clone] = {giver[name]: variables[name] for name in own}
            name = volume_state(slot, clone)
            rate = evaluate(substitute([states[name].rate], expanded), known, days)[0]
            size = np.maximum(known[name], 0.0)
            net[slot, clone] = np.divide(rate, size, out=np.full(days.shape, np.nan), where=size > SMALLEST_ML)
    return deaths, net


def _scans(solved: _Solved, judged: Assessment, elapsed: float, ended: float) -> list[Scan]:
    sums, found = judged.visits.targets.sum_mm[0], list[Scan]()
    for visit, day in enumerate(solved.reading.day[0]):
        if np.isnan(day) or day > ended:
            continue
        overall = int(judged.visits.overall[0, visit])
        why = _why(solved, judged, visit) if overall == Response.PD else ""
        total = float(sums[visit])
        found.append(
            Scan(
                day=elapsed + float(day),
                sum_mm=total,
                change_pct=100.0 * (total / float(sums[0]) - 1.0) if sums[0] > 0 else float("nan"),
                overall="baseline" if visit == 0 else LABELS[overall],
                target_mm=tuple(float(size) for size in solved.reading.target_mm[0, visit]),
                cns_mm=float(solved.reading.cns_mm[0, visit]),
                why=why,
            )
        )
    return found


def _why(solved: _Solved, judged: Assessment, visit: int) -> str:
    """What made a visit a progression: growth of targets, of other known disease, or a new lesion and where."""
    reasons: list[str] = []
    if judged.visits.targets.status[0, visit] == Response.PD:
        reasons.append("growth of the target lesions")
    if judged.visits.nontarget[0, visit] == Response.PD:
        grown = solved.truth.cns_known[0] and solved.truth.cns_mm[0, visit] > solved.truth.cns_mm[0, 0]
        reasons.append("growth of the known brain lesion" if grown else "growth of other known disease")
    if judged.visits.new_lesion[0, visit]:
        truth = solved.truth
        hidden_cns_mm = (truth.occult_cns_mm if truth.cns_known[0] else truth.cns_mm)[0, visit]
        brain = hidden_cns_mm > truth.occult_mm[0, visit]
        reasons.append("a new lesion in the brain" if brain else "a new lesion outside the brain")
    return " and ".join(reasons) or "reappearance of what had gone"
