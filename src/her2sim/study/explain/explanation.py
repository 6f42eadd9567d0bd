"""Everything that explains the predictions of one trial: mechanisms, numbers, distance from the fit."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.evidence.base import load_record
from her2sim.model.mechanisms import all_mechanisms
from her2sim.record.types import TrialRecord
from her2sim.report.document import Block, Bullets, Document, Heading, Paragraph, Table, as_html, as_markdown
from her2sim.study.explain.distance import Near, nearest_fitted
from her2sim.study.explain.drivers import Driver, drivers
from her2sim.study.explain.removal import Removed, removals
from her2sim.study.validation.figures import Key, natural, unit_of
from her2sim.study.validation.interval import Predicted
from her2sim.study.validation.jobs import Done, Job, predict_all
from her2sim.study.validation.report import number
from her2sim.study.validation.scope import scope_of
from her2sim.study.validation.settings import Settings, default_settings

SMALL = 0.05
"""A change of a figure, on its own scale, below which a mechanism is not listed."""


@dataclass(frozen=True)
class Explanation:
    """Why the predictions of a trial are what they are.

    Main arguments:
        record: the protocol.
        predictions: with intervals.
        removed: figures with each mechanism removed.
        hangs_on: figure -> the calibrated numbers it moves with over the posterior.
        near: for each arm the nearest fitted one.
        patients: per arm, of the knock-outs.
    """

    record: TrialRecord
    predictions: tuple[Predicted, ...]
    removed: tuple[Removed, ...]
    hangs_on: tuple[tuple[Key, tuple[Driver, ...]], ...]
    near: tuple[Near, ...]
    patients: int

    def document(self) -> Document:
        """The explanation as a page."""
        blocks: list[Block] = [
            Heading("How far from what was fitted"),
            Bullets(tuple(near_words(near) for near in self.near)),
            Heading("What carries the predictions"),
            Paragraph(
                "Each mechanism is removed from every line of therapy in turn, with the same patients and nothing "
                f"fitted anew ({self.patients} patients per arm); mechanisms that change nothing are left out."
            ),
            *self._mechanisms(),
            Heading("What their uncertainty hangs on"),
            self._drivers(),
        ]
        return Document(f"Why: {self.record.id}", tuple(blocks))

    def text(self) -> str:
        """The explanation as Markdown."""
        return as_markdown(self.document())

    def _mechanisms(self) -> list[Block]:
        by_key = {each.key: each for each in self.predictions}
        blocks: list[Block] = []
        for key, predicted in by_key.items():
            mine = [each for each in self.removed if each.key == key and abs(each.change) >= SMALL]
            mine.sort(key=lambda each: -abs(each.change))
            blocks.append(Heading(f"{title(key)}: {shown(predicted)}", 3))
            words = all_mechanisms()
            table = tuple((each.mechanism, words[each.mechanism].removes, *_with_without(each)) for each in mine)
            if table:
                blocks.append(Table(("mechanism", "what is removed", "with", "without"), table, words=2))
            else:
                blocks.append(Paragraph("No single mechanism changes it much."))
        return blocks

    def _drivers(self) -> Block:
        rows = tuple(
            (title(key), "; ".join(f"{driver.name} ({driver.correlation:+.2f})" for driver in found))
            for key, found in self.hangs_on
            if found
        )
        if not rows:
            return Paragraph(
                "There are no posterior draws yet, or no figure moves with a single number beyond chance."
                if not any(each.draws for each in self.predictions)
                else "No figure moves with a single number beyond chance over the posterior draws."
            )
        return Table(("figure", "moves with (rank correlation over posterior draws)"), rows, words=2)


def explain(
    record: str | Path | TrialRecord,
    *,
    patients: int | None = None,
    draws: int | None = None,
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> Explanation:
    """Explain the main predictions of a trial.

    Main arguments:
        record: a record, an id or a YAML file; its results are not used.

    Other arguments:
        patients: per arm; default of ``data/validation/settings.yaml``.
        draws: posterior draws; likewise.
        workers, on_progress: as for ``validate``.

    Raises:
        InputError: no arm of the trial can be simulated.
    """
    settings = sized(default_settings(), patients, draws)
    scope = scope_of(record if isinstance(record, TrialRecord) else load_record(str(record)))
    if not scope.protocols:
        raise InputError(f"{scope.trial} cannot be predicted: {'; '.join(scope.reasons)}.")
    jobs = [Job(part, tuple(main_figures(part))) for part in scope.protocols]
    with tempfile.TemporaryDirectory(prefix="her2sim-explain-") as place:
        done = predict_all(jobs, settings, Path(place) / "whole", workers=workers, on_progress=on_progress)
        removed = removals(jobs, settings, Path(place) / "removed", workers=workers, on_progress=on_progress)
    failures = [each.failure for each in done if each.failure]
    if failures:
        raise InputError(f"{scope.trial} cannot be predicted: {failures[0]}")
    return Explanation(
        record=scope.protocols[0],
        predictions=tuple(figure for each in done for figure in each.prediction.figures),
        removed=tuple(removed),
        hangs_on=hangs_on(done),
        near=tuple(near for part in scope.protocols for near in nearest_fitted(part)),
        patients=settings.knock_out_patients,
    )


def write_page(found: Explanation, path: Path) -> None:
    """Write the explanation as HTML, or as Markdown if the name ends with ``.md``."""
    write_text(path, found.text() if path.suffix == ".md" else as_html(found.document()))


def sized(settings: Settings, patients: int | None, draws: int | None) -> Settings:
    """The settings with other numbers of patients and draws where given."""
    if patients is not None:
        settings = replace(settings, patients=patients, knock_out_patients=min(patients, settings.knock_out_patients))
    return settings if draws is None else replace(settings, draws=draws)


def main_figures(protocol: TrialRecord) -> list[Key]:
    """Response, median PFS of each arm and the hazard ratio of each arm against the last, by the main assessor."""
    who, confirmed = protocol.assessment.assessor, protocol.assessment.confirmed
    names = [arm.name for arm in protocol.arms]
    response = [] if protocol.eligibility.after_induction else [Key(arm, "ORR", who, confirmed) for arm in names]
    medians = [Key(arm, "PFS_median", who) for arm in names]
    return [*response, *medians, *(Key(arm, "PFS", who, reference=names[-1]) for arm in names[:-1])]


def hangs_on(done: Sequence[Done]) -> tuple[tuple[Key, tuple[Driver, ...]], ...]:
    """For each predicted figure the calibrated numbers that it moves with."""
    return tuple(
        (figure.key, drivers(figure.draws, each.prediction.draws[: len(figure.draws)]))
        for each in done
        for figure in each.prediction.figures
    )


def near_words(near: Near) -> str:
    """How far an arm lies from the fit, as a sentence."""
    new = f" No fitted arm contains {', '.join(near.new_drugs)}." if near.new_drugs else ""
    return (
        f"{near.arm}: nearest fitted arm is {near.fitted_arm} of {near.trial}, at distance {near.distance:.2f} of 1; "
        f"{100 * near.farther_than:.0f} % of fitted arms lie nearer to each other.{new}"
    )


def title(key: Key) -> str:
    """A figure in words."""
    if key.reference:
        return f"{key.endpoint} hazard ratio, {key.arm} against {key.reference}"
    return f"{key.endpoint.replace('_', ' ')}, {key.arm}"


def shown(each: Predicted) -> str:
    """A prediction with its interval in words."""
    low, high = number(each.low, each.unit), number(each.high, each.unit)
    unit = {"percent": " %", "months": " months"}.get(each.unit, "")
    return f"{number(each.value, each.unit)}{unit} (90 % interval {low} to {high})"


def _with_without(each: Removed) -> tuple[str, str]:
    unit = unit_of(each.key)
    whole, without = (
        "–" if math.isnan(value) else number(natural(each.key, value), unit) for value in (each.whole, each.without)
    )
    return whole, without
