"""Every scored trial from its record alone, beside what was published and beside plain benchmarks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.core.run_folder import RunSettings, open_run_folder, text_hash
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.roles import role_of
from her2sim.model.frozen import load_frozen
from her2sim.model.mechanisms import all_mechanisms, chosen
from her2sim.record.types import TrialRecord
from her2sim.record.writing import record_yaml
from her2sim.study.explain.earning import MEASURES, Earned, earned
from her2sim.study.explain.removal import Removed, removals
from her2sim.study.fingerprint import fingerprint
from her2sim.study.validation.figures import Key
from her2sim.study.validation.jobs import Done, Job, predict_all
from her2sim.study.validation.published import Published, published_figures
from her2sim.study.validation.scope import Scoped, scope_of, scopes
from her2sim.study.validation.scoring import FITTED, UNSEEN, Scored, measure_of, score, with_benchmarks
from her2sim.study.validation.settings import Settings, default_settings
from her2sim.study.validation.summary import Summary, summarize


@dataclass(frozen=True)
class Validation:
    """A finished validation.

    Main arguments:
        folder: where its files are; None where it was not kept.
        rows: one per published figure.
        done: the predictions they rest on.
        scope: what the rule said of every trial of the base.
        settings: sizes.
        facts: model hash, freeze, seed, seconds, patients.

    Other arguments:
        earned: what each mechanism does to the errors; empty where knock-outs were not asked for.
    """

    folder: Path
    rows: tuple[Scored, ...]
    done: tuple[Done, ...]
    scope: tuple[Scoped, ...]
    settings: Settings
    facts: Mapping[str, Any]
    earned: tuple[Earned, ...] = ()
    _told: dict[tuple[object, ...], tuple[Summary, ...]] = field(
        default_factory=dict[tuple[object, ...], tuple[Summary, ...]], init=False, repr=False, compare=False
    )

    def summary(
        self, group: str = UNSEEN, *, disease: str = "", setting: str = "", recalled: bool = False, strata: bool = False
    ) -> tuple[Summary, ...]:
        """Errors, coverage and signs of some of the figures.

        Other arguments:
            group: ``unseen`` or ``fitted``.
            disease, setting: empty for all.
            recalled: also figures that were not seen at their source.
            strata: the figures of strata instead of those of all patients.
        """
        asked = group, disease, setting, recalled, strata
        if asked not in self._told:
            rows = select(self.rows, group, disease=disease, setting=setting, recalled=recalled, strata=strata)
            settings = self.settings
            self._told[asked] = summarize(rows, resamples=settings.summary_resamples, seed=settings.seed)
        return self._told[asked]


def select(
    rows: Sequence[Scored],
    group: str,
    *,
    disease: str = "",
    setting: str = "",
    recalled: bool = False,
    strata: bool = False,
) -> list[Scored]:
    """The rows that a summary is about; arguments as in ``Validation.summary``."""
    return [
        row
        for row in rows
        if row.group == group
        and disease in ("", row.disease)
        and setting in ("", row.setting)
        and (recalled or row.published.read)
        and bool(row.key.stratum) == strata
    ]


def validate(
    *,
    trials: Sequence[str] = (),
    patients: int | None = None,
    draws: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    without: Sequence[str] = (),
    knock_outs: bool = False,
    out: str | Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Validation:
    """Predict every scored trial from its protocol and hold the predictions against what was published.

    Other arguments:
        trials: ids; all trials in scope by default.
        patients: per arm, for the point prediction.
        draws: posterior draws for the intervals.
        seed: of all random streams.
        workers: processes; changes no number.
        without: mechanisms to remove.
        knock_outs: also remove each mechanism in turn from the unseen trials, and tell which earn their place.
        out: folder; ``runs/validation-<hash>`` by default. The same call again goes on or makes the report anew.
        on_progress: called as work goes on.

    Raises:
        InputError: an unknown or withheld trial, a number out of range, or a folder that holds something else.
    """
    from her2sim.study.validation.files import write_files

    begun = time.perf_counter()
    settings = _settings(patients, draws, seed)
    without = tuple(chosen(without, all_mechanisms()))
    records, scope = _asked(trials)
    jobs, figures = _jobs(records, scope)
    if not jobs:
        raise InputError("none of these trials can be scored.", hint=_why_not(scope))
    kept = _run_settings(jobs, settings, without)
    path = (
        Path(out) if out is not None else Path("runs") / f"validation-{kept.model_sha256[:8]}-{kept.record_sha256[:8]}"
    )
    with open_run_folder(path, kept) as folder:
        done = predict_all(jobs, settings, folder.chunks, without=without, workers=workers, on_progress=on_progress)
        rows: list[Scored] = []
        for each in done:
            record = records[each.job.protocol.id]
            horizon = min(record.assessment.follow_up_days, settings.most_follow_up_days) / DAYS_PER_MONTH
            wanted = [one for one in figures[record.id] if one.key in each.job.keys]
            rows += score(record, wanted, each.prediction.figures, horizon)
        rows = with_benchmarks(rows, all_records())
        removed = (
            removals(_unseen(jobs), settings, path / "knock-outs", workers=workers, on_progress=on_progress)
            if (knock_outs)
            else []
        )
        facts = _facts(done, settings, without, time.perf_counter() - begun) | {"all_trials": not trials}
        found = Validation(path, tuple(rows), tuple(done), scope, settings, facts, _earned(removed, figures, settings))
        write_files(found)
        folder.finish({"facts": facts, "settings_of_validation": asdict(settings)})
    return found


def _settings(patients: int | None, draws: int | None, seed: int | None) -> Settings:
    settings = default_settings()
    for name, value, least in (("patients", patients, 1), ("draws", draws, 0), ("seed", seed, 0)):
        if value is None:
            continue
        if value < least or value > 1_000_000:
            raise InputError(f"--{name} {value} is outside {least} to 1000000.")
        settings = replace(settings, **{name: value})
    return settings


def _asked(trials: Sequence[str]) -> tuple[dict[str, TrialRecord], tuple[Scoped, ...]]:
    """Records by id, and what the rule says of each that is not withheld."""
    named = [load_record(name) for name in trials]
    found = tuple(scope_of(record) for record in named) if trials else scopes(all_records())
    kept_back = [each.trial for each in found if each.role == "withheld"]
    if trials and kept_back:
        raise InputError(
            f"results of {kept_back[0]} are kept back, so it cannot be scored yet.",
            hint="her2sim ledger list shows what was predicted of it.",
        )
    records = {record.id: record for record in (named or all_records())}
    return records, tuple(each for each in found if each.role in ("validate", "fit"))


def _jobs(
    records: Mapping[str, TrialRecord], scope: Sequence[Scoped]
) -> tuple[list[Job], dict[str, tuple[Published, ...]]]:
    """One job for each protocol with a published figure, unseen trials first."""
    jobs: list[Job] = []
    figures: dict[str, tuple[Published, ...]] = {}
    for each in sorted(scope, key=lambda one: (one.role != "validate", one.trial.lower())):
        figures[each.trial] = published_figures(records[each.trial]) if each.protocols else ()
        for protocol in each.protocols:
            keys = tuple(one.key for one in figures[each.trial] if _is_of(one.key, protocol))
            if keys:
                jobs.append(Job(protocol, keys))
    return jobs, figures


def _unseen(jobs: Sequence[Job]) -> list[Job]:
    """The jobs of unseen trials with the figures that mechanisms are judged by: seen at their source, no strata."""
    found: list[Job] = []
    for job in jobs:
        keys = tuple(key for key in job.keys if measure_of(key) in MEASURES and not key.stratum)
        if keys and role_of(job.protocol.id) == "validate":
            found.append(Job(job.protocol, keys))
    return found


def _earned(
    removed: Sequence[Removed], figures: Mapping[str, Sequence[Published]], settings: Settings
) -> tuple[Earned, ...]:
    read = {trial: [one for one in known if one.read] for trial, known in figures.items()}
    return tuple(earned(removed, read, resamples=settings.summary_resamples, seed=settings.seed))


def _is_of(key: Key, protocol: TrialRecord) -> bool:
    names = {arm.name for arm in protocol.arms}
    return key.arm in names and (not key.reference or key.reference in names)


def _run_settings(jobs: Sequence[Job], settings: Settings, without: Sequence[str]) -> RunSettings:
    from her2sim import __version__

    content = [(record_yaml(job.protocol), [asdict(key) for key in job.keys]) for job in jobs]
    return RunSettings(
        record_id="validation",
        record_sha256=text_hash(json.dumps([content, asdict(settings)], sort_keys=True)),
        patients=settings.patients,
        replicates=settings.draws,
        seed=settings.seed,
        version=__version__,
        model_sha256=fingerprint(),
        without=", ".join(sorted(without)),
    )


def _facts(done: Sequence[Done], settings: Settings, without: Sequence[str], seconds: float) -> dict[str, Any]:
    from her2sim import __version__

    frozen = load_frozen()
    return {
        "version": __version__,
        "model_sha256": fingerprint(),
        "frozen": frozen.hash if frozen is not None else "",
        "frozen_date": frozen.date if frozen is not None else "",
        "draws": len(done[0].prediction.draws) if done else 0,
        "seed": settings.seed,
        "without": sorted(without),
        "trials": len({each.job.protocol.id for each in done}),
        "patients_simulated": sum(each.prediction.simulated for each in done),
        "patients_failed": sum(each.prediction.failed for each in done),
        "trials_failed": {each.job.protocol.id: each.failure for each in done if each.failure},
        "seconds": round(seconds, 1),
    }


def _why_not(scope: Sequence[Scoped]) -> str:
    told = [f"{each.trial}: {'; '.join(each.reasons) or 'no figure published that is simulated'}" for each in scope]
    return " ".join(told[:3])


__all__ = ["FITTED", "UNSEEN", "Validation", "select", "validate"]
