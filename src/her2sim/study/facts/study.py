"""The study of the stylised facts: simulate what they need, judge them, and remove each mechanism in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from her2sim.core.progress import Progress
from her2sim.study.facts.checking import FactResult, judge, resamples
from her2sim.study.facts.fact import FactBase, load_facts
from her2sim.study.facts.knock_outs import Removed, compare
from her2sim.study.facts.simulating import by_cohort, contained, simulate_units, units_of
from her2sim.study.facts.tables import Made, lines_of, page
from her2sim.study.fingerprint import fingerprint
from her2sim.study.made import calibration_in_words

RESAMPLES = 200


@dataclass(frozen=True)
class FactStudy:
    """Facts judged on one model, and against knock-outs where asked.

    Main arguments:
        results: one for each fact.
        removed: one for each mechanism and fact; empty where knock-outs were not asked.
        made: how it was made.
        base: the facts as data.
    """

    results: tuple[FactResult, ...]
    removed: tuple[Removed, ...]
    made: Made
    base: FactBase

    def lines(self) -> list[str]:
        """The results as text."""
        return lines_of(self.results, self.base)

    def page(self) -> str:
        """The results as a Markdown page."""
        return page(self.results, self.base, self.made, self.removed)


def study_facts(
    *,
    facts: Sequence[int] = (),
    patients: int = 200,
    seed: int = 1,
    without: Sequence[str] = (),
    knock_outs: int = 0,
    only_said: bool = False,
    workers: int = 1,
    folder: Path | None = None,
    command: str = "her2sim facts",
    on_progress: Callable[[Progress], None] | None = None,
) -> FactStudy:
    """Ask the model for the stylised facts.

    Arms that several facts share are simulated once, all cohorts use the same random numbers, and what is finished is
    kept: the same call goes on where it was stopped.

    Main arguments:
        facts: numbers of the facts; all by default.
        patients: per arm.
        seed: of all random streams.
        without: mechanisms that the model goes without.
        knock_outs: patients per arm with whom each mechanism is then removed in turn; 0 for none.
        only_said: remove only what a fact is said to come from, and only for that fact.

    Other arguments:
        workers: processes; changes no result.
        folder: where finished cohorts are kept; ``runs/facts`` by default.
        command: what the page says it was made by.
        on_progress: told as work goes on.

    Raises:
        InputError: an unknown fact or mechanism, or a number out of range.
    """
    base = load_facts()
    chosen = base.chosen(tuple(facts))
    units = units_of(chosen, base, patients=patients, seed=seed, without=without)
    mechanisms = (
        sorted({name for unit in units for name in contained(unit.cohort)} - set(without)) if knock_outs else []
    )
    asked = {m: tuple(f for f in chosen if not only_said or m in f.mechanisms) for m in mechanisms}
    lighter = {
        names: units_of(group, base, patients=knock_outs, seed=seed, without=[*without, *names])
        for names, group in [((), chosen), *(((name,), asked[name]) for name in mechanisms)]
        if knock_outs
    }
    every = list(dict.fromkeys([*units, *(unit for work in lighter.values() for unit in work)]))
    kept = Path("runs") / "facts" if folder is None else folder
    outcomes = simulate_units(every, kept, workers=workers, on_progress=on_progress)
    samples = resamples(patients, seed, RESAMPLES)
    whole = by_cohort(units, outcomes)
    results = tuple(judge(fact, whole, samples, base.readings) for fact in chosen)
    fewer = resamples(knock_outs, seed, RESAMPLES) if knock_outs else []
    removed: list[Removed] = []
    for mechanism in mechanisms:
        before, after = (by_cohort(lighter[names], outcomes) for names in ((), (mechanism,)))
        removed += [compare(mechanism, fact, before, after, fewer, base.readings) for fact in asked[mechanism]]
    made = Made(
        command, datetime.now(UTC).date().isoformat(), patients, seed, fingerprint(), calibration_in_words(),
        tuple(sorted(without)), knock_outs,
    )  # fmt: skip
    return FactStudy(results, tuple(removed), made, base)
