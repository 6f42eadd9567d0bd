"""Register predictions of trials whose results are kept back or not there yet. Only protocols are read."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.evidence.base import load_record
from her2sim.evidence.index import entries
from her2sim.model.frozen import load_frozen
from her2sim.record.protocol import protocol_of
from her2sim.record.types import TrialRecord
from her2sim.study.explain.distance import nearest_fitted
from her2sim.study.explain.explanation import near_words
from her2sim.study.fingerprint import fingerprint
from her2sim.study.ledger.entry import content_of, entry_path, slug, write_entry
from her2sim.study.ledger.shelf import INDEX, index_text
from her2sim.study.plan import ASSESSORS
from her2sim.study.validation.figures import Key
from her2sim.study.validation.induction import clock_starts
from her2sim.study.validation.jobs import Done, Job, predict_all
from her2sim.study.validation.scope import Scoped, scope_of
from her2sim.study.validation.settings import Settings, default_settings

RESPONSES = ("ORR", "CR")
LANDMARKS = (6, 12, 24, 36)
STRATA = {
    "breast": ("HR-positive", "HR-negative", "brain metastases", "no brain metastases"),
    "gastric": ("IHC 3+",),
}


@dataclass(frozen=True)
class Registered:
    """What ``register`` did.

    Main arguments:
        written: files of new entries.
        kept: trials that this model has predicted before; their entries were left alone.
        not_predicted: trial -> why it cannot be predicted.
    """

    written: tuple[Path, ...]
    kept: tuple[str, ...]
    not_predicted: dict[str, str]


def register(
    trials: Sequence[str] = (),
    *,
    folder: str | Path = "ledger",
    patients: int | None = None,
    draws: int | None = None,
    workers: int = 1,
    today: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Registered:
    """Predict trials and write one entry each; a trial that this model has predicted before is left alone.

    Main arguments:
        trials: ids; by default every trial whose results are kept back and every ongoing one.

    Other arguments:
        folder: the ledger.
        patients, draws: as for ``validate``.
        workers: processes; changes no number.
        today: ISO date of the entries; the day of writing by default.
        on_progress: called as work goes on.

    Raises:
        InputError: an unknown trial, or one whose results are in the evidence base already.
    """
    settings = default_settings()
    settings = replace(settings, patients=patients or settings.patients)
    settings = replace(settings, draws=settings.draws if draws is None else draws)
    shelf, date, model = Path(folder), today or datetime.date.today().isoformat(), model_facts(settings)
    protocols = [_protocol(name) for name in (trials or awaited())]
    scope = {protocol.id: scope_of(protocol) for protocol in protocols}
    not_predicted = {each.trial: "; ".join(each.reasons) for each in scope.values() if not each.protocols}
    due = [each for each in protocols if scope[each.id].protocols]
    kept = [each.id for each in due if _predicted_before(shelf, each.id, str(model["sha256"]))]
    wanted = [each for each in due if each.id not in kept]
    jobs = [Job(part, tuple(figures_of(part))) for each in wanted for part in scope[each.id].protocols]
    with tempfile.TemporaryDirectory(prefix="her2sim-ledger-") as place:
        done = predict_all(jobs, settings, Path(place), workers=workers, on_progress=on_progress)
    written: list[Path] = []
    for each in wanted:
        mine = [one for one in done if one.job.protocol.id == each.id]
        failures = [one.failure for one in mine if one.failure]
        if failures:
            not_predicted[each.id] = failures[0]
            continue
        path = entry_path(shelf, each.id, date, str(model["sha256"]))
        write_entry(path, _content(each, scope[each.id], date, model, mine))
        written.append(path)
    if written or not (shelf / INDEX).exists():
        shelf.mkdir(parents=True, exist_ok=True)
        write_text(shelf / INDEX, index_text(shelf, not_predicted))
    return Registered(tuple(written), tuple(kept), not_predicted)


def awaited() -> tuple[str, ...]:
    """Trials that are predicted before their results are looked at: withheld ones, and ongoing ones without figures."""
    return tuple(
        entry.id
        for entry in entries()
        if entry.kind == "trial"
        and (entry.role == "withheld" or (entry.status == "ongoing" and not entry.read + entry.recalled))
    )


def figures_of(protocol: TrialRecord) -> Iterator[Key]:
    """The figures that are registered: responses, PFS and OS of each arm and pair of arms, by both readers."""
    names = [arm.name for arm in protocol.arms]
    confirmed = protocol.assessment.confirmed
    for arm in names:
        for who in ASSESSORS:
            yield from (Key(arm, name, who, confirmed) for name in RESPONSES if not clock_starts(protocol))
            yield Key(arm, "PFS_median", who)
            yield from (Key(arm, f"PFS_rate_{month}mo", who) for month in LANDMARKS)
        yield Key(arm, "OS_median")
        yield from (Key(arm, f"OS_rate_{month}mo") for month in LANDMARKS)
    main = protocol.assessment.assessor
    strata = STRATA.get(protocol.disease, ())
    for place, arm in enumerate(names):
        for reference in names[place + 1 :]:
            yield from (Key(arm, "PFS", who, reference=reference) for who in ASSESSORS)
            yield Key(arm, "OS", reference=reference)
            yield from (Key(arm, "PFS", main, reference=reference, stratum=stratum) for stratum in strata)
        yield from (Key(arm, "PFS_median", main, stratum=stratum) for stratum in strata)
        if not clock_starts(protocol):
            yield from (Key(arm, "ORR", main, confirmed, stratum=stratum) for stratum in strata)


def model_facts(settings: Settings) -> dict[str, Any]:
    """What identifies the model of an entry: the frozen calibration where there is one, else all code and data."""
    from her2sim import __version__

    frozen = load_frozen()
    return {
        "sha256": frozen.hash if frozen is not None else fingerprint(),
        "frozen": frozen.date if frozen is not None else "not frozen",
        "simulator_sha256": fingerprint(),
        "version": __version__,
        "seed": settings.seed,
        "patients_per_arm": settings.patients,
        "draws": min(settings.draws, len(frozen.draws)) if frozen is not None else 0,
        "patients_per_draw": settings.patients_per_draw,
        "interval": settings.interval,
    }


def _protocol(name: str) -> TrialRecord:
    """The protocol of a trial of the base. Its results, if there are any, are dropped here and seen by nobody."""
    record = load_record(name)
    if record.id not in awaited():
        raise InputError(
            f"results of {record.id} are in the evidence base, so a prediction of it would be no prediction.",
            hint="her2sim validate scores such trials.",
        )
    return protocol_of(record)


def _predicted_before(shelf: Path, trial: str, model_hash: str) -> bool:
    return any((shelf / slug(trial)).glob(f"*-{model_hash[:8]}.yaml"))


def _content(
    each: TrialRecord, scope: Scoped, date: str, model: dict[str, Any], mine: Iterable[Done]
) -> dict[str, Any]:
    parts = list(mine)
    clock = max(clock_starts(one.job.protocol) for one in parts)
    remarks: dict[str, Any] = {"clock_starts_day": clock} if clock else {}
    remarks |= {
        "out_of_scope": list(scope.reasons),
        "distance_from_fit": [near_words(near) for one in parts for near in nearest_fitted(one.job.protocol)],
        "patients_simulated": sum(one.prediction.simulated for one in parts),
        "patients_failed": sum(one.prediction.failed for one in parts),
    }
    figures = [figure for one in parts for figure in one.prediction.figures]
    return content_of(each, date, model, [one.job.protocol for one in parts], figures, remarks)
