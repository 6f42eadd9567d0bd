"""Evaluations of the fit: simulated figures at points of the parameter space, kept so that a fit can be taken up again.

A point is a vector of scores: how many prior standard deviations each calibrated number lies from its prior median.
Every trial of every point is one task; each finished task is one line of ``evaluations.jsonl`` (packed:
``evaluations.jsonl.xz``, as fits of released calibrations lie in the repository).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.jobs.crew import Crew
from her2sim.model.calibration import FreeNumber, free_numbers
from her2sim.record.types import TrialRecord
from her2sim.study.fit_figures import joined, plan_for, simulate_part, simulated_value
from her2sim.study.fit_targets import FitData, Target, fit_data, settings

Floats = NDArray[np.float64]
ROOMS = ("core", "model", "engine", "population", "trial", "endpoints")
STUDY = ("cohort", "course", "entry", "plan", "scans", "arm_endpoints", "fit_figures")
FOLDERS = ("parameters", "drugs", "populations", "regimens", "recist")
CHUNK = 250
FILE, HEAD = "evaluations.jsonl", "fit.json"
PACKED = f"{FILE}.xz"


@dataclass(frozen=True)
class Setting:
    """How trials are simulated for the fit.

    Main arguments:
        trials: ids of the trials; empty for all that may be fitted.
        names: calibrated numbers that are varied, in the order of the scores; the others keep their values.
        patients: per arm.
        seed: seed of the patients.
    """

    trials: tuple[str, ...]
    names: tuple[str, ...]
    patients: int
    seed: int

    @property
    def free(self) -> tuple[FreeNumber, ...]:
        """The numbers that are varied."""
        known = {number.number: number for number in free_numbers()}
        return tuple(known[name] for name in self.names)

    def numbers(self, scores: Floats) -> dict[str, float]:
        """Calibrated numbers at a point.

        Main arguments:
            scores: (n_free,) prior standard deviations from the prior medians.
        """
        return {n.number: n.from_score(float(z)) for n, z in zip(self.free, scores, strict=True)}


@cache
def simulator_fingerprint() -> str:
    """SHA-256 over the code and data that simulate a trial; of the calibration only what may change and how far."""
    digest = sha256()
    home = data_dir("").parent
    code = [path for room in ROOMS for path in sorted((home / room).rglob("*.py"))]
    code += [home / "study" / f"{name}.py" for name in STUDY]
    data = [path for folder in FOLDERS for path in sorted(data_dir(folder).rglob("*.yaml"))]
    for path in [*code, *data, data_dir("calibration") / "core.yaml"]:
        digest.update(f"{path.relative_to(home).as_posix()}\n".encode())
        digest.update("\n".join(path.read_text(encoding="utf-8").splitlines()).encode())
    return digest.hexdigest()


class Evaluations:
    """The evaluations of a folder, and how to make more.

    Main arguments:
        folder: where they are kept.
        names: calibrated numbers that are varied.
        trials: ids of the trials; empty for all that may be fitted.

    Other arguments:
        workers: processes.
        accept: take up evaluations of another state of the model's code or data.
        tell: called with a line of text from time to time.

    Raises:
        InputError: the folder belongs to other numbers, or to another state of the model.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        trials: Sequence[str] = (),
        *,
        workers: int = 1,
        accept: bool = False,
        tell: Callable[[str], object] = lambda line: None,
    ) -> None:
        self.folder, self.names, self.workers, self.tell = folder, tuple(names), workers, tell
        self.data: FitData = fit_data(tuple(trials))
        self.trials = tuple(record.id for record in self.data.records)
        self._crew = Crew(_evaluated, workers)
        self._rows: dict[str, dict[str, Any]] = {}
        head = {"names": list(self.names), "trials": list(self.trials), "simulator": simulator_fingerprint()}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / HEAD).exists():
            kept = json.loads((folder / HEAD).read_text())
            if any(kept[key] != head[key] for key in ("names", "trials")):
                raise InputError("the folder holds a fit of other numbers or trials.", where=str(folder))
            if kept["simulator"] != head["simulator"] and not accept:
                raise InputError(
                    "the model has changed since this fit was begun.",
                    where=str(folder),
                    hint="Choose another --out, or pass --accept-changes if the change does not matter to figures.",
                )
        else:
            (folder / HEAD).write_text(json.dumps(head, indent=1))
        for line in _kept_lines(folder):
            row = json.loads(line)
            self._rows[row["key"]] = row

    def at(self, points: Floats, *, patients: int, seed: int) -> Floats:
        """Simulated figures at points, those not known yet being simulated.

        Main arguments:
            points: (n_points, n_free) scores.
            patients: per arm.
            seed: of the patients; the same patients at every point.

        Returns:
            (n_points, n_targets) figures on the scale of the residual, in the order of ``data.targets``.
        """
        setting = Setting(self.trials, self.names, patients, seed)
        wanted = [(point, trial) for point in points for trial in self.trials]
        missing = [(p, t) for p, t in wanted if _key(setting, p, t) not in self._rows]
        if missing:
            self._simulate(setting, missing)
        rows = [[self._rows[_key(setting, p, t)]["figures"] for t in self.trials] for p in points]
        return np.array([[value for part in row for value in part] for row in rows], dtype=np.float64)

    @property
    def seconds(self) -> float:
        """Seconds of one core spent on all evaluations so far."""
        return sum(float(row["seconds"]) for row in self._rows.values())

    def _simulate(self, setting: Setting, missing: Sequence[tuple[Floats, str]]) -> None:
        begun = time.monotonic()
        with (self.folder / FILE).open("a+b") as kept:
            if kept.tell():  # the line of a task that was killed must end here
                kept.seek(-1, 2)
                kept.write(b"" if kept.read() == b"\n" else b"\n")
        with (self.folder / FILE).open("a") as out:
            for done, row in enumerate(self._results(setting, missing), start=1):
                self._rows[row["key"]] = row
                out.write(json.dumps(row) + "\n")
                out.flush()
                if done % (4 * len(self.trials)) == 0:
                    points, spent = done / len(self.trials), time.monotonic() - begun
                    self.tell(f"{points:.0f} points in {spent:.0f} s, {spent / points:.1f} s each")

    def _results(self, setting: Setting, tasks: Sequence[tuple[Floats, str]]) -> Iterator[dict[str, Any]]:
        if self.workers <= 1 or len(tasks) < 2:
            for point, trial in tasks:
                yield evaluate_trial(setting, tuple(map(float, point)), trial)
            return
        home = self._homes()  # always the same, so that each worker compiles the models of its trials only
        asked = [(setting, tuple(map(float, point)), trial) for point, trial in tasks]
        for done in self._crew.do(asked, [home[trial] for _, trial in tasks]):
            yield done.result

    def _homes(self) -> dict[str, int]:
        """The process of each trial, so that all have about as much to do."""
        load, home = [0.0] * self.workers, dict[str, int]()
        costs = {record.id: _cost(record, self.data.targets) for record in self.data.records}
        for trial in sorted(costs, key=lambda name: -costs[name]):
            home[trial] = load.index(min(load))
            load[home[trial]] += costs[trial]
        return home


def _kept_lines(folder: Path) -> Iterator[str]:
    """Whole lines of finished tasks: those that were packed for good, then those made since."""
    import lzma

    text = ""
    if (folder / PACKED).exists():
        text = lzma.decompress((folder / PACKED).read_bytes()).decode()
    if (folder / FILE).exists():
        text += (folder / FILE).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.endswith("}"))  # the last one may be half written


def pack(folder: Path) -> Path:
    """Pack the evaluations of a folder into ``evaluations.jsonl.xz``, a tenth of the size, and remove the open file.

    A fit goes on from a packed folder as from an open one.
    """
    import lzma

    rows = {json.loads(line)["key"]: line for line in _kept_lines(folder)}
    part = folder / f"{PACKED}.part"
    with lzma.open(part, "wt", encoding="utf-8", preset=9) as out:
        out.write("".join(f"{line}\n" for line in rows.values()))
    part.replace(folder / PACKED)
    (folder / FILE).unlink(missing_ok=True)
    return folder / PACKED


def _cost(record: TrialRecord, targets: Sequence[Target]) -> float:
    """About how long a trial takes, in lines of therapy per patient."""
    mine = [target for target in targets if target.trial == record.id]
    arms = len({target.arm for target in mine} | {target.reference for target in mine if target.reference})
    later = 0.6 if any(target.kind.startswith("OS") for target in mine) else 0.0
    return 1.5 * sum(line.share for line in record.eligibility.prior) + arms * (1.0 + later)


def evaluate_trial(setting: Setting, point: tuple[float, ...], trial: str) -> dict[str, Any]:
    """One trial at one point: its simulated figures, in the order of its targets, and the seconds it took."""
    begun = time.perf_counter()
    record, targets = _trial(setting.trials, trial)
    plan = plan_for(record, targets, patients=setting.patients, seed=setting.seed, rtol=float(settings()["rtol"]))
    numbers = setting.numbers(np.array(point))
    stops = [(first, min(first + CHUNK, setting.patients)) for first in range(0, setting.patients, CHUNK)]
    arms = joined([simulate_part(plan, numbers, first, stop) for first, stop in stops])
    return {
        "key": _key(setting, np.array(point), trial),
        "trial": trial,
        "patients": setting.patients,
        "seed": setting.seed,
        "scores": list(point),
        "figures": [round(simulated_value(target, arms), 5) for target in targets],
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _evaluated(asked: tuple[Setting, tuple[float, ...], str]) -> dict[str, Any]:
    return evaluate_trial(*asked)


@cache
def _trial(trials: tuple[str, ...], trial: str) -> tuple[Any, tuple[Target, ...]]:
    data = fit_data(trials)
    record = next(record for record in data.records if record.id == trial)
    return record, tuple(target for target in data.targets if target.trial == trial)


def _key(setting: Setting, point: Floats, trial: str) -> str:
    content: Mapping[str, Any] = {
        "names": setting.names,
        "scores": [f"{z:.6f}" for z in point],
        "trial": trial,
        "patients": setting.patients,
        "seed": setting.seed,
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
